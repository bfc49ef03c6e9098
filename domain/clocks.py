"""Owns a running clock: what its stops do to the due instant, and when it warns.

A clock is a ledger, never a flag: its term, its anchor and its stops are kept, and the due instant is derived
from them by `domain/terms.py` each time, so two stops or a crash between two writes cannot lose time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from domain.calendars import Calendar
from domain.errors import Invalid
from domain.instants import local
from domain.office_time import StandStill, ceil_to_minute, moment_before, opening_time_between
from domain.terms import Due, Term, due

WARN_AT_MOST = timedelta(hours=24)
"""Opening hours: the longest warning ahead of a due instant ("about to expire" in provincial practice)."""


class StopReason(StrEnum):
    """Why a clock stands still. Waiting for a consulted agency is not among them (Decree 61/2018, 19(5))."""

    SUPPLEMENT = "supplement"  # the applicant completes the dossier
    FINANCIAL_DUTY = "financial_duty"  # the applicant pays taxes or levies on land
    LAND_WORK = "land_work"  # levy, land price, measuring, posting, expertise: the land procedures' list
    FORCE_MAJEURE = "force_majeure"  # or failure of the registration system (Decree 99/2022, Article 16)


class Policy(StrEnum):
    """What completion of the dossier does to its term; a property of the procedure version."""

    RESTART = "restart"  # counted again from zero (Decree 61/2018, Article 19(4))
    RESUME = "resume"  # counted on, the wait left out (index of Decision 766; some sector laws)


@dataclass(frozen=True)
class Stop:
    """A stretch in which the clock stands still; `ended` is None while it still does."""

    started: datetime
    ended: datetime | None
    reason: StopReason


def due_after_stops(
    term: Term, anchor: datetime, stops: Sequence[Stop], calendar: Calendar, policy: Policy
) -> Due | None:
    """When the term ends after its stops, None while the clock stands still.

    Restart counts the term anew from each completion of the papers; every other wait, and under resume that one
    too, is left out. Opening time, in hours or
    from the moment, is left out to the minute. Days are left out whole, whatever the hours: the day of the
    request is left out, the day of completion counts; but a term never ends before the completion, it then
    ends on the next working day. A same-day term has no part to carry over: its resume is its restart.

    A stop that begins after the due instant changes nothing: the term had run out. Raises Invalid for stops
    out of order and what `domain.terms.due` raises.
    """
    _check(anchor, stops)
    waits: list[StandStill] = []
    current = due(term, anchor, calendar)
    for stop in stops:
        if stop.started > current.instant:
            break
        if stop.ended is None:
            return None
        if policy is Policy.RESTART and stop.reason is StopReason.SUPPLEMENT:
            anchor, waits = stop.ended, []
        else:
            waits.append(StandStill(local(stop.started), local(stop.ended), stop.reason))
        current = due(term, anchor, calendar, waits)
    return current


def warning(term: Term, anchor: datetime, due_instant: datetime, calendar: Calendar) -> datetime:
    """When to warn: the smaller of 24 opening hours and a quarter of the term is left until the due instant.

    The quarter is of the term itself, so a due instant moved by stops does not stretch it; and it is never
    more than half the opening time from the anchor to the due instant. Rounded up to the minute, inside
    opening hours, at the opening rather than at the close before it.
    """
    anchor, due_instant = local(anchor), local(due_instant)
    if due_instant <= anchor:
        return due_instant
    length = opening_time_between(anchor, due(term, anchor, calendar).instant, calendar)
    left = min(WARN_AT_MOST, length / 4, opening_time_between(anchor, due_instant, calendar) / 2)
    return min(due_instant, ceil_to_minute(max(anchor, moment_before(due_instant, left, calendar))))


def working_time_between(a: datetime, b: datetime, calendar: Calendar) -> timedelta:
    """The opening hours from one instant to another, negative when the second is the earlier."""
    a, b = local(a), local(b)
    return opening_time_between(a, b, calendar) if a <= b else -opening_time_between(b, a, calendar)


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
