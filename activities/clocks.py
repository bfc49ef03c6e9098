"""Sets clocks: words one clock with its ladder, as the events that bring it carry it."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from domain.calendars import Calendar
from domain.catalogue import Catalogue
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
    since: datetime | None = None,
) -> dict[str, Any]:
    """Word a clock that counts `term` from `anchor` to `due_at`, with the rungs that are in force on that day.

    `since` is when it goes on, for one that stood still: what is behind then is said then.
    """
    rungs = ladder(law.ladder(kind, civil_date(anchor)), term, anchor, due_at, calendar, since)
    named = {name: value for name, value in (("step", step), ("unit", unit)) if value}
    return {
        "kind": str(kind),
        "due": due_at.isoformat(),
        **named,
        "rungs": [[str(rung), at.isoformat()] for rung, at in rungs],
    }


def window(kind: ClockKind, days: int, anchor: datetime, calendar: Calendar, law: Catalogue) -> dict[str, Any]:
    """Word a clock of so many calendar days: what an applicant has time for."""
    term = Term(Decimal(days), TermUnit.CALENDAR_DAY)
    return set_clock(kind, term, anchor, due(term, anchor, calendar).instant, calendar, law)
