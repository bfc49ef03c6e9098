"""In-memory twins of the register and of the payment platform: the same rules, no database, no network.

`tests/adapters/test_register.py` holds the register's twin and PostgreSQL to one contract. Beside the port's
methods each twin has a few verbs that make the world misbehave: only stories use those.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from uuid import UUID

from activities.law import NEEDS_LAW, PINS_NEWEST, complete
from activities.ports import Claim, Refused, Unavailable
from activities.redating import Subject, under
from domain.catalogue import Catalogue
from domain.errors import DomainError
from schema.case import Case, fold
from schema.events import EventType
from schema.messages import Event, RecordAsk, Recorded
from schema.payments import OpenedOrder, Outcome, PaymentOrder, PaymentQuery, PaymentReport
from schema.refunds import RefundOrder

Chooses = Callable[[Event], bool]
"""Says of an event that is about to be recorded whether a trouble strikes it."""


NEVER = datetime.min.replace(tzinfo=UTC)


class MemoryRegister:
    """`activities.ports.Register` in memory: one lock instead of a row's, counters that roll back."""

    def __init__(self, law: Catalogue) -> None:
        self.law = law
        """The newest publication."""
        self.laws = {law.version: law}
        self.stories: dict[UUID, list[Event]] = {}
        self.log: list[Event] = []
        """All events in commit order."""
        self.counters: Counter[tuple[str, date]] = Counter()
        self.claims: dict[Claim, str] = {}
        """Who has spoken of a rung, whatever its instant."""
        self.asked = 0
        """How many times `record` was called."""
        self._turn = asyncio.Lock()
        self._troubles: list[_Trouble] = []
        self._is_away = False

    def publish(self, law: Catalogue) -> None:
        """Announce another publication."""
        self.law = self.laws[law.version] = law

    def submit(self, event: Event) -> None:
        """Keep event 1, as intake does in its own transaction."""
        assert event.type is EventType.SUBMITTED
        self._append(event)

    async def load(self, dossier: UUID) -> Case:
        """Fold the dossier's events."""
        self._look_away()
        return self.case(dossier)

    async def record(self, ask: RecordAsk) -> Recorded:
        """Keep the event under its number, or return the one that stands there or stands for its command."""
        self.asked += 1
        self._look_away()
        dossier = ask.event.dossier
        trouble = next((t for t in self._troubles if t.strikes(ask)), None)
        for other in trouble.before(self.case(dossier)) if trouble else ():
            await self._record(RecordAsk(event=other, law=self.case(dossier).law))
        stored = await self._record(ask)
        if trouble and trouble.loses_answer:
            raise Unavailable("the answer was lost after the commit")
        return stored

    # What stories look at

    def case(self, dossier: UUID) -> Case:
        """The fold; `Refused` when there is no such dossier."""
        if dossier not in self.stories:
            raise Refused(f"no dossier {dossier}")
        return fold(self.stories[dossier])

    def types(self, dossier: UUID) -> list[EventType]:
        """What happened to a dossier, in order."""
        return [event.type for event in self.stories[dossier]]

    # How stories make the world misbehave

    def go_away(self) -> None:
        """Be unreachable until `come_back`."""
        self._is_away = True

    def come_back(self) -> None:
        """Answer again."""
        self._is_away = False

    def lose_answers(self, chosen: Chooses, times: int = 1) -> None:
        """Commit the next chosen events, but never let the caller know: a worker that died after the commit."""
        self._troubles.append(_Trouble(chosen, times, loses_answer=True))

    def slip_in(self, chosen: Chooses, before: Callable[[Case], Iterable[Event]]) -> None:
        """Write what `before` words against the present case just before the next chosen event."""
        self._troubles.append(_Trouble(chosen, 1, before=before))

    async def _record(self, ask: RecordAsk) -> Recorded:
        async with self._turn:
            before = len(self.stories.get(ask.event.dossier, ()))
            stored = await self._keep(ask.event, ask)
            followed: list[Event] = []
            if len(self.stories[ask.event.dossier]) > before:
                with suppress(DomainError):
                    for each in ask.then:
                        followed.append(await self._keep(each, ask))  # noqa: PERF401  # those before a refusal stay
        return Recorded(**dict(stored), followed_by=tuple(followed))

    async def _keep(self, event: Event, ask: RecordAsk) -> Event:
        story = self.stories.get(event.dossier)
        if story is None:
            raise Refused(f"no dossier {event.dossier}")
        if event.sequence <= len(story):
            return story[event.sequence - 1]
        if event.sequence > len(story) + 1:
            raise Refused(f"event {event.sequence} would leave a hole after {len(story)}")
        if known := next((each for each in story if each.command == event.command), None):
            return known
        return await self._complete(fold(story), event, self._law_for(ask))

    async def _complete(self, case: Case, event: Event, law: Catalogue | None) -> Event:
        desk = _MemoryDesk(self)
        placed = event.model_copy(update={"occurred_at": max(event.occurred_at, case.last_instant)})
        made = await complete(case, placed, law, desk)
        case.after(made)  # what cannot be folded is not kept
        desk.keep()
        self._append(made)
        return made

    def _law_for(self, ask: RecordAsk) -> Catalogue | None:
        types = {event.type for event in (ask.event, *ask.then)}
        if not types & NEEDS_LAW:
            return None
        if types & PINS_NEWEST:
            return self.law
        if ask.law not in self.laws:
            raise Refused(f"no publication of the law has the digest {ask.law}")
        if ask.event.type is EventType.REDATED:
            return under(self.laws[ask.law], self.laws[ask.event.data["law"]], Subject(ask.event.data["subject"]))
        return under(self.laws[ask.law], self.law)

    def _append(self, event: Event) -> None:
        self.stories.setdefault(event.dossier, []).append(event)
        self.log.append(event)

    def _look_away(self) -> None:
        if self._is_away:
            raise Unavailable("database: away")


class _MemoryDesk:
    """`activities.ports.Desk` in memory: nothing is kept unless the event is."""

    def __init__(self, register: MemoryRegister) -> None:
        self._register = register
        self._counted: list[tuple[str, date]] = []
        self._claimed: list[Claim] = []

    async def count(self, name: str, day: date) -> int:
        self._counted.append((name, day))
        return self._register.counters[name, day] + 1

    async def claim(self, claim: Claim) -> str | None:
        before = self._register.claims.get(replace(claim, at=NEVER))
        if before is None:
            self._claimed.append(claim)
        return before

    def keep(self) -> None:
        self._register.counters.update(self._counted)
        self._register.claims.update({replace(claim, at=NEVER): "dossier" for claim in self._claimed})


@dataclass
class _Trouble:
    """What strikes a chosen event, or what is to follow from it, a number of times."""

    chosen: Chooses
    times: int
    loses_answer: bool = False
    before: Callable[[Case], Iterable[Event]] = lambda _: ()

    def strikes(self, ask: RecordAsk) -> bool:
        chosen = [self.chosen(event) for event in (ask.event, *ask.then)]
        if self.times == 0 or not any(chosen):
            return False
        self.times -= 1
        return True


@dataclass
class MemoryPlatform:
    """`activities.ports.PaymentPlatform` in memory: orders by reference, and what became of each."""

    orders: dict[str, PaymentOrder] = field(default_factory=dict)
    reports: dict[str, PaymentReport] = field(default_factory=dict)
    refunds: dict[str, RefundOrder] = field(default_factory=dict)
    questions: Counter[str] = field(default_factory=Counter)
    refuses: bool = False
    is_away: bool = False
    fails_at_once: bool = False
    """Every order comes to nothing as soon as it is opened."""

    async def open(self, order: PaymentOrder) -> OpenedOrder:
        """Open an order, or find it again."""
        self._answer()
        self.orders.setdefault(order.reference, order)
        if self.fails_at_once:
            self.end(order.reference, "failed")
        return OpenedOrder(reference=order.reference, platform_id=f"p-{order.reference}", url="https://pay.example/1")

    async def query(self, asked: PaymentQuery) -> PaymentReport:
        """Say how an order stands."""
        reference = asked.reference
        self.questions[reference] += 1
        self._answer()
        if reference in self.reports:
            return self.reports[reference]
        return PaymentReport(reference=reference, outcome="pending" if reference in self.orders else "unknown")

    async def refund(self, order: RefundOrder) -> None:
        """Give a transaction back, once for each reference."""
        self._answer()
        self.refunds.setdefault(order.reference, order)

    def end(self, reference: str, outcome: Outcome, **facts: object) -> PaymentReport:
        """Let an order end, and return what the platform says from now on."""
        self.reports[reference] = PaymentReport.model_validate({"reference": reference, "outcome": outcome, **facts})
        return self.reports[reference]

    def debit(self, reference: str, transaction: str = "T-1", **facts: object) -> PaymentReport:
        """Let the payer pay an order."""
        paid = {"amount": self.orders[reference].amount, "currency": "VND", "transaction": transaction}
        return self.end(reference, "succeeded", **{**paid, **facts})

    def _answer(self) -> None:
        if self.is_away:
            raise Unavailable("the payment platform does not answer")
        if self.refuses:
            raise Refused("the payment platform refused")
