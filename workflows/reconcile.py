"""The daily reconciliation, started by a Schedule in the night: each day that is due, of each provider by itself.

A provider that is away is asked until the next night; meanwhile the others are gone through.
"""

from __future__ import annotations

import asyncio

from temporalio import workflow
from temporalio.common import VersioningBehavior
from temporalio.exceptions import ActivityError, ApplicationError

from activities.reconciliation import ReconciliationActivities
from schema import wire
from schema.reconciliation import ReconcileAsk, Reconciled, ReconcilePlanAsk, ReconcileRound
from workflows.options import ONE_STATEMENT, PATIENT_OUTSIDE


@workflow.defn(name=wire.RECONCILE_WORKFLOW, versioning_behavior=VersioningBehavior.AUTO_UPGRADE)
class ReconcileWorkflow:
    """One round, as of the instant it began."""

    @workflow.run
    async def run(self) -> ReconcileRound:
        """Go through every day that is due; fail at the end, and visibly, if none could be gone through."""
        as_of = workflow.now()
        plan = await workflow.execute_activity_method(
            ReconciliationActivities.plan, ReconcilePlanAsk(as_of=as_of), **PATIENT_OUTSIDE
        )
        came = await asyncio.gather(*(self._gone_through(day) for day in plan.days))
        done = tuple(each for each in came if each is not None)
        failed = tuple(day for day, each in zip(plan.days, came, strict=True) if each is None)
        if failed and not done:
            raise ApplicationError("no day could be gone through", type="Unavailable", non_retryable=True)
        return ReconcileRound(as_of=as_of, done=done, failed=failed)

    async def _gone_through(self, day: ReconcileAsk) -> Reconciled | None:
        try:
            return await workflow.execute_activity_method(ReconciliationActivities.run, day, **ONE_STATEMENT)
        except ActivityError:
            return None  # the others are gone through; this one is due again in the next round
