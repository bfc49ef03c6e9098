"""The book of receipts on real PostgreSQL: what one says, cancel-and-replace, and the use of a series."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from adapters import receipts
from adapters.keys import KeyedDigest, KeyRing
from adapters.law import PostgresLaw
from adapters.postgres import Pool
from adapters.receipts import BY_ITSELF, PAYER_ERASED, Receipts
from adapters.vault import Vault
from domain.errors import DomainError, Forbidden, Invalid, NotAllowed, NotFound
from domain.fees import FeeKind
from domain.instants import civil_date
from domain.periods import Span, period_with
from schema.events import EventType
from schema.messages import ENGINE
from schema.submissions import ActorBody, CancellationBody
from tests.adapters.test_money import debit, ordered, owing
from tests.adapters.test_register import KEY, OnDisk, record
from tests.ledger import Book
from tests.stories import COMMUNE

TAX_CODE = "4000123456"
LATER = timedelta(minutes=1)
CLERK = ActorBody(role="clerk", unit=COMMUNE, officer="CB-7", name="Trần Văn Bình")
CASH = {"amount": 100_000, "means": "cash"}


def body(reason: str, **changes: Any) -> CancellationBody:
    return CancellationBody(actor=CLERK.model_copy(update=changes), reason=reason)


class Desk:
    """A register, and its book of receipts."""

    def __init__(self, kept: OnDisk, receipts: Receipts) -> None:
        self.kept, self.receipts = kept, receipts

    async def paid(self) -> tuple[UUID, str, int]:
        """A dossier whose fee was taken in cash: with series and number of its receipt."""
        dossier = await owing(self.kept)
        receipt = (await record(self.kept, dossier, EventType.PAYMENT_RECEIVED, data=CASH)).data["receipt"]
        return dossier, receipt["series"], receipt["number"]

    async def cancel(self, series: str, number: int, reason: str = "wrong_payer") -> int:
        return await self.receipts.cancel("one-stop", series, number, body(reason), datetime.now(UTC) + LATER)

    async def rows(self, dossier: UUID) -> list[dict[str, Any]]:
        rows = await self.kept.pool.fetch("SELECT * FROM receipt WHERE dossier = $1 ORDER BY number", dossier)
        return [dict(row) for row in rows]


@pytest.fixture
async def vault() -> Vault:
    return Vault(KeyRing.parse(f"k1:{KEY}"), KeyedDigest.parse(KEY))


@pytest.fixture
async def desk(pool: Pool, vault: Vault) -> Desk:
    law = PostgresLaw(pool)
    return Desk(OnDisk(pool, await law.latest()), Receipts(pool, law, vault, KeyedDigest.parse(KEY)))


async def refused(work: Any, kind: type[DomainError], field: str) -> DomainError:
    with pytest.raises(kind) as refusal:
        await work
    assert refusal.value.field == field
    assert refusal.value.remedy
    return refusal.value


async def test_a_receipt_says_what_stands_in_the_register(desk: Desk) -> None:
    """Who paid, out of the vault; for what, as it was assessed; who collected, when and how."""
    dossier, series, number = await desk.paid()
    said = await desk.receipts.content(series, number, TAX_CODE)

    assert (said.series, said.number, said.payer, said.means) == (series, number, "Nguyễn Thị Thử", "Tiền mặt")
    assert (said.body.tax_code, said.total, said.title) == (TAX_CODE, 100_000, "BIÊN LAI THU LỆ PHÍ")
    assert said.body.name == desk.kept.law.unit(series.removesuffix(series[-4:]), said.day).name
    assert [(line.kind, line.amount) for line in said.lines] == [(FeeKind.LE_PHI, 100_000)]
    assert said.day == civil_date((await desk.rows(dossier))[0]["issued_at"])
    assert (said.cancelled_by_number, said.replaces) == (None, None)
    assert said.dossier_code == str(dossier)  # its code comes with acceptance
    assert said.check == KeyedDigest.parse(KEY).of("receipt", said.identity)[:16]
    assert said.code.endswith(said.check)


async def test_a_cancelled_receipt_and_the_one_in_its_place(desk: Desk, vault: Vault) -> None:
    """The old number stays taken and names the new one, for the same payment; that one names who issued it."""
    dossier, series, number = await desk.paid()
    now = datetime.now(UTC) + LATER
    following = await desk.receipts.cancel("one-stop", series, number, body("misprint"), now)
    officer = vault.pseudonym("one-stop", CLERK)

    old, new = await desk.rows(dossier)
    assert (old["number"], new["number"]) == (number, following) == (number, number + 1)
    assert (old["cancelled_at"], old["cancelled_by"], old["reason"]) == (now, officer, "misprint")
    assert (new["issued_at"], new["issued_by"], new["replaces"], new["cancelled_at"]) == (now, officer, number, None)
    same = ("series", "unit", "year", "provider", "transaction", "dossier", "amount")
    assert [old[name] for name in same] == [new[name] for name in same]
    assert (await desk.receipts.content(series, number, TAX_CODE)).cancelled_by_number == following
    said = await desk.receipts.content(series, following, TAX_CODE)
    assert (said.replaces, said.cancelled_by_number, said.collector) == (number, None, "Trần Văn Bình")
    assert officer not in (None, "CB-7")


async def test_one_that_was_cancelled_stays_so(desk: Desk) -> None:
    """Twice is refused and takes no number; the one in its place can be cancelled in its turn."""
    dossier, series, number = await desk.paid()
    following = await desk.cancel(series, number)
    await refused(desk.cancel(series, number), NotAllowed, "number")

    assert await desk.cancel(series, following) == following + 1
    assert [row["cancelled_at"] is None for row in await desk.rows(dossier)] == [False, False, True]


async def test_what_is_verified(desk: Desk) -> None:
    """In force, refunded, cancelled; not what was changed, and not what another installation made."""
    dossier, series, number = await desk.paid()
    code = (await desk.receipts.content(series, number, TAX_CODE)).code

    assert (await desk.receipts.verify(code)).standing == "in_force"
    await Book(desk.kept.pool, dossier).back((await desk.rows(dossier))[0]["transaction"], None)
    assert (await desk.receipts.verify(code)).standing == "in_force"  # asked for, and not back yet
    await desk.kept.pool.execute("UPDATE refund SET state = 'refunded' WHERE dossier = $1", dossier)
    assert (await desk.receipts.verify(code)).standing == "refunded"
    _, other, of_other = await desk.paid()
    code = (await desk.receipts.content(other, of_other, TAX_CODE)).code
    following = await desk.cancel(other, of_other)
    found = await desk.receipts.verify(code)
    assert (found.standing, found.cancelled_by_number, found.code.number) == ("cancelled", following, of_other)
    for wrong in (code.replace("/100000/", "/100001/"), code[:-1] + ("0" if code[-1] != "0" else "1"), code + "0"):
        await refused(desk.receipts.verify(wrong), Invalid, "code")


async def test_what_went_back_keeps_its_receipt(desk: Desk) -> None:
    """While a refund is asked for a receipt may be put right; once the money is back it stands."""
    dossier, series, number = await desk.paid()
    transaction = (await desk.rows(dossier))[0]["transaction"]
    book = Book(desk.kept.pool, dossier)
    await book.back(transaction, None)
    following = await desk.cancel(series, number)
    await desk.kept.pool.execute("UPDATE refund SET state = 'refunded' WHERE transaction = $1", transaction)
    await refused(desk.cancel(series, following), NotAllowed, "number")

    assert len(await desk.rows(dossier)) == 2


@pytest.mark.parametrize(
    "changes", [{"role": "officer"}, {"role": "applicant"}, {"unit": "000.00.63.H48"}, {"unit": None}]
)
async def test_another_s_receipt_is_not_cancelled(desk: Desk, changes: dict[str, Any]) -> None:
    """Only a clerk or leader of the unit that collected may; nothing is written."""
    dossier, series, number = await desk.paid()
    asked = desk.receipts.cancel("one-stop", series, number, body("misprint", **changes), datetime.now(UTC) + LATER)
    await refused(asked, Forbidden, "actor")

    assert [row["cancelled_at"] for row in await desk.rows(dossier)] == [None]


async def test_nobody_cancels_nothing(desk: Desk) -> None:
    """An officer is named."""
    _, series, number = await desk.paid()
    asked = desk.receipts.cancel("one-stop", series, number, body("misprint", officer=None), datetime.now(UTC) + LATER)
    await refused(asked, Invalid, "officer")


async def test_the_tax_code_of_the_unit(desk: Desk) -> None:
    """Without one in the catalogue it has to be given."""
    _, series, number = await desk.paid()
    await refused(desk.receipts.content(series, number), Invalid, "tax_code")


@pytest.mark.parametrize("reason", ["chi-Ha", "WRONG_PAYER"])
async def test_a_reason_that_is_not_of_the_list(desk: Desk, reason: str) -> None:
    """Refused before anything is written."""
    dossier, series, number = await desk.paid()
    await refused(desk.cancel(series, number, reason), Invalid, "reason")

    assert len(await desk.rows(dossier)) == 1


@pytest.mark.parametrize("number", [0, -1, 9_999_999, 10**12])
async def test_a_receipt_that_was_never_issued(desk: Desk, number: int) -> None:
    """There is none to look at, and none to cancel."""
    _, series, _ = await desk.paid()

    await refused(desk.receipts.content(series, number, TAX_CODE), NotFound, "number")
    await refused(desk.cancel(series, number), NotFound, "number")


async def test_an_instant_before_its_issue(desk: Desk) -> None:
    """A clock that runs behind would leave a receipt cancelled before it was issued."""
    _, series, number = await desk.paid()
    before = datetime.now(UTC) - timedelta(days=1)

    await refused(desk.receipts.cancel("one-stop", series, number, body("misprint"), before), Invalid, "now")


async def test_cancelled_by_two_at_once(desk: Desk) -> None:
    """Ten officers at once: one cancels, nine are refused, and one number was taken."""
    dossier, series, number = await desk.paid()
    told = await asyncio.gather(*(desk.cancel(series, number) for _ in range(10)), return_exceptions=True)

    assert [each for each in told if not isinstance(each, NotAllowed)] == [number + 1]
    assert [row["number"] for row in await desk.rows(dossier)] == [number, number + 1]


async def test_cancelling_beside_collecting_leaves_no_gap(desk: Desk) -> None:
    """Twenty receipts issued while twenty are replaced: consecutive numbers, one in force a payment."""
    wrong = [await desk.paid() for _ in range(20)]
    waiting = [await owing(desk.kept) for _ in range(20)]
    await asyncio.gather(
        *(desk.cancel(series, number) for _, series, number in wrong),
        *(record(desk.kept, each, EventType.PAYMENT_RECEIVED, data=CASH) for each in waiting),
    )
    series, first = wrong[0][1:]
    rows = await desk.kept.pool.fetch(
        "SELECT number, cancelled_at FROM receipt WHERE series = $1 AND number >= $2 ORDER BY number", series, first
    )

    assert [row["number"] for row in rows] == list(range(first, first + 60))
    assert sum(row["cancelled_at"] is None for row in rows) == 40


async def test_a_number_that_could_not_be_kept_is_given_back(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever fails after the number was taken takes the cancellation back as well."""
    dossier, series, number = await desk.paid()
    broken = {
        **receipts.QUERIES,
        "replace_receipt": "SELECT $1::text, $2::integer, $3::integer / 0, $4::timestamptz, $5::text",
    }
    monkeypatch.setattr(receipts, "QUERIES", broken)
    with pytest.raises(asyncpg.DivisionByZeroError):
        await desk.cancel(series, number)
    monkeypatch.undo()

    assert [row["cancelled_at"] for row in await desk.rows(dossier)] == [None]
    assert await desk.cancel(series, number) == number + 1


async def test_what_was_paid_online_was_collected_by_the_system(desk: Desk) -> None:
    """Nobody at a counter took it."""
    dossier = await owing(desk.kept)
    reference = await ordered(desk.kept, dossier)
    facts = debit(reference, f"T-{dossier.hex}")
    paid = await record(desk.kept, dossier, EventType.PAYMENT_RECEIVED, data=facts, actor=ENGINE)
    receipt = paid.data["receipt"]
    said = await desk.receipts.content(receipt["series"], receipt["number"], TAX_CODE)

    assert (said.collector, said.means) == (BY_ITSELF, "Nền tảng thanh toán quốc gia")


async def test_an_erased_person_leaves_a_blank(desk: Desk, vault: Vault) -> None:
    """The receipt stays, with everything but the name."""
    dossier, series, number = await desk.paid()
    async with desk.kept.pool.acquire() as connection:
        await vault.destroy(connection, dossier, datetime.now(UTC))

    assert (await desk.receipts.content(series, number, TAX_CODE)).payer == PAYER_ERASED


async def test_the_use_of_a_series(desk: Desk) -> None:
    """This quarter's numbers, the cancelled one among them, and no gap."""
    _, series, number = await desk.paid()
    await desk.paid()
    following = await desk.cancel(series, number)
    told = await desk.receipts.usage(series, period_with(civil_date(datetime.now(UTC) + LATER), Span.QUARTER))

    assert {number, number + 1, following} <= set(told.issued)
    assert number in told.cancelled
    assert following not in told.cancelled
    assert (told.closing, told.gaps) == (following + 1, ())
    await refused(desk.receipts.usage("no-such-series", told.quarter), NotFound, "series")
