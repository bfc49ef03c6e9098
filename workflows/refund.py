"""Gives back a payment that its dossier cannot use: it came after the end, or a second time.

The surplus is written into the dossier's story first, then the platform is asked, then the refund is written.
"""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from temporalio import workflow
from temporalio.common import VersioningBehavior

from activities.payments import PaymentActivities
from schema import wire
from schema.case import Case
from schema.messages import Event
from schema.refunds import RefundOrder, StartRefund
from workflows.options import OUTSIDE
from workflows.register import load, record
from workflows.wording import refunded, surplus


@workflow.defn(name=wire.REFUND_WORKFLOW, versioning_behavior=VersioningBehavior.AUTO_UPGRADE)
class RefundWorkflow:
    """One transaction, given back once."""

    @workflow.run
    async def run(self, start: StartRefund) -> None:
        """Note the surplus, ask the platform, note the refund."""
        report = start.report
        if report.outcome != "succeeded" or report.transaction is None or report.amount is None:
            return
        if not await self._noted(start.dossier, lambda case: surplus(case, report, workflow.now())):
            return
        order = RefundOrder(
            reference=f"refund-{report.transaction}", transaction=report.transaction, amount=report.amount
        )
        await workflow.execute_activity_method(PaymentActivities.refund, order, **OUTSIDE)
        await self._noted(start.dossier, lambda case: refunded(case, order, workflow.now()))

    async def _noted(self, dossier: UUID, word: Callable[[Case], Event | None]) -> bool:
        """Word and record, anew if the dossier moved meanwhile; False when there was nothing to note."""
        while (event := word(case := await load(dossier))) is not None:
            if (await record(case, event)).command == event.command:
                return True
        return False
