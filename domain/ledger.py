"""Owns the time ledger of a dossier: who held it, from when to when, for what, and how long that was.

The segments partition the time from the first change to the end exactly: no gap, no overlap. Units that work side
by side hold one segment together, so that nothing is counted twice; the totals of the holders add up to the whole.
A cut of the ledger (`Ledger.between`) says who held a stretch, such as the overrun after an appointment: that is
how a breach is attributed (index 2 of TT 01/2018/TT-VPCP, per participant; Decree 61/2018, Article 19).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cached_property
from itertools import pairwise

from domain.calendars import Calendar
from domain.errors import Invalid
from domain.instants import at, local
from domain.office_time import opening_time_between

_DAY = timedelta(days=1)


class Holder(StrEnum):
    """With whom a dossier lies."""

    ONE_STOP = "one_stop"
    UNIT = "unit"  # one or more offices of the review
    AGENCY = "agency"  # nothing but consulted offices
    CITIZEN = "citizen"  # who has to complete the papers
    PAYMENT = "payment"  # who has to pay the fee
    DUTY = "duty"  # who has to pay taxes or levies on land, elsewhere
    NOBODY = "nobody"  # it stands still for a cause that is nobody's account


class Phase(StrEnum):
    """What the processing clocks make of a stretch."""

    BEFORE = "before"  # not accepted yet: none runs
    RUNNING = "running"
    STOPPED = "stopped"
    AFTER = "after"  # decided, refused, stopped or withdrawn: they have ended


@dataclass(frozen=True)
class Part:
    """A unit that holds the dossier, with the step it is at and the officer's pseudonym, "" where unknown."""

    unit: str
    step: str = ""
    officer: str = ""


@dataclass(frozen=True)
class Change:
    """From this instant on the dossier lies with this holder, for this typed reason, until the next change."""

    at: datetime
    holder: Holder
    reason: str
    phase: Phase
    parts: tuple[Part, ...] = ()


@dataclass(frozen=True)
class Segment:
    """A stretch from `start` up to, not including, `end` in which nothing changed hands."""

    start: datetime
    end: datetime
    holder: Holder
    reason: str
    phase: Phase
    parts: tuple[Part, ...]
    working: timedelta
    """Opening hours in it, on the calendar of the unit that holds it, else of the receiving one."""

    @property
    def length(self) -> timedelta:
        """The time on the wall."""
        return self.end - self.start

    @property
    def units(self) -> tuple[str, ...]:
        """The units that hold it together, each once, in order of their codes."""
        return tuple(sorted({part.unit for part in self.parts}))


@dataclass(frozen=True)
class Total:
    """What one holder, or several units together, held in all."""

    holder: Holder
    units: tuple[str, ...]
    length: timedelta
    working: timedelta


@dataclass(frozen=True)
class Calendars:
    """The calendars by which working time is measured: each unit's own, and the receiving unit's for the rest."""

    receiving: Calendar
    of_units: Mapping[str, Calendar]

    def between(self, start: datetime, end: datetime, units: Sequence[str]) -> timedelta:
        """The opening time in which at least one of those units was open. Raises CalendarMissing."""
        start, end = local(start), local(end)
        found = [self.of_units.get(unit, self.receiving) for unit in units] or [self.receiving]
        calendars = list({(each.code, each.version): each for each in found}.values())
        if len(calendars) == 1:
            return opening_time_between(start, end, calendars[0])
        days = (start.date() + n * _DAY for n in range((end.date() - start.date()).days + 1))
        stretches = [
            (max(start, at(day, session.opens)), min(end, at(day, session.closes)))
            for day in days
            for calendar in calendars
            for session in calendar.sessions_on(day)
        ]
        return _covered(stretches)


@dataclass(frozen=True)
class Ledger:
    """The segments of one dossier in order, and the calendars they are measured by."""

    segments: tuple[Segment, ...]
    calendars: Calendars

    @cached_property
    def totals(self) -> tuple[Total, ...]:
        """What each holder held, in the order in which they first did; the lengths add up to the whole."""
        keys = dict.fromkeys((segment.holder, segment.units) for segment in self.segments)
        return tuple(self._total(holder, units) for holder, units in keys)

    @property
    def length(self) -> timedelta:
        """The whole time on the wall."""
        return sum((segment.length for segment in self.segments), timedelta())

    @property
    def working(self) -> timedelta:
        """The whole working time, each segment by its own holder's calendar."""
        return sum((segment.working for segment in self.segments), timedelta())

    def between(self, start: datetime, end: datetime) -> Ledger:
        """Cut out a stretch: who held it then. Empty when it does not end after it starts."""
        return Ledger(tuple(self._cut(start, end)), self.calendars)

    def _cut(self, start: datetime, end: datetime) -> Iterator[Segment]:
        for segment in self.segments:
            first, last = max(start, segment.start), min(end, segment.end)
            if first < last:
                yield _measured(replace(segment, start=first, end=last), self.calendars)

    def _total(self, holder: Holder, units: tuple[str, ...]) -> Total:
        own = [segment for segment in self.segments if (segment.holder, segment.units) == (holder, units)]
        length = sum((segment.length for segment in own), timedelta())
        return Total(holder, units, length, sum((segment.working for segment in own), timedelta()))


def ledger(changes: Sequence[Change], end: datetime, calendars: Calendars) -> Ledger:
    """Make the ledger from the first change to `end`, the result or the instant at which it is asked.

    Of several changes at one instant the last counts. Raises Invalid for changes out of order or later than the
    end, CalendarMissing for a year that a calendar does not hold.
    """
    _check(changes, end)
    segments: list[Segment] = []
    for change, until in zip(changes, [*(change.at for change in changes[1:]), end], strict=True):
        if change.at == until:
            continue
        start = segments.pop().start if segments and _continues(segments[-1], change) else change.at
        segments.append(Segment(start, until, change.holder, change.reason, change.phase, change.parts, timedelta()))
    return Ledger(tuple(_measured(each, calendars) for each in segments), calendars)


def _measured(segment: Segment, calendars: Calendars) -> Segment:
    return replace(segment, working=calendars.between(segment.start, segment.end, segment.units))


def _continues(segment: Segment, change: Change) -> bool:
    now = (change.holder, change.reason, change.phase, change.parts)
    return (segment.holder, segment.reason, segment.phase, segment.parts) == now


def _covered(stretches: Sequence[tuple[datetime, datetime]]) -> timedelta:
    """How much time lies in at least one of the stretches."""
    total, reached = timedelta(), None
    for opens, closes in sorted(stretches):
        begins = opens if reached is None else max(opens, reached)
        if begins < closes:
            total += closes - begins
            reached = closes
    return total


def _check(changes: Sequence[Change], end: datetime) -> None:
    instants = [*(change.at for change in changes), end]
    if not changes or any(later < earlier for earlier, later in pairwise(instants)):
        raise Invalid(
            "the changes of holder are not in the order of time, or the ledger ends before the last of them",
            field="changes",
            remedy="give at least one change, each not earlier than the one before, and an end not before the last",
        )
