"""The rows behind a statement: single lines of payments and refunds, where each stands, and how they are read."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from adapters.postgres import Connection
from domain.fees import FeeKind
from domain.statements import Filters, Line, Movement, What
from schema.sql import QUERIES

STEP = 1_000
"""Rows that are read at a time."""

Span = tuple[datetime, datetime, datetime]
"""From this instant up to, and without, that one; as it was known at the third."""


@dataclass(frozen=True)
class Place:
    """Where a row stands among all: the next page begins after it."""

    at: datetime
    movement: str
    provider: str
    transaction: str
    position: int


@dataclass(frozen=True)
class Row:
    """One line of a payment or of a refund, with where it is found again."""

    line: Line | None
    """None for a surplus, which is for no fee."""
    place: Place
    dossier: UUID
    code: str | None
    attempt: str | None
    unit: str
    procedure: str
    channel: str
    means: str
    amount: int
    series: str | None
    number: int | None

    @property
    def movement(self) -> Movement:
        """Whether the money came or went back."""
        return Movement(self.place.movement)


async def page(
    connection: Connection,
    span: Span,
    filters: Filters,
    *,
    what: What,
    movement: Movement | None,
    after: Place | None,
    limit: int,
) -> list[Row]:
    """A keyset page, in the order in which things happened."""
    values = _values(span, filters, what, movement, after, limit)
    return [_row(record) for record in await connection.fetch(QUERIES["list_movements"], *values)]


async def stream(connection: Connection, span: Span, filters: Filters, what: What) -> AsyncIterator[Row]:
    """All of them, one by one, by the same query; within a transaction of the caller's."""
    values = _values(span, filters, what, None, None, None)
    async for record in connection.cursor(QUERIES["list_movements"], *values, prefetch=STEP):
        yield _row(record)


def _values(
    span: Span, filters: Filters, what: What, movement: Movement | None, after: Place | None, limit: int | None
) -> tuple[Any, ...]:
    begins, ends, as_of = span
    place = (after.at, after.movement, after.provider, after.transaction, after.position) if after else (None,) * 5
    fee = (filters.fee, filters.kind) if what is What.FEES else (None, None)
    return (
        None if what is What.HELD else begins,
        ends,
        as_of,
        filters.unit,
        *fee,
        filters.channel,
        filters.means,
        "fee" if what is What.FEES else "surplus",
        what is What.HELD,
        *place,
        movement,
        limit,
    )


def _row(record: asyncpg.Record) -> Row:
    place = Place(record["at"], record["movement"], record["provider"], record["transaction"], record["position"])
    names = ("dossier", "code", "attempt", "unit", "procedure", "channel", "means", "amount", "series", "number")
    line = _line(record) if record["kind"] else None
    return Row(line, place, *(record[name] for name in names))


def _line(record: asyncpg.Record) -> Line:
    return Line(
        movement=Movement(record["movement"]),
        provider=record["provider"],
        transaction=record["transaction"],
        position=record["position"],
        happened_at=record["at"],
        unit=record["unit"],
        channel=record["channel"],
        means=record["means"],
        fee=record["fee"],
        name=record["name"],
        kind=FeeKind(record["kind"]),
        amount=record["amount"],
        kept_percent=record["kept_percent"],
    )
