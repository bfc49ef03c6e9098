"""The daily reconciliation, started by a Schedule: yesterday's statement of each provider beside our books."""

from __future__ import annotations

from datetime import timedelta

from temporalio import workflow
from temporalio.common import VersioningBehavior
from temporalio.exceptions import ActivityError

from activities.reconciliation import ReconciliationActivities
from domain.instants import civil_date
from schema import wire
from schema.payments import ProviderName, ReconcileAsk, Reconciled
from workflows.options import ONE_SWEEP

PROVIDERS: tuple[ProviderName, ...] = ("platform", "vnpay")


@workflow.defn(name=wire.RECONCILE_WORKFLOW, versioning_behavior=VersioningBehavior.AUTO_UPGRADE)
class ReconcileWorkflow:
    """One day, as of the instant it began."""

    @workflow.run
    async def run(self) -> list[Reconciled]:
        """Reconcile each provider; one that gives no statement keeps nobody from the other, and is asked tomorrow."""
        now = workflow.now()
        done: list[Reconciled] = []
        for provider in PROVIDERS:
            ask = ReconcileAsk(provider=provider, day=civil_date(now) - timedelta(days=1), as_of=now)
            try:
                done.append(
                    await workflow.execute_activity_method(ReconciliationActivities.reconcile, ask, **ONE_SWEEP)
                )
            except ActivityError:
                workflow.logger.warning("no statement could be had")
        return done
