"""The receipt (form 01): the facts that acceptance makes: code, appointment, clocks, and the offices' stages."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date, datetime
from typing import Any

from activities.intake import code_part
from domain.calendars import Calendar
from domain.catalogue import Catalogue
from domain.clocks import warning
from domain.codes import issue
from domain.deadlines import Deadlines, deadlines
from domain.instants import civil_date
from domain.milestones import ClockKind
from domain.procedures import Channel, Process, Stage, StepKind
from domain.terms import Due, Term
from schema.case import Case
from schema.messages import Event

Count = Callable[[str, date], Awaitable[int]]
"""Takes the next number of a named counter of a day; the number is used up only if the event is kept."""


async def accepted(case: Case, event: Event, law: Catalogue, count: Count) -> dict[str, Any]:
    """Make the code, pin the law, and compute every date; raises what `domain.deadlines` and `codes` raise."""
    dates = dates_of(case, law, accepted_at=event.occurred_at)
    day = civil_date(event.occurred_at)
    part = code_part(dates.unit)
    made = {
        "law": law.version,
        "calendar": dates.calendar,
        "basis": list(dates.basis),
        "provisional": dates.provisional,
        "terms": {"statutory": _spell(dates.statutory_term), "promised": _spell(dates.promised_term)},
        "clocks": processing_clocks(dates, event.occurred_at, dates.statutory, dates.promised, law),
        "stages": [_steps(stage, case, law, day) for stage in office_stages(dates.process)],
    }
    return {"code": issue(part, day, await count(f"code/{part}", day)), **made}  # last: no code for what is refused


def dates_of(case: Case, law: Catalogue, *, accepted_at: datetime) -> Deadlines:
    """Compute the dossier's dates for an acceptance at this instant, under this publication of the law."""
    return deadlines(
        law,
        case.procedure,
        channel=Channel(case.channel),
        submitted=case.submitted_at,
        accepted=accepted_at,
        unit=case.unit,
        case=case.case,
    )


def office_stages(process: Process) -> list[Stage]:
    """The stages of the review: what the one-stop does itself is over with forwarding."""
    kept = (tuple(s for s in stage.steps if s.kind is not StepKind.RECEIVE) for stage in process.stages)
    return [Stage(steps) for steps in kept if steps]


def processing_clocks(
    dates: Deadlines, anchor: datetime, statutory: Due, promised: Due, law: Catalogue
) -> list[dict[str, str]]:
    """Word the two processing clocks; the warning belongs to the promised one, which people were told."""
    calendar = law.calendar(dates.lead.calendar)
    return [
        {
            "kind": ClockKind.PROMISED,
            "due": promised.instant.isoformat(),
            "warn_at": _warn(dates.promised_term, anchor, promised, calendar),
        },
        {"kind": ClockKind.STATUTORY, "due": statutory.instant.isoformat()},
    ]


def _warn(term: Term, anchor: datetime, due: Due, calendar: Calendar) -> str:
    return warning(term, anchor, due.instant, calendar).isoformat()


def _steps(stage: Stage, case: Case, law: Catalogue, on: date) -> list[dict[str, Any]]:
    return [
        {"code": step.code, "unit": law.resolve(step.unit, case.unit, on).code, "kind": step.kind}
        for step in stage.steps
    ]


def _spell(term: Term) -> str:
    return f"{term.amount.normalize():f} {term.unit}"
