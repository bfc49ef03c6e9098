"""Owns the bill that the platform gives for a debit: a one-page PDF in plain letters."""

from __future__ import annotations

import unicodedata
from datetime import datetime

from deploy.partners.payment_ledger import Order
from deploy.partners.payment_messages import stamp


def bill(number: int, order: Order) -> bytes:
    """The PDF of that bill."""
    lines = (
        *("BIEN LAI THU TIEN PHI, LE PHI", f"So: {number:07}", f"Ma tham chieu: {order.reference}"),
        *(f"Noi dung: {order.note}", f"So tien: {order.debited} {order.currency}"),
        f"Giao dich: {order.transaction_id}, {stamp(datetime.fromisoformat(order.paid))}",
    )
    return _pdf([_plain(line) for line in lines])


def _plain(text: str) -> str:
    """The letters that every reader of PDF has: without marks, and without what would end a text in a PDF."""
    bare = unicodedata.normalize("NFD", text.replace("đ", "d").replace("Đ", "D"))
    return "".join(each for each in bare if each.isascii() and each.isprintable() and each not in "()\\")


def _pdf(lines: list[str]) -> bytes:
    shown = " T* ".join(f"({line}) Tj" for line in lines)
    content = f"BT /F1 12 Tf 18 TL 50 780 Td {shown} ET"
    objects = (
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R "
        "/Resources << /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >> >>",
        f"<< /Length {len(content)} >>\nstream\n{content}\nendstream",
    )
    body, places = "%PDF-1.4\n", []
    for number, each in enumerate(objects, start=1):
        places.append(f"{len(body):010} 00000 n \n")
        body += f"{number} 0 obj\n{each}\nendobj\n"
    count = len(objects) + 1
    table = f"xref\n0 {count}\n0000000000 65535 f \n{''.join(places)}"
    tail = f"trailer\n<< /Size {count} /Root 1 0 R >>\nstartxref\n{len(body)}\n%%EOF\n"
    return (body + table + tail).encode("ascii")
