"""In time or late: the office is asked, answers in one act, or signs form 04, which moves the appointment once."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from domain.errors import AlreadyMoved, Invalid, NotAllowed
from domain.milestones import ClockKind, Rung
from schema.events import EventType
from tests import stories
from tests.stories import COMMUNE, ECONOMY, Dossier, World, eventually


async def asked(world: World) -> Dossier:
    """Asked on the morning of the day before the last."""
    dossier = await (await world.a_dossier()).in_review()
    await world.skip_to(dict(dossier.clock(ClockKind.PROMISED).rungs)[Rung.ASK] + timedelta(minutes=2))
    await dossier.until("clock.asked")
    return dossier


async def late(dossier: Dossier) -> None:
    await dossier.do("answer_late", "officer", ECONOMY, cause="site_visit")


async def sign(dossier: Dossier, to: datetime) -> None:
    await dossier.do("sign_apology", "leader", ECONOMY, cause="site_visit", appointment=to.isoformat())


async def moved_by(dossier: Dossier, **more: int) -> datetime:
    """Sign form 04 and set the new appointment; return the first one."""
    first = dossier.case.appointment
    assert first is not None
    await late(dossier)
    await sign(dossier, first + timedelta(**more))
    await dossier.do("move_appointment", "clerk", COMMUNE)
    return first


def rungs(dossier: Dossier) -> list[str]:
    return [e.data["rung"] for e in dossier.story if e.type.startswith("clock.") and e.data["clock"] == "promised"]


async def test_in_time_closes_the_task_in_one_act(world: World) -> None:
    """Kịp: nobody hears of a silence; the ladder goes on, for the appointment stands."""
    dossier = await asked(world)
    await dossier.do("answer_in_time", "officer", ECONOMY)
    await world.skip_to(dossier.clock(ClockKind.PROMISED).due + timedelta(minutes=2))
    await dossier.until("clock.breached", 2)

    assert dossier.case.apology == "in_time"
    assert rungs(dossier) == ["ask", "warn", "breach"]
    with pytest.raises(NotAllowed):
        await dossier.do("answer_in_time", "officer", ECONOMY)


async def test_silence_goes_up(world: World) -> None:
    """Nobody answers: the head of the office that holds the dossier is told, with nobody assigned to it."""
    dossier = await asked(world)
    await world.skip_to(dict(dossier.clock(ClockKind.PROMISED).rungs)[Rung.SILENCE] + timedelta(minutes=2))
    silence = await dossier.until("clock.escalated")

    assert silence.data["rung"] == "silence"
    assert [(to["unit"], to["post"]) for to in silence.data["to"]] == [(ECONOMY, "Trưởng phòng Kinh tế xã Bình Sơn")]


async def test_form_04_moves_the_appointment_once(world: World) -> None:
    """Không kịp: signed by the head, set by the one-stop; the first appointment stays the one that is judged."""
    dossier = await asked(world)
    first = await moved_by(dossier, days=4)

    assert dossier.last(EventType.APOLOGY_SIGNED).data["after_breach"] is False
    assert (dossier.case.appointment, dossier.case.moved_to) == (first, first + timedelta(days=4))
    await world.skip(days=10)
    await eventually(lambda: dossier.types.count("clock.breached") >= 4)
    struck = {(e.data["clock"], e.data["rung"]): e.occurred_at for e in dossier.story if e.type == "clock.breached"}
    assert struck[("promised", "breach")] == first
    assert struck[("moved", "breach")] == first + timedelta(days=4)


async def test_a_second_apology_is_refused_and_told(world: World) -> None:
    """The law allows one; who asks again is refused, and the head of the one-stop hears of it."""
    dossier = await asked(world)
    first = await moved_by(dossier, days=4)
    before = len(dossier.story)
    with pytest.raises(AlreadyMoved):
        await sign(dossier, first + timedelta(days=9))

    told = dossier.story[before]
    assert (told.type, told.data["why"]) == (EventType.CLOCK_ESCALATED, "sign_apology")
    assert [to["unit"] for to in told.data["to"]] == [COMMUNE]
    assert dossier.case.moved_to == first + timedelta(days=4)
    await dossier.review()
    await dossier.give_back()
    await dossier.ended()


async def test_form_04_after_the_breach_is_marked(world: World) -> None:
    """It stays possible, it says so, and it does not make the dossier on time."""
    dossier = await asked(world)
    first = dossier.case.appointment
    assert first is not None
    await world.skip_to(first + timedelta(hours=20))
    await late(dossier)
    await sign(dossier, first + timedelta(days=5))

    assert dossier.last(EventType.APOLOGY_SIGNED).data["after_breach"] is True
    assert dossier.types.count("clock.breached") >= 2


@pytest.mark.parametrize(
    "name, role, unit, facts",
    [
        ("answer_in_time", "officer", ECONOMY, {}),
        ("sign_apology", "leader", ECONOMY, {"cause": "other", "appointment": "2030-01-01T08:00:00+07:00"}),
        ("move_appointment", "clerk", COMMUNE, {}),
    ],
)
async def test_each_in_its_order(world: World, name: str, role: str, unit: str, facts: dict[str, str]) -> None:
    """Unasked, unanswered or unsigned, there is nothing to answer, to sign or to set; nothing is written."""
    dossier = await (await world.a_dossier()).in_review()
    before = len(dossier.story)
    with pytest.raises(NotAllowed) as refusal:
        await dossier.do(name, role, unit, **facts)

    assert refusal.value.field == "name"
    assert refusal.value.remedy
    assert len(dossier.story) == before


async def test_an_appointment_before_the_first_is_none(world: World) -> None:
    """The new date lies after the first one, and after today."""
    dossier = await asked(world)
    first = dossier.case.appointment
    assert first is not None
    await late(dossier)
    with pytest.raises(Invalid) as refusal:
        await sign(dossier, first)

    assert refusal.value.field == "data.appointment"


async def test_a_dossier_is_finished_after_its_apology(world: World) -> None:
    """A moved dossier is reviewed and returned like any other."""
    dossier = await stories.moved_once(world)
    await dossier.ended()

    assert dossier.case.status == 10
