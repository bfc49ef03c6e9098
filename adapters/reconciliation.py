"""The daily reconciliation: asks for a statement, compares it with our books, keeps what differs, tells what is proved.

Facts first, effects after: what was found is committed before anything is told. What is told takes the way of a
call-back (`Intake.report_payment`), so the same debit told again changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

import structlog

from activities.ports import Refused, Unavailable
from adapters.discrepancies import Kept, keep, mark_repair
from adapters.intake import Intake
from adapters.postgres import Pool, reading
from adapters.provider_statements import ProviderStatements
from adapters.reconciliation_rows import Loaded, load, without
from domain.books import Day
from domain.discrepancies import Discrepancy
from domain.errors import DomainError
from domain.instants import civil_date
from domain.payments import Provider
from domain.provider_statement import StatementLine
from domain.reconciliation import LOOK_BACK, due_days, neighbours, reconcile, require_begun
from schema.payments import PaymentReport
from schema.reconciliation import ReconcileAsk, Reconciled, ReconcilePlan, ReconcilePlanAsk
from schema.sql import QUERIES

log = structlog.get_logger()


@dataclass(frozen=True)
class Gone:
    """What came of going through a day: the day, all that differs, and what was done about it (None for a dry run)."""

    day: Day
    found: tuple[Discrepancy, ...]
    done: Reconciled | None = None


class Reconciliation:
    """`activities.ports.Reconciliations` over PostgreSQL and the providers."""

    def __init__(self, pool: Pool, statements: ProviderStatements, intake: Intake) -> None:
        self._pool = pool
        self._statements = statements
        self._intake = intake

    @property
    def providers(self) -> tuple[Provider, ...]:
        """Whose days are gone through each night: those that can be asked, and our own counter."""
        return (*self._statements.providers, Provider.COUNTER)

    async def plan(self, ask: ReconcilePlanAsk) -> ReconcilePlan:
        """The days that are due of each provider."""
        today, days = civil_date(ask.as_of), []
        for provider in self.providers:
            async with reading(self._pool) as connection:
                rows = await connection.fetch(QUERIES["reconciled_days"], provider, today - LOOK_BACK)
            done = [row["day"] for row in rows if row["done"]]
            again = [row["day"] for row in rows if row["is_open"] or not row["done"]]
            for day in due_days(today, done, again):
                named = {"provider": str(provider), "day": day, "as_of": ask.as_of}
                days.append(ReconcileAsk.model_validate(named))
        return ReconcilePlan(days=tuple(days))

    async def run(self, ask: ReconcileAsk) -> Reconciled:
        """Go through one day: its statement is asked for, and what it proves is told."""
        gone = await self.go_through(Provider(ask.provider), ask.day, ask.as_of)
        assert gone.done is not None  # it was no dry run
        log.info("reconciled", **gone.done.model_dump(mode="json"))
        return gone.done

    async def go_through(
        self,
        provider: Provider,
        on: date,
        as_of: datetime,
        *,
        given: tuple[StatementLine, ...] | None = None,
        repairs: bool = True,
        dry: bool = False,
    ) -> Gone:
        """Go through a day of a provider, by its own statement or by one that was `given` as a file.

        A dry run writes nothing; without `repairs` nothing is told. Raises `Invalid` and `BadSignature` for a
        statement that is refused whole, and for a day to come; `Refused`, `Unavailable`.
        """
        require_begun(on, civil_date(as_of))
        lines = given if given is not None else await self._lines(provider, on)
        loaded = await load(self._pool, provider, on, lines or ())
        day = await self._beside(Day(provider, on, lines, as_of, loaded.elsewhere), loaded)
        found = reconcile(day, loaded.books)
        if dry:
            return Gone(day, found)
        source = "file" if given is not None else "books" if lines is None else "provider"
        kept = await keep(self._pool, day, loaded.books, found, source, vouched=given is None or repairs)
        repaired = await self._repair(kept.untold, as_of) if repairs else 0
        return Gone(day, found, _reconciled(day, kept, repaired))

    async def _lines(self, provider: Provider, day: date) -> tuple[StatementLine, ...] | None:
        return None if provider is Provider.COUNTER else await self._statements.statement(provider, day)

    async def _beside(self, day: Day, loaded: Loaded) -> Day:
        """Look into the days beside it where something near midnight is missing; the day with what was found there."""
        elsewhere, unread = list(day.elsewhere), set()
        for other in sorted(neighbours(day, loaded.books)) if day.lines is not None else ():
            try:
                elsewhere += await self._statements.statement(day.provider, other)
            except (Unavailable, Refused, DomainError):
                unread.add(other)  # which is said beside what is missing
        beside = without(elsewhere, day.lines or ())
        return Day(day.provider, day.on, day.lines, day.as_of, beside, frozenset(unread))

    async def _repair(self, untold: Mapping[UUID, Discrepancy], now: datetime) -> int:
        """Tell each debit as a call-back; one that the door refuses says why."""
        repaired = 0
        for id_, each in untold.items():
            assert each.repair is not None  # only such are untold
            try:
                await self._intake.report_payment(_report(each.repair), received_at=now, asked=True)
            except DomainError as error:
                await mark_repair(self._pool, id_, "failed", f"{error.message}: {error.remedy}", now)
            else:
                await mark_repair(self._pool, id_, "done", each.why, now)
                repaired += 1
        return repaired


def _report(line: StatementLine) -> PaymentReport:
    facts = {"reference": line.reference, "provider": str(line.provider), "transaction": line.transaction}
    debit = {"amount": line.amount, "currency": line.currency, "paid_at": line.at}
    return PaymentReport.model_validate({"outcome": "succeeded", **facts, **debit})


def _reconciled(day: Day, kept: Kept, repaired: int) -> Reconciled:
    counted = {"found": kept.found, "opened": kept.opened, "repaired": repaired, "closed": kept.closed}
    return Reconciled.model_validate({"provider": str(day.provider), "day": day.on, **counted})
