"""The life of one dossier, from the counter to the returned result.

`run` is the procedure: read it first. Below it stand the chapters, then what people and payment platforms may
say, then the clock, and last the few verbs that are the only ones to write anything down.

The workflow decides *when*; `domain` decides *what*; the register keeps it. State changes only from what
`record` returned, so that a run may die at any point, and start again at any sequence.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from zlib import crc32

from temporalio import workflow
from temporalio.common import SearchAttributeKey, VersioningBehavior, WorkflowIDReusePolicy
from temporalio.exceptions import ActivityError, WorkflowAlreadyStartedError

from activities.payments import PaymentActivities
from activities.redating import NOTHING_MOVES
from activities.refusals import as_failure
from domain.dossier import DECIDED, Act, Business
from domain.errors import AlreadyMoved, DomainError
from domain.milestones import Milestone
from domain.payments import Provider
from schema import wire
from schema.campaigns import RedateAsk, Redated
from schema.case import AT_RECEIPT, AT_SUPPLEMENT, BEFORE_RETURN, Case, Payment, Start
from schema.events import EventType
from schema.messages import Answer, Command, Event, answer
from schema.payments import Outcome, PaymentOrder, PaymentQuery, PaymentReport
from schema.refunds import StartRefund
from workflows.judge import judge
from workflows.options import ONE_QUESTION, OUTSIDE
from workflows.register import load, record
from workflows.wording import (
    ORDER_LASTS,
    acted,
    asked_twice,
    following,
    give_back,
    opened,
    ordered,
    phase,
    redated,
    refund_asked,
    refund_id,
    reported,
    struck,
    uncertain,
    worded,
)

MOST_ORDERS = 5
"""Orders that the engine opens by itself for one fee; after that the counter is asked to collect."""
FIRST_QUESTION, LAST_QUESTION = timedelta(minutes=1), timedelta(hours=1)
"""How soon, and how seldom at last, the platform is asked about an order whose outcome is unknown."""

ACCEPT_AGAIN = timedelta(hours=1)

CLOCK_SPREAD = 60
"""Seconds over which the wake-ups of one legal instant are spread, where `Start` chose none; what is recorded is the
legal instant."""

LATE_GRACE = timedelta(seconds=20)
"""How long the clock waits after an act that was entered late for the next one, before it strikes what lies behind."""

_STATUS = SearchAttributeKey.for_keyword(wire.SEARCH_STATUS)
_DUE = SearchAttributeKey.for_datetime(wire.SEARCH_DUE)


@workflow.defn(name=wire.DOSSIER_WORKFLOW, versioning_behavior=VersioningBehavior.AUTO_UPGRADE)
class DossierWorkflow:
    """One dossier: receipt, fee, review and return, under its legal clocks."""

    @workflow.init
    def __init__(self, start: Start) -> None:
        self._loaded: Case | None = None
        self._milestone: Milestone | None = None
        self._patience = workflow.now()
        self._lock = asyncio.Lock()
        self._start = start
        window = CLOCK_SPREAD if start.spread is None else start.spread
        self._share = timedelta(seconds=crc32(start.dossier.bytes) % window if window else 0)

    @workflow.run
    async def run(self, start: Start) -> None:
        """The procedure. Every chapter looks first whether it is already behind the dossier."""
        self._know(start.case or await load(start.dossier))
        clock = asyncio.create_task(self._watch_the_clock())

        await self.receive()
        await self.collect_fee(AT_RECEIPT)  # unpaid: not accepted, and no processing clock runs
        await self.accept()
        await self.review()
        await self.collect_fee(AT_SUPPLEMENT, BEFORE_RETURN)
        await self.return_result()  # a refused or stopped dossier comes through here too

        await self._leave(clock)

    # The chapters

    async def receive(self) -> None:
        """Wait for the one-stop's answer: complete, a supplement asked for once (02), or not accepted (03)."""
        await self._until(lambda: self._case.is_answered)

    async def collect_fee(self, *timings: str) -> None:
        """See the fee paid that is collected at this point: by order online, else at the counter."""
        question = FIRST_QUESTION
        while self._case.collects(*timings):
            payment = self._case.payment
            if payment is not None and payment.url is None:
                await self._open_order(timings, payment)
            elif payment is not None:
                await self._ask_the_provider(timings, payment, after=question)
                question = min(question * 2, LAST_QUESTION)
            elif self._case.channel == "online" and self._case.attempts < MOST_ORDERS:
                await self._order()
            else:
                await self._until(lambda: not self._case.collects(*timings) or self._case.payment is not None)

    async def accept(self) -> None:
        """Issue code, receipt and appointment (01), which starts the clock; online goes on to the office at once."""
        at: datetime | None = None  # that of the payment which was waited for
        while self._case.state.business is Business.COMPLETE and not self._case.owes:
            try:
                await self._act(Act.ACCEPT, at=at)
            except DomainError:  # no code left today, or a calendar year is missing: an operator sees it standing
                await workflow.sleep(ACCEPT_AGAIN)
                at = workflow.now()  # another day has codes again
        await self._act(
            Act.FORWARD,
            when=lambda: self._case.state.business is Business.ACCEPTED and self._case.channel == "online",
        )

    async def review(self) -> None:
        """Wait for the departments: stages in order, the offices of a stage side by side.

        Meanwhile a fee is collected that is due with a supplement, and one goes back that is owed back.
        """
        while not self._is_reviewed():
            await self._until(
                lambda: self._is_reviewed() or self._case.collects(AT_SUPPLEMENT) or self._case.owed_back is not None
            )
            await self._give_back()
            if not self._is_reviewed():
                await self.collect_fee(AT_SUPPLEMENT)
        await self._give_back()

    def _is_reviewed(self) -> bool:
        return self._case.state.business in DECIDED or self._case.is_closed

    async def return_result(self) -> None:
        """Hand over the result, or the papers of a refused dossier: online at once, else at counter or by post."""
        await self._act(Act.RETURN, when=lambda: self._case.returns_by_itself, method="online")
        await self._until(lambda: self._case.is_closed)

    # What people and payment platforms may say

    @workflow.update(name=wire.COMMAND_UPDATE)
    async def command(self, command: Command) -> Answer:
        """Carry out one command, or refuse it with field and remedy; the same command again, the same answer."""
        await self._story_known()
        async with self._lock:
            try:
                await self._catch_up(command.seen)
                await self._strike_until(command.occurred_at)
                stored = await self._record(lambda case: worded(case, command, self._order_lasts()))
            except DomainError as refusal:
                if isinstance(refusal, AlreadyMoved):
                    await self._record(lambda case: asked_twice(case, command, workflow.now()))
                raise as_failure(refusal) from None
        if command.late and workflow.patched("late-grace"):
            self._patience = workflow.now() + LATE_GRACE
        assert stored is not None  # a command is worded or refused, never passed over
        return answer(stored, self._case.status)

    @command.validator
    def _may_command(self, command: Command) -> None:
        if self._loaded is None or self._loaded.sequence < command.seen:
            return  # judged under the lock, once the story is known
        try:
            judge(self._loaded, command)
        except AlreadyMoved:
            return  # refused under the lock, where the one-stop is told of it
        except DomainError as refusal:
            raise as_failure(refusal) from None

    @workflow.update(name=wire.REDATE_UPDATE)
    async def redate(self, ask: RedateAsk) -> Redated:
        """Take the dates from a new publication of the law, if that moves any; again, the same answer."""
        await self._story_known()
        async with self._lock:
            try:
                await self._catch_up(ask.seen)
                await self._strike_until(workflow.now())
                stored = await self._record(lambda case: redated(case, ask, workflow.now()))
            except DomainError as refusal:
                if refusal.field != NOTHING_MOVES:
                    raise as_failure(refusal) from None
                stored = None
        if stored is None:
            return Redated()
        return Redated(outcome="moved", sequence=stored.sequence, changes=tuple(stored.data["changes"]))

    @workflow.signal(name=wire.PAYMENT_SIGNAL)
    async def payment_reported(self, report: PaymentReport) -> None:
        """Take note of what a payment platform says; it cannot be refused."""
        await self._story_known()
        await self._settle(report)

    @workflow.query(name=wire.CASE_QUERY)
    def case(self) -> Case | None:
        """What the workflow knows, to be compared with the register."""
        return self._loaded

    # The clock

    async def _watch_the_clock(self) -> None:
        """One re-armable loop: sleep until it has to look, start again when that comes to be earlier."""
        while True:
            instant = self._looks_at()
            if instant is None:
                await workflow.wait_condition(lambda: self._milestone is not None)
            elif await self._slept_until(instant):
                async with self._lock:
                    await self._strike_until(workflow.now())

    async def _slept_until(self, instant: datetime) -> bool:
        """Sleep until then; False when there is another instant to look at by now."""
        wait = instant - workflow.now()
        if wait <= timedelta(0):
            return True
        try:
            await workflow.wait_condition(self._moved_from(instant), timeout=wait)
        except TimeoutError:
            return not self._start.patient or self._looks_at() == instant
        return False

    def _moved_from(self, instant: datetime) -> Callable[[], bool]:
        """Whether the timer set for `instant` is of no use: a timer costs more than a look that comes too early."""
        if self._start.patient:
            return lambda: (self._looks_at() or instant) < instant
        milestone, patience = self._milestone, self._patience
        return lambda: (self._milestone, self._patience) != (milestone, patience)

    def _looks_at(self) -> datetime | None:
        """When the clock looks next: its share of the window after the milestone, or once a late entry had its time."""
        milestone = self._milestone
        return max(milestone.at + self._share, self._patience) if milestone else None

    async def _strike_until(self, instant: datetime) -> None:
        """Record every warning and breach up to `instant`, in order, each at its own legal instant."""
        while (milestone := self._milestone) and milestone.at <= instant:
            await self._record(lambda case: struck(case, instant, workflow.now()))

    # Payment

    async def _order(self) -> None:
        """Write the attempt down, before the platform hears of it."""
        expires = workflow.now() + self._order_lasts()
        async with self._lock:
            await self._record(lambda case: ordered(case, workflow.now(), expires))

    def _order_lasts(self) -> timedelta:
        chosen = self._start.order_seconds
        return ORDER_LASTS if chosen is None else timedelta(seconds=chosen)

    async def _open_order(self, timings: tuple[str, ...], payment: Payment) -> None:
        """Open the order at its provider; the reference makes that happen once, however often a run begins anew."""
        order = PaymentOrder.model_validate(
            {
                **payment.model_dump(include={"reference", "provider", "amount", "ordered_at", "expires_at"}),
                "description": self._case.procedure,
            }
        )
        opening = workflow.start_activity_method(PaymentActivities.open, order, **OUTSIDE)
        await self._until(lambda: opening.done() or not self._waits_for(timings, payment))
        if not opening.done():
            return  # settled, given up, or superseded, before the provider answered
        if opening.exception() is not None:  # the provider said no: this attempt is over
            await self._settle(_ended(payment, "failed"))
            return
        async with self._lock:
            await self._record(lambda case: opened(case, opening.result(), workflow.now()))

    async def _ask_the_provider(self, timings: tuple[str, ...], payment: Payment, *, after: timedelta) -> None:
        """Wait for the call-back; when none comes, ask: an unknown outcome is never taken for "not paid"."""
        try:
            await self._until(lambda: not self._waits_for(timings, payment), at_most=after)
        except TimeoutError:
            try:
                report = await self._asked(payment)
            except ActivityError:
                report = _ended(payment, "unknown")
            if report.outcome == "unknown" and workflow.patched("uncertain"):
                async with self._lock:
                    await self._record(lambda case: uncertain(case, payment, workflow.now()))
            else:
                await self._settle(report)

    async def _asked(self, payment: Payment) -> PaymentReport:
        if payment.provider == Provider.PLATFORM:
            return await workflow.execute_activity_method(PaymentActivities.query, payment.reference, **ONE_QUESTION)
        asked = PaymentQuery.model_validate(payment.model_dump(include={"reference", "provider", "ordered_at"}))
        report = await workflow.execute_activity_method(PaymentActivities.ask, asked, **ONE_QUESTION)
        # A page that nobody ever opened is not known there, and cannot be opened any more.
        is_over = report.outcome == "unknown" and workflow.now() > payment.expires_at + LAST_QUESTION
        return _ended(payment, "expired") if is_over else report

    def _waits_for(self, timings: tuple[str, ...], payment: Payment) -> bool:
        present = self._case.payment
        return self._case.collects(*timings) and present is not None and present.reference == payment.reference

    async def _settle(self, report: PaymentReport) -> None:
        async with self._lock:
            await self._strike_until(min(report.paid_at or self._case.last_instant, workflow.now()))
            stored = await self._record(lambda case: reported(case, report, workflow.now()))
        if stored is not None and stored.type is EventType.PAYMENT_SURPLUS:
            await self._refund(
                StartRefund(dossier=self._case.dossier, report=report, ground=stored.data.get("ground", ""))
            )

    async def _give_back(self) -> None:
        """Let the fee go back where the procedure says so."""
        if (start := give_back(self._case)) is None:
            return
        async with self._lock:
            await self._record(lambda case: refund_asked(case, start, workflow.now()))
        await self._refund(start)

    async def _refund(self, start: StartRefund) -> None:
        """Let a workflow of its own give a debit back; it outlives the dossier."""
        start = start.model_copy(update={"alone_up_to": self._start.refund_alone})
        try:
            await workflow.start_child_workflow(
                wire.REFUND_WORKFLOW,  # by name: it has a life of its own
                start,
                id=refund_id(self._case.dossier, start.report),
                id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
                parent_close_policy=workflow.ParentClosePolicy.ABANDON,
            )
        except WorkflowAlreadyStartedError:
            return  # this debit came before

    # The few verbs that write

    @property
    def _case(self) -> Case:
        assert self._loaded is not None  # nothing below `run` starts before the story is loaded
        return self._loaded

    async def _act(
        self, act: Act, *, when: Callable[[], bool] = lambda: True, at: datetime | None = None, **data: str
    ) -> None:
        """Do one of the engine's own acts, if it is its time and fits, at the instant of what it follows from."""
        if not when():
            return
        async with self._lock:
            await self._record(lambda case: acted(case, act, data, at) if when() else None)

    async def _record(self, word: Callable[[Case], Event | None]) -> Event | None:
        """Word an event against the present case and write it down: the only place where the case changes.

        What comes back may be an event that the workflow did not know of. Then that one is applied, and the
        event is worded, and so judged, anew; `word` may refuse, or return None when there is nothing left to do.
        """
        while (event := word(self._case)) is not None:
            then = following(self._case, event, workflow.now(), self._order_lasts())
            stored = await record(self._case, event, then)
            for each in (stored, *stored.followed_by):
                if each.sequence == self._case.sequence + 1:
                    self._know(self._case.after(each))
            self._show()
            if stored.command == event.command:
                return stored
        return None

    async def _catch_up(self, sequence: int) -> None:
        """Learn what stands in the register and this run never heard of: a worker died after the commit."""
        if self._case.sequence < sequence:
            self._know(await load(self._start.dossier))
            self._show()

    def _know(self, case: Case) -> None:
        self._loaded = case
        self._milestone = case.next_milestone

    def _show(self) -> None:
        """Tell the operators' list when, and only when, what it filters on has changed."""
        shown = workflow.info().typed_search_attributes.get(_STATUS) or ""
        if (status := phase(self._case, shown)) == shown:
            return
        promised = next((c.due for c in self._case.clocks if c.kind == "promised"), None)
        due = [_DUE.value_set(promised)] if promised else []
        workflow.upsert_search_attributes([_STATUS.value_set(status), *due])

    async def _until(self, reached: Callable[[], bool], at_most: timedelta | None = None) -> None:
        """Wait, and change into a fresh run when the history has grown long: a reload is all it takes."""
        if reached():
            return
        await workflow.wait_condition(
            lambda: reached() or workflow.info().is_continue_as_new_suggested(), timeout=at_most
        )
        if not reached():
            await workflow.wait_condition(self._is_quiet)
            workflow.continue_as_new(self._start.model_copy(update={"case": None, "patient": True}))

    async def _story_known(self) -> None:
        if self._loaded is None:  # a message that came before the first chapter
            await workflow.wait_condition(lambda: self._loaded is not None)

    async def _leave(self, clock: asyncio.Task[None]) -> None:
        await workflow.wait_condition(self._is_quiet)
        if not self._start.patient:  # the end of the run is the end of its timers, at no cost
            clock.cancel()

    def _is_quiet(self) -> bool:
        return workflow.all_handlers_finished() and not self._lock.locked()


def _ended(payment: Payment, outcome: Outcome) -> PaymentReport:
    return PaymentReport.model_validate(
        {"reference": payment.reference, "provider": payment.provider, "outcome": outcome}
    )
