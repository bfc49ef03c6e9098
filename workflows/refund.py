"""Gives back a payment that its dossier cannot use: it came after the end, or a second time.

The surplus is written into the dossier's story first, then the platform is asked, then the refund is written.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from temporalio import workflow
from temporalio.common import VersioningBehavior

from activities.payments import PaymentActivities
from schema import wire
from schema.case import Case
from schema.events import EventType
from schema.messages import Event
from schema.payments import PaymentReport
from schema.refunds import RefundOrder, StartRefund
from workflows.options import OUTSIDE
from workflows.register import engine_command, engine_event, load, record


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
        await self._noted(start.dossier, lambda case: _refunded(case, order, workflow.now()))

    async def _noted(self, dossier: UUID, word: Callable[[Case], Event | None]) -> bool:
        """Word and record, anew if the dossier moved meanwhile; False when there was nothing to note."""
        while (event := word(case := await load(dossier))) is not None:
            if (await record(case, event)).command == event.command:
                return True
        return False


def surplus(case: Case, report: PaymentReport, now: datetime) -> Event | None:
    """Word money that the dossier cannot use; None when this transaction is the one that was kept."""
    if report.transaction in case.transactions:
        return None
    data = report.model_dump(mode="json", include={"reference", "amount", "currency", "transaction", "paid_at"})
    at = max(now, case.last_instant)
    return engine_event(case, EventType.PAYMENT_SURPLUS, at, transaction_key(report.transaction), data)


def transaction_key(transaction: str | None) -> str:
    """Name what becomes of one transaction: kept or surplus, but only one of them, and once."""
    return f"transaction/{transaction}"


def refund_id(dossier: UUID, report: PaymentReport) -> str:
    """Name the workflow that gives this transaction back: whoever starts it, it is the same one."""
    return wire.refund_workflow_id(engine_command(dossier, transaction_key(report.transaction)))


def _refunded(case: Case, order: RefundOrder, now: datetime) -> Event:
    data = {"transaction": order.transaction, "amount": order.amount, "currency": order.currency}
    at = max(now, case.last_instant)
    return engine_event(case, EventType.PAYMENT_REFUNDED, at, f"refunded/{order.transaction}", data)
