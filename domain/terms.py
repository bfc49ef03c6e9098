"""Owns the one calculation of a due instant: a term, counted from an anchor, over a calendar.

It is the only place that counts a term forward, so the timer, the receipt, the screen, the report and the
explanation agree. Due instants are whole minutes. The rules, with Civil Code 2015, Articles 144 to 148:

working day, next day   the day of acceptance is not counted, whatever its hour. Acceptance on a rest day
                        counts as acceptance on the next working day. Ends at the close of the last counted
                        day; a part of a day ends at that share of it, each session being an equal share.
working day, from the   the same shares of days, used up from the anchor itself or, outside opening hours,
moment                  from the next opening.
calendar day            as the first rule, but every day counts; ends at the close of the office, and on the
                        next working day if the last day is a rest day. (A rest-day acceptance is moved first:
                        the reading that gives the applicant no date the office could not have known of.)
working hour            opening hours on the clock, from the anchor or the next opening.
same day                the close of the day of acceptance; accepted later than 15:00:00, or on a rest day,
                        the close of the next working day (Decree 61/2018, Article 18, and the sector laws).

Where a clock stood still, see `domain/clocks.py`; the count here leaves those stretches out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from domain.calendars import Calendar
from domain.errors import Invalid
from domain.instants import local
from domain.office_time import Scale, StandStill, running, share_of_day

SAME_DAY_CUT_OFF = time(15, 0)
LONGEST = Decimal(10_000)
ACCEPTANCE = "day of acceptance, not counted"
COMPLETION = "day of completion, not counted"
STOPPED = "stopped: "

_DAY = timedelta(days=1)
_ZERO, _ONE = Decimal(0), Decimal(1)
_WHOLE = Fraction(1)
_ROW = Decimal("0.0001")
_SHOWN = range(-4, 1)


class TermUnit(StrEnum):
    """What a term is counted in. Units are never converted into one another."""

    WORKING_DAY = "working_day"
    CALENDAR_DAY = "calendar_day"
    WORKING_HOUR = "working_hour"
    SAME_DAY = "same_day"


class StartRule(StrEnum):
    """Where a term of working days begins: the day after (Civil Code 147) or the very moment."""

    NEXT_DAY = "next_day"
    FROM_MOMENT = "from_moment"


GRAIN = {
    TermUnit.WORKING_DAY: Decimal("0.25"),
    TermUnit.CALENDAR_DAY: _ONE,
    TermUnit.WORKING_HOUR: Decimal("0.25"),
    TermUnit.SAME_DAY: _ONE,
}
"""The finest amount a term of each unit may be written in."""


@dataclass(frozen=True)
class Term:
    """An amount of a unit, a multiple of its grain; 1 for a same-day term.

    `start` says where working days begin. Hours always run from the moment, calendar days never do.
    """

    amount: Decimal
    unit: TermUnit
    start: StartRule = StartRule.NEXT_DAY


@dataclass(frozen=True)
class WalkDay:
    """One day of the count: how much of the term it took, in the term's unit, and why."""

    day: date
    counted: Decimal
    reason: str


@dataclass(frozen=True)
class Due:
    """When a term ends, with the count that leads there; provisional if it crosses an unannounced year.

    The counted amounts of the walk add up to the term's amount.
    """

    instant: datetime
    walk: tuple[WalkDay, ...]
    provisional: bool


def due(term: Term, anchor: datetime, calendar: Calendar, still: Sequence[StandStill] = ()) -> Due:
    """When the term that began at the anchor ends, leaving out the stretches in which its clock stood still.

    The stretches lie in order, after the anchor, without overlap. Raises Invalid for a term or an anchor that
    cannot be counted, CalendarMissing when the count enters a year the calendar does not hold.
    """
    check(term)
    anchor = local(anchor)
    if term.unit is TermUnit.SAME_DAY:
        return _same_day(still[-1].ended if still else anchor, calendar)
    if term.unit is TermUnit.WORKING_HOUR:
        return _measured(term.amount, Scale.HOURS, anchor, calendar, still)
    if term.start is StartRule.FROM_MOMENT:
        return _measured(term.amount, Scale.DAYS, anchor, calendar, still)
    return _counted(term, anchor, calendar, still)


def check(term: Term) -> None:
    """Refuse with Invalid a term that cannot be counted."""
    if not term.amount.is_finite() or not 0 < term.amount <= LONGEST:
        raise Invalid(
            f"{term.amount} {term.unit} is not the length of a term",
            field="amount",
            remedy=f"give more than zero and at most {LONGEST}",
        )
    grain = GRAIN[term.unit]
    if term.amount % grain:
        remedy = f"give a multiple of {grain}; round a shortened term down, never up"
        raise Invalid(f"{term.amount} {term.unit} is finer than terms are counted", field="amount", remedy=remedy)
    if term.unit is TermUnit.SAME_DAY and term.amount != 1:
        raise Invalid(f"a same-day term cannot be {term.amount} days", field="amount", remedy="give 1")
    if term.unit is TermUnit.CALENDAR_DAY and term.start is StartRule.FROM_MOMENT:
        remedy = f"give '{StartRule.NEXT_DAY}', or count in working hours"
        raise Invalid("calendar days are not counted from a moment", field="start", remedy=remedy)


def _same_day(anchor: datetime, calendar: Calendar) -> Due:
    day = anchor.date()
    why = calendar.why(day)
    if calendar.is_working(day):
        cut_off = min(SAME_DAY_CUT_OFF, calendar.sessions[-1].closes)
        if anchor.time() <= cut_off:
            return _due(share_of_day(day, _WHOLE, calendar), [WalkDay(day, _ONE, "day of acceptance")], calendar)
        why = f"accepted later than {cut_off:%H:%M}"
    last = calendar.working_day_after(day)
    walk = [WalkDay(day, _ZERO, why)]
    walk += [WalkDay(rest, _ZERO, calendar.why(rest)) for rest in _days(day + _DAY, last)]
    walk.append(WalkDay(last, _ONE, calendar.why(last)))
    return _due(share_of_day(last, _WHOLE, calendar), walk, calendar)


def _counted(term: Term, anchor: datetime, calendar: Calendar, still: Sequence[StandStill]) -> Due:
    """Count whole days, then move the last one to where a term can end."""
    accepted = calendar.working_day_from(anchor.date())
    uncounted_day, stopped = _left_out(accepted, still, calendar)
    event = ACCEPTANCE if uncounted_day == accepted else COMPLETION

    def uncounted(day: date) -> WalkDay:
        return WalkDay(day, _ZERO, stopped.get(day) or calendar.why(day))

    walk = [uncounted(day) for day in _days(anchor.date(), uncounted_day)]
    walk += [WalkDay(uncounted_day, _ZERO, event), *_count(term, uncounted_day, stopped, calendar)]
    share = Fraction(walk[-1].counted)
    complete = still[-1].ended if still else anchor
    while (instant := _end(walk[-1].day, share, calendar)) is None or instant <= complete:
        walk.append(uncounted(walk[-1].day + _DAY))
    return _due(instant, walk, calendar)


def _left_out(accepted: date, still: Sequence[StandStill], calendar: Calendar) -> tuple[date, dict[date, str]]:
    """The day not counted, and the days on which the clock stood still, with the reason.

    The day of the request is left out, the day of completion counts again; on a rest day either counts as the
    next working day, as acceptance does. A request on the day of acceptance, which is not counted anyway,
    makes the day of completion the day that is not counted.
    """
    stopped: dict[date, str] = {}
    for stretch in still:
        first = calendar.working_day_from(stretch.started.date())
        last = calendar.working_day_from(stretch.ended.date())
        stopped |= dict.fromkeys(_days(first, last), STOPPED + stretch.reason)
        if first == accepted:
            accepted = last
    return accepted, stopped


def _count(term: Term, after: date, stopped: dict[date, str], calendar: Calendar) -> Iterator[WalkDay]:
    every_day = term.unit is TermUnit.CALENDAR_DAY
    day, left = after, term.amount
    while left > 0:
        day += _DAY
        why = stopped.get(day)
        takes = why is None and (every_day or calendar.is_working(day))
        taken = min(left, _ONE) if takes else _ZERO
        left -= taken
        yield WalkDay(day, _plain(taken), why or calendar.why(day))


def _end(day: date, share: Fraction, calendar: Calendar) -> datetime | None:
    """The moment that share of the day is over, None on a rest day, when no term ends (Civil Code 148)."""
    return share_of_day(day, share, calendar) if calendar.is_working(day) else None


def _measured(amount: Decimal, scale: Scale, anchor: datetime, calendar: Calendar, still: Sequence[StandStill]) -> Due:
    """Use up the amount in opening time, from the anchor on."""
    left, shown = Fraction(amount), _ZERO
    day, walk = anchor.date(), list[WalkDay]()
    while True:
        instant = None
        for opening in running(day, calendar, scale, anchor, still):
            if left <= opening.worth:
                instant = opening.moment(left)
                break
            left -= opening.worth
        so_far = amount if instant else (amount - _decimal(left)).quantize(_ROW)
        walk.append(WalkDay(day, _plain(so_far - shown), _why_measured(day, so_far > shown, calendar, still)))
        if instant:
            return _due(instant, walk, calendar)
        day, shown = day + _DAY, so_far


def _why_measured(day: date, counted: bool, calendar: Calendar, still: Sequence[StandStill]) -> str:
    if counted or not calendar.is_working(day):
        return calendar.why(day)
    reasons = [STOPPED + s.reason for s in still if s.started.date() <= day <= s.ended.date()]
    return reasons[0] if reasons else "after closing time"


def _decimal(amount: Fraction) -> Decimal:
    return Decimal(amount.numerator) / Decimal(amount.denominator)


def _plain(amount: Decimal) -> Decimal:
    """The same amount without trailing zeros and without an exponent, as a page shows it."""
    short = amount.normalize()
    return short if short.as_tuple().exponent in _SHOWN else short.quantize(_ONE)


def _days(first: date, end: date) -> Iterator[date]:
    """The days from the first up to, not including, the end."""
    return (first + timedelta(days=n) for n in range((end - first).days))


def _due(instant: datetime, walk: Sequence[WalkDay], calendar: Calendar) -> Due:
    return Due(instant, tuple(walk), any(calendar.is_provisional(row.day) for row in walk))
