"""One round of the watch, started every few minutes by a Schedule: every look in turn, each failing by itself.

It depends on no dossier's workflow, and its queue is served by a process of its own.
"""

from __future__ import annotations

from temporalio import workflow
from temporalio.common import VersioningBehavior
from temporalio.exceptions import ActivityError, ApplicationError

from activities.watch import WatchActivities
from schema import wire
from schema.watch import Look, LookAsk, Looked, WatchRound
from workflows.options import LOOKING


@workflow.defn(name=wire.WATCH_WORKFLOW, versioning_behavior=VersioningBehavior.AUTO_UPGRADE)
class WatchWorkflow:
    """One round, as of the instant it began."""

    @workflow.run
    async def run(self) -> WatchRound:
        """Have every look; fail at the end, and visibly, if none could be had."""
        as_of = workflow.now()
        looked: list[Looked] = []
        failed: list[Look] = []
        for look in Look:
            try:
                ask = LookAsk(look=look, as_of=as_of)
                looked.append(await workflow.execute_activity_method(WatchActivities.look, ask, **LOOKING))
            except ActivityError:
                failed.append(look)  # the others still see; the next round tries again
        if not looked:
            raise ApplicationError("no look could be had", type="Unavailable", non_retryable=True)
        return WatchRound(as_of=as_of, looked=tuple(looked), failed=tuple(failed))
