"""What becomes of a submission at the moment it is kept, against a real database and an engine played by the test."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from uuid import uuid4

import pytest
from temporalio.client import Client
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from adapters import handover
from adapters.handover import Handover
from adapters.intake import Intake
from adapters.keys import KeyedDigest, KeyRing
from adapters.law import PostgresLaw
from adapters.postgres import Pool
from adapters.relay import Relay
from adapters.vault import Vault
from schema import wire
from schema.submissions import Submission
from tests.office import submission

NOW = datetime(2026, 9, 7, 2, 0, tzinfo=UTC)
KEY = b64encode(bytes(32)).decode()
Answers = Callable[[], Awaitable[None]]


class PlayedClient:
    """Notes the workflows that are started, and answers as the test says."""

    def __init__(self, answers: Answers) -> None:
        self.answers = answers
        self.started: list[str] = []

    async def start_workflow(self, name: str, *arguments: Any, **options: Any) -> None:
        """Start one, or not."""
        assert name == wire.DOSSIER_WORKFLOW
        self.started.append(options["id"])
        await self.answers()


class House:
    """An intake and a relay over one hand-over; submissions come in at NOW, the relay looks later."""

    def __init__(self, pool: Pool, answers: Answers) -> None:
        self.pool = pool
        self.client = PlayedClient(answers)
        self.later = NOW
        digest = KeyedDigest.parse(KEY)
        self.handover = Handover(pool, cast("Client", self.client), lambda: self.later, {})
        vault = Vault(KeyRing.parse(f"1:{KEY}"), digest)
        self.intake = Intake(pool, PostgresLaw(pool), vault, digest, self.handover)
        self.relay = Relay(pool, self.handover, lambda: self.later)

    async def submit(self) -> str:
        """Keep one more submission; the id of its workflow."""
        body = Submission.model_validate(submission())
        received = await self.intake.submit("one-stop", uuid4().hex, body, received_at=NOW)
        return f"dossier/{received.dossier}"

    async def waiting(self) -> int:
        """How many rows the engine has not taken, as far as is written down."""
        found: int = await self.pool.fetchval("SELECT count(*) FROM inbox WHERE delivered_at IS NULL")
        return found


async def _takes() -> None:
    return


async def _is_away() -> None:
    raise RPCError("away", RPCStatusCode.UNAVAILABLE, b"")


async def _has_it() -> None:
    raise WorkflowAlreadyStartedError("dossier", "dossier")


async def _never() -> None:
    await asyncio.Event().wait()


@pytest.fixture
async def emptied(pool: Pool) -> Pool:
    """No row of another test waits."""
    await pool.execute("UPDATE inbox SET delivered_at = received_at WHERE delivered_at IS NULL")
    return pool


async def test_who_keeps_a_submission_hands_it_over(emptied: Pool) -> None:
    """The engine has it before the caller has its answer; the rows are marked together, and the relay finds none."""
    house = House(emptied, _takes)
    ids = [await house.submit(), await house.submit()]

    assert house.client.started == ids
    assert await house.waiting() == 2
    await house.handover.mark()
    assert await house.waiting() == 0
    house.later = NOW + timedelta(minutes=1)
    await house.relay.deliver()
    assert house.client.started == ids


async def test_marks_come_by_themselves(emptied: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody has to ask for them."""
    monkeypatch.setattr(handover, "MARK_SECONDS", 0.0)
    house = House(emptied, _takes)
    await house.submit()

    async with asyncio.timeout(10):
        while await house.waiting():  # noqa: ASYNC110  # the database rings no bell
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("trouble", [_is_away, _never])
async def test_what_the_engine_does_not_take_is_the_relays(
    emptied: Pool, monkeypatch: pytest.MonkeyPatch, trouble: Answers
) -> None:
    """It is kept all the same, the next is not held up, and the relay begins once the head start is over."""
    monkeypatch.setattr(handover, "AT_ONCE_SECONDS", 0.05)
    house = House(emptied, trouble)
    first = await house.submit()
    second = await house.submit()
    assert house.client.started == [first]

    house.client.answers = _takes
    await house.relay.deliver()
    assert house.client.started == [first]
    house.later = NOW + timedelta(seconds=3)
    await house.relay.deliver()
    assert house.client.started == [first, first, second]
    assert await house.waiting() == 0


async def test_what_the_engine_has_already_is_only_marked(emptied: Pool) -> None:
    """A gateway that died before the mark has left it to the relay."""
    house = House(emptied, _has_it)
    await house.submit()
    house.later = NOW + timedelta(seconds=3)
    await house.relay.deliver()

    assert await house.waiting() == 0
