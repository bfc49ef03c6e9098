"""The fee online: orders, call-backs that come, come late, come twice or never, and what goes back."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest

from domain.duties import Role
from domain.errors import Forbidden, NotAllowed
from schema import wire
from schema.events import EventType
from schema.messages import Actor
from schema.payments import PaymentReport
from schema.refunds import StartRefund
from tests import stories
from tests.stories import Dossier, World, eventually
from workflows.dossier import MOST_ORDERS
from workflows.wording import refund_id


async def ordered(world: World) -> tuple[Dossier, str]:
    """A dossier filed online whose fee is ordered, and the order's reference."""
    dossier = await world.online()
    await dossier.accept()
    return dossier, await dossier.order()


async def test_an_order_is_written_down_before_the_platform_hears_of_it(world: World) -> None:
    """With the platform away the attempt is already in the register, under the reference it will have there."""
    world.platform.is_away = True
    dossier = await world.online()
    await dossier.accept()
    attempt = await dossier.until("payment.ordered")

    assert not world.platform.orders
    world.platform.is_away = False
    await world.skip(minutes=6)
    assert await dossier.order() == attempt.data["reference"]
    assert [*world.platform.orders] == [attempt.data["reference"]]


async def test_the_order_is_written_down_with_the_completeness(world: World) -> None:
    """One record for both, so that no dossier stands complete with nobody asked for the fee; `opened` is the other."""
    dossier, _ = await ordered(world)
    await eventually(dossier.is_one_story)  # asked of the workflow: the task that recorded `opened` has come to its end
    history = await dossier.handle.fetch_history()

    assert [event.type for event in dossier.story][1:3] == ["dossier.found_complete", "payment.ordered"]
    assert sum(event.HasField("marker_recorded_event_attributes") for event in history.events) == 2


async def test_no_acceptance_before_the_fee(world: World) -> None:
    """A fee at receipt: found complete, status 6, no code and no processing clock until the money is there."""
    dossier, _ = await ordered(world)

    assert dossier.case.status == 6
    assert (dossier.case.code, dossier.case.accepted_at) == (None, None)


async def test_a_payment_that_nobody_reports_is_asked_for(world: World) -> None:
    """The call-back never comes: the workflow asks by itself and goes on with what it hears."""
    dossier, reference = await ordered(world)
    world.platform.debit(reference, paid_at=await world.now())
    await world.skip(minutes=2)

    await dossier.until("dossier.accepted")
    assert world.platform.questions[reference] == 1


async def test_an_unknown_outcome_is_never_not_paid(world: World) -> None:
    """While the platform does not know, or does not answer, the order stays open: asked again, ever more seldom."""
    dossier, reference = await ordered(world)
    await world.skip(hours=2)
    await eventually(lambda: world.platform.questions[reference] >= 5)
    world.platform.is_away = True
    await world.skip(hours=6)

    assert dossier.case.state.finance == "ordered"
    assert dossier.case.attempts == 1
    world.platform.is_away = False
    world.platform.debit(reference, paid_at=await world.now())
    await world.skip(hours=2)
    await dossier.until("dossier.accepted")


async def test_a_call_back_twice_is_one_payment(world: World) -> None:
    """However often and by whatever way the platform says it, one transaction is one payment."""
    dossier, reference = await ordered(world)
    report = world.platform.debit(reference, paid_at=await world.now())
    for _ in range(3):
        await dossier.report(report)
    await dossier.until("dossier.forwarded")
    await dossier.report(report)
    await dossier.review()
    await dossier.ended()

    assert dossier.types.count("payment.received") == 1
    assert "payment.surplus" not in dossier.types


async def test_the_instant_of_payment_is_the_platform_s(world: World) -> None:
    """Paid yesterday, reported today: the fact counts when it happened, and acceptance follows it."""
    dossier, reference = await ordered(world)
    paid_at = await world.now()
    await world.skip(seconds=20)
    await dossier.report(world.platform.debit(reference, paid_at=paid_at))
    accepted = await dossier.until("dossier.accepted")

    assert dossier.last(EventType.PAYMENT_RECEIVED).occurred_at == max(paid_at, dossier.story[3].occurred_at)
    assert accepted.occurred_at == dossier.last(EventType.PAYMENT_RECEIVED).occurred_at


async def test_a_failed_order_makes_place_for_the_next(world: World) -> None:
    """Each attempt has an identity of its own; the fee is paid once."""
    dossier = await stories.order_failed(world)

    references = [event.data["reference"] for event in dossier.story if event.type is EventType.PAYMENT_ORDERED]
    assert len(set(references)) == 2
    assert dossier.last(EventType.PAYMENT_RECEIVED).data["reference"] == references[1]


async def test_after_five_failures_the_counter_collects(world: World) -> None:
    """The engine does not order for ever: after five attempts it waits, and cash at the counter goes on."""
    world.platform.fails_at_once = True
    dossier = await world.online()
    await dossier.accept()
    for number in range(1, MOST_ORDERS + 1):
        await dossier.until("payment.opened", number)
        await world.skip(hours=1, minutes=1)
        await dossier.until("payment.failed", number)
    await world.skip(hours=5)

    assert dossier.types.count("payment.ordered") == MOST_ORDERS
    assert dossier.case.state.finance == "owed"
    await dossier.pay()
    await dossier.until("dossier.forwarded")


async def test_a_platform_that_refuses(world: World) -> None:
    """A refused order is an attempt that came to nothing; after five of them it is the counter's turn."""
    world.platform.refuses = True
    dossier = await world.online()
    await dossier.accept()
    await dossier.until("payment.failed", MOST_ORDERS)

    assert dossier.case.state.finance == "owed"
    await dossier.pay()
    await dossier.until("dossier.forwarded")


async def test_a_success_after_its_order_was_given_up(world: World) -> None:
    """Money is a fact: a success for an order that had failed pays the fee, the new order is not needed."""
    dossier, reference = await ordered(world)
    await dossier.report(PaymentReport(reference=reference, outcome="expired"))
    await dossier.order(2)
    await dossier.report(world.platform.debit(reference, paid_at=await world.now()))
    await dossier.until("dossier.forwarded")

    assert dossier.last(EventType.PAYMENT_RECEIVED).data["reference"] == reference
    assert dossier.types.count("payment.received") == 1


async def test_a_failure_of_an_older_order_is_no_news(world: World) -> None:
    """A late word about an attempt that is over does not end the attempt under way."""
    dossier, reference = await ordered(world)
    failed = PaymentReport(reference=reference, outcome="failed")
    await dossier.report(failed)
    second = await dossier.order(2)
    await dossier.report(failed)
    await eventually(dossier.is_one_story)

    assert dossier.types.count("payment.failed") == 1
    assert dossier.case.payment is not None
    assert dossier.case.payment.reference == second


async def test_a_second_success_goes_back_once(world: World) -> None:
    """Another transaction for a fee that is paid is a surplus: written down, refunded once, written down."""
    dossier, reference = await ordered(world)
    await dossier.report(world.platform.debit(reference, "T-1", paid_at=await world.now()))
    await dossier.until("dossier.forwarded")
    second = world.platform.debit(reference, "T-2", paid_at=await world.now())
    for _ in range(3):
        await dossier.report(second)
    await dossier.until("payment.refunded")
    await dossier.review()
    await dossier.ended()

    assert dossier.types.count("payment.surplus") == dossier.types.count("payment.refunded") == 1
    assert [order.transaction for order in world.platform.refunds.values()] == ["T-2"]


async def test_cash_and_platform_at_once(world: World) -> None:
    """Whichever comes first is the fee: after it cash is refused, and a debit goes back."""
    dossier, reference = await ordered(world)
    report = world.platform.debit(reference, paid_at=await world.now())
    found = await asyncio.gather(dossier.pay(), dossier.report(report), return_exceptions=True)
    await dossier.until("dossier.forwarded")

    assert dossier.types.count("payment.received") == 1
    if dossier.case.kept and dossier.case.kept.provider == "counter":
        await dossier.until("payment.refunded")
    else:
        assert [each for each in found if isinstance(each, Exception)]


async def test_another_amount_is_no_payment(world: World) -> None:
    """What was debited but is not the fee does not pay it: it goes back, and the fee is still owed."""
    dossier, reference = await ordered(world)
    await dossier.report(world.platform.debit(reference, amount=1, paid_at=await world.now()))
    await dossier.until("payment.refunded")

    assert dossier.last(EventType.PAYMENT_SURPLUS).data["ground"] == "wrong_amount"
    assert dossier.case.owes
    assert "dossier.accepted" not in dossier.types
    await dossier.order(2)  # that attempt is over: another is begun


async def test_money_for_a_dossier_that_was_given_up_goes_back(world: World) -> None:
    """The applicant withdrew, then the platform debits: the dossier cannot use the money."""
    dossier, reference = await ordered(world)
    await dossier.do("withdraw", "applicant", None)
    await dossier.report(world.platform.debit(reference, paid_at=await world.now()))
    await dossier.until("payment.refunded")

    assert "payment.received" not in dossier.types


@pytest.mark.parametrize("away", [timedelta(minutes=10), timedelta(days=2)], ids=str)
async def test_a_refund_is_patient(world: World, away: timedelta) -> None:
    """A platform that is away when money must go back is asked until it gives it back; the dossier goes on."""
    dossier = await world.online(return_method="counter")
    await dossier.accept()
    reference = await dossier.order()
    await dossier.report(world.platform.debit(reference, "T-1", paid_at=await world.now()))
    await dossier.until("dossier.forwarded")
    world.platform.is_away = True
    await dossier.report(world.platform.debit(reference, "T-2", paid_at=await world.now()))
    await dossier.until("payment.surplus")
    await dossier.review()
    await world.let_pass(away)

    assert dossier.case.status == 9
    assert not world.platform.refunds
    world.platform.is_away = False
    await world.skip(minutes=6)
    await dossier.until("payment.refunded")
    assert len(world.platform.refunds) == 1


async def test_a_platform_whose_clock_is_wrong_strikes_nothing(world: World) -> None:
    """Paid "in two months": nothing of the future is recorded, no breach, and no later act is raised to it."""
    dossier = await world.online()
    await dossier.accept()
    await dossier.report(world.platform.debit(await dossier.order(), paid_at=await world.now() + timedelta(days=60)))
    await dossier.until("dossier.forwarded")

    assert [event.type for event in dossier.story if event.type.startswith("clock.")] == []
    assert dossier.case.last_instant <= await world.now()


async def test_another_provider_takes_the_place_of_the_first(world: World) -> None:
    """The payer would rather pay elsewhere: a new attempt is the fee; what the first one still brings goes back."""
    dossier = await stories.paid_elsewhere(world)
    second = dossier.last(EventType.PROVIDER_CHOSEN).data["reference"]

    assert world.platform.orders[second].provider == "vnpay"
    assert world.platform.orders[second].ordered_at is not None
    kept = dossier.case.kept
    assert kept is not None
    assert (kept.provider, kept.transaction, kept.reference) == ("vnpay", "V-1", second)
    assert [(each.provider, each.transaction) for each in world.platform.refunds.values()] == [("platform", "T-1")]
    assert dossier.last(EventType.PAYMENT_SURPLUS).data["ground"] == "second_success"


async def test_the_same_number_at_two_providers_is_two_debits(world: World) -> None:
    """Providers number their debits each for itself: one number twice is no repetition."""
    dossier, first = await ordered(world)
    await dossier.do("choose_provider", "applicant", None, provider="vnpay")
    second = await dossier.order(2)
    await dossier.report(world.platform.debit(first, "14", paid_at=await world.now()))
    await dossier.until("dossier.forwarded")
    await dossier.report(world.platform.debit(second, "14", provider="vnpay", paid_at=await world.now()))
    await dossier.until("payment.refunded")

    assert [(each.provider, each.transaction) for each in world.platform.refunds.values()] == [("vnpay", "14")]


async def test_an_attempt_that_was_replaced_ends_too(world: World) -> None:
    """Nobody waits for it any more, but what became of it is written down once."""
    dossier, first = await ordered(world)
    await dossier.do("choose_provider", "applicant", None, provider="vnpay")
    second = await dossier.order(2)
    for _ in range(2):
        await dossier.report(PaymentReport(reference=first, outcome="expired"))
    lapsed = await dossier.until("payment.lapsed")

    assert lapsed.data == {"reference": first, "outcome": "expired"}
    assert dossier.case.payment is not None
    assert dossier.case.payment.reference == second
    await eventually(dossier.is_one_story)
    assert dossier.types.count("payment.lapsed") == 1
    assert dossier.case.superseded == ()


async def test_no_second_order_at_the_same_provider(world: World) -> None:
    """An open page is paid, not doubled."""
    dossier, _ = await ordered(world)
    with pytest.raises(NotAllowed) as refusal:
        await dossier.do("choose_provider", "applicant", None, provider="platform")
    assert refusal.value.field == "data.provider"


async def test_nobody_orders_before_the_fee_is_asked(world: World) -> None:
    """A dossier whose papers nobody has looked at asks for no money."""
    dossier = await world.online()
    with pytest.raises(NotAllowed, match="not being collected"):
        await dossier.do("choose_provider", "applicant", None, provider="vnpay")


async def test_a_page_that_nobody_opened_expires(world: World) -> None:
    """VNPAY knows nothing of a page that was never opened: unknown until its time is over, then expired, then anew."""
    dossier, _ = await ordered(world)
    await dossier.do("choose_provider", "applicant", None, provider="vnpay")
    second = await dossier.order(2)
    del world.platform.orders[second]
    await world.skip(hours=3)
    await dossier.until("payment.uncertain")
    assert dossier.case.state.finance == "ordered"
    await world.skip(hours=24)
    failed = await dossier.until("payment.failed")

    assert failed.data == {"reference": second, "outcome": "expired"}
    assert await dossier.order(3) != second


async def test_an_outcome_that_nobody_knows_is_a_state(world: World) -> None:
    """Neither paid nor failed: written down once, and settled by the first word that comes."""
    dossier = await stories.uncertain(world)

    assert dossier.types.count("payment.uncertain") == 1
    assert "payment.failed" not in dossier.types


async def test_a_fee_is_let_go(world: World) -> None:
    """Waived by an officer: accepted without it; money that comes all the same goes back."""
    dossier = await stories.waived(world)

    assert dossier.case.state.finance == "waived"
    assert dossier.last(EventType.PAYMENT_SURPLUS).data["ground"] == "late_success"


async def test_a_waiver_belongs_to_the_one_stop_and_needs_its_turn(world: World) -> None:
    """An officer of a department lets no fee go, and nobody does before the papers are complete."""
    dossier = await world.online()
    with pytest.raises(NotAllowed):
        await dossier.do("waive")
    await dossier.accept()
    with pytest.raises(Forbidden):
        await dossier.do("waive", "officer", stories.ECONOMY)


async def test_every_payment_has_one_receipt(world: World) -> None:
    """Receipts of a unit and year are numbered without a gap, whatever the means."""
    dossiers = [await world.a_dossier() for _ in range(3)]
    for each in dossiers:
        await each.accepted()
    receipts = [each.last(EventType.PAYMENT_RECEIVED).data["receipt"] for each in dossiers]
    year = (await world.now()).year

    assert {each["series"] for each in receipts} == {f"{stories.COMMUNE}-{year % 100}E"}
    numbers = [each["number"] for each in receipts]
    assert numbers == list(range(numbers[0], numbers[0] + 3))


# What goes back, and who lets it go


async def test_above_the_threshold_a_second_pair_of_eyes(world: World) -> None:
    """A large surplus waits for an officer; it goes back once he has approved."""
    dossier = await world.online(return_method="counter", starts={"refund_alone": 99_999})
    await dossier.accept()
    reference = await dossier.order()
    await dossier.report(world.platform.debit(reference, "T-1", paid_at=await world.now()))
    await dossier.until("dossier.forwarded")
    second = world.platform.debit(reference, "T-2", amount=100_000, paid_at=await world.now())
    await dossier.report(second)
    await dossier.until("payment.surplus")
    await world.skip(days=1)
    assert not world.platform.refunds
    answer = await dossier.let_go(second)
    await dossier.until("payment.refunded")

    assert answer.type is EventType.REFUND_APPROVED
    assert dossier.last(EventType.REFUND_APPROVED).actor.officer == "another"
    assert [each.transaction for each in world.platform.refunds.values()] == ["T-2"]


async def test_a_provider_s_no_waits_for_an_officer(world: World) -> None:
    """A refund that is refused for good is written down, and tried again once an officer has looked into it."""
    dossier = await world.online(return_method="counter")
    await dossier.accept()
    reference = await dossier.order()
    await dossier.report(world.platform.debit(reference, "T-1", paid_at=await world.now()))
    await dossier.until("dossier.forwarded")
    world.platform.refuses = True
    second = world.platform.debit(reference, "T-2", paid_at=await world.now())
    await dossier.report(second)
    await dossier.until("refund.refused")
    world.platform.refuses = False
    await world.skip(days=1)
    assert not world.platform.refunds
    await dossier.let_go(second)
    await dossier.until("payment.refunded")

    assert dossier.types.count("refund.refused") == dossier.types.count("payment.refunded") == 1


async def test_a_fee_goes_back_when_it_is_withdrawn_before_anybody_looked(world: World) -> None:
    """Withdrawn before the appraisal: owed back by itself; cash is handed over by hand, by somebody with a name."""
    dossier = await stories.fee_back(world)
    await dossier.until("payment.refunded")

    assert dossier.last(EventType.REFUND_ASKED).data["ground"] == "withdrawn"
    assert dossier.case.state.finance == "paid"
    assert not world.platform.refunds


@pytest.mark.parametrize(
    "policy, act, goes_back",
    [
        ("before_appraisal", "withdraw", False),
        ("before_appraisal", "refuse", False),
        ("on_refusal", "withdraw", False),
        ("on_refusal", "refuse", True),
        ("never", "refuse", False),
        ("", "refuse", False),
    ],
)
async def test_after_the_appraisal_has_begun(world: World, policy: str, act: str, goes_back: bool) -> None:
    """Whether the fee goes back then is the policy of the fee; nothing goes back where none was kept."""
    dossier, _ = await stories.kept_by_the_counter(world, policy)
    await dossier.forward()
    await dossier.do(act, *(("officer", stories.ECONOMY) if act == "refuse" else ("applicant", None)))
    if act == "withdraw":
        await dossier.do("stop")
    await dossier.give_back()
    await dossier.ended()

    assert ("refund.asked" in dossier.types) is goes_back


async def test_whoever_asks_does_not_approve(world: World) -> None:
    """Four eyes: an officer's request waits for another officer, whatever the amount; asked twice it is one."""
    dossier, report = await stories.kept_by_the_counter(world, "never")
    leader = Actor(system="one-stop", role=Role.LEADER, unit=stories.COMMUNE, officer="the-asker")
    start = StartRefund(
        dossier=dossier.id, report=report, ground="by_officer", approved=False, asked_by=leader, id=uuid4()
    )
    await world.client.start_workflow(
        wire.REFUND_WORKFLOW, start, id=refund_id(dossier.id, report), task_queue=wire.DOSSIER_QUEUE
    )
    asked = await dossier.until("refund.asked")
    with pytest.raises(Forbidden, match="may not approve it"):
        await dossier.let_go(report, "the-asker")
    with pytest.raises(Forbidden, match="acting as 'officer'"):
        await dossier.let_go(report, role="officer")
    await dossier.let_go(report)
    await dossier.until("payment.refunded")

    assert (asked.actor.officer, asked.data["ground"]) == ("the-asker", "by_officer")


async def test_a_fee_with_the_supplement(world: World) -> None:
    """Collected when papers are asked for after acceptance: until it is paid they are not taken."""
    dossier = await (await world.a_dossier(fee_timing="at_supplement")).in_review()
    assert dossier.case.owes
    await dossier.ask_for_papers("officer", stories.ECONOMY)
    with pytest.raises(NotAllowed, match="owed with the supplement"):
        await dossier.hand_in()
    await dossier.pay()
    await dossier.hand_in()
    await dossier.review()
    await dossier.give_back()
    await dossier.ended()

    assert dossier.types.count("payment.received") == 1


async def test_a_fee_with_a_supplement_that_nobody_asked_for(world: World) -> None:
    """It is owed before the result is handed over, and blocks it."""
    dossier = await (await world.a_dossier(fee_timing="at_supplement")).resolved()
    with pytest.raises(NotAllowed, match="still owed"):
        await dossier.give_back()
    await dossier.pay()
    await dossier.give_back()
    await dossier.ended()
