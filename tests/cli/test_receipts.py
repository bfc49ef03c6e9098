"""Receipts on the command line against the running product: set on paper, cancelled and replaced, reported."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from uuid import uuid4

import pypdfium2
import pytest
import zxingcpp

from deploy.embedded.stack import Stack
from domain.instants import civil_date
from domain.periods import Span, period_with
from tests.cli.test_bad_input import motcua
from tests.cli.test_money import asked
from tests.office import COMMUNE, Office

NOWHERE = ("receipt", "pdf", "no-such-series", "1", "--tax-code", "4000123456", "--out")


def test_a_wrong_receipt_is_replaced(stack: Stack, office: Office, tmp_path: Path) -> None:
    """Cash is taken, its receipt set on paper, cancelled, and replaced by the next number; the report tells both."""
    dossier, officer = office.submit(), f"CB-{uuid4().hex[:8]}"
    office.do(dossier, "accept")
    pay = ("--unit", COMMUNE, "--officer", officer, "--data", '{"amount": 100000, "means": "cash"}')
    asked(stack, "command", dossier, "pay", *pay)
    (paid,) = asked(stack, "payment", "show", dossier)["payments"]
    series, number = paid["receipt"]["series"], paid["receipt"]["number"]

    named = (series, f"{number:07d}")
    paper = ("--tax-code", "4000123456", "--out", str(tmp_path / "slip.pdf"))
    done = motcua(stack, "receipt", "pdf", *named, *paper)
    assert done.returncode == 0, done.stderr
    (code,) = _codes_on(tmp_path / "slip.pdf")
    verified = asked(stack, "receipt", "verify", code)
    assert (verified["series"], verified["number"], verified["amount"]) == (series, number, 100_000)
    assert (verified["standing"], verified["replaced_by"]) == ("in_force", None)
    forged = motcua(stack, "receipt", "verify", code.replace("/100000/", "/900000/"))
    assert (forged.returncode, "field: CODE\n" in forged.stderr) == (1, True)
    assert "not made here" in forged.stderr

    told = asked(stack, "receipt", "cancel", *named, "--reason", "misprint", "--officer", officer)
    assert (told["cancelled"], told["number"] > number) == (number, True)
    again = motcua(stack, "receipt", "cancel", *named, "--reason", "misprint", "--officer", officer)
    assert (again.returncode, "field: NUMBER\n" in again.stderr) == (1, True)
    (paid,) = asked(stack, "payment", "show", dossier)["payments"]
    assert paid["receipt"] == {"series": series, "number": told["number"]}
    verified = asked(stack, "receipt", "verify", code)
    assert (verified["standing"], verified["replaced_by"]) == ("cancelled", told["number"])

    quarter = period_with(civil_date(datetime.now().astimezone()), Span.QUARTER).name
    report = asked(stack, "receipt", "usage", "--series", series, "--quarter", quarter)
    assert number in report["cancelled"]
    assert {number, told["number"]} <= set(report["issued"])
    assert (report["quarter"], report["gaps"]) == (quarter, [])
    assert "gaps       0\n" in motcua(stack, "receipt", "usage", "--series", series, "--quarter", quarter).stdout


def _codes_on(file: Path) -> list[str]:
    """What the codes on the first page say, as a telephone reads them."""
    document = pypdfium2.PdfDocument(file)
    try:
        page = document[0].render(scale=3, grayscale=True)
        pixels, width, height, stride = bytes(page.buffer), page.width, page.height, page.stride
    finally:
        document.close()
    picture = zxingcpp.ImageView(memoryview(pixels), width, height, zxingcpp.ImageFormat.Lum, stride)
    return [found.text for found in zxingcpp.read_barcodes(picture, formats=zxingcpp.BarcodeFormat.QRCode)]


@pytest.mark.parametrize(
    "arguments, field, remedy",
    [
        ((*NOWHERE, "slip.pdf"), "NUMBER", "motcua payment show"),
        (("receipt", "verify", "S/1"), "CODE", "what its QR code says"),
        (("receipt", "cancel", "S", "1", "--reason", "rain", "--officer", "x"), "--reason", "use one of: wrong_payer"),
        (("receipt", "usage", "--series", "S", "--quarter", "2026-Q4"), "--series", "as it stands on a receipt"),
        (("receipt", "usage", "--series", "S", "--quarter", "Q4"), "--quarter", "2026-Q4"),
    ],
)
def test_bad_input(stack: Stack, arguments: tuple[str, ...], field: str, remedy: str) -> None:
    """A message that names the option and what would mend it."""
    done = motcua(stack, *arguments)

    assert done.returncode == 1
    assert f"field: {field}\n" in done.stderr
    assert remedy in done.stderr
