"""Sets a receipt on paper: PDF and PNG out of its content, the same bytes for the same content on every machine.

The letters are those inside the typesetter, so nothing depends on what fonts are installed. Fees that do not fit on the
one page of the receipt go on a list that is attached to it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import time
from pathlib import Path
from typing import Any

import segno
import typst

from domain.fees import FeeKind
from domain.instants import at
from domain.receipts import TEMPLATE, Copy, ReceiptContent, spelled_number

_TEMPLATE = Path(__file__).parent / "templates" / "receipt.typ"
_KINDS = {
    FeeKind.PHI: "Phí",
    FeeKind.LE_PHI: "Lệ phí",
    FeeKind.PRICE: "Giá dịch vụ",
    FeeKind.FINANCIAL_DUTY: "Nghĩa vụ tài chính",
}
_COPIES = {Copy.KEPT: "Liên 1: Lưu tại đơn vị thu", Copy.GIVEN: "Liên 2: Giao người nộp tiền"}


def pdf(content: ReceiptContent, copy: Copy = Copy.GIVEN) -> bytes:
    """Set a copy of a receipt as a PDF, dated by the receipt's own day."""
    (made,) = _pages(_compiler(content, copy).compile(format="pdf", timestamp=at(content.day, time())))
    return made


def png(content: ReceiptContent, dots_per_inch: int = 200, copy: Copy = Copy.GIVEN) -> tuple[bytes, ...]:
    """Draw a copy of a receipt: one page, and those of the list where its fees do not fit on it."""
    return _pages(_compiler(content, copy).compile(format="png", ppi=dots_per_inch))


def _compiler(content: ReceiptContent, copy: Copy) -> typst.Compiler:
    given = {"content": json.dumps(_given(content, copy), ensure_ascii=False)}
    return typst.Compiler(_TEMPLATE.read_bytes(), ignore_system_fonts=True, sys_inputs=given)


def _pages(made: bytes | Iterable[bytes] | None) -> tuple[bytes, ...]:
    assert made is not None  # nothing is written to a file
    return (made,) if isinstance(made, bytes) else tuple(made)


def _given(content: ReceiptContent, copy: Copy) -> dict[str, Any]:
    return {
        "title": content.title,
        "template": TEMPLATE,
        "copy": _COPIES[copy],
        "series": content.series,
        "number": content.numbered,
        "body": content.body.name,
        "tax_code": content.body.tax_code,
        "payer": content.payer,
        "dossier": content.dossier_code,
        "means": content.means,
        "lines": [
            {"name": line.name, "kind": _KINDS[line.kind], "amount": _dotted(line.amount)} for line in content.lines
        ],
        "total": _dotted(content.total),
        "words": content.words,
        "day": [f"{content.day.year:04d}", f"{content.day.month:02d}", f"{content.day.day:02d}"],
        "collector": content.collector,
        "replaces": _number(content.replaces),
        "cancelled": _number(content.cancelled_by_number),
        "code": content.code,
        "check": content.check,
        "qr": segno.make(content.code, error="m", micro=False).svg_inline(border=4, light="white"),
    }


def _number(number: int | None) -> str | None:
    return None if number is None else spelled_number(number)


def _dotted(amount: int) -> str:
    return f"{amount:,}".replace(",", ".")
