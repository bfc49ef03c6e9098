"""Suspensions: the clock stands still for a typed legal reason, and goes on with what was left of it."""

from __future__ import annotations

from typing import Any

from activities.resumption import go_on
from domain.catalogue import Catalogue
from domain.dossier import Business
from domain.errors import Invalid, NotAllowed
from domain.instants import civil_date
from schema.case import Case
from schema.commands import SuspendFacts
from schema.messages import Event


def suspended(case: Case, event: Event, law: Catalogue) -> dict[str, Any]:
    """Refuse a reason that the procedure's own law does not name; a financial duty needs no naming."""
    procedure = law.procedure(case.procedure, civil_date(case.accepted_at or case.submitted_at))
    cause = SuspendFacts.model_validate(event.data).cause
    if cause not in procedure.stops:
        raise NotAllowed(
            f"'{cause}' does not stop the clock of {procedure.code}",
            field="data.cause",
            remedy=f"its law names: {', '.join(procedure.stops) or 'none'}; else the clock goes on",
        )
    return {}


def resumed(case: Case, event: Event, law: Catalogue) -> dict[str, Any]:
    """Set the clocks going again; what is proved is that a duty was paid."""
    if "proof" in event.data and case.state.business is not Business.AWAITING_DUTY:
        raise Invalid("no duty is awaited", field="data.proof", remedy="leave it out: the stop had another cause")
    return go_on(case, event, law)
