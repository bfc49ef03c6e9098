"""The watch over real PostgreSQL: each thing that can stand still is made to, found within its bound, and closed."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from activities.ports import Unavailable
from activities.watching import Patience
from adapters.law import PostgresLaw
from adapters.postgres import Pool
from adapters.watch import PostgresWatch
from adapters.watch_book import WatchBook
from domain.milestones import ClockKind
from schema.case import Case
from schema.events import EventType
from schema.messages import RecordAsk, Recorded
from schema.sql import QUERIES
from schema.submissions import Submission
from schema.watch import Look, LookAsk, Looked
from schema.wire import dossier_workflow_id
from tests.adapters.test_register import FREE, MONDAY, PAID, OnDisk, filed, record
from tests.stories import COMMUNE, ECONOMY
from workflows import wording

SECOND, DAY = timedelta(seconds=1), timedelta(days=1)
PATIENCE = Patience()


@dataclass
class Engine:
    """A twin of the probe: what the engine would say, and what it was asked to do."""

    trouble: list[str] = field(default_factory=list)
    states: dict[UUID, str] = field(default_factory=dict)
    known: dict[UUID, int] = field(default_factory=dict)
    started: list[UUID] = field(default_factory=list)
    nudged: list[tuple[UUID, int]] = field(default_factory=list)
    silent: set[UUID] = field(default_factory=set)
    has_workers: bool = True

    async def in_trouble(self) -> list[str]:
        return self.trouble

    async def running(self, dossiers: Sequence[UUID]) -> set[UUID]:
        return {each for each in dossiers if self.states.get(each) == "RUNNING"}

    async def state_of(self, dossier: UUID) -> str:
        return self.states.get(dossier, "MISSING")

    async def knows(self, dossier: UUID) -> int:
        if not self.has_workers or dossier in self.silent:
            raise Unavailable("engine: DEADLINE_EXCEEDED")
        return self.known[dossier]

    async def nudge(self, dossier: UUID, sequence: int, at: datetime) -> None:
        self.nudged.append((dossier, sequence))

    async def start(self, row: asyncpg.Record) -> None:
        self.started.append(row["id"])
        self.states[row["id"]] = "RUNNING"


@dataclass
class Watched(OnDisk):
    """A register on disk with a watch beside it."""

    pool: Pool
    engine: Engine

    def __post_init__(self) -> None:
        self.book = WatchBook(self.pool)

    async def look(self, look: Look, as_of: datetime) -> Looked:
        watch = PostgresWatch(self.pool, PostgresLaw(self.pool), self.engine, PATIENCE)
        return await watch.look(LookAsk(look=look, as_of=as_of))

    async def stands(self, as_of: datetime) -> list[dict[str, Any]]:
        return await self.book.standing(as_of, 1_000)

    async def kinds(self, as_of: datetime) -> list[str]:
        return [each["kind"] for each in await self.stands(as_of)]

    async def stream(self) -> list[tuple[str, str, str]]:
        return [(each["type"], each["kind"], each["rung"]) for each in await self.book.events(0, 1_000)]

    async def delivered(self) -> None:
        """What came in was handed to the engine."""
        await self.pool.execute("UPDATE inbox SET delivered_at = received_at")

    async def accepted(self, at: datetime = MONDAY) -> Case:
        """A household business under its clocks."""
        dossier = await filed(self, PAID, at)
        await record(self, dossier, EventType.FOUND_COMPLETE)
        await record(self, dossier, EventType.PAYMENT_RECEIVED, data={"amount": 100_000, "means": "cash"})
        await record(self, dossier, EventType.ACCEPTED)
        return await self.port.load(dossier)

    async def in_review(self) -> Case:
        case = await self.accepted()
        await record(self, case.dossier, EventType.FORWARDED)
        return await self.port.load(case.dossier)


@pytest.fixture
async def watched(pool: Pool) -> Watched:
    made = Watched(pool, Engine())
    OnDisk.__init__(made, pool, await PostgresLaw(pool).latest())
    return made


async def struck(watched: Watched, case: Case, number: int) -> list[Recorded]:
    """Record the next rungs, as the dossier's own workflow does when it is there again."""
    done = []
    for _ in range(number):
        case = await watched.port.load(case.dossier)
        at = case.ahead()[0].at
        event = wording.struck(case, at, at)
        assert event is not None
        done.append(await watched.port.record(RecordAsk(event=event, law=case.law)))
    return done


async def test_every_missed_rung_is_raised_once_in_order_with_its_instant_and_somebody_to_tell(
    watched: Watched,
) -> None:
    case = await watched.accepted()
    ladder = case.ahead()
    after = ladder[-1].at + DAY
    first = await watched.look(Look.DOSSIERS, after)
    again = await watched.look(Look.DOSSIERS, after + DAY)

    raised = await watched.book.events(0, 100)
    assert [(each["clock"], each["rung"], each["at"]) for each in raised] == [
        (str(m.kind), str(m.rung), m.at) for m in ladder
    ]
    assert (first.raised, again.raised, again.closed) == (len(ladder), 0, 0)
    assert all(each["data"]["addressees"][0]["post"] for each in raised)
    assert {each["found_at"] for each in raised} == {after}
    claims = await watched.pool.fetch("SELECT claimed_by FROM rung")
    assert [row["claimed_by"] for row in claims] == ["watch"] * len(ladder)
    assert len(await watched.story(case.dossier)) == case.sequence  # nothing was written into the dossier's story


async def test_a_rung_is_raised_past_the_tolerance_and_not_before(watched: Watched) -> None:
    next_ = (await watched.accepted()).ahead()[0]
    early = await watched.look(Look.DOSSIERS, next_.at + PATIENCE.rung)
    late = await watched.look(Look.DOSSIERS, next_.at + PATIENCE.rung + SECOND)

    assert (early.raised, late.raised) == (0, 1)


async def test_what_the_dossier_records_afterwards_closes_the_finding(watched: Watched) -> None:
    case = await watched.accepted()
    ladder = case.ahead()
    after = ladder[-1].at + DAY
    await watched.look(Look.DOSSIERS, after)
    (first,) = await struck(watched, case, 1)
    assert first.data["sent_by"] == "watch"  # and so nobody is told a second time
    one = await watched.look(Look.DOSSIERS, after + SECOND)
    await struck(watched, case, len(ladder) - 1)
    rest = await watched.look(Look.DOSSIERS, after + DAY)

    assert (one.closed, rest.closed) == (1, len(ladder) - 1)
    assert await watched.kinds(after + DAY) == ["apology_undone"]  # the office was asked, and has not answered
    assert (await watched.kinds(after)).count("rung_missed") == len(ladder)  # as of then they stood
    assert (await watched.stream())[len(ladder)] == ("closed", "rung_missed", str(ladder[0].rung))


async def test_a_rung_that_the_dossier_has_claimed_is_not_raised(watched: Watched) -> None:
    case = await watched.accepted()
    next_ = case.ahead()[0]
    clock = case.clock(next_.kind, next_.step)
    assert clock is not None
    values = (case.dossier, next_.kind, next_.step, next_.rung, clock.arming, next_.at, "dossier", next_.at)
    assert await watched.pool.fetchval(QUERIES["claim_rung"], *values) == "dossier"

    assert (await watched.look(Look.DOSSIERS, next_.at + timedelta(minutes=3))).raised == 0


async def test_twenty_who_claim_a_rung_at_once_are_one(watched: Watched, database: str) -> None:
    """Ten as the watch, ten as the dossier, each with a connection and a transaction of its own."""
    case = await watched.accepted()
    start = asyncio.Event()

    async def claim(by: str) -> str | None:
        connection = await asyncpg.connect(database)
        try:
            await start.wait()
            async with connection.transaction():
                values = (case.dossier, "promised", "", "breach", case.sequence, MONDAY, by, MONDAY)
                claimed: str | None = await connection.fetchval(QUERIES["claim_rung"], *values)
                await asyncio.sleep(0.01)  # the others are in the middle of it as well
                return claimed
        finally:
            await connection.close()

    claims = [asyncio.create_task(claim(by)) for by in ("watch", "dossier") * 10]
    start.set()
    won = [each for each in await asyncio.gather(*claims) if each is not None]

    assert len(won) == 1
    assert [row["claimed_by"] for row in await watched.pool.fetch("SELECT claimed_by FROM rung")] == won


async def test_twenty_watches_at_once_raise_each_rung_once(watched: Watched) -> None:
    case = await watched.accepted()
    ladder = case.ahead()
    after = ladder[-1].at + DAY
    looked = await asyncio.gather(*(watched.look(Look.DOSSIERS, after) for _ in range(20)))

    assert sum(each.raised for each in looked) == len(ladder)
    assert await watched.stream() == [("raised", "rung_missed", str(m.rung)) for m in ladder]


async def test_a_dossier_that_is_being_recorded_is_left_alone_and_holds_up_nobody(watched: Watched) -> None:
    held, other = await watched.accepted(), await watched.accepted()
    after = other.ahead()[-1].at + DAY
    async with watched.pool.acquire() as connection, connection.transaction():
        await connection.execute("SELECT FROM dossier WHERE id = $1 FOR UPDATE", held.dossier)
        await watched.look(Look.DOSSIERS, after)
        assert {each["dossier"] for each in await watched.stands(after)} == {other.dossier}
    await watched.look(Look.DOSSIERS, after)

    assert {each["dossier"] for each in await watched.stands(after)} == {held.dossier, other.dossier}


async def test_more_than_a_page_of_dossiers_due_at_one_instant_are_all_found(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.watch.PAGE", 2)
    cases = [await watched.accepted() for _ in range(5)]
    after = cases[0].ahead()[0].at + timedelta(minutes=3)
    await watched.look(Look.DOSSIERS, after)

    assert {each["dossier"] for each in await watched.stands(after)} == {case.dossier for case in cases}


async def test_a_row_that_cannot_be_read_is_reported_and_blinds_nobody(watched: Watched) -> None:
    broken, other = await watched.accepted(), await watched.accepted()
    await watched.pool.execute("UPDATE dossier SET fold = '{}' WHERE id = $1", broken.dossier)
    after = other.ahead()[0].at + timedelta(minutes=3)
    await watched.look(Look.DOSSIERS, after)

    stood = {(each["kind"], each["dossier"]) for each in await watched.stands(after)}
    assert stood == {("row_differs", broken.dossier), ("rung_missed", other.dossier)}


async def test_a_filing_that_nobody_answers(watched: Watched) -> None:
    """Overdue although its breach is recorded; gone once the papers were found complete."""
    body = {"procedure": PAID, "unit": COMMUNE, "channel": "online", "return_method": "online"}
    papers = [{"component": "giay-de-nghi"}]
    filing = Submission.model_validate({**body, "components": papers, "applicant": {"name": "Nguyễn Thị Thử"}})
    dossier = await watched.submit(filing, MONDAY)
    case = await watched.port.load(dossier)
    await struck(watched, case, len(case.ahead()))
    clock = case.clock(ClockKind.ACCEPTANCE)
    assert clock is not None
    after = clock.due + timedelta(minutes=3)
    await watched.look(Look.DOSSIERS, after - timedelta(minutes=1))
    assert await watched.kinds(after) == []
    await watched.look(Look.DOSSIERS, after)
    (stood,) = await watched.stands(after)
    assert (stood["kind"], stood["at"]) == ("acceptance_overdue", clock.due)
    assert stood["data"]["addressees"][0]["post"] == "Chủ tịch UBND xã Bình Sơn"

    await record(watched, dossier, EventType.FOUND_COMPLETE)
    assert (await watched.look(Look.DOSSIERS, after)).closed == 1


async def test_a_step_on_which_nothing_happens(watched: Watched) -> None:
    """Two working days after its due: a step due on a Friday is not stuck on Monday."""
    case = await watched.in_review()
    (step,) = case.open_steps()
    assert step.due is not None
    await struck(watched, case, len(case.ahead()))
    case = await watched.port.load(case.dossier)
    idle = max(step.due, case.last_instant)
    early, late = idle + timedelta(hours=1), idle + timedelta(days=6)
    await watched.look(Look.DOSSIERS, early)
    assert "step_stuck" not in await watched.kinds(early)
    await watched.look(Look.DOSSIERS, late)

    stood = next(each for each in await watched.stands(late) if each["kind"] == "step_stuck")
    assert (stood["step"], stood["unit"], stood["at"]) == (step.code, ECONOMY, step.due)
    await record(watched, case.dossier, EventType.PROPOSED, at=late, data={"step": step.code})
    assert (await watched.look(Look.DOSSIERS, late)).closed == 1


@pytest.mark.parametrize(
    "types, waits_for",
    [
        ([EventType.CLOCK_ASKED], "asked"),
        ([EventType.CLOCK_ASKED, EventType.ANSWERED_LATE], "late"),
        ([EventType.CLOCK_ASKED, EventType.ANSWERED_LATE, EventType.APOLOGY_SIGNED], "signed"),
    ],
)
async def test_a_form_04_that_nobody_does(watched: Watched, types: list[EventType], waits_for: str) -> None:
    case = await watched.in_review()
    data = {
        EventType.CLOCK_ASKED: {"clock": "promised", "rung": "ask"},
        EventType.APOLOGY_SIGNED: {"cause": "workload", "appointment": (MONDAY + DAY * 9).isoformat()},
    }
    for type_ in types:
        await record(watched, case.dossier, type_, data=data.get(type_, {}))
    early, late = MONDAY + timedelta(hours=1), MONDAY + timedelta(days=6)
    await watched.look(Look.DOSSIERS, early)
    assert "apology_undone" not in await watched.kinds(early)
    await watched.look(Look.DOSSIERS, late)

    stood = next(each for each in await watched.stands(late) if each["kind"] == "apology_undone")
    assert (stood["about"], stood["clock"]) == (waits_for, "promised")
    assert stood["data"]["addressees"]
    await record(watched, case.dossier, EventType.ANSWERED_IN_TIME)
    await watched.look(Look.DOSSIERS, late + SECOND)
    assert "apology_undone" not in await watched.kinds(late + SECOND)


async def test_what_came_in_and_was_not_handed_over(watched: Watched) -> None:
    dossier = await filed(watched, FREE)
    await watched.look(Look.INBOX, MONDAY + PATIENCE.inbox)
    assert await watched.kinds(MONDAY + DAY) == []
    late = MONDAY + PATIENCE.inbox + SECOND
    await watched.look(Look.INBOX, late)
    (stood,) = await watched.stands(late)
    assert (stood["kind"], stood["dossier"], stood["at"]) == ("inbox_waiting", dossier, MONDAY)

    await watched.delivered()
    assert (await watched.look(Look.INBOX, late + SECOND)).closed == 1


@pytest.mark.parametrize(
    "edit, columns",
    [
        ("next_at = NULL", ["next_at"]),
        ("unit = '000.00.62.H48'", ["unit"]),
        ("fold = jsonb_set(fold, '{quantity}', '7')", ["fold"]),
        ("fold = '{}'", ["fold"]),
        ("promised_due = promised_due + interval '1 day', business = 'resolved'", ["business", "promised_due"]),
    ],
)
async def test_a_row_that_was_edited(watched: Watched, edit: str, columns: list[str]) -> None:
    case, _ = await watched.accepted(), await watched.accepted()
    await watched.delivered()
    kept = await watched.pool.fetchval("SELECT fold FROM dossier WHERE id = $1", case.dossier)
    await watched.look(Look.REGISTER, MONDAY)
    assert await watched.kinds(MONDAY) == []
    await watched.pool.execute(f"UPDATE dossier SET {edit} WHERE id = $1", case.dossier)
    await watched.look(Look.REGISTER, MONDAY + SECOND)
    (stood,) = await watched.stands(MONDAY + SECOND)
    assert (stood["kind"], stood["dossier"], stood["data"]["columns"]) == ("row_differs", case.dossier, columns)

    promised = case.clock(ClockKind.PROMISED)
    assert promised is not None
    await watched.pool.execute(
        "UPDATE dossier SET fold = $2, next_at = $3, unit = $4, business = $5, promised_due = $6 WHERE id = $1",
        *(case.dossier, kept, case.ahead()[0].at, COMMUNE, "accepted", promised.due),
    )
    await watched.look(Look.REGISTER, MONDAY + DAY)
    assert await watched.kinds(MONDAY + DAY) == []


async def test_the_register_is_gone_through_part_by_part(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every open dossier is compared within as many rounds as it takes parts, and then anew."""
    monkeypatch.setattr("adapters.watch.PART", 2)
    cases = [await watched.accepted() for _ in range(3)]
    await watched.delivered()
    await watched.pool.execute("UPDATE dossier SET next_at = NULL")
    found = [(await watched.look(Look.REGISTER, MONDAY + SECOND * n)).raised for n in range(3)]

    assert found == [2, 1, 0]
    assert len(await watched.stands(MONDAY + DAY)) == len(cases)


async def test_a_dossier_that_nothing_runs(watched: Watched) -> None:
    """One that was ended by hand is reported until it runs; one that the engine has lost is started."""
    ended, lost, well = [(await watched.accepted()).dossier for _ in range(3)]
    await watched.delivered()
    watched.engine.states = {ended: "TERMINATED", well: "RUNNING"}
    watched.engine.known = dict.fromkeys((ended, lost, well), 9)
    await watched.look(Look.ENGINE, MONDAY)
    stood = {each["dossier"]: each["data"]["engine"] for each in await watched.stands(MONDAY)}
    assert stood == {ended: "TERMINATED", lost: "MISSING"}
    assert watched.engine.started == [lost]

    watched.engine.states[ended] = "RUNNING"
    assert (await watched.look(Look.ENGINE, MONDAY + SECOND)).closed == 2


async def test_what_waits_in_the_inbox_is_not_missed_in_the_engine(watched: Watched) -> None:
    await watched.accepted()

    assert (await watched.look(Look.ENGINE, MONDAY)).raised == 0


async def test_a_workflow_whose_code_fails(watched: Watched) -> None:
    case = await watched.accepted()
    refund = "refund/1"
    watched.engine.trouble = [dossier_workflow_id(case.dossier), refund]
    await watched.look(Look.ENGINE, MONDAY)
    stood = {each["about"]: (each["dossier"], each["unit"]) for each in await watched.stands(MONDAY)}
    assert stood == {dossier_workflow_id(case.dossier): (case.dossier, COMMUNE), refund: (None, "")}

    watched.engine.trouble = [refund]
    assert (await watched.look(Look.ENGINE, MONDAY + SECOND)).closed == 1


async def test_a_workflow_that_is_behind_the_register(watched: Watched) -> None:
    """Found once what was recorded has settled, nudged, and closed when it knows; no worker, no answer, no loss."""
    old = await watched.accepted()
    await watched.look(Look.ENGINE, datetime.now(UTC) + DAY)  # begins here
    case = await watched.accepted()
    await watched.delivered()
    engine = watched.engine
    engine.states = {old.dossier: "RUNNING", case.dossier: "RUNNING"}
    engine.known = {old.dossier: 1, case.dossier: case.sequence - 1}
    unsettled, settled = datetime.now(UTC) + PATIENCE.settle / 2, datetime.now(UTC) + DAY * 2
    await watched.look(Look.ENGINE, unsettled)
    engine.has_workers = False
    await watched.look(Look.ENGINE, settled)
    assert engine.nudged == []
    engine.has_workers = True
    await watched.look(Look.ENGINE, settled)
    (stood,) = await watched.stands(settled)
    assert (stood["kind"], stood["dossier"]) == ("workflow_behind", case.dossier)
    assert stood["data"] == {"known": case.sequence - 1, "recorded": case.sequence}
    assert engine.nudged == [(case.dossier, case.sequence)]

    engine.known[case.dossier] = case.sequence
    assert (await watched.look(Look.ENGINE, settled + SECOND)).closed == 1


async def test_a_workflow_that_does_not_answer_keeps_the_watch_from_no_other(watched: Watched) -> None:
    """It is reported as one of which nobody knows what it knows, and asked again each round."""
    await watched.look(Look.ENGINE, datetime.now(UTC) + DAY)
    stuck, well = [(await watched.accepted()) for _ in range(2)]
    await watched.delivered()
    engine = watched.engine
    engine.states = dict.fromkeys((stuck.dossier, well.dossier), "RUNNING")
    engine.known = {case.dossier: case.sequence for case in (stuck, well)}
    engine.silent = {stuck.dossier}
    settled = datetime.now(UTC) + DAY * 2
    await watched.look(Look.ENGINE, settled)
    (stood,) = await watched.stands(settled)
    assert (stood["dossier"], stood["data"]["known"]) == (stuck.dossier, None)
    assert engine.nudged == []

    engine.silent = set()
    assert (await watched.look(Look.ENGINE, settled + SECOND)).closed == 1


async def test_what_stands_is_counted_by_kind_and_unit_and_each_look_says_when_it_was_had(watched: Watched) -> None:
    await filed(watched), await filed(watched)
    late = MONDAY + DAY
    for look in (Look.DOSSIERS, Look.INBOX):
        await watched.look(look, late)
    await watched.look(Look.INBOX, late - SECOND)  # a look that took longer than the next

    assert await watched.book.counts(late) == [
        {"kind": "inbox_waiting", "unit": COMMUNE, "standing": 2, "oldest": MONDAY}
    ]
    assert await watched.book.counts(late - DAY) == []
    assert await watched.book.looks() == {"dossiers": late, "inbox": late}


async def test_the_stream_is_append_only(watched: Watched) -> None:
    await filed(watched)
    await watched.look(Look.INBOX, MONDAY + DAY)
    for statement in ("UPDATE watch_event SET kind = 'x'", "DELETE FROM watch_event"):
        with pytest.raises(asyncpg.RaiseError, match="append-only"):
            await watched.pool.execute(statement)
