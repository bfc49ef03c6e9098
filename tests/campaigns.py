"""The twin of the campaigns' ledger: dossiers of a world in pages, and what each answered."""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import UUID

from activities.ports import Unavailable
from activities.redating import Subject, moved, under
from adapters.engine import Engine
from schema.campaigns import CarriedOut, CarryOutAsk, ConcludeAsk, Page, PageAsk, RedateAsk
from tests.stories import World


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
