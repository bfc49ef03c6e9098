"""Campaigns as their workflow sees them: note a page of dossiers, move those noted, conclude."""

from __future__ import annotations

from typing import Protocol

from temporalio import activity

from activities.refusals import named
from schema import wire
from schema.campaigns import CarriedOut, CarryOutAsk, ConcludeAsk, Page, PageAsk


class Campaigns(Protocol):
    """The ledger of the campaigns, and the dossiers behind it; every method may be repeated without harm."""

    async def plan(self, ask: PageAsk) -> Page:
        """Look at a page of open dossiers and note, once, each that would move."""
        ...

    async def carry_out(self, ask: CarryOutAsk) -> CarriedOut:
        """Ask dossiers that were noted to move, and keep what each answered."""
        ...

    async def conclude(self, ask: ConcludeAsk) -> None:
        """Close the ledger."""
        ...


class CampaignActivities:
    """Thin methods over the port."""

    def __init__(self, campaigns: Campaigns) -> None:
        self._campaigns = campaigns

    @activity.defn(name=wire.PLAN_PAGE)
    async def plan(self, ask: PageAsk) -> Page:
        """Note who moves among the next dossiers."""
        with named():
            return await self._campaigns.plan(ask)

    @activity.defn(name=wire.CARRY_OUT)
    async def carry_out(self, ask: CarryOutAsk) -> CarriedOut:
        """Move some of those noted."""
        with named():
            return await self._campaigns.carry_out(ask)

    @activity.defn(name=wire.CONCLUDE)
    async def conclude(self, ask: ConcludeAsk) -> None:
        """Close the ledger."""
        with named():
            await self._campaigns.conclude(ask)
