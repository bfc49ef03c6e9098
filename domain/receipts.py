"""Owns what stands on an electronic receipt (biên lai điện tử), and the quarterly report on the use of a series.

Source: Circular 303/2016/TT-BTC. A receipt is never edited: a wrong one is cancelled, and the next number replaces it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from domain.errors import Invalid
from domain.fees import FeeKind
from domain.periods import Period, Span

TEMPLATE = "01BLP0-001"
"""The symbol of the template."""
MOST = 999_999_999_999
"""The largest amount that is put into words."""


class CancelReason(StrEnum):
    """Why a receipt is cancelled; the story of it is told elsewhere, sealed."""

    WRONG_PAYER = "wrong_payer"
    WRONG_FEE = "wrong_fee"
    WRONG_DATE = "wrong_date"
    WRONG_COLLECTOR = "wrong_collector"
    MISPRINT = "misprint"


def parse_reason(text: str) -> CancelReason:
    """Read a reason; Invalid for one that is not of the list."""
    try:
        return CancelReason(text)
    except ValueError:
        known = ", ".join(CancelReason)
        raise Invalid(
            "a receipt is not cancelled for this reason", field="reason", remedy=f"use one of: {known}"
        ) from None


@dataclass(frozen=True)
class Body:
    """Who collects: the name and the tax code of the office."""

    name: str
    tax_code: str

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[0-9]{10}(-[0-9]{3})?", self.tax_code):
            raise Invalid(
                "this is no tax code",
                field="tax_code",
                remedy="give the collecting office's own: ten figures, and -001 or the like for a branch",
            )


@dataclass(frozen=True)
class ReceiptLine:
    """One fee that was paid."""

    name: str
    kind: FeeKind
    amount: int


@dataclass(frozen=True)
class ReceiptContent:
    """Everything that the law wants on a receipt, ready to be set; its lines add up to its total."""

    series: str
    number: int
    body: Body
    payer: str
    lines: tuple[ReceiptLine, ...]
    total: int
    means: str
    day: date
    collector: str
    dossier_code: str
    cancelled_by_number: int | None = None
    replaces: int | None = None

    def __post_init__(self) -> None:
        if not self.lines or sum(line.amount for line in self.lines) != self.total:
            raise Invalid(
                "the fees of this receipt do not add up to its amount",
                field="lines",
                remedy="look at the payment: its lines have to be those of what was paid",
            )

    @property
    def title(self) -> str:
        """What kind of receipt it is, by the kinds of its fees."""
        kinds = frozenset(line.kind for line in self.lines)
        return _TITLES.get(kinds, "BIÊN LAI THU TIỀN")

    @property
    def numbered(self) -> str:
        """Its number in seven figures."""
        return spelled_number(self.number)

    @property
    def words(self) -> str:
        """The total in words, as a sentence begins."""
        words = in_words(self.total)
        return words[0].upper() + words[1:]

    @property
    def code(self) -> str:
        """What its QR code says: series, number, amount, dossier."""
        return f"{self.series}/{self.numbered}/{self.total}/{self.dossier_code}"


_TITLES = {
    frozenset({FeeKind.PHI}): "BIÊN LAI THU PHÍ",
    frozenset({FeeKind.LE_PHI}): "BIÊN LAI THU LỆ PHÍ",
    frozenset({FeeKind.PHI, FeeKind.LE_PHI}): "BIÊN LAI THU PHÍ, LỆ PHÍ",
    frozenset({FeeKind.PRICE}): "BIÊN LAI THU TIỀN DỊCH VỤ",
    frozenset({FeeKind.FINANCIAL_DUTY}): "BIÊN LAI THU NGHĨA VỤ TÀI CHÍNH",
}


def spelled_number(number: int) -> str:
    """Write a receipt's number in seven figures."""
    return f"{number:07d}"


_DIGITS = ("không", "một", "hai", "ba", "bốn", "năm", "sáu", "bảy", "tám", "chín")
_SCALES = ((10**9, "tỷ"), (10**6, "triệu"), (10**3, "nghìn"), (1, ""))


def in_words(amount: int) -> str:
    """Read an amount of đồng in Vietnamese; Invalid below zero and above `MOST`."""
    if not 0 <= amount <= MOST:
        raise Invalid("this amount is not put into words", field="amount", remedy=f"give 0 to {MOST} đồng")
    if amount == 0:
        return "không đồng"
    words: list[str] = []
    for scale, name in _SCALES:
        group = amount // scale % 1000
        if group:
            words += [*_group(group, leads=not words), name]
    return " ".join(filter(None, [*words, "đồng"]))


def _group(group: int, *, leads: bool) -> list[str]:
    """Three figures; only the group that leads may leave out its hundreds."""
    hundreds, tens, units = group // 100, group // 10 % 10, group % 10
    words = [] if leads and not hundreds else [_DIGITS[hundreds], "trăm"]
    if tens == 0:
        return words + ([] if not units else ["linh", _DIGITS[units]] if words else [_DIGITS[units]])
    words += ["mười"] if tens == 1 else [_DIGITS[tens], "mươi"]
    return words if not units else [*words, _unit(tens, units)]


def _unit(tens: int, units: int) -> str:
    """One after twenty and more is mốt, five after ten and more is lăm; four stays bốn, which is right everywhere."""
    if units == 1 and tens > 1:
        return "mốt"
    return "lăm" if units == 5 else _DIGITS[units]


@dataclass(frozen=True)
class Issued:
    """One number of a series: the day of its issue, and of its cancellation if there was one."""

    number: int
    on: date
    cancelled_on: date | None = None


@dataclass(frozen=True)
class Usage:
    """The report on a series in one quarter.

    An electronic series has no stock of printed forms: `opening` and `closing` are the numbers that stood next when
    the quarter began and ended. `gaps` are numbers below `closing` that nobody issued: there should be none.
    """

    quarter: Period
    due: date
    opening: int
    issued: tuple[int, ...]
    cancelled: tuple[int, ...]
    closing: int
    gaps: tuple[int, ...]


def usage(rows: Iterable[Issued], quarter: Period) -> Usage:
    """Report on the use of a series, all of whose numbers are given; Invalid for what is no quarter."""
    if quarter.span is not Span.QUARTER:
        raise Invalid("this is no quarter", field="quarter", remedy="give one such as 2026-Q4")
    known = sorted(rows, key=lambda row: row.number)
    until = [row for row in known if row.on < quarter.after]
    numbers = {row.number for row in known}
    closing = _next(until)
    return Usage(
        quarter=quarter,
        due=_due(quarter),
        opening=_next([row for row in until if row.on < quarter.first]),
        issued=tuple(row.number for row in until if row.on >= quarter.first),
        cancelled=tuple(row.number for row in known if row.cancelled_on and _within(row.cancelled_on, quarter)),
        closing=closing,
        gaps=tuple(number for number in range(1, closing) if number not in numbers),
    )


def _next(rows: list[Issued]) -> int:
    return rows[-1].number + 1 if rows else 1


def _within(day: date, quarter: Period) -> bool:
    return quarter.first <= day < quarter.after


def _due(quarter: Period) -> date:
    """By 30/4, 30/7, 30/10 and 30/1: the thirtieth of the month after the quarter."""
    return quarter.after.replace(day=30)
