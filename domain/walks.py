"""Owns the explanation of a due instant: one row a day, what the day took of the term and why it took no more.

The walk is made only when somebody asks why; it counts day by day what `domain/counting.py` finds by tables.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from domain.calendars import Calendar, Hours
from domain.counting import left_out, month_ends, same_day_cut_off, uncounted
from domain.instants import at, local
from domain.lengths import StartRule, Term, TermUnit
from domain.office_time import StandStill
from domain.timetable import SECOND, Line

ACCEPTANCE = "day of acceptance, not counted"
COMPLETION = "day of completion, not counted"
STOPPED = "stopped: "

_DAY = timedelta(days=1)
_ZERO, _ONE = Decimal(0), Decimal(1)
_ROW = Decimal("0.0001")
_SHOWN = range(-4, 1)
_HOUR = 3600 * SECOND


@dataclass(frozen=True)
class WalkDay:
    """One day of the count: how much of the term it took, in the term's unit, and why."""

    day: date
    counted: Decimal
    reason: str


def walk(
    term: Term, anchor: datetime, end: datetime, calendar: Calendar, still: Sequence[StandStill], hours: Hours
) -> tuple[WalkDay, ...]:
    """One row for each day from the anchor's to the end's; the amounts add up to the term's.

    A month counts on the day that completes it.
    """
    anchor = local(anchor)
    if term.unit is TermUnit.SAME_DAY:
        return tuple(_same_day(local(still[-1].ended) if still else anchor, end, calendar))
    if term.unit in (TermUnit.WORKING_HOUR, TermUnit.HOUR) or term.start is StartRule.FROM_MOMENT:
        return tuple(_measured(term, anchor, end, calendar, still, hours))
    return tuple(_counted(term, anchor, end, calendar, still))


def _same_day(anchor: datetime, end: datetime, calendar: Calendar) -> Iterator[WalkDay]:
    day = anchor.date()
    if day == end.date():
        yield WalkDay(day, _ONE, "day of acceptance")
        return
    cut_off = same_day_cut_off(day, calendar)
    yield WalkDay(day, _ZERO, f"accepted later than {cut_off:%H:%M}" if cut_off else calendar.why(day))
    for rest in _days(day + _DAY, end.date()):
        yield WalkDay(rest, _ZERO, calendar.why(rest))
    yield WalkDay(end.date(), _ONE, calendar.why(end.date()))


def _counted(
    term: Term, anchor: datetime, end: datetime, calendar: Calendar, still: Sequence[StandStill]
) -> Iterator[WalkDay]:
    """Whole days: what comes before the first counted one, the count itself, and what the end is moved over."""
    accepted = calendar.working_day_from(anchor.date())
    spans = list(left_out(still, calendar))
    stops = [(first.toordinal(), ended.toordinal()) for first, ended in spans]
    begin = date.fromordinal(uncounted(accepted.toordinal(), stops))
    stopped = {
        day: STOPPED + stretch.reason for stretch, span in zip(still, spans, strict=True) for day in _days(*span)
    }
    month_days = month_ends(int(term.amount), accepted.toordinal(), stops) if term.unit is TermUnit.MONTH else []
    left = term.amount
    for day in _days(anchor.date(), end.date() + _DAY):
        why = stopped.get(day)
        if day <= begin or why or left <= 0:
            taken = _ZERO
        elif term.unit is TermUnit.MONTH:
            taken = Decimal(month_days.count(day.toordinal()))
        else:
            taken = min(left, _ONE) if term.unit is TermUnit.CALENDAR_DAY or calendar.is_working(day) else _ZERO
        left -= taken
        if day == begin:
            why = ACCEPTANCE if begin == accepted else COMPLETION
        yield WalkDay(day, _plain(taken), why or calendar.why(day))


def _measured(
    term: Term, anchor: datetime, end: datetime, calendar: Calendar, still: Sequence[StandStill], hours: Hours
) -> Iterator[WalkDay]:
    """Opening time, or the wall clock's, used up day by day; the last day takes what is left."""
    total, shown = _ZERO, _ZERO
    for day in _days(anchor.date(), end.date() + _DAY):
        total += sum((_used(term, *run, calendar, hours) for run in _runs(day, anchor, end, still)), _ZERO)
        so_far = term.amount if day == end.date() else min(total.quantize(_ROW), term.amount)
        yield WalkDay(day, _plain(so_far - shown), _why_measured(term, day, so_far > shown, calendar, still, hours))
        shown = so_far


def _runs(
    day: date, anchor: datetime, end: datetime, still: Sequence[StandStill]
) -> Iterator[tuple[datetime, datetime]]:
    """The parts of the day in which the clock ran, each from one moment to another."""
    begins, last = max(anchor, at(day, time())), min(end, at(day, time()) + _DAY)
    for stretch in still:
        if begins < min(stretch.started, last):
            yield begins, min(stretch.started, last)
        begins = max(begins, stretch.ended)
    if begins < last:
        yield begins, last


def _used(term: Term, begins: datetime, ends: datetime, calendar: Calendar, hours: Hours) -> Decimal:
    if term.unit is TermUnit.WORKING_DAY:
        return _worth(calendar.shares, begins, ends, calendar.day_worth)
    if term.unit is TermUnit.WORKING_HOUR:
        return _worth(calendar.line(hours), begins, ends, _HOUR)
    return Decimal((ends - begins) // timedelta(microseconds=1)) / _HOUR


def _worth(line: Line, begins: datetime, ends: datetime, one: int) -> Decimal:
    last = line.used(line.length - 1) if ends >= line.instant(line.length) else line.used(line.place(ends))
    return Decimal(last - line.used(line.place(begins))) / one


def _why_measured(
    term: Term, day: date, counted: bool, calendar: Calendar, still: Sequence[StandStill], hours: Hours
) -> str:
    if counted and not calendar.is_working(day) and calendar.sessions_on(day, hours):
        return "Saturday opening"
    if counted or not calendar.is_working(day):
        return calendar.why(day)
    reasons = [STOPPED + s.reason for s in still if local(s.started).date() <= day <= local(s.ended).date()]
    return reasons[0] if reasons else "after closing time"


def _plain(amount: Decimal) -> Decimal:
    """The same amount without trailing zeros and without an exponent, as a page shows it."""
    short = amount.normalize()
    return short if short.as_tuple().exponent in _SHOWN else short.quantize(_ONE)


def _days(first: date, end: date) -> Iterator[date]:
    """The days from the first up to, not including, the end."""
    return (first + timedelta(days=n) for n in range((end - first).days))
