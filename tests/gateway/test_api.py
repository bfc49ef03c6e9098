"""The gateway's face: what it documents, lists without loss or doubles, events that nobody misses, and ETags."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from adapters.payment_signature import FIELDS, Signature
from deploy.embedded.stack import Stack
from tests.office import COMMUNE, Json, Office, eventually, submission

HOUSE = "2.000908"
"""A procedure without a fee."""
OTHER_COMMUNE = "000.00.62.H48"


@pytest.fixture(scope="module")
def second(stack: Stack, office: Office) -> Iterator[httpx.Client]:
    """The same caller at the other gateway."""
    headers = {"Authorization": f"Bearer {office.key}"}
    with httpx.Client(base_url=stack.gateway_urls[1], headers=headers, timeout=60) as http:
        yield http


def test_the_document_is_openapi_3_1_and_lists_every_route(office: Office) -> None:
    """Every path and method that a caller may use is described, with what it takes."""
    document = office.http.get("/openapi.json").json()
    routes = {f"{method.upper()} {path}" for path, methods in document["paths"].items() for method in methods}

    assert document["openapi"].startswith("3.1.")
    assert routes == {
        "POST /v1/dossiers",
        "GET /v1/dossiers",
        "GET /v1/dossiers/{key}",
        "GET /v1/dossiers/{key}/explanation",
        "POST /v1/dossiers/{dossier}/commands",
        "GET /v1/forecast",
        "GET /v1/punctuality",
        "GET /v1/punctuality/dossiers",
        "GET /v1/events",
        "GET /v1/watch",
        "POST /v1/payments/callback",
        "POST /v1/payments",
        "GET /v1/payments/vnpay/ipn",
        "GET /v1/payments/vnpay/return",
        "GET /v1/dossiers/{dossier}/payments",
        "POST /v1/dossiers/{dossier}/refunds",
        "POST /v1/dossiers/{dossier}/refunds/{refund}/approval",
        "GET /v1/refunds",
        "GET /v1/statements",
        "GET /v1/statements/rows",
        "POST /v1/closings",
        "GET /v1/receipts/{series}/{number}",
        "POST /v1/receipts/{series}/{number}/cancellation",
        "GET /v1/discrepancies",
        "POST /v1/discrepancies/{discrepancy}/closing",
        "GET /livez",
        "GET /readyz",
        "GET /metrics",
    }
    assert {"Submission", "CommandBody", "Person", "Answer", "Received"} <= set(document["components"]["schemas"])


def test_every_operation_documents_its_refusals_as_problems(office: Office) -> None:
    """A caller learns from the document what a refusal looks like: RFC 9457, with field and remedy."""
    document = office.http.get("/openapi.json").json()
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            assert operation["summary"], (method, path)
            assert operation.get("description"), (method, path)
            if path.startswith("/v1/"):
                refusal = operation["responses"]["4XX"]["content"]["application/problem+json"]["schema"]
                assert refusal == {"$ref": "#/components/schemas/Problem"}, (method, path)
                assert "422" not in operation["responses"], "the framework's own shape is not what we answer"
    assert {"field", "remedy", "status", "title"} <= set(document["components"]["schemas"]["Problem"]["required"])


def test_the_key_is_documented(office: Office) -> None:
    """A generated client knows where the key goes."""
    document = office.http.get("/openapi.json").json()
    schemes = document["components"]["securitySchemes"]
    bearer = next(name for name, scheme in schemes.items() if scheme == {"type": "http", "scheme": "bearer"})
    for path in ("/v1/dossiers", "/v1/events"):
        assert {bearer: []} in document["paths"][path]["get"]["security"]
    assert "security" not in document["paths"]["/v1/payments/callback"]["post"]


def _pages(ask: Callable[[Any], httpx.Response], key: str, start: Any) -> Iterator[Json]:
    """Follow `next` until the list ends."""
    following = start
    while True:
        answer = ask(following)
        assert answer.status_code == 200, answer.text
        page: Json = answer.json()
        yield page
        if page["next"] is None or not page[key]:
            return
        following = page["next"]


def test_a_list_by_status_and_unit_is_whole_over_its_pages(office: Office, second: httpx.Client) -> None:
    """Keyset pages from either gateway: newest first, nothing lost, nothing twice, though more come in between."""
    filed = [office.submit(submission(HOUSE, OTHER_COMMUNE)) for _ in range(7)]
    moved = office.submit(submission(HOUSE, OTHER_COMMUNE))
    office.do(moved, "accept", unit=OTHER_COMMUNE)
    gateways = [office.http, second]

    def ask(cursor: str | None) -> httpx.Response:
        gateways.reverse()
        office.submit(submission(HOUSE, OTHER_COMMUNE))  # comes before the first page, so it is not in the way
        wanted: Json = {"status": 1, "unit": OTHER_COMMUNE, "limit": 3}
        return gateways[0].get("/v1/dossiers", params=wanted | ({"cursor": cursor} if cursor else {}))

    rows = [row for page in _pages(ask, "dossiers", None) for row in page["dossiers"]]
    ids = [row["dossier"] for row in rows]

    assert ids == sorted(set(ids), key=UUID, reverse=True)
    assert set(filed) <= set(ids)
    assert moved not in ids
    assert {(row["status"], row["unit"]) for row in rows} == {(1, OTHER_COMMUNE)}
    assert not any("applicant" in row or "submission" in row for row in rows)


def test_a_unit_lists_what_it_holds_now(office: Office) -> None:
    """A department finds the dossiers of others that wait for its step, and loses them when it has done it."""
    dossier = office.submit(submission(HOUSE))
    office.do(dossier, "accept")
    office.do(dossier, "forward")
    step = next(step for step in office.show(dossier)["steps"] if step["due"])

    def held(unit: str) -> bool:
        rows = office.http.get("/v1/dossiers", params={"unit": unit, "limit": 200}).json()["dossiers"]
        return dossier in [row["dossier"] for row in rows]

    assert held(step["unit"])
    assert held(COMMUNE)
    office.do(dossier, "propose", role="officer", unit=step["unit"], data={"step": step["step"]})
    assert not held(step["unit"])
    assert held(COMMUNE)


def test_what_is_overdue_is_listed_until_it_is_decided(office: Office) -> None:
    """Entered three weeks late, it is overdue at once; one of today is due within the week; decided, it is gone."""
    late: Json = {"late": {"reason": "mất mạng", "paper_number": "SVB-9"}}
    past = {"occurred_at": (datetime.now(UTC) - timedelta(days=21)).isoformat(), **late}
    overdue = office.submit({**submission(HOUSE), **past})
    office.do(overdue, "accept", **past)
    fresh = office.submit(submission(HOUSE))
    office.do(fresh, "accept")

    def listed(**wanted: object) -> set[str]:
        answer = office.http.get("/v1/dossiers", params={"unit": COMMUNE, "limit": 200, **wanted})
        assert answer.status_code == 200, answer.text
        return {row["dossier"] for row in answer.json()["dossiers"]}

    assert overdue in listed(overdue=True)
    assert fresh not in listed(overdue=True)
    assert {overdue, fresh} <= listed(due_within="30d")
    office.do(overdue, "forward")
    office.review(overdue)
    assert overdue not in listed(overdue=True)
    refused = office.http.get("/v1/dossiers", params={"due_within": "soon"})
    assert (refused.status_code, refused.json()["field"]) == (422, "due_within")


def test_a_reader_that_follows_next_misses_no_event_while_dossiers_are_filed(
    office: Office, second: httpx.Client
) -> None:
    """Positions are commit order: whatever is committed later lies after the cursor, however many write at once."""
    start = _end_of_log(office)
    read: list[Json] = []
    finished = threading.Event()

    def follow() -> None:
        after, is_last = start, False
        while not is_last:
            is_last = finished.is_set()  # looked at before asking, so that the last page is asked after the end
            page = second.get("/v1/events", params={"after": after, "limit": 7}).json()
            read.extend(page["events"])
            after, is_last = page["next"], is_last and not page["events"]

    def live(_: int) -> str:
        dossier = office.submit(submission(HOUSE))
        office.do(dossier, "accept")
        office.do(dossier, "forward")
        return dossier

    with ThreadPoolExecutor(9) as people:
        reading = people.submit(follow)
        dossiers = list(people.map(live, range(24)))
        finished.set()
        reading.result()

    positions = [event["position"] for event in read]
    assert positions == sorted(set(positions))
    ours = [event for event in read if event["dossier"] in dossiers]
    for dossier in dossiers:
        story = [event["sequence"] for event in ours if event["dossier"] == dossier]
        assert story == [1, 2, 3], "an event was missed, or came out of its order"
    again = [event for page in _pages(lambda after: _after(office, after), "events", start) for event in page["events"]]
    assert [event["position"] for event in again][: len(positions)] == positions


def _end_of_log(office: Office) -> int:
    *_, last = _pages(lambda after: _after(office, after), "events", 0)
    return int(last["next"])


def _after(office: Office, position: Any) -> httpx.Response:
    return office.http.get("/v1/events", params={"after": position, "limit": 200})


def test_a_subscriber_chooses_alerts_and_misses_none(office: Office, second: httpx.Client) -> None:
    """By the beginning of their names, in the order of the whole log, under the same positions, over any pages."""
    start = _end_of_log(office)
    then = (datetime.now(UTC) - timedelta(weeks=6)).isoformat()
    late: Json = {"occurred_at": then, "late": {"reason": "mất điện", "paper_number": "SVB-18"}}
    dossiers = [office.submit(submission(HOUSE, **late)) for _ in range(3)]
    for dossier in dossiers:
        office.do(dossier, "accept", **late)
        office.do(dossier, "forward")  # an act of today: what lies behind it is recorded first
        assert "clock.breached" in office.types(dossier)

    def chosen(types: str, limit: int) -> list[Json]:
        found: list[Json] = []
        after, before = start, -1
        while after != before:
            page = second.get("/v1/events", params={"after": after, "limit": limit, "types": types}).json()
            found, before, after = [*found, *page["events"]], after, page["next"]
        return found

    pages = _pages(lambda after: _after(office, after), "events", start)
    everything = [event for page in pages for event in page["events"]]
    for types in ("clock.", "clock.breached", "clock.breached,dossier.acc", "apology."):
        wanted = [event for event in everything if event["type"].startswith(tuple(types.split(",")))]
        assert bool(wanted) is (types != "apology.")
        for limit in (1, 200):
            assert chosen(types, limit)[: len(wanted)] == wanted


def test_an_event_says_what_and_when_and_nobody_personal(office: Office) -> None:
    """Subscribers get facts, a pseudonym and two instants: when it happened, and when it was written down."""
    start = _end_of_log(office)
    dossier = office.submit(submission(HOUSE, note="không ai được đọc"))
    office.do(dossier, "accept", officer="cb-17", person="Trần Văn Thử", note="cũng thế")
    events = [event for event in _after(office, start).json()["events"] if event["dossier"] == dossier]

    assert [event["type"] for event in events] == ["dossier.submitted", "dossier.accepted"]
    assert len(events[1]["actor"]["officer"]) == 32
    assert "Thử" not in str(events)
    assert "cb-17" not in str(events)
    assert all(event["occurred_at"] for event in events)


def test_the_etag_is_the_version_that_if_match_asks_for(office: Office) -> None:
    """Read, decide, send back what was read: it goes through; a second time the dossier has moved on."""
    dossier = office.submit(submission(HOUSE))
    tag = office.http.get(f"/v1/dossiers/{dossier}").headers["etag"]
    path = f"/v1/dossiers/{dossier}/commands"
    actor = {"role": "clerk", "unit": COMMUNE}

    def send(name: str) -> httpx.Response:
        headers = {"Idempotency-Key": str(uuid4()), "If-Match": tag}
        return office.http.post(path, json={"name": name, "actor": actor}, headers=headers)

    assert tag == '"1"'
    assert eventually(lambda: (sent := send("accept")).status_code == 200 and sent).json()["sequence"] == 2
    stale = send("forward")
    assert (stale.status_code, stale.json()["field"]) == (409, "expected_version")
    assert office.http.get(f"/v1/dossiers/{dossier}").headers["etag"] == '"2"'


def test_a_dossier_is_found_by_its_code_as_by_its_id(office: Office) -> None:
    """The code on the receipt is as good as the id, and so is the address in the answer to a submission."""
    dossier = office.submit(submission(HOUSE))
    office.do(dossier, "accept")
    found = office.show(dossier)

    assert office.show(found["code"]) == found
    answer = office.post_submission(submission(HOUSE))
    assert office.http.get(answer.headers["location"]).json()["dossier"] == answer.json()["dossier"]


def test_alive_and_ready_are_said_without_a_key(stack: Stack) -> None:
    """For whoever supervises the processes; ready names the engine and what waits for it."""
    for url in stack.gateway_urls:
        assert httpx.get(f"{url}/livez").json() == {"status": "alive"}
        ready = httpx.get(f"{url}/readyz")
        assert ready.status_code == 200
        assert (ready.json()["status"], ready.json()["engine"]) == ("ready", "alive")
        assert set(ready.json()) == {"status", "engine", "inbox_waiting", "inbox_oldest"}


def test_the_measures_have_a_key_of_their_own(stack: Stack, office: Office) -> None:
    """A key with the right `metrics` reads figures at either gateway, and no dossier; no other key reads them."""
    office.submit(submission(HOUSE))
    url = f"{stack.gateway_url}/metrics"
    assert httpx.get(url).status_code == 401
    assert office.http.get("/metrics").status_code == 403

    with Office.admitted(stack, "prometheus", rights="metrics", roles="clerk") as scraper:
        figures = [scraper.http.get(f"{each}/metrics") for each in stack.gateway_urls]
        assert scraper.http.get("/v1/dossiers").status_code == 403
    for each in figures:
        assert each.headers["content-type"].startswith("text/plain; version=0.0.4")
        assert f'motcua_dossiers_open{{procedure="{HOUSE}",unit="{COMMUNE}"}}' in each.text


def test_a_call_back_that_comes_twice_is_one_event(office: Office, second: httpx.Client) -> None:
    """To either gateway, at once and again later: acknowledged each time, recorded once, nothing refunded."""
    online: Json = {"channel": "online", "return_method": "counter", "components": [{"component": "giay-de-nghi"}]}
    dossier = office.submit(submission(**online))
    office.do(dossier, "accept")
    payment: Json = eventually(lambda: office.show(dossier)["payment"])
    confirm = _confirm(office.stack, payment, uuid4().hex)

    with ThreadPoolExecutor(4) as platform:
        answers = list(platform.map(lambda http: _call_back(http, confirm), [office.http, second] * 2))
    office.waits_for(dossier, "dossier.forwarded")
    answers.append(_call_back(office.http, confirm))
    eventually(lambda: office.http.get("/readyz").json()["inbox_waiting"] == 0)

    assert [answer.json() for answer in answers] == [{"code": "00"}] * 5
    assert [type_ for type_ in office.types(dossier) if type_.startswith("payment.")][-1] == "payment.received"
    assert office.types(dossier).count("payment.received") == 1


def _call_back(http: httpx.Client, confirm: dict[str, str]) -> httpx.Response:
    return http.post("/v1/payments/callback", json=confirm)


def _confirm(stack: Stack, payment: Json, transaction: str) -> dict[str, str]:
    values = dict.fromkeys(FIELDS["CONFIRM"].split(), "")
    values |= {"version": "1.0", "partner": "motcua", "reference": payment["reference"], "code": "00"}
    values |= {"transaction": transaction, "bank": "VCB", "amount": str(payment["amount"]), "currency": "VND"}
    values |= {"paid": "20261120093000", "time": "20261120093001"}
    return Signature(stack.settings["MOTCUA_PAYMENTS_SECRET"].encode()).signed("CONFIRM", values)
