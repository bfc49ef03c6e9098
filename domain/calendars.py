"""Owns which days an office works and between which hours, as dated data with its legal basis.

Weekly rest is Saturday and Sunday; special days take a day away or, for a working Saturday, give one back
(Labour Code 2019, Articles 111 and 112; the Prime Minister's yearly decisions on Tết, 2 September and swapped
days). A year that the calendar does not hold is refused: nobody guesses a holiday.

There are two tables (`Hours`). Terms are counted in the days and hours of *counted* days. The *opening* hours are
those and, besides, the ordinary Saturdays on which a counter is open: an online filing is answered in them, but no
term ever counts or ends on such a Saturday. A decreed working Saturday is a full day of both.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from functools import cached_property
from hashlib import sha256
from itertools import combinations, pairwise
from math import lcm
from typing import Literal

from domain.errors import CalendarMissing, Invalid
from domain.instants import at, local
from domain.timetable import DAY, Line, microseconds

DayKind = Literal["holiday", "compensation", "swapped_off", "working_saturday", "closure"]
YearStatus = Literal["announced", "provisional"]

_SATURDAY = 5
_DAY = timedelta(days=1)


class Hours(StrEnum):
    """Which of the two tables is meant."""

    COUNTED = "counted"  # the hours of counted days: what terms are made of
    OPENING = "opening"  # those, and ordinary Saturday openings: the acceptance clock, the counters


@dataclass(frozen=True)
class Session:
    """One stretch of opening hours; `certain` is false where none was read."""

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
class Season:
    """Other sessions from one day to another, both included; with `every_year` again in each later year."""

    name: str
    first: date
    last: date
    sessions: tuple[Session, ...]
    basis: str
    every_year: bool = False
    certain: bool = True

    def holds(self, day: date) -> bool:
        """Whether its hours are kept on that day."""
        if not self.every_year:
            return self.first <= day <= self.last
        begins, ends, asked = ((each.month, each.day) for each in (self.first, self.last, day))
        inside = begins <= asked <= ends if begins <= ends else asked >= begins or asked <= ends
        return inside and day >= self.first


@dataclass(frozen=True)
class Closure:
    """A day on which one office stays closed unforeseen, such as for a typhoon; it may be decided on the day itself.

    It closes the divisions of that office too. `version` is the digest given at publication, "" before.
    """

    unit: str
    day: date
    name: str
    basis: str
    certain: bool = True
    note: str = ""
    version: str = ""


@dataclass(frozen=True)
class Calendar:
    """The working days and hours of an office. `version` is the digest given at publication, "" before.

    `saturday` are the hours of ordinary Saturdays, of the opening hours only. `seasons` replace the sessions of
    counted days for a time.
    """

    code: str
    name: str
    sessions: tuple[Session, ...]
    years: tuple[CalendarYear, ...]
    special_days: tuple[SpecialDay, ...]
    version: str = ""
    saturday: tuple[Session, ...] = ()
    seasons: tuple[Season, ...] = ()

    @cached_property
    def _special(self) -> dict[date, SpecialDay]:
        return {special.day: special for special in self.special_days}

    @cached_property
    def _provisional(self) -> dict[int, bool]:
        return {held.year: held.status == "provisional" for held in self.years}

    @cached_property
    def _days(self) -> tuple[date, ...]:
        """Every day from the first year up to where the years have a gap."""
        last = first = min(self._provisional)
        while last + 1 in self._provisional:
            last += 1
        begin = date(first, 1, 1).toordinal()
        return tuple(date.fromordinal(n) for n in range(begin, date(last, 12, 31).toordinal() + 1))

    @cached_property
    def working_days(self) -> list[int]:
        """The ordinals of its counted days, in order: to search by halves, not to change."""
        return [day.toordinal() for day in self._days if self._works(day)]

    @cached_property
    def _lines(self) -> dict[Hours, Line]:
        return {}

    @cached_property
    def shares(self) -> Line:
        """The line on which a counted day is worth `day_worth`, and each of its sessions an equal share."""
        stretches = []
        for opens, closes, sessions in self._stretches(Hours.COUNTED):
            stretches.append((opens, closes, self.day_worth // sessions // (closes - opens)))
        return Line(self._start, len(self._days) * DAY, stretches)

    @cached_property
    def day_worth(self) -> int:
        """What a counted day is worth on the line of shares: a number that every session length divides."""
        patterns = (self.sessions, *(season.sessions for season in self.seasons))
        lengths = (len(pattern) * (closes - opens) for pattern in patterns for opens, closes in _places(pattern))
        return 4 * lcm(*lengths)

    def line(self, hours: Hours = Hours.COUNTED) -> Line:
        """The line on which a microsecond of those hours is worth one."""
        if hours not in self._lines:
            stretches = ((opens, closes, 1) for opens, closes, _ in self._stretches(hours))
            self._lines[hours] = Line(self._start, len(self._days) * DAY, stretches)
        return self._lines[hours]

    @cached_property
    def _start(self) -> datetime:
        return at(self._days[0], time())

    def _stretches(self, hours: Hours) -> Iterator[tuple[int, int, int]]:
        """Every session of those hours, in microseconds since the first day, with how many its day has."""
        known: dict[int, list[tuple[int, int]]] = {}
        for number, day in enumerate(self._days):
            sessions = self._sessions_on(day, hours)
            if sessions:
                midnight = number * DAY
                places = known.setdefault(id(sessions), _places(sessions))
                for opens, closes in places:
                    yield midnight + opens, midnight + closes, len(places)

    def special(self, day: date) -> SpecialDay | None:
        """What sets this day apart from its weekday. Raises CalendarMissing for a year that is not held."""
        self._require(day.year)
        return self._special.get(day)

    def is_working(self, day: date) -> bool:
        """Whether the office is open on that day. Raises CalendarMissing for a year that is not held."""
        self._require(day.year)
        return self._works(day)

    def _works(self, day: date) -> bool:
        special = self._special.get(day)
        if special is None:
            return day.weekday() < _SATURDAY
        return special.kind == "working_saturday"

    def sessions_on(self, day: date, hours: Hours = Hours.COUNTED) -> tuple[Session, ...]:
        """The hours of that day, none on a rest day. Raises CalendarMissing for a year that is not held."""
        self._require(day.year)
        return self._sessions_on(day, hours)

    def _sessions_on(self, day: date, hours: Hours) -> tuple[Session, ...]:
        if not self._works(day):
            is_ordinary = hours is Hours.OPENING and day.weekday() == _SATURDAY and day not in self._special
            return self.saturday if is_ordinary else ()
        for season in self.seasons:
            if season.holds(day):
                return season.sessions
        return self.sessions

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

    def crosses_provisional(self, first: date, last: date) -> bool:
        """Whether a year still waiting for its decision lies between two days, or they in it."""
        return any(self._provisional.get(year, True) for year in range(first.year, last.year + 1))

    def off(self, instant: datetime, *, before: bool) -> CalendarMissing:
        """The refusal of a question that leads from the instant outside the years held, backwards or forwards."""
        first, last = self._days[0].year, self._days[-1].year
        return self._missing(min(local(instant).year, first - 1) if before else last + 1)

    def closed_on(self, closures: tuple[Closure, ...]) -> Calendar:
        """The same calendar with those days taken away, under a version of its own; itself for no closures."""
        if not closures:
            return self
        changed = self._special | {
            each.day: SpecialDay(each.day, "closure", each.name, each.basis) for each in closures
        }
        digest = sha256("\n".join(sorted(f"{each.unit} {each.day} {each.version}" for each in closures)).encode())
        version = f"{self.version}+{digest.hexdigest()[:8]}"
        return replace(self, special_days=tuple(changed[day] for day in sorted(changed)), version=version)

    def _require(self, year: int) -> None:
        if year not in self._provisional:
            raise self._missing(year)

    def _missing(self, year: int) -> CalendarMissing:
        return CalendarMissing(
            f"the calendar {self.code} does not hold the year {year}",
            field="calendar",
            remedy=f"add {year} to the calendar {self.code}, announced or provisional, and publish it",
        )


def _places(sessions: tuple[Session, ...]) -> list[tuple[int, int]]:
    """When each session opens and closes, in microseconds since midnight."""
    return [(_place(each.opens), _place(each.closes)) for each in sessions]


def _place(clock: time) -> int:
    return microseconds(timedelta(hours=clock.hour, minutes=clock.minute, seconds=clock.second))


def faults(calendar: Calendar) -> tuple[Invalid, ...]:
    """Everything in a calendar's data that would make it count wrongly: none for a sound one."""
    return (
        *_faulty_hours(calendar),
        *_faulty_seasons(calendar),
        *_faulty_years(calendar),
        *_faulty_days(calendar),
    )


def _faulty_hours(calendar: Calendar) -> Iterator[Invalid]:
    if not calendar.sessions:
        yield Invalid("the office never opens", field="sessions", remedy="give at least one session")
    yield from _faulty_sessions(calendar.sessions, "sessions")
    yield from _faulty_sessions(calendar.saturday, "saturday")


def _faulty_sessions(sessions: tuple[Session, ...], field: str) -> Iterator[Invalid]:
    clocks = [clock for session in sessions for clock in (session.opens, session.closes)]
    if any(later <= earlier for earlier, later in pairwise(clocks)):
        remedy = "give sessions in order of the day, each closing after it opens, without overlap"
        yield Invalid("the sessions overlap or run backwards", field=field, remedy=remedy)
    if any(clock.second or clock.microsecond or clock.tzinfo for clock in clocks):
        yield Invalid("a session is finer than a minute", field=field, remedy="give whole minutes, no offset")


def _faulty_seasons(calendar: Calendar) -> Iterator[Invalid]:
    for season in calendar.seasons:
        if not season.sessions:
            remedy = "give its sessions, or take the season out"
            yield Invalid(f"the office never opens in '{season.name}'", field="seasons", remedy=remedy)
        yield from _faulty_sessions(season.sessions, "seasons")
        too_long = season.every_year and season.last - season.first >= timedelta(days=365)
        if season.last < season.first or too_long:
            remedy = "give first and last in order, less than a year apart where it returns every year"
            yield Invalid(f"'{season.name}' runs backwards, or longer than a year", field="seasons", remedy=remedy)
        if season.every_year and (2, 29) in ((each.month, each.day) for each in (season.first, season.last)):
            remedy = "begin on 1 March, or end on 28 February"
            yield Invalid(f"'{season.name}' has a day that most years lack", field="seasons", remedy=remedy)
    for one, other in combinations(calendar.seasons, 2):
        day = next((day for day in _all_days(calendar) if one.holds(day) and other.holds(day)), None)
        if day is not None:
            remedy = "end one before the other begins"
            message = f"'{one.name}' and '{other.name}' both hold on {day:%d/%m/%Y}"
            yield Invalid(message, field="seasons", remedy=remedy)


def _all_days(calendar: Calendar) -> Iterator[date]:
    for held in calendar.years:
        first = date(held.year, 1, 1)
        yield from (day for n in range(366) if (day := first + timedelta(days=n)).year == held.year)


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
