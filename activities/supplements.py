"""Supplements (form 02): the window that a request opens, and the new dates once the papers are complete."""

from __future__ import annotations

from typing import Any

from activities.clocks import window
from activities.intake import acceptance_clock, known
from activities.resumption import go_on
from domain.catalogue import Catalogue
from domain.deadlines import acceptance_due
from domain.instants import civil_date
from domain.milestones import ClockKind
from domain.procedures import Channel
from schema.case import Case
from schema.commands import SupplementFacts
from schema.messages import Event


def requested(case: Case, event: Event, law: Catalogue) -> dict[str, Any]:
    """Open the applicant's window, in calendar days of the procedure; refuses papers that are not its own."""
    procedure = law.procedure(case.procedure, civil_date(case.accepted_at or case.submitted_at))
    known(procedure, set(SupplementFacts.model_validate(event.data).components))
    calendar = law.calendar_of(law.unit(case.unit, civil_date(case.submitted_at)))
    return {"clocks": [window(ClockKind.SUPPLEMENT, procedure.supplement_days, event.occurred_at, calendar, law)]}


def completed(case: Case, event: Event, law: Catalogue) -> dict[str, Any]:
    """Before acceptance the answer to an online filing starts afresh; after it, the processing terms do."""
    return go_on(case, event, law) if case.is_accepted else _answer_afresh(case, event, law)


def _answer_afresh(case: Case, event: Event, law: Catalogue) -> dict[str, Any]:
    on = civil_date(case.submitted_at)
    procedure, unit = law.procedure(case.procedure, on), law.unit(case.unit, on)
    answer = acceptance_due(law, procedure, unit, Channel(case.channel), event.occurred_at)
    if answer is None:
        return {"clocks": []}
    return {"clocks": [acceptance_clock(law, procedure, unit, event.occurred_at, answer.instant)]}
