"""The twin of the campaigns' ledger: dossiers of a world in pages, and what each answered."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID, uuid4

from temporalio.worker import Worker

from activities.campaigns import CampaignActivities
from activities.ports import Unavailable
from activities.redating import Subject, moved, under
from adapters.engine import Engine
from domain.instants import civil_date
from schema import wire
from schema.campaigns import CampaignStart, CarriedOut, CarryOutAsk, ConcludeAsk, Page, PageAsk, RedateAsk, Redated
from tests.laws import closed
from tests.stories import Dossier, World
from workflows.campaign import CampaignWorkflow


@dataclass
class MemoryCampaigns:
    """`activities.campaigns.Campaigns` in memory, over a world's register and engine."""

    world: World
    law: str
    subject: str = "calendar"
    outcomes: dict[UUID, str] = field(default_factory=dict)
    looked_at: list[UUID | None] = field(default_factory=list)
    scanned: int | None = None
    silent: int = 0
    """How many askings still get no answer."""
    loses: int = 0
    """How many outcomes are still lost after the dossier has moved: a worker that died."""

    async def plan(self, ask: PageAsk) -> Page:
        register = self.world.register
        self.looked_at.append(ask.after)
        ids = sorted(each for each in register.stories if not ask.after or each > ask.after)[: ask.limit]
        at = await self.world.now()
        for each in ids:
            case = register.case(each)
            law = under(register.laws[case.law], register.laws[self.law], Subject(self.subject))
            if moved(case, law, at=at, subject=Subject(self.subject)):
                self.outcomes.setdefault(each, "pending")
        return Page(after=ids[-1] if len(ids) == ask.limit else None, scanned=len(ids))

    async def carry_out(self, ask: CarryOutAsk) -> CarriedOut:
        engine, settled = Engine(self.world.client), 0
        for each in [id_ for id_, outcome in self.outcomes.items() if outcome == "pending"]:
            if self.silent:
                self.silent -= 1
                continue
            redate = RedateAsk.model_validate({"campaign": ask.campaign, "subject": self.subject, "law": self.law})
            answered = await engine.redate(each, redate)
            if self.loses:
                self.loses -= 1
                raise Unavailable("gone before the outcome was kept")
            self.outcomes[each] = answered.outcome if answered else "pending"
            settled += 1
        return CarriedOut(settled=settled, left=list(self.outcomes.values()).count("pending"))

    async def conclude(self, ask: ConcludeAsk) -> None:
        self.scanned = ask.scanned


@asynccontextmanager
async def campaigning(world: World, campaigns: MemoryCampaigns) -> AsyncIterator[None]:
    """The campaigns' worker over the twin."""
    port = CampaignActivities(campaigns)
    async with Worker(
        world.client,
        task_queue=wire.CAMPAIGN_QUEUE,
        workflows=[CampaignWorkflow],
        activities=[port.plan, port.carry_out, port.conclude],
        **({"deployment_config": world.deployment} if world.deployment else {}),
    ):
        yield


async def redate(dossier: Dossier, law: str, subject: str = "calendar", campaign: UUID | None = None) -> Redated:
    ask = RedateAsk.model_validate({"campaign": campaign or uuid4(), "subject": subject, "law": law})
    answered = await Engine(dossier.world.client, timedelta(seconds=30)).redate(dossier.id, ask)
    assert answered is not None
    return answered


async def redated(world: World) -> Dossier:
    """A working day is taken away while the office has it: the timers move, once, and it is finished."""
    dossier = await (await world.a_dossier()).in_review()
    law = closed(civil_date(await world.now() + timedelta(days=2)))
    world.register.publish(law)
    await redate(dossier, law.version)
    await redate(dossier, law.version)
    await dossier.review()
    await dossier.give_back()
    return dossier


async def campaign_over_two(world: World) -> Dossier:
    """A campaign by pages of one over two open dossiers, one of which does not answer at first."""
    dossier, other = [await (await world.a_dossier()).in_review() for _ in range(2)]
    law, id_ = closed(civil_date(await world.now() + timedelta(days=2))), uuid4()
    world.register.publish(law)
    async with campaigning(world, MemoryCampaigns(world, law.version, silent=1)):
        await world.client.execute_workflow(
            CampaignWorkflow.run,
            CampaignStart(campaign=id_, page=1, settle=0.5),
            id=wire.campaign_workflow_id(id_),
            task_queue=wire.CAMPAIGN_QUEUE,
        )
    for each in (other, dossier):
        await each.review()
        await each.give_back()
        await each.ended()
    return dossier
