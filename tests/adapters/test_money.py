"""Money over real PostgreSQL: attempts, debits, lines, receipts and refunds are what the events say, row by row."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from activities.ports import Unavailable
from adapters.law import PostgresLaw
from adapters.postgres import Pool
from schema.events import EventType
from schema.messages import ENGINE, RecordAsk
from tests.adapters.test_register import MONDAY, PAID, OnDisk, ask, filed, record


@pytest.fixture
async def desk(pool: Pool) -> OnDisk:
    return OnDisk(pool, await PostgresLaw(pool).latest())


async def owing(desk: OnDisk) -> UUID:
    """A dossier that waits for its fee."""
    dossier = await filed(desk, PAID)
    await record(desk, dossier, EventType.FOUND_COMPLETE)
    return dossier


async def ordered(desk: OnDisk, dossier: UUID, number: int = 1, provider: str = "platform") -> str:
    """One attempt, written down."""
    type_ = EventType.PAYMENT_ORDERED if provider == "platform" else EventType.PROVIDER_CHOSEN
    reference = f"{dossier.hex}-{number}"
    expires = (MONDAY + timedelta(days=1)).isoformat()
    data = {"reference": reference, "number": number, "amount": 100_000, "provider": provider, "expires_at": expires}
    await record(desk, dossier, type_, data=data | {"ordered_at": MONDAY.isoformat()}, actor=ENGINE)
    return reference


def debit(reference: str, transaction: str, **facts: Any) -> dict[str, Any]:
    named = {"reference": reference, "transaction": transaction, "amount": 100_000, "currency": "VND"}
    return {**named, "provider": "platform", "means": "platform", "paid_at": None, **facts}


async def states(desk: OnDisk, dossier: UUID) -> list[str]:
    rows = await desk.pool.fetch("SELECT state FROM payment_attempt WHERE dossier = $1 ORDER BY number", dossier)
    return [row["state"] for row in rows]


async def rows(desk: OnDisk, table: str, dossier: UUID) -> list[dict[str, Any]]:
    found = await desk.pool.fetch(f"SELECT * FROM {table} WHERE dossier = $1 ORDER BY 1, 2", dossier)
    return [dict(row) for row in found]


async def test_cash_is_a_debit_with_lines_and_a_receipt(desk: OnDisk) -> None:
    """Who took it, for which fees, under which number: all in the transaction of the event."""
    dossier = await owing(desk)
    paid = await record(desk, dossier, EventType.PAYMENT_RECEIVED, data={"amount": 100_000, "means": "cash"})

    (payment,) = await rows(desk, "payment", dossier)
    assert (payment["provider"], payment["transaction"]) == ("counter", str(paid.command))
    assert (payment["means"], payment["amount"], payment["use"]) == ("cash", 100_000, "fee")
    assert payment["cashier"] == paid.actor.officer
    lines = await desk.pool.fetch("SELECT * FROM payment_line WHERE transaction = $1", str(paid.command))
    assert sum(line["amount"] for line in lines) == payment["amount"]
    assert {line["kind"] for line in lines} == {"le_phi"}
    (receipt,) = await rows(desk, "receipt", dossier)
    assert (receipt["series"], receipt["number"]) == (paid.data["receipt"]["series"], paid.data["receipt"]["number"])
    assert receipt["amount"] == payment["amount"]


@pytest.mark.parametrize(
    "story, ends",
    [
        ([(EventType.PAYMENT_OPENED, {"url": "https://pay.example/1"})], ["opened"]),
        ([(EventType.PAYMENT_UNCERTAIN, {})], ["unknown"]),
        ([(EventType.PAYMENT_FAILED, {"outcome": "failed"})], ["failed"]),
        ([(EventType.PAYMENT_FAILED, {"outcome": "expired"})], ["expired"]),
        ([(EventType.PAYMENT_RECEIVED, debit("", "T-1"))], ["paid"]),
        ([(EventType.PAYMENT_FAILED, {"outcome": "failed"}), (EventType.PAYMENT_RECEIVED, debit("", "T-1"))], ["paid"]),
        ([(EventType.PAYMENT_SURPLUS, debit("", "T-1", ground="wrong_amount", amount=1))], ["surplus"]),
        ([(EventType.FEE_WAIVED, {})], ["superseded"]),
        ([(EventType.FEE_WAIVED, {}), (EventType.PAYMENT_LAPSED, {"outcome": "expired"})], ["expired"]),
    ],
)
async def test_an_attempt_stands_where_its_events_say(
    desk: OnDisk, story: list[tuple[EventType, dict[str, Any]]], ends: list[str]
) -> None:
    """The row of an attempt moves along the graph of domain/payments.py and no other way."""
    dossier = await owing(desk)
    reference = await ordered(desk, dossier)
    for type_, data in story:
        await record(desk, dossier, type_, data={**data, "reference": reference})

    assert await states(desk, dossier) == ends


async def test_two_providers_and_two_debits(desk: OnDisk) -> None:
    """The second attempt is the fee, the first one's debit is a row of its own that goes back; nothing is added up."""
    dossier = await owing(desk)
    first = await ordered(desk, dossier)
    second = await ordered(desk, dossier, 2, "vnpay")
    assert await states(desk, dossier) == ["superseded", "ordered"]
    paid = debit(second, "14", provider="vnpay", means="vnpay")
    await record(desk, dossier, EventType.PAYMENT_RECEIVED, data=paid)
    await record(desk, dossier, EventType.PAYMENT_SURPLUS, data=debit(first, "14", ground="second_success"))

    assert await states(desk, dossier) == ["surplus", "paid"]
    found = {(row["provider"], row["use"]) for row in await rows(desk, "payment", dossier)}
    assert found == {("platform", "surplus"), ("vnpay", "fee")}
    (refund,) = await rows(desk, "refund", dossier)
    assert (refund["provider"], refund["state"], refund["ground"]) == ("platform", "asked", "second_success")
    assert refund["reference"] == "refund-14"
    assert len(await rows(desk, "receipt", dossier)) == 1


async def test_a_refund_stands_where_its_events_say(desk: OnDisk) -> None:
    """Asked, refused by the provider, approved by an officer, back: when and by whom is kept."""
    dossier = await owing(desk)
    reference = await ordered(desk, dossier)
    await record(desk, dossier, EventType.PAYMENT_RECEIVED, data=debit(reference, "T-1"))
    back = {"transaction": "T-1", "provider": "platform", "amount": 100_000, "reference": "refund-T-1"}
    await record(desk, dossier, EventType.REFUND_ASKED, data=debit(reference, "T-1", ground="by_officer"))
    seen = []
    for type_ in (EventType.REFUND_REFUSED, EventType.REFUND_APPROVED, EventType.PAYMENT_REFUNDED):
        await record(desk, dossier, type_, data=back)
        (refund,) = await rows(desk, "refund", dossier)
        seen.append((refund["state"], refund["approved_by"] is not None, refund["done_at"] is not None))

    assert seen == [("refused", False, False), ("approved", True, False), ("refunded", True, True)]


async def test_three_hundred_receipts_at_once_leave_no_gap(desk: OnDisk) -> None:
    """One series, three hundred at once, a few of them refused half-way: consecutive numbers, none twice."""
    dossiers = [await owing(desk) for _ in range(300)]
    cash = {"amount": 100_000, "means": "cash"}
    asks = [ask(await desk.port.load(each), EventType.PAYMENT_RECEIVED, data=cash) for each in dossiers]
    holes = [each.model_copy(update={"event": each.event.model_copy(update={"sequence": 9})}) for each in asks[:20]]
    stored = await asyncio.gather(*(desk.port.record(each) for each in [*holes, *asks]), return_exceptions=True)
    numbers = sorted(each.data["receipt"]["number"] for each in stored if not isinstance(each, BaseException))

    assert len(numbers) == 300
    assert numbers == list(range(numbers[0], numbers[0] + 300))
    kept = await desk.pool.fetch("SELECT number FROM receipt WHERE dossier = ANY($1) ORDER BY number", dossiers)
    assert [row["number"] for row in kept] == numbers


async def test_a_crash_in_the_middle_leaves_no_gap(desk: OnDisk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that dies after the number was taken gives it back with everything else."""
    dossier, other = await owing(desk), await owing(desk)
    cash = {"amount": 100_000, "means": "cash"}

    def die(*_: Any) -> None:
        raise ConnectionResetError("killed")

    asked: RecordAsk = ask(await desk.port.load(dossier), EventType.PAYMENT_RECEIVED, data=cash)
    monkeypatch.setattr(type(desk.port), "_written", die)
    with pytest.raises(Unavailable):
        await desk.port.record(asked)
    monkeypatch.undo()
    assert await rows(desk, "receipt", dossier) == []
    first = await record(desk, other, EventType.PAYMENT_RECEIVED, data=cash)
    second = await desk.port.record(asked)

    assert second.data["receipt"]["number"] == first.data["receipt"]["number"] + 1


async def test_the_same_debit_again_is_one_row(desk: OnDisk) -> None:
    """A worker that lost the answer asks again: one payment, one receipt, the number that was issued."""
    dossier = await owing(desk)
    asked = ask(
        await desk.port.load(dossier),
        EventType.PAYMENT_RECEIVED,
        data={"amount": 100_000, "means": "cash"},
        command=uuid4(),
    )
    first, again = await desk.port.record(asked), await desk.port.record(asked)

    assert first.data == again.data
    assert len(await rows(desk, "payment", dossier)) == len(await rows(desk, "receipt", dossier)) == 1
