"""The daily reconciliation as its workflow sees it: which days are due, and one day of one provider."""

from __future__ import annotations

from temporalio import activity

from activities.ports import Reconciliations
from activities.refusals import named
from schema import wire
from schema.reconciliation import ReconcileAsk, Reconciled, ReconcilePlan, ReconcilePlanAsk


class ReconciliationActivities:
    """Thin methods over the port; both may be repeated without harm."""

    def __init__(self, reconciliations: Reconciliations) -> None:
        self._reconciliations = reconciliations

    @activity.defn(name=wire.RECONCILE_PLAN)
    async def plan(self, ask: ReconcilePlanAsk) -> ReconcilePlan:
        """Say which days are due."""
        with named():
            return await self._reconciliations.plan(ask)

    @activity.defn(name=wire.RECONCILE_DAY)
    async def run(self, ask: ReconcileAsk) -> Reconciled:
        """Compare one day of one provider with our books; repair what is proved, and list the rest."""
        with named():
            return await self._reconciliations.run(ask)
