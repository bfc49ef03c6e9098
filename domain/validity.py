"""Owns what "in force" means: law is dated data, and nobody edits an old row."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Protocol, TypeVar


class Dated(Protocol):
    """A row with a first day and, unless it is still open, a last one; both days count."""

    @property
    def valid_from(self) -> date: ...

    @property
    def valid_to(self) -> date | None: ...


Row = TypeVar("Row", bound=Dated)


def is_in_force(row: Dated, on: date) -> bool:
    """Whether the row holds on that day."""
    return row.valid_from <= on and (row.valid_to is None or on <= row.valid_to)


def in_force(rows: Iterable[Row], on: date) -> tuple[Row, ...]:
    """The rows that hold on that day, in their own order."""
    return tuple(row for row in rows if is_in_force(row, on))


def do_overlap(one: Dated, other: Dated) -> bool:
    """Whether both rows hold on some day."""
    latest = max(one.valid_from, other.valid_from)
    return is_in_force(one, latest) and is_in_force(other, latest)


def spell(row: Dated) -> str:
    """Write a row's validity for a message."""
    return f"{row.valid_from:%d/%m/%Y}–{f'{row.valid_to:%d/%m/%Y}' if row.valid_to else 'open'}"
