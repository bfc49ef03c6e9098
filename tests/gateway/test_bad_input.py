"""Whatever is wrong with a request: the caller learns which field and what would mend it, and nothing is written.

The rows below are asked of a running product, over HTTP. The stack is this module's own, so that nobody else
writes while the whole database is compared before and after each refusal.
"""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest

from adapters.payment_signature import FIELDS, Signature
from deploy.embedded.stack import Stack
from tests.office import CENTRE, COMMUNE, PATIENCE, Json, Office, eventually, submission

ONLINE: Json = {"channel": "online", "return_method": "online", "components": [{"component": "giay-de-nghi"}]}
LATE: Json = {"reason": "mất điện", "paper_number": "12/BB"}
RESIDENCE: Json = {"procedure": "1.004222", "unit": "000.11.48.G01"}
PILOT: Json = {
    **ONLINE,
    "procedure": "2.000004",
    "unit": "000.00.01.H48",
    "components": [{"component": "mau-02"}, {"component": "the-le"}],
}
NAMED: Json = {"Nguyễn Thị A": 1}
JUSTICE = "000.02.61.H48"
CALLBACK = "/v1/payments/callback"


@dataclass
class Ground:
    """What the rows stand on: callers with and without rights, and one dossier in each state that matters."""

    office: Office
    without_late: Office
    reader: Office
    only_clerks: Office
    deaf: Office
    database: asyncpg.Connection[asyncpg.Record]
    fresh: str
    complete: str
    processing: str
    closed: str
    ordered: str
    reference: str
    """Of the submission of `fresh`."""
    accepting: str
    """The id of the command that accepted `processing`."""
    late: str
    """In review, and its office has said that it will be late."""

    @property
    def payment(self) -> Json:
        """The open order of `ordered`."""
        found: Json = self.office.show(self.ordered)["payment"]
        return found

    def confirm(self, secret: str = "", **changes: str) -> httpx.Response:
        """Call back as the payment platform does; with another secret, as somebody who is not."""
        values = dict.fromkeys(FIELDS["CONFIRM"].split(), "")
        values |= {"version": "1.0", "partner": "motcua", "reference": self.payment["reference"], "code": "00"}
        values |= {"transaction": uuid4().hex, "bank": "VCB", "amount": str(self.payment["amount"])}
        values |= {"currency": "VND", "paid": "20261120093000", "time": "20261120093001", **changes}
        real = self.office.stack.settings["MOTCUA_PAYMENTS_SECRET"]
        return self.send(CALLBACK, Signature((secret or real).encode()).signed("CONFIRM", values))

    def send(
        self, path: str, body: Any = None, raw: bytes | Iterator[bytes] | None = None, **headers: str | None
    ) -> httpx.Response:
        """POST anything at all; `Idempotency_Key` and the like are headers, None leaves one out."""
        sent = {"Content-Type": "application/json", "Idempotency-Key": str(uuid4())}
        sent |= {name.replace("_", "-"): value or "" for name, value in headers.items()}
        kept = {name: value for name, value in sent.items() if headers.get(name.replace("-", "_"), "") is not None}
        content = json.dumps(body) if raw is None else raw
        answer: httpx.Response = self.office.http.post(path, content=content, headers=kept)
        return answer

    def submit(self, raw: bytes | Iterator[bytes] | None = None, **changes: Any) -> httpx.Response:
        """Hand in a dossier with these changes, or these bytes."""
        return self.send("/v1/dossiers", submission(**changes), raw)

    async def everything(self) -> dict[str, str]:
        """A digest of every table's rows."""
        names = await self.database.fetch(
            "SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables"
            " WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
        )
        digest = "SELECT md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) FROM {} t"
        return {row["name"]: await self.database.fetchval(digest.format(row["name"])) for row in names}


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A small stack that nobody else uses."""
    with Stack(tmp_path_factory.mktemp("quiet"), workers=1, gateways=1) as stack:
        yield stack


@pytest.fixture(scope="module")
async def ground(quiet: Stack) -> AsyncIterator[Ground]:
    """One dossier in each state, and everything that was on its way arrived."""
    office, reference, accepting = Office.admitted(quiet), uuid4().hex, str(uuid4())
    fresh, complete, closed = office.submit(reference=reference), office.submit(), office.submit()
    free = office.submit(submission("2.000908"))
    office.do(complete, "accept")
    office.do(closed, "refuse", reason="không đủ", legal_basis="NĐ 61/2018")
    office.do(free, "accept", id_=accepting)
    office.do(free, "forward")
    late = office.submit(submission("2.000908"))
    office.do(late, "accept")
    office.do(late, "forward")
    office.do(late, "answer_late", role="officer", unit=JUSTICE, data={"cause": "workload"}, reason="nhiều hồ sơ")
    ordered = office.submit(submission(**ONLINE))
    office.do(ordered, "accept")
    eventually(lambda: (office.show(ordered)["payment"] or {}).get("url"))
    database = await asyncpg.connect(quiet.database_url)
    eventually(lambda: office.http.get("/readyz").json()["inbox_waiting"] == 0)
    without_late = Office.admitted(quiet, "without-late", "submit,command,read")
    reader = Office.admitted(quiet, "reader", "read")
    only_clerks = Office.admitted(quiet, "only-clerks", roles="clerk")
    deaf = Office.admitted(quiet, "deaf", "submit,command")
    yield Ground(
        office, without_late, reader, only_clerks, deaf,
        database, fresh, complete, free, closed, ordered, reference, accepting, late,
    )  # fmt: skip
    await database.close()
    for each in (office, without_late, reader, only_clerks, deaf):
        each.http.close()


def ago(**span: int) -> str:
    return (datetime.now(UTC) - timedelta(**span)).isoformat()


def chunks() -> Iterator[bytes]:
    """A body that never says how long it is."""
    for _ in range(600):
        yield b" " * 1024


Row = tuple[Callable[[Ground], httpx.Response], int, str]

SUBMISSIONS: dict[str, Row] = {
    "unknown procedure": (lambda g: g.submit(procedure="9.999999"), 422, "procedure"),
    "procedure that is no code": (lambda g: g.submit(procedure="không có"), 422, "procedure"),
    "unknown unit": (lambda g: g.submit(unit="999.99.99.H48"), 422, "unit"),
    "unit that may not receive it": (lambda g: g.submit(unit=CENTRE), 422, "unit"),
    "unit of the past": (lambda g: g.submit(unit="000.00.53.H48"), 422, "unit"),
    "missing component": (lambda g: g.submit(**{**ONLINE, "components": []}), 422, "components"),
    "component of another procedure": (lambda g: g.submit(components=[{"component": "ban-ve"}]), 422, "components"),
    "a component twice": (lambda g: g.submit(components=[*ONLINE["components"] * 2]), 422, "components"),
    "channel not offered": (lambda g: g.submit(**RESIDENCE, channel="post"), 422, "channel"),
    "pilot returned on paper": (lambda g: g.submit(**{**PILOT, "return_method": "counter"}), 422, "return_method"),
    "return not offered": (lambda g: g.submit(**RESIDENCE, return_method="post"), 422, "return_method"),
    "unknown case": (lambda g: g.submit(case="urgent"), 422, "case"),
    "malformed JSON": (lambda g: g.submit(raw=b'{"procedure": '), 422, "body"),
    "no JSON at all": (lambda g: g.submit(raw=b"procedure=1.001612"), 422, "body"),
    "nothing": (lambda g: g.submit(raw=b""), 422, "body"),
    "a list": (lambda g: g.submit(raw=b"[]"), 422, "body"),
    "not UTF-8": (lambda g: g.submit(raw=b'{"procedure": "\xff\xfe"}'), 422, "body"),
    "nested beyond reason": (lambda g: g.submit(raw=b"[" * 100_000), 422, "body"),
    "half a character": (lambda g: g.submit(note="\ud800"), 422, "note"),
    "a text for a number": (lambda g: g.submit(quantity="two"), 422, "quantity"),
    "a fraction": (lambda g: g.submit(quantity=1.5), 422, "quantity"),
    "a number for a text": (lambda g: g.submit(applicant={"name": 7}), 422, "applicant.name"),
    "a field missing": (lambda g: g.submit(applicant={}), 422, "applicant.name"),
    "an empty name": (lambda g: g.submit(applicant={"name": ""}), 422, "applicant.name"),
    "too long a text": (lambda g: g.submit(note="x" * 4_001), 422, "note"),
    "unknown field": (lambda g: g.submit(colour="red"), 422, "colour"),
    "unknown field of a person's name": (lambda g: g.submit(**NAMED), 422, "(unknown)"),
    "unknown exemption": (lambda g: g.submit(exemption={"kind": "rich", "evidence": "-"}), 422, "exemption.kind"),
    "an exemption without evidence": (
        lambda g: g.submit(exemption={"kind": "child", "evidence": "  "}), 422, "exemption.evidence"
    ),
    "an exemption that says nothing of evidence": (
        lambda g: g.submit(exemption={"kind": "child"}), 422, "exemption.evidence"
    ),
    "an exemption that no fee of the procedure knows": (
        lambda g: g.submit(exemption={"kind": "student", "evidence": "thẻ sinh viên"}), 422, "exemption"
    ),
    "an exemption granted by a person": (
        lambda g: g.submit(exemption={"kind": "child", "evidence": "-", "granted_by": "Nguyễn Thị Hà"}),
        422, "exemption.granted_by",
    ),
    "oversized": (lambda g: g.submit(raw=b" " * 600_000), 413, "body"),
    "oversized, in chunks": (lambda g: g.submit(raw=chunks()), 413, "body"),
    "no key": (lambda g: g.send("/v1/dossiers", submission(), Authorization=""), 401, "Authorization"),
    "wrong key": (lambda g: g.send("/v1/dossiers", submission(), Authorization="Bearer x"), 401, "Authorization"),
    "wrong scheme": (lambda g: g.send("/v1/dossiers", submission(), Authorization="Basic eA"), 401, "Authorization"),
    "no right": (lambda g: g.reader.post_submission(submission()), 403, "Authorization"),
    "no reference": (lambda g: g.send("/v1/dossiers", submission(), Idempotency_Key=None), 422, "Idempotency-Key"),
    "too long a reference": (lambda g: g.office.post_submission(submission(), "x" * 201), 422, "Idempotency-Key"),
    "same reference, other body": (
        lambda g: g.office.post_submission(submission(note="khác"), g.reference), 409, "Idempotency-Key"
    ),
    "in the future": (lambda g: g.submit(occurred_at=ago(hours=-1), late=LATE), 422, "occurred_at"),
    "in the future, without a reason": (lambda g: g.submit(occurred_at=ago(hours=-1)), 422, "occurred_at"),
    "late, without a reason": (lambda g: g.submit(occurred_at=ago(hours=1)), 422, "late"),
    "late, with half a reason": (
        lambda g: g.submit(occurred_at=ago(hours=1), late={"reason": "x"}), 422, "late.paper_number"
    ),
    "late, without the right": (
        lambda g: g.without_late.post_submission(submission(occurred_at=ago(hours=1), late=LATE)), 403, "occurred_at"
    ),
    "an instant without an offset": (
        lambda g: g.submit(occurred_at="2026-11-20T09:00:00", late=LATE), 422, "occurred_at"
    ),
    "before the procedure": (lambda g: g.submit(occurred_at="1990-01-05T09:00:00Z", late=LATE), 422, "procedure"),
    "at the beginning of time": (
        lambda g: g.submit(occurred_at="0001-01-01T00:00:00+14:00", late=LATE), 422, "occurred_at"
    ),
}  # fmt: skip

COMMANDS: dict[str, Row] = {
    "unknown command": (lambda g: g.office.post(g.fresh, "bless"), 422, "name"),
    "an act of the engine": (lambda g: g.office.post(g.fresh, "find_complete"), 422, "name"),
    "wrong status": (lambda g: g.office.post(g.fresh, "forward"), 409, "name"),
    "closed": (lambda g: g.office.post(g.closed, "accept"), 409, "name"),
    "wrong role": (lambda g: g.office.post(g.fresh, "accept", role="officer"), 403, "actor.role"),
    "the engine's role": (lambda g: g.office.post(g.fresh, "accept", role="engine"), 422, "actor.role"),
    "role not covered by the key": (
        lambda g: g.only_clerks.post(g.processing, "approve", role="leader"), 403, "actor.role"
    ),
    "wrong unit": (lambda g: g.office.post(g.fresh, "accept", unit=CENTRE), 403, "actor.unit"),
    "no unit": (lambda g: g.office.post(g.fresh, "accept", unit=None), 403, "actor.unit"),
    "refused by a clerk of another unit": (
        lambda g: g.office.post(g.fresh, "refuse", unit=CENTRE, reason="-", legal_basis="-"), 403, "actor.unit"
    ),
    "withdrawn by an applicant of a unit": (
        lambda g: g.office.post(g.fresh, "withdraw", role="applicant", unit=CENTRE, reason="-"), 403, "actor.unit"
    ),
    "proposed by another unit": (
        lambda g: g.office.post(g.processing, "propose", role="officer", unit=CENTRE, data={"step": "appraise"}),
        403, "actor.unit",
    ),
    "no right": (lambda g: g.reader.post(g.fresh, "accept"), 403, "Authorization"),
    "id that is no UUID": (lambda g: g.office.post(g.fresh, "accept", id_="accept-1"), 422, "Idempotency-Key"),
    "no id": (
        lambda g: g.send(f"/v1/dossiers/{g.fresh}/commands", {}, Idempotency_Key=None), 422, "Idempotency-Key"
    ),
    "same id, other body": (
        lambda g: g.office.post(g.processing, "accept", id_=g.accepting, officer="khác", note="khác"),
        409, "Idempotency-Key",
    ),
    "unknown dossier": (lambda g: g.office.post(str(uuid4()), "accept"), 404, "dossier"),
    "unknown dossier, with a text": (lambda g: g.office.post(str(uuid4()), "accept", note="x"), 404, "dossier"),
    "dossier that is no id": (lambda g: g.office.post("000.00.61.H48-261123-0001", "accept"), 422, "dossier"),
    "no reason": (lambda g: g.office.post(g.fresh, "refuse", legal_basis="-"), 422, "reason"),
    "no legal basis": (lambda g: g.office.post(g.fresh, "refuse", reason="-"), 422, "legal_basis"),
    "another amount": (
        lambda g: g.office.post(g.complete, "pay", data={"amount": 1, "means": "cash"}), 422, "data.amount"
    ),
    "an amount in words": (
        lambda g: g.office.post(g.complete, "pay", data={"amount": "100000", "means": "cash"}), 422, "data.amount"
    ),
    "facts of another act": (lambda g: g.office.post(g.fresh, "accept", data={"step": "x"}), 422, "data.step"),
    "facts missing": (lambda g: g.office.post(g.processing, "propose", role="officer"), 422, "data.step"),
    "half a character in the facts": (
        lambda g: g.send(f"/v1/dossiers/{g.fresh}/commands", _half_a_character()), 422, "data.step"
    ),
    "facts nested beyond reason": (
        lambda g: g.send(f"/v1/dossiers/{g.fresh}/commands", raw=_nested(960)), 422, "data.a"
    ),
    "no number in the facts": (
        lambda g: g.send(
            f"/v1/dossiers/{g.complete}/commands",
            {"name": "pay", "actor": {"role": "clerk", "unit": COMMUNE}, "data": {"amount": float("nan")}},
        ),
        422, "data.amount",
    ),
    "step that is not open": (
        lambda g: g.office.post(g.processing, "propose", role="officer", unit=JUSTICE, data={"step": "dance"}),
        409, "data.step",
    ),
    "supplement that is not listed": (
        lambda g: g.office.post(g.fresh, "request_supplement", reason="-", data={"components": ["ban-ve"]}),
        422, "components",
    ),
    "in time, unasked": (
        lambda g: g.office.post(g.processing, "answer_in_time", role="officer", unit=JUSTICE), 409, "name"
    ),
    "in time, said by the one-stop": (lambda g: g.office.post(g.processing, "answer_in_time"), 403, "actor.role"),
    "in time, said by another office": (
        lambda g: g.office.post(g.processing, "answer_in_time", role="officer", unit=CENTRE), 403, "actor.unit"
    ),
    "late, without a cause": (
        lambda g: g.office.post(g.processing, "answer_late", role="officer", unit=JUSTICE, reason="-"),
        422, "data.cause",
    ),
    "late, for a cause of one's own": (
        lambda g: g.office.post(
            g.processing, "answer_late", role="officer", unit=JUSTICE, reason="-", data={"cause": "Bà Nguyễn Thị A"}
        ),
        422, "data.cause",
    ),
    "late, without a reason of the office": (
        lambda g: g.office.post(g.processing, "answer_late", role="officer", unit=JUSTICE, data={"cause": "other"}),
        422, "reason",
    ),
    "signed before anybody said late": (lambda g: _signs(g, g.processing, "2030-01-07T10:00:00+07:00"), 409, "name"),
    "signed by an officer": (
        lambda g: _signs(g, g.late, "2030-01-07T10:00:00+07:00", role="officer"), 403, "actor.role"
    ),
    "signed without a legal basis": (
        lambda g: _signs(g, g.late, "2030-01-07T10:00:00+07:00", legal_basis=None), 422, "legal_basis"
    ),
    "signed without an offset": (lambda g: _signs(g, g.late, "2027-01-04T10:00:00"), 422, "data.appointment"),
    "signed for no instant": (lambda g: _signs(g, g.late, "ngày mai"), 422, "data.appointment"),
    "signed for the past": (lambda g: _signs(g, g.late, ago(days=1)), 422, "data.appointment"),
    "signed for a year that no calendar holds": (
        lambda g: _signs(g, g.late, "2150-01-05T10:00:00+07:00"), 422, "data.appointment"
    ),
    "signed for the end of time": (lambda g: _signs(g, g.late, "9999-12-31T23:59:59Z"), 422, "data.appointment"),
    "signed for a Sunday": (lambda g: _signs(g, g.late, "2027-03-07T10:00:00+07:00"), 422, "data.appointment"),
    "signed for the night": (lambda g: _signs(g, g.late, "2027-03-08T22:00:00+07:00"), 422, "data.appointment"),
    "set before it is signed": (lambda g: g.office.post(g.late, "move_appointment"), 409, "name"),
    "set by another one-stop": (
        lambda g: g.office.post(g.late, "move_appointment", unit=CENTRE), 403, "actor.unit"
    ),
    "set with a date of its own": (
        lambda g: g.office.post(g.late, "move_appointment", data={"appointment": "2027-03-08T10:00:00+07:00"}),
        422, "data.appointment",
    ),
    "a stop that its law does not name": (
        lambda g: _suspends(g, {"cause": "land_work"}), 409, "data.cause"
    ),
    "a stop for no reason of the law": (lambda g: _suspends(g, {"cause": "lunch"}), 422, "data.cause"),
    "a stop without a cause": (lambda g: _suspends(g, {}), 422, "data.cause"),
    "a stop by the one-stop": (
        lambda g: _suspends(g, {"cause": "land_work"}, role="clerk", unit=COMMUNE), 403, "actor.role"
    ),
    "going on without having stopped": (
        lambda g: g.office.post(g.processing, "resume", role="officer", unit=JUSTICE), 409, "name"
    ),
    "a tax notice with a name": (
        lambda g: g.office.post(
            g.processing, "require_duty", role="officer", unit=JUSTICE, legal_basis="-", data={"notice": "NguyenVanA"}
        ),
        422, "data.notice",
    ),
    "a duty's amount without its notice": (
        lambda g: g.office.post(
            g.processing, "require_duty", role="officer", unit=JUSTICE, legal_basis="-", data={"amount": 1_000}
        ),
        422, "data",
    ),
    "a duty of half a đồng": (
        lambda g: g.office.post(
            g.processing, "require_duty", role="officer", unit=JUSTICE, legal_basis="-",
            data={"notice": "TB-1", "amount": 0.5},
        ),
        422, "data.amount",
    ),
    "a duty without a legal basis": (
        lambda g: g.office.post(g.processing, "require_duty", role="officer", unit=JUSTICE), 422, "legal_basis"
    ),
    "a duty before acceptance": (
        lambda g: g.office.post(g.fresh, "require_duty", role="officer", unit=COMMUNE, legal_basis="-"), 409, "name"
    ),
    "stale If-Match": (
        lambda g: g.send(f"/v1/dossiers/{g.processing}/commands", _accept(), If_Match='"1"'), 409, "expected_version"
    ),
    "bad If-Match": (
        lambda g: g.send(f"/v1/dossiers/{g.fresh}/commands", _accept(), If_Match="today's"), 422, "If-Match"
    ),
    "stale version": (lambda g: g.office.post(g.fresh, "accept", expected_version=9), 409, "expected_version"),
    "version beyond reason": (
        lambda g: g.office.post(g.fresh, "accept", expected_version=10**40), 409, "expected_version"
    ),
    "in the future": (
        lambda g: g.office.post(g.fresh, "accept", occurred_at=ago(hours=-1), late=LATE), 422, "occurred_at"
    ),
    "late, without a reason": (lambda g: g.office.post(g.fresh, "accept", occurred_at=ago(seconds=1)), 422, "late"),
    "late, without the right": (
        lambda g: g.without_late.post(g.fresh, "accept", occurred_at=ago(seconds=1), late=LATE), 403, "occurred_at"
    ),
    "late, before the last event": (
        lambda g: g.office.post(g.fresh, "accept", occurred_at=ago(days=30), late=LATE), 409, "occurred_at"
    ),
}  # fmt: skip

CALLBACKS: dict[str, Row] = {
    "no JSON": (lambda g: g.send(CALLBACK, raw=b"code=00"), 422, "body"),
    "a list": (lambda g: g.send(CALLBACK, []), 422, "body"),
    "a field missing": (lambda g: g.send(CALLBACK, {"code": "00"}), 422, "version"),
    "bad signature": (lambda g: g.confirm(secret="guessed"), 401, "hash"),
    "another amount": (lambda g: g.confirm(amount="1"), 422, "amount"),
    "another currency": (lambda g: g.confirm(currency="USD"), 422, "amount"),
    "an amount in words": (lambda g: g.confirm(amount="a lot"), 422, "amount"),
    "a success without a transaction": (lambda g: g.confirm(transaction=""), 422, "transaction"),
    "unknown order": (lambda g: g.confirm(reference="never-ordered"), 404, "reference"),
    "for another partner": (lambda g: g.confirm(partner="somebody"), 422, "partner"),
    "an instant that is none": (lambda g: g.confirm(paid="yesterday"), 422, "paid"),
}

QUESTIONS: dict[str, Row] = {
    "unknown dossier": (lambda g: g.office.http.get(f"/v1/dossiers/{uuid4()}"), 404, "dossier"),
    "why, of an unknown dossier": (lambda g: g.office.http.get("/v1/dossiers/x/explanation"), 404, "dossier"),
    "why, in no language": (lambda g: g.office.http.get("/v1/dossiers/x/explanation?lang=fr"), 422, "lang"),
    "why, at no instant": (lambda g: g.office.http.get("/v1/dossiers/x/explanation?as_of=now"), 422, "as_of"),
    "a zero byte for a dossier": (lambda g: g.office.http.get("/v1/dossiers/%00"), 404, "dossier"),
    "no right": (lambda g: g.deaf.http.get("/v1/dossiers"), 403, "Authorization"),
    "no right to the events": (lambda g: g.deaf.http.get("/v1/events"), 403, "Authorization"),
    "bad cursor": (lambda g: g.office.http.get("/v1/dossiers", params={"cursor": "page-2"}), 422, "cursor"),
    "cursor of strange letters": (lambda g: g.office.http.get("/v1/dossiers", params={"cursor": "ộ"}), 422, "cursor"),
    "status that is none": (lambda g: g.office.http.get("/v1/dossiers", params={"status": 11}), 422, "status"),
    "unit that is no code": (lambda g: g.office.http.get("/v1/dossiers", params={"unit": "\0"}), 422, "unit"),
    "no page at all": (lambda g: g.office.http.get("/v1/dossiers", params={"limit": 0}), 422, "limit"),
    "too large a page": (lambda g: g.office.http.get("/v1/events", params={"limit": 201}), 422, "limit"),
    "position before the first": (lambda g: g.office.http.get("/v1/events", params={"after": -1}), 422, "after"),
    "position beyond reason": (lambda g: g.office.http.get("/v1/events", params={"after": 10**30}), 422, "after"),
    "types that are none": (lambda g: g.office.http.get("/v1/events", params={"types": "clok."}), 422, "types"),
    "types with a gap": (lambda g: g.office.http.get("/v1/events", params={"types": "clock.,"}), 422, "types"),
    "no right to the measures": (lambda g: g.office.http.get("/metrics"), 403, "Authorization"),
    "unknown path": (lambda g: g.office.http.get("/v1/citizens"), 404, "path"),
    "wrong method": (lambda g: g.office.http.delete(f"/v1/dossiers/{g.fresh}"), 405, "method"),
}


def _signs(g: Ground, dossier: str, appointment: str, **changes: Any) -> httpx.Response:
    body = {"role": "leader", "unit": JUSTICE, "reason": "-", "legal_basis": "NĐ 61/2018, Điều 19(9)", **changes}
    return g.office.post(dossier, "sign_apology", data={"cause": "workload", "appointment": appointment}, **body)


def _suspends(g: Ground, data: Json, **changes: Any) -> httpx.Response:
    body = {"role": "officer", "unit": JUSTICE, "reason": "-", "legal_basis": "-", **changes}
    return g.office.post(g.processing, "suspend", data=data, **body)


def _accept() -> Json:
    return {"name": "accept", "actor": {"role": "clerk", "unit": COMMUNE}}


def _nested(depth: int) -> bytes:
    """A command as deep as a parser takes, and what comes after it may not."""
    return json.dumps(_accept()).encode()[:-1] + b', "data": {"a": ' + b"[" * depth + b"]" * depth + b"}}"


def _half_a_character() -> Json:
    actor = {"role": "officer", "unit": COMMUNE}
    return {"name": "propose", "actor": actor, "data": {"step": "\ud800"}}


ROWS = {
    f"{group}: {name}": row
    for group, rows in {
        "submission": SUBMISSIONS, "command": COMMANDS, "call-back": CALLBACKS, "question": QUESTIONS
    }.items()
    for name, row in rows.items()
}  # fmt: skip


@pytest.mark.parametrize("name", ROWS)
async def test_a_bad_request_is_a_problem_that_names_field_and_remedy_and_writes_nothing(
    ground: Ground, name: str
) -> None:
    """Each row: its status, its field, a remedy, the media type of RFC 9457, and a database as it was."""
    ask, status, field = ROWS[name]
    before = await ground.everything()
    answer = ask(ground)

    found = answer.json()
    assert (answer.status_code, found["field"]) == (status, field), answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert found["status"] == status
    assert found["title"]
    assert found["remedy"]
    assert await ground.everything() == before


async def test_whoever_has_no_key_learns_how_to_show_one(ground: Ground) -> None:
    """A 401 names the scheme (RFC 9110, 11.6.1)."""
    assert ground.send("/v1/dossiers", submission(), Authorization="").headers["www-authenticate"] == "Bearer"


async def test_the_same_submission_again_is_the_same_dossier_and_writes_nothing(ground: Ground) -> None:
    """200 instead of 201, the same id, and no second row anywhere."""
    before = await ground.everything()
    again = ground.office.post_submission(submission(), ground.reference)

    assert (again.status_code, again.json()["dossier"], again.json()["created"]) == (200, ground.fresh, False)
    assert await ground.everything() == before


async def test_the_same_command_again_has_the_same_answer_and_writes_nothing(ground: Ground) -> None:
    """Even when the dossier has moved on since: the answer is that of the first time."""
    before = await ground.everything()
    first, second = (ground.office.post(ground.processing, "accept", id_=ground.accepting) for _ in range(2))

    assert first.status_code == 200, first.text
    assert (first.json()["type"], first.json()["status"]) == ("dossier.accepted", 2)
    assert second.json() == first.json()
    assert await ground.everything() == before


async def test_a_text_of_a_refused_command_is_not_kept(ground: Ground) -> None:
    """The reason is sealed before the engine is asked; when the engine says no, it is taken back."""
    before = await ground.everything()
    answer = ground.office.post(ground.fresh, "stop", reason="một lý do", legal_basis="NĐ 61/2018")

    assert (answer.status_code, answer.json()["field"]) == (409, "name")
    assert await ground.everything() == before


async def test_after_all_that_was_wrong_what_is_right_still_goes_through(ground: Ground) -> None:
    """Nothing is lost or blocked: the dossiers that were knocked about are taken to their ends."""
    ground.office.finish(ground.fresh)
    assert ground.confirm().json() == {"code": "00"}
    ground.office.waits_for(ground.ordered, "payment.received")

    assert ground.office.show(ground.fresh)["status"] == 10


async def test_a_key_that_was_revoked_opens_nothing(ground: Ground) -> None:
    """From the operator's command on, a system is a stranger."""
    with Office.admitted(ground.office.stack, "leaver") as leaver:
        assert leaver.http.get("/v1/events").status_code == 200
        ground.office.stack.run("starter.py", "key", "revoke", "leaver")
        answer = leaver.http.get("/v1/events")
    assert (answer.status_code, answer.json()["field"]) == (401, "Authorization")


async def test_headers_without_end_are_cut_off(ground: Ground) -> None:
    """Nobody fills the gateway's memory before it knows who is there; whoever comes next is answered."""
    url, answer = httpx.URL(ground.office.stack.gateway_url), b""
    with socket.create_connection((url.host, url.port or 80), timeout=PATIENCE) as caller, suppress(ConnectionError):
        caller.sendall(b"GET /livez HTTP/1.1\r\nHost: motcua\r\nX-Long: " + b"a" * 8_000_000 + b"\r\n\r\n")
        answer = caller.recv(12)

    assert answer in (b"", b"HTTP/1.1 400")
    assert ground.office.http.get("/livez").is_success


async def test_one_id_with_two_bodies_at_once_is_one_command(ground: Ground) -> None:
    """Whichever comes first is carried out and answered to all who sent it; the other is refused, its text not kept."""
    dossier, id_ = ground.office.submit(), str(uuid4())
    ground.office.do(dossier, "accept")

    def send(number: int) -> httpx.Response:
        note = "một" if number % 2 else "hai"
        return ground.office.post(dossier, "pay", id_=id_, data={"amount": 100_000, "means": "cash"}, note=note)

    with ThreadPoolExecutor(10) as people:
        answers = await asyncio.to_thread(lambda: list(people.map(send, range(10))))

    codes = [answer.status_code for answer in answers]
    assert sorted(codes) == [200] * 5 + [409] * 5
    assert {codes[0], codes[1]} == {200, 409}
    assert codes == codes[:2] * 5
    story = ground.office.waits_for(dossier, "dossier.accepted")
    paid = [event for event in story["events"] if event["type"] == "payment.received"]
    assert [event["texts"]["note"] for event in paid] == ["hai" if codes[0] == 200 else "một"]
    kept = await ground.database.fetchval(
        "SELECT count(*) FROM sealed WHERE dossier = $1 AND kind = 'command'", UUID(dossier)
    )
    assert kept == 1
