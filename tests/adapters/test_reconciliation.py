"""The daily reconciliation over real PostgreSQL: ten planted differences found, and only the provable repaired."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from adapters.intake import Intake
from adapters.keys import KeyedDigest, KeyRing
from adapters.law import PostgresLaw
from adapters.postgres import Pool
from adapters.reconciliation import Reconciliation, read_statement
from adapters.vault import Vault
from domain.errors import Invalid
from schema.events import EventType
from tests.adapters.test_money import debit, ordered, owing
from tests.adapters.test_register import KEY, MONDAY, OnDisk, record

DAY = date(2026, 9, 7)
NOON = MONDAY.replace(hour=12)
"""Noon of the day in Việt Nam."""
AFTER = MONDAY + timedelta(days=1)


@pytest.fixture
async def desk(pool: Pool) -> OnDisk:
    return OnDisk(pool, await PostgresLaw(pool).latest())


class Platform:
    """What the provider's statement says: a line a movement, of whatever day it is asked for."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def debited(
        self, transaction: str, reference: str, amount: int = 100_000, currency: str = "VND", at: datetime = NOON
    ) -> None:
        self.lines.append(f"{transaction};{reference};debit;{amount};{currency};{at.isoformat()}")

    def refunded(self, transaction: str, amount: int = 100_000) -> None:
        self.lines.append(f"{transaction};refund-{transaction};refund;{amount};VND;{NOON.isoformat()}")

    async def statement(self, day: date) -> str:
        return "\n".join(line for line in self.lines if f";{day.isoformat()}" in line.replace("T", ";T"))


async def paid(desk: OnDisk, platform: Platform | None, **facts: Any) -> str:
    """A dossier whose fee was paid at the platform, known to both sides unless there is no platform."""
    dossier = await owing(desk)
    reference, transaction = await ordered(desk, dossier), uuid4().hex
    told = debit(reference, transaction, paid_at=NOON.isoformat(), **facts)
    await record(desk, dossier, EventType.PAYMENT_RECEIVED, data=told)
    if platform:
        platform.debited(transaction, reference)
    return transaction


def reconciling(desk: OnDisk) -> Reconciliation:
    digest = KeyedDigest.parse(KEY)
    return Reconciliation(
        desk.pool,
        Intake(desk.pool, PostgresLaw(desk.pool), Vault(KeyRing.parse(f"k1:{KEY}"), digest), digest),
    )


async def told(desk: OnDisk) -> list[str]:
    """The debits that were told to dossiers, by their transactions."""
    rows = await desk.pool.fetch("SELECT body FROM inbox WHERE kind = 'payment' ORDER BY received_at, id")
    return sorted(json.loads(row["body"])["transaction"] for row in rows)


async def test_ten_planted_differences(desk: OnDisk) -> None:
    """Exactly those ten are found; two are provable and told to their dossiers, the rest say why; again the same."""
    platform = Platform()
    for _ in range(25):
        await paid(desk, platform)
    run = desk.pool.execute
    wanted = {}

    unheard = await ordered(desk, await owing(desk))  # 1: they debited, we never heard
    platform.debited("unheard", unheard)
    wanted["debit_unknown_to_us"] = "unheard"

    again = await paid(desk, platform)  # 2: a second debit of an order that is paid
    reference = await desk.pool.fetchval("SELECT attempt FROM payment WHERE transaction = $1", again)
    platform.debited("again", reference)
    wanted["debited_twice"] = "again"

    platform.debited("stray", "nobody-1")  # 3: no order of ours
    wanted["debit_of_no_attempt"] = "stray"
    wanted["payment_unknown_to_them"] = await paid(desk, None)  # 4: we keep it, they do not list it

    other = await paid(desk, None)  # 5: another amount
    platform.debited(other, "x-1", 90_000)
    wanted["amount_differs"] = other

    await ordered(desk, await owing(desk))
    platform.debited("dollars", "y-1", 4, "USD")  # 6: another currency
    wanted["currency_differs"] = "dollars"

    wanted["refund_unknown_to_us"] = await paid(desk, platform)  # 7: they gave back, nobody asked
    platform.refunded(wanted["refund_unknown_to_us"])

    missing = await paid(desk, platform)  # 8: we noted it as back, they did not give it back
    await run(
        "INSERT INTO refund SELECT 'refund-8', provider, transaction, dossier, unit, amount, 'by_officer', 'refunded',"
        " NULL, paid_at, NULL, NULL, paid_at FROM payment WHERE transaction = $1",
        missing,
    )
    await run("UPDATE receipt SET cancelled_at = issued_at WHERE transaction = $1", missing)
    wanted["refund_missing"] = missing

    wanted["receipt_missing"] = await paid(desk, platform)  # 9
    await run("DELETE FROM receipt WHERE transaction = $1", wanted["receipt_missing"])

    wanted["receipt_amount_differs"] = await paid(desk, platform)  # 10
    await run("UPDATE receipt SET amount = 1 WHERE transaction = $1", wanted["receipt_amount_differs"])

    found = await reconciling(desk).run("platform", DAY, platform.statement, now=NOON)
    assert {each["kind"]: each["transaction"] for each in found} == wanted
    assert len(found) == 10
    assert {each["kind"] for each in found if each["repair"] == "done"} == {"debit_unknown_to_us", "debited_twice"}
    assert all(each["why"] for each in found)
    assert await told(desk) == ["again", "unheard"]

    later = await reconciling(desk).run("platform", DAY, platform.statement, now=NOON + timedelta(minutes=1))
    assert [(each["kind"], each["transaction"]) for each in later] == [(e["kind"], e["transaction"]) for e in found]
    assert "done" not in {each["repair"] for each in later}
    assert await told(desk) == ["again", "unheard"]


async def test_what_has_gone_is_closed(desk: OnDisk) -> None:
    """A difference that a later run does not find stands no longer."""
    platform = Platform()
    transaction = await paid(desk, None)
    await reconciling(desk).run("platform", DAY, platform.statement, now=NOON)
    assert [row["kind"] for row in await reconciling(desk).open_ones()] == ["payment_unknown_to_them"]
    reference = await desk.pool.fetchval("SELECT attempt FROM payment WHERE transaction = $1", transaction)
    platform.debited(transaction, reference)
    await reconciling(desk).run("platform", DAY, platform.statement, now=NOON + timedelta(hours=1))

    assert await reconciling(desk).open_ones() == []


async def test_about_midnight_the_day_beside_is_looked_at(desk: OnDisk) -> None:
    """We noted it at a minute to midnight, they after it: that is no difference."""
    platform = Platform()
    transaction = await paid(desk, None)
    platform.debited(transaction, "z-1", at=NOON + timedelta(hours=12, minutes=1))

    assert await reconciling(desk).run("platform", DAY, platform.statement, now=AFTER) == []


async def test_an_attempt_that_nobody_can_say_anything_of(desk: OnDisk) -> None:
    """Its time is long over, and its end is not known: listed, never concluded."""
    await ordered(desk, await owing(desk))
    later = MONDAY + timedelta(days=3)
    found = await reconciling(desk).run("platform", later.date(), Platform().statement, now=later)

    assert [(each["kind"], each["provable"]) for each in found] == [("attempt_stale", False)]


async def test_a_dry_run_keeps_nothing(desk: OnDisk) -> None:
    """It finds, and tells nobody."""
    platform = Platform()
    platform.debited("unheard", await ordered(desk, await owing(desk)))
    found = await reconciling(desk).run("platform", DAY, platform.statement, now=NOON, dry_run=True)

    assert [each["repair"] for each in found] == ["none"]
    assert await told(desk) == []
    assert await reconciling(desk).open_ones() == []


@pytest.mark.parametrize(
    "line",
    [
        "t;r;debit;100000;VND",
        "t;r;gift;100000;VND;2026-09-07T12:00:00+07:00",
        ";r;debit;100000;VND;2026-09-07T12:00:00+07:00",
        "t;r;debit;-1;VND;2026-09-07T12:00:00+07:00",
        "t;r;debit;1.5;VND;2026-09-07T12:00:00+07:00",
        "t;r;debit;0;VND;2026-09-07T12:00:00+07:00",
        "t;r;debit;1e5;VND;2026-09-07T12:00:00+07:00",
        "t;r;debit;100000;VND;yesterday",
        "t;r;debit;100000;VND;2026-09-07T12:00:00",
    ],
)
def test_one_wrong_line_refuses_the_whole(line: str) -> None:
    """Nothing of a statement that is none is believed; line and remedy are named."""
    good = "t;r;debit;100000;VND;2026-09-07T12:00:00+07:00"
    with pytest.raises(Invalid) as refusal:
        read_statement(f"{good}\n{line}\n")
    assert refusal.value.field == "line 2"
    assert refusal.value.remedy


def test_a_statement_may_have_a_head_and_empty_lines() -> None:
    """As spreadsheets write it."""
    good = "t;r;debit;100000;VND;2026-09-07T12:00:00+07:00"
    head = "transaction;reference;kind;amount;currency;instant"
    assert len(read_statement(f"\ufeff{head}\r\n{good}\r\n\r\n")) == 1
