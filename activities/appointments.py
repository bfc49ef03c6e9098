"""Appointments (form 04): the second date, given once, signed by the head and set by the one-stop.

Source: Decree 61/2018 Art. 19(9). The first appointment stays a fact: punctuality is judged by it alone.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from activities.clocks import set_clock
from activities.receipt import dates_of
from domain.calendars import Calendar
from domain.catalogue import Catalogue
from domain.errors import DomainError, Invalid
from domain.instants import at, local
from domain.milestones import ClockKind
from domain.office_time import floor_to_minute
from schema.case import Case
from schema.commands import ApologyFacts
from schema.messages import Event


def signed(case: Case, event: Event, law: Catalogue) -> dict[str, Any]:
    """Refuse an appointment that is none, or that the one-stop could not set; say so when it is after the breach."""
    given = ApologyFacts.model_validate(event.data).appointment
    first = appointment(case)
    if given <= max(first, event.occurred_at):
        raise Invalid(
            f"the new appointment {given.isoformat()} is not later than the first one and than today",
            field="data.appointment",
            remedy=f"give an instant after {max(first, event.occurred_at).isoformat()}",
        )
    try:
        _clock(case, given, event, law)
    except DomainError as error:
        raise Invalid(error.message, field="data.appointment", remedy="give a day that the calendar holds") from None
    _refuse_closed(given, _calendar(case, law))
    return {"first": first.isoformat(), "after_breach": event.occurred_at > first}


def moved(case: Case, event: Event, law: Catalogue) -> dict[str, Any]:
    """Set the clock of the appointment that was signed."""
    assert case.signed_for is not None  # the judge lets nobody set what is not signed
    return {
        "first": appointment(case).isoformat(),
        "appointment": case.signed_for.isoformat(),
        "clocks": [_clock(case, case.signed_for, event, law)],
    }


def appointment(case: Case) -> datetime:
    """Appointment 1, which every accepted dossier has."""
    assert case.printed is not None
    return case.printed


def _clock(case: Case, due_at: datetime, event: Event, law: Catalogue) -> dict[str, Any]:
    assert case.accepted_at is not None
    term = dates_of(case, law, accepted_at=case.accepted_at).promised_term
    return set_clock(ClockKind.MOVED, term, event.occurred_at, due_at, _calendar(case, law), law, counted=False)


def _calendar(case: Case, law: Catalogue) -> Calendar:
    assert case.accepted_at is not None
    return law.calendar_of(dates_of(case, law, accepted_at=case.accepted_at).lead)


def _refuse_closed(given: datetime, calendar: Calendar) -> None:
    """An appointment is a whole minute at which somebody is there to keep it."""
    moment = local(given)
    open_now = any(each.opens <= moment.time() <= each.closes for each in calendar.sessions_on(moment.date()))
    if floor_to_minute(moment) != moment or not open_now:
        day = calendar.working_day_from(moment.date())
        close = at(day, calendar.sessions_on(day)[-1].closes)
        raise Invalid(
            f"the office is not open at {moment.isoformat()}",
            field="data.appointment",
            remedy=f"give a whole minute in its opening hours, such as {close.isoformat()}",
        )
