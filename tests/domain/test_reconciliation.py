"""The daily match as tables: a clean day has nothing to say, and each thing that differs is told once, by its name."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest

from domain.books import Attempt, Books, Day, Fee, Payment, Receipt, Refund
from domain.discrepancies import CLOSINGS, PROVABLE, WHY, Closing, Kind, parse_closing
from domain.errors import Invalid
from domain.instants import VIETNAM, at
from domain.payments import AttemptState, Provider, RefundState
from domain.provider_statement import COLUMNS, CUT_OFF, LineKind, StatementLine, digest_of, read_csv, read_lines
from domain.reconciliation import due_days, neighbours, reconcile, require_begun

DAY = date(2026, 11, 25)
NOON = datetime(2026, 11, 25, 12, tzinfo=VIETNAM)
NIGHT = datetime(2026, 11, 26, 1, 30, tzinfo=VIETNAM)
MIDNIGHT, NEXT = at(DAY, time()), at(DAY + timedelta(days=1), time())
P, V, C = Provider.PLATFORM, Provider.VNPAY, Provider.COUNTER
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)

DEBIT = StatementLine(P, "T1", "r1", LineKind.DEBIT, 100_000, "VND", NOON)
BACK = StatementLine(P, "T1", "refund-T1", LineKind.REFUND, 100_000, "VND", NOON + MINUTE)
ATTEMPT = Attempt("r1", P, "d1", 100_000, AttemptState.PAID, NEXT)
PAYMENT = Payment(P, "T1", "r1", "d1", 100_000, True, NOON)
REFUND = Refund("refund-T1", P, "T1", "r1", "d1", 100_000, RefundState.REFUNDED, NOON + 2 * MINUTE)
RECEIPT = Receipt("S/1", P, "T1", "d1", 100_000, NOON)
FEE = Fee("d1", 100_000, owes=False)
SURPLUS = replace(PAYMENT, is_fee=False)
SECOND_PAYMENT = replace(PAYMENT, transaction="T2", reference="r2", paid_at=NOON + MINUTE)
SECOND_RECEIPT = replace(RECEIPT, name="S/2", transaction="T2")
SECOND_DEBIT = replace(DEBIT, transaction="T2", at=NOON + MINUTE)
"""Under the same reference."""
CLEAN = Books((ATTEMPT,), (PAYMENT,), (), (RECEIPT,), (FEE,))
VNPAY = Books(
    (replace(ATTEMPT, provider=V),), (replace(PAYMENT, provider=V),), (), (replace(RECEIPT, provider=V),), (FEE,)
)


def day(*lines: StatementLine, **facts: Any) -> Day:
    return replace(Day(P, DAY, lines, NIGHT), **facts)


def books(**facts: Any) -> Books:
    return replace(CLEAN, **facts)


def kinds(of: Day, ours: Books) -> list[Kind]:
    return [each.kind for each in reconcile(of, ours)]


WITH_REFUND = {"refunds": (REFUND,)}
UNKNOWN = {"payments": (), "receipts": ()}
RIGHT = [
    ("a debit, its payment, its receipt, its fee", day(DEBIT), CLEAN),
    ("a refund that both sides know", day(DEBIT, BACK), books(**WITH_REFUND)),
    (
        "a refund of an earlier day's debit",
        day(BACK),
        books(
            payments=(replace(PAYMENT, paid_at=NOON - timedelta(days=9)),),
            receipts=(replace(RECEIPT, issued_at=NOON - timedelta(days=9)),),
            **WITH_REFUND,
        ),
    ),
    (
        "a second debit that we know as a surplus",
        day(DEBIT, SECOND_DEBIT),
        books(payments=(PAYMENT, replace(SECOND_PAYMENT, reference="r1", is_fee=False))),
    ),
    (
        "VNPAY names the order and a number of its own",
        day(
            replace(DEBIT, provider=V), StatementLine(V, "99", "r1", LineKind.REFUND, 100_000, "VND", NOON), provider=V
        ),
        replace(VNPAY, refunds=(replace(REFUND, provider=V, reference="refund-vnpay-T1"),)),
    ),
    (
        "cash, which has no statement",
        Day(C, DAY, None, NIGHT),
        books(
            attempts=(),
            payments=(replace(PAYMENT, provider=C, reference=""),),
            receipts=(replace(RECEIPT, provider=C),),
        ),
    ),
    (
        "another provider's payment",
        day(),
        books(attempts=(), payments=(replace(PAYMENT, provider=V),), receipts=(replace(RECEIPT, provider=V),)),
    ),
    ("money back leaves its receipt standing", day(DEBIT, BACK), books(**WITH_REFUND)),
    (
        "the same transaction number at another provider",
        day(DEBIT),
        books(payments=(PAYMENT, replace(SURPLUS, provider=V, reference="r9"))),
    ),
    (
        "a fee paid again after the first went back",
        day(DEBIT, BACK, replace(SECOND_DEBIT, reference="r2")),
        books(
            attempts=(ATTEMPT, replace(ATTEMPT, reference="r2")),
            payments=(PAYMENT, SECOND_PAYMENT),
            receipts=(RECEIPT, SECOND_RECEIPT),
            **WITH_REFUND,
        ),
    ),
    (
        "an attempt whose time is not over for an hour yet",
        day(as_of=NEXT),
        Books((replace(ATTEMPT, state=AttemptState.UNKNOWN, expires_at=NEXT - MINUTE),)),
    ),
    ("nothing on either side", day(), Books()),
]


@pytest.mark.parametrize("of, ours", [row[1:] for row in RIGHT], ids=[row[0] for row in RIGHT])
def test_what_agrees_is_not_told(of: Day, ours: Books) -> None:
    """Both sides say the same, each in its own way."""
    assert kinds(of, ours) == []


OPEN = replace(ATTEMPT, state=AttemptState.UNKNOWN, expires_at=NOON)
WRONG = [
    (Kind.DEBIT_UNKNOWN_TO_US, day(DEBIT), books(**UNKNOWN)),
    (Kind.DEBIT_UNKNOWN_TO_US, day(replace(DEBIT, amount=90_000)), books(**UNKNOWN)),
    (Kind.DEBIT_UNKNOWN_TO_US, day(DEBIT), Books((OPEN,))),
    (Kind.DEBITED_TWICE, day(DEBIT, SECOND_DEBIT), CLEAN),
    (Kind.DEBIT_OF_NO_ATTEMPT, day(DEBIT), Books()),
    (Kind.DEBIT_OF_NO_ATTEMPT, day(DEBIT), Books((replace(ATTEMPT, provider=V),))),
    (Kind.PAYMENT_UNKNOWN_TO_THEM, day(), CLEAN),
    (Kind.PAYMENT_UNKNOWN_TO_THEM, day(), books(payments=(SURPLUS,), receipts=())),
    (Kind.REFERENCE_DIFFERS, day(replace(DEBIT, reference="r2")), CLEAN),
    (Kind.AMOUNT_DIFFERS, day(replace(DEBIT, amount=100_001)), CLEAN),
    (Kind.CURRENCY_DIFFERS, day(replace(DEBIT, currency="USD")), CLEAN),
    (Kind.CURRENCY_DIFFERS, day(replace(DEBIT, currency="USD")), books(**UNKNOWN)),
    (Kind.CURRENCY_DIFFERS, day(DEBIT, replace(BACK, currency="USD")), books(**WITH_REFUND)),
    (Kind.REFUND_UNKNOWN_TO_US, day(DEBIT, BACK), CLEAN),
    (
        Kind.REFUND_UNKNOWN_TO_US,
        day(DEBIT, BACK),
        books(refunds=(replace(REFUND, state=RefundState.ASKED, done_at=None),)),
    ),
    (Kind.REFUND_UNKNOWN_TO_US, day(BACK), Books()),
    (Kind.REFUND_MISSING, day(DEBIT), books(**WITH_REFUND)),
    (Kind.REFUND_AMOUNT_DIFFERS, day(DEBIT, replace(BACK, amount=50_000)), books(**WITH_REFUND)),
    (Kind.RECEIPT_MISSING, day(DEBIT), books(receipts=())),
    (Kind.RECEIPT_TWICE, day(DEBIT), books(receipts=(RECEIPT, replace(RECEIPT, name="S/2")))),
    (Kind.RECEIPT_OF_NOTHING, day(DEBIT), books(payments=(SURPLUS,))),
    (Kind.RECEIPT_OF_NOTHING, day(), books(payments=())),
    (
        Kind.RECEIPT_OF_NOTHING,
        day(DEBIT, BACK),
        books(receipts=(replace(RECEIPT, issued_at=NOON + 3 * MINUTE),), **WITH_REFUND),
    ),
    (Kind.RECEIPT_AMOUNT_DIFFERS, day(DEBIT), books(receipts=(replace(RECEIPT, amount=99_000),))),
    (Kind.FEE_DIFFERS, day(DEBIT), books(fees=(replace(FEE, total=50_000),))),
    (Kind.STILL_OWED, day(DEBIT), books(fees=(replace(FEE, owes=True),))),
    (
        Kind.KEPT_TWICE,
        day(DEBIT, replace(SECOND_DEBIT, reference="r2")),
        books(payments=(PAYMENT, SECOND_PAYMENT), receipts=(RECEIPT, SECOND_RECEIPT)),
    ),
    (
        Kind.KEPT_TWICE,
        day(DEBIT),
        books(payments=(PAYMENT, replace(SECOND_PAYMENT, provider=C, paid_at=NOON - MINUTE))),
    ),
    *[
        (Kind.ATTEMPT_STALE, day(), Books((replace(OPEN, state=state),)))
        for state in (AttemptState.ORDERED, AttemptState.OPENED, AttemptState.UNKNOWN, AttemptState.SUPERSEDED)
    ],
]


@pytest.mark.parametrize("kind, of, ours", WRONG, ids=lambda value: str(value) if isinstance(value, Kind) else "")
def test_what_differs_is_told_once_by_its_name(kind: Kind, of: Day, ours: Books) -> None:
    """One cause has one name: nothing else is told beside it; and what is proved carries the line that is told."""
    (found,) = reconcile(of, ours)

    assert (found.kind, found.why) == (kind, WHY[kind])
    assert (found.repair is not None) == (kind in PROVABLE)
    assert found.repair is None or found.repair in (of.lines or ())


def test_every_kind_has_its_case_and_its_reason() -> None:
    """No kind without a row above, a reason to show, and a sentence that says whether it is proved."""
    assert {kind for kind, _, _ in WRONG} == set(Kind) == set(WHY)


def test_two_debits_that_we_do_not_know_are_a_first_and_a_second() -> None:
    """Both are told to the dossier; it keeps the one that comes first and gives the other back."""
    found = reconcile(day(SECOND_DEBIT, DEBIT), books(**UNKNOWN))
    first, second = sorted(found, key=lambda each: each.transaction)

    assert {first.kind, second.kind} == {Kind.DEBIT_UNKNOWN_TO_US, Kind.DEBITED_TWICE}
    assert [each.repair.transaction for each in (first, second) if each.repair] == ["T1", "T2"]


def test_two_refunds_of_one_order_are_two() -> None:
    """VNPAY names the order alone: of two refunds that we say are done, one line tells of one."""
    other = replace(REFUND, provider=V, reference="b", transaction="T2")
    both = (replace(REFUND, provider=V, reference="a"), other)
    line = StatementLine(V, "99", "r1", LineKind.REFUND, 100_000, "VND", NOON)
    (found,) = reconcile(day(line, provider=V), Books(refunds=both))

    assert (found.kind, found.reference) == (Kind.REFUND_MISSING, "b")


BOUNDS = [
    ("at midnight", MIDNIGHT, {DAY - timedelta(days=1)}),
    ("a second before the bound", MIDNIGHT + CUT_OFF - SECOND, {DAY - timedelta(days=1)}),
    ("at the bound", MIDNIGHT + CUT_OFF, set()),
    ("at noon", NOON, set()),
    ("a second before the other bound", NEXT - CUT_OFF - SECOND, set()),
    ("at the other bound", NEXT - CUT_OFF, {DAY + timedelta(days=1)}),
    ("the last second", NEXT - SECOND, {DAY + timedelta(days=1)}),
    ("the next midnight, which is another day's", NEXT, set()),
    ("the second before the day", MIDNIGHT - SECOND, set()),
]


@pytest.mark.parametrize("paid_at, beside", [row[1:] for row in BOUNDS], ids=[row[0] for row in BOUNDS])
def test_what_is_missing_near_midnight_is_looked_for_in_the_day_beside(paid_at: datetime, beside: set[date]) -> None:
    """Half an hour on either side, for payments and refunds; what is in the statement needs no look anywhere."""
    paid = books(payments=(replace(PAYMENT, paid_at=paid_at),))
    back = Books(refunds=(replace(REFUND, done_at=paid_at),))

    assert neighbours(day(), paid) == neighbours(day(), back) == beside
    assert neighbours(day(DEBIT, BACK), books(payments=paid.payments, refunds=back.refunds)) == frozenset()


@pytest.mark.parametrize("paid_at", [MIDNIGHT + SECOND, NEXT - SECOND])
def test_the_other_side_of_midnight_is_no_difference(paid_at: datetime) -> None:
    """Our day and theirs may be two; once the day beside was read, both sides agree."""
    ours = books(payments=(replace(PAYMENT, paid_at=paid_at),), receipts=(replace(RECEIPT, issued_at=paid_at),))
    other = replace(DEBIT, at=paid_at - 2 * SECOND if paid_at < NOON else paid_at + 2 * SECOND)

    assert kinds(day(elsewhere=(other,)), ours) == []
    assert kinds(day(other), replace(ours, payments=(replace(PAYMENT, paid_at=other.at),))) == []
    (unread,) = reconcile(day(unread=frozenset({DAY + timedelta(days=1)})), ours)
    assert (unread.kind, "2026-11-26" in unread.why) == (Kind.PAYMENT_UNKNOWN_TO_THEM, True)


def test_a_refund_on_the_other_side_of_midnight_is_no_difference() -> None:
    """The provider gave it back before midnight, we noted it after."""
    ours = Books(refunds=(replace(REFUND, done_at=MIDNIGHT + SECOND),))

    assert kinds(day(elsewhere=(replace(BACK, at=MIDNIGHT - SECOND),)), ours) == []
    assert kinds(day(), ours) == [Kind.REFUND_MISSING]


YESTERDAY, TODAY = DAY, DAY + timedelta(days=1)
DUE = [
    ("the first night", [], [], [0]),
    ("each night after", [1, 2], [], [0]),
    ("yesterday was gone through by hand", [0, 1], [], [0]),
    ("two nights were missed", [3], [], [0, 1, 2]),
    ("one in the middle was missed", [1, 3], [], [0, 2]),
    ("something is open", [1, 2, 3], [3], [0, 3]),
    ("one still ran when somebody looked", [], [2], [0, 1, 2]),
    ("today is not over", [1], [-1], [0]),
    ("open, and long past", [70, *range(1, 60)], [70], [0, 60]),
]


@pytest.mark.parametrize("done, again, due", [row[1:] for row in DUE], ids=[row[0] for row in DUE])
def test_the_days_that_are_due(done: list[int], again: list[int], due: list[int]) -> None:
    """In days before yesterday: missed ones are made up for, and what is open is looked at again."""
    ago = [YESTERDAY - timedelta(days=n) for n in done], [YESTERDAY - timedelta(days=n) for n in again]

    assert due_days(TODAY, *ago) == tuple(YESTERDAY - timedelta(days=n) for n in due)


def test_a_month_at_most_is_due_at_once() -> None:
    """After a long outage the latest days come first, the rest in the nights after."""
    assert len(due_days(TODAY, [YESTERDAY - timedelta(days=55)], [])) == 31


def test_a_day_to_come_is_refused() -> None:
    """The day that runs may be looked at."""
    require_begun(TODAY, TODAY)
    with pytest.raises(Invalid) as refusal:
        require_begun(TODAY + timedelta(days=1), TODAY)
    assert (refusal.value.field, TODAY.isoformat() in refusal.value.remedy) == ("day", True)


GOOD = "T1;r1;debit;100000;VND;20261125120000"
MALFORMED = [
    ("negative", GOOD.replace("100000", "-100000", 1), "negative"),
    ("fractional", GOOD.replace("100000", "100000.5", 1), "fractional"),
    ("fractional, with a comma", GOOD.replace("100000", "100000,00", 1), "fractional"),
    ("nothing", GOOD.replace("100000", "0", 1), "nothing"),
    ("huge", GOOD.replace("100000", "9" * 16, 1), "too much"),
    ("a word for an amount", GOOD.replace("100000", "many", 1), "no amount"),
    ("figures of another script", GOOD.replace("100000", "١٠٠", 1), "no amount"),
    ("an unknown currency", GOOD.replace("VND", "XXY"), "unknown currency"),
    ("no currency", GOOD.replace("VND", ""), "unknown currency"),
    ("another kind", GOOD.replace("debit", "gift"), "neither debit nor refund"),
    ("no transaction", GOOD.replace("T1", ""), "no transaction"),
    ("a blank in a reference", GOOD.replace("r1", "r 1"), "no reference"),
    ("a reference too long", GOOD.replace("r1", "r" * 65), "no reference"),
    ("no instant", GOOD.replace("20261125120000", "noon"), "no instant"),
    ("no such day", GOOD.replace("20261125", "20261131"), "no instant"),
    ("another day", GOOD.replace("20261125", "20261123"), "not of 2026-11-25"),
    ("half an hour after the day", GOOD.replace("20261125120000", "20261126003000"), "not of 2026-11-25"),
    ("a cell less", GOOD.rsplit(";", 1)[0], "5 cells"),
    ("a cell more", f"{GOOD};x", "7 cells"),
    ("an empty line", "", "1 cells"),
    ("twice the same", GOOD.replace("T1", "T0"), "twice"),
]


@pytest.mark.parametrize("line, says", [row[1:] for row in MALFORMED], ids=[row[0] for row in MALFORMED])
def test_one_bad_line_refuses_the_whole_statement(line: str, says: str) -> None:
    """The refusal names the line, what is wrong with it, and the remedy; what stood there is not repeated."""
    with pytest.raises(Invalid) as refusal:
        read_lines(P, DAY, [GOOD.replace("T1", "T0"), line])

    assert says in refusal.value.message
    assert "whole statement is refused" in refusal.value.message
    assert refusal.value.field == "line 2"
    assert refusal.value.remedy
    assert "many" not in refusal.value.message


def test_a_statement_as_it_is_saved_by_programs() -> None:
    """With a byte-order mark, Windows line ends and either separator it is the same; lines are in order of time."""
    later = GOOD.replace("T1", "T0").replace("120000", "120001")
    plain = read_lines(P, DAY, [later, GOOD])
    text = "\r\n".join([";".join(COLUMNS), later, GOOD, ""])

    assert plain == read_csv(P, DAY, text.encode("utf-8-sig")) == read_csv(P, DAY, text.replace(";", ",").encode())
    assert [line.transaction for line in plain] == ["T1", "T0"]
    assert plain[0] == DEBIT
    assert digest_of(plain) == digest_of(reversed(plain)) != digest_of(plain[:1])


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"transaction;amount\n", GOOD.encode()])
def test_a_file_that_is_no_statement(content: bytes) -> None:
    """Without its header nobody knows which cell is what."""
    with pytest.raises(Invalid) as refusal:
        read_csv(P, DAY, content)

    assert (refusal.value.field, bool(refusal.value.remedy)) == ("line 1", True)


def test_a_line_just_outside_the_day_is_of_the_day() -> None:
    """A provider's midnight may be some minutes off; a day off is the wrong file."""
    early, late = GOOD.replace("20261125120000", "20261124233000"), GOOD.replace("20261125120000", "20261126002959")

    assert len(read_lines(P, DAY, [early.replace("T1", "T0"), late])) == 2


def test_a_person_closes_with_a_code_of_the_list() -> None:
    """That both sides agree again is for the engine alone to say."""
    assert [parse_closing(code) for code in CLOSINGS] == list(CLOSINGS)
    for text in ("because", Closing.GONE, ""):
        with pytest.raises(Invalid) as refusal:
            parse_closing(text)
        assert (refusal.value.field, "accepted" in refusal.value.remedy) == ("reason", True)
