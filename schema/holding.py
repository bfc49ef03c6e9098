"""Reads off a dossier's events who held it when: the changes that `domain.ledger` makes segments of.

Everything comes from the fold, event by event: what follows from a state stands in one table.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from domain.dossier import Business
from domain.ledger import Change, Holder, Part, Phase
from domain.milestones import ClockKind
from schema.case import AT_RECEIPT, BEFORE_RETURN, Case, first
from schema.messages import Event

Stage = tuple[Event, Case]
"""One event, and the case after it."""


@dataclass(frozen=True)
class Span:
    """One step of one unit: when it was opened, when it was due, and when it was done (None: not yet)."""

    step: str
    unit: str
    opened: datetime
    due: datetime | None
    done: datetime | None


_B = Business

_STATES: dict[Business, tuple[Phase, Holder, str]] = {
    _B.SUBMITTED: (Phase.BEFORE, Holder.ONE_STOP, "receiving"),
    _B.INCOMPLETE: (Phase.BEFORE, Holder.CITIZEN, "supplement_at_receipt"),
    _B.COMPLETE: (Phase.BEFORE, Holder.ONE_STOP, "accepting"),
    _B.NOT_ACCEPTED: (Phase.AFTER, Holder.ONE_STOP, "returning"),
    _B.ACCEPTED: (Phase.RUNNING, Holder.ONE_STOP, "forwarding"),
    _B.PROCESSING: (Phase.RUNNING, Holder.UNIT, "appraising"),
    _B.SUPPLEMENTING: (Phase.STOPPED, Holder.CITIZEN, "supplement"),
    _B.AWAITING_DUTY: (Phase.STOPPED, Holder.DUTY, "financial_duty"),
    _B.SUSPENDED: (Phase.STOPPED, Holder.NOBODY, "suspended"),
    _B.WITHDRAWING: (Phase.AFTER, Holder.ONE_STOP, "closing"),
    _B.RESOLVED: (Phase.AFTER, Holder.ONE_STOP, "returning"),
    _B.REFUSED: (Phase.AFTER, Holder.ONE_STOP, "returning"),
    _B.STOPPED: (Phase.AFTER, Holder.ONE_STOP, "returning"),
}
"""What each state says; the fee and the open steps say it more closely."""


def told(events: Iterable[Event]) -> list[Stage]:
    """Fold the story and keep the case after each event."""
    stages: list[Stage] = []
    for event in events:
        stages.append((event, stages[-1][1].after(event) if stages else first(event)))
    return stages


def changes(stages: Sequence[Stage]) -> tuple[Change, ...]:
    """Say from when on the dossier lay with whom; the officers are those whose acts ended it, as far as known."""
    held: list[tuple[Change, Event | None]] = []
    for event, case in stages:
        change = _change(event.occurred_at, case)
        if held and replace(held[-1][0], at=change.at) == change:
            continue
        if held:
            held[-1] = (held[-1][0], event)
        held.append((change, None))
    made: list[Change] = []
    for change, ended_by in reversed(held):
        following = made[-1].parts if made else ()
        made.append(replace(change, parts=tuple(_with_officer(part, ended_by, following) for part in change.parts)))
    return tuple(reversed(made))


def closed_at(stages: Sequence[Stage]) -> datetime | None:
    """When the story was over: the result handed over, or not accepted at the door."""
    return next((event.occurred_at for event, case in stages if case.is_closed), None)


def decided_at(stages: Sequence[Stage]) -> datetime | None:
    """When the processing clocks ended: signed and back at the one-stop, or refused, stopped, withdrawn."""
    return next((event.occurred_at for event, case in stages if _phase(case) is Phase.AFTER), None)


def spans(stages: Sequence[Stage]) -> tuple[Span, ...]:
    """List the steps of the review in the order in which they were opened."""
    found: dict[tuple[int, str], Span] = {}
    for event, case in stages:
        for number, steps in enumerate(case.stages[: case.stage + 1]):
            for step in steps:
                key = (number, step.code)
                span = found.setdefault(key, Span(step.code, step.unit, event.occurred_at, step.due, None))
                is_over = step.done or _phase(case) is Phase.AFTER
                done = event.occurred_at if is_over and span.done is None else span.done
                clock = case.clock(ClockKind.STEP, step.code)
                found[key] = replace(span, due=clock.due if clock else span.due or step.due, done=done)
    return tuple(found.values())


def _phase(case: Case) -> Phase:
    return _STATES[case.state.business][0]


def _change(instant: datetime, case: Case) -> Change:
    phase, holder, reason = _STATES[case.state.business]
    if case.collects(AT_RECEIPT) or case.collects(BEFORE_RETURN):
        return Change(instant, Holder.PAYMENT, "fee", phase)
    if case.state.business is Business.SUSPENDED:
        return Change(instant, holder, case.suspensions[-1].reason, phase)
    if holder is Holder.ONE_STOP:
        return Change(instant, holder, reason, phase, (Part(case.unit),))
    if holder is Holder.UNIT:
        return _in_review(instant, case)
    return Change(instant, holder, reason, phase)


def _in_review(instant: datetime, case: Case) -> Change:
    steps = case.open_steps()
    kinds = {step.kind for step in steps}
    parts = tuple(Part(step.unit, step.code) for step in steps) or (Part(case.unit),)
    if kinds == {"consult"}:
        return Change(instant, Holder.AGENCY, "consulting", Phase.RUNNING, parts)
    return Change(instant, Holder.UNIT, "signing" if kinds == {"sign"} else "appraising", Phase.RUNNING, parts)


def _with_officer(part: Part, ended_by: Event | None, following: Sequence[Part]) -> Part:
    """The officer whose act ended the stretch; where another unit's did, whoever ended the unit's own later."""
    if ended_by is not None and ended_by.actor.officer and ended_by.actor.unit == part.unit:
        return replace(part, officer=ended_by.actor.officer)
    later = (other.officer for other in following if (other.unit, other.step) == (part.unit, part.step))
    return replace(part, officer=next(later, ""))
