"""Owns why each day of a count was counted or not, as typed reasons that every language can word.

A term that the calculator counts has the calculator's own walk; a clock that is no such term (one hour after the
next opening, a date that somebody gave) is measured: so much opening time on each day up to its due instant.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from itertools import groupby

from domain.calendars import Calendar
from domain.instants import at, local
from domain.office_time import opening_time_between
from domain.terms import ACCEPTANCE, COMPLETION, STOPPED, Due, TermUnit, WalkDay

_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)
_SATURDAY = 5


class Why(StrEnum):
    """What makes a day count, or not."""

    WORKING = "working"
    WEEKEND = "weekend"
    HOLIDAY = "holiday"
    COMPENSATION = "compensation"
    SWAPPED_OFF = "swapped_off"
    WORKING_SATURDAY = "working_saturday"
    CLOSURE = "closure"
    RECEIVED = "received"  # the day of the event, which is not counted (Civil Code 147)
    COMPLETED = "completed"  # the same, where the term runs anew from the complete papers
    TOO_LATE = "too_late"  # received after the cut-off of a same-day term
    STOPPED = "stopped"  # the clock stood still; `name` says for which reason
    AFTER_HOURS = "after_hours"  # what was left of the day lay outside opening hours
    MOVED_ON = "moved_on"  # the last day was a rest day, so the term ends here (Civil Code 148)


@dataclass(frozen=True)
class Day:
    """One day: how much of the term it took, in the term's unit, and why. `name` is the calendar's, or a reason."""

    day: date
    counted: Decimal
    why: Why
    name: str = ""


@dataclass(frozen=True)
class Run:
    """Days in a row that are told in one breath: uncounted for one reason, or a single day."""

    first: Day
    last: Day
    reached: Decimal
    """How much of the term is used up at the end of it."""


def walked(due: Due, unit: TermUnit, calendar: Calendar) -> tuple[Day, ...]:
    """Type the reasons of the calculator's walk."""
    left = sum((row.counted for row in due.walk), Decimal(0))
    days = []
    for row in due.walk:
        over = left == 0 and unit is not TermUnit.SAME_DAY
        left -= row.counted
        days.append(_typed(row, calendar, is_over=over))
    return tuple(days)


def measured(anchor: datetime, due: datetime, calendar: Calendar) -> tuple[Day, ...]:
    """The opening hours of each day from one instant to a later one; none when it is not later."""
    anchor, due = local(anchor), local(due)
    days: list[Day] = []
    day = anchor.date()
    while day <= due.date() and anchor < due:
        begins, ends = max(anchor, at(day, _MIDNIGHT)), min(due, at(day + _DAY, _MIDNIGHT))
        hours = Decimal(opening_time_between(begins, ends, calendar) // timedelta(minutes=1)) / 60
        why, name = _rest(day, calendar)
        if not hours and why in (Why.WORKING, Why.WORKING_SATURDAY):
            why = Why.AFTER_HOURS
        days.append(Day(day, hours, why, name))
        day += _DAY
    return tuple(days)


def runs(days: Sequence[Day], every_day: bool = False) -> Iterator[Run]:
    """Put the uncounted days that follow one another for one reason together; with `every_day` the counted as well."""
    reached = Decimal(0)
    for _, group in groupby(enumerate(days), key=lambda each: _kind(each, every_day)):
        together = [day for _, day in group]
        reached += sum(day.counted for day in together)
        yield Run(together[0], together[-1], reached)


def _kind(numbered: tuple[int, Day], every_day: bool) -> tuple[object, ...]:
    """What days have in common that are told together; a counted day is told alone unless all of them count."""
    number, day = numbered
    if day.counted:
        return ("counted",) if every_day else ("counted", number)
    return (day.why, day.name)


def is_provisional(days: Iterable[Day], calendar: Calendar) -> bool:
    """Whether a day lies in a year whose calendar is not announced yet."""
    return any(calendar.is_provisional(day.day) for day in days)


_MIDNIGHT = datetime.min.time()
_EVENTS = {ACCEPTANCE: Why.RECEIVED, COMPLETION: Why.COMPLETED, "after closing time": Why.AFTER_HOURS}


def _typed(row: WalkDay, calendar: Calendar, *, is_over: bool) -> Day:
    if row.reason.startswith(STOPPED):
        return Day(row.day, row.counted, Why.STOPPED, row.reason.removeprefix(STOPPED))
    if row.reason in _EVENTS:
        return Day(row.day, row.counted, _EVENTS[row.reason])
    if row.reason.startswith("accepted later than"):
        return Day(row.day, row.counted, Why.TOO_LATE)
    why, name = _rest(row.day, calendar)
    if is_over and calendar.is_working(row.day):
        why, name = Why.MOVED_ON, ""
    return Day(row.day, row.counted, why, name)


def _rest(day: date, calendar: Calendar) -> tuple[Why, str]:
    special = calendar.special(day)
    if special is not None:
        return Why(special.kind), special.name
    return (Why.WORKING if day.weekday() < _SATURDAY else Why.WEEKEND), ""
