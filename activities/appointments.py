"""Appointments (form 04): the second date, given once, signed by the head and set by the one-stop.

Source: Decree 61/2018 Art. 19(9). The first appointment stays a fact: punctuality is judged by it alone.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from activities.clocks import set_clock
from activities.receipt import dates_of
from domain.catalogue import Catalogue
from domain.errors import Invalid
from domain.milestones import ClockKind
from schema.case import Case
from schema.commands import ApologyFacts
from schema.messages import Event


def signed(case: Case, event: Event, law: Catalogue) -> dict[str, Any]:
    """Refuse an appointment that is none; say so when the form comes after the breach."""
    given = ApologyFacts.model_validate(event.data).appointment
    first = appointment(case)
    if given <= max(first, event.occurred_at):
        raise Invalid(
            f"the new appointment {given.isoformat()} is not later than the first one and than today",
            field="data.appointment",
            remedy=f"give an instant after {max(first, event.occurred_at).isoformat()}",
        )
    return {"first": first.isoformat(), "after_breach": event.occurred_at > first}


def moved(case: Case, event: Event, law: Catalogue) -> dict[str, Any]:
    """Set the clock of the appointment that was signed."""
    assert case.accepted_at is not None
    assert case.signed_for is not None
    dates = dates_of(case, law, accepted_at=case.accepted_at)
    calendar = law.calendar_of(dates.lead)
    term, due_at = dates.promised_term, case.signed_for
    clock = set_clock(ClockKind.MOVED, term, event.occurred_at, due_at, calendar, law, counted=False)
    return {
        "first": appointment(case).isoformat(),
        "appointment": case.signed_for.isoformat(),
        "clocks": [clock],
    }


def appointment(case: Case) -> datetime:
    """Appointment 1; for a dossier accepted before it was kept apart, the promised due that it was printed from."""
    promised = case.clock(ClockKind.PROMISED)
    given = case.appointment or (promised.due if promised else None)
    assert given is not None  # there is one from acceptance on
    return given
