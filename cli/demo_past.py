"""Owns the choice of the day in the past on which the demo's late paper was received."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from domain.calendars import Calendar
from domain.instants import at, civil_date

AGO = timedelta(weeks=6)
"""At least so long ago: a term of some working days is over by then, whatever holidays lie in it."""
YEARS = range(2023, 2027)
OPENED = time(9, 15)

_DAY = timedelta(days=1)


def received_in_the_past(now: datetime, calendar: Calendar) -> datetime:
    """The morning of the last working day before a holiday, some weeks before `now`, within 2023 to 2026.

    The holiday then lies in the term, so that the count of its days shows one that is left out.
    """
    holiday = min(civil_date(now) - AGO, date(YEARS[-1], 12, 31))
    while not _is_weekday_off(holiday, calendar):
        holiday -= _DAY
    day = holiday - _DAY
    while not calendar.is_working(day):
        day -= _DAY
    return at(day, OPENED)


def _is_weekday_off(day: date, calendar: Calendar) -> bool:
    return calendar.special(day) is not None and not calendar.is_working(day)
