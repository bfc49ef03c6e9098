"""One contract for the register, held by its twin and by PostgreSQL; below it, what only a log on disk has."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any, Protocol
from uuid import UUID, uuid4

import asyncpg
import pytest

from activities.intake import submitted
from activities.ports import Refused, Register, Unavailable
from adapters.intake import Intake
from adapters.keys import KeyedDigest, KeyRing
from adapters.law import PostgresLaw
from adapters.postgres import Pool
from adapters.register import PostgresRegister
from adapters.rows import event_of
from adapters.vault import Vault
from domain.catalogue import Catalogue
from domain.codes import CodesExhausted
from domain.duties import Role
from domain.errors import DomainError, Invalid
from domain.instants import VIETNAM
from schema.case import Case, fold
from schema.events import EventType
from schema.messages import ENGINE, Actor, Event, RecordAsk
from schema.sql import QUERIES
from schema.submissions import Submission
from tests.stories import COMMUNE, ECONOMY
from tests.twins import MemoryRegister

MONDAY = datetime(2026, 9, 7, 8, 0, tzinfo=VIETNAM)
KEY = b64encode(bytes(32)).decode()
FREE, PAID = "2.000908", "1.001612"
CLERK = Actor(system="one-stop", role=Role.CLERK, unit=COMMUNE, officer="a-pseudonym")


class Kept(Protocol):
    """A register with its first half, intake, and a look inside."""

    port: Register
    law: Catalogue

    async def submit(self, submission: Submission, at: datetime) -> UUID: ...
    async def story(self, dossier: UUID) -> list[Event]: ...
    async def set_counter(self, name: str, day: date, value: int) -> None: ...


class InMemory:
    """The twin."""

    def __init__(self, law: Catalogue) -> None:
        self.law = law
        self.port = self.twin = MemoryRegister(law)

    async def submit(self, submission: Submission, at: datetime) -> UUID:
        event = submitted(self.law, submission, dossier=uuid4(), command=uuid4(), at=at, actor=CLERK, digest="d")
        self.twin.submit(event)
        return event.dossier

    async def story(self, dossier: UUID) -> list[Event]:
        return list(self.twin.stories[dossier])

    async def set_counter(self, name: str, day: date, value: int) -> None:
        self.twin.counters[name, day] = value


class OnDisk:
    """PostgreSQL."""

    def __init__(self, pool: Pool, law: Catalogue) -> None:
        self.pool, self.law = pool, law
        self.port = PostgresRegister(pool, PostgresLaw(pool), lambda: datetime.now(UTC))

    async def submit(self, submission: Submission, at: datetime) -> UUID:
        digest = KeyedDigest.parse(KEY)
        intake = Intake(self.pool, PostgresLaw(self.pool), Vault(KeyRing.parse(f"k1:{KEY}"), digest), digest)
        received = await intake.submit("one-stop", uuid4().hex, submission, received_at=at)
        return UUID(received.dossier)

    async def story(self, dossier: UUID) -> list[Event]:
        return [event_of(row) for row in await self.pool.fetch(QUERIES["events_of"], dossier)]

    async def set_counter(self, name: str, day: date, value: int) -> None:
        await self.pool.execute("INSERT INTO counter (name, day, value) VALUES ($1, $2, $3)", name, day, value)


@pytest.fixture(params=["memory", "postgres"])
async def kept(request: pytest.FixtureRequest, pool: Pool) -> Kept:
    law = await PostgresLaw(pool).latest()
    return InMemory(law) if request.param == "memory" else OnDisk(pool, law)


SURPLUS = {"reference": "r-1", "transaction": "T-9", "amount": 100_000, "currency": "VND", "ground": "late_success"}
"""What may come at any time, and moves nothing: money that the dossier cannot use."""


async def filed(kept: Kept, procedure: str = FREE, at: datetime = MONDAY) -> UUID:
    """A dossier at the counter of a commune."""
    body: dict[str, Any] = {"procedure": procedure, "unit": COMMUNE, "channel": "counter", "return_method": "counter"}
    submission = Submission.model_validate({**body, "components": [], "applicant": {"name": "Nguyễn Thị Thử"}})
    return await kept.submit(submission, at)


def ask(case: Case, type_: EventType, *, at: datetime | None = None, **changes: Any) -> RecordAsk:
    """Ask for an event under the next number, unless told otherwise."""
    plain: dict[str, Any] = {
        "dossier": case.dossier,
        "sequence": case.sequence + 1,
        "type": type_,
        "occurred_at": at or case.last_instant,
        "actor": CLERK,
        "command": uuid4(),
        "digest": "d",
        "data": SURPLUS if type_ is EventType.PAYMENT_SURPLUS else {},
    }
    return RecordAsk(event=Event.model_validate({**plain, **changes}), law=case.law)


async def record(kept: Kept, dossier: UUID, type_: EventType, **changes: Any) -> Event:
    return await kept.port.record(ask(await kept.port.load(dossier), type_, **changes))


async def paid_and_accepted(kept: Kept) -> tuple[UUID, RecordAsk]:
    """A dossier that waits for its fee, and the ask that records the payment with the acceptance behind it."""
    dossier = await filed(kept, PAID)
    await record(kept, dossier, EventType.FOUND_COMPLETE)
    paid = ask(await kept.port.load(dossier), EventType.PAYMENT_RECEIVED, data={"amount": 100_000, "means": "cash"})
    accepted = paid.event.model_copy(
        update={"sequence": 4, "type": EventType.ACCEPTED, "command": uuid4(), "data": {}, "digest": ""}
    )
    return dossier, paid.model_copy(update={"then": (accepted,)})


async def test_what_follows_is_written_with_it(kept: Kept) -> None:
    """Payment and acceptance are one transaction; asked again, the payment alone comes back, and nothing is twice."""
    dossier, asked = await paid_and_accepted(kept)
    stored = await kept.port.record(asked)
    again = await kept.port.record(asked)

    assert [each.type for each in stored.followed_by] == [EventType.ACCEPTED]
    assert stored.followed_by[0].data["code"].endswith("-0001")
    assert (again.command, again.followed_by) == (stored.command, ())
    assert [each.sequence for each in await kept.story(dossier)] == [1, 2, 3, 4]


async def test_what_cannot_follow_yet_does_not_undo_it(kept: Kept) -> None:
    """With no code left the payment is kept all the same; the acceptance waits for its own turn."""
    dossier, asked = await paid_and_accepted(kept)
    await kept.set_counter(f"code/{COMMUNE}", MONDAY.date(), 9_999)
    stored = await kept.port.record(asked)

    assert stored.followed_by == ()
    assert [each.type for each in await kept.story(dossier)][-1] is EventType.PAYMENT_RECEIVED


async def test_an_event_is_kept_as_asked_and_completed(kept: Kept) -> None:
    """What only the register can make is added; all else comes back as it was asked, and is what stands there."""
    dossier = await filed(kept)
    asked = ask(await kept.port.load(dossier), EventType.ACCEPTED, at=MONDAY + timedelta(hours=1), sealed=uuid4())
    stored = await kept.port.record(asked)

    assert stored.model_dump(include=set(Event.model_fields) - {"data"}) == asked.event.model_dump(exclude={"data"})
    assert stored.data["code"] == f"{COMMUNE}-260907-0001"
    assert stored.data["law"] == kept.law.version
    assert (await kept.story(dossier))[1].model_dump() == stored.model_dump(exclude={"followed_by"})


async def test_the_same_number_again_returns_what_stands_there(kept: Kept) -> None:
    """Unique by (dossier, sequence): a repetition, or another event, gets the one that was first."""
    dossier = await filed(kept)
    case = await kept.port.load(dossier)
    first = await kept.port.record(ask(case, EventType.ACCEPTED))
    again = await kept.port.record(ask(case, EventType.ACCEPTED, command=first.command))
    other = await kept.port.record(ask(case, EventType.REFUSED))

    assert first == again == other
    assert len(await kept.story(dossier)) == 2


@pytest.mark.parametrize("type_", [EventType.ACCEPTED, EventType.REFUSED, EventType.PAYMENT_SURPLUS])
async def test_the_same_command_again_returns_what_stands_for_it(kept: Kept, type_: EventType) -> None:
    """Unique by (dossier, command): asked under a later number, and whether it still fits or not."""
    dossier = await filed(kept)
    first = await record(kept, dossier, type_)
    again = await kept.port.record(ask(await kept.port.load(dossier), type_, command=first.command))

    assert again == first
    assert len(await kept.story(dossier)) == 2


async def test_a_payment_attempt_again_returns_what_stands_for_it(kept: Kept) -> None:
    """An attempt is projected with its event; asked again under a later number both are there once."""
    dossier = await filed(kept, PAID)
    await record(kept, dossier, EventType.FOUND_COMPLETE)
    data = {"reference": "r-1", "number": 1, "amount": 100_000, "expires_at": MONDAY.isoformat()}
    first = await record(kept, dossier, EventType.PAYMENT_ORDERED, data=data)
    await record(kept, dossier, EventType.PAYMENT_SURPLUS)
    case = await kept.port.load(dossier)

    assert await kept.port.record(ask(case, EventType.PAYMENT_ORDERED, data=data, command=first.command)) == first


async def test_a_hole_is_refused(kept: Kept) -> None:
    """A number that would leave a hole is refused for good, and nothing is written."""
    dossier = await filed(kept)
    case = await kept.port.load(dossier)

    with pytest.raises(Refused, match="hole"):
        await kept.port.record(ask(case, EventType.ACCEPTED, sequence=3))
    assert len(await kept.story(dossier)) == 1


async def test_a_dossier_that_is_not_there(kept: Kept) -> None:
    """Neither loaded nor written."""
    case = await kept.port.load(await filed(kept))

    with pytest.raises(Refused):
        await kept.port.load(uuid4())
    with pytest.raises(Refused):
        await kept.port.record(ask(case, EventType.ACCEPTED, dossier=uuid4()))


async def test_instants_never_run_backwards(kept: Kept) -> None:
    """A stamp before the dossier's last event is raised to it; what is computed is computed from there."""
    dossier = await filed(kept)
    stored = await record(kept, dossier, EventType.ACCEPTED, at=MONDAY - timedelta(days=3))

    assert stored.occurred_at == MONDAY
    assert stored.data["code"].startswith(f"{COMMUNE}-260907")


async def test_an_event_that_does_not_fit_is_refused(kept: Kept) -> None:
    """The register is the last to look: what the moves do not allow is refused with a remedy and not written."""
    dossier = await filed(kept)

    with pytest.raises(DomainError) as refusal:
        await record(kept, dossier, EventType.APPROVED)
    assert refusal.value.remedy
    assert len(await kept.story(dossier)) == 1


async def test_codes_are_consecutive_by_unit_and_day(kept: Kept) -> None:
    """One order for each receiving unit and day of acceptance, beginning anew with 0001."""
    days = [MONDAY] * 3 + [MONDAY + timedelta(days=1)] * 2
    codes = [(await record(kept, await filed(kept), EventType.ACCEPTED, at=day)).data["code"] for day in days]

    assert [code.removeprefix(f"{COMMUNE}-") for code in codes] == [
        "260907-0001",
        "260907-0002",
        "260907-0003",
        "260908-0001",
        "260908-0002",
    ]


async def test_the_ten_thousandth_of_a_day_is_refused_loudly(kept: Kept) -> None:
    """Four digits hold no more: refused with a remedy, nothing written, and the next day begins anew."""
    dossier = await filed(kept)
    await kept.set_counter(f"code/{COMMUNE}", MONDAY.date(), 9_998)
    last = await record(kept, await filed(kept), EventType.ACCEPTED)

    assert last.data["code"].endswith("-9999")
    for _ in range(2):
        with pytest.raises(CodesExhausted) as refusal:
            await record(kept, dossier, EventType.ACCEPTED)
        assert "next day" in refusal.value.remedy
    assert len(await kept.story(dossier)) == 1
    tomorrow = await record(kept, dossier, EventType.ACCEPTED, at=MONDAY + timedelta(days=1))
    assert tomorrow.data["code"].endswith("-0001")


async def test_a_refused_acceptance_uses_no_code(kept: Kept) -> None:
    """The number is taken in the same transaction: what is not kept leaves no gap."""
    dossier = await filed(kept)
    await record(kept, dossier, EventType.REFUSED)
    with pytest.raises(DomainError):
        await record(kept, dossier, EventType.ACCEPTED)

    assert (await record(kept, await filed(kept), EventType.ACCEPTED)).data["code"].endswith("-0001")


async def test_load_folds_the_story(kept: Kept) -> None:
    """A case is the fold of the events that stand there, however it came to be."""
    dossier = await filed(kept, PAID)
    await record(kept, dossier, EventType.FOUND_COMPLETE)
    await record(kept, dossier, EventType.PAYMENT_RECEIVED, data={"amount": 100_000, "means": "cash"})
    await record(kept, dossier, EventType.ACCEPTED, actor=ENGINE)
    await record(kept, dossier, EventType.FORWARDED)
    case = await kept.port.load(dossier)

    assert case == fold(await kept.story(dossier))
    assert (case.sequence, case.status) == (5, 4)
    assert [step.unit for step in case.open_steps()] == [ECONOMY]


async def test_two_at_once_for_the_same_number_give_one_event(kept: Kept) -> None:
    """Whoever is first is kept; all hear the same."""
    dossier = await filed(kept)
    case = await kept.port.load(dossier)
    wanted = [ask(case, type_) for type_ in (EventType.ACCEPTED, EventType.REFUSED) * 4]
    heard = await asyncio.gather(*(kept.port.record(each) for each in wanted))

    assert len({event.command for event in heard}) == 1
    assert len(await kept.story(dossier)) == 2


async def test_many_at_once_get_consecutive_codes(kept: Kept) -> None:
    """Acceptances in flight together: no number twice, none left out."""
    dossiers = [await filed(kept) for _ in range(30)]
    stored = await asyncio.gather(*(record(kept, each, EventType.ACCEPTED) for each in dossiers))

    assert sorted(int(event.data["code"][-4:]) for event in stored) == [*range(1, 31)]


async def test_what_the_law_does_not_know_is_refused(kept: Kept) -> None:
    """A paper that the procedure does not list may not be asked for: refused with the field, nothing written."""
    dossier = await filed(kept)

    with pytest.raises(Invalid) as refusal:
        await record(kept, dossier, EventType.SUPPLEMENT_REQUESTED, data={"components": ["no-such-paper"]})
    assert refusal.value.field == "components"
    assert len(await kept.story(dossier)) == 1


# What only the log on disk has


async def test_the_projection_is_the_fold(pool: Pool) -> None:
    """The row of a dossier is what its events add up to, column by column, after each of them."""
    kept = OnDisk(pool, await PostgresLaw(pool).latest())
    dossier = await filed(kept)
    for type_, data in [
        (EventType.ACCEPTED, {}),
        (EventType.FORWARDED, {}),
        (EventType.WITHDRAWN, {}),
        (EventType.STOPPED, {}),
        (EventType.RETURNED, {"method": "counter"}),
    ]:
        await record(kept, dossier, type_, data=data)
        row = dict(await pool.fetchrow(QUERIES["find_dossier"], dossier) or {})
        case = await kept.port.load(dossier)

        assert Case.model_validate_json(row["fold"]) == case
        assert (row["sequence"], row["status"], row["code"]) == (case.sequence, case.status, case.code)
        assert (row["business"], row["holders"]) == (case.state.business, list(case.holders()))
        assert (row["closed_at"] is not None) is case.is_closed


async def test_two_workers_take_turns(pool: Pool) -> None:
    """What one process remembers of a dossier is never older than what it builds upon: the other one wrote too."""
    law = await PostgresLaw(pool).latest()
    one, other = OnDisk(pool, law), OnDisk(pool, law)
    dossier = await filed(one)
    await record(one, dossier, EventType.ACCEPTED)
    await record(one, dossier, EventType.FORWARDED)
    case = await one.port.load(dossier)
    first = await record(other, dossier, EventType.WITHDRAWN)
    heard = await one.port.record(ask(case, EventType.REFUSED))
    await record(one, dossier, EventType.STOPPED)
    await record(other, dossier, EventType.RETURNED, data={"method": "post"})

    assert heard == first
    row = await pool.fetchrow(QUERIES["find_dossier"], dossier)
    assert row is not None
    assert Case.model_validate_json(row["fold"]) == await one.port.load(dossier)


async def test_what_was_not_committed_is_not_built_upon(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    """The connection is lost at the commit and another worker writes that number: no later event rests on the lost."""
    law = await PostgresLaw(pool).latest()
    one, other = OnDisk(pool, law), OnDisk(pool, law)
    dossier = await filed(one)
    case = await one.port.load(dossier)
    with monkeypatch.context() as losing:
        losing.setattr("adapters.register.transaction", _lost_at_the_commit)
        with pytest.raises(Unavailable):
            await one.port.record(ask(case, EventType.ACCEPTED))
    await record(other, dossier, EventType.WITHDRAWN)
    await record(one, dossier, EventType.STOPPED)

    row = await pool.fetchrow(QUERIES["find_dossier"], dossier)
    assert row is not None
    assert Case.model_validate_json(row["fold"]) == await one.port.load(dossier)
    assert row["code"] is None


@asynccontextmanager
async def _lost_at_the_commit(pool: Pool) -> AsyncIterator[Any]:
    async with pool.acquire() as connection:
        turn = connection.transaction()
        await turn.start()
        yield connection
        await turn.rollback()
    raise Unavailable("database: lost at the commit")


async def test_payment_attempts_are_projected(pool: Pool) -> None:
    """Ordered, failed or paid: the attempt behind a reference says how it ended."""
    kept = OnDisk(pool, await PostgresLaw(pool).latest())
    dossier = await filed(kept, PAID)
    await record(kept, dossier, EventType.FOUND_COMPLETE)
    states = []
    for number, (type_, data) in enumerate(
        [
            (EventType.PAYMENT_FAILED, {"outcome": "failed"}),
            (EventType.PAYMENT_RECEIVED, {"transaction": "T-1", "amount": 100_000}),
        ],
        start=1,
    ):
        order = {"reference": f"r-{number}", "number": number, "amount": 100_000, "expires_at": MONDAY.isoformat()}
        await record(kept, dossier, EventType.PAYMENT_ORDERED, data=order)
        await record(kept, dossier, type_, data={"reference": f"r-{number}", **data})
        states.append(dict(await pool.fetchrow(QUERIES["find_attempt"], f"r-{number}") or {}))

    assert [each["state"] for each in states] == ["failed", "paid"]
    assert states[1]["transaction"] == "T-1"


@pytest.mark.parametrize("statement", ["UPDATE event SET digest = 'x'", "DELETE FROM event"])
async def test_the_log_is_append_only(pool: Pool, statement: str) -> None:
    """The database itself refuses to change or remove what happened."""
    kept = OnDisk(pool, await PostgresLaw(pool).latest())
    await filed(kept)

    with pytest.raises(asyncpg.RaiseError, match="append-only"):
        await pool.execute(statement)


async def test_a_reader_who_follows_the_position_misses_nothing(pool: Pool) -> None:
    """Position is commit order: twenty writers at once, and a follower who never looks back sees every event."""
    kept = OnDisk(pool, await PostgresLaw(pool).latest())
    dossiers = [await filed(kept) for _ in range(20)]
    writing = [asyncio.create_task(_live(kept, each)) for each in dossiers]
    followed: list[tuple[int, UUID]] = []
    while True:
        done = all(task.done() for task in writing)  # looked at before the last page, not after it
        after = followed[-1][0] if followed else 0
        page = await pool.fetch(QUERIES["list_events"], after, 7)
        followed += [(row["position"], row["command"]) for row in page]
        if done and not page:
            break
    await asyncio.gather(*writing)

    assert [command for _, command in followed] == [
        row["command"] for row in await pool.fetch("SELECT command FROM event ORDER BY position")
    ]
    assert len(followed) == 20 * 5
    assert all(earlier < later for (earlier, _), (later, _) in pairwise(followed))


async def _live(kept: Kept, dossier: UUID) -> None:
    for type_ in (EventType.ACCEPTED, EventType.FORWARDED, EventType.WITHDRAWN, EventType.STOPPED):
        await record(kept, dossier, type_)


async def test_recorded_at_is_not_the_legal_instant(pool: Pool) -> None:
    """When something was written down is a column of its own; the law looks at the other one."""
    kept = OnDisk(pool, await PostgresLaw(pool).latest())
    dossier = await filed(kept)
    await record(kept, dossier, EventType.REFUSED)
    row = await pool.fetchrow("SELECT occurred_at, recorded_at FROM event WHERE sequence = 2")

    assert row is not None
    assert row["occurred_at"] == MONDAY
    assert row["recorded_at"] > MONDAY + timedelta(days=1)
