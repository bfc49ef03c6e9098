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
from domain.office_time import ceil_to_minute, floor_to_minute, moment_before, opening_time_between
from domain.terms import Term, TermUnit, due

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


BEFORE_LADDERS: tuple[LadderRow, ...] = tuple(
    LadderRow(clock, rung, "thông lệ trước khi có bậc cảnh báo", date.min)
    for clock in ClockKind
    for rung in (
        (Rung.REMIND,)
        if clock is ClockKind.COLLECTION
        else (Rung.WARN, Rung.BREACH)
        if clock is ClockKind.PROMISED
        else (Rung.BREACH,)
    )
)
"""For publications of the law that name no rung: what every clock did then. A collection is never breached."""


def ladder(
    rows: Iterable[LadderRow],
    term: Term,
    anchor: datetime,
    due_at: datetime,
    calendar: Calendar,
    hours: Hours = Hours.COUNTED,
    since: datetime | None = None,
) -> tuple[tuple[Rung, datetime], ...]:
    """Set the rungs of one clock, counted in `term` from `anchor` to `due_at`, in the order in which they strike.

    `since` is when a clock that stood still goes on: what should have been said meanwhile is said then, and
    whoever is asked only then has still time to answer. A clock that had run out keeps its rungs.
    """
    anchor, due_at = local(anchor), local(due_at)
    earliest = min(due_at, ceil_to_minute(max(anchor, local(since or anchor))))
    made: dict[Rung, datetime] = {}
    for row in sorted(rows, key=lambda each: _ORDER[each.rung]):
        if row.rung is Rung.WARN:
            made[row.rung] = max(earliest, warning(term, anchor, due_at, calendar, hours))
        elif row.rung is Rung.ASK:
            made[row.rung] = max(earliest, question(term, anchor, due_at, calendar))
        elif row.rung is Rung.SILENCE:
            if Rung.ASK in made:  # else there is nothing to be silent about
                made[row.rung] = _silence(made[Rung.ASK], row, due_at, calendar)
        elif row.rung in (Rung.BREACH, Rung.REMIND):
            made[row.rung] = due_at
        elif row.after is not None:
            made[row.rung] = due(row.after, due_at, calendar).instant
    return tuple(sorted(made.items(), key=lambda each: (each[1], _ORDER[each[0]])))


def question(term: Term, anchor: datetime, due_at: datetime, calendar: Calendar) -> datetime:
    """When the office must say whether it will be in time; at the due instant when no opening time is left."""
    anchor, due_at = local(anchor), local(due_at)
    whole = opening_time_between(anchor, due_at, calendar)
    if not whole:
        return due_at
    morning = _morning_before(anchor, due_at, calendar)
    if morning is not None and not _is_under_two_days(term, whole, due_at.date(), calendar):
        return morning
    return ceil_to_minute(moment_before(due_at, whole / 2, calendar))


def _morning_before(anchor: datetime, due_at: datetime, calendar: Calendar) -> datetime | None:
    """The opening of the working day before the last; None where nobody has had an hour for the dossier by then."""
    day = due_at.date() - _DAY
    while day >= anchor.date():
        if calendar.is_working(day):
            opens = at(day, calendar.sessions_on(day)[0].opens)
            return opens if opening_time_between(anchor, opens, calendar) else None
        day -= _DAY
    return None


def _is_under_two_days(term: Term, whole: timedelta, last: date, calendar: Calendar) -> bool:
    """By the term itself where it counts working days, else by the opening time that there is."""
    if term.unit is TermUnit.WORKING_DAY:
        return term.amount < 2
    return whole < 2 * _length(last, calendar)


def _silence(asked: datetime, row: LadderRow, due_at: datetime, calendar: Calendar) -> datetime:
    half = moment_before(due_at, opening_time_between(asked, due_at, calendar) / 2, calendar)
    late = due(row.after, asked, calendar).instant if row.after is not None else half
    return min(late, max(asked, floor_to_minute(half)))


def _length(day: date, calendar: Calendar) -> timedelta:
    """The opening time of the working day on which a term ends."""
    sessions = calendar.sessions_on(day)
    return sum((at(day, each.closes) - at(day, each.opens) for each in sessions), timedelta())
