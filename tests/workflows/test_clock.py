"""The clock of a dossier: warning and breach at their legal instants, whenever they are found."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID, uuid4
from zlib import crc32

import pytest

from domain.errors import NotAllowed
from domain.milestones import ClockKind
from schema.events import EventType
from tests import stories
from tests.stories import COMMUNE, ECONOMY, Dossier, World, eventually
from workflows.dossier import CLOCK_SPREAD


def slowest() -> UUID:
    """An id whose clock looks last of all at a milestone, almost a minute after the legal instant."""
    return latest_of(CLOCK_SPREAD)


def latest_of(seconds: int) -> UUID:
    """An id whose clock looks last of all in a window of so many seconds."""
    return next(id_ for id_ in iter(uuid4, None) if crc32(id_.bytes) % seconds == seconds - 1)


def strokes(dossier: Dossier, *kinds: str) -> list[tuple[str, str]]:
    """What was struck, of these clocks or of the two that the applicant and the law know."""
    wanted = kinds or ("promised", "statutory")
    return [
        (e.data["rung"], e.data["clock"])
        for e in dossier.story
        if e.type.startswith("clock.") and e.data["clock"] in wanted
    ]


WHOLE_LADDER = [
    ("ask", "promised"),
    ("silence", "promised"),
    ("warn", "promised"),
    ("breach", "promised"),
    ("breach", "statutory"),
    ("one_stop", "promised"),
    ("province", "promised"),
]


async def test_the_whole_ladder_at_its_legal_instants(world: World) -> None:
    """Nobody does anything: asked, warned, in breach of the promise and of the law, and up to the province."""
    dossier = await (await world.a_dossier()).in_review()
    ladder = dict(dossier.clock(ClockKind.PROMISED).rungs)
    await world.skip(days=14)
    await dossier.until("clock.escalated", 3)

    assert strokes(dossier) == WHOLE_LADDER
    struck = {e.data["rung"]: e for e in dossier.story if e.data.get("clock") == "promised"}
    assert {rung: event.occurred_at for rung, event in struck.items()} == ladder
    assert strokes(dossier, "step") == [("warn", "step"), ("breach", "step")]
    told = {rung: [to["unit"] for to in event.data["to"]] for rung, event in struck.items()}
    assert told == {
        **{rung: [ECONOMY] for rung in ("ask", "silence", "warn")},
        "breach": [ECONOMY, COMMUNE],
        "one_stop": [COMMUNE],
        "province": ["000.00.00.H48"],
    }
    assert all(to["post"] for event in struck.values() for to in event.data["to"])


async def test_breach_is_no_end(world: World) -> None:
    """A late dossier is finished like any other; nothing is struck twice."""
    dossier = await (await world.a_dossier()).in_review()
    await world.skip(days=30)
    await dossier.until("clock.escalated", 3)
    await dossier.review()
    await dossier.give_back()
    await dossier.ended()

    assert strokes(dossier) == WHOLE_LADDER


async def test_a_decision_in_time_strikes_nothing(world: World) -> None:
    """Signed before the warning: no clock strikes any more, and who does not fetch the result is reminded once."""
    dossier = await (await world.a_dossier()).resolved()
    await world.skip(days=90)
    await dossier.until("clock.warned")
    await dossier.give_back()
    await dossier.ended()

    assert strokes(dossier) == []
    assert strokes(dossier, *ClockKind) == [("remind", "collection")]
    assert dossier.case.status == 10


async def test_found_late(world: World) -> None:
    """Accepted two weeks ago and entered today: what lies behind is recorded in order, at its own instants."""
    dossier = await stories.entered_late(world)
    await dossier.ended()
    struck = [event for event in dossier.story if event.type.startswith("clock.")]
    mine = [event for event in struck if event.data["clock"] == "promised"]

    assert [(event.data["rung"], event.occurred_at) for event in mine] == list(dossier.clock(ClockKind.PROMISED).rungs)
    assert all(event.data["found_at"] > event.occurred_at.isoformat() for event in struck)
    instants = [event.occurred_at for event in dossier.story]
    assert instants == sorted(instants)


async def test_a_command_stamped_before_the_due_and_handled_after_it(world: World) -> None:
    """One instant counts, the stamp: done in time, even though the engine came to it after the due instant."""
    dossier = await (await world.a_dossier(id_=slowest())).in_review()
    await dossier.propose()
    due = dossier.clock(ClockKind.PROMISED).due
    await world.skip_to(due + timedelta(seconds=10))
    await dossier.approve(at=due - timedelta(minutes=1))

    assert [rung for rung, _ in strokes(dossier)] == ["ask", "silence", "warn"]
    assert dossier.last(EventType.APPROVED).occurred_at == due - timedelta(minutes=1)


async def test_a_command_after_the_due_finds_the_breach_before_it(world: World) -> None:
    """The clock has not looked yet, but the command's instant lies behind the due one: the breach comes first."""
    dossier = await (await world.a_dossier(id_=slowest())).in_review()
    await dossier.propose()
    due = dossier.clock(ClockKind.PROMISED).due
    await world.skip_to(due + timedelta(seconds=10))
    await dossier.approve()

    assert dossier.types[-3:] == ["clock.breached", "clock.breached", "dossier.approved"]
    assert dossier.story[-3].occurred_at == due


async def test_a_stamp_that_lost_the_race_is_raised(world: World) -> None:
    """Instants never run backwards: a command stamped before a breach that is already recorded counts after it."""
    dossier = await (await world.a_dossier()).in_review()
    await dossier.propose()
    due = dossier.clock(ClockKind.PROMISED).due
    await world.skip_to(due + timedelta(minutes=2))
    await dossier.until("clock.breached", 2)
    await dossier.approve(at=due - timedelta(minutes=1))

    assert dossier.last(EventType.APPROVED).occurred_at == due


async def test_a_given_instant_before_the_last_event_is_refused(world: World) -> None:
    """An instant that a caller gives is not raised in silence: out of order it is refused."""
    dossier = await (await world.a_dossier()).in_review()

    with pytest.raises(NotAllowed) as refusal:
        await dossier.propose(at=dossier.case.submitted_at - timedelta(days=1), late=True)
    assert refusal.value.field == "occurred_at"


async def test_a_filing_online_is_answered_in_eight_hours(world: World) -> None:
    """The acceptance clock of an online filing strikes when nobody answers; an answer stops it."""
    silent, answered = await world.online(), await world.online()
    due = silent.clock(ClockKind.ACCEPTANCE).due
    await answered.do("refuse")
    await world.skip(days=2)
    breach = await silent.until("clock.breached")

    assert (breach.data["clock"], breach.occurred_at) == ("acceptance", due)
    assert strokes(answered) == []


async def test_a_supplement_stops_the_processing_clocks(world: World) -> None:
    """While the applicant completes the papers only his own window runs; it breaches after thirty days."""
    dossier = await (await world.a_dossier()).in_review()
    await dossier.ask_for_papers("officer", ECONOMY)
    window = dossier.clock(ClockKind.SUPPLEMENT).due
    await world.skip(days=29)
    assert strokes(dossier, *ClockKind) == [("warn", "supplement")]
    await world.skip(days=6)
    breach = await dossier.until("clock.breached")

    assert (breach.data["clock"], breach.occurred_at) == ("supplement", window)
    await dossier.hand_in()
    assert dossier.clock(ClockKind.STATUTORY).due > await world.now()


async def test_the_clock_moves_with_the_papers(world: World) -> None:
    """The loop sleeps to the new milestone, not to the old one: nothing strikes at the due that was left behind."""
    dossier = await (await world.a_dossier()).in_review()
    old = dossier.clock(ClockKind.PROMISED).due
    await dossier.ask_for_papers("officer", ECONOMY)
    await world.skip(days=10)
    await dossier.hand_in()
    new = dossier.clock(ClockKind.PROMISED).due
    await world.skip_to(new - timedelta(hours=1))
    await eventually(lambda: len(strokes(dossier)) == 3)

    assert new > old
    assert [rung for rung, _ in strokes(dossier)] == ["ask", "silence", "warn"]
    await world.skip(hours=2)
    assert (await dossier.until("clock.breached", 2)).occurred_at == new


@pytest.mark.parametrize("spread, after", [(0, 0), (300, 299)])
async def test_the_window_of_the_wake_ups_is_that_of_the_start(world: World, spread: int, after: int) -> None:
    """What is recorded is the legal instant, whenever inside the chosen window the dossier comes to look."""
    dossier = await world.submitted(id_=latest_of(300))
    await dossier.start(spread=spread)
    await dossier.in_review()
    first = dossier.case.ahead()[0]
    await world.skip_to(first.at + timedelta(seconds=after - 1))
    assert strokes(dossier, *ClockKind) == []
    await world.skip(seconds=2)
    struck = await dossier.until("clock.warned")

    assert struck.occurred_at == first.at
    found_at = datetime.fromisoformat(struck.data["found_at"])
    assert timedelta(0) <= found_at - first.at - timedelta(seconds=after) < timedelta(seconds=2)
