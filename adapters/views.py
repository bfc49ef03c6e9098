"""How a dossier is shown to people and systems: one JSON for the gateway and the command line."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from asyncpg import Record

from adapters.door import Dossier
from domain.dossier import NATIONAL_NAMES
from domain.errors import Invalid
from domain.instants import local
from schema.case import Case
from schema.events import EventType
from schema.messages import Event
from workflows.judge import possible


def brief(case: Case) -> dict[str, Any]:
    """One line of a list: no person in it."""
    return {
        "dossier": str(case.dossier),
        "version": case.sequence,
        "code": case.code,
        "procedure": case.procedure,
        "unit": case.unit,
        "territory": case.home,
        "channel": case.channel,
        "status": case.status,
        "status_name": NATIONAL_NAMES[case.status],
        "business": case.state.business,
        "finance": case.state.finance,
        "delivery": case.state.delivery,
        "synchronisation": case.state.synchronisation,
        "held_by": list(case.holders()),
        "submitted_at": spell(case.submitted_at),
        "accepted_at": spell(case.accepted_at),
        "appointment": spell(case.printed),
        "moved_to": spell(case.moved_to),
        "apology": case.apology,
        "due": {str(clock.kind): spell(clock.due) for clock in case.clocks if not clock.step},
        "breached": [str(clock.kind) for clock in case.clocks if clock.breached],
        "closed": case.is_closed,
    }


def money(attempts: Iterable[Record], debits: Iterable[Record]) -> dict[str, Any]:
    """Every attempt to collect a dossier's fee, and every debit with its receipt and its refund; no person in it."""
    return {
        "attempts": [
            {
                **{name: row[name] for name in ("reference", "number", "provider", "amount", "state", "transaction")},
                **{name: spell(row[name]) for name in ("ordered_at", "expires_at", "settled_at")},
            }
            for row in attempts
        ],
        "payments": [
            {
                **{name: row[name] for name in ("provider", "transaction", "attempt", "means", "document", "amount")},
                "paid_at": spell(row["paid_at"]),
                "use": row["use"],
                "receipt": {"series": row["series"], "number": row["number"]} if row["number"] else None,
                "refund": {"reference": row["refund"], "state": row["refund_state"], "ground": row["ground"]}
                if row["refund"]
                else None,
            }
            for row in debits
        ],
    }


def full(dossier: Dossier) -> dict[str, Any]:
    """Everything about one dossier: its person, its money, its steps, its story, and what may happen next."""
    case = dossier.case
    submission = dossier.sealed.get(dossier.events[0].sealed) if dossier.events[0].sealed else None
    first = dossier.events[0].data
    return {
        **brief(case),
        "procedure_name": first.get("procedure_name"),
        "return_method": case.return_method,
        "components": first.get("components"),
        "submission": submission,
        "fee": first.get("fee"),
        "duties": _duties(dossier.events),
        "payment": case.payment.model_dump(mode="json") if case.payment and case.owes else None,
        "steps": [
            {"stage": number, "step": step.code, "unit": step.unit, "due": spell(step.due), "done": step.done}
            for number, stage in enumerate(case.stages)
            for step in stage
        ],
        "possible": list(possible(case)),
        "events": [_event(dossier, event, at) for event, at in zip(dossier.events, dossier.recorded_at, strict=True)],
    }


def due_span(text: str) -> timedelta:
    """Read a stretch of calendar time: days (2d) or hours (12h)."""
    number, unit = text[:-1], text[-1:]
    if unit not in _SPANS or not number.isascii() or not number.isdigit() or not 0 < int(number) <= LONGEST_SPAN:
        raise Invalid(
            f"'{text}' is not a stretch of time",
            field="due_within",
            remedy=f"give days or hours, 1 to {LONGEST_SPAN}: 2d, 12h",
        )
    return int(number) * _SPANS[unit]


LONGEST_SPAN = 1_000
_SPANS = {"d": timedelta(days=1), "h": timedelta(hours=1)}


def spell(instant: datetime | None) -> str | None:
    """Write an instant on Việt Nam's clock."""
    return local(instant).isoformat() if instant else None


def _duties(story: Iterable[Event]) -> list[dict[str, Any]]:
    """The financial duties that were asked for, each with its notice, and once it was paid with what proves it."""
    found: list[dict[str, Any]] = []
    for event in story:
        if event.type is EventType.DUTY_REQUIRED:
            told = {name: event.data.get(name) for name in ("notice", "amount")}
            found.append({**told, "required_at": spell(event.occurred_at), "proof": None, "over_at": None})
        elif event.type is EventType.RESUMED and found and found[-1]["over_at"] is None:
            found[-1] |= {"proof": event.data.get("proof"), "over_at": spell(event.occurred_at)}
    return found


def _event(dossier: Dossier, event: Event, recorded_at: datetime) -> dict[str, Any]:
    officer = dossier.officers.get(event.actor.officer or "", {})
    return {
        "sequence": event.sequence,
        "type": event.type,
        "occurred_at": spell(event.occurred_at),
        "recorded_at": spell(recorded_at),
        "actor": {**event.actor.model_dump(mode="json", exclude={"officer"}), **officer},
        "data": event.data,
        "texts": dossier.sealed.get(event.sealed) if event.sealed and event.sequence > 1 else None,
        "late": event.late,
    }
