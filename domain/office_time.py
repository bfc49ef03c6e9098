"""Owns the measure of opening time: how much of it lies between two moments, and where an amount of it ends.

Two scales, never converted into one another by a global 8: the hours on the clock, and the day, of which each
session is an equal share however long it lasts (so half a day is one of two sessions, at any office).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from fractions import Fraction

from domain.calendars import Calendar
from domain.instants import at

_MICROSECOND = timedelta(microseconds=1)
_HOUR = timedelta(hours=1)


class Scale(StrEnum):
    """What an amount of opening time is measured in."""

    HOURS = "hours"
    DAYS = "days"


@dataclass(frozen=True)
class StandStill:
    """A stretch from `started` up to, not including, `ended` in which a clock does not run, and why."""

    started: datetime
    ended: datetime
    reason: str


@dataclass(frozen=True)
class Opening:
    """A stretch of opening time, worth `worth` on its scale; within it time is worth the same throughout."""

    opens: datetime
    closes: datetime
    worth: Fraction

    def cut(self, opens: datetime, closes: datetime) -> Opening | None:
        """The part of it between two moments, None if there is none."""
        if opens <= self.opens and self.closes <= closes:
            return self
        opens, closes = max(opens, self.opens), min(closes, self.closes)
        if opens >= closes:
            return None
        part = Fraction((closes - opens) // _MICROSECOND, (self.closes - self.opens) // _MICROSECOND)
        return Opening(opens, closes, self.worth * part)

    def moment(self, amount: Fraction) -> datetime:
        """Where that amount of it, at most all, is used up: rounded down to the minute, unless it is all."""
        if amount == self.worth:
            return self.closes
        microseconds = (self.closes - self.opens) // _MICROSECOND * amount / self.worth
        return floor_to_minute(self.opens + timedelta(microseconds=int(microseconds)))


def floor_to_minute(instant: datetime) -> datetime:
    """The last whole minute not after the instant: the grain of every due instant."""
    return instant.replace(second=0, microsecond=0)


def ceil_to_minute(instant: datetime) -> datetime:
    """The first whole minute not before the instant."""
    floor = floor_to_minute(instant)
    return floor if floor == instant else floor + timedelta(minutes=1)


def openings(day: date, calendar: Calendar, scale: Scale) -> tuple[Opening, ...]:
    """The opening time of that day in order, none on a rest day."""
    sessions = calendar.sessions_on(day)
    stretches = [(at(day, session.opens), at(day, session.closes)) for session in sessions]
    if scale is Scale.DAYS:
        return tuple(Opening(opens, closes, Fraction(1, len(sessions))) for opens, closes in stretches)
    return tuple(Opening(opens, closes, Fraction((closes - opens) / _HOUR)) for opens, closes in stretches)


def running(
    day: date, calendar: Calendar, scale: Scale, since: datetime, still: Sequence[StandStill]
) -> Iterator[Opening]:
    """The opening time of that day in which a clock runs; the stand-stills are in order, after `since`."""
    for opening in openings(day, calendar, scale):
        begins = since
        for stretch in still:
            if (before := opening.cut(begins, stretch.started)) is not None:
                yield before
            begins = stretch.ended
        if (rest := opening.cut(begins, opening.closes)) is not None:
            yield rest


def share_of_day(day: date, share: Fraction, calendar: Calendar) -> datetime:
    """The moment at which that share of a working day, above 0 and at most 1, is over."""
    for opening in openings(day, calendar, Scale.DAYS):
        if share <= opening.worth:
            return opening.moment(share)
        share -= opening.worth
    raise ValueError(f"{day} has no such share")


def opening_time_between(earlier: datetime, later: datetime, calendar: Calendar) -> timedelta:
    """The opening time from one moment to a later one, zero if it is not later."""
    total = timedelta()
    day = earlier.date()
    while day <= later.date():
        for opening in openings(day, calendar, Scale.HOURS):
            total += max(timedelta(), min(later, opening.closes) - max(earlier, opening.opens))
        day += timedelta(days=1)
    return total


def moment_after(instant: datetime, left: timedelta, calendar: Calendar) -> datetime:
    """The first moment, inside opening hours, with that much opening time since the instant."""
    day = instant.date()
    while True:
        for opening in openings(day, calendar, Scale.HOURS):
            begins = max(instant, opening.opens)
            if opening.closes - begins >= left:
                return begins + left
            left -= max(timedelta(), opening.closes - begins)
        day += timedelta(days=1)


def moment_before(instant: datetime, left: timedelta, calendar: Calendar) -> datetime:
    """The last moment, inside opening hours, with that much opening time left until the instant."""
    day = instant.date()
    while True:
        for opening in reversed(openings(day, calendar, Scale.HOURS)):
            stretch = min(instant, opening.closes) - opening.opens
            if stretch >= left:
                return opening.opens + stretch - left
            left -= max(timedelta(), stretch)
        day -= timedelta(days=1)
