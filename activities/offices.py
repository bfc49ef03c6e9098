"""The offices: what forwarding and each finished stage make, namely the steps opened and when each is due."""

from __future__ import annotations

from typing import Any

from activities.receipt import dates_of, office_stages
from domain.catalogue import Catalogue
from domain.deadlines import step_dues
from domain.instants import civil_date
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
    accepted_at = case.accepted_at or event.occurred_at
    dates = dates_of(case, law, accepted_at=accepted_at)
    stages = office_stages(dates)
    if number >= len(stages):
        return {}
    dues = step_dues(
        law,
        stages[number],
        dates.statutory_term.unit,
        opened_at=event.occurred_at,
        receiving=case.unit,
        on=civil_date(accepted_at),
    )
    return {"opened": {each.step.code: each.due.instant.isoformat() for each in dues}}
