"""What stands on a receipt, amounts in words, and the quarterly report on the use of a series."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from domain.codes import CodesExhausted
from domain.errors import Invalid
from domain.fees import FeeKind
from domain.periods import parse_period
from domain.receipts import (
    LAST,
    MOST,
    Body,
    CancelReason,
    Issued,
    ReceiptContent,
    ReceiptLine,
    in_words,
    issuable,
    parse_code,
    parse_reason,
    usage,
)

WORDS = {
    0: "không",
    1: "một",
    4: "bốn",
    5: "năm",
    9: "chín",
    10: "mười",
    11: "mười một",
    14: "mười bốn",
    15: "mười lăm",
    19: "mười chín",
    20: "hai mươi",
    21: "hai mươi mốt",
    24: "hai mươi bốn",
    25: "hai mươi lăm",
    30: "ba mươi",
    31: "ba mươi mốt",
    41: "bốn mươi mốt",
    44: "bốn mươi bốn",
    51: "năm mươi mốt",
    55: "năm mươi lăm",
    91: "chín mươi mốt",
    99: "chín mươi chín",
    100: "một trăm",
    101: "một trăm linh một",
    105: "một trăm linh năm",
    110: "một trăm mười",
    111: "một trăm mười một",
    115: "một trăm mười lăm",
    121: "một trăm hai mươi mốt",
    500: "năm trăm",
    999: "chín trăm chín mươi chín",
    1_000: "một nghìn",
    1_001: "một nghìn không trăm linh một",
    1_010: "một nghìn không trăm mười",
    1_050: "một nghìn không trăm năm mươi",
    1_500: "một nghìn năm trăm",
    7_000: "bảy nghìn",
    10_000: "mười nghìn",
    15_000: "mười lăm nghìn",
    21_000: "hai mươi mốt nghìn",
    50_000: "năm mươi nghìn",
    100_000: "một trăm nghìn",
    105_000: "một trăm linh năm nghìn",
    225_500: "hai trăm hai mươi lăm nghìn năm trăm",
    200_000: "hai trăm nghìn",
    301_015: "ba trăm linh một nghìn không trăm mười lăm",
    999_999: "chín trăm chín mươi chín nghìn chín trăm chín mươi chín",
    1_000_000: "một triệu",
    1_000_005: "một triệu không trăm linh năm",
    1_005_000: "một triệu không trăm linh năm nghìn",
    1_015_021: "một triệu không trăm mười lăm nghìn không trăm hai mươi mốt",
    1_200_000: "một triệu hai trăm nghìn",
    2_024_001: "hai triệu không trăm hai mươi bốn nghìn không trăm linh một",
    10_000_000: "mười triệu",
    11_011_011: "mười một triệu không trăm mười một nghìn không trăm mười một",
    15_315_000: "mười lăm triệu ba trăm mười lăm nghìn",
    100_000_000: "một trăm triệu",
    1_000_000_000: "một tỷ",
    1_000_000_001: "một tỷ không trăm linh một",
    1_001_000_000: "một tỷ không trăm linh một triệu",
    17_041_000_000: "mười bảy tỷ không trăm bốn mươi mốt triệu",
    105_000_000_010: "một trăm linh năm tỷ không trăm mười",
    999_999_999_999: "chín trăm chín mươi chín tỷ chín trăm chín mươi chín triệu "
    "chín trăm chín mươi chín nghìn chín trăm chín mươi chín",
}


@pytest.mark.parametrize("amount, words", WORDS.items())
def test_an_amount_in_words(amount: int, words: str) -> None:
    """Mười and mươi, mốt, lăm, linh; groups after the first say their hundreds, empty ones are left out."""
    assert in_words(amount) == f"{words} đồng"


@pytest.mark.parametrize("amount", [-1, 10**12])
def test_an_amount_without_words(amount: int) -> None:
    """Below zero, and above what is ever collected at once."""
    with pytest.raises(Invalid) as refusal:
        in_words(amount)
    assert refusal.value.field == "amount"


def content(*lines: ReceiptLine, total: int | None = None) -> ReceiptContent:
    whole = sum(line.amount for line in lines) if total is None else total
    body = Body("UBND xã Bình Minh", "4000123456")
    facts = ("000.00.61.H48-26E", 42, body, "Nguyễn Thị Hà", lines, whole, "tiền mặt")
    return ReceiptContent(*facts, date(2026, 11, 26), "Trần Văn Bình", "000.00.61.H48-261126-0001")


@pytest.mark.parametrize(
    "kinds, title",
    [
        ((FeeKind.PHI,), "BIÊN LAI THU PHÍ"),
        ((FeeKind.LE_PHI, FeeKind.LE_PHI), "BIÊN LAI THU LỆ PHÍ"),
        ((FeeKind.LE_PHI, FeeKind.PHI), "BIÊN LAI THU PHÍ, LỆ PHÍ"),
        ((FeeKind.PRICE,), "BIÊN LAI THU TIỀN DỊCH VỤ"),
        ((FeeKind.FINANCIAL_DUTY,), "BIÊN LAI THU NGHĨA VỤ TÀI CHÍNH"),
        ((FeeKind.PRICE, FeeKind.PHI), "BIÊN LAI THU TIỀN"),
    ],
)
def test_a_receipt_is_named_for_what_was_paid(kinds: tuple[FeeKind, ...], title: str) -> None:
    """Phí and lệ phí go to different accounts, so the title tells them apart."""
    made = content(*(ReceiptLine("Khoản", kind, 10_000) for kind in kinds))

    assert made.title == title
    assert made.code == f"000.00.61.H48-26E/0000042/{10_000 * len(kinds)}/000.00.61.H48-261126-0001"


def test_lines_add_up_to_the_amount() -> None:
    """A receipt whose fees are not its amount is never made."""
    for lines, total in (((), 0), ((ReceiptLine("Khoản", FeeKind.PHI, 10_000),), 10_001)):
        with pytest.raises(Invalid, match="add up"):
            content(*lines, total=total)


RECEIPT = content(ReceiptLine("Khoản", FeeKind.PHI, 10_000))


@pytest.mark.parametrize(
    "facts, field",
    [
        ({"payer": ""}, "payer"),
        ({"means": " "}, "means"),
        ({"collector": "\t"}, "collector"),
        ({"dossier_code": ""}, "dossier_code"),
        ({"lines": (), "total": 0}, "lines"),
        ({"series": ""}, "series"),
        ({"series": "000.00.61.H48-26"}, "series"),
        ({"series": "000.00.61.H48-2026E"}, "series"),
        ({"series": "QN/1-26E"}, "series"),
        ({"series": "QN-26E\n"}, "series"),
        ({"number": 0}, "number"),
        ({"number": LAST + 1}, "number"),
        ({"check": ""}, "check"),
        ({"check": "a3f0/1c7"}, "check"),
    ],
)
def test_an_incomplete_receipt_is_refused(facts: dict[str, Any], field: str) -> None:
    """The refusal names what is missing or wrong, and what would mend it."""
    with pytest.raises(Invalid) as refusal:
        replace(RECEIPT, **facts)

    assert refusal.value.field == field
    assert refusal.value.remedy


@pytest.mark.parametrize("name, amount", [(" ", 10_000), ("Khoản", 0), ("Khoản", -1), ("Khoản", 1.0), ("Khoản", True)])
def test_what_is_no_line_of_a_receipt(name: str, amount: Any) -> None:
    """A fee has a name, and whole đồng above zero."""
    with pytest.raises(Invalid) as refusal:
        ReceiptLine(name, FeeKind.PHI, amount)
    assert refusal.value.field == "lines"


def test_a_receipt_says_its_amount_in_words() -> None:
    """Up to the largest that has words; one đồng more is refused when the receipt is made, not when it is set."""
    most = ReceiptLine("Khoản", FeeKind.PHI, MOST)
    assert content(most).words.startswith("Chín trăm chín mươi chín tỷ")
    with pytest.raises(Invalid) as refusal:
        content(most, ReceiptLine("Khoản", FeeKind.PHI, 1))
    assert refusal.value.field == "amount"


def test_a_check_stands_last_in_the_code() -> None:
    """It is made over the identity, so it is no part of it."""
    checked = replace(RECEIPT, check="a3f09b1c77de0412")

    assert checked.identity == RECEIPT.identity == RECEIPT.code
    assert checked.code == f"{RECEIPT.identity}/a3f09b1c77de0412"


def test_a_series_ends_with_seven_figures() -> None:
    """The last number is issued; the one after it is refused, whatever the counter says."""
    assert issuable("QN-26E", LAST) == 9_999_999
    with pytest.raises(CodesExhausted, match="QN-26E") as refusal:
        issuable("QN-26E", LAST + 1)
    assert refusal.value.field == "series"
    assert refusal.value.remedy


def test_who_collects_has_a_name() -> None:
    """A tax code alone is not enough."""
    with pytest.raises(Invalid) as refusal:
        Body(" ", "4000123456")
    assert refusal.value.field == "body"


@pytest.mark.parametrize("tax_code", ["", "400012345", "40001234567", "4000123456-01", "400012345６"])
def test_what_is_no_tax_code(tax_code: str) -> None:
    """Ten figures, with three more for a branch."""
    with pytest.raises(Invalid) as refusal:
        Body("UBND xã Bình Minh", tax_code)
    assert refusal.value.field == "tax_code"


def test_the_reasons_are_a_fixed_list() -> None:
    """A code out of the list, never a free text that could name somebody."""
    assert parse_reason("wrong_payer") is CancelReason.WRONG_PAYER
    with pytest.raises(Invalid) as refusal:
        parse_reason("chị Hà")
    assert refusal.value.field == "reason"
    assert "chị Hà" not in refusal.value.message


Q3, Q4, Q1 = date(2026, 8, 3), date(2026, 11, 26), date(2027, 1, 4)


@pytest.mark.parametrize(
    "rows, opening, issued, cancelled, closing, gaps",
    [
        ([], 1, (), (), 1, ()),
        ([(1, Q4), (2, Q4)], 1, (1, 2), (), 3, ()),
        ([(1, Q3), (2, Q3), (3, Q4)], 3, (3,), (), 4, ()),
        ([(1, Q3), (2, Q3)], 3, (), (), 3, ()),
        ([(1, Q4), (2, Q1)], 1, (1,), (), 2, ()),
        ([(1, Q4), (4, Q4)], 1, (1, 4), (), 5, (2, 3)),
        ([(2, Q3), (3, Q4)], 3, (3,), (), 4, (1,)),
        ([(1, Q3, Q4), (2, Q4)], 2, (2,), (1,), 3, ()),
        ([(1, Q3, Q3), (2, Q4, Q1)], 2, (2,), (), 3, ()),
        ([(1, Q4), (2, Q1), (3, Q4)], 1, (1, 3), (), 4, ()),
        ([(1, date(2026, 9, 30)), (2, date(2026, 10, 1)), (3, date(2026, 12, 31))], 2, (2, 3), (), 4, ()),
    ],
)
def test_the_use_of_a_series_in_the_fourth_quarter(
    rows: list[tuple[int, date, date] | tuple[int, date]],
    opening: int,
    issued: tuple[int, ...],
    cancelled: tuple[int, ...],
    closing: int,
    gaps: tuple[int, ...],
) -> None:
    """Opening and closing number, issued and cancelled by their own days, and numbers that are missing."""
    found = usage([Issued(*row) for row in reversed(rows)], parse_period("2026-Q4"))

    assert (found.opening, found.issued, found.cancelled) == (opening, issued, cancelled)
    assert (found.closing, found.gaps) == (closing, gaps)


@pytest.mark.parametrize(
    "quarter, due",
    [
        ("2026-Q1", date(2026, 4, 30)),
        ("2026-Q2", date(2026, 7, 30)),
        ("2026-Q3", date(2026, 10, 30)),
        ("2026-Q4", date(2027, 1, 30)),
    ],
)
def test_when_the_report_is_due(quarter: str, due: date) -> None:
    """30/4, 30/7, 30/10, and 30/1 of the next year."""
    assert usage([], parse_period(quarter)).due == due


@pytest.mark.parametrize("period", ["2026", "2026-10"])
def test_the_report_is_a_quarters(period: str) -> None:
    """No other period is reported."""
    with pytest.raises(Invalid) as refusal:
        usage([], parse_period(period))
    assert refusal.value.field == "quarter"


def test_a_code_is_read_as_it_was_made() -> None:
    """Series, number, amount, dossier and check, whatever stands around them."""
    read = parse_code(" 000.00.61.H48-26E/0000042/1225500/000.00.61.H48-261106-0001/a3f09b1c77de0412\n")

    assert (read.series, read.number, read.amount) == ("000.00.61.H48-26E", 42, 1_225_500)
    assert (read.dossier, read.check) == ("000.00.61.H48-261106-0001", "a3f09b1c77de0412")
    assert read.identity == "000.00.61.H48-26E/0000042/1225500/000.00.61.H48-261106-0001"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "000.00.61.H48-26E/0000042/1225500/000.00.61.H48-261106-0001",
        "000.00.61.H48-26E/42/1225500/000.00.61.H48-261106-0001/a3f09b1c77de0412",
        "000.00.61.H48-26E/0000042/1225500/a/b/a3f09b1c77de0412",
        "000.00.61.H48-26E/0000042/1225500/000.00.61.H48-261106-0001/A3F09B1C77DE0412",
        "https://example.org/",
    ],
)
def test_what_is_no_code(text: str) -> None:
    """One without a check is none: there is nothing to verify."""
    with pytest.raises(Invalid) as refusal:
        parse_code(text)
    assert (refusal.value.field, "QR code" in refusal.value.remedy) == ("code", True)
