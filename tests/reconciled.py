"""A day of money as tests put it there: dossiers that paid through the register, and what a provider tells of them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from activities.ports import Unavailable
from adapters.intake import Intake
from adapters.keys import KeyedDigest, KeyRing
from adapters.law import PostgresLaw
from adapters.postgres import Pool
from adapters.provider_statements import ProviderStatements
from adapters.reconciliation import Reconciliation
from adapters.register import PostgresRegister
from adapters.vault import Vault
from domain.payments import Provider
from domain.provider_statement import LineKind, StatementLine
from schema.events import EventType
from schema.messages import ENGINE
from schema.payments import PaymentReport
from tests.adapters.test_register import KEY, MONDAY, PAID, OnDisk, ask, filed, record
from workflows.wording import reported

DAY = MONDAY.date()
NIGHT = datetime.combine(DAY + timedelta(days=1), datetime.min.time(), MONDAY.tzinfo) + timedelta(minutes=90)
FEE = 100_000
Back = tuple[str, datetime]


@dataclass
class Told:
    """A provider's statements by day; a day that it is asked for and has none of is a day on which it is away."""

    days: dict[date, list[StatementLine]] = field(default_factory=dict)
    asked: list[date] = field(default_factory=list)

    async def statement(self, day: date) -> tuple[StatementLine, ...]:
        self.asked.append(day)
        if day not in self.days:
            raise Unavailable("away")
        return tuple(self.days[day])


class Town:
    """Dossiers that pay at a provider, and its statement of `DAY`, which tells of each unless told otherwise."""

    def __init__(self, pool: Pool, desk: OnDisk, provider: Provider = Provider.PLATFORM) -> None:
        self.pool, self.desk, self.provider = pool, desk, provider
        self.told = Told({DAY: []})
        digest, law = KeyedDigest.parse(KEY), PostgresLaw(pool)
        self.intake = Intake(pool, law, Vault(KeyRing.parse(f"k1:{KEY}"), digest), digest)
        self.book = Reconciliation(pool, ProviderStatements({provider: self.told}), self.intake)
        self._number = 0

    @classmethod
    async def founded(cls, pool: Pool, provider: Provider = Provider.PLATFORM) -> Town:
        """An empty one, whose register writes at noon of the day."""
        desk = OnDisk(pool, await PostgresLaw(pool).latest())
        desk.port = PostgresRegister(pool, PostgresLaw(pool), lambda: MONDAY + timedelta(hours=4))
        return cls(pool, desk, provider)

    async def ordered(self, *, expires: timedelta = timedelta(days=1)) -> tuple[UUID, str]:
        """A dossier whose fee was ordered; nothing is known of its end."""
        dossier = await filed(self.desk, PAID)
        await record(self.desk, dossier, EventType.FOUND_COMPLETE)
        reference = f"{dossier.hex}-1"
        facts = {"reference": reference, "number": 1, "amount": FEE, "provider": str(self.provider)}
        times = {"ordered_at": MONDAY.isoformat(), "expires_at": (MONDAY + expires).isoformat()}
        type_ = EventType.PAYMENT_ORDERED if self.provider is Provider.PLATFORM else EventType.PROVIDER_CHOSEN
        await record(self.desk, dossier, type_, data=facts | times, actor=ENGINE)
        return dossier, reference

    async def paid(self, *, at: datetime | None = None, amount: int = FEE, is_told: bool = True) -> StatementLine:
        """A dossier that paid, as its provider tells it."""
        dossier, reference = await self.ordered()
        line = self.debit(reference, at=at, amount=amount)
        facts = {"reference": reference, "transaction": line.transaction, "amount": amount, "currency": "VND"}
        named = {"provider": str(self.provider), "means": str(self.provider), "paid_at": line.at.isoformat()}
        await record(self.desk, dossier, EventType.PAYMENT_RECEIVED, data=facts | named)
        if is_told:
            self.told.days[DAY].append(line)
        return line

    def debit(self, reference: str, *, at: datetime | None = None, amount: int = FEE) -> StatementLine:
        """A debit as the provider would tell it."""
        self._number += 1
        instant = at or MONDAY + timedelta(seconds=30 * self._number)
        names = (self.provider, f"T{self._number:03d}", reference, LineKind.DEBIT)
        return StatementLine(*names, amount, "VND", instant)

    async def back(self, debit: StatementLine, at: datetime, *, is_told: bool = True) -> StatementLine:
        """The fee goes back, and its provider tells it in its own way."""
        dossier = await self.dossier_of(debit.transaction)
        facts = {"reference": debit.reference, "transaction": debit.transaction, "amount": debit.amount}
        named = {**facts, "currency": "VND", "provider": str(self.provider), "means": str(self.provider)}
        asked = {"occurred_at": at, "data": {**named, "ground": "by_officer"}}
        await record(self.desk, dossier, EventType.REFUND_ASKED, **asked)
        await record(self.desk, dossier, EventType.PAYMENT_REFUNDED, **{**asked, "data": named})
        line = replace(debit, kind=LineKind.REFUND, reference=f"refund-{debit.transaction}", at=at)
        if is_told:
            self.told.days[DAY].append(line)
        return line

    async def dossier_of(self, transaction: str) -> UUID:
        """Whose debit it is."""
        found: UUID = await self.pool.fetchval("SELECT dossier FROM payment WHERE transaction = $1", transaction)
        return found

    async def deliver(self) -> list[PaymentReport]:
        """What lies in the inbox reaches its dossiers, as it would through the engine."""
        rows = await self.pool.fetch("SELECT * FROM inbox WHERE kind = 'payment' AND delivered_at IS NULL")
        reports = []
        for row in rows:
            report = PaymentReport.model_validate_json(row["body"])
            event = reported(await self.desk.port.load(row["dossier"]), report, NIGHT)
            if event is not None:
                case = await self.desk.port.load(row["dossier"])
                await self.desk.port.record(ask(case, event.type).model_copy(update={"event": event}))
            await self.pool.execute("UPDATE inbox SET delivered_at = $2 WHERE id = $1", row["id"], NIGHT)
            reports.append(report)
        return reports

    async def found(self, *, only_open: bool = False) -> list[dict[str, Any]]:
        """Everything in the book of discrepancies."""
        rows = await self.pool.fetch("SELECT * FROM discrepancy ORDER BY kind, transaction")
        return [dict(row) for row in rows if not only_open or row["closed_at"] is None]

    async def everything(self) -> dict[str, list[dict[str, Any]]]:
        """Every row that money is written in, to be compared."""
        tables = ("reconciliation", "statement_line", "discrepancy", "inbox", "payment", "refund", "receipt")
        names = (*tables, "payment_attempt", "event")
        return {
            name: [dict(row) for row in await self.pool.fetch(f"SELECT * FROM {name} ORDER BY 1, 2")] for name in names
        }
