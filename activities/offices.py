"""The offices: what forwarding and each finished stage make, namely the steps opened and when each is due."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from activities.clocks import set_clock
from activities.receipt import dates_of, office_stages, processing_clocks
from domain.calendars import Calendar
from domain.catalogue import Catalogue
from domain.clocks import working_time_between
from domain.deadlines import StepDue, runs_from_arrival, step_dues
from domain.instants import civil_date, local
from domain.milestones import ClockKind
from domain.office_time import floor_to_minute, moment_after
from domain.procedures import Channel
from schema.case import Case
from schema.messages import Event


def forwarded(case: Case, event: Event, law: Catalogue) -> dict[str, Any]:
    """Open the first stage; where the terms run from the arrival at the office that resolves, they are set anew.

    The appointment stands as it was printed. But an arrival earlier than form 01 supposed ends the law's term
    earlier, and then the promise as well: nobody works to a date that lies after the law.
    """
    opened = _opened(case, event, law, 0)
    assert case.accepted_at is not None
    if not runs_from_arrival(outside=case.home != case.unit, accepted=case.accepted_at):
        return opened
    dates = dates_of(case, law, accepted_at=event.occurred_at)
    anew = processing_clocks(dates, event.occurred_at, dates.statutory, dates.promised, law)
    counted = [clock for clock in anew if clock["kind"] == ClockKind.STATUTORY or _is_earlier(case, clock)]
    return {
        **opened,
        "arrived_at": event.occurred_at.isoformat(),
        "clocks": [*opened.get("clocks", ()), *counted],
    }


def _is_earlier(case: Case, clock: dict[str, Any]) -> bool:
    present = case.clock(ClockKind(clock["kind"]))
    return present is not None and datetime.fromisoformat(clock["due"]) < present.due


def proposed(case: Case, event: Event, law: Catalogue) -> dict[str, Any]:
    """Open the next stage, if this was the last open step of its own."""
    others = [step for step in case.open_steps() if step.code != event.data["step"]]
    return {} if others else _opened(case, event, law, case.stage + 1)


def _opened(case: Case, event: Event, law: Catalogue, number: int) -> dict[str, Any]:
    dues = _dues(case, law, number, event.occurred_at)
    opened = {each.step.code: each.due.instant.isoformat() for each in dues}
    return {"opened": opened, "clocks": _clocks(dues, event.occurred_at, law)} if dues else {}


def set_afresh(case: Case, at: datetime, law: Catalogue) -> list[dict[str, Any]]:
    """Word the clocks of the open stage anew, counted from `at`: the steps not done yet."""
    if not 0 <= case.stage < len(case.stages):
        return []
    waiting = {step.code for step in case.stages[case.stage] if not step.done}
    return _clocks([each for each in _dues(case, law, case.stage, at) if each.step.code in waiting], at, law)


def set_on(case: Case, since: datetime, at: datetime, law: Catalogue) -> list[dict[str, Any]]:
    """Word the clocks of the open stage with what was left of them when the clock stood still, at `since`."""
    made = []
    for clock in case.clocks:
        if clock.kind is ClockKind.STEP and since < clock.due:  # one that had run out has nothing left
            calendar = _calendar(clock.unit, case, law)
            due_at = carried_on(clock.due, since, at, calendar)
            term = next(each for each in _dues(case, law, case.stage, at) if each.step.code == clock.step).term
            made.append(
                set_clock(
                    ClockKind.STEP, term, at, due_at, calendar, law, step=clock.step, unit=clock.unit, counted=False
                )
            )
    return made


def carried_on(due_at: datetime, since: datetime, at: datetime, calendar: Calendar) -> datetime:
    """When a clock that stood still at `since` and goes on at `at` has used up the opening time it had left."""
    left = max(timedelta(), working_time_between(since, due_at, calendar))
    return floor_to_minute(moment_after(local(at), left, calendar))


def _dues(case: Case, law: Catalogue, number: int, at: datetime) -> tuple[StepDue, ...]:
    on = civil_date(case.accepted_at or at)
    procedure = law.procedure(case.procedure, on)
    stages = office_stages(law.process(procedure, Channel(case.channel), on, case.case))
    if number >= len(stages):
        return ()
    counted_in = law.case(procedure, case.case).term.unit
    return step_dues(law, stages[number], counted_in, opened_at=at, receiving=case.home, on=on)


def _clocks(dues: Iterable[StepDue], at: datetime, law: Catalogue) -> list[dict[str, Any]]:
    return [
        set_clock(
            ClockKind.STEP,
            each.term,
            at,
            each.due.instant,
            law.calendar_of(each.unit),
            law,
            step=each.step.code,
            unit=each.unit.code,
        )
        for each in dues
    ]


def _calendar(unit: str, case: Case, law: Catalogue) -> Calendar:
    return law.calendar_of(law.unit(unit, civil_date(case.accepted_at or case.last_instant)))
