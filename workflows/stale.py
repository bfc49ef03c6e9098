"""Asks, every few minutes by a Schedule, about attempts whose time is over and whose end nobody has told.

A dossier asks about the attempt that it waits for; nobody waits for one that was replaced, or whose dossier has ended.
"""

from __future__ import annotations

from temporalio import workflow
from temporalio.common import VersioningBehavior

from activities.stale import StaleActivities
from schema import wire
from schema.payments import StaleAsk, StaleAsked
from workflows.options import ONE_SWEEP


@workflow.defn(name=wire.STALE_WORKFLOW, versioning_behavior=VersioningBehavior.AUTO_UPGRADE)
class StaleAttemptsWorkflow:
    """One sweep, as of the instant it began."""

    @workflow.run
    async def run(self) -> StaleAsked:
        """Ask about all of them; one that nobody can say anything of is asked about in the next sweep."""
        ask = StaleAsk(as_of=workflow.now())
        return await workflow.execute_activity_method(StaleActivities.ask_all, ask, **ONE_SWEEP)
