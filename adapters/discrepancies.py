"""The book of discrepancies: what a run found is kept once, and closed when it is gone or by a person with a reason."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

import asyncpg

from adapters.postgres import Connection, Pool, reading, row_of, transaction
from adapters.vault import Vault
from domain.books import Books, Day
from domain.discrepancies import Closing, Discrepancy, parse_closing
from domain.errors import Conflict, Forbidden, NotFound
from domain.payments import RefundState
from domain.provider_statement import LineKind, digest_of
from schema.sql import QUERIES
from schema.submissions import ActorBody

ENGINE = "motcua"
CLOSE = frozenset({"clerk", "leader"})
"""Who keeps the accounts, and so may close."""


@dataclass(frozen=True)
class Kept:
    """What a run left: how many stand, are new, are gone; and those whose repair is still to be told."""

    found: int
    opened: int
    closed: int
    untold: Mapping[UUID, Discrepancy] = field(default_factory=dict)


async def keep(
    pool: Pool, day: Day, books: Books, found: Sequence[Discrepancy], source: str, *, vouched: bool = True
) -> Kept:
    """Write what was found on a day; the same again writes nothing.

    A file that nobody has `vouched` for takes nothing back that better evidence found; and what only such a file had
    shown, and a person closed, is found anew once it is proved.
    """
    async with transaction(pool) as connection:
        await connection.execute(QUERIES["lock_reconciliations"])
        known = await connection.fetch(QUERIES["discrepancies_of_day"], day.provider, day.on)
        run = await _run(connection, day, books, len(found), source)
        is_open = {_identity(row): row for row in known if row["closed_at"] is None}
        closed_by_hand = [row for row in known if row["closed_at"] and row["reason"] != Closing.GONE]
        settled = {_identity(row) for row in closed_by_hand if not (vouched and _was_unproved(row))}
        opened, untold = 0, {}
        for each in found:
            row = is_open.pop(each.identity, None)
            if row is None and each.identity in settled:
                continue
            id_ = row["id"] if row else await _open(connection, run, day, each)
            opened += row is None
            if each.repair is not None and (row is None or row["repair_state"] != "done"):
                untold[id_] = each
        gone = [row for row in is_open.values() if vouched or row["source"] == "file"]
        closed = await _close_gone(connection, day, gone, vouched)
    stands = [each for each in found if each.identity not in settled]
    return Kept(len(stands), opened, closed, untold)


async def mark_repair(pool: Pool, id_: UUID, state: str, why: str, now: datetime) -> None:
    """Note that a repair was told, or why it was not."""
    async with reading(pool) as connection:
        await connection.execute(QUERIES["mark_repair"], id_, state, why, now)


class Discrepancies:
    """The book as people see it."""

    def __init__(self, pool: Pool, vault: Vault) -> None:
        self._pool = pool
        self._vault = vault

    async def listed(
        self, *, only_open: bool = False, provider: str | None = None, day: date | None = None, limit: int = 1_000
    ) -> list[dict[str, Any]]:
        """The newest, or only those that are open, or of one provider or day."""
        async with reading(self._pool) as connection:
            rows = await connection.fetch(QUERIES["list_discrepancies"], only_open, provider, day, limit)
        return [dict(row) for row in rows]

    async def close(self, id_: UUID, reason: str, system: str, actor: ActorBody, now: datetime) -> dict[str, Any]:
        """Close one for an officer of a calling system; the same facts do not open it again.

        Raises Invalid for a reason that is not of the list and for nobody's name, Forbidden, NotFound, and Conflict
        for one that is closed already.
        """
        code = parse_closing(reason)
        if actor.role not in CLOSE:
            raise Forbidden(
                f"'{actor.role}' does not close a discrepancy",
                field="actor.role",
                remedy=f"send it for one of: {', '.join(sorted(CLOSE))}",
            )
        async with transaction(self._pool) as connection:
            row = await connection.fetchrow(QUERIES["find_discrepancy"], id_)
            if row is None:
                raise NotFound("there is no such discrepancy", field="id", remedy="see `motcua discrepancies`")
            by = await self._vault.officer(connection, system, actor)
            if await connection.fetchval(QUERIES["close_discrepancy"], id_, now, by, code) is None:
                raise Conflict(
                    f"this discrepancy is closed already ({row['reason']})",
                    field="id",
                    remedy="leave it; what differs anew is found anew",
                )
            return dict(await row_of(connection, QUERIES["find_discrepancy"], id_))


async def _run(connection: Connection, day: Day, books: Books, found: int, source: str) -> UUID:
    """The run that went through this statement first: this one, unless there was another."""
    digest = "" if day.lines is None else digest_of(day.lines)
    if source == "file":
        digest = f"file/{digest}"  # the same lines signed are another run
    values = (uuid4(), day.provider, day.on, digest, source, *_totals(day, books), found, day.as_of)
    run: UUID | None = await connection.fetchval(QUERIES["insert_reconciliation"], *values)
    if run is None:
        row = await row_of(connection, QUERIES["find_reconciliation"], day.provider, day.on, digest)
        return UUID(str(row["id"]))
    lines = day.lines or ()
    columns = [[getattr(line, name) for line in lines] for name in _COLUMNS]
    await connection.execute(QUERIES["insert_statement_lines"], run, day.provider, *columns)
    return run


_COLUMNS = ("transaction", "reference", "kind", "amount", "currency", "at")


def _totals(day: Day, books: Books) -> tuple[int, ...]:
    """Counts and sums: their debits and refunds, ours paid and done on that day."""
    theirs = [[line.amount for line in day.of(kind) if line.currency == "VND"] for kind in LineKind]
    paid = [each.amount for each in books.payments if each.provider is day.provider and day.has(each.paid_at)]
    mine = [each for each in books.refunds if each.provider is day.provider and day.has(each.done_at)]
    back = [each.amount for each in mine if each.state is RefundState.REFUNDED]
    counts = [len(day.of(kind)) for kind in LineKind]
    return counts[0], sum(theirs[0]), counts[1], sum(theirs[1]), len(paid), sum(paid), len(back), sum(back)


async def _open(connection: Connection, run: UUID, day: Day, each: Discrepancy) -> UUID:
    id_, dossier = uuid4(), UUID(each.dossier) if each.dossier else None
    names = (each.kind, each.transaction, each.reference, dossier, each.ours, each.theirs, each.why)
    repair = "call_back" if each.repair else None
    await connection.execute(QUERIES["insert_discrepancy"], id_, run, day.provider, day.on, *names, repair, day.as_of)
    return id_


async def _close_gone(connection: Connection, day: Day, gone: Iterable[asyncpg.Record], vouched: bool) -> int:
    """Close what is not found any more, and what other days lacked and this one has."""
    closing, closed = (day.as_of, ENGINE, Closing.GONE), 0
    for row in gone:
        closed += await connection.fetchval(QUERIES["close_discrepancy"], row["id"], *closing) is not None
    if not vouched:
        return closed
    debits = [line.transaction for line in day.of(LineKind.DEBIT)]
    refunds = [line.reference for line in day.of(LineKind.REFUND)]
    later = await connection.fetch(QUERIES["close_found_later"], day.provider, day.on, debits, refunds, *closing)
    return closed + len(later)


def _was_unproved(row: asyncpg.Record) -> bool:
    """Whether a person closed what only an operator's file had shown, though its line would prove it."""
    return row["source"] == "file" and row["repair"] is not None and row["repair_state"] != "done"


def _identity(row: asyncpg.Record) -> tuple[str, ...]:
    names = (row["kind"], row["provider"], row["transaction"], row["reference"], row["dossier"] or "")
    return tuple(str(each) for each in (*names, row["ours"], row["theirs"]))
