"""The receipt on paper and the picture of a transfer's code: looked at by a reader of codes, item by item."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from adapters.receipt_pdf import items, pdf, png
from adapters.vietqr_image import vietqr_png
from domain.fees import FeeKind
from domain.receipts import Body, ReceiptContent, ReceiptLine
from domain.vietqr import Account, payload
from tests.adapters.pictures import codes_in

RECEIPT = ReceiptContent(
    series="000.00.61.H48-26E",
    number=42,
    body=Body("Ủy ban nhân dân xã Bình Minh", "4000123456"),
    payer="Nguyễn Thị Hà",
    lines=(
        ReceiptLine("Lệ phí đăng ký hộ kinh doanh", FeeKind.LE_PHI, 100_000),
        ReceiptLine("Phí thẩm định hồ sơ", FeeKind.PHI, 1_125_500),
    ),
    total=1_225_500,
    means="Tiền mặt",
    day=date(2026, 11, 6),
    collector="Trần Văn Bình",
    dossier_code="000.00.61.H48-261106-0001",
)
MANY = replace(RECEIPT, lines=tuple(ReceiptLine(f"Khoản {n}", FeeKind.PHI, 1_000) for n in range(40)), total=40_000)
SCREEN = 110
"""Dots of an inch on a plain screen, from which the code can still be read."""


@pytest.mark.parametrize("content", [RECEIPT, replace(RECEIPT, cancelled_by_number=43), MANY])
def test_the_code_on_a_receipt_can_be_read(content: ReceiptContent) -> None:
    """Once on the whole receipt, in force or cancelled: series, number, amount and dossier."""
    found = [code for page in png(content, SCREEN) for code in codes_in(page)]

    assert found == [f"000.00.61.H48-26E/0000042/{content.total}/000.00.61.H48-261106-0001"]


@pytest.mark.parametrize(
    "amount, purpose", [(1, "x"), (100_000, "H48-261126-0001"), (10**12, "LE PHI HO SO 0123456789AB")]
)
def test_the_code_of_a_transfer_can_be_read(amount: int, purpose: str) -> None:
    """What a bank's application scans is the text that was made, to its checksum."""
    text = payload(Account("970436", "0011001234567", "KBNN QUANG NAM"), amount, purpose)

    assert codes_in(vietqr_png(text)) == [text]


def test_everything_mandatory_is_on_it() -> None:
    """Circular 303/2016: kind, symbols, number, who collects, from whom, for what, how much, when, by whom."""
    said = items(RECEIPT)

    assert said == (
        *("Ủy ban nhân dân xã Bình Minh", "4000123456"),
        *("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "Độc lập - Tự do - Hạnh phúc"),
        *("BIÊN LAI THU PHÍ, LỆ PHÍ", "06", "11", "2026", "01BLP0-001", "000.00.61.H48-26E", "0000042"),
        *("Nguyễn Thị Hà", "000.00.61.H48-261106-0001", "Tiền mặt"),
        *("Lệ phí đăng ký hộ kinh doanh", "Lệ phí", "100.000", "Phí thẩm định hồ sơ", "Phí", "1.125.500"),
        *("1.225.500", "Một triệu hai trăm hai mươi lăm nghìn năm trăm đồng", "Trần Văn Bình"),
    )


def test_a_cancelled_receipt_says_so() -> None:
    """The mark lies over it, and it names the number that stands in its place; that one names it back."""
    cancelled, instead = replace(RECEIPT, cancelled_by_number=43), replace(RECEIPT, number=43, replaces=42)

    assert "ĐÃ HỦY" in items(cancelled)
    assert "0000043" in items(cancelled)
    assert "ĐÃ HỦY" not in items(instead)
    assert "0000042" in items(instead)


def test_fees_that_do_not_fit_go_on() -> None:
    """Every line of a long receipt is there, on as many pages as it takes."""
    assert len(png(MANY, SCREEN)) > 1
    assert [said for said in items(MANY) if said.startswith("Khoản")] == [f"Khoản {n}" for n in range(40)]


def test_the_same_receipt_is_the_same_bytes() -> None:
    """Whenever it is set again; another one is other bytes."""
    assert pdf(RECEIPT) == pdf(replace(RECEIPT))
    assert pdf(RECEIPT).startswith(b"%PDF-")
    assert png(RECEIPT, SCREEN) == png(replace(RECEIPT), SCREEN)
    assert pdf(RECEIPT) != pdf(replace(RECEIPT, number=43))


@pytest.mark.parametrize("name", ['#strong[x] $1$ "y" \\z', "<item> @ref *a* _b_", "= Tiêu đề", "Lê // Thị /* Hà"])
def test_a_name_is_never_markup(name: str) -> None:
    """Whatever somebody wrote into a form is set letter by letter."""
    assert name in items(replace(RECEIPT, payer=name))
