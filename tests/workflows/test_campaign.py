"""A campaign over dossiers that live: who is affected moves, each once, whatever happens on the way."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import uuid4

from domain.instants import civil_date
from domain.milestones import ClockKind, Rung
from schema import wire
from schema.campaigns import CampaignStart
from schema.events import EventType
from tests.campaigns import MemoryCampaigns, campaigning, redate
from tests.laws import closed, decided
from tests.stories import Dossier, World
from workflows.campaign import CampaignWorkflow


async def in_two_days(world: World) -> date:
    return civil_date(await world.now() + timedelta(days=2))


async def test_a_dossier_takes_its_dates_once(world: World) -> None:
    """The timers move, the evidence is one event, and the same campaign again is answered with it."""
    dossier = await (await world.a_dossier()).in_review()
    before, law, id_ = dossier.case, closed(await in_two_days(world)), uuid4()
    world.register.publish(law)
    first = await redate(dossier, law.version, campaign=id_)
    again = await redate(dossier, law.version, campaign=id_)
    other = await redate(dossier, law.version)

    assert first == again
    assert first.outcome == "moved"
    assert other.outcome == "unchanged"
    assert dossier.types.count("dossier.redated") == 1
    assert dossier.case.appointment == before.appointment
    assert dossier.clock(ClockKind.STATUTORY).due > before.clock(ClockKind.STATUTORY).due
    assert await dossier.is_one_story()


async def test_breaches_come_at_the_new_instants(world: World) -> None:
    """Nobody does anything: the promise breaks as printed, the law a day later, each at its own instant."""
    dossier = await (await world.a_dossier()).in_review()
    law = closed(await in_two_days(world))
    world.register.publish(law)
    await redate(dossier, law.version)
    promised, statutory = dossier.case.appointment, dossier.clock(ClockKind.STATUTORY).due
    await world.skip(days=12)
    await dossier.until("clock.escalated", 3)
    breaches = {event.data["clock"]: event.occurred_at for event in dossier.story if event.type == "clock.breached"}

    assert promised < statutory
    assert (breaches["promised"], breaches["statutory"]) == (promised, statutory)
    strokes = [
        (event.data["clock"], event.data.get("step"), event.data["rung"])
        for event in dossier.story
        if event.type.startswith("clock.")
    ]
    assert len(strokes) == len(set(strokes))


async def test_what_was_struck_is_not_struck_again(world: World) -> None:
    """Asked before the campaign, not asked again after it."""
    dossier = await (await world.a_dossier()).in_review()
    rungs = dict(dossier.clock(ClockKind.PROMISED).rungs)
    await world.skip_to(rungs[Rung.ASK] + timedelta(minutes=2))
    await dossier.until("clock.asked")
    law = closed(civil_date(rungs[Rung.ONE_STOP]))
    world.register.publish(law)
    await redate(dossier, law.version)
    await world.skip(days=12)
    await dossier.until("clock.escalated", 3)

    assert dossier.types.count("clock.asked") == 1
    assert dossier.types.count("dossier.redated") == 1


async def test_a_decision_shortens_the_promise(world: World) -> None:
    """The ladder of the promise comes earlier; the appointment and the law stay."""
    dossier = await world.online()
    await dossier.accept()
    await dossier.report(world.platform.debit(await dossier.order(), paid_at=await world.now()))
    await dossier.until("dossier.forwarded")
    before, law = dossier.case, decided("1")
    world.register.publish(law)
    answered = await redate(dossier, law.version, "decision")

    assert answered.outcome == "moved"
    assert dossier.case.appointment == before.appointment
    assert dossier.clock(ClockKind.PROMISED).due < before.clock(ClockKind.PROMISED).due
    assert dossier.clock(ClockKind.STATUTORY).due == before.clock(ClockKind.STATUTORY).due


async def some(world: World, count: int) -> tuple[list[Dossier], list[Dossier]]:
    """So many dossiers that the day in two days concerns, and as many that are signed already."""
    open_ = [await (await world.a_dossier()).in_review() for _ in range(count)]
    signed = [await (await world.a_dossier(return_method="counter")).resolved() for _ in range(count)]
    return open_, signed


async def campaign(world: World, campaigns: MemoryCampaigns, page: int = 3) -> None:
    id_ = uuid4()
    async with campaigning(world, campaigns):
        await world.client.execute_workflow(
            CampaignWorkflow.run,
            CampaignStart(campaign=id_, page=page),
            id=wire.campaign_workflow_id(id_),
            task_queue=wire.CAMPAIGN_QUEUE,
        )


async def test_a_campaign_moves_exactly_those_affected(world: World) -> None:
    """Page by page; who is not affected has no event."""
    open_, signed = await some(world, 4)
    law = closed(await in_two_days(world))
    world.register.publish(law)
    campaigns = MemoryCampaigns(world, law.version)
    await campaign(world, campaigns)

    assert campaigns.outcomes == {each.id: "moved" for each in open_}
    assert campaigns.scanned == 8
    assert len(campaigns.looked_at) == 3
    assert all(each.types.count("dossier.redated") == 1 for each in open_)
    assert all("dossier.redated" not in each.types for each in signed)


async def test_a_campaign_goes_on_after_what_it_lost(world: World) -> None:
    """Outcomes lost after the move, dossiers that do not answer: asked again, moved once."""
    open_, _ = await some(world, 3)
    law = closed(await in_two_days(world))
    world.register.publish(law)
    campaigns = MemoryCampaigns(world, law.version, loses=2, silent=2)
    await campaign(world, campaigns)

    assert set(campaigns.outcomes.values()) == {"moved"}
    assert all(each.types.count(EventType.REDATED) == 1 for each in open_)
