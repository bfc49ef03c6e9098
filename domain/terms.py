"""Owns the one calculation of a due instant: a term, counted from an anchor, over a calendar.

It is the only place that counts days or opening hours forward, so the timer, the receipt, the screen, the
report and the explanation agree. Law: Civil Code 2015, Articles 144 to 148; Decree 61/2018, Article 18.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum


class TermUnit(StrEnum):
    """What a term is counted in. Units are never converted into one another."""

    WORKING_DAY = "working_day"
    CALENDAR_DAY = "calendar_day"
    WORKING_HOUR = "working_hour"
    SAME_DAY = "same_day"


class StartRule(StrEnum):
    """Where a term of working days begins: the day after (Civil Code 147) or the very moment."""

    NEXT_DAY = "next_day"
    FROM_MOMENT = "from_moment"


@dataclass(frozen=True)
class Term:
    """An amount of a unit: quarters at the finest, whole for calendar days, 1 for a same-day term."""

    amount: Decimal
    unit: TermUnit
    start: StartRule = StartRule.NEXT_DAY


@dataclass(frozen=True)
class WalkDay:
    """One day of the count: how much of the term it took, in the term's unit, and why."""

    day: date
    counted: Decimal
    reason: str


@dataclass(frozen=True)
class Due:
    """When a term ends, with the count that leads there; provisional if it crosses an unannounced year."""

    instant: datetime
    walk: tuple[WalkDay, ...]
    provisional: bool
