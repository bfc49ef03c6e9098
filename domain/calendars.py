"""Owns which days an office works and between which hours, as dated data with its legal basis.

Weekly rest is Saturday and Sunday; special days take a day away or, for a working Saturday, give one back
(Labour Code 2019, Articles 111 and 112; the Prime Minister's yearly decisions on Tết, 2 September and swapped
days). A year that the calendar does not hold is refused: nobody guesses a holiday.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, time, timedelta
from functools import cached_property
from itertools import pairwise
from typing import Literal

from domain.errors import CalendarMissing, Invalid

DayKind = Literal["holiday", "compensation", "swapped_off", "working_saturday", "closure"]
YearStatus = Literal["announced", "provisional"]

_SATURDAY = 5
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Session:
    """One stretch of opening hours, the same on every working day; `certain` is false where none was read."""

    opens: time
    closes: time
    basis: str = ""
    certain: bool = True


@dataclass(frozen=True)
class SpecialDay:
    """A day unlike its weekday. `basis` is the legal source; `certain` is false where none was read."""

    day: date
    kind: DayKind
    name: str
    basis: str
    certain: bool = True


@dataclass(frozen=True)
class CalendarYear:
    """A year the calendar may be asked about: announced by decision, or provisional until it is."""

    year: int
    status: YearStatus
    basis: str


@dataclass(frozen=True)
class Calendar:
    """The working days and hours of an office. `version` is the digest given at publication, "" before."""

    code: str
    name: str
    sessions: tuple[Session, ...]
    years: tuple[CalendarYear, ...]
    special_days: tuple[SpecialDay, ...]
    version: str = ""

    @cached_property
    def _special(self) -> dict[date, SpecialDay]:
        return {special.day: special for special in self.special_days}

    @cached_property
    def _provisional(self) -> dict[int, bool]:
        return {held.year: held.status == "provisional" for held in self.years}

    def special(self, day: date) -> SpecialDay | None:
        """What sets this day apart from its weekday. Raises CalendarMissing for a year that is not held."""
        self._require(day.year)
        return self._special.get(day)

    def is_working(self, day: date) -> bool:
        """Whether the office is open on that day. Raises CalendarMissing for a year that is not held."""
        special = self.special(day)
        if special is None:
            return day.weekday() < _SATURDAY
        return special.kind == "working_saturday"

    def sessions_on(self, day: date) -> tuple[Session, ...]:
        """The opening hours of that day, none on a rest day."""
        return self.sessions if self.is_working(day) else ()

    def why(self, day: date) -> str:
        """Why that day works or rests: the special day's name, 'weekend' or 'working day'."""
        special = self.special(day)
        if special is not None:
            return special.name
        return "working day" if day.weekday() < _SATURDAY else "weekend"

    def is_provisional(self, day: date) -> bool:
        """Whether the year of that day still waits for its decision."""
        self._require(day.year)
        return self._provisional[day.year]

    def working_day_from(self, day: date) -> date:
        """That day, or the first working day after it."""
        while not self.is_working(day):
            day += _DAY
        return day

    def working_day_after(self, day: date) -> date:
        """The first working day later than that day."""
        return self.working_day_from(day + _DAY)

    def _require(self, year: int) -> None:
        if year not in self._provisional:
            raise CalendarMissing(
                f"the calendar {self.code} does not hold the year {year}",
                field="calendar",
                remedy=f"add {year} to the calendar {self.code}, announced or provisional, and publish it",
            )


def faults(calendar: Calendar) -> tuple[Invalid, ...]:
    """Everything in a calendar's data that would make it count wrongly: none for a sound one."""
    return (*_faulty_sessions(calendar), *_faulty_years(calendar), *_faulty_days(calendar))


def _faulty_sessions(calendar: Calendar) -> Iterator[Invalid]:
    if not calendar.sessions:
        yield Invalid("the office never opens", field="sessions", remedy="give at least one session")
    clocks = [clock for session in calendar.sessions for clock in (session.opens, session.closes)]
    if any(later <= earlier for earlier, later in pairwise(clocks)):
        remedy = "give sessions in order of the day, each closing after it opens, without overlap"
        yield Invalid("the sessions overlap or run backwards", field="sessions", remedy=remedy)
    if any(clock.second or clock.microsecond or clock.tzinfo for clock in clocks):
        yield Invalid("a session is finer than a minute", field="sessions", remedy="give whole minutes, no offset")


def _faulty_years(calendar: Calendar) -> Iterator[Invalid]:
    years = [held.year for held in calendar.years]
    if not years or years != list(range(years[0], years[0] + len(years))):
        remedy = "give each year once, in order, announced or provisional"
        yield Invalid("the years have a gap, a repetition or no order", field="years", remedy=remedy)


def _faulty_days(calendar: Calendar) -> Iterator[Invalid]:
    seen: set[date] = set()
    years = {held.year for held in calendar.years}
    for special in calendar.special_days:
        name = f"{special.day:%d/%m/%Y}"
        if special.day in seen:
            yield Invalid(f"{name} is listed twice", field="special_days", remedy="keep one entry for the day")
        if special.day.year not in years:
            remedy = f"add {special.day.year} to the years, or take the day out"
            yield Invalid(f"{name} lies in a year the calendar lacks", field="special_days", remedy=remedy)
        if special.kind == "working_saturday" and special.day.weekday() != _SATURDAY:
            remedy = "correct the date, or give the kind it is"
            yield Invalid(f"{name} is not a Saturday", field="special_days", remedy=remedy)
        seen.add(special.day)
