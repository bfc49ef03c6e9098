"""Statements over the money tables: what a period brought, divided as asked, and the rows behind every figure.

Every statement is made twice, in one snapshot: added up by the database, and from the single rows that the drill-down
shows. Where the two differ by one đồng there is no statement (`Unsound`).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from activities.ports import LawBook
from adapters.postgres import Connection, Pool, reading, row_of
from adapters.statement_rows import Place, Row, Span, page, stream
from domain.catalogue import Catalogue
from domain.errors import Invalid, MotcuaError
from domain.periods import Period
from domain.statements import By, Filters, Key, Movement, Surplus, Tally, Total, What
from schema.sql import QUERIES

EVERYTHING = (By.UNIT, By.FEE, By.CHANNEL, By.MEANS)


class Unsound(MotcuaError):
    """The ledger does not add up; nothing is told until somebody has looked."""


@dataclass(frozen=True)
class Group:
    """One division of a statement; what it was not divided by is ""."""

    unit: str
    fee: str
    name: str
    kind: str
    channel: str
    means: str
    day: str
    total: Total


@dataclass(frozen=True)
class Statement:
    """What a period brought. `surplus` is None where a fee was chosen: a surplus is for none."""

    period: Period
    as_of: datetime
    filters: Filters
    by: tuple[By, ...]
    groups: tuple[Group, ...]
    total: Total
    surplus: Surplus | None
    unit_names: dict[str, str]

    @property
    def is_final(self) -> bool:
        """Whether the period was over when it was made."""
        return self.as_of >= self.period.ends


Sink = Callable[[What, Row], None]


def _unheard(what: What, row: Row) -> None:
    """The sink of whoever wants the totals alone."""


class Statements:
    """Makes statements and lists the rows behind them; everything is as it was known at `as_of`."""

    def __init__(self, pool: Pool, law: LawBook) -> None:
        self._pool = pool
        self._law = law

    async def statement(
        self,
        period: Period,
        filters: Filters,
        *,
        by: tuple[By, ...] = EVERYTHING,
        as_of: datetime,
        sink: Sink = _unheard,
    ) -> Statement:
        """Add a period up; `sink` is handed every row on the way, fees first, then surpluses.

        Raises Invalid for a unit that never was, Unsound when the ledger does not add up, Unavailable.
        """
        law = await self._law.latest()
        _require_unit(law, filters.unit)
        span = (period.begins, period.ends, as_of)
        async with self._snapshot() as connection:
            await _require_sound(connection, span)
            groups = await _sums(connection, span, filters, by)
            (whole,) = await _sums(connection, span, filters, ()) or [_EMPTY]
            await _check_fees(connection, span, filters, by, groups, whole.total, sink)
            surplus = None if filters.fee or filters.kind else await _surplus(connection, span, filters, sink)
        names = {unit.code: unit.name for unit in law.units if unit.valid_from < period.after}
        return Statement(period, as_of, filters, by, tuple(groups), whole.total, surplus, names)

    async def rows(
        self,
        period: Period,
        filters: Filters,
        *,
        as_of: datetime,
        what: What = What.FEES,
        movement: Movement | None = None,
        after: Place | None = None,
        limit: int,
    ) -> list[Row]:
        """A keyset page of the rows behind a figure, in the order in which they happened."""
        _require_unit(await self._law.latest(), filters.unit)
        span = (period.begins, period.ends, as_of)
        async with reading(self._pool) as connection:
            return await page(connection, span, filters, what=what, movement=movement, after=after, limit=limit)

    @asynccontextmanager
    async def _snapshot(self) -> AsyncIterator[Connection]:
        async with (
            reading(self._pool) as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            yield connection


async def _require_sound(connection: Connection, span: Span) -> None:
    found = await connection.fetchrow(QUERIES["unsound_payment"], *span[:2])
    if found is not None:
        raise Unsound(
            f"the lines or the refund of payment {found['provider']}/{found['transaction']} are not its amount"
        )


async def _sums(connection: Connection, span: Span, filters: Filters, by: tuple[By, ...]) -> list[Group]:
    chosen = (filters.unit, filters.fee, filters.kind, filters.channel, filters.means)
    rows = await connection.fetch(QUERIES["sum_fees"], *span, *chosen, [str(each) for each in by])
    return sorted((_group(row, by) for row in rows), key=lambda group: _key(group, by))


def _group(row: asyncpg.Record, by: tuple[By, ...]) -> Group:
    total = Total(**{name: row[name] for name in Total.__dataclass_fields__})
    name = row["name"] if By.FEE in by else ""
    return Group(row["unit"], row["fee"], name, row["kind"], row["channel"], row["means"], row["day"], total)


def _key(group: Group, by: tuple[By, ...]) -> Key:
    parts = {By.FEE: (group.fee, group.kind)}
    return tuple(part for each in by for part in parts.get(each) or (getattr(group, each),))


_EMPTY = Group("", "", "", "", "", "", "", Total())


async def _check_fees(
    connection: Connection,
    span: Span,
    filters: Filters,
    by: tuple[By, ...],
    groups: list[Group],
    whole: Total,
    sink: Sink,
) -> None:
    """Add the rows up as well, one by one, as the drill-down gives them."""
    divided, undivided = Tally(by), Tally()
    async for row in stream(connection, span, filters, What.FEES):
        sink(What.FEES, row)
        assert row.line is not None  # `_require_sound` has looked
        divided.add(row.line)
        undivided.add(row.line)
    same = divided.totals() == {_key(group, by): group.total for group in groups}
    if not same or undivided.totals().get((), Total()) != whole or not whole.is_sound:
        raise Unsound("the rows do not add up to the totals of this statement")


async def _surplus(connection: Connection, span: Span, filters: Filters, sink: Sink) -> Surplus:
    chosen = (filters.unit, filters.channel, filters.means)
    row = await row_of(connection, QUERIES["sum_surplus"], *span, *chosen)
    told = Surplus(**dict(row))
    moved = [each async for each in stream(connection, span, filters, What.SURPLUS)]
    held = [each.amount async for each in stream(connection, span, filters, What.HELD)]
    came = [each.amount for each in moved if each.movement is Movement.PAYMENT]
    back = [each.amount for each in moved if each.movement is Movement.REFUND]
    if told != Surplus(len(came), sum(came), len(back), sum(back), len(held), sum(held)):
        raise Unsound("the rows do not add up to the surplus of this statement")
    for each in moved:
        sink(What.SURPLUS, each)
    return told


def _require_unit(law: Catalogue, unit: str | None) -> None:
    if unit is not None and all(each.code != unit for each in law.units):
        raise Invalid("there is no such unit", field="unit", remedy="give the code of a unit of the catalogue")
