"""The cashier's end-of-day closing: what was counted beside what the ledger says, kept once and never edited.

A closing keeps which payments and refunds it counted in, so whatever is entered later into a day that is closed is
in none, and the cashier's next closing lists it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from activities.ports import LawBook
from adapters.keys import KeyedDigest
from adapters.postgres import Connection, Pool, row_of, transaction
from adapters.vault import Vault
from domain.closings import require_closable, require_explained
from domain.errors import Conflict, Invalid
from domain.instants import civil_date
from domain.periods import Span, period_with
from schema.closings import Closing, ClosingBody, Oddity
from schema.sql import QUERIES
from schema.submissions import ActorBody

_Drawer = tuple[str, str, str]
"""Unit, cashier, means."""


class Closings:
    """The book of closings."""

    def __init__(self, pool: Pool, law: LawBook, vault: Vault, digest: KeyedDigest) -> None:
        self._pool = pool
        self._law = law
        self._vault = vault
        self._digest = digest

    async def close(self, system: str, id_: UUID, body: ClosingBody, *, now: datetime) -> Closing:
        """Close a cashier's day for a calling system; the same id with the same body is the same closing.

        Raises Invalid for a day to come, an unknown unit, a difference without a reason, and a correction of
        something that does not stand; Conflict for a day that is closed and for an id of another body; Unavailable.
        """
        require_closable(body.day, civil_date(now))
        law = await self._law.latest()
        if all(unit.code != body.unit for unit in law.units):
            raise Invalid("there is no such unit", field="unit", remedy="give the code of a unit of the catalogue")
        digest = self._digest.of_body("closing", {"system": system, **body.model_dump(mode="json")})
        async with transaction(self._pool) as connection:
            await connection.execute(QUERIES["lock_closings"])
            known = await connection.fetchrow(QUERIES["find_closing"], id_)
            if known is None:
                await self._keep(connection, system, id_, body, digest, now)
            elif known["digest"] != digest:
                raise Conflict(
                    "this id was used before for another closing",
                    field="Idempotency-Key",
                    remedy="send the first body again to get its answer, or a new id for a new closing",
                )
            return await _told(connection, id_, created=known is None)

    async def _keep(
        self, connection: Connection, system: str, id_: UUID, body: ClosingBody, digest: str, now: datetime
    ) -> None:
        cashier = await self._vault.officer(connection, body.system or system, _named(body.cashier))
        closed_by = cashier
        if body.closed_by:
            closed_by = await self._vault.officer(connection, system, _named(body.closed_by))
        drawer = (body.unit, cashier, body.means)
        await _require_place(connection, drawer, body)
        span = period_with(body.day, Span.DAY)
        counted_in = await connection.fetch(QUERIES["drawer_of"], *drawer, span.begins, span.ends)
        unlisted = await connection.fetch(QUERIES["unlisted_of_drawer"], *drawer, body.day)
        ledger = sum(row["amount"] for row in counted_in)
        require_explained(ledger, body.counted, body.reason)
        facts = (id_, body.unit, cashier, body.day, body.means, ledger, body.counted, body.reason, body.deposit_slip)
        await connection.execute(QUERIES["insert_closing"], *facts, closed_by, now, body.corrects, digest)
        items = [*((row, "ledger") for row in counted_in), *((row, row["part"]) for row in unlisted)]
        await connection.execute(QUERIES["insert_closing_items"], id_, *_columns(items))


async def _require_place(connection: Connection, drawer: _Drawer, body: ClosingBody) -> None:
    """A day is closed once; a correction names the closing that stands."""
    unit, cashier, means = drawer
    standing = await connection.fetchrow(QUERIES["standing_closing"], unit, cashier, body.day, means)
    if body.corrects is None and standing is not None:
        raise Conflict(
            f"this day of this cashier is closed ({standing['id']})",
            field="day",
            remedy="to correct that closing, send its id as 'corrects'",
        )
    if body.corrects is not None and (standing is None or standing["id"] != body.corrects):
        raise Invalid(
            "this is not the closing that stands for this cashier, unit, day and means",
            field="corrects",
            remedy=f"name {standing['id']}" if standing else "leave it out: the day is not closed yet",
        )


def _named(officer: str) -> ActorBody:
    return ActorBody(role="clerk", officer=officer)


def _columns(items: Iterable[tuple[asyncpg.Record, str]]) -> tuple[list[Any], ...]:
    rows = [(row["movement"], row["provider"], row["transaction"], part) for row, part in items]
    return tuple([row[column] for row in rows] for column in range(4))


async def _told(connection: Connection, id_: UUID, *, created: bool) -> Closing:
    closing = await row_of(connection, QUERIES["find_closing"], id_)
    items = await connection.fetch(QUERIES["items_of_closing"], id_)
    counted_in = [row["movement"] for row in items if row["part"] == "ledger"]
    return Closing(
        **{name: closing[name] for name in Closing.model_fields if name in closing},
        created=created,
        payments=counted_in.count("payment"),
        refunds=counted_in.count("refund"),
        exceptions=tuple(Oddity.model_validate(dict(row)) for row in items if row["part"] != "ledger"),
    )
