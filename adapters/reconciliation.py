"""The daily reconciliation: a provider's statement of one day beside our books, kept, and repaired where provable.

The same day again finds the same differences and repairs nothing twice; what a later run does not find has gone.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

import asyncpg

from adapters.intake import Intake
from adapters.postgres import Connection, Pool, reading, row_of, transaction
from domain.errors import DomainError, Invalid
from domain.instants import VIETNAM, at, parse_instant
from domain.reconciliation import Books, Debit, Discrepancy, Movement, reconcile
from schema.payments import PaymentReport, ReconcileAsk, Reconciled
from schema.sql import QUERIES

Statement = Callable[[date], Awaitable[str]]
"""A provider's statement of a day, as text: one line a movement."""

FIELDS = ("transaction", "reference", "kind", "amount", "currency", "instant")
STALE = timedelta(hours=2)
"""How long after its time an attempt may be unknown before it is listed."""
_DAY = timedelta(days=1)


def read_statement(text: str) -> tuple[Movement, ...]:
    """Read a statement; one wrong line refuses the whole, naming line and remedy, and nothing is moved."""
    lines = [line.strip() for line in text.lstrip("\ufeff").splitlines()]
    numbered = [(number, line) for number, line in enumerate(lines, 1) if line and line != ";".join(FIELDS)]
    return tuple(_movement(number, line) for number, line in numbered)


def _movement(number: int, line: str) -> Movement:
    parts = line.split(";")
    remedy = f"one line a movement: {';'.join(FIELDS)}; whole đồng, an ISO 8601 instant"
    if len(parts) != len(FIELDS) or parts[2] not in ("debit", "refund") or not parts[0]:
        raise Invalid(f"line {number} of the statement is none", field=f"line {number}", remedy=remedy)
    if not (parts[3].isascii() and parts[3].isdecimal()) or len(parts[3]) > 15 or not int(parts[3]):
        raise Invalid(f"line {number}: the amount is no whole number", field=f"line {number}", remedy=remedy)
    try:
        instant = parse_instant(parts[5])
    except DomainError:
        raise Invalid(f"line {number}: the instant is none", field=f"line {number}", remedy=remedy) from None
    kind: Any = parts[2]
    return Movement(parts[0], parts[1], kind, int(parts[3]), parts[4], instant)


class Reconciliation:
    """Reconciles days; what is provable goes the way of a call-back."""

    def __init__(self, pool: Pool, intake: Intake, statements: Mapping[str, Statement] | None = None) -> None:
        self._pool = pool
        self._intake = intake
        self._statements = statements or {}

    async def reconcile(self, ask: ReconcileAsk) -> Reconciled:
        """`activities.ports.Reconciler`: of the providers that this installation has."""
        if ask.provider not in self._statements:
            return Reconciled()
        found = await self.run(ask.provider, ask.day, self._statements[ask.provider], now=ask.as_of)
        return Reconciled(found=len(found), repaired=sum(each["repair"] == "done" for each in found))

    async def run(
        self, provider: str, day: date, statement: Statement, *, now: datetime, dry_run: bool = False
    ) -> list[dict[str, Any]]:
        """Find, keep and repair; with `dry_run` find only. Raises `Invalid` for a statement that is none."""
        lines = read_statement(await statement(day))
        beside = [*read_statement(await statement(day - _DAY)), *read_statement(await statement(day + _DAY))]
        books = await self._books(provider, day, lines, now)
        found = reconcile(lines, books, beside)
        if dry_run:
            return [_shown(each, "none") for each in found]
        return await self._kept(provider, day, found, now)

    async def open_ones(self, limit: int = 1000) -> Sequence[asyncpg.Record]:
        """Differences that stand."""
        async with reading(self._pool) as connection:
            return await connection.fetch(QUERIES["open_discrepancies"], limit)

    async def _books(self, provider: str, day: date, lines: Sequence[Movement], now: datetime) -> Books:
        begins = at(day, time.min)
        names = sorted({line.transaction for line in lines})
        async with reading(self._pool) as connection:
            rows = await connection.fetch(QUERIES["debits_of_day"], provider, begins, begins + _DAY, names)
            references = sorted({line.reference for line in lines if line.kind == "debit"})
            named = await connection.fetch(QUERIES["attempts_named"], provider, references)
            stale = await connection.fetch(QUERIES["attempts_unknown"], provider, min(now, begins + _DAY) - STALE)
        return Books(
            debits=tuple(_debit(row) for row in rows),
            dossier_of={row["reference"]: str(row["dossier"]) for row in (*named, *stale)},
            paid_by={row["reference"]: row["transaction"] for row in named if row["transaction"]},
            kept_by={str(row["dossier"]): row["kept"] for row in rows},
            stale=tuple(row["reference"] for row in stale),
        )

    async def _kept(
        self, provider: str, day: date, found: Sequence[Discrepancy], now: datetime
    ) -> list[dict[str, Any]]:
        shown, ids = [], []
        for each in found:
            async with transaction(self._pool) as connection:
                row = await self._note(connection, provider, day, each, now)
            ids.append(row["id"])
            repair = "done before" if row["repaired_at"] else "none"
            if each.is_provable and each.movement is not None and not row["repaired_at"]:
                await self._intake.report_payment(_report(provider, each.movement), received_at=now, asked=True)
                async with reading(self._pool) as connection:
                    await connection.execute(QUERIES["note_repair"], row["id"], now)
                repair = "done"
            shown.append(_shown(each, repair))
        async with reading(self._pool) as connection:
            await connection.execute(QUERIES["note_gone"], provider, day, ids, now)
        return shown

    async def _note(
        self, connection: Connection, provider: str, day: date, each: Discrepancy, now: datetime
    ) -> asyncpg.Record:
        values = (each.kind, provider, day, each.transaction, each.reference, each.dossier, each.ours, each.theirs)
        return await row_of(connection, QUERIES["note_discrepancy"], *values, each.is_provable, now)


def _debit(row: asyncpg.Record) -> Debit:
    return Debit(
        transaction=row["transaction"],
        dossier=str(row["dossier"]),
        amount=row["amount"],
        is_fee=row["use"] == "fee",
        assessed=row["assessed"],
        receipt=row["receipt"],
        refund="done" if row["refund"] == "refunded" else "open" if row["refund"] else "",
    )


def _report(provider: str, line: Movement) -> PaymentReport:
    facts = {"reference": line.reference, "provider": provider, "outcome": "succeeded", "currency": line.currency}
    debit = {"amount": line.amount, "transaction": line.transaction, "paid_at": line.at.astimezone(VIETNAM)}
    return PaymentReport.model_validate({**facts, **debit})


def _shown(each: Discrepancy, repair: str) -> dict[str, Any]:
    return {
        "kind": str(each.kind),
        "transaction": each.transaction,
        "reference": each.reference,
        "dossier": each.dossier,
        "ours": each.ours,
        "theirs": each.theirs,
        "provable": each.is_provable,
        "repair": repair,
        "why": each.why,
    }
