"""The register is ahead of the workflow: a worker died after the commit, and something else came first on the retry.

Whatever stands in the register is applied, the act is judged again, and asked for under the next number. These
tests strike every kind of event, both ways: its own answer lost, and a foreign event under the number asked for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable

import pytest

from domain.dossier import Act
from domain.duties import Role
from domain.errors import DomainError
from schema.case import Case
from schema.commands import PayFacts
from schema.events import EventType
from schema.messages import ENGINE, Actor, Command, Event, RecordAsk
from tests import stories
from tests.stories import COMMUNE, ECONOMY, Dossier, Story, World, event_for, eventually

ROADS: dict[str, Story] = {
    "counter": stories.granted_at_the_counter,
    "online": stories.granted_online,
    "supplements": stories.granted_after_supplements,
    "two departments": stories.granted_by_two_departments,
    "not accepted": stories.not_accepted,
    "refused": stories.refused_after_appraisal,
    "withdrawn": stories.withdrawn,
    "order failed": stories.order_failed,
    "paid twice": stories.paid_twice,
}


def of_type(type_: EventType) -> Callable[[Event], bool]:
    return lambda event: event.type is type_


def everything(_: Event) -> bool:
    return True


def is_whole(dossier: Dossier) -> bool:
    """No hole, no command twice, instants in order, and a fold that the moves allow."""
    story = dossier.story
    instants = [event.occurred_at for event in story]
    return (
        [event.sequence for event in story] == [*range(1, len(story) + 1)]
        and len({event.command for event in story}) == len(story)
        and instants == sorted(instants)
        and dossier.case.sequence == len(story)
    )


@pytest.mark.parametrize("road", ROADS)
async def test_every_answer_is_lost_once(world: World, road: str) -> None:
    """Each transaction commits and its answer never comes: asked again, each is there, and nothing happens twice."""
    plain = await ROADS[road](world)
    seen: set[tuple[object, int]] = set()

    def once(event: Event) -> bool:
        key = (event.dossier, event.sequence)
        return key not in seen and not seen.add(key)

    world.register.lose_answers(once, times=1_000)
    dossier = await ROADS[road](world)
    await dossier.ended()

    assert len(seen) >= len(dossier.story) - 1
    assert dossier.types == plain.types
    assert is_whole(dossier)
    assert await dossier.is_one_story()


@pytest.mark.parametrize("road", ROADS)
async def test_every_answer_is_lost_until_the_patient_attempt(world: World, road: str) -> None:
    """The quick attempts all lose their answer; the patient one finds the event, under its own number."""
    world.register.lose_answers(everything, times=3)
    dossier = await ROADS[road](world)
    await dossier.ended()

    assert is_whole(dossier)
    assert await dossier.is_one_story()


# A foreign event under the number that is asked for. Each case: how far the dossier is, what another worker wrote
# meanwhile, the command that comes, and whether it still fits after that.


def wrote(
    name: str, type_: EventType, role: str, unit: str | None, **data: object
) -> Callable[[Case], Iterable[Event]]:
    """The event of a command that this workflow never saw."""

    def words(case: Case) -> Iterable[Event]:
        actor = Actor(system="one-stop", role=Role(role), unit=unit, officer="another")
        command = Command(
            id=stories.uuid4(),
            dossier=case.dossier,
            name=Act(name),
            actor=actor,
            occurred_at=case.last_instant,
            digest="another",
            data=data,
        )
        return [event_for(case, command, type_)]

    return words


withdrew = wrote("withdraw", EventType.WITHDRAWN, "applicant", None)
refused = wrote("refuse", EventType.REFUSED, "clerk", COMMUNE)
asked = wrote("request_supplement", EventType.SUPPLEMENT_REQUESTED, "clerk", COMMUNE, components=["giay-de-nghi"])
found = wrote("accept", EventType.FOUND_COMPLETE, "clerk", COMMUNE)
paid = wrote("pay", EventType.PAYMENT_RECEIVED, "clerk", COMMUNE, **PayFacts(amount=100_000, means="cash").model_dump())
sent_on = wrote("forward", EventType.FORWARDED, "clerk", COMMUNE)
proposed = wrote("propose", EventType.PROPOSED, "officer", ECONOMY, step="appraise", outcome="agree")
stopped = wrote("stop", EventType.STOPPED, "leader", ECONOMY)


async def filed(world: World) -> Dossier:
    return await world.a_dossier()


async def complete(world: World) -> Dossier:
    dossier = await world.a_dossier()
    await dossier.accept()
    return dossier


async def accepted(world: World) -> Dossier:
    return await (await world.a_dossier()).accepted()


async def in_review(world: World) -> Dossier:
    return await (await world.a_dossier()).in_review()


Begin = Callable[[World], Awaitable[Dossier]]

STILL_FITS = [
    (filed, asked, lambda d: d.do("refuse"), "dossier.refused"),
    (filed, asked, lambda d: d.do("withdraw", "applicant", None), "dossier.withdrawn"),
    (filed, found, lambda d: d.do("refuse"), "dossier.refused"),
    (complete, paid, lambda d: d.do("withdraw", "applicant", None), "dossier.withdrawn"),
    (accepted, sent_on, lambda d: d.do("withdraw", "applicant", None), "dossier.withdrawn"),
    (in_review, proposed, lambda d: d.do("withdraw", "applicant", None), "dossier.withdrawn"),
]
NO_LONGER_FITS = [
    (filed, refused, lambda d: d.accept()),
    (filed, withdrew, lambda d: d.accept()),
    (filed, asked, lambda d: d.accept()),
    (filed, asked, lambda d: d.ask_for_papers()),
    (filed, found, lambda d: d.accept()),
    (complete, paid, lambda d: d.pay()),
    (complete, withdrew, lambda d: d.pay()),
    (accepted, sent_on, lambda d: d.forward()),
    (accepted, withdrew, lambda d: d.forward()),
    (in_review, proposed, lambda d: d.propose()),
    (in_review, withdrew, lambda d: d.propose()),
    (in_review, stopped, lambda d: d.propose()),
]


def strike(dossier: Dossier, before: Callable[[Case], Iterable[Event]]) -> None:
    """Write `before` just ahead of the next event that this workflow asks for."""
    world = dossier.world
    world.register.slip_in(lambda event: event.dossier == dossier.id, before)


@pytest.mark.parametrize("begin, before, act, type_", STILL_FITS)
async def test_a_foreign_event_is_applied_and_the_command_still_fits(
    world: World,
    begin: Begin,
    before: Callable[[Case], Iterable[Event]],
    act: Callable[[Dossier], Awaitable[object]],
    type_: str,
) -> None:
    """The event that stands there is applied; the command is judged again, fits, and gets the next number."""
    dossier = await begin(world)
    await eventually(dossier.is_one_story)
    strike(dossier, before)
    await act(dossier)

    assert type_ in dossier.types
    assert is_whole(dossier)
    await eventually(dossier.is_one_story)


@pytest.mark.parametrize("begin, before, act", NO_LONGER_FITS)
async def test_a_foreign_event_is_applied_and_the_command_no_longer_fits(
    world: World,
    begin: Begin,
    before: Callable[[Case], Iterable[Event]],
    act: Callable[[Dossier], Awaitable[object]],
) -> None:
    """The event that stands there is applied; the command is judged again and refused, and is nowhere."""
    dossier = await begin(world)
    await eventually(dossier.is_one_story)
    length = len(dossier.story)
    strike(dossier, before)
    with pytest.raises(DomainError) as refusal:
        await act(dossier)

    assert refusal.value.remedy
    assert dossier.story[length].digest == "another"
    assert is_whole(dossier)
    await eventually(dossier.is_one_story)


async def test_many_foreign_events_are_applied_one_after_another(world: World) -> None:
    """However far the register is ahead, the workflow catches up number by number before its own act."""
    dossier = await in_review(world)
    await eventually(dossier.is_one_story)

    def three(case: Case) -> Iterable[Event]:
        for word in (asked, wrote("supplement", EventType.SUPPLEMENTED, "clerk", COMMUNE), proposed):
            (event,) = word(world.register.case(case.dossier))
            yield event

    strike(dossier, three)
    await dossier.do("withdraw", "applicant", None)

    assert dossier.types[-4:] == [
        "dossier.supplement_requested",
        "dossier.supplemented",
        "step.proposed",
        "dossier.withdrawn",
    ]
    assert await dossier.is_one_story()


async def behind(world: World, begin: Begin, before: Callable[[Case], Iterable[Event]]) -> Dossier:
    """A dossier whose last event the workflow never learns: its worker died, and the engine with the update."""
    dossier = await begin(world)
    await eventually(dossier.is_one_story)
    for event in before(dossier.case):
        await world.register.record(RecordAsk(event=event, law=dossier.case.law))
    return dossier


FOLLOWS = [
    (filed, found, Dossier.pay, "payment.received"),
    (filed, asked, Dossier.hand_in, "dossier.supplemented"),
    (accepted, sent_on, Dossier.propose, "step.proposed"),
    (in_review, proposed, Dossier.approve, "dossier.approved"),
    (in_review, withdrew, lambda d, **seen: d.do("stop", **seen), "dossier.stopped"),
]


@pytest.mark.parametrize("begin, before, act, type_", FOLLOWS)
async def test_the_next_act_of_the_story_is_not_refused(
    world: World,
    begin: Begin,
    before: Callable[[Case], Iterable[Event]],
    act: Callable[..., Awaitable[object]],
    type_: str,
) -> None:
    """Told how far the register is, a workflow that lags behind learns what it missed before it judges."""
    dossier = await behind(world, begin, before)
    with pytest.raises(DomainError):
        await act(dossier)
    await act(dossier, seen=dossier.case.sequence)

    assert type_ in dossier.types
    await eventually(dossier.is_one_story)


# The engine's own acts meet foreign events too: payment, acceptance, the clock.


async def test_a_payment_and_an_event_that_nobody_knew_of(world: World) -> None:
    """A ghost stands under the number that the payment asks for: it is applied, and the money is not lost."""
    dossier = await world.online()
    await dossier.accept()
    reference = await dossier.order()
    await eventually(dossier.is_one_story)
    ghost = wrote("withdraw", EventType.CLOCK_WARNED, "engine", None, clock="acceptance")
    world.register.slip_in(of_type(EventType.PAYMENT_RECEIVED), ghost)
    await dossier.report(world.platform.debit(reference, paid_at=await world.now()))
    await dossier.until("dossier.forwarded")

    assert dossier.types.count("payment.received") == 1
    assert dossier.types.index("clock.warned") < dossier.types.index("payment.received")
    assert is_whole(dossier)


async def test_a_payment_of_a_dossier_that_was_withdrawn_unseen(world: World) -> None:
    """The withdrawal committed, the worker died, the call-back comes first: judged again, the money goes back."""
    dossier = await world.online()
    await dossier.accept()
    reference = await dossier.order()
    await eventually(dossier.is_one_story)
    world.register.slip_in(of_type(EventType.PAYMENT_RECEIVED), withdrew)
    await dossier.report(world.platform.debit(reference, paid_at=await world.now()))
    await dossier.until("payment.refunded")

    assert "payment.received" not in dossier.types
    assert is_whole(dossier)


async def test_a_payment_that_the_register_already_has(world: World) -> None:
    """The payment committed, the worker died, another event came first: the report finds itself and changes nothing."""
    dossier = await world.online()
    await dossier.accept()
    reference = await dossier.order()
    report = world.platform.debit(reference, paid_at=await world.now())
    world.register.lose_answers(of_type(EventType.PAYMENT_RECEIVED), times=3)
    reporting = asyncio.create_task(dossier.report(report))
    withdrawing = asyncio.create_task(dossier.do("withdraw", "applicant", None))
    await asyncio.wait({reporting, withdrawing})
    await world.skip(seconds=2)
    await eventually(dossier.is_one_story)

    assert dossier.types.count("payment.received") + dossier.types.count("payment.surplus") == 1
    assert is_whole(dossier)


async def test_a_surplus_that_the_register_already_has_is_still_refunded(world: World) -> None:
    """The surplus committed and the worker died before the refund began: the retry finds it, and it is refunded."""
    world.register.lose_answers(of_type(EventType.PAYMENT_SURPLUS), times=3)
    dossier = await stories.paid_twice(world)
    await dossier.ended()

    assert dossier.types.count("payment.surplus") == dossier.types.count("payment.refunded") == 1
    assert len(world.platform.refunds) == 1


async def test_an_order_that_was_written_down_by_another_worker(world: World) -> None:
    """The attempt committed and the worker died: the next one opens that very order, not a second one."""
    world.register.lose_answers(of_type(EventType.PAYMENT_ORDERED), times=3)
    dossier = await stories.granted_online(world)

    assert dossier.types.count("payment.ordered") == 1
    assert len(world.platform.orders) == 1


async def test_an_acceptance_by_the_engine_that_was_withdrawn_unseen(world: World) -> None:
    """Paid with no code left, withdrawn a moment before the engine tries again: there is nothing to accept any more."""
    dossier = await complete(world)
    today = (await world.now()).astimezone(stories.VIETNAM).date()
    world.register.counters[f"code/{COMMUNE}", today] = 9_999
    await dossier.pay()
    await eventually(dossier.is_one_story)
    world.register.slip_in(of_type(EventType.ACCEPTED), withdrew)
    await world.skip(hours=25)
    await dossier.until("dossier.withdrawn")
    await eventually(dossier.is_one_story)

    assert "dossier.accepted" not in dossier.types
    assert world.register.counters[f"code/{COMMUNE}", today] == 9_999
    assert sum(name.startswith("code/") for name, _ in world.register.counters) == 1


async def test_a_breach_that_another_worker_wrote(world: World) -> None:
    """The breach committed and the worker died: it stands once, at its legal instant."""
    world.register.lose_answers(of_type(EventType.CLOCK_BREACHED), times=3)
    dossier = await stories.entered_late(world)

    struck = [e.command for e in dossier.story if e.type == "clock.breached"]
    assert len(struck) == len(set(struck)) >= 2
    assert is_whole(dossier)


async def test_a_decision_that_the_clock_did_not_know_of(world: World) -> None:
    """Approved in time, unseen by the workflow; then the clock comes: it applies the approval and strikes nothing."""
    dossier = await in_review(world)
    await dossier.propose()
    await eventually(dossier.is_one_story)
    approved = wrote("approve", EventType.APPROVED, "leader", COMMUNE)
    world.register.slip_in(of_type(EventType.CLOCK_WARNED), approved)
    await world.skip(days=7)
    await dossier.until("dossier.approved")
    await eventually(dossier.is_one_story)

    assert not [each for each in dossier.types if each.startswith("clock.")]
    await dossier.give_back()
    await dossier.ended()


async def test_a_run_that_was_handed_an_old_fold(world: World) -> None:
    """A stale fold at the start does no harm: what stands in the register comes first, then the run's own act."""
    dossier = await stories.started_behind(world)
    await dossier.ended()

    assert dossier.types[1:] == ["dossier.supplement_requested", "dossier.supplemented", "dossier.refused"]
    assert await dossier.is_one_story()


async def test_a_run_that_was_handed_nothing_loads_the_fold(world: World) -> None:
    """Reopening, restore and a fresh run are one path: the story is loaded, however long it is."""
    dossier = await world.submitted()
    await dossier.start(empty=True)
    await (await dossier.resolved()).give_back()
    await dossier.ended()

    assert await dossier.is_one_story()


async def test_the_actor_of_an_engine_act_is_the_engine(world: World) -> None:
    """What nobody ordered is recorded as the engine's."""
    dossier = await stories.granted_online(world)

    own = {"payment.ordered", "payment.opened", "payment.received", "dossier.accepted", "result.returned"}
    assert {str(event.type) for event in dossier.story if event.actor == ENGINE} == own | {"dossier.forwarded"}
