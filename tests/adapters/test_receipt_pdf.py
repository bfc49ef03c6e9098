"""The receipt on paper and the picture of a transfer's code: read out of what was made, letters and codes."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from datetime import date
from hashlib import sha256
from pathlib import Path

import pypdfium2
import pytest

from adapters.receipt_pdf import pdf, png
from adapters.vietqr_image import vietqr_png
from domain.fees import FeeKind
from domain.receipts import Body, Copy, ReceiptContent, ReceiptLine
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
LONG_NAME = " ".join(["Phí thẩm định hồ sơ cấp giấy chứng nhận quyền sử dụng đất, quyền sở hữu nhà ở"] * 6)
LONG = replace(RECEIPT, lines=(ReceiptLine(LONG_NAME, FeeKind.PHI, 1_000), *RECEIPT.lines), total=1_226_500)
CHECKED = replace(RECEIPT, check="a3f09b1c77de0412")
CANCELLED = replace(RECEIPT, cancelled_by_number=43)
SCREEN = 110
"""Dots of an inch on a plain screen, from which the code can still be read."""


def said(content: ReceiptContent, copy: Copy = Copy.GIVEN) -> list[str]:
    """The words of each page of the PDF, as a reader of PDFs finds them."""
    document = pypdfium2.PdfDocument(pdf(content, copy))
    try:
        return [" ".join(page.get_textpage().get_text_range().split()) for page in document]
    finally:
        document.close()


@pytest.mark.parametrize("content", [RECEIPT, CHECKED, CANCELLED, MANY, LONG, replace(MANY, check="f" * 64)])
def test_the_code_on_a_receipt_can_be_read(content: ReceiptContent) -> None:
    """Once on the whole receipt, in force or cancelled, on its first page: what the receipt says its code is."""
    found = [codes_in(page) for page in png(content, SCREEN)]

    assert found[0] == [content.code]
    assert not any(found[1:])
    assert content.code.startswith(f"000.00.61.H48-26E/0000042/{content.total}/000.00.61.H48-261106-0001")


@pytest.mark.parametrize(
    "amount, purpose", [(1, "x"), (100_000, "H48-261126-0001"), (10**12, "LE PHI HO SO 0123456789AB")]
)
def test_the_code_of_a_transfer_can_be_read(amount: int, purpose: str) -> None:
    """What a bank's application scans is the text that was made, to its checksum."""
    text = payload(Account("970436", "0011001234567", "KBNN QUANG NAM"), amount, purpose)

    assert codes_in(vietqr_png(text)) == [text]


MANDATORY = {
    "name of the type": "BIÊN LAI THU PHÍ, LỆ PHÍ",
    "symbol of the template": "Mẫu số: 01BLP0-001",
    "symbol of the series": "Ký hiệu: 000.00.61.H48-26E",
    "number": "Số: 0000042",
    "copy": "Liên 2: Giao người nộp tiền",
    "name of who collects": "Ủy ban nhân dân xã Bình Minh",
    "tax code of who collects": "Mã số thuế: 4000123456",
    "payer": "Người nộp tiền: Nguyễn Thị Hà",
    "first fee": "1 Lệ phí đăng ký hộ kinh doanh Lệ phí 100.000",
    "second fee": "2 Phí thẩm định hồ sơ Phí 1.125.500",
    "amount": "Tổng cộng 1.225.500",
    "amount in words": "Số tiền bằng chữ: Một triệu hai trăm hai mươi lăm nghìn năm trăm đồng.",
    "in đồng": "Số tiền (đồng)",
    "means of payment": "Hình thức thanh toán: Tiền mặt",
    "date": "Ngày 06 tháng 11 năm 2026",
    "signature and name of the collector": "NGƯỜI THU TIỀN (Ký, ghi rõ họ tên) Trần Văn Bình",
    "dossier": "Mã hồ sơ: 000.00.61.H48-261106-0001",
    "national heading": "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM Độc lập - Tự do - Hạnh phúc",
}


@pytest.mark.parametrize("item", MANDATORY)
def test_everything_mandatory_is_on_it(item: str) -> None:
    """Circular 303/2016, and what we add; in Vietnamese, read out of the PDF's own text, on one page."""
    (page,) = said(RECEIPT)

    assert MANDATORY[item] in page


def test_the_two_copies() -> None:
    """One is kept and one is given; they differ in nothing but the line that says which."""
    kept, given = said(RECEIPT, Copy.KEPT), said(RECEIPT, Copy.GIVEN)

    assert "Liên 1: Lưu tại đơn vị thu" in kept[0]
    assert [page.replace("Liên 1: Lưu tại đơn vị thu", MANDATORY["copy"]) for page in kept] == given


def test_a_check_can_be_read_without_a_reader_of_codes() -> None:
    """It stands below the code, where there is one."""
    assert "Mã kiểm tra: a3f09b1c77de0412" in said(CHECKED)[0]
    assert "Mã kiểm tra" not in said(RECEIPT)[0]


def test_a_cancelled_receipt_says_so() -> None:
    """The mark lies over it, and it names the number that stands in its place; that one names it back."""
    (cancelled,), (instead,) = said(CANCELLED), said(replace(RECEIPT, number=43, replaces=42))

    assert "ĐÃ HỦY" in cancelled
    assert "thay bằng biên lai số 0000043" in cancelled
    assert "ĐÃ HỦY" not in instead
    assert "Thay thế biên lai số 0000042" in instead


def test_every_page_of_a_cancelled_receipt_says_so() -> None:
    """A list that was torn off is marked as well."""
    assert all("ĐÃ HỦY" in page for page in said(replace(MANY, cancelled_by_number=43)))


@pytest.mark.parametrize("content, kinds", [(MANY, "Phí"), (LONG, "Phí, Lệ phí")], ids=["many fees", "a long name"])
def test_fees_that_do_not_fit_go_on_a_list(content: ReceiptContent, kinds: str) -> None:
    """The receipt stays whole on its page and points to the list, which names the receipt and every fee."""
    receipt, *attached = said(content)
    listed = " ".join(attached)

    assert f"1 Theo bảng kê kèm theo ({len(content.lines)} khoản) {kinds} " in receipt
    assert MANDATORY["signature and name of the collector"] in receipt
    assert "BẢNG KÊ CÁC KHOẢN THU Kèm theo biên lai mẫu số 01BLP0-001" in listed
    assert "ký hiệu 000.00.61.H48-26E, số 0000042, ngày 06 tháng 11 năm 2026" in listed
    assert all(f"{n} {line.name}" in listed for n, line in enumerate(content.lines, start=1))
    assert MANDATORY["signature and name of the collector"] in attached[-1]


def test_an_endless_word_stays_in_its_cell() -> None:
    """It is broken anywhere, so the amounts beside it stay legible: nothing is drawn in the right margin."""
    endless = replace(RECEIPT, lines=(ReceiptLine("W" * 90, FeeKind.PHI, 1_225_500),), payer="W" * 90)
    document = pypdfium2.PdfDocument(pdf(endless))
    try:
        text = document[0].get_textpage()
        margin = document[0].get_width() - 14 / 25.4 * 72
        assert max(text.get_charbox(place)[2] for place in range(text.count_chars())) <= margin + 1
    finally:
        document.close()


def test_the_same_receipt_is_the_same_bytes() -> None:
    """Whenever it is set again; another one is other bytes."""
    assert pdf(RECEIPT) == pdf(replace(RECEIPT))
    assert pdf(RECEIPT).startswith(b"%PDF-")
    assert png(RECEIPT, SCREEN) == png(replace(RECEIPT), SCREEN)
    assert pdf(RECEIPT) != pdf(replace(RECEIPT, number=43))
    assert pdf(RECEIPT) != pdf(RECEIPT, Copy.KEPT)


def test_it_is_dated_by_its_own_day() -> None:
    """Midnight in Việt Nam of the day on the receipt, never the instant at which somebody set it."""
    document = pypdfium2.PdfDocument(pdf(RECEIPT))
    try:
        assert document.get_metadata_dict()["CreationDate"] == "D:20261105170000Z"
    finally:
        document.close()


def test_another_process_sets_the_same_bytes(tmp_path: Path) -> None:
    """In another folder, another zone of time and with another seed of hashes."""
    made = "from tests.adapters.test_receipt_pdf import *; print(sha256(pdf(RECEIPT)).hexdigest())"
    root = str(Path(__file__).parents[2])
    settings = {**os.environ, "PYTHONPATH": root, "TZ": "America/New_York", "PYTHONHASHSEED": "7"}
    told = subprocess.run([sys.executable, "-c", made], cwd=tmp_path, env=settings, capture_output=True, text=True)

    assert told.stdout.strip() == sha256(pdf(RECEIPT)).hexdigest(), told.stderr


@pytest.mark.parametrize("name", ['#strong[x] $1$ "y" \\z', "<item> @ref *a* _b_", "= Tiêu đề", "Lê // Thị /* Hà"])
def test_a_name_is_never_markup(name: str) -> None:
    """Whatever somebody wrote into a form is set letter by letter."""
    assert f"Người nộp tiền: {name} Mã hồ sơ" in said(replace(RECEIPT, payer=name))[0]
