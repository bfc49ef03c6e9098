"""Owns punctuality as the index of Decision 766 counts it: a figure over the ledger, never a legal due instant.

The law restarts a term after a supplement; the index subtracts the wait instead. Both are kept, and may differ.
Source: the published formula of component 2.1 (QĐ 766/QĐ-TTg), on appointment 1, whatever form 04 moved.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from domain.calendars import Calendar
from domain.clocks import Stop
from domain.instants import civil_date, local
from domain.office_time import moment_after, opening_time_between
from domain.stops import ClockColumn, Effect, StopReason, effect_of
from domain.terms import TermUnit

_REQUESTS = frozenset({StopReason.PAPERS, StopReason.SUPPLEMENT})
_ON_THE_WALL = frozenset({TermUnit.CALENDAR_DAY, TermUnit.MONTH, TermUnit.HOUR})


class Ground(StrEnum):
    """Why the index counts a dossier as it does."""

    IN_TIME = "in_time"  # ended by the appointment and the subtracted waits
    LATE = "late"
    ASKED_AGAIN = "asked_again"  # more than one request is overdue, whatever the instants


class Outcome(StrEnum):
    """The column of the reports that a dossier is counted in."""

    EARLY = "early"  # over on a day before the last one allowed: reports compare days
    ON_TIME = "on_time"
    LATE = "late"


@dataclass(frozen=True)
class Punctuality:
    """What the index says of one dossier: `end` is the instant judged, `allowed` the last that is on time.

    `is_over` is false for what was still open at the end of the period.
    """

    ground: Ground
    end: datetime
    allowed: datetime
    waited: timedelta
    is_over: bool = True

    @property
    def on_time(self) -> bool:
        """Whether the dossier counts as on time."""
        return self.ground is Ground.IN_TIME

    @property
    def outcome(self) -> Outcome:
        """Early, on time or late; what is still open can be on time, never early."""
        if not self.on_time:
            return Outcome.LATE
        is_early = self.is_over and civil_date(self.end) < civil_date(self.allowed)
        return Outcome.EARLY if is_early else Outcome.ON_TIME


def punctuality_766(
    *,
    appointment: datetime | None,
    statutory: datetime,
    ended: datetime | None,
    stops: Sequence[Stop],
    as_of: datetime,
    counted_in: TermUnit,
    calendar: Calendar,
) -> Punctuality:
    """Judge one dossier at `as_of`, the end of the period.

    `appointment` is the first one, `statutory` the legal maximum that stands in for one never given. `ended` is the
    arrival in state 9, else in 10, else in 3, 7 or 8; None while nothing of the kind has happened: then the dossier is
    judged at `as_of`, or at the request if it waits for one. The waits for a supplement are subtracted in opening time,
    or on the wall clock for terms counted there (`counted_in`).
    """
    felt = [stop for stop in stops if local(stop.started) <= local(as_of)]
    over = local(ended) if ended is not None and local(ended) <= local(as_of) else None
    end = over or _unfinished(felt, local(as_of))
    given = local(appointment if appointment is not None else statutory)
    waited = sum((_wait(stop, end, counted_in, calendar) for stop in felt), timedelta())
    allowed = given + waited if counted_in in _ON_THE_WALL or not waited else moment_after(given, waited, calendar)
    ground = Ground.IN_TIME if end <= allowed else Ground.LATE
    if sum(stop.reason in _REQUESTS for stop in felt) > 1:
        ground = Ground.ASKED_AGAIN
    return Punctuality(ground, end, allowed, waited, is_over=over is not None)


def _unfinished(stops: Sequence[Stop], as_of: datetime) -> datetime:
    """The instant at which an unfinished dossier is judged: its open request, or the end of the period."""
    asked = [local(s.started) for s in stops if s.reason in _REQUESTS and (s.ended is None or local(s.ended) > as_of)]
    return asked[-1] if asked else as_of


def _wait(stop: Stop, end: datetime, counted_in: TermUnit, calendar: Calendar) -> timedelta:
    effect = stop.effect or effect_of(stop.reason, ClockColumn.INDEX_766)
    started, ended = local(stop.started), min(local(stop.ended), end) if stop.ended is not None else end
    if effect is not Effect.STOPS or ended <= started:
        return timedelta()
    return ended - started if counted_in in _ON_THE_WALL else opening_time_between(started, ended, calendar)
