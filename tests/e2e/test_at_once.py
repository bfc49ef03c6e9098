"""Many callers in the same instant: one dossier for one reference, one code for one acceptance."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import httpx

from domain.codes import parse
from tests.office import Office, submission

UNIT = "000.00.62.H48"
"""A commune of its own, so that no other test of the shared stack takes codes in between."""


async def test_the_same_submission_fifty_times_at_once_over_two_gateways_makes_one_dossier(office: Office) -> None:
    """Fifty connections, two processes, one reference: one is told 201, the others 200, all the same dossier."""
    body, reference = submission(), uuid4().hex
    headers = {"Authorization": f"Bearer {office.key}", "Idempotency-Key": reference}

    async def submit(number: int) -> httpx.Response:
        url = office.stack.gateway_urls[number % 2]
        async with httpx.AsyncClient(base_url=url, headers=headers, timeout=60) as http:
            await http.get("/livez")  # so that all fifty connections stand before the first submission leaves
            return await http.post("/v1/dossiers", json=body)

    answers = await asyncio.gather(*(submit(number) for number in range(50)))

    assert sorted(answer.status_code for answer in answers) == [200] * 49 + [201]
    assert len({answer.json()["dossier"] for answer in answers}) == 1


async def test_five_hundred_acceptances_in_flight_in_one_unit_get_consecutive_codes(office: Office) -> None:
    """Two workers, one counter: the codes of the unit and day are 1 to 500, none twice, none left out."""
    born = submission("1.001193", UNIT)
    headers = {"Authorization": f"Bearer {office.key}"}
    limits = httpx.Limits(max_connections=600)
    async with httpx.AsyncClient(
        base_url=office.stack.gateway_url, headers=headers, timeout=120, limits=limits
    ) as http:

        async def submit() -> str:
            answer = await http.post("/v1/dossiers", json=born, headers={"Idempotency-Key": uuid4().hex})
            assert answer.status_code == 201, answer.text
            return str(answer.json()["dossier"])

        async def accept(dossier: str) -> None:
            order = {"name": "accept", "actor": {"role": "clerk", "unit": UNIT}}
            headers = {"Idempotency-Key": str(uuid4())}
            for _ in range(200):  # 202 and 503 say: the same again
                answer = await http.post(f"/v1/dossiers/{dossier}/commands", json=order, headers=headers)
                assert answer.status_code in (200, 202, 503), answer.text
                if answer.status_code == 200:
                    return
            raise AssertionError("never answered")

        dossiers = await asyncio.gather(*(submit() for _ in range(500)))
        await asyncio.gather(*(accept(dossier) for dossier in dossiers))
        shown = await asyncio.gather(*(http.get(f"/v1/dossiers/{dossier}") for dossier in dossiers))

    codes = [parse(answer.json()["code"]) for answer in shown]
    by_day: dict[str, list[int]] = {}  # midnight may pass meanwhile, and counts from 1 again
    for code in codes:
        assert code is not None
        by_day.setdefault(str(code.day), []).append(code.order)
    assert sum(len(orders) for orders in by_day.values()) == 500
    for orders in by_day.values():
        assert sorted(orders) == list(range(min(orders), min(orders) + len(orders)))
