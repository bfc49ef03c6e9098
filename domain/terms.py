"""Owns the rules of a due instant: a term, counted from an anchor, over a calendar.

`due` is the only place that counts a term forward, so the timer, the receipt, the screen, the report and the
explanation agree. Due instants are whole minutes. The rules, with Civil Code 2015, Articles 144 to 148:

working day, next day   the day of acceptance is not counted, whatever its hour. Acceptance on a rest day
                        counts as acceptance on the next working day. Ends at the close of the last counted
                        day; a part of a day ends at that share of it, each session being an equal share.
working day, from the   the same shares of days, used up from the anchor itself or, outside opening hours,
moment                  from the next opening.
calendar day            as the first rule, but every day counts; ends at the close of the office, and on the
                        next working day if the last day is a rest day. (A rest-day acceptance is moved first:
                        the reading that gives the applicant no date the office could not have known of.)
month                   as calendar days, but ends on the day of that number so many months later, or on the
                        last day of a month that lacks it (148(3)).
working hour            opening hours on the clock, from the anchor or the next opening.
hour                    the wall clock, day and night (147(1)), from the anchor or the next opening; an end
                        while the office is closed is moved to its next opening.
same day                the close of the day of acceptance; accepted later than 15:00:00, or on a rest day,
                        the close of the next working day (Decree 61/2018, Article 18, and the sector laws).

The hours of terms are those of counted days. Only the answer to an online filing is counted in the opening hours,
an ordinary Saturday's among them: its caller asks for `Hours.OPENING`. Days are counted days for everybody.

The instant is found in `domain/counting.py`, the walk that explains it in `domain/walks.py`. Where a clock stood
still, see `domain/clocks.py`; the count leaves those stretches out: opening time to the minute, days and months by
whole days.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from domain.calendars import Calendar, Hours
from domain.counting import SAME_DAY_CUT_OFF, due_instant
from domain.instants import local
from domain.lengths import GRAIN, LONGEST, StartRule, Term, TermUnit, check
from domain.office_time import StandStill
from domain.walks import ACCEPTANCE, COMPLETION, STOPPED, WalkDay, walk

__all__ = [
    "ACCEPTANCE",
    "COMPLETION",
    "GRAIN",
    "LONGEST",
    "SAME_DAY_CUT_OFF",
    "STOPPED",
    "Due",
    "StartRule",
    "Term",
    "TermUnit",
    "WalkDay",
    "check",
    "due",
    "due_instant",
]


@dataclass(frozen=True)
class Count:
    """Everything that a due instant follows from."""

    term: Term
    anchor: datetime
    calendar: Calendar
    still: tuple[StandStill, ...] = ()
    hours: Hours = Hours.COUNTED


@dataclass(frozen=True)
class Due:
    """When a term ends; provisional if the count crosses a year that is not announced."""

    instant: datetime
    provisional: bool
    count: Count = field(repr=False)

    @cached_property
    def walk(self) -> tuple[WalkDay, ...]:
        """The count that leads there, a row a day, made when it is asked for; the amounts add up to the term's."""
        count = self.count
        return walk(count.term, count.anchor, self.instant, count.calendar, count.still, count.hours)


def due(
    term: Term,
    anchor: datetime,
    calendar: Calendar,
    still: Sequence[StandStill] = (),
    hours: Hours = Hours.COUNTED,
) -> Due:
    """When the term that began at the anchor ends, leaving out the stretches in which its clock stood still.

    The stretches lie in order, after the anchor, without overlap. Raises Invalid for a term or an anchor that
    cannot be counted, CalendarMissing when the count enters a year the calendar does not hold.
    """
    instant = due_instant(term, anchor, calendar, still, hours)
    provisional = calendar.crosses_provisional(local(anchor).date(), instant.date())
    return Due(instant, provisional, Count(term, anchor, calendar, tuple(still), hours))
