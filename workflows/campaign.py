"""Takes the dates of every open dossier from a new publication of the law, once, however often it is interrupted.

A page of dossiers is looked at, those that move are noted in the ledger, and each of them is asked to move; then the
next page. What was noted or answered stands in the ledger, so that a run that dies is taken up where it was.
"""

from __future__ import annotations

from datetime import timedelta

from temporalio import workflow
from temporalio.common import VersioningBehavior

from activities.campaigns import CampaignActivities
from schema import wire
from schema.campaigns import CampaignStart, CarryOutAsk, ConcludeAsk, PageAsk
from workflows.options import IN_THE_LEDGER, ONE_BY_ONE

ASK_AGAIN = timedelta(seconds=10)
"""Pause before dossiers that did not answer are asked again."""


@workflow.defn(name=wire.CAMPAIGN_WORKFLOW, versioning_behavior=VersioningBehavior.AUTO_UPGRADE)
class CampaignWorkflow:
    """One campaign."""

    @workflow.run
    async def run(self, start: CampaignStart) -> None:
        """Wait until everybody counts on the new publication, then go through the open dossiers page by page."""
        after, scanned = start.after, start.scanned
        if after is None:
            await workflow.sleep(start.settle)
        while True:
            ask = PageAsk(campaign=start.campaign, after=after, limit=start.page)
            page = await workflow.execute_activity_method(CampaignActivities.plan, ask, **IN_THE_LEDGER)
            scanned += page.scanned
            await self._carry_out(start)
            if page.after is None:
                break
            after = page.after
            if workflow.info().is_continue_as_new_suggested():
                workflow.continue_as_new(start.model_copy(update={"after": after, "scanned": scanned}))
        done = ConcludeAsk(campaign=start.campaign, scanned=scanned)
        await workflow.execute_activity_method(CampaignActivities.conclude, done, **IN_THE_LEDGER)

    async def _carry_out(self, start: CampaignStart) -> None:
        ask = CarryOutAsk(campaign=start.campaign, rate=start.rate, limit=start.page)
        while True:
            done = await workflow.execute_activity_method(CampaignActivities.carry_out, ask, **ONE_BY_ONE)
            if not done.left:
                return
            if not done.settled:
                await workflow.sleep(ASK_AGAIN)
