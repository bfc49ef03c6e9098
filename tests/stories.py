"""Builders of dossiers that live in the real workflow over the twins, and the stories that several tests tell.

A `World` is a Temporal server, the real workflows and activities, and the twins behind them. A `Dossier` in it
speaks the words of the counter: `await world.a_dossier()`, then `accept`, `pay`, `forward`, `review`, `give_back`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from temporalio.client import Client, WorkflowHandle, WorkflowUpdateFailedError
from temporalio.service import RPCError
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker, WorkerDeploymentConfig

from activities.intake import submitted
from activities.payments import PaymentActivities
from activities.refusals import refusal_in
from activities.register import RegisterActivities
from adapters.catalogue_files import FOLDER, read_sound
from adapters.catalogue_versions import versioned
from adapters.engine import Engine, NotThere
from domain.calendars import CalendarYear
from domain.catalogue import Catalogue
from domain.dossier import Act
from domain.duties import Role
from domain.errors import AlreadyMoved, NotAllowed
from domain.instants import VIETNAM, at
from domain.milestones import Clock, ClockKind, Rung
from schema import wire
from schema.case import Case, Start
from schema.events import EventType
from schema.messages import Actor, Answer, Command, Event, RecordAsk
from schema.payments import PaymentReport
from schema.refunds import Approval
from schema.submissions import Submission
from tests.twins import MemoryPlatform, MemoryRegister
from workflows.dossier import DossierWorkflow
from workflows.refund import RefundWorkflow
from workflows.wording import refund_id

COMMUNE, ECONOMY = "000.00.61.H48", "000.01.61.H48"
HOUSEHOLD, HOUSE = "1.001612", "1.013225"
"""Household business: three working days, 100,000 đồng at receipt. A house: two departments, fee before return."""
PATIENCE = 30.0
"""Seconds that a test waits for something that must happen; nothing is timed by it."""


def plain_weeks(law: Catalogue) -> Catalogue:
    """The law with calendars of nothing but weeks, for ever: stories then have the same dates in any year."""
    years = tuple(CalendarYear(year, "announced", "invented") for year in range(2020, 2100))
    calendars = tuple(replace(each, years=years, special_days=()) for each in law.calendars)
    return versioned(replace(law, calendars=calendars))


LAW = plain_weeks(read_sound(FOLDER))


async def eventually(probe: Callable[[], Any]) -> Any:
    """Ask until the answer is true, and return it; the probe may be a coroutine function."""
    deadline = time.monotonic() + PATIENCE
    while True:
        found = probe()
        found = await found if isinstance(found, Awaitable) else found
        if found:
            return found
        assert time.monotonic() < deadline, "it did not happen"
        await asyncio.sleep(0.01)


def monday_after(instant: datetime) -> datetime:
    """The next Monday, eight o'clock."""
    day = instant.astimezone(VIETNAM)
    return at((day + timedelta(days=7 - day.weekday())).date(), datetime.min.time().replace(hour=8))


@dataclass
class World:
    """The engine over the twins. Time stands in `env`: skipped where it can be, real elsewhere."""

    env: WorkflowEnvironment
    register: MemoryRegister = field(default_factory=lambda: MemoryRegister(LAW))
    platform: MemoryPlatform = field(default_factory=MemoryPlatform)
    opened: list[UUID] = field(default_factory=list)
    deployment: WorkerDeploymentConfig | None = None
    """What the workers of this world were started under."""

    @property
    def client(self) -> Client:
        return self.env.client

    async def now(self) -> datetime:
        """The present instant of the engine."""
        return await self.env.get_current_time()

    async def skip(self, **span: float) -> None:
        """Let time pass."""
        await self.let_pass(timedelta(**span))

    async def skip_to(self, instant: datetime) -> None:
        """Let time pass until then."""
        await self.let_pass(max(instant - await self.now(), timedelta(0)))

    async def let_pass(self, span: timedelta) -> None:
        """Let that much time pass; a server that does not get through it fails the test instead of hanging it."""
        await asyncio.wait_for(self.env.sleep(span), PATIENCE)

    @asynccontextmanager
    async def workers(self, deployment: WorkerDeploymentConfig | None = None, cached: int = 100) -> AsyncIterator[None]:
        """Run the product's workers on the twins."""
        register, payments = RegisterActivities(self.register), PaymentActivities(self.platform)
        common: dict[str, Any] = {"deployment_config": deployment} if deployment else {}
        self.deployment = deployment
        dossiers = Worker(
            self.client,
            task_queue=wire.DOSSIER_QUEUE,
            workflows=[DossierWorkflow, RefundWorkflow],
            activities=[register.load, register.record],
            max_cached_workflows=cached,
            **common,
        )
        outside = Worker(
            self.client,
            task_queue=wire.OUTSIDE_QUEUE,
            activities=[payments.open, payments.query, payments.ask, payments.refund],
            **common,
        )
        async with dossiers, outside:
            yield

    async def a_dossier(
        self, *, at: datetime | None = None, id_: UUID | None = None, starts: dict[str, Any] | None = None, **facts: Any
    ) -> Dossier:
        """Submit a dossier (a household business at a commune's counter unless told otherwise) and start its life."""
        dossier = await self.submitted(at=at, id_=id_, **facts)
        await dossier.start(**starts or {})
        return dossier

    async def submitted(
        self,
        *,
        at: datetime | None = None,
        id_: UUID | None = None,
        fee_timing: str | None = None,
        refund: str | None = None,
        **facts: Any,
    ) -> Dossier:
        """Submit only: nobody has handed it over yet. When the fee is asked, and goes back, may be chosen."""
        body = {
            "procedure": HOUSEHOLD,
            "unit": COMMUNE,
            "channel": "counter",
            "return_method": "counter",
            "components": [],
            "applicant": {"name": "Nguyễn Thị Thử"},
        }
        submission = Submission.model_validate({**body, **facts})
        id_ = id_ or uuid4()
        role = Role.APPLICANT if submission.channel == "online" else Role.CLERK
        event = submitted(
            LAW,
            submission,
            dossier=id_,
            command=uuid4(),
            at=at or await self.now(),
            actor=Actor(system="one-stop", role=role),
            digest="digest",
        )
        fee = event.data["fee"]
        fee["timing"] = fee_timing or fee["timing"]
        fee["lines"] = [line | ({"refund": refund} if refund is not None else {}) for line in fee["lines"]]
        self.register.submit(event)
        return Dossier(self, id_)

    async def online(self, **facts: Any) -> Dossier:
        """A household business filed online, all papers given."""
        return await self.a_dossier(
            channel="online", components=[{"component": "giay-de-nghi"}], **{"return_method": "online", **facts}
        )


@dataclass
class Dossier:
    """One dossier of a world."""

    world: World
    id: UUID

    @property
    def case(self) -> Case:
        """What the register knows."""
        return self.world.register.case(self.id)

    @property
    def story(self) -> list[Event]:
        return self.world.register.stories[self.id]

    @property
    def types(self) -> list[str]:
        return [str(event.type) for event in self.story]

    @property
    def handle(self) -> WorkflowHandle[Any, Any]:
        return self.world.client.get_workflow_handle(wire.dossier_workflow_id(self.id))

    def clock(self, kind: ClockKind, step: str = "") -> Clock:
        """The clock of this kind, which must be there."""
        clock = self.case.clock(kind, step)
        assert clock is not None, f"no {kind} clock"
        return clock

    def last(self, type_: EventType) -> Event:
        """The newest event of this type."""
        return next(event for event in reversed(self.story) if event.type is type_)

    async def start(self, case: Case | None = None, *, empty: bool = False, **chosen: int) -> None:
        """Hand the dossier to the engine, as intake does: with the fold at hand, unless it is to be `empty`."""
        self.world.opened.append(self.id)
        await self.world.client.start_workflow(
            wire.DOSSIER_WORKFLOW,
            Start(dossier=self.id, case=None if empty else case or self.case, patient=True, **chosen),
            id=wire.dossier_workflow_id(self.id),
            task_queue=wire.DOSSIER_QUEUE,
        )

    async def known(self) -> Case | None:
        """What the workflow knows."""
        found: Case | None = await self.handle.query(wire.CASE_QUERY, result_type=Case)
        return found

    async def is_one_story(self) -> bool:
        """Whether workflow and register know the same."""
        return await self.known() == self.case

    async def do(self, name: str, role: str = "clerk", unit: str = COMMUNE, **options: Any) -> Answer:
        """Send a command and return its answer; a refusal is raised as its `DomainError`."""
        engine = Engine(self.world.client, timedelta(seconds=PATIENCE))
        command = await self.command(name, role, unit, **options)
        while True:
            try:
                answer = await engine.send(command)
            except NotThere:  # the run is going over into the next one; the door asks again, too
                if self.case.is_closed:
                    raise
            else:
                assert answer is not None, "no answer in time"
                return answer

    async def command(
        self,
        name: str,
        role: str = "clerk",
        unit: str | None = COMMUNE,
        *,
        id_: UUID | None = None,
        at: datetime | None = None,
        late: bool = False,
        expected_version: int | None = None,
        seen: int = 0,
        **data: Any,
    ) -> Command:
        """Word a command; a text is always sealed with it."""
        return Command(
            id=id_ or uuid4(),
            dossier=self.id,
            name=Act(name),
            actor=Actor(system="one-stop", role=Role(role), unit=unit, officer="a-pseudonym"),
            occurred_at=at or await self.world.now(),
            digest="digest",
            late=late,
            expected_version=expected_version,
            data=data,
            sealed=uuid4(),
            seen=seen,
        )

    # What people do

    async def accept(self, **options: Any) -> Answer:
        return await self.do("accept", **options)

    async def pay(self, **options: Any) -> Answer:
        """Cash at the counter, the whole fee."""
        return await self.do("pay", amount=self.case.fee_total, means="cash", **options)

    async def forward(self, **options: Any) -> Answer:
        return await self.do("forward", **options)

    async def propose(self, step: str = "appraise", unit: str = ECONOMY, **options: Any) -> Answer:
        return await self.do("propose", "officer", unit, step=step, **options)

    async def approve(self, **options: Any) -> Answer:
        return await self.do("approve", "leader", **options)

    async def give_back(self, method: str = "counter", **options: Any) -> Answer:
        return await self.do("return", method=method, **options)

    async def ask_for_papers(self, role: str = "clerk", unit: str = COMMUNE, **options: Any) -> Answer:
        return await self.do("request_supplement", role, unit, components=["giay-de-nghi"], **options)

    async def hand_in(self, **options: Any) -> Answer:
        return await self.do("supplement", components=["giay-de-nghi"], **options)

    async def review(self) -> None:
        """Every office does its step, the signer last."""
        while self.case.open_steps():
            step = self.case.open_steps()[0]
            if step.kind == "sign":
                await self.do("approve", "leader", step.unit)
            else:
                await self.propose(step.code, step.unit)

    async def report(self, report: PaymentReport) -> None:
        """The payment platform calls back, and that is handed on."""
        await self.handle.signal(wire.PAYMENT_SIGNAL, report)

    async def let_go(self, report: PaymentReport, officer: str = "another", role: str = "leader") -> Answer:
        """Somebody approves the refund of this debit, as the door does."""
        approval = Approval(
            id=uuid4(),
            digest="d",
            actor=Actor(system="one-stop", role=Role(role), unit=COMMUNE, officer=officer),
            occurred_at=await self.world.now(),
        )
        handle = self.world.client.get_workflow_handle(refund_id(self.id, report))
        await eventually(lambda: _is_there(handle))  # the story says why before the refund's own workflow begins
        try:
            answer: Answer = await handle.execute_update(wire.APPROVE_UPDATE, approval, result_type=Answer)
        except WorkflowUpdateFailedError as error:
            raise refusal_in(error.cause) or error from None
        return answer

    # What the engine does by itself, waited for

    async def until(self, type_: str, count: int = 1) -> Event:
        """Wait until an event of this type has happened that often; return the newest."""
        await eventually(lambda: self.types.count(type_) >= count)
        return self.last(EventType(type_))

    async def order(self, number: int = 1) -> str:
        """Wait until the engine has opened its n-th order; return its reference."""
        await eventually(lambda: self.case.payment and self.case.payment.number == number and self.case.payment.url)
        assert self.case.payment is not None
        return self.case.payment.reference

    async def ended(self) -> None:
        """Wait until the workflow is over."""
        await asyncio.wait_for(self.handle.result(), PATIENCE)

    # How far builders take it

    async def accepted(self) -> Dossier:
        """Found complete, paid in cash and accepted."""
        await self.accept()
        if self.case.owes and self.case.fee_timing == "at_receipt":
            await self.pay()
        await self.until("dossier.accepted")
        return self

    async def in_review(self) -> Dossier:
        """Before its first office."""
        await self.accepted()
        if "dossier.forwarded" not in self.types:
            await self.forward()
        return self

    async def resolved(self) -> Dossier:
        """Signed."""
        await self.in_review()
        await self.review()
        return self


async def _is_there(handle: WorkflowHandle[Any, Any]) -> bool:
    try:
        await handle.describe()
    except RPCError:
        return False
    return True


Story = Callable[[World], Awaitable[Dossier]]


async def granted_at_the_counter(world: World) -> Dossier:
    """Complete, paid in cash, accepted, forwarded, proposed, approved, returned."""
    dossier = await (await world.a_dossier()).resolved()
    await dossier.give_back()
    return dossier


async def granted_online(world: World) -> Dossier:
    """Filed online, paid when the platform calls back, forwarded and returned by the engine."""
    dossier = await world.online()
    await dossier.accept()
    await dossier.report(world.platform.debit(await dossier.order(), paid_at=await world.now()))
    await dossier.until("dossier.forwarded")
    await dossier.review()
    await dossier.until("result.returned")
    return dossier


async def granted_after_supplements(world: World) -> Dossier:
    """Asked for papers before acceptance, and once more by the appraising office."""
    dossier = await world.a_dossier()
    await dossier.ask_for_papers()
    await dossier.hand_in()
    await dossier.in_review()
    await dossier.ask_for_papers("officer", ECONOMY)
    await dossier.hand_in()
    await dossier.review()
    await dossier.give_back()
    return dossier


async def granted_by_two_departments(world: World) -> Dossier:
    """Two offices consulted side by side; the fee collected before the result is handed over."""
    dossier = await world.a_dossier(procedure=HOUSE)
    await dossier.resolved()
    await dossier.pay()
    await dossier.give_back()
    return dossier


async def not_accepted(world: World) -> Dossier:
    """Refused at the door."""
    dossier = await world.a_dossier()
    await dossier.do("refuse")
    return dossier


async def refused_after_appraisal(world: World) -> Dossier:
    """Refused by the department, the papers given back at the counter."""
    dossier = await (await world.a_dossier()).in_review()
    await dossier.do("refuse", "officer", ECONOMY)
    await dossier.give_back()
    return dossier


async def withdrawn(world: World) -> Dossier:
    """Taken back by the applicant while the department had it."""
    dossier = await (await world.a_dossier()).in_review()
    await dossier.do("withdraw", "applicant", None)
    await dossier.do("stop")
    await dossier.give_back()
    return dossier


async def paid_twice(world: World) -> Dossier:
    """The platform debits twice: the second transaction goes back."""
    dossier = await world.online(return_method="counter")
    await dossier.accept()
    reference = await dossier.order()
    await dossier.report(world.platform.debit(reference, "T-1", paid_at=await world.now()))
    await dossier.until("dossier.forwarded")
    await dossier.report(world.platform.debit(reference, "T-2", paid_at=await world.now()))
    await dossier.until("payment.refunded")
    await dossier.review()
    await dossier.give_back()
    return dossier


async def order_failed(world: World) -> Dossier:
    """The first order comes to nothing, the second is paid."""
    dossier = await world.online()
    await dossier.accept()
    await dossier.report(world.platform.end(await dossier.order(), "failed"))
    await dossier.report(world.platform.debit(await dossier.order(2), paid_at=await world.now()))
    await dossier.until("dossier.forwarded")
    await dossier.review()
    await dossier.until("result.returned")
    return dossier


async def ordered_with_completeness(world: World) -> Dossier:
    """As `order_failed`, since the first order is recorded together with the completeness."""
    return await order_failed(world)


async def paid_elsewhere(world: World) -> Dossier:
    """The payer chooses another provider and pays there; then the first order is paid as well, and goes back."""
    dossier = await world.online(return_method="counter")
    await dossier.accept()
    first = await dossier.order()
    await dossier.do("choose_provider", "applicant", None, provider="vnpay")
    second = await dossier.order(2)
    await dossier.report(world.platform.debit(second, "V-1", provider="vnpay", paid_at=await world.now()))
    await dossier.until("dossier.forwarded")
    await dossier.report(world.platform.debit(first, "T-1", paid_at=await world.now()))
    await dossier.until("payment.refunded")
    await dossier.review()
    await dossier.give_back()
    return dossier


async def waived(world: World) -> Dossier:
    """The fee is let go while an order is open, and is paid all the same."""
    dossier = await world.online(return_method="counter")
    await dossier.accept()
    reference = await dossier.order()
    await dossier.do("waive", "leader", COMMUNE)
    await dossier.until("dossier.forwarded")
    await dossier.report(world.platform.debit(reference, paid_at=await world.now()))
    await dossier.until("payment.refunded")
    await dossier.review()
    await dossier.give_back()
    return dossier


async def kept_by_the_counter(world: World, policy: str) -> tuple[Dossier, PaymentReport]:
    """A dossier paid in cash, under a fee that goes back by this policy, and its debit as a report."""
    dossier = await (await world.a_dossier(refund=policy)).accepted()
    kept = dossier.case.kept
    assert kept is not None
    return dossier, PaymentReport(
        reference="counter", outcome="succeeded", provider="counter", transaction=kept.transaction, amount=kept.amount
    )


async def fee_back(world: World) -> Dossier:
    """Withdrawn before anybody looked at the papers: the fee is handed back at the counter."""
    dossier, report = await kept_by_the_counter(world, "before_appraisal")
    await dossier.do("withdraw", "applicant", None)
    await dossier.until("refund.asked")
    await dossier.let_go(report, role="clerk")
    await dossier.until("payment.refunded")
    await dossier.do("stop")
    await dossier.give_back()
    return dossier


async def uncertain(world: World) -> Dossier:
    """Nobody can say what became of the order, until the platform remembers."""
    dossier = await world.online(return_method="counter")
    await dossier.accept()
    reference = await dossier.order()
    order = world.platform.orders.pop(reference)
    for _ in range(3):  # the first question comes after a minute
        await world.skip(seconds=25)
    await dossier.until("payment.uncertain")
    world.platform.orders[reference] = order
    await dossier.report(world.platform.debit(reference, paid_at=await world.now()))
    await dossier.until("dossier.forwarded")
    await dossier.review()
    await dossier.give_back()
    return dossier


async def entered_late(world: World) -> Dossier:
    """Accepted two weeks ago on paper and entered now: the whole ladder lies behind it."""
    monday = monday_after(await world.now()) - timedelta(days=21)
    dossier = await world.a_dossier(at=monday)
    await dossier.accept(at=monday, late=True)
    await dossier.pay(at=monday + timedelta(minutes=5), late=True)
    await dossier.until("clock.escalated", 3)
    await dossier.forward()
    await dossier.review()
    await dossier.give_back()
    return dossier


async def under_land_review(world: World) -> Dossier:
    """A transfer of land before its office: its law lets taxes and the land work stop the clock."""
    return await (await world.a_dossier(procedure="1.013831")).in_review()


async def moved_once(world: World) -> Dossier:
    """Asked, late, signed, set, and then finished."""
    dossier = await (await world.a_dossier()).in_review()
    first = dossier.clock(ClockKind.PROMISED).due
    await world.skip_to(dict(dossier.clock(ClockKind.PROMISED).rungs)[Rung.ASK] + timedelta(minutes=2))
    await dossier.until("clock.asked")
    await dossier.do("answer_late", "officer", ECONOMY, cause="workload")
    new = (first + timedelta(days=7)).isoformat()
    await dossier.do("sign_apology", "leader", ECONOMY, cause="workload", appointment=new)
    await dossier.do("move_appointment", "clerk", COMMUNE)
    await dossier.review()
    await dossier.give_back()
    return dossier


async def stood_still(world: World) -> Dossier:
    """A transfer of land that waits for its taxes and for land work, and goes on."""
    dossier = await under_land_review(world)
    unit = dossier.case.open_steps()[0].unit
    await dossier.do("require_duty", "officer", unit)
    await dossier.do("resume", "officer", unit)
    await dossier.do("suspend", "officer", unit, cause="land_work")
    await dossier.do("resume", "officer", unit)
    await dossier.review()
    await dossier.pay()
    await dossier.give_back()
    return dossier


async def apologised_late(world: World) -> Dossier:
    """Entered three weeks late with the whole ladder behind it; form 04 comes after the breach, and only once."""
    monday = monday_after(await world.now()) - timedelta(days=21)
    dossier = await world.a_dossier(at=monday)
    await dossier.accept(at=monday, late=True)
    await dossier.pay(at=monday + timedelta(minutes=5), late=True)
    await dossier.until("clock.escalated", 3)
    await dossier.forward()
    in_two_weeks = monday_after(await world.now()) + timedelta(days=7)
    facts = {"cause": "natural_disaster", "appointment": in_two_weeks.isoformat()}
    await dossier.do("answer_late", "officer", ECONOMY, cause="natural_disaster")
    await dossier.do("sign_apology", "leader", ECONOMY, **facts)
    await dossier.do("move_appointment", "clerk", COMMUNE)
    with suppress(AlreadyMoved):
        await dossier.do("sign_apology", "leader", ECONOMY, **facts)
    await dossier.review()
    await dossier.give_back()
    return dossier


async def under_every_clock(world: World) -> Dossier:
    """Granted at the counter, with a clock for each stretch of its life."""
    return await granted_at_the_counter(world)


async def database_away(world: World) -> Dossier:
    """The database is away in the middle of a command, longer than the quick attempts last."""
    dossier = await world.a_dossier()
    await eventually(dossier.known)
    world.register.go_away()
    accepting = asyncio.create_task(dossier.accept())
    await eventually(lambda: _tries_patiently(dossier))
    world.register.come_back()
    await world.skip(seconds=2)
    await accepting
    await dossier.pay()
    await dossier.until("dossier.accepted")
    await dossier.forward()
    await dossier.review()
    await dossier.give_back()
    return dossier


async def foreign_event(world: World) -> Dossier:
    """The register holds a withdrawal that the workflow does not know of when it accepts."""
    dossier = await world.a_dossier()
    command = await dossier.command("withdraw", "applicant", None)
    world.register.slip_in(
        lambda event: event.type is EventType.FOUND_COMPLETE,
        lambda case: [event_for(case, command, EventType.WITHDRAWN)],
    )
    with suppress(NotAllowed):
        await dossier.accept()
    await dossier.do("stop")
    await dossier.give_back()
    return dossier


async def started_behind(world: World) -> Dossier:
    """Handed over with an old fold: the register knows already that papers were asked for and handed in."""
    dossier = await world.submitted()
    old = dossier.case
    for name, type_ in (
        ("request_supplement", EventType.SUPPLEMENT_REQUESTED),
        ("supplement", EventType.SUPPLEMENTED),
    ):
        command = await dossier.command(name, components=["giay-de-nghi"])
        asked = RecordAsk(event=event_for(dossier.case, command, type_), law=dossier.case.law)
        await world.register.record(asked)
    await dossier.start(old)
    await dossier.do("refuse")
    return dossier


async def _tries_patiently(dossier: Dossier) -> bool:
    description = await dossier.handle.describe()
    return any(each.activity_type.name == wire.RECORD for each in description.raw_description.pending_activities)


def event_for(case: Case, command: Command, type_: EventType) -> Event:
    """The event by which another worker would have recorded a command."""
    return Event(
        dossier=case.dossier,
        sequence=case.sequence + 1,
        type=type_,
        occurred_at=max(command.occurred_at, case.last_instant),
        actor=command.actor,
        command=command.id,
        digest=command.digest,
        data=command.data,
        sealed=command.sealed,
    )
