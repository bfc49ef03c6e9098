"""Owns the forecast: at its offices' own recent pace, will an open dossier be finished by its appointment?

The steps under way take as much longer as steps of their age did lately, those to come as long as they did; the
spreads are added along the process (side by side: the longer counts). The probability of breach is the part of
the sum that is longer than the working time left; the expected end is where half of it lies. It is a help to see
a breach before the ladder speaks, and has no legal effect: nothing is recorded, nobody is told by it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property, reduce

from domain.calendars import Calendar
from domain.clocks import working_time_between
from domain.errors import CalendarMissing
from domain.instants import local
from domain.milestones import Clock
from domain.office_time import ceil_to_minute, moment_after
from domain.paces import (
    Pace,
    Paces,
    Scope,
    Spell,
    Spread,
    Work,
    longer_than,
    one_after_another,
    quantile,
    side_by_side,
)
from domain.terms import TermUnit

WINDOW = timedelta(days=60)
"""How far back the pace is looked for."""
THRESHOLD = 0.7
"""The probability from which a dossier is listed."""

_HOUR = timedelta(hours=1)
_WORKED_OF_WEEK = 5 / 7

Stretch = tuple[datetime, datetime]
"""From when to when a step was being worked on: not while its dossier stood still."""


class Meter:
    """The opening hours of one calendar, in hours, as `domain.clocks.working_time_between` measures them."""

    def __init__(self, calendar: Calendar) -> None:
        self._calendar = calendar

    @cached_property
    def day(self) -> float:
        """The hours of an ordinary working day."""
        sessions = self._calendar.sessions
        return sum(60 * (s.closes.hour - s.opens.hour) + s.closes.minute - s.opens.minute for s in sessions) / 60

    def between(self, earlier: datetime, later: datetime) -> float:
        """The hours from one instant to another, negative when the second is the earlier. Raises CalendarMissing."""
        return working_time_between(earlier, later, self._calendar) / _HOUR

    def later(self, instant: datetime, hours: float) -> datetime:
        """When so many hours, above 0, are over, in whole minutes. Raises CalendarMissing."""
        return ceil_to_minute(moment_after(local(instant), timedelta(hours=hours), self._calendar))


def allotted(share: float, counted_in: TermUnit, meter: Meter) -> float:
    """The opening hours that the process gives a step; of calendar days, those of an ordinary week."""
    if counted_in is TermUnit.WORKING_HOUR:
        return share
    return share * meter.day * (_WORKED_OF_WEEK if counted_in is TermUnit.CALENDAR_DAY else 1)


def used(stretches: Sequence[Stretch], meter: Meter) -> float:
    """The opening hours that a step has been worked on."""
    return sum(meter.between(*each) for each in stretches)


def spell(work: Work, stretches: Sequence[Stretch], finished: bool, since: datetime, meter: Meter) -> Spell | None:
    """What the window that began at `since` saw of a step; None if it was over by then."""
    if not stretches or stretches[-1][1] <= since:
        return None
    before = [(start, min(end, since)) for start, end in stretches if start < since]
    entered, left = used(before, meter), used(stretches, meter)
    return Spell(work.procedure, work.step, work.unit, work.allotted, entered, left, finished)


def is_ahead_of_the_ladder(clock: Clock, as_of: datetime) -> bool:
    """Whether no rung of the clock is due yet: from the first one on, the ladder speaks."""
    return not (clock.climbed or clock.warned or clock.breached) and first_rung(clock) > as_of


def first_rung(clock: Clock) -> datetime:
    """When the first rung that is still ahead is due."""
    return min((at for _, at in clock.ahead), default=clock.due)


@dataclass(frozen=True)
class Outlook:
    """What the pace says of one dossier; hours are opening hours of the office that holds it.

    `slowest` is the step under way that will take longest, `pace` its pace, `usual` hours what it usually takes.
    `end` is None where the calendar does not reach so far.
    """

    probability: float
    left: float
    needed: float
    end: datetime | None
    slowest: Work
    pace: Pace


class Forecast:
    """Looks ahead for many dossiers at one instant, over the same paces."""

    def __init__(self, paces: Paces) -> None:
        self._paces = paces
        self._later: dict[tuple[tuple[Work, ...], ...], Spread | None] = {}

    def outlook(
        self, stages: Sequence[Sequence[Work]], appointment: datetime, as_of: datetime, meter: Meter
    ) -> Outlook | None:
        """What to expect of a dossier whose steps under way are the first stage, and whose later stages follow.

        None where no office's pace is known for one of them. `meter` is of the calendar of the holding office.
        """
        under_way, later = stages[0], tuple(tuple(stage) for stage in stages[1:])
        found = [(work, pace, pace.residual(work.age)) for work in under_way if (pace := self._paces.of(work))]
        rest = self._of_later(later)
        if not found or len(found) < len(under_way) or (later and rest is None):
            return None
        spread = reduce(side_by_side, (each for _, _, each in found))
        if rest is not None:
            spread = one_after_another(spread, rest)
        slowest, pace, _ = max(found, key=lambda each: quantile(each[2], 0.5))
        left, needed = meter.between(as_of, appointment), quantile(spread, 0.5)
        return Outlook(longer_than(left, spread), left, needed, _end(as_of, needed, meter), slowest, pace)

    def _of_later(self, stages: tuple[tuple[Work, ...], ...]) -> Spread | None:
        if stages not in self._later:
            self._later[stages] = self._spread(stages)
        return self._later[stages]

    def _spread(self, stages: tuple[tuple[Work, ...], ...]) -> Spread | None:
        paces = [[self._paces.of(work) for work in stage] for stage in stages]
        known = [[each.residual(0) for each in stage if each] for stage in paces]
        if not stages or any(len(each) < len(stage) for each, stage in zip(known, stages, strict=True)):
            return None
        return reduce(one_after_another, (reduce(side_by_side, stage) for stage in known))


def _end(as_of: datetime, needed: float, meter: Meter) -> datetime | None:
    try:
        return meter.later(as_of, needed)
    except CalendarMissing:
        return None


def reason(outlook: Outlook, step: str, unit: str, meter: Meter, window: timedelta = WINDOW) -> str:
    """Say why, for the head of the office: names of step and office as the catalogue has them."""
    usual, used_so_far = _days(outlook.pace.usual, meter), _days(outlook.slowest.age, meter)
    counted = f"{outlook.pace.curve.finished} lượt trong {window.days} ngày qua"
    paces = {
        Scope.OFFICE: f"{unit} thường cần {usual} ngày làm việc cho bước “{step}” ({counted})",
        Scope.WORKLOAD: f"{unit} thường dùng {_number(outlook.pace.curve.usual)} lần thời gian được giao cho bước"
        f" “{step}” ({counted}, mọi thủ tục), tức {usual} ngày làm việc",
        Scope.PROVINCE: f"các đơn vị trong tỉnh thường cần {usual} ngày làm việc cho bước “{step}” ({counted})",
    }
    return (
        f"{paces[outlook.pace.scope]}; bước này đã dùng {used_so_far} ngày. Đến khi xong hồ sơ còn cần khoảng"
        f" {_days(outlook.needed, meter)} ngày, mà đến hẹn trả chỉ còn {_days(outlook.left, meter)} ngày."
    )


def _days(hours: float, meter: Meter) -> str:
    return _number(hours / meter.day)


def _number(value: float) -> str:
    return f"{value:.1f}".replace(".", ",")
