"""How collected money is told: periods that meet without a gap, shares and sums that agree to the đồng."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as some

from domain.closings import MOST, Reason, parse_counted, require_closable, require_explained
from domain.errors import Invalid
from domain.fees import FeeKind
from domain.instants import VIETNAM
from domain.periods import Period, Span, parse_period, period_with
from domain.statements import By, Line, Movement, Tally, Total, key_of, parse_by, shared, total_of

AMOUNTS = some.integers(1, 10**12)
DAYS = some.dates(date(2020, 1, 1), date(2035, 12, 31))


@pytest.mark.parametrize(
    "kind, amount, percent, kept, treasury",
    [
        ("phi", 80_000, 85, 68_000, 12_000),  # a secured transaction: 85 % kept, 15 % to the budget
        ("phi", 1, 85, 0, 1),  # the kept share is rounded down to the đồng
        ("phi", 99, 50, 49, 50),
        ("phi", 2_000, 0, 0, 2_000),
        ("phi", 7_777, 100, 7_777, 0),
        ("le_phi", 100_000, 0, 0, 100_000),  # wholly to the budget (Law 97/2015, Art. 13)
        ("price", 30_000, 0, 30_000, 0),  # no money of the budget: whoever provides the service keeps it
        ("financial_duty", 5_000_000, 90, 0, 5_000_000),  # the tax notice's: never kept, whatever a row says
    ],
)
def test_a_line_splits_into_what_is_kept_and_the_treasury(
    kind: str, amount: int, percent: int, kept: int, treasury: int
) -> None:
    """By the kind of the fee and the percentage of its row (Law 97/2015, Art. 12)."""
    share = shared(FeeKind(kind), amount, percent)

    assert (share.kept, share.treasury) == (kept, treasury)


@given(some.sampled_from(FeeKind), AMOUNTS, some.integers(0, 100))
def test_kept_and_treasury_are_the_amount(kind: FeeKind, amount: int, percent: int) -> None:
    """No đồng is lost by rounding, none is made, and neither part is below 0."""
    share = shared(kind, amount, percent)

    assert share.kept + share.treasury == amount
    assert min(share.kept, share.treasury) >= 0


@pytest.mark.parametrize(
    "text, begins, ends",
    [
        ("2026", "2026-01-01", "2027-01-01"),
        ("2026-Q1", "2026-01-01", "2026-04-01"),
        ("2026-Q4", "2026-10-01", "2027-01-01"),
        ("2026-11", "2026-11-01", "2026-12-01"),
        ("2026-12", "2026-12-01", "2027-01-01"),
        ("2024-02", "2024-02-01", "2024-03-01"),
        ("2024-02-29", "2024-02-29", "2024-03-01"),
        ("2026-12-31", "2026-12-31", "2027-01-01"),
    ],
)
def test_a_period_begins_and_ends_at_midnight_in_viet_nam(text: str, begins: str, ends: str) -> None:
    """The first instant belongs to it, the last one to the next; its name is how it was asked for."""
    period = parse_period(text)

    assert period.begins.isoformat() == f"{begins}T00:00:00+07:00"
    assert period.ends.isoformat() == f"{ends}T00:00:00+07:00"
    assert period.name == text


def test_an_instant_counts_on_the_day_of_viet_nam() -> None:
    """17:00 UTC is midnight: the last second of a quarter is not of the next one."""
    quarter = parse_period("2024-Q1")

    assert quarter.ends == datetime(2024, 3, 31, 17, tzinfo=UTC)
    assert quarter.begins == datetime(2023, 12, 31, 17, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "26",
        "2026-13",
        "2026-00",
        "2026-Q5",
        "2026-Q0",
        "2026-02-30",
        "2026-1",
        "0000",
        "0001",
        "9999",
        "2026-11-26T",
    ],
)
def test_what_is_no_period_is_refused(text: str) -> None:
    """With the field, and how a period is written."""
    with pytest.raises(Invalid) as refusal:
        parse_period(text)

    assert refusal.value.field == "period"
    assert "2026-Q4" in refusal.value.remedy


@given(DAYS, some.sampled_from(Span))
def test_every_day_lies_in_its_period(day: date, span: Span) -> None:
    """And the name of the period leads back to it."""
    period = period_with(day, span)

    assert period.first <= day < period.after
    assert parse_period(period.name) == period


@given(DAYS, some.sampled_from([(Span.YEAR, Span.QUARTER), (Span.QUARTER, Span.MONTH), (Span.MONTH, Span.DAY)]))
def test_shorter_periods_share_a_longer_one_out(day: date, spans: tuple[Span, Span]) -> None:
    """They follow one another without a gap or an overlap, from its beginning to its end."""
    whole = period_with(day, spans[0])
    parts = list(whole.parts(spans[1]))

    assert (parts[0].begins, parts[-1].ends) == (whole.begins, whole.ends)
    assert all(one.ends == other.begins for one, other in pairwise(parts))


@some.composite
def ledgers(draw: some.DrawFn) -> list[Line]:
    """Lines of payments in the quarter, some with several fees, some of them back within it."""
    lines: list[Line] = []
    begins = parse_period("2026-Q4").begins
    for number in range(draw(some.integers(0, 12))):
        unit, channel, means = (
            draw(some.sampled_from("ab")),
            draw(some.sampled_from("xy")),
            draw(some.sampled_from("pq")),
        )
        at = begins + timedelta(seconds=draw(some.integers(0, 92 * 86_400 - 1)))
        fees = draw(
            some.lists(some.tuples(some.sampled_from(FeeKind), AMOUNTS, some.integers(0, 100)), min_size=1, max_size=3)
        )
        ways = [Movement.PAYMENT, Movement.REFUND] if draw(some.booleans()) else [Movement.PAYMENT]
        lines += [
            Line(way, "platform", f"T{number}", place, at, unit, channel, means, f"F-{kind}", kind, kind, amount, kept)
            for way in ways
            for place, (kind, amount, kept) in enumerate(fees)
        ]
    return lines


@given(ledgers())
def test_a_total_is_the_sum_of_its_rows(lines: list[Line]) -> None:
    """Collected and refunded are sums of lines; it adds up by kind, and by where the money goes."""
    total = total_of(lines)

    assert total.collected == sum(line.amount for line in lines if line.movement is Movement.PAYMENT)
    assert total.refunded == sum(line.amount for line in lines if line.movement is Movement.REFUND)
    assert total.payments == len({line.debit for line in lines if line.movement is Movement.PAYMENT})
    assert total.is_sound


@given(ledgers(), some.lists(some.sampled_from(By), unique=True))
def test_divisions_add_up_to_the_whole(lines: list[Line], by: list[By]) -> None:
    """Whatever it is divided by, amounts add up; a payment for two fees counts in both, and once in all."""
    tally = Tally(by)
    for line in lines:
        tally.add(line)
    whole = total_of(lines)
    added = sum(tally.totals().values(), Total())

    for name in ("collected", "refunded", "phi", "le_phi", "price", "financial_duty", "kept", "treasury"):
        assert getattr(added, name) == getattr(whole, name)
    assert added.payments == whole.payments if By.FEE not in by else added.payments >= whole.payments
    assert set(tally.totals()) == {key_of(line, by) for line in lines}


@given(ledgers(), some.sampled_from([Span.MONTH, Span.DAY]))
def test_shorter_periods_add_up_to_the_longer_one(lines: list[Line], span: Span) -> None:
    """The months, and the days, of a quarter: no line is in two of them, and none in neither."""

    def within(period: Period) -> Total:
        return total_of(line for line in lines if period.begins <= line.happened_at < period.ends)

    quarter = parse_period("2026-Q4")
    assert sum((within(part) for part in quarter.parts(span)), Total()) == total_of(lines)


def test_what_went_back_takes_its_shares_along() -> None:
    """A payment that came and went within the period leaves nothing, not even the đồng of a rounding."""
    at = datetime(2026, 11, 26, 9, tzinfo=VIETNAM)
    lines = [
        Line(way, "vnpay", "9", 0, at, "u", "online", "vnpay", "P", "Phí", FeeKind.PHI, 333, 85) for way in Movement
    ]

    assert total_of(lines) == Total(payments=1, collected=333, refunds=1, refunded=333)


@pytest.mark.parametrize("text", ["", "unit,,fee", "week", "unit;fee"])
def test_a_division_that_is_none_is_refused(text: str) -> None:
    """With those that there are."""
    with pytest.raises(Invalid) as refusal:
        parse_by(text)

    assert refusal.value.field == "by"
    assert "channel" in refusal.value.remedy


def test_a_division_is_named_once() -> None:
    """In the order in which it was asked for."""
    assert parse_by("fee, unit,fee") == (By.FEE, By.UNIT)


@pytest.mark.parametrize("text", ["-1", "1.5", "1,5", "1.000.000", "", "ten", "٣", "1e3", str(MOST + 1), "9" * 5_000])
def test_what_nobody_can_count_is_refused(text: str) -> None:
    """Whole đồng from 0, and no more than a drawer holds."""
    with pytest.raises(Invalid) as refusal:
        parse_counted(text)

    assert (refusal.value.field, bool(refusal.value.remedy)) == ("counted", True)


@pytest.mark.parametrize("text, amount", [("0", 0), (" 1250000 ", 1_250_000), (str(MOST), MOST)])
def test_whole_dong_are_read(text: str, amount: int) -> None:
    """As they were typed."""
    assert parse_counted(text) == amount


def test_a_day_to_come_is_not_closed() -> None:
    """Today is, before midnight; tomorrow is not."""
    today = date(2026, 11, 26)
    require_closable(today, today)
    with pytest.raises(Invalid) as refusal:
        require_closable(today + timedelta(days=1), today)

    assert refusal.value.field == "day"


@pytest.mark.parametrize(
    "counted, reason, sound",
    [(100, None, True), (99, Reason.LOST, True), (101, None, False), (100, Reason.LOST, False)],
)
def test_a_difference_has_a_reason_and_no_difference_has_none(counted: int, reason: Reason | None, sound: bool) -> None:
    """What the ledger says is 100."""
    if sound:
        require_explained(100, counted, reason)
        return
    with pytest.raises(Invalid) as refusal:
        require_explained(100, counted, reason)

    assert refusal.value.field == "reason"
