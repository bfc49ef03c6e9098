"""Owns what a term is as the law writes it: an amount of a unit, and where its count begins."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from functools import cached_property

from domain.errors import Invalid

LONGEST = Decimal(10_000)


class TermUnit(StrEnum):
    """What a term is counted in. Units are never converted into one another."""

    WORKING_DAY = "working_day"
    CALENDAR_DAY = "calendar_day"
    MONTH = "month"
    WORKING_HOUR = "working_hour"  # hours in which the office is open
    HOUR = "hour"  # hours on the wall clock, day and night
    SAME_DAY = "same_day"


class StartRule(StrEnum):
    """Where a term of working days begins: the day after (Civil Code 147) or the very moment."""

    NEXT_DAY = "next_day"
    FROM_MOMENT = "from_moment"


_QUARTER, _ONE = Decimal("0.25"), Decimal(1)

GRAIN = {
    TermUnit.WORKING_DAY: _QUARTER,
    TermUnit.CALENDAR_DAY: _ONE,
    TermUnit.MONTH: _ONE,
    TermUnit.WORKING_HOUR: _QUARTER,
    TermUnit.HOUR: _QUARTER,
    TermUnit.SAME_DAY: _ONE,
}
"""The finest amount a term of each unit may be written in."""

_WHOLE_DAYS = frozenset({TermUnit.CALENDAR_DAY, TermUnit.MONTH})


@dataclass(frozen=True)
class Term:
    """An amount of a unit, a multiple of its grain; 1 for a same-day term.

    `start` says where working days begin. Hours always run from the moment, calendar days and months never do.
    """

    amount: Decimal
    unit: TermUnit
    start: StartRule = StartRule.NEXT_DAY

    @cached_property
    def quarters(self) -> int:
        """The amount in quarters of its unit. Raises Invalid for a term that cannot be counted."""
        check(self)
        return int(self.amount * 4)


def check(term: Term) -> None:
    """Refuse with Invalid a term that cannot be counted."""
    if not term.amount.is_finite() or not 0 < term.amount <= LONGEST:
        raise Invalid(
            f"{term.amount} {term.unit} is not the length of a term",
            field="amount",
            remedy=f"give more than zero and at most {LONGEST}",
        )
    grain = GRAIN[term.unit]
    if term.amount % grain:
        remedy = f"give a multiple of {grain}; round a shortened term down, never up"
        raise Invalid(f"{term.amount} {term.unit} is finer than terms are counted", field="amount", remedy=remedy)
    if term.unit is TermUnit.SAME_DAY and term.amount != 1:
        raise Invalid(f"a same-day term cannot be {term.amount} days", field="amount", remedy="give 1")
    if term.unit in _WHOLE_DAYS and term.start is StartRule.FROM_MOMENT:
        remedy = f"give '{StartRule.NEXT_DAY}', or count in working hours"
        raise Invalid("calendar days and months are not counted from a moment", field="start", remedy=remedy)
