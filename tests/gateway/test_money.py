"""The treasurer's routes: the right they need, what they answer, and how they refuse."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI

from adapters.api_keys import admit
from adapters.door import Door
from adapters.engine import Engine
from adapters.intake import Intake
from adapters.keys import KeyedDigest
from adapters.law import PostgresLaw
from adapters.postgres import Pool
from domain.instants import VIETNAM
from gateway import money
from gateway.problems import install
from tests.adapters.test_closings import COMMUNE, EVENING, FEE, KEY, MORNING, VAULT, Desk, pseudonym
from tests.adapters.test_register import PAID, OnDisk, filed

Json = dict[str, Any]


@pytest.fixture
async def desk(pool: Pool) -> Desk:
    return Desk(pool, await filed(OnDisk(pool, await PostgresLaw(pool).latest()), PAID))


@pytest.fixture
async def http(pool: Pool) -> AsyncIterator[httpx.AsyncClient]:
    """The routes alone, over a real door whose clock stands at the evening; its caller may do nothing but money."""
    law, digest = PostgresLaw(pool), KeyedDigest.parse(KEY)
    app = FastAPI()
    engine = Engine(None)  # type: ignore[arg-type]  # none of these routes speaks with it
    app.state.pool = pool
    app.state.door = Door(pool, law, Intake(pool, law, VAULT, digest), VAULT, digest, engine, lambda: EVENING)
    app.include_router(money.routes)
    install(app)
    key = await admit(pool, "one-stop", {"money"}, set(), at=MORNING)
    headers = {"Authorization": f"Bearer {key}"}
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://gateway", headers=headers
    ) as http:
        yield http


def body(**changes: Any) -> Json:
    return {"unit": COMMUNE, "cashier": "CB-1", "day": "2026-11-26", "means": "cash", "counted": 200_000, **changes}


async def closed(http: httpx.AsyncClient, sent: Json, id_: str = "") -> httpx.Response:
    return await http.post("/v1/closings", json=sent, headers={"Idempotency-Key": id_ or str(uuid4())})


async def test_a_figure_leads_to_its_rows(desk: Desk, http: httpx.AsyncClient) -> None:
    """Each division of the answer holds the question that lists its rows, a page at a time."""
    for hour in (8, 9):
        await desk.takes("CB-1", datetime(2026, 11, 26, hour, tzinfo=VIETNAM))
    told = (await http.get("/v1/statements", params={"period": "2026-11", "by": "unit,fee"})).json()
    (group,) = told["groups"]

    assert (group["unit"], group["fee"], group["kind"]) == (COMMUNE, FEE[0], FEE[1])
    assert group["unit_name"].startswith("Ủy ban nhân dân xã")
    assert (group["collected"], told["total"]["net"], told["total"]["treasury"]) == (200_000, 200_000, 200_000)
    assert told["final"] is False
    rows, following = [], {}
    for _ in range(2):
        page = (await http.get("/v1/statements/rows", params={**group["rows"], "limit": 1, **following})).json()
        rows, following = [*rows, *page["rows"]], {"cursor": page["next"]}
    assert [row["transaction"] for row in rows] == ["T-1", "T-2"]
    last = (await http.get("/v1/statements/rows", params={**group["rows"], "limit": 1, **following})).json()
    assert last == {"rows": [], "next": None}


async def test_a_day_is_closed_over_http(desk: Desk, http: httpx.AsyncClient) -> None:
    """201 the first time, 200 for the same again; no officer is named in the answer."""
    await desk.takes("CB-1")
    id_ = str(uuid4())
    first = await closed(http, body(counted=99_000, reason="lost"), id_)
    again = await closed(http, body(counted=99_000, reason="lost"), id_)

    assert (first.status_code, again.status_code) == (201, 200)
    assert (first.json()["difference"], first.json()["cashier"]) == (-1_000, pseudonym("CB-1"))
    assert "CB-1" not in first.text
    assert (await closed(http, body(counted=100_000))).status_code == 409


@pytest.mark.parametrize(
    "changes, field",
    [
        ({"counted": -1}, "counted"),
        ({"counted": 1.5}, "counted"),
        ({"counted": 1}, "reason"),
        ({"counted": 0, "reason": "lost"}, "reason"),
        ({"day": "2026-11-27"}, "day"),
        ({"means": "platform"}, "means"),
        ({"unit": "000.99"}, "unit"),
        ({"corrects": "00000000-0000-0000-0000-000000000000"}, "corrects"),
        ({"cashiers": "CB-2"}, "cashiers"),
    ],
)
async def test_a_closing_that_cannot_be_is_refused(http: httpx.AsyncClient, changes: Json, field: str) -> None:
    """A problem that names field and remedy."""
    answer = await closed(http, body(**{"counted": 0, **changes}))

    assert answer.status_code == 422, answer.text
    assert (answer.json()["field"], bool(answer.json()["remedy"])) == (field, True)


@pytest.mark.parametrize(
    "path, question, field",
    [
        ("/v1/statements", {}, "period"),
        ("/v1/statements", {"period": "2026-13"}, "period"),
        ("/v1/statements", {"period": "2026", "by": "moon"}, "by"),
        ("/v1/statements", {"period": "2026", "unit": "000.99"}, "unit"),
        ("/v1/statements", {"period": "2026", "means": "gold"}, "means"),
        ("/v1/statements", {"period": "2026", "as_of": "2026-11-26"}, "as_of"),
        ("/v1/statements/rows", {"period": "2026", "cursor": "mine"}, "cursor"),
        ("/v1/statements/rows", {"period": "2026", "limit": "1000"}, "limit"),
        ("/v1/statements/rows", {"period": "2026", "what": "gifts"}, "what"),
        ("/v1/statements/rows", {"period": "2026", "fee": "\0"}, "fee"),
        ("/v1/receipts/%00/1", {}, "series"),
        ("/v1/receipts/000.00.61.H48-26E/one", {}, "number"),
        ("/v1/discrepancies", {"day": "today"}, "day"),
        ("/v1/discrepancies", {"provider": "bank"}, "provider"),
    ],
)
async def test_a_question_that_cannot_be_is_refused(
    http: httpx.AsyncClient, path: str, question: dict[str, str], field: str
) -> None:
    """A problem that names field and remedy."""
    answer = await http.get(path, params=question)

    assert answer.status_code == 422, answer.text
    assert (answer.json()["field"], bool(answer.json()["remedy"])) == (field, True)


async def test_money_has_a_right_of_its_own(http: httpx.AsyncClient, pool: Pool) -> None:
    """Whoever may read dossiers may not read the treasury, nor close."""
    key = await admit(pool, "reader", {"read", "command"}, set(), at=MORNING)
    http.headers["Authorization"] = f"Bearer {key}"
    answers = [
        await http.get("/v1/statements", params={"period": "2026"}),
        await http.get("/v1/statements/rows", params={"period": "2026"}),
        await closed(http, body()),
    ]

    assert [answer.status_code for answer in answers] == [403, 403, 403]
    assert "'money'" in answers[0].json()["title"]
