"""Owns a running clock: what its stops do to the due instant, and when it warns.

A clock is a ledger, never a flag: its term, its anchor and its stops are kept, and the due instant is derived
from them by `domain/terms.py` each time, so two stops or a crash between two writes cannot lose time. What a stop
does to a clock is the table of `domain/stops.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.calendars import Calendar, Hours
from domain.errors import Invalid
from domain.instants import local
from domain.office_time import StandStill, ceil_to_minute, moment_before, opening_time_between
from domain.stops import ClockColumn, Effect, Policy, StopReason, effect_of
from domain.terms import Due, Term, due, due_instant

__all__ = [
    "WARN_AT_MOST",
    "Policy",
    "Stop",
    "StopReason",
    "both_after_stops",
    "due_after_stops",
    "warning",
    "working_time_between",
]

WARN_AT_MOST = timedelta(hours=24)
"""Opening hours: the longest warning ahead of a due instant ("about to expire" in provincial practice)."""


@dataclass(frozen=True)
class Stop:
    """A stretch in which somebody waits; `ended` is None while they still do.

    `effect` is None for what the table says of the reason; another effect needs a basis in the procedure itself.
    """

    started: datetime
    ended: datetime | None
    reason: StopReason
    effect: Effect | None = None


def due_after_stops(
    term: Term,
    anchor: datetime,
    stops: Sequence[Stop],
    calendar: Calendar,
    policy: Policy,
    clock: ClockColumn = ClockColumn.STATUTORY,
    hours: Hours = Hours.COUNTED,
) -> Due | None:
    """When the term ends after its stops, None while the clock stands still or once it has ended.

    A restart counts the term anew from its completion: what was waited before is forgotten. Any other stop is left
    out. Opening time, in hours or from the moment, is left out to the minute. Days are left out whole, whatever the
    hours: the day of the request is left out, the day of completion counts; but a term never ends before the
    completion, it then ends on the next working day. A same-day term has no part to carry over: it starts again.

    A stop that begins after the due instant changes nothing: the term had run out. Raises Invalid for stops
    out of order and what `domain.terms.due` raises.
    """
    felt = [(stop, effect) for stop, effect in _effects(stops, clock, policy) if effect not in _UNFELT]
    _check(anchor, [stop for stop, _ in felt])
    waits: list[StandStill] = []
    current = due_instant(term, anchor, calendar, (), hours)
    for stop, effect in felt:
        if stop.started > current:
            break
        if effect is Effect.ENDS or stop.ended is None:
            return None
        if effect is Effect.RESTARTS:
            anchor = stop.ended
            waits.clear()
        else:
            waits.append(StandStill(local(stop.started), local(stop.ended), stop.reason))
        current = due_instant(term, anchor, calendar, waits, hours)
    return due(term, anchor, calendar, waits, hours)


def both_after_stops(
    promised: Term, statutory: Term, anchor: datetime, stops: Sequence[Stop], calendar: Calendar, policy: Policy
) -> tuple[Due, Due] | None:
    """The promised and the statutory due after the stops, None while the clocks stand still or once they have ended.

    The promise is never the later of the two. Counted alone it could be, by part of a day: where the papers are
    complete just as its last whole day closes it moves to the end of the next one, while the longer statutory term
    ends within it.
    """
    law = due_after_stops(statutory, anchor, stops, calendar, policy, ClockColumn.STATUTORY)
    promise = due_after_stops(promised, anchor, stops, calendar, policy, ClockColumn.PROMISED)
    if law is None or promise is None:
        return None
    return (promise if promise.instant <= law.instant else law), law


def warning(
    term: Term, anchor: datetime, due_instant: datetime, calendar: Calendar, hours: Hours = Hours.COUNTED
) -> datetime:
    """When to warn: the smaller of 24 opening hours and a quarter of the term is left until the due instant.

    The quarter is of the term itself, so a due instant moved by stops does not stretch it; and it is never
    more than half the opening time from the anchor to the due instant. Rounded up to the minute, inside
    opening hours, at the opening rather than at the close before it.
    """
    anchor, due_instant = local(anchor), local(due_instant)
    if due_instant <= anchor:
        return due_instant
    length = opening_time_between(anchor, due(term, anchor, calendar, (), hours).instant, calendar, hours)
    left = min(WARN_AT_MOST, length / 4, opening_time_between(anchor, due_instant, calendar, hours) / 2)
    return min(due_instant, ceil_to_minute(max(anchor, moment_before(due_instant, left, calendar, hours))))


def working_time_between(a: datetime, b: datetime, calendar: Calendar, hours: Hours = Hours.COUNTED) -> timedelta:
    """The opening hours from one instant to another, negative when the second is the earlier."""
    a, b = local(a), local(b)
    return opening_time_between(a, b, calendar, hours) if a <= b else -opening_time_between(b, a, calendar, hours)


_UNFELT = frozenset({Effect.RUNS, Effect.IDLE})


def _effects(stops: Iterable[Stop], clock: ClockColumn, policy: Policy) -> Iterable[tuple[Stop, Effect]]:
    return ((stop, stop.effect or effect_of(stop.reason, clock, policy)) for stop in stops)


def _check(anchor: datetime, stops: Sequence[Stop]) -> None:
    reached = local(anchor)
    for number, stop in enumerate(stops):
        started, ended = local(stop.started), local(stop.ended or stop.started)
        last = number == len(stops) - 1
        if started < reached or ended < started or (stop.ended is None and not last):
            raise Invalid(
                f"stop {number + 1} of {len(stops)} overlaps what came before it, or never ended",
                field=f"stops[{number}]",
                remedy="give the stops in order, each after the anchor and ended before the next begins",
            )
        reached = ended
