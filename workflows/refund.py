"""Gives one debit back: money that its dossier cannot use, or a fee that is owed back.

Why it goes back is written into the dossier's story first; then it is approved, if somebody has to; then the
provider is asked; then it is written that the money is back. A provider's final no waits for an officer, who looks
into it and approves once more. Money of the counter is handed over by hand: the approval is the handing over.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from temporalio import workflow
from temporalio.common import VersioningBehavior
from temporalio.exceptions import ActivityError

from activities.payments import PaymentActivities
from activities.refusals import as_failure
from domain.errors import DomainError
from schema import wire
from schema.case import Case, debit_key
from schema.messages import Answer, Event, answer
from schema.refunds import Approval, RefundOrder, StartRefund
from workflows.judge import judge_approval
from workflows.options import OUTSIDE
from workflows.register import load, record
from workflows.wording import KEPT_GROUNDS, lapsed, refund_approved, refund_asked, refund_refused, refunded, surplus


@workflow.defn(name=wire.REFUND_WORKFLOW, versioning_behavior=VersioningBehavior.AUTO_UPGRADE)
class RefundWorkflow:
    """One debit, given back once."""

    @workflow.init
    def __init__(self, start: StartRefund) -> None:
        self._start = start
        self._is_noted = False
        self._waits = bool(start.ground) and _needs_approval(start)
        self._refusals = 0
        self._lock = asyncio.Lock()

    @workflow.run
    async def run(self, start: StartRefund) -> None:
        """Note why, wait for whoever has to approve, ask the provider, note that the money is back."""
        report = start.report
        if report.outcome != "succeeded" or report.transaction is None or report.amount is None:
            if start.ground:
                await self._noted(lambda case: lapsed(case, report, workflow.now()))
            return
        if not start.ground:
            await self._as_before_grounds(_order(start))
        elif await self._is_asked():
            self._is_noted = True
            await self._give_back(_order(start))
        await workflow.wait_condition(workflow.all_handlers_finished)

    @workflow.update(name=wire.APPROVE_UPDATE)
    async def approve(self, approval: Approval) -> Answer:
        """An officer lets the money go back, or hands it over at the counter."""
        await workflow.wait_condition(lambda: self._is_noted)  # the story says first why it goes back
        async with self._lock:
            try:
                judge_approval(self._start, approval, waits=self._waits)
                order = _order(self._start)
                stored, case = await self._written(lambda case: refund_approved(case, order, approval))
            except DomainError as refusal:
                raise as_failure(refusal) from None
            self._waits = False
        assert stored is not None  # an approval is always worded
        return answer(stored, case.status)

    @approve.validator
    def _may_approve(self, approval: Approval) -> None:
        try:
            judge_approval(self._start, approval, waits=self._waits)
        except DomainError as refusal:
            raise as_failure(refusal) from None

    async def _is_asked(self) -> bool:
        """Note the ground, unless whoever started this did; False when the debit is the fee, and stays."""
        start, report = self._start, self._start.report
        if start.ground in KEPT_GROUNDS:
            await self._noted(lambda case: refund_asked(case, start, workflow.now()))
        else:
            await self._noted(lambda case: surplus(case, report, workflow.now(), start.ground))
        case = await load(start.dossier)
        return debit_key(report.provider, report.transaction) in case.refunds

    async def _give_back(self, order: RefundOrder) -> None:
        await workflow.wait_condition(lambda: not self._waits)
        while not await self._is_granted(order):
            self._refusals += 1
            await self._noted(lambda case: refund_refused(case, order, self._refusals, workflow.now()))
            self._waits = True
            await workflow.wait_condition(lambda: not self._waits)
        await self._noted(lambda case: refunded(case, order, workflow.now()))

    async def _is_granted(self, order: RefundOrder) -> bool:
        """Ask the provider until it says yes or no; a refund that takes time is asked about again and again."""
        if order.provider == "counter":
            return True  # handed over by whoever approved
        try:
            asked = order.model_copy(update={"refusals": self._refusals})
            await workflow.execute_activity_method(PaymentActivities.refund, asked, **OUTSIDE)
        except ActivityError:
            return False
        return True

    async def _as_before_grounds(self, order: RefundOrder) -> None:
        report = self._start.report
        if await self._noted(lambda case: surplus(case, report, workflow.now())):
            await workflow.execute_activity_method(PaymentActivities.refund, order, **OUTSIDE)
            await self._noted(lambda case: refunded(case, order, workflow.now()))

    async def _noted(self, word: Callable[[Case], Event | None]) -> bool:
        """Write something down; False when there was nothing to note."""
        stored, _ = await self._written(word)
        return stored is not None

    async def _written(self, word: Callable[[Case], Event | None]) -> tuple[Event | None, Case]:
        """Word and record, anew if the dossier moved meanwhile."""
        while (event := word(case := await load(self._start.dossier))) is not None:
            if (stored := await record(case, event)).command == event.command:
                return stored, case.after(stored) if stored.sequence == case.sequence + 1 else case
        return None, case


def _needs_approval(start: StartRefund) -> bool:
    amount = start.report.amount or 0
    return not start.approved or (start.alone_up_to is not None and amount > start.alone_up_to)


def _order(start: StartRefund) -> RefundOrder:
    report = start.report
    assert report.transaction is not None  # `run` has looked
    assert report.amount is not None
    return RefundOrder(
        reference=f"refund-{debit_key(report.provider, report.transaction).replace('/', '-')}",
        transaction=report.transaction,
        amount=report.amount,
        provider=report.provider,
        paid_reference=report.reference,
    )
