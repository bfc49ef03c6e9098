"""Owns the measure of opening time: how much of it lies between two moments, and where a stretch of it is left.

Two scales, never converted into one another by a global 8: the hours on the clock, and the day, of which each
session is an equal share however long it lasts (so half a day is one of two sessions, at any office).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from domain.calendars import Calendar, Hours
from domain.instants import at
from domain.timetable import OffTheLine, microseconds

QUARTERS = 4
"""Of a day: the finest share in which terms are written."""


@dataclass(frozen=True)
class StandStill:
    """A stretch from `started` up to, not including, `ended` in which a clock does not run, and why."""

    started: datetime
    ended: datetime
    reason: str


def floor_to_minute(instant: datetime) -> datetime:
    """The last whole minute not after the instant: the grain of every due instant."""
    return instant.replace(second=0, microsecond=0)


def ceil_to_minute(instant: datetime) -> datetime:
    """The first whole minute not before the instant."""
    floor = floor_to_minute(instant)
    return floor if floor == instant else floor + timedelta(minutes=1)


def share_of_day(day: date, quarters: int, calendar: Calendar) -> datetime:
    """The moment at which that many quarters, 1 to 4, of a counted day are over, rounded down to the minute."""
    sessions = calendar.sessions_on(day)
    whole, rest = divmod(quarters * len(sessions), QUARTERS)
    if not rest:
        return at(day, sessions[whole - 1].closes)
    opens, closes = at(day, sessions[whole].opens), at(day, sessions[whole].closes)
    return floor_to_minute(opens + (closes - opens) * rest / QUARTERS)


def opening_time_between(
    earlier: datetime, later: datetime, calendar: Calendar, hours: Hours = Hours.COUNTED
) -> timedelta:
    """The opening time from one moment to a later one, zero if it is not later. Raises CalendarMissing."""
    if later <= earlier:
        return timedelta()
    line, asked = calendar.line(hours), earlier
    try:
        before = line.used(line.place(earlier))
        asked = later
        return timedelta(microseconds=line.used(line.place(later)) - before)
    except OffTheLine as off:
        raise calendar.off(asked, before=off.before) from None


def moment_after(instant: datetime, left: timedelta, calendar: Calendar, hours: Hours = Hours.COUNTED) -> datetime:
    """The first moment, inside opening hours, with that much opening time since the instant."""
    line = calendar.line(hours)
    try:
        place = line.place(instant)
        return line.instant(line.ends(line.used(place) + microseconds(left)) if left else line.open_or_closing(place))
    except OffTheLine as off:
        raise calendar.off(instant, before=off.before) from None


def moment_before(instant: datetime, left: timedelta, calendar: Calendar, hours: Hours = Hours.COUNTED) -> datetime:
    """The last moment, inside opening hours, with that much opening time left until the instant."""
    line = calendar.line(hours)
    try:
        place = line.place(instant)
        wanted = line.used(place) - microseconds(left)
        found = line.begins(wanted)
        return line.instant(found if found <= place else line.ends(wanted))
    except OffTheLine as off:
        raise calendar.off(instant, before=off.before) from None
