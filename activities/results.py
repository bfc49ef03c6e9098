"""Results: the reminder to fetch one, and the check before it leaves by a way that its procedure knows (Art. 20)."""

from __future__ import annotations

from typing import Any

from activities.clocks import window
from domain.catalogue import Catalogue
from domain.errors import Invalid
from domain.instants import civil_date
from domain.milestones import ClockKind
from schema.case import Case
from schema.commands import ReturnFacts
from schema.messages import Event


def approved(case: Case, event: Event, law: Catalogue) -> dict[str, Any]:
    """Set the clock of collection for what somebody has to fetch."""
    if case.return_method == "online":
        return {}
    procedure = law.procedure(case.procedure, civil_date(case.accepted_at or case.submitted_at))
    calendar = law.calendar_of(law.unit(case.unit, civil_date(case.submitted_at)))
    return {"clocks": [window(ClockKind.COLLECTION, procedure.collection_days, event.occurred_at, calendar, law)]}


def returned(case: Case, event: Event, law: Catalogue) -> dict[str, Any]:
    """Refuse a way of return that the procedure does not have; papers of a refused dossier go back any way."""
    method = ReturnFacts.model_validate(event.data).method
    procedure = law.procedure(case.procedure, civil_date(case.accepted_at or case.submitted_at))
    if case.status == 9 and method not in procedure.return_methods:
        raise Invalid(
            f"the result of {procedure.code} is not returned by '{method}'",
            field="data.method",
            remedy=f"use one of: {', '.join(procedure.return_methods)}",
        )
    return {}
