"""`python -m bench.quarter`: the quarter of the news article, carried into the ledger, and told by the statements.

Every payment of `bench.quarter_plan` comes as a signed call-back, is kept in the inbox, is read from there as the
relay does, and is recorded by the register as its dossier's workflow would; the engine itself is left out. Then the
statements of the quarter, of its months and of its days are asked for and compared with the plan's own sums: overall,
by unit, by fee, by channel, by day, and the surplus, to the đồng. It exits with 1 where one figure differs.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from base64 import b64encode
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

import httpx

from activities.intake import submitted
from adapters.catalogue_files import FOLDER, read_sound
from adapters.intake import Intake
from adapters.keys import KeyedDigest, KeyRing
from adapters.law import PostgresLaw, publish
from adapters.migrate import migrate
from adapters.payment_signature import Signature, stamp
from adapters.payments import HttpPaymentPlatform
from adapters.postgres import Pool, open_pool, transaction
from adapters.register import PostgresRegister
from adapters.statements import Statement, Statements
from adapters.vault import Vault
from bench.placing import place
from bench.quarter_plan import BEGINS, CENTRE, FEES, HERE, Debit, Sum, plan, sums, sums_by_fee, surplus
from deploy.embedded.folder import temporary_folder
from deploy.embedded.postgres import Postgres
from domain.catalogue import Catalogue
from domain.duties import Role
from domain.periods import Span, parse_period
from domain.statements import By, Filters
from schema.case import Case
from schema.events import EventType
from schema.messages import Actor, Event, RecordAsk
from schema.payments import PaymentReport
from schema.refunds import RefundOrder, StartRefund
from schema.sql import QUERIES
from schema.submissions import Submission
from workflows.wording import engine_event, ordered, refund_asked, refunded, reported

QUARTER = parse_period("2024-Q1")
KNOWN = datetime(2024, 7, 1, tzinfo=UTC)
"""When all of it was recorded, and as of when it is told."""
AT_ONCE, BATCH = 8, 200
SECRET = b"between the platform and us"
SPACE = UUID("6d6f7463-7561-4000-8000-000000000906")
HELD_BACK = timedelta(seconds=5)
"""How long a call-back is on its way."""


def main() -> None:
    """Carry, tell, compare, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--payments", type=int, default=50_000)
    parser.add_argument("--seed", type=int, default=2024)
    options = parser.parse_args()
    with temporary_folder() as folder, Postgres(folder / "postgres") as server:
        report = asyncio.run(_measure(server.url, options.payments, options.seed))
    print(json.dumps(report, indent=2, ensure_ascii=False), flush=True)
    sys.exit(1 if report["differences"] else 0)


async def _measure(url: str, payments: int, seed: int) -> dict[str, Any]:
    await migrate(url)
    debits = plan(payments, seed)
    async with await open_pool(url, AT_ONCE + 2) as pool:
        await publish(pool, read_sound(FOLDER), BEGINS - timedelta(days=30))
        spent: dict[str, float] = {}
        await carry(pool, debits, spent)
        started = time.monotonic()
        differences, whole = await compare(pool, debits)
        spent["told and compared"] = time.monotonic() - started
    return {
        "seed": seed,
        "within the quarter": whole,
        "at the Centre": asdict(sums(debits, lambda debit, _: debit.place[0])[CENTRE[0][0]]),
        "surplus": surplus(debits),
        "seconds": {name: round(each, 1) for name, each in spent.items()},
        "differences": differences,
    }


async def carry(pool: Pool, debits: Sequence[Debit], spent: dict[str, float]) -> None:
    """Bring every payment into the ledger; say how long each part took."""
    desk = await Desk.opened(pool)
    async with httpx.AsyncClient() as http:
        platform = HttpPaymentPlatform(http, "http://platform.invalid", SECRET, "motcua")
        for name, work in (
            ("dossiers filed", desk.file),
            ("orders written down", lambda debits: _each(debits, desk.order)),
            ("call-backs kept", lambda debits: _each(debits, lambda debit: desk.call_back(platform, debit))),
            ("inbox handed over", desk.hand_over),
            ("refunds", lambda debits: _each(debits, desk.give_back)),
        ):
            started = time.monotonic()
            await work(debits)
            spent[name] = time.monotonic() - started


class Desk:
    """The real parts that a payment passes on its way, without the engine between them."""

    def __init__(self, pool: Pool, law: Catalogue) -> None:
        digest = KeyedDigest.parse(b64encode(bytes(32)).decode())
        vault = Vault(KeyRing.parse(f"k1:{b64encode(bytes(32)).decode()}"), digest)
        self._pool, self._law = pool, law
        self._intake = Intake(pool, PostgresLaw(pool), vault, digest)
        self._register = PostgresRegister(pool, PostgresLaw(pool), lambda: KNOWN)

    @classmethod
    async def opened(cls, pool: Pool) -> Desk:
        """Over the published law."""
        return cls(pool, await PostgresLaw(pool).latest())

    async def file(self, debits: Sequence[Debit]) -> None:
        """The dossiers, with the fees of the plan in their first event; many in one transaction."""
        for start in range(0, len(debits), BATCH):
            async with transaction(self._pool) as connection:
                for debit in debits[start : start + BATCH]:
                    await place(connection, self._filed(debit), KNOWN)

    def _filed(self, debit: Debit) -> Event:
        unit, procedure, components = debit.place
        body = {
            "procedure": procedure,
            "unit": unit,
            "channel": debit.channel,
            "return_method": "counter",
            "components": [{"component": each} for each in components.split()],
            "applicant": {"name": "Nguyễn Thị Thử"},
        }
        event = submitted(
            self._law,
            Submission.model_validate(body),
            dossier=_dossier(debit),
            command=uuid5(SPACE, f"file/{debit.number}"),
            at=debit.paid_at - timedelta(hours=1),
            actor=Actor(system="quarter", role=Role.CLERK),
            digest="",
        )
        lines = [_line(line.code, line.amount) for line in debit.lines]
        fee = {"total": debit.amount, "timing": "at_receipt", "lines": lines}
        return event.model_copy(update={"data": {**event.data, "fee": fee}})

    async def order(self, debit: Debit) -> None:
        """Found complete, and ordered at the platform, as the chapters of the workflow word it."""
        case = await self._register.load(_dossier(debit))
        at = debit.paid_at - timedelta(minutes=30)
        complete = engine_event(case, EventType.FOUND_COMPLETE, at, "found_complete", {})
        order = ordered(case.model_copy(update={"sequence": case.sequence + 1}), at, at + timedelta(days=1))
        assert order is not None  # a fee is owed
        await self._register.record(RecordAsk(event=complete, law=case.law, then=(order,)))

    async def call_back(self, platform: HttpPaymentPlatform, debit: Debit) -> None:
        """The platform says that it debited; sometimes twice, and sometimes it debited twice."""
        for transaction_, at, times in (
            (f"P{debit.number}", debit.paid_at, 2 if debit.repeated else 1),
            (f"S{debit.number}", debit.second_at, 1),
        ):
            for _ in range(times if at else 0):
                assert at is not None  # the line above has looked
                report = platform.read_callback(_confirm(debit, transaction_, at))
                await self._intake.report_payment(report, received_at=at + HELD_BACK)

    async def hand_over(self, _: Sequence[Debit]) -> None:
        """Read the inbox as the relay does, and record each report as the dossier's workflow would."""
        while True:
            async with transaction(self._pool) as connection:
                rows = await connection.fetch(QUERIES["claim_inbox"], KNOWN, BATCH)
                by_dossier: dict[UUID, list[PaymentReport]] = {}
                for row in rows:
                    by_dossier.setdefault(row["dossier"], []).append(PaymentReport.model_validate_json(row["body"]))
                await _each(by_dossier.items(), self._record)
                await connection.execute(QUERIES["deliver_inbox"], [row["id"] for row in rows], KNOWN)
            if len(rows) < BATCH:
                return

    async def _record(self, told: tuple[UUID, list[PaymentReport]]) -> None:
        dossier, reports = told
        for report in reports:
            case = await self._register.load(dossier)
            assert report.paid_at is not None  # the call-back says so
            await self._write(case, reported(case, report, report.paid_at + HELD_BACK))

    async def give_back(self, debit: Debit) -> None:
        """A fee that an officer gives back, and a surplus that goes back."""
        if debit.refunded_at is not None:
            case = await self._register.load(_dossier(debit))
            start = StartRefund(dossier=case.dossier, report=_report(debit, f"P{debit.number}"), ground="by_officer")
            await self._write(case, refund_asked(case, start, debit.refunded_at - HELD_BACK))
            await self._back(debit, f"P{debit.number}", debit.refunded_at)
        if debit.second_back_at is not None:
            await self._back(debit, f"S{debit.number}", debit.second_back_at)

    async def _back(self, debit: Debit, transaction_: str, at: datetime) -> None:
        case = await self._register.load(_dossier(debit))
        order = RefundOrder(reference=f"refund-{transaction_}", transaction=transaction_, amount=debit.amount)
        await self._write(case, refunded(case, order, at))

    async def _write(self, case: Case, event: Event | None) -> None:
        assert event is not None, f"nothing to record for {case.dossier}"
        await self._register.record(RecordAsk(event=event, law=case.law))


async def compare(pool: Pool, debits: Sequence[Debit]) -> tuple[list[str], dict[str, int]]:
    """Ask for the statements; say where they are not what the plan adds up to, and what the whole came to."""
    statements, plain = Statements(pool, PostgresLaw(pool)), list(debits)
    found: list[str] = []

    async def told(by: tuple[By, ...], period: str = QUARTER.name) -> Statement:
        return await statements.statement(parse_period(period), Filters(), by=by, as_of=KNOWN)

    expected: dict[By, dict[str, Sum]] = {
        By.UNIT: sums(plain, lambda debit, _: debit.place[0]),
        By.CHANNEL: sums(plain, lambda debit, _: debit.channel),
        By.DAY: sums(plain, lambda _, at: at.astimezone(HERE).date().isoformat()),
        By.FEE: sums_by_fee(plain),
    }
    whole = await told(())
    for by, wanted in expected.items():
        made = await told((by,))
        found += _differ(str(by), {getattr(each, by): asdict(each.total) for each in made.groups}, wanted)
    for span, figures in ((Span.MONTH, 7), (Span.DAY, 10)):
        names = [part.name for part in QUARTER.parts(span)]
        parts = {name: asdict((await told((), name)).total) for name in names}
        each_part = sums(plain, lambda _, at, figures=figures: at.astimezone(HERE).isoformat()[:figures])  # type: ignore[misc]
        found += _differ(f"each {span}", parts, {name: Sum() for name in names} | each_part)
    found += _differ("whole", {"": asdict(whole.total)}, sums(plain, lambda *_: ""))
    if whole.surplus is None or asdict(whole.surplus) != surplus(plain):
        found.append(f"surplus: {whole.surplus} is told, {surplus(plain)} was planned")
    return found, asdict(whole.total)


def _differ(name: str, told: dict[str, dict[str, int]], planned: dict[str, Sum]) -> Iterable[str]:
    wanted = {key: asdict(each) for key, each in planned.items()}
    for key in sorted(told.keys() | wanted.keys()):
        if told.get(key) != wanted.get(key):
            yield f"{name} {key}: {told.get(key)} is told, {wanted.get(key)} was planned"


async def _each(things: Iterable[Any], work: Callable[[Any], Awaitable[None]]) -> None:
    """Do it for each, a few at a time."""
    waiting = iter(things)

    async def hand() -> None:
        for thing in waiting:
            await work(thing)

    await asyncio.gather(*(hand() for _ in range(AT_ONCE)))


def _dossier(debit: Debit) -> UUID:
    return uuid5(SPACE, str(debit.number))


def _line(code: str, amount: int) -> dict[str, Any]:
    name, kind, kept = FEES[code]
    money = {"listed": amount, "exempted": 0, "reduced": 0, "due": amount, "kept_percent": kept}
    return {"code": code, "name": name, "kind": kind, **money, "basis": ["invented"]}


def _report(debit: Debit, transaction_: str) -> PaymentReport:
    return PaymentReport(
        reference=f"{_dossier(debit).hex}-1",
        outcome="succeeded",
        amount=debit.amount,
        currency="VND",
        transaction=transaction_,
    )


def _confirm(debit: Debit, transaction_: str, at: datetime) -> bytes:
    fields = {
        "version": "1.0",
        "partner": "motcua",
        "reference": f"{_dossier(debit).hex}-1",
        "code": "00",
        "transaction": transaction_,
        "bank": "",
        "amount": str(debit.amount),
        "currency": "VND",
        "paid": stamp(at),
        "time": stamp(at + HELD_BACK),
    }
    return json.dumps(Signature(SECRET).signed("CONFIRM", fields)).encode()


if __name__ == "__main__":
    main()
