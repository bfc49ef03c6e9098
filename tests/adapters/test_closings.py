"""The cashier's closing on real PostgreSQL: counted beside the ledger, once, and nothing slips in behind it."""

from __future__ import annotations

import asyncio
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from pydantic import ValidationError

from adapters.closings import Closings
from adapters.keys import KeyedDigest, KeyRing
from adapters.law import PostgresLaw
from adapters.postgres import Pool
from adapters.vault import Vault
from domain.closings import REASONS, Reason
from domain.errors import Conflict, DomainError, Invalid
from domain.instants import VIETNAM, at
from schema.closings import Closing, ClosingBody
from schema.submissions import ActorBody
from tests.adapters.test_register import KEY, PAID, OnDisk, filed
from tests.ledger import Book
from tests.stories import COMMUNE

DAY = date(2026, 11, 26)
MORNING = datetime(2026, 11, 26, 9, tzinfo=VIETNAM)
EVENING = datetime(2026, 11, 26, 17, tzinfo=VIETNAM)
FEE = ("LP-1", "le_phi", 100_000, 0)
SYSTEM = "one-stop"
VAULT = Vault(KeyRing.parse(f"k1:{KEY}"), KeyedDigest.parse(KEY))


class Desk(Book):
    """A ledger with its closings; officers are named as the counter names them."""

    async def takes(self, officer: str | None, when: datetime = MORNING, **facts: Any) -> str:
        """Take 100 000 đồng at the counter."""
        return await self.paid(when, [FEE], cashier=pseudonym(officer) if officer else None, **facts)

    async def close(self, counted: int, *, now: datetime = EVENING, id_: UUID | None = None, **facts: Any) -> Closing:
        body = {"unit": COMMUNE, "cashier": "CB-1", "day": DAY, "means": "cash", "counted": counted, **facts}
        digest = KeyedDigest.parse(KEY)
        closings = Closings(self.pool, PostgresLaw(self.pool), VAULT, digest)
        return await closings.close(SYSTEM, id_ or uuid4(), ClosingBody.model_validate(body), now=now)


def pseudonym(officer: str) -> str:
    found = VAULT.pseudonym(SYSTEM, ActorBody(role="clerk", officer=officer))
    assert found is not None
    return found


@pytest.fixture
async def desk(pool: Pool) -> Desk:
    return Desk(pool, await filed(OnDisk(pool, await PostgresLaw(pool).latest()), PAID))


async def refused(work: Any, kind: type[DomainError], field: str) -> DomainError:
    with pytest.raises(kind) as refusal:
        await work
    assert refusal.value.field == field
    assert refusal.value.remedy
    return refusal.value


async def test_what_was_counted_is_what_was_taken(desk: Desk) -> None:
    """Payments of that cashier, unit, day and means; officers are kept as pseudonyms."""
    for when in (MORNING, MORNING + timedelta(hours=1)):
        await desk.takes("CB-1", when)
    closed = await desk.close(200_000, deposit_slip="GNT-0091")

    assert (closed.ledger, closed.counted, closed.difference, closed.payments) == (200_000, 200_000, 0, 2)
    assert (closed.reason, closed.deposit_slip, closed.exceptions) == (None, "GNT-0091", ())
    assert closed.cashier == closed.closed_by == pseudonym("CB-1") != "CB-1"
    assert closed.closed_at == EVENING


@pytest.mark.parametrize(
    "facts",
    [
        {"cashier": "another"},
        {"unit": "000.00.62.H48"},
        {"means": "card"},
        {"paid_at": MORNING - timedelta(days=1)},
        {"paid_at": at(DAY + timedelta(days=1), time())},
        {"provider": "platform", "means": "platform"},
    ],
)
async def test_what_lies_in_another_drawer_is_not_counted(desk: Desk, facts: dict[str, Any]) -> None:
    """Another cashier, unit, means, day (at midnight in Việt Nam), or none of the counter's money at all."""
    await desk.paid(facts.pop("paid_at", MORNING), [FEE], **{"cashier": pseudonym("CB-1"), **facts})

    assert (await desk.close(0)).ledger == 0


async def test_what_was_handed_back_is_taken_off(desk: Desk) -> None:
    """Cash that went back, out of the drawer of whoever handed it over; a surplus was in the drawer as well."""
    yesterday = await desk.takes("CB-2", MORNING - timedelta(days=1))
    await desk.takes("CB-1")
    await desk.paid(MORNING, surplus=30_000, cashier=pseudonym("CB-1"))
    await desk.back(yesterday, EVENING, approved_by=pseudonym("CB-1"))
    closed = await desk.close(30_000)

    assert (closed.ledger, closed.payments, closed.refunds) == (30_000, 2, 1)


@pytest.mark.parametrize("counted, difference", [(90_000, -10_000), (100_500, 500)])
async def test_a_difference_needs_a_reason(desk: Desk, counted: int, difference: int) -> None:
    """Too little or too much; without a reason nothing is kept."""
    await desk.takes("CB-1")
    refusal = await refused(desk.close(counted), Invalid, "reason")
    closed = await desk.close(counted, reason="wrong_change")

    assert f"{difference:+d}" in refusal.message
    assert (closed.difference, closed.reason) == (difference, "wrong_change")
    await refused(desk.close(100_000, reason="lost", corrects=closed.id), Invalid, "reason")


@pytest.mark.parametrize("reason", Reason)
async def test_every_reason_is_known_to_the_database(desk: Desk, reason: Reason) -> None:
    """The list of the code and that of the table are one, and each has its words."""
    assert (await desk.close(1, reason=reason)).reason == reason
    assert REASONS[reason]


@pytest.mark.parametrize(
    "field, value",
    [
        ("counted", -1),
        ("counted", 1.5),
        ("counted", 100_000.0),
        ("counted", True),
        ("counted", 10**16),
        ("counted", "100000"),
        ("reason", "the dog ate it"),
        ("means", "gold"),
        ("deposit_slip", "nguyễn văn a"),
        ("day", "26/11/2026"),
        ("cashier", ""),
    ],
)
async def test_bad_input_is_refused(desk: Desk, field: str, value: object) -> None:
    """By the field; nothing is kept."""
    with pytest.raises(ValidationError) as refusal:
        await desk.close(**{"counted": 0, field: value})  # type: ignore[arg-type]

    assert refusal.value.errors()[0]["loc"] == (field,)
    assert await desk.pool.fetchval("SELECT count(*) FROM cash_closing") == 0


async def test_a_day_to_come_and_an_unknown_unit(desk: Desk) -> None:
    """Today may be closed before midnight; by Việt Nam's clock, on which 17:30 UTC is tomorrow."""
    await refused(desk.close(0, day=DAY + timedelta(days=1)), Invalid, "day")
    await refused(desk.close(0, unit="000.99"), Invalid, "unit")
    assert (await desk.close(0, day=DAY + timedelta(days=1), now=EVENING + timedelta(hours=7, minutes=30))).ledger == 0


async def test_another_system_closes_for_the_one_that_took_the_money(desk: Desk) -> None:
    """An officer's id means something at one system alone; whoever closes says at which, and is named at its own."""
    await desk.takes("CB-1")
    elsewhere = await desk.close(0, system="treasury")
    here = await desk.close(100_000, system=SYSTEM, closed_by="CB-1")

    assert (elsewhere.ledger, here.ledger) == (0, 100_000)
    assert elsewhere.cashier == elsewhere.closed_by != here.cashier == here.closed_by


async def test_a_day_is_closed_once(desk: Desk) -> None:
    """A second closing is refused and names the first; the same id again is the same answer, with another body not."""
    await desk.takes("CB-1")
    id_ = uuid4()
    first = await desk.close(100_000, id_=id_)
    again = await desk.close(100_000, id_=id_, now=EVENING + timedelta(hours=1))
    refusal = await refused(desk.close(100_000), Conflict, "day")
    await refused(desk.close(99_000, id_=id_, reason="lost"), Conflict, "Idempotency-Key")

    assert again == first.model_copy(update={"created": False})
    assert str(first.id) in refusal.message


async def test_two_who_close_at_once(desk: Desk) -> None:
    """One of them is first; the other is told so."""
    await desk.takes("CB-1")
    done = await asyncio.gather(*(desk.close(100_000) for _ in range(5)), return_exceptions=True)

    assert sum(isinstance(each, Closing) for each in done) == 1
    assert sum(isinstance(each, Conflict) for each in done) == 4


async def test_a_correction_names_what_it_corrects(desk: Desk) -> None:
    """The first one stays; the correction counts the ledger anew; only what stands can be corrected, once."""
    await desk.takes("CB-1")
    first = await desk.close(0, reason="lost")
    await desk.takes("CB-1", MORNING + timedelta(hours=2))
    second = await desk.close(200_000, corrects=first.id)

    assert (second.ledger, second.corrects, second.exceptions) == (200_000, first.id, ())
    assert await desk.pool.fetchval("SELECT ledger FROM cash_closing WHERE id = $1", first.id) == 100_000
    await refused(desk.close(200_000, corrects=first.id), Invalid, "corrects")
    await refused(desk.close(0, corrects=uuid4(), day=DAY - timedelta(days=1)), Invalid, "corrects")
    await refused(desk.close(0, corrects=second.id, means="card"), Invalid, "corrects")
    assert (await desk.close(200_000, corrects=second.id)).corrects == second.id


@pytest.mark.parametrize("statement", ["UPDATE cash_closing SET counted = 1", "DELETE FROM cash_closing_item"])
async def test_a_closing_is_never_edited(desk: Desk, statement: str) -> None:
    """The database refuses, whoever asks."""
    await desk.takes("CB-1")
    await desk.close(100_000)
    with pytest.raises(asyncpg.RaiseError, match="corrected"):
        await desk.pool.execute(statement)


async def test_what_is_entered_into_a_closed_day_is_listed_by_the_next_closing(desk: Desk) -> None:
    """Once, by that cashier's next closing of the same means; it is in the ledger of its own day alone."""
    await desk.takes("CB-1")
    await desk.close(150_000, reason="not_entered")
    late = await desk.takes("CB-1", MORNING, recorded_at=EVENING + timedelta(hours=1))
    other = await desk.close(0, means="card", day=DAY + timedelta(days=1), now=EVENING + timedelta(days=1))
    following = await desk.close(0, day=DAY + timedelta(days=1), now=EVENING + timedelta(days=1))
    last = await desk.close(0, day=DAY + timedelta(days=2), now=EVENING + timedelta(days=2))

    assert [(each.part, each.transaction, each.amount) for each in following.exceptions] == [("late", late, 100_000)]
    assert (following.ledger, other.exceptions, last.exceptions) == (0, (), ())


async def test_what_was_handed_back_after_the_closing_is_listed_as_well(desk: Desk) -> None:
    """Below 0, for it went out of the drawer."""
    paid = await desk.takes("CB-1")
    await desk.close(100_000)
    await desk.back(paid, EVENING + timedelta(minutes=5), approved_by=pseudonym("CB-1"))
    following = await desk.close(0, day=DAY + timedelta(days=1), now=EVENING + timedelta(days=1))

    assert [(each.movement, each.amount) for each in following.exceptions] == [("refund", -100_000)]


async def test_a_late_entry_that_a_correction_counts_is_no_exception(desk: Desk) -> None:
    """The correction has it in its ledger."""
    first = await desk.close(100_000, reason="not_entered")
    await desk.takes("CB-1", MORNING, recorded_at=EVENING + timedelta(hours=1))
    await desk.close(100_000, corrects=first.id)
    following = await desk.close(0, day=DAY + timedelta(days=1), now=EVENING + timedelta(days=1))

    assert following.exceptions == ()


async def test_money_without_a_cashier_is_listed(desk: Desk) -> None:
    """Nobody answers for it, so the first closing of that unit, day and means says so."""
    nobody = await desk.takes(None)
    await desk.takes("CB-1")
    first, second = await desk.close(100_000), await desk.close(0, cashier="CB-2")

    assert [(each.part, each.transaction) for each in first.exceptions] == [("nobody", nobody)]
    assert (first.ledger, second.exceptions) == (100_000, ())
