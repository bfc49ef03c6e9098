"""Owns what the checks of the catalogue share: a finding in the making, and whether days are covered."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from domain.entries import Entry
from domain.validity import Dated


@dataclass(frozen=True)
class Wrong:
    """One thing that is wrong with one entry of a kind."""

    kind: str
    entry: Entry
    message: str
    remedy: str


def is_blank(text: str) -> bool:
    """Whether nothing is written there."""
    return not text.strip()


def first_uncovered(span: Dated, rows: Iterable[Dated]) -> date | None:
    """The first day of the span on which none of the rows holds, None when every day is covered."""
    day = span.valid_from
    for row in sorted(rows, key=lambda each: each.valid_from):
        if row.valid_from > day:
            break
        if row.valid_to is None:
            return None
        day = max(day, row.valid_to + timedelta(days=1))
    return day if span.valid_to is None or day <= span.valid_to else None


@dataclass(frozen=True)
class Span:
    """A stretch of days."""

    valid_from: date
    valid_to: date | None


def common(one: Dated, other: Dated) -> Span | None:
    """The days on which both rows hold, None when there are none."""
    ends = [row.valid_to for row in (one, other) if row.valid_to is not None]
    start, end = max(one.valid_from, other.valid_from), min(ends, default=None)
    return None if end is not None and end < start else Span(start, end)
