"""Generated histories: dossiers of the real catalogue under the real calendars, at offices of invented pace.

What is true of every history here: each office has a pace of its own, a load that drifts from week to week, and
a slow month after Tết; one step in sixteen is forgotten for a while; one dossier in ten waits for a supplement
and its term is counted anew; one office slows down to nearly half its pace in the middle, and stays slow. In a
history with `hurry`, half of the offices work twice as fast once the first rung has struck.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from random import Random

from domain.calendars import Calendar
from domain.catalogue import Catalogue
from domain.deadlines import Deadlines, deadlines
from domain.errors import Invalid
from domain.forecast import Meter, Stretch, allotted
from domain.instants import at, civil_date
from domain.ladder import ladder
from domain.milestones import ClockKind
from domain.paces import Work
from domain.procedures import Case, Channel, Procedure, Stage
from domain.terms import due
from domain.units import Unit

FIRST, LAST = date(2025, 9, 1), date(2026, 8, 31)
SLOWS_DOWN, SLOWER = date(2026, 3, 30), 1.8
AFTER_TET, BACKLOG, BACKLOG_DAYS = date(2026, 2, 23), 1.35, 21
SPREAD, FORGOTTEN, FORGOTTEN_FOR = 0.45, 1 / 16, 3.0
SUPPLEMENTS, WAIT_DAYS = 0.1, 8.0
A_DAY = 0.3
"""Dossiers that each procedure, case and receiving office gets in a day, on average."""
RECEIVERS = 4
"""Offices that receive a procedure here, of all that may."""
SHORTEST = 15.0
"""Opening hours of the shortest term that a daily look can forecast: two days of an ordinary office."""

_DAY = timedelta(days=1)


@dataclass
class Done:
    """One step as it went: who did it, and when it was being worked on."""

    work: Work
    stretches: list[Stretch]


@dataclass
class Told:
    """One dossier as it went. `terms` are its appointments: from when each held, when it is due, its first rung."""

    kind: str
    accepted: datetime
    holder: Unit
    stages: list[list[Done]]
    terms: list[tuple[datetime, datetime, datetime]]
    waits: list[Stretch] = field(default_factory=list)

    @property
    def ended(self) -> datetime:
        """When the last step was finished."""
        return max(done.stretches[-1][1] for done in self.stages[-1])

    @property
    def due(self) -> datetime:
        """The appointment that it is judged by."""
        return self.terms[-1][1]

    @property
    def breached(self) -> bool:
        """Whether it was finished later."""
        return self.ended > self.due


@dataclass(frozen=True)
class _Kind:
    procedure: Procedure
    case: Case
    channel: Channel
    unit: Unit


class Generator:
    """Tells a year of dossiers; the same seed tells the same year."""

    def __init__(self, law: Catalogue, seed: int, hurry: bool) -> None:
        self._law = law
        self._random = Random(seed)
        self._hurry = hurry
        self._pace: dict[str, float] = {}
        self._hurries: dict[str, bool] = {}
        self._load: dict[str, dict[int, float]] = {}
        self._meters: dict[str, Meter] = {}
        self._kinds = list(self._all_kinds())
        self.slow = self._busiest()
        self.line = self.meter(self._kinds[0].unit)
        """The calendar of the first office: the one that figures are counted on."""

    def tell(self) -> list[Told]:
        """Every dossier accepted in the year, in order of acceptance."""
        told = []
        day = FIRST
        while day <= LAST:
            for kind in self._kinds:
                if self._calendar(kind.unit).is_working(day):
                    told += [self._story(kind, day) for _ in range(self._arrivals())]
            day += _DAY
        return sorted(told, key=lambda each: each.accepted)

    def meter(self, unit: Unit) -> Meter:
        """The meter of an office's calendar."""
        if unit.calendar not in self._meters:
            self._meters[unit.calendar] = Meter(self._calendar(unit))
        return self._meters[unit.calendar]

    def _all_kinds(self) -> Iterator[_Kind]:
        for procedure in self._law.procedures:
            if procedure.valid_from > FIRST or (procedure.valid_to or LAST) < LAST:
                continue
            channel = Channel.ONLINE if Channel.ONLINE in procedure.channels else procedure.channels[0]
            for unit in self._law.receivers(procedure, LAST)[:RECEIVERS]:
                for case in procedure.cases:
                    kind = _Kind(procedure, case, channel, unit)
                    if self._is_long(kind):
                        yield kind

    def _is_long(self, kind: _Kind) -> bool:
        morning = at(date(2025, 9, 8), time(8))
        try:
            dates = self._dates(kind, morning)
        except Invalid:  # an office without the division that this procedure needs
            return False
        return self.meter(dates.lead).between(morning, dates.promised.instant) >= SHORTEST

    def _busiest(self) -> str:
        """The office that resolves most kinds: the one that slows down."""
        leads = [self._dates(kind, at(date(2025, 9, 8), time(8))).lead.code for kind in self._kinds]
        return max(sorted(set(leads)), key=leads.count)

    def _dates(self, kind: _Kind, accepted: datetime) -> Deadlines:
        return deadlines(
            self._law, kind.procedure.code, channel=kind.channel, submitted=accepted, accepted=accepted,
            unit=kind.unit.code, case=kind.case.key,
        )  # fmt: skip

    def _calendar(self, unit: Unit) -> Calendar:
        return self._law.calendar_of(unit)

    def _arrivals(self) -> int:
        """A Poisson number."""
        left, number = math.exp(-A_DAY), 0
        product = self._random.random()
        while product > left:
            number += 1
            product *= self._random.random()
        return number

    def _story(self, kind: _Kind, day: date) -> Told:
        meter = self.meter(kind.unit)
        opens = at(day, self._calendar(kind.unit).sessions[0].opens)
        accepted = meter.later(opens, self._random.uniform(0.1, 7.0))
        dates = self._dates(kind, accepted)
        term = self._term(dates, accepted)
        name = f"{kind.procedure.code}/{kind.case.key}@{kind.unit.code}"
        told = Told(name, accepted, dates.lead, [], [term])
        asks = self._random.random() < SUPPLEMENTS
        now = accepted
        for stage in dates.process.stages:
            now = self._stage(told, stage, kind, dates, now, asks and stage is dates.process.stages[1])
        return told

    def _term(self, dates: Deadlines, anchor: datetime) -> tuple[datetime, datetime, datetime]:
        """The appointment from an anchor on, with the first rung of its ladder."""
        calendar = self._calendar(dates.lead)
        until = due(dates.promised_term, anchor, calendar).instant
        rows = self._law.ladder(ClockKind.PROMISED, civil_date(anchor))
        rungs = ladder(rows, dates.promised_term, anchor, until, calendar)
        return anchor, until, rungs[0][1]

    def _stage(self, told: Told, stage: Stage, kind: _Kind, dates: Deadlines, opened: datetime, asks: bool) -> datetime:
        done = []
        for step in stage.steps:
            unit = self._law.resolve(step.unit, kind.unit.code, civil_date(told.accepted))
            meter = self.meter(unit)
            given = allotted(float(step.share), kind.case.term.unit, meter)
            work = Work(kind.procedure.code, step.code, unit.code, given)
            done.append(Done(work, [(opened, meter.later(opened, self._hours(work, civil_date(opened))))]))
        if asks:
            self._supplement(told, done[0], dates)
        for each in done:
            self._hurried(told, each)
        told.stages.append(done)
        return max(each.stretches[-1][1] for each in done)

    def _hours(self, work: Work, day: date) -> float:
        factor = self.pace(work.unit, day) * self._random.lognormvariate(0, SPREAD)
        if self._random.random() < FORGOTTEN:
            factor *= FORGOTTEN_FOR
        return max(0.1, work.allotted * factor)

    def pace(self, unit: str, day: date) -> float:
        """What an office really takes for a step begun that day, as a part of what it is given: half of its steps."""
        factor = self._pace_of(unit) * self._load_of(unit, day)
        if AFTER_TET <= day < AFTER_TET + BACKLOG_DAYS * _DAY:
            factor *= BACKLOG
        if unit == self.slow and day >= SLOWS_DOWN:
            factor *= SLOWER
        return factor

    def _pace_of(self, unit: str) -> float:
        """What the office usually takes, as a part of what it is given."""
        if unit not in self._pace:
            self._pace[unit] = self._random.uniform(0.35, 0.85)
        return self._pace[unit]

    def _load_of(self, unit: str, day: date) -> float:
        """How loaded the office is in a week: a slow drift around 1."""
        weeks = self._load.setdefault(unit, {})
        week = (day - FIRST).days // 7
        for number in range(len(weeks), week + 1):
            weeks[number] = 0.85 * weeks.get(number - 1, 0.0) + self._random.gauss(0, 0.1)
        return math.exp(weeks[week])

    def _supplement(self, told: Told, done: Done, dates: Deadlines) -> None:
        """Somewhere in the step papers are asked for; they come, the term is counted anew, the work goes on."""
        start, end = done.stretches[0]
        meter = self.meter(dates.lead)
        hours = meter.between(start, end)
        asked = meter.later(start, hours * self._random.uniform(0.1, 0.6))
        came = asked + timedelta(days=self._random.expovariate(1 / WAIT_DAYS))
        done.stretches = [(start, asked), (came, meter.later(came, max(0.1, hours - meter.between(start, asked))))]
        told.waits.append((asked, came))
        told.terms.append(self._term(dates, came))

    def _hurried(self, told: Told, done: Done) -> None:
        """Once the first rung has struck, what is left takes half as long where people hurry."""
        unit = done.work.unit
        if unit not in self._hurries:
            self._hurries[unit] = self._random.random() < 0.5
        (start, end), rung = done.stretches[-1], told.terms[-1][2]
        if self._hurry and self._hurries[unit] and end > rung:
            meter = self.meter(told.holder)
            start_of_hurry = max(start, rung)
            left = meter.between(start_of_hurry, end) / 2
            done.stretches[-1] = (start, meter.later(start_of_hurry, max(0.01, left)))
