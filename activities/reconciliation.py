"""The daily reconciliation, as the workflow that asks for it sees it."""

from __future__ import annotations

from temporalio import activity

from activities.ports import Reconciler
from activities.refusals import named
from schema import wire
from schema.payments import ReconcileAsk, Reconciled


class ReconciliationActivities:
    """A thin method over the port; the same day again repairs nothing twice."""

    def __init__(self, reconciler: Reconciler) -> None:
        self._reconciler = reconciler

    @activity.defn(name=wire.RECONCILE)
    async def reconcile(self, ask: ReconcileAsk) -> Reconciled:
        """Reconcile one provider's day."""
        with named():
            return await self._reconciler.reconcile(ask)
