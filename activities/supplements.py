"""Supplements (form 02): the window that a request opens, and the new dates once the papers are complete."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from activities.intake import known
from activities.receipt import dates_of, processing_clocks
from domain.catalogue import Catalogue
from domain.clocks import Policy, Stop, StopReason, due_after_stops
from domain.deadlines import Deadlines, acceptance_due
from domain.instants import civil_date
from domain.milestones import ClockKind
from domain.procedures import Channel
from domain.terms import Due, Term, TermUnit, due
from schema.case import Case
from schema.commands import SupplementFacts
from schema.messages import Event


def requested(case: Case, event: Event, law: Catalogue) -> dict[str, Any]:
    """Open the applicant's window, in calendar days of the procedure; refuses papers that are not its own."""
    procedure = law.procedure(case.procedure, civil_date(case.accepted_at or case.submitted_at))
    known(procedure, set(SupplementFacts.model_validate(event.data).components))
    calendar = law.calendar(law.unit(case.unit, civil_date(case.submitted_at)).calendar)
    window = due(Term(Decimal(procedure.supplement_days), TermUnit.CALENDAR_DAY), event.occurred_at, calendar)
    return {"clocks": [{"kind": ClockKind.SUPPLEMENT, "due": window.instant.isoformat()}]}


def completed(case: Case, event: Event, law: Catalogue) -> dict[str, Any]:
    """Before acceptance the answer to an online filing starts afresh; after it, the processing terms do."""
    return _resumed(case, event, law) if case.is_accepted else _answer_afresh(case, event, law)


def _answer_afresh(case: Case, event: Event, law: Catalogue) -> dict[str, Any]:
    on = civil_date(case.submitted_at)
    procedure = law.procedure(case.procedure, on)
    answer = acceptance_due(law, procedure, law.unit(case.unit, on), Channel(case.channel), event.occurred_at)
    return {"clocks": [{"kind": ClockKind.ACCEPTANCE, "due": answer.instant.isoformat()}] if answer else []}


def _resumed(case: Case, event: Event, law: Catalogue) -> dict[str, Any]:
    accepted_at = case.accepted_at or event.occurred_at
    dates = dates_of(case, law, accepted_at=accepted_at)
    policy = Policy(dates.procedure.supplement_policy)
    statutory = _after_stops(case, event, law, dates, dates.statutory_term, policy)
    promised = _after_stops(case, event, law, dates, dates.promised_term, policy)
    anchor = event.occurred_at if policy is Policy.RESTART else accepted_at
    return {"clocks": processing_clocks(dates, anchor, statutory, promised, law), "policy": policy}


def _after_stops(case: Case, event: Event, law: Catalogue, dates: Deadlines, term: Term, policy: Policy) -> Due:
    stops = [Stop(start, end or event.occurred_at, StopReason.SUPPLEMENT) for start, end in case.stops]
    anchor = case.accepted_at or event.occurred_at
    moved = due_after_stops(term, anchor, stops, law.calendar(dates.lead.calendar), policy)
    assert moved is not None  # every stop has ended with this event
    return moved
