"""The offices: what forwarding and each finished stage make, namely the steps opened and when each is due."""

from __future__ import annotations

from typing import Any

from activities.receipt import office_stages
from domain.catalogue import Catalogue
from domain.deadlines import step_dues
from domain.instants import civil_date
from domain.procedures import Channel
from schema.case import Case
from schema.messages import Event


def forwarded(case: Case, event: Event, law: Catalogue) -> dict[str, Any]:
    """Open the first stage."""
    return _opened(case, event, law, 0)


def proposed(case: Case, event: Event, law: Catalogue) -> dict[str, Any]:
    """Open the next stage, if this was the last open step of its own."""
    others = [step for step in case.open_steps() if step.code != event.data["step"]]
    return {} if others else _opened(case, event, law, case.stage + 1)


def _opened(case: Case, event: Event, law: Catalogue, number: int) -> dict[str, Any]:
    on = civil_date(case.accepted_at or event.occurred_at)
    procedure = law.procedure(case.procedure, on)
    stages = office_stages(law.process(procedure, Channel(case.channel), on, case.case))
    if number >= len(stages):
        return {}
    counted_in = law.case(procedure, case.case).term.unit
    dues = step_dues(law, stages[number], counted_in, opened_at=event.occurred_at, receiving=case.unit, on=on)
    return {"opened": {each.step.code: each.due.instant.isoformat() for each in dues}}
