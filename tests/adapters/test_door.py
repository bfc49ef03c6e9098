"""The door against a real database and an engine played by the test: what becomes of the texts of a command."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest

from adapters.callers import Caller
from adapters.door import LAST_POSITION, Door
from adapters.engine import Engine
from adapters.intake import Intake
from adapters.keys import KeyedDigest, KeyRing
from adapters.law import PostgresLaw
from adapters.postgres import Pool
from adapters.vault import Vault
from domain.errors import NotAllowed
from schema.events import EventType
from schema.messages import Answer, Command
from schema.submissions import CommandBody, Submission
from tests.office import COMMUNE, submission

NOW = datetime(2026, 9, 7, 2, 0, tzinfo=UTC)
KEY = b64encode(bytes(32)).decode()
CLERKS = Caller("one-stop", frozenset({"submit", "command", "read"}), frozenset({"clerk"}))
REFUSE = CommandBody.model_validate(
    {"name": "refuse", "actor": {"role": "clerk", "unit": COMMUNE}, "reason": "thiếu giấy", "legal_basis": "NĐ 61"}
)


class PlayedEngine(Engine):
    """Answers as the test says."""

    def __init__(self, answers: Callable[[Command], Awaitable[Answer]]) -> None:
        self._answers = answers

    async def send(self, command: Command) -> Answer | None:
        return await self._answers(command)


def door(pool: Pool, answers: Callable[[Command], Awaitable[Answer]]) -> Door:
    digest, law = KeyedDigest.parse(KEY), PostgresLaw(pool)
    vault = Vault(KeyRing.parse(f"1:{KEY}"), digest)
    return Door(pool, law, Intake(pool, law, vault, digest), vault, digest, PlayedEngine(answers), lambda: NOW)


async def submitted(to: Door) -> UUID:
    received = await to.submit(CLERKS, uuid4().hex, Submission.model_validate(submission()))
    return UUID(received.dossier)


def done(command: Command) -> Answer:
    return Answer(
        command=command.id, digest=command.digest, dossier=command.dossier,
        sequence=2, type=EventType.REFUSED, occurred_at=NOW, status=3,
    )  # fmt: skip


async def texts(pool: Pool) -> int:
    count: int = await pool.fetchval("SELECT count(*) FROM sealed WHERE kind = 'command'")
    return count


async def test_the_text_of_a_refused_command_is_taken_back(pool: Pool) -> None:
    """A refusal leaves nothing behind."""

    async def no(_: Command) -> Answer:
        assert await texts(pool) == 1  # sealed before the engine hears of the command
        raise NotAllowed("not now", field="name", remedy="later")

    front = door(pool, no)
    dossier = await submitted(front)
    with pytest.raises(NotAllowed):
        await front.command(CLERKS, dossier, uuid4(), REFUSE)
    assert await texts(pool) == 0


async def test_a_refused_repetition_does_not_take_the_text_of_the_one_that_was_carried_out(pool: Pool) -> None:
    """The same command twice at once, refused once and then done, because the dossier moved in between."""
    second_sent, first_refused = asyncio.Event(), asyncio.Event()

    async def moving(command: Command) -> Answer:
        if asyncio.current_task() is first:
            await second_sent.wait()
            raise NotAllowed("not now", field="name", remedy="later")
        second_sent.set()
        await first_refused.wait()
        return done(command)

    front = door(pool, moving)
    dossier, id_ = await submitted(front), uuid4()
    first = asyncio.create_task(front.command(CLERKS, dossier, id_, REFUSE))
    second = asyncio.create_task(front.command(CLERKS, dossier, id_, REFUSE))
    with pytest.raises(NotAllowed):
        await first
    first_refused.set()

    assert (answer := await second) is not None
    assert answer.type is EventType.REFUSED
    assert await texts(pool) == 1


async def test_chosen_events_that_lie_far_apart_are_all_found(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    """One page looks at a stretch of the log alone; its cursor moves on, so that the next finds what is behind."""
    monkeypatch.setattr("adapters.door.STRETCH", 3)
    front = door(pool, unheard)
    for _ in range(10):
        await submitted(front)
    rare = [1, 5, 6, 10]
    await pool.execute("ALTER TABLE event DISABLE TRIGGER USER")
    await pool.execute("UPDATE event SET type = 'clock.breached' WHERE position = ANY($1::bigint[])", rare)
    pages, after, before = [], 0, -1
    while after != before:
        before = after
        page, after = await front.events_of([EventType.CLOCK_BREACHED], before, 2)
        pages.append([position for position, _ in page])

    assert pages == [[1], [5, 6], [], [10], []]
    assert after == 10


async def test_a_cursor_beyond_the_log_stays(pool: Pool) -> None:
    """Whoever asks after a position that is not there yet waits for it."""
    front = door(pool, unheard)
    await submitted(front)

    for after in (1, 7, LAST_POSITION):
        assert await front.events_of([EventType.SUBMITTED], after, 5) == ([], after)


async def unheard(_: Command) -> Answer:
    raise AssertionError("nobody commands")
