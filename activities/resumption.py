"""Resumption: the clocks of a dossier that goes on after its processing stood still, each under its own rule.

The papers being complete sets the terms to zero (or, where the procedure says so, only leaves the wait out); every
other stop is left out. Which one it was stands in the ledger of the case, which the due instants are derived from.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from activities.clocks import set_clock
from activities.offices import carried_on, set_afresh, set_on
from activities.receipt import counted_from, dates_of, processing_clocks
from domain.catalogue import Catalogue
from domain.clocks import Policy, Stop, StopReason, due_after_stops
from domain.deadlines import Deadlines
from domain.milestones import ClockKind, Rung
from domain.terms import Due, Term
from schema.case import Case
from schema.messages import Event


def go_on(case: Case, event: Event, law: Catalogue) -> dict[str, Any]:
    """Word the processing clocks and those of the open steps, and the appointments that follow from them."""
    assert case.accepted_at is not None  # only what is being processed can stand still
    began = case.arrived_at or case.accepted_at
    printed = min(began, counted_from(case, case.accepted_at, law))  # a late arrival does not move the promise
    dates = dates_of(case, law, accepted_at=began)
    policy = Policy(dates.procedure.supplement_policy)
    stops = ledger(case, until=event.occurred_at)
    anchor = _anchor(printed, stops, policy)
    statutory = _after(dates, dates.statutory_term, began, stops, policy, law)
    promised = _after(dates, dates.promised_term, printed, stops, policy, law)
    appointment = max(case.printed or promised.instant, promised.instant)  # never nearer than what was printed
    steps = (
        set_afresh(case, event.occurred_at, law)
        if anchor == stops[-1].ended
        else set_on(case, stops[-1].started, event.occurred_at, law)
    )
    processing = processing_clocks(dates, anchor, statutory, promised, law, since=event.occurred_at)
    moved = _second(case, dates, stops[-1].started, event.occurred_at, appointment, law)
    clocks = [clock for clock in [*processing, *steps, *moved] if _moves(case, clock)]
    if _is_answered(case, appointment):
        clocks = [_without_question(clock) for clock in clocks]
    return {
        "clocks": clocks,
        "policy": policy,
        "provisional": statutory.provisional or promised.provisional,
        "appointment": appointment.isoformat(),
        "opened": {clock["step"]: clock["due"] for clock in steps},
        **({"moved_to": moved[0]["due"]} if moved else {}),
    }


def ledger(case: Case, until: datetime) -> list[Stop]:
    """Read every stretch in which the processing stood still, in order; one that still lasts ends at `until`."""
    waits = [Stop(start, end or until, StopReason.SUPPLEMENT) for start, end in case.stops]
    others = [Stop(each.started, each.ended or until, StopReason(each.reason)) for each in case.suspensions]
    return sorted([*waits, *others], key=lambda stop: stop.started)


def _anchor(began: datetime, stops: list[Stop], policy: Policy) -> datetime:
    """The instant from which the terms count: acceptance or arrival, or the last completion that set them to zero."""
    restarts = [stop.ended for stop in stops if stop.reason is StopReason.SUPPLEMENT and stop.ended]
    return restarts[-1] if restarts and policy is Policy.RESTART else began


def _after(dates: Deadlines, term: Term, began: datetime, stops: list[Stop], policy: Policy, law: Catalogue) -> Due:
    moved = due_after_stops(term, began, stops, law.calendar_of(dates.lead), policy)
    assert moved is not None  # every stop has ended with this event
    return moved


def _moves(case: Case, clock: dict[str, Any]) -> bool:
    """Whether a clock strikes at other instants now: one that had run out before the stop stays as it is."""
    present = case.clock(ClockKind(clock["kind"]), clock.get("step", ""))
    return present is None or present.due != datetime.fromisoformat(clock["due"])


def _second(
    case: Case, dates: Deadlines, since: datetime, at: datetime, first: datetime, law: Catalogue
) -> list[dict[str, Any]]:
    """Word the clock of the second appointment with what was left of it; it never lies before the first."""
    clock = case.clock(ClockKind.MOVED)
    if clock is None or clock.due <= since:  # one that had passed stays as it is
        return []
    calendar = law.calendar_of(dates.lead)
    due_at = max(carried_on(clock.due, since, at, calendar), first)
    return [set_clock(ClockKind.MOVED, dates.promised_term, at, due_at, calendar, law, counted=False)]


def _is_answered(case: Case, appointment: datetime) -> bool:
    """Whether form 04 says already what the office would be asked."""
    is_signed = case.apology == "signed" and case.signed_for is not None and case.signed_for > appointment
    return case.apology == "moved" or is_signed


def _without_question(clock: dict[str, Any]) -> dict[str, Any]:
    asked = (Rung.ASK, Rung.SILENCE)
    return {**clock, "rungs": [[rung, at] for rung, at in clock["rungs"] if rung not in asked]}
