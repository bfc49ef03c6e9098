"""The fee online: orders, call-backs that come, come late, come twice or never, and what goes back."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from schema.events import EventType
from schema.payments import PaymentReport
from tests import stories
from tests.stories import Dossier, World, eventually
from workflows.dossier import MOST_ORDERS


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
    """Paid at the counter while an order is open is refused; then a debit is the payment, not a surplus."""
    dossier, reference = await ordered(world)
    report = world.platform.debit(reference, paid_at=await world.now())
    found = await asyncio.gather(dossier.pay(), dossier.report(report), return_exceptions=True)
    await dossier.until("dossier.forwarded")

    assert dossier.types.count("payment.received") == 1
    assert len([each for each in found if isinstance(each, Exception)]) == 1


async def test_another_amount_is_no_payment(world: World) -> None:
    """What was debited but is not the fee does not pay it: it goes back, and the fee is still owed."""
    dossier, reference = await ordered(world)
    await dossier.report(world.platform.debit(reference, amount=1, paid_at=await world.now()))
    await dossier.until("payment.refunded")

    assert dossier.case.owes
    assert "dossier.accepted" not in dossier.types


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
