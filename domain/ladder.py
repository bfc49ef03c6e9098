"""Where the rungs of a clock's ladder stand: when it warns, asks, breaks, and goes up to whom.

Which rungs a clock has, and how long after the breach each goes up, is dated data (`LadderRow`); where the
warning and the question stand is the rule itself:

warn     the smaller of 24 opening hours and a quarter of the term is left, never in its first half
ask      the opening of the working day before the last, so that form 04 can go out a day before the term is over
         (Decree 61/2018 Art. 19(9)); half-way for a term of less than two working days
silence  so long after the question, but never later than half-way from there to the due instant
breach   the due instant; so does the reminder of a clock that nobody can breach
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from domain.calendars import Calendar, Hours
from domain.clocks import warning
from domain.instants import at, local
from domain.milestones import ClockKind, Rung
from domain.office_time import moment_before, opening_time_between
from domain.terms import Term, due

_DAY = timedelta(days=1)
_ORDER = {rung: number for number, rung in enumerate(Rung)}


@dataclass(frozen=True)
class LadderRow:
    """One rung of one kind of clock. `after` is its distance from the rung below it, where the rule needs one."""

    clock: ClockKind
    rung: Rung
    basis: str
    valid_from: date
    valid_to: date | None = None
    after: Term | None = None
    certain: bool = True
    note: str = ""
    version: str = ""


def ladder(
    rows: Iterable[LadderRow],
    term: Term,
    anchor: datetime,
    due_at: datetime,
    calendar: Calendar,
    hours: Hours = Hours.COUNTED,
) -> tuple[tuple[Rung, datetime], ...]:
    """Set the rungs of one clock, counted in `term` from `anchor` to `due_at`, in the order in which they strike."""
    anchor, due_at = local(anchor), local(due_at)
    made: dict[Rung, datetime] = {}
    for row in sorted(rows, key=lambda each: _ORDER[each.rung]):
        if row.rung is Rung.WARN:
            made[row.rung] = warning(term, anchor, due_at, calendar, hours)
        elif row.rung is Rung.ASK:
            made[row.rung] = question(anchor, due_at, calendar)
        elif row.rung is Rung.SILENCE and Rung.ASK in made:
            made[row.rung] = _silence(made[Rung.ASK], row, due_at, calendar)
        elif row.rung in (Rung.BREACH, Rung.REMIND):
            made[row.rung] = due_at
        elif row.after is not None:
            made[row.rung] = due(row.after, due_at, calendar).instant
    return tuple(sorted(made.items(), key=lambda each: (each[1], _ORDER[each[0]])))


def question(anchor: datetime, due_at: datetime, calendar: Calendar) -> datetime:
    """When the office must say whether it will be in time."""
    last = local(due_at).date()
    day = last - _DAY
    while not calendar.is_working(day):
        day -= _DAY
    asked = at(day, calendar.sessions_on(day)[0].opens)
    whole = opening_time_between(anchor, due_at, calendar)
    if asked > anchor and opening_time_between(anchor, due_at, calendar) >= 2 * _length(last, calendar):
        return asked
    return moment_before(due_at, whole / 2, calendar).replace(second=0, microsecond=0) if whole else due_at


def _silence(asked: datetime, row: LadderRow, due_at: datetime, calendar: Calendar) -> datetime:
    half = moment_before(due_at, opening_time_between(asked, due_at, calendar) / 2, calendar)
    late = due(row.after, asked, calendar).instant if row.after is not None else half
    return min(late, max(asked, half.replace(second=0, microsecond=0)))


def _length(day: date, calendar: Calendar) -> timedelta:
    """The opening time of the working day on which a term ends."""
    sessions = calendar.sessions_on(day)
    return sum((at(day, each.closes) - at(day, each.opens) for each in sessions), timedelta())
