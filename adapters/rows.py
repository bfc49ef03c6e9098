"""Between rows and messages: how an event and the projection of a case are written and read."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import asyncpg

from domain.milestones import ClockKind
from schema.case import Case
from schema.messages import Actor, Event


def event_of(row: asyncpg.Record) -> Event:
    """Read an event as it stands in the log."""
    return Event(
        dossier=row["dossier"],
        sequence=row["sequence"],
        type=row["type"],
        occurred_at=row["occurred_at"],
        actor=Actor.model_validate_json(row["actor"]),
        command=row["command"],
        digest=row["digest"],
        data=json.loads(row["data"]),
        sealed=row["sealed"],
        late=row["late"],
    )


def event_values(event: Event, recorded_at: datetime) -> tuple[Any, ...]:
    """What an event's row has beside the dossier, the number and the instant."""
    return (
        event.type,
        recorded_at,
        event.command,
        event.digest,
        event.actor.model_dump_json(),
        json.dumps(event.data, ensure_ascii=False),
        event.sealed,
        event.late,
    )


def case_values(case: Case) -> tuple[Any, ...]:
    """A dossier's row, as `keep_submission` and `write_event` begin with it: the fold, and what lists filter on."""
    promised, statutory = case.clock(ClockKind.PROMISED), case.clock(ClockKind.STATUTORY)
    state = case.state
    ahead = None if case.is_closed else case.next_milestone
    return (
        case.dossier,
        case.sequence,
        case.last_instant,
        case.model_dump_json(),
        case.code,
        case.procedure,
        case.unit,
        list(case.holders()),
        case.channel,
        state.business,
        state.finance,
        state.delivery,
        state.synchronisation,
        case.status,
        case.submitted_at,
        case.accepted_at,
        promised.due if promised else None,
        statutory.due if statutory else None,
        case.printed,
        ahead.at if ahead else None,
        case.last_instant if case.is_closed else None,
    )
