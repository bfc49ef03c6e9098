"""Owns the question whether engine and register tell the same story of a dossier, and a sound one.

`equal(stack, dossier)` is for the end of every test that killed something: it waits until the workflow knows
what the register holds, and then holds the log, the projection and the payments to their promises.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

import asyncpg
from pydantic import SecretStr
from temporalio.client import Client, WorkflowQueryFailedError
from temporalio.service import RPCError

from adapters.keys import KeyRing
from adapters.rows import event_of
from adapters.settings import Settings
from adapters.temporal import connect, motcua_plugin
from deploy.embedded.stack import Stack
from domain.dossier import State, national_code
from schema import wire
from schema.case import Case, fold
from schema.events import EventType
from schema.messages import Event
from schema.sql import QUERIES

PATIENCE = 90.0
"""Seconds until the workflow must know everything; nothing is timed by it."""
WRITTEN_BY_REFUNDS = frozenset(
    {
        *(EventType.PAYMENT_SURPLUS, EventType.PAYMENT_LAPSED, EventType.PAYMENT_REFUNDED),
        *(EventType.REFUND_ASKED, EventType.REFUND_APPROVED, EventType.REFUND_REFUSED),
    }
)
"""A refund is a workflow of its own: the dossier's learns of these with its next event."""

T = TypeVar("T")


@dataclass(frozen=True)
class Seen:
    """One dossier as its three keepers see it, and its attempts to collect the fee."""

    workflow: Case | None
    events: tuple[Event, ...]
    positions: tuple[int, ...]
    row: dict[str, Any]
    attempts: tuple[dict[str, Any], ...]


def equal(stack: Stack, dossier: str) -> Case:
    """Assert that workflow, log and projection agree and nothing is there twice; return the case.

    Call it from an ordinary test or from an `async` one; it blocks.
    """
    return finished(_equal(stack, UUID(dossier)))


def finished(work: Coroutine[Any, Any, T]) -> T:
    """Run to the end in a loop of its own, whether or not the caller stands in one."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


async def engine_of(stack: Stack) -> Client:
    """Connect to the stack's engine as the product does, with its keys."""
    settings = Settings.model_validate(
        {name.removeprefix("MOTCUA_").lower(): value for name, value in stack.settings.items()}
    )
    keys: SecretStr = settings.keys
    return await connect(settings, motcua_plugin(KeyRing.parse(keys.get_secret_value())), role="test", patience=30)


async def _equal(stack: Stack, dossier: UUID) -> Case:
    client, deadline = await engine_of(stack), time.monotonic() + PATIENCE
    while True:
        seen = await _look(stack, client, dossier)
        if _agrees(seen) or time.monotonic() > deadline:
            break
        await asyncio.sleep(0.1)
    assert seen.workflow is not None, "the workflow does not answer"
    known = seen.workflow.sequence
    assert seen.workflow == fold(seen.events[:known]), "workflow and register differ"
    assert {event.type for event in seen.events[known:]} <= WRITTEN_BY_REFUNDS, "the workflow is behind the register"
    _is_sound(seen)
    _is_projected(seen)
    return fold(seen.events)


async def _look(stack: Stack, client: Client, dossier: UUID) -> Seen:
    connection = await asyncpg.connect(stack.database_url)
    try:
        async with connection.transaction(isolation="repeatable_read"):
            events = await connection.fetch(QUERIES["events_of"], dossier)
            row = await connection.fetchrow(QUERIES["find_dossier"], dossier)
            attempts = await connection.fetch("SELECT * FROM payment_attempt WHERE dossier = $1", dossier)
    finally:
        await connection.close()
    assert row is not None, "the register has no such dossier"
    handle = client.get_workflow_handle(wire.dossier_workflow_id(dossier))
    try:
        workflow = await handle.query(wire.CASE_QUERY, result_type=Case)
    except (RPCError, WorkflowQueryFailedError):
        workflow = None  # not started yet, or its worker is just coming back
    return Seen(
        workflow,
        tuple(event_of(each) for each in events),
        tuple(each["position"] for each in events),
        dict(row),
        tuple(dict(each) for each in attempts),
    )


def _agrees(seen: Seen) -> bool:
    """Whether nothing is on its way any more: the workflow is asked last, so that it may be ahead for a moment."""
    if seen.workflow is None or seen.workflow.sequence > len(seen.events):
        return False
    unknown = seen.events[seen.workflow.sequence :]
    return all(event.type in WRITTEN_BY_REFUNDS for event in unknown)


def _is_sound(seen: Seen) -> None:
    """No hole, nothing twice, no instant that runs backwards, and the fee kept at most once."""
    events = seen.events
    assert [event.sequence for event in events] == list(range(1, len(events) + 1))
    assert len({event.command for event in events}) == len(events)
    assert list(seen.positions) == sorted(seen.positions)
    instants = [event.occurred_at for event in events]
    assert instants == sorted(instants)
    received = [event for event in events if event.type is EventType.PAYMENT_RECEIVED]
    assert len(received) <= 1
    told = [event.data["transaction"] for event in events if event.data.get("transaction")]
    kept_or_surplus = [t for t in told if told.count(t) > 1]
    refunded = [event.data["transaction"] for event in events if event.type is EventType.PAYMENT_REFUNDED]
    assert set(kept_or_surplus) <= set(refunded), "a transaction is in the story twice"


def _is_projected(seen: Seen) -> None:
    """The dossier's row says what the events add up to, column by column, and so do its payment attempts."""
    case, row = fold(seen.events), seen.row
    assert Case.model_validate(json.loads(row["fold"])) == case
    state = State(*(type(value)(row[name]) for name, value in vars(case.state).items()))
    assert state == case.state
    assert row["status"] == national_code(state) == case.status
    assert row["sequence"] == seen.events[-1].sequence
    assert row["last_instant"] == seen.events[-1].occurred_at
    assert (row["code"], row["accepted_at"]) == (case.code, case.accepted_at)
    assert row["holders"] == list(case.holders())
    assert (row["closed_at"] is not None) == case.is_closed
    begun = (EventType.PAYMENT_ORDERED, EventType.PROVIDER_CHOSEN)
    ordered = [event.data["reference"] for event in seen.events if event.type in begun]
    assert sorted(each["reference"] for each in seen.attempts) == sorted(ordered)
    received = {event.data["transaction"] for event in seen.events if _is_of_attempt(event)}
    assert {each["transaction"] for each in seen.attempts if each["state"] == "paid"} == received


def _is_of_attempt(event: Event) -> bool:
    return event.type is EventType.PAYMENT_RECEIVED and "reference" in event.data
