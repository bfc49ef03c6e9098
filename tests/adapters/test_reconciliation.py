"""The daily job on real PostgreSQL: what was planted is found, what is proved is told, the same again does nothing."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from activities.ports import Refused, Unavailable
from adapters.discrepancies import ENGINE, Discrepancies
from adapters.postgres import Pool
from domain.discrepancies import PROVABLE, WHY, Closing, Kind
from domain.errors import Conflict, Forbidden, Invalid, NotFound
from domain.payments import Provider
from domain.provider_statement import LineKind, StatementLine
from schema.events import EventType
from schema.reconciliation import ReconcileAsk, Reconciled, ReconcilePlanAsk
from schema.submissions import ActorBody
from tests.adapters.test_closings import VAULT
from tests.adapters.test_register import MONDAY, record
from tests.ledger import Book
from tests.reconciled import DAY, FEE, NIGHT, Town

OFFICER = ActorBody(role="leader", officer="KT-3")
WHO = VAULT.pseudonym("one-stop", OFFICER)
CLEAN = 60
MIDNIGHT = datetime.combine(DAY, datetime.min.time(), MONDAY.tzinfo)
NEXT = MIDNIGHT + timedelta(days=1)
SECOND = timedelta(seconds=1)
AT = MONDAY + timedelta(hours=5)


@pytest.fixture
async def town(pool: Pool) -> Town:
    return await Town.founded(pool)


async def run(town: Town, **facts: Any) -> Reconciled:
    ask = {"provider": str(town.provider), "day": DAY, "as_of": NIGHT, **facts}
    return await town.book.run(ReconcileAsk.model_validate(ask))


async def a_clean_day(town: Town) -> None:
    """Sixty transactions: plain ones, some that went back, and some on the other side of midnight."""
    town.told.days |= {DAY - timedelta(days=1): [], DAY + timedelta(days=1): []}
    paid = [await town.paid() for _ in range(CLEAN - 12)]
    for each in paid[:10]:
        await town.back(each, AT)
    late = await town.paid(at=NEXT - SECOND, is_told=False)
    town.told.days[DAY + timedelta(days=1)].append(replace(late, at=NEXT + SECOND))
    early = await town.paid(at=MIDNIGHT - SECOND, is_told=False)
    town.told.days[DAY].append(replace(early, at=MIDNIGHT + SECOND))


async def plant(town: Town) -> dict[Kind, str]:
    """Ten things that do not agree, of ten kinds; by kind, the transaction that is to be named."""
    lines, planted = town.told.days[DAY], {}
    _, reference = await town.ordered()
    lines.append(unknown := town.debit(reference))
    planted[Kind.DEBIT_UNKNOWN_TO_US] = unknown.transaction
    first = await town.paid()
    lines.append(second := town.debit(first.reference))
    planted[Kind.DEBITED_TWICE] = second.transaction
    lines.append(stray := town.debit("nobody-1"))
    planted[Kind.DEBIT_OF_NO_ATTEMPT] = stray.transaction
    planted[Kind.PAYMENT_UNKNOWN_TO_THEM] = (await town.paid(is_told=False)).transaction
    lines.append(replace(other := await town.paid(is_told=False), amount=FEE + 5_000))
    planted[Kind.AMOUNT_DIFFERS] = other.transaction
    kept_back = await town.back(await town.paid(), AT, is_told=False)
    planted[Kind.REFUND_MISSING] = kept_back.transaction
    gift = replace(await town.paid(), kind=LineKind.REFUND, reference="refund-of-theirs", at=AT)
    lines.append(gift)
    planted[Kind.REFUND_UNKNOWN_TO_US] = gift.transaction
    bare = await town.paid()
    await town.pool.execute(
        "UPDATE receipt SET cancelled_at = $2, cancelled_by = 'x', reason = 'x' WHERE transaction = $1",
        bare.transaction,
        AT,
    )
    planted[Kind.RECEIPT_MISSING] = bare.transaction
    planted[Kind.FEE_DIFFERS] = (await town.paid(amount=FEE + 20_000)).transaction
    planted[Kind.KEPT_TWICE] = await keep_again(town, await town.paid())
    return planted


async def keep_again(town: Town, paid: StatementLine) -> str:
    """A second fee of a dossier, which the engine never keeps: a row put there by hand, with its receipt."""
    line = town.debit(f"{paid.reference[:-2]}-2", at=AT)
    town.told.days[DAY].append(line)
    book = Book(town.pool, await town.dossier_of(paid.transaction))
    named = {"provider": "platform", "transaction": line.transaction, "attempt": line.reference, "means": "platform"}
    await book.paid(line.at, [("LP-1", "le_phi", FEE, 0)], **named)
    await book.receipt(line.transaction, "by-hand", 1)
    return line.transaction


async def test_exactly_what_was_planted_is_found_and_only_what_is_proved_is_repaired(town: Town) -> None:
    """Done-when 5: ten of ten kinds among sixty clean ones; two are told to their dossiers, eight say why not."""
    await a_clean_day(town)
    planted = await plant(town)
    assert len(planted) == 10
    before = await town.everything()
    done = await run(town)

    assert (done.found, done.opened, done.repaired, done.closed) == (10, 10, 2, 0)
    found = await town.found()
    assert {Kind(row["kind"]): row["transaction"] for row in found} == planted
    assert len(found) == 10
    for row in found:
        proved = Kind(row["kind"]) in PROVABLE
        assert (row["repair"], row["repair_state"]) == (("call_back", "done") if proved else (None, "none"))
        assert row["why"] == WHY[Kind(row["kind"])]
    after = await town.everything()
    ours = ("payment", "refund", "receipt", "payment_attempt", "event")
    assert {name: after[name] for name in ours} == {name: before[name] for name in ours}  # nothing was adjusted

    told = await town.deliver()
    proved = {planted[kind] for kind in PROVABLE}
    assert {(each.transaction, each.outcome, each.amount) for each in told} == {(t, "succeeded", FEE) for t in proved}
    uses = await town.pool.fetch("SELECT transaction, use FROM payment WHERE transaction = ANY($1)", [*proved])
    expected = {planted[Kind.DEBIT_UNKNOWN_TO_US]: "fee", planted[Kind.DEBITED_TWICE]: "surplus"}
    assert {row["transaction"]: row["use"] for row in uses} == expected
    back = "SELECT ground FROM refund WHERE transaction = $1"
    assert await town.pool.fetchval(back, planted[Kind.DEBITED_TWICE]) == "second_success"

    again = await run(town)
    assert (again.found, again.opened, again.repaired, again.closed) == (8, 0, 0, 2)
    gone = {(Kind(row["kind"]), row["closed_by"], row["reason"]) for row in await town.found() if row["closed_at"]}
    assert gone == {(kind, ENGINE, Closing.GONE) for kind in PROVABLE}


async def test_the_same_again_changes_nothing(town: Town) -> None:
    """Not a row anywhere, before the repairs reached their dossiers and after."""
    await a_clean_day(town)
    await plant(town)
    await run(town)
    first = await town.everything()
    done = await run(town)
    town.told.days[DAY].reverse()  # in another order it is the same statement
    await run(town)
    assert (done.found, done.opened, done.repaired, done.closed) == (10, 0, 0, 0)
    assert await town.everything() == first

    await town.deliver()
    await run(town)
    settled = await town.everything()
    done = await run(town)
    assert (done.found, done.opened, done.repaired, done.closed) == (8, 0, 0, 0)
    assert await town.everything() == settled


async def test_a_clean_day_says_nothing_and_keeps_its_totals(town: Town) -> None:
    """Counts and sums of both sides, the statement itself, and the neighbours asked about what is near midnight."""
    await a_clean_day(town)
    done = await run(town)

    assert (done.found, done.opened) == (0, 0)
    assert town.told.asked == [DAY, DAY + timedelta(days=1)]
    (kept,) = await town.pool.fetch("SELECT * FROM reconciliation")
    assert (kept["debits"], kept["debited"], kept["refunds"], kept["refunded"]) == (49, 49 * FEE, 10, 10 * FEE)
    assert (kept["payments"], kept["paid"], kept["returns"], kept["returned"]) == (49, 49 * FEE, 10, 10 * FEE)
    assert (kept["found"], kept["source"], kept["ran_at"]) == (0, "provider", NIGHT)
    assert await town.pool.fetchval("SELECT count(*) FROM statement_line") == 59


async def test_two_runs_at_once_find_each_thing_once(town: Town) -> None:
    """The nightly round and an operator beside it."""
    planted = await plant(town)
    done = await asyncio.gather(*(run(town) for _ in range(4)))

    assert sum(each.opened for each in done) == len(planted) == len(await town.found())
    assert await town.pool.fetchval("SELECT count(*) FROM inbox WHERE kind = 'payment'") == 2


@pytest.mark.parametrize(
    "type_, data", [(EventType.PAYMENT_UNCERTAIN, {}), (EventType.PAYMENT_FAILED, {"outcome": "failed"})]
)
async def test_a_debit_stays_the_same_while_its_attempt_moves(
    town: Town, type_: EventType, data: dict[str, str]
) -> None:
    """Where the attempt stands is no fact of the debit: found once, told once, and a person's closing holds."""
    dossier, reference = await town.ordered()
    town.told.days[DAY].append(town.debit(reference))
    await run(town)
    await record(town.desk, dossier, type_, data={**data, "reference": reference})
    done = await run(town)

    assert (done.found, done.opened, done.repaired, done.closed) == (1, 0, 0, 0)
    (row,) = await town.found()
    await Discrepancies(town.pool, VAULT).close(row["id"], "accepted", "one-stop", OFFICER, NIGHT)
    await record(town.desk, dossier, EventType.PAYMENT_LAPSED, data={"reference": reference, "outcome": "expired"})
    done = await run(town)
    assert (done.found, done.opened, done.repaired, done.closed) == (0, 0, 0, 0)


async def test_a_repair_that_was_interrupted_is_made_up_for_and_told_once(town: Town) -> None:
    """A process that died between telling and noting: the next run notes it, and the inbox has it once."""
    _, reference = await town.ordered()
    town.told.days[DAY].append(town.debit(reference))
    await run(town)
    await town.pool.execute("UPDATE discrepancy SET repair_state = 'none', repaired_at = NULL")
    await run(town)

    assert [row["repair_state"] for row in await town.found()] == ["done"]
    assert await town.pool.fetchval("SELECT count(*) FROM inbox WHERE kind = 'payment'") == 1


async def test_a_wrong_amount_that_was_debited_is_told_and_goes_back(town: Town) -> None:
    """It is a fact, though never the fee: the same door as when we ask the provider ourselves."""
    _, reference = await town.ordered()
    town.told.days[DAY].append(town.debit(reference, amount=FEE - 1))
    await run(town)
    (told,) = await town.deliver()

    assert told.amount == FEE - 1
    assert await town.pool.fetchval("SELECT ground FROM refund") == "wrong_amount"
    assert (await run(town)).closed == 1


async def test_a_debit_that_a_call_back_tells_meanwhile_is_gone(town: Town) -> None:
    """The call-back and the repair are one and the same row of the inbox."""
    _, reference = await town.ordered()
    line = town.debit(reference)
    town.told.days[DAY].append(line)
    await run(town)
    (report,) = await town.deliver()
    assert not await town.intake.report_payment(report, received_at=NIGHT)

    done = await run(town)
    assert (done.found, done.closed) == (0, 1)
    assert await town.pool.fetchval("SELECT count(*) FROM payment") == 1


async def test_what_was_missing_and_comes_in_another_days_statement_is_gone(town: Town) -> None:
    """A provider whose books are a day late: the discrepancy of the first day closes when the second tells it."""
    late = await town.paid(is_told=False)
    back = await town.back(late, AT, is_told=False)
    await run(town)
    assert {row["kind"] for row in await town.found()} == {"payment_unknown_to_them", "refund_missing"}
    after = DAY + timedelta(days=1)
    town.told.days[after] = [replace(each, at=each.at + timedelta(days=1)) for each in (late, back)]
    done = await run(town, day=after, as_of=NIGHT + timedelta(days=1))

    assert (done.found, done.closed) == (0, 2)
    assert (await run(town)).found == 0  # the first day knows by now


async def test_a_neighbour_that_is_away_is_named(town: Town) -> None:
    """It may stand there: said beside the rest, not taken for proved either way."""
    await town.paid(at=NEXT - SECOND, is_told=False)
    await run(town)
    (row,) = await town.found()

    assert (DAY + timedelta(days=1)).isoformat() in row["why"]
    town.told.days[DAY + timedelta(days=1)] = []
    assert (await run(town)).found == 1
    assert len(await town.found()) == 1


async def test_vnpay_refunds_are_recognised(pool: Pool) -> None:
    """VNPAY tells of a refund under the order's reference, with a number of its own."""
    town = await Town.founded(pool, Provider.VNPAY)
    paid = await town.paid()
    line = await town.back(paid, AT, is_told=False)
    town.told.days[DAY].append(replace(line, transaction="9001", reference=paid.reference))

    assert (await run(town)).found == 0


async def test_the_counter_is_compared_with_itself(town: Town) -> None:
    """Cash has no statement: its receipts and assessments are gone through all the same."""
    book = Book(town.pool, (await town.ordered())[0])
    await book.paid(AT, [("LP-1", "le_phi", 90_000, 0)])
    done = await run(town, provider="counter")

    assert town.told.asked == []
    assert {row["kind"] for row in await town.found()} == {"fee_differs", "receipt_missing", "still_owed"}
    assert (done.found, done.repaired) == (3, 0)
    assert await town.pool.fetchval("SELECT source || digest FROM reconciliation") == "books"


async def test_a_dry_run_writes_nothing(town: Town) -> None:
    """It says what it would find."""
    planted = await plant(town)
    before = await town.everything()
    gone = await town.book.go_through(Provider.PLATFORM, DAY, NIGHT, dry=True)

    assert {each.kind for each in gone.found} == set(planted)
    assert gone.done is None
    assert await town.everything() == before


async def test_a_file_proves_nothing_by_itself(town: Town) -> None:
    """Nobody signed it: what it would prove is told only when somebody vouches for it, then or later."""
    _, reference = await town.ordered()
    lines = (town.debit(reference),)
    listed = await town.book.go_through(Provider.PLATFORM, DAY, NIGHT, given=lines, repairs=False)
    assert (listed.done.found, listed.done.repaired) == (1, 0) if listed.done else False
    assert await town.pool.fetchval("SELECT count(*) FROM inbox WHERE kind = 'payment'") == 0
    vouched = await town.book.go_through(Provider.PLATFORM, DAY, NIGHT, given=lines)

    assert vouched.done is not None
    assert (vouched.done.opened, vouched.done.repaired) == (0, 1)
    assert await town.pool.fetchval("SELECT source FROM reconciliation") == "file"
    assert town.told.asked == []


async def test_a_file_that_nobody_vouches_for_takes_nothing_back(town: Town) -> None:
    """A signed statement named a debit of nobody; an empty file does not make it gone."""
    line = replace(town.debit("nobody-1"), reference="nobody-1")
    town.told.days[DAY].append(line)
    await town.book.go_through(Provider.PLATFORM, DAY, NIGHT)
    await town.book.go_through(Provider.PLATFORM, DAY, NIGHT, given=(), repairs=False)
    assert [row["closed_at"] for row in await town.found()] == [None]
    await town.book.go_through(Provider.PLATFORM, DAY, NIGHT, given=())
    assert [row["reason"] for row in await town.found()] == ["gone"]


async def test_signed_proof_opens_what_was_closed_on_a_file_s_word(town: Town) -> None:
    """A person took a line of a file for none of ours; the provider signs the same line: it is told, once."""
    _, reference = await town.ordered()
    line = town.debit(reference)
    await town.book.go_through(Provider.PLATFORM, DAY, NIGHT, given=(line,), repairs=False)
    (row,) = await town.found()
    await Discrepancies(town.pool, VAULT).close(row["id"], "not_ours", "one-stop", OFFICER, NIGHT)
    town.told.days[DAY].append(line)
    gone = await town.book.go_through(Provider.PLATFORM, DAY, NIGHT)
    again = await town.book.go_through(Provider.PLATFORM, DAY, NIGHT)

    assert [each.done.repaired for each in (gone, again) if each.done] == [1, 0]
    assert await town.pool.fetchval("SELECT count(*) FROM inbox WHERE kind = 'payment'") == 1


async def test_a_person_closes_with_a_reason_and_the_same_facts_stay_closed(town: Town) -> None:
    """Other facts are another discrepancy; what is closed is not closed twice."""
    line = await town.paid(is_told=False)
    town.told.days[DAY].append(replace(line, amount=1))
    await run(town)
    (row,) = await town.found()
    book = Discrepancies(town.pool, VAULT)
    for id_, reason, kind in (
        (row["id"], "so what", Invalid),
        (row["id"], "gone", Invalid),
        (uuid4(), "accepted", NotFound),
    ):
        with pytest.raises(kind):
            await book.close(id_, reason, "one-stop", OFFICER, NIGHT)
    for role in ("applicant", "officer"):
        with pytest.raises(Forbidden):
            await book.close(row["id"], "accepted", "one-stop", ActorBody(role=role, officer="KT-3"), NIGHT)
    closed = await book.close(row["id"], "accepted", "one-stop", OFFICER, NIGHT)
    assert (closed["reason"], closed["closed_by"], closed["closed_at"]) == ("accepted", WHO, NIGHT)
    with pytest.raises(Conflict):
        await book.close(row["id"], "accepted", "one-stop", OFFICER, NIGHT)

    assert (await run(town)).found == 0
    assert await book.listed(only_open=True) == []
    town.told.days[DAY][0] = replace(line, amount=2)
    assert (await run(town)).opened == 1
    assert [each["theirs"] for each in await book.listed(only_open=True, provider="platform", day=DAY)] == ["2 VND"]


async def test_what_was_kept_is_never_edited(town: Town) -> None:
    """Statements and runs are evidence; a discrepancy is closed, not deleted."""
    await town.paid(is_told=False)
    town.told.days[DAY].append(town.debit("nobody-1"))
    await run(town)
    for statement in (
        "UPDATE reconciliation SET found = 0",
        "DELETE FROM reconciliation",
        "UPDATE statement_line SET amount = 1",
        "DELETE FROM statement_line",
        "DELETE FROM discrepancy",
    ):
        with pytest.raises(asyncpg.RaiseError):
            await town.pool.execute(statement)


async def test_the_days_that_are_due(town: Town) -> None:
    """The first night yesterday alone; then yesterday, what was missed since, and what has something open."""
    ask = ReconcilePlanAsk(as_of=NIGHT)
    assert {(day.provider, day.day) for day in (await town.book.plan(ask)).days} == {
        ("platform", DAY),
        ("counter", DAY),
    }
    town.told.days[DAY].append(town.debit("nobody-1"))
    await run(town)
    await run(town, provider="counter")
    later = ReconcilePlanAsk(as_of=NIGHT + timedelta(days=2))
    due = {(day.provider, (day.day - DAY).days) for day in (await town.book.plan(later)).days}

    assert due == {("platform", 0), ("platform", 1), ("platform", 2), ("counter", 1), ("counter", 2)}


async def test_a_day_that_still_ran_is_due_again(town: Town) -> None:
    """Whoever looked at it before its end saw a part of it."""
    await run(town, as_of=NEXT - SECOND)
    later = await town.book.plan(ReconcilePlanAsk(as_of=NIGHT + timedelta(days=1)))

    assert [(each.day - DAY).days for each in later.days if each.provider == "platform"] == [1, 0]


async def test_a_provider_that_is_away_or_unknown_moves_nothing(town: Town) -> None:
    """`Unavailable` is tried again, `Refused` names the way by file; a day to come is refused."""
    before = await town.everything()
    tomorrow = NIGHT.date() + timedelta(days=1)
    for facts, kind in (
        ({"day": DAY - timedelta(days=3)}, Unavailable),
        ({"provider": "vnpay"}, Refused),
        ({"day": tomorrow}, Invalid),
    ):
        with pytest.raises(kind):
            await run(town, **facts)
    assert await town.everything() == before
