"""Owns the one calculation of a due instant, by tables: each answer is a few searches by halves, never a walk.

The rules stand at the head of `domain/terms.py`. Whole days are searched among the ordinals of the counted days,
opening time on the calendar's lines; a stretch in which the clock stood still is stepped over, in the same unit.
"""

from __future__ import annotations

from bisect import bisect_left
from calendar import monthrange
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, time

from domain.calendars import Calendar, Hours
from domain.instants import local
from domain.lengths import StartRule, Term, TermUnit
from domain.office_time import QUARTERS, StandStill, share_of_day
from domain.timetable import MINUTE, Line, OffTheLine

SAME_DAY_CUT_OFF = time(15, 0)

_QUARTER_OF_AN_HOUR = 15 * MINUTE


def due_instant(
    term: Term,
    anchor: datetime,
    calendar: Calendar,
    still: Sequence[StandStill] = (),
    hours: Hours = Hours.COUNTED,
) -> datetime:
    """When the term that began at the anchor ends; the same as `domain.terms.due(…).instant`, and as fast as it gets.

    Raises Invalid for a term or an anchor that cannot be counted, CalendarMissing as `due` does.
    """
    quarters = term.quarters
    if anchor.tzinfo is None:
        local(anchor)
    try:
        if term.unit is TermUnit.WORKING_HOUR:
            return _measured(quarters * _QUARTER_OF_AN_HOUR, anchor, calendar.line(hours), still)
        if term.unit is TermUnit.HOUR:
            return _wall_clock(quarters * _QUARTER_OF_AN_HOUR, anchor, calendar.line(hours), still)
        if term.unit is TermUnit.WORKING_DAY and term.start is StartRule.FROM_MOMENT:
            return _measured(quarters * (calendar.day_worth // QUARTERS), anchor, calendar.shares, still)
    except OffTheLine as off:
        raise calendar.off(anchor, before=off.before) from None
    return _BY_DAY[term.unit](quarters, local(anchor), calendar, still)


def _measured(worth: int, anchor: datetime, line: Line, still: Sequence[StandStill]) -> datetime:
    """Use up the worth along the line, from the anchor on and around the stretches."""
    place = line.place(anchor)
    used = line.used(place)
    for stretch in still:
        begins = line.used(line.place(stretch.started))
        if worth <= begins - used:
            break
        worth -= begins - used
        used = line.used(line.place(stretch.ended))
    end = line.ends(used + worth)
    return line.instant(end - end % MINUTE)


def _wall_clock(length: int, anchor: datetime, line: Line, still: Sequence[StandStill]) -> datetime:
    """Let the wall clock run from the anchor; what begins, goes on or ends while the office is closed waits for it.

    A request in that last wait is still in time: then the term does not end before the completion.
    """
    place = line.opening(line.place(anchor))
    for stretch in still:
        run = max(0, line.place(stretch.started) - place)
        if length <= run:
            break
        length -= run
        place = max(place, line.opening(line.place(stretch.ended)))
    end = (place + length) // MINUTE * MINUTE
    if still:
        end = max(end, -(-line.place(still[-1].ended) // MINUTE) * MINUTE)
    if end >= line.length:
        raise OffTheLine(before=False)
    return line.instant(line.open_or_closing(end))


def _same_day(quarters: int, anchor: datetime, calendar: Calendar, still: Sequence[StandStill]) -> datetime:
    day = same_day(local(still[-1].ended) if still else anchor, calendar)
    return share_of_day(day, quarters, calendar)


def same_day(anchor: datetime, calendar: Calendar) -> date:
    """The day on which work accepted then is due: that day up to its cut-off, else the next working day."""
    day = anchor.date()
    cut_off = same_day_cut_off(day, calendar)
    return day if cut_off is not None and anchor.time() <= cut_off else calendar.working_day_after(day)


def same_day_cut_off(day: date, calendar: Calendar) -> time | None:
    """Until when of that day work is due on it: 15:00:00, or an earlier close; None on a rest day."""
    sessions = calendar.sessions_on(day)
    return min(SAME_DAY_CUT_OFF, sessions[-1].closes) if sessions else None


def _working_days(quarters: int, anchor: datetime, calendar: Calendar, still: Sequence[StandStill]) -> datetime:
    days = calendar.working_days
    whole, rest = divmod(quarters, QUARTERS)
    count, share = (whole + 1, rest) if rest else (whole, QUARTERS)
    stops = [
        (_number(first, anchor, calendar), _number(end, anchor, calendar)) for first, end in left_out(still, calendar)
    ]
    number = _count_off(count, _number(anchor.date(), anchor, calendar), stops)
    complete = local(still[-1].ended) if still else anchor
    while True:
        if number >= len(days):
            raise calendar.off(anchor, before=False)
        instant = share_of_day(date.fromordinal(days[number]), share, calendar)
        if instant > complete:
            return instant
        number += 1


def _calendar_days(quarters: int, anchor: datetime, calendar: Calendar, still: Sequence[StandStill]) -> datetime:
    accepted = calendar.working_day_from(anchor.date()).toordinal()
    end = _count_off(quarters // QUARTERS, accepted, _ordinals(still, calendar))
    return _close_from(end, anchor, calendar, still)


def _months(quarters: int, anchor: datetime, calendar: Calendar, still: Sequence[StandStill]) -> datetime:
    accepted = calendar.working_day_from(anchor.date()).toordinal()
    ends = month_ends(quarters // QUARTERS, accepted, _ordinals(still, calendar))
    return _close_from(ends[-1], anchor, calendar, still)


def _close_from(end: int, anchor: datetime, calendar: Calendar, still: Sequence[StandStill]) -> datetime:
    """The close of that day, or of the first working day after it, once the dossier is complete."""
    complete = local(still[-1].ended) if still else anchor
    day = calendar.working_day_from(date.fromordinal(end))
    while (instant := share_of_day(day, QUARTERS, calendar)) <= complete:
        day = calendar.working_day_after(day)
    return instant


def left_out(still: Sequence[StandStill], calendar: Calendar) -> Iterator[tuple[date, date]]:
    """The days each stretch takes out of a count of days: from the first up to, not including, the second.

    The day of the request is left out, the day of completion counts again; on a rest day either counts as the
    next working day, as acceptance does.
    """
    for stretch in still:
        first = calendar.working_day_from(local(stretch.started).date())
        yield first, calendar.working_day_from(local(stretch.ended).date())


def _ordinals(still: Sequence[StandStill], calendar: Calendar) -> list[tuple[int, int]]:
    return [(first.toordinal(), end.toordinal()) for first, end in left_out(still, calendar)]


def _number(day: date, anchor: datetime, calendar: Calendar) -> int:
    """Which of the counted days it is, or the next one. Raises CalendarMissing outside the years held."""
    calendar.is_working(day)
    days = calendar.working_days
    return bisect_left(days, day.toordinal())


def _count_off(count: int, accepted: int, stops: Sequence[tuple[int, int]]) -> int:
    """The number of the day that is that many after the uncounted one, the stops' days left out."""
    day = uncounted(accepted, stops)
    for first, end in stops:
        run = max(0, first - 1 - day)
        if count <= run:
            break
        count -= run
        day = max(day, end - 1)
    return day + count


def uncounted(accepted: int, stops: Sequence[tuple[int, int]]) -> int:
    """The number of the day that does not count: a request on it, which costs nothing, makes it the completion's."""
    for first, end in stops:
        if first == accepted:
            accepted = end
    return accepted


def month_ends(months: int, accepted: int, stops: Sequence[tuple[int, int]]) -> list[int]:
    """The last day of each month of a term, as ordinals: the day's number again, later by the days left out."""
    start = uncounted(accepted, stops)
    kept = [stop for stop in stops if stop[0] > start]
    first = date.fromordinal(start)
    ends: list[int] = []
    for number in range(1, months + 1):
        end = _months_later(first, number).toordinal()
        for begins, ended in kept:
            if begins <= end:
                end += ended - begins
        ends.append(end)
    return ends


def _months_later(day: date, months: int) -> date:
    """The day of that number so many months later, or that month's last (Civil Code 2015, Article 148(3))."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


_BY_DAY: dict[TermUnit, Callable[[int, datetime, Calendar, Sequence[StandStill]], datetime]] = {
    TermUnit.WORKING_DAY: _working_days,
    TermUnit.CALENDAR_DAY: _calendar_days,
    TermUnit.MONTH: _months,
    TermUnit.SAME_DAY: _same_day,
}
