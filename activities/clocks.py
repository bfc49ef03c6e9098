"""Sets clocks: words one clock with its ladder, as the events that bring it carry it."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from domain.calendars import Calendar, Hours
from domain.catalogue import Catalogue
from domain.deadlines import name_version
from domain.instants import civil_date
from domain.ladder import ladder
from domain.milestones import ClockKind
from domain.terms import Term, TermUnit, due


def set_clock(
    kind: ClockKind,
    term: Term,
    anchor: datetime,
    due_at: datetime,
    calendar: Calendar,
    law: Catalogue,
    *,
    step: str = "",
    unit: str = "",
    counted: bool = True,
    left: timedelta | None = None,
    since: datetime | None = None,
) -> dict[str, Any]:
    """Word a clock that counts `term` from `anchor` to `due_at`, with the rungs that are in force on that day.

    It carries what its due instant was counted from, so that anybody can count it again: term, anchor, calendar.
    `counted` is false where the term only measures the ladder, and the due instant came about in another way; `left`
    is the opening time that the clock was given at its anchor, where it goes on after a stop. `since` is when it goes
    on, for one that stood still: what is behind then is said then.
    """
    hours = Hours.OPENING if kind is ClockKind.ACCEPTANCE else Hours.COUNTED
    rungs = ladder(law.ladder(kind, civil_date(anchor)), term, anchor, due_at, calendar, hours, since)
    named = {name: value for name, value in (("step", step), ("unit", unit)) if value}
    return {
        "kind": str(kind),
        "due": due_at.isoformat(),
        **named,
        **({"term": _spelled(term)} if counted and left is None else {}),
        "anchor": anchor.isoformat(),
        "calendar": name_version(calendar),
        **({} if left is None else {"left": left.total_seconds()}),
        **({} if since is None else {"since": since.isoformat()}),
        "rungs": [[str(rung), at.isoformat()] for rung, at in rungs],
    }


def window(kind: ClockKind, days: int, anchor: datetime, calendar: Calendar, law: Catalogue) -> dict[str, Any]:
    """Word a clock of so many calendar days: what an applicant has time for."""
    term = Term(Decimal(days), TermUnit.CALENDAR_DAY)
    return set_clock(kind, term, anchor, due(term, anchor, calendar).instant, calendar, law)


def _spelled(term: Term) -> dict[str, str]:
    return {"amount": f"{term.amount.normalize():f}", "unit": str(term.unit), "start": str(term.start)}
