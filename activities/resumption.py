"""Resumption: the clocks of a dossier that goes on after its processing stood still, each under its own rule.

The papers being complete sets the terms to zero (or, where the procedure says so, only leaves the wait out); every
other stop is left out. Which one it was stands in the ledger of the case, which the due instants are derived from.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from activities.offices import set_afresh, set_on
from activities.receipt import dates_of, processing_clocks
from domain.catalogue import Catalogue
from domain.clocks import Policy, Stop, StopReason, both_after_stops
from domain.deadlines import Deadlines
from domain.milestones import ClockKind
from domain.terms import Due
from schema.case import Case
from schema.messages import Event


def go_on(case: Case, event: Event, law: Catalogue) -> dict[str, Any]:
    """Word the processing clocks and those of the open steps, and the appointment that follows from them."""
    began = case.arrived_at or case.accepted_at
    assert began is not None  # only what is being processed can stand still
    dates = dates_of(case, law, accepted_at=began)
    policy = Policy(dates.procedure.supplement_policy)
    stops = ledger(case, until=event.occurred_at)
    anchor = _anchor(began, stops, policy)
    promised, statutory = _after(dates, began, stops, policy, law)
    restarts = anchor == stops[-1].ended
    steps = (
        set_afresh(case, event.occurred_at, law)
        if restarts
        else set_on(case, stops[-1].started, event.occurred_at, law)
    )
    clocks = [*processing_clocks(dates, anchor, statutory, promised, law), *steps]
    moved = [clock for clock in clocks if _moves(case, clock)]
    return {"clocks": moved, "policy": policy, "appointment": promised.instant.isoformat()}


def ledger(case: Case, until: datetime) -> list[Stop]:
    """Read every stretch in which the processing stood still, in order; one that still lasts ends at `until`."""
    waits = [Stop(start, end or until, StopReason.SUPPLEMENT) for start, end in case.stops]
    others = [Stop(each.started, each.ended or until, StopReason(each.reason)) for each in case.suspensions]
    return sorted([*waits, *others], key=lambda stop: stop.started)


def _anchor(began: datetime, stops: list[Stop], policy: Policy) -> datetime:
    """The instant from which the terms count: acceptance or arrival, or the last completion that set them to zero."""
    restarts = [stop.ended for stop in stops if stop.reason is StopReason.SUPPLEMENT and stop.ended]
    return restarts[-1] if restarts and policy is Policy.RESTART else began


def _after(dates: Deadlines, began: datetime, stops: list[Stop], policy: Policy, law: Catalogue) -> tuple[Due, Due]:
    calendar = law.calendar_of(dates.lead)
    moved = both_after_stops(dates.promised_term, dates.statutory_term, began, stops, calendar, policy)
    assert moved is not None  # every stop has ended with this event
    return moved


def _moves(case: Case, clock: dict[str, Any]) -> bool:
    """Whether a clock strikes at other instants now: one that had run out before the stop stays as it is."""
    present = case.clock(ClockKind(clock["kind"]), clock.get("step", ""))
    return present is None or present.due != datetime.fromisoformat(clock["due"])
