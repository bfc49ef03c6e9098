"""Owns what stands on an electronic receipt (biên lai điện tử), and the quarterly report on the use of a series.

Source: Circular 303/2016/TT-BTC. A receipt is never edited: a wrong one is cancelled, and the next number replaces it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from domain.codes import CodesExhausted
from domain.errors import Invalid
from domain.fees import FeeKind
from domain.periods import Period, Span

TEMPLATE = "01BLP0-001"
"""The symbol of the template."""
MOST = 999_999_999_999
"""The largest amount that is put into words."""
LAST = 9_999_999
"""The last number of a series: seven figures hold no more."""


class Copy(StrEnum):
    """Which of the two copies (liên) of a receipt is set."""

    KEPT = "kept"
    GIVEN = "given"


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


def is_tax_code(text: str) -> bool:
    """Whether this can be the tax code of an office, or of a branch (Circular 86/2024/TT-BTC)."""
    return re.fullmatch(r"[0-9]{10}(-[0-9]{3})?", text) is not None


@dataclass(frozen=True)
class Body:
    """Who collects: the name and the tax code of the office."""

    name: str
    tax_code: str

    def __post_init__(self) -> None:
        _require_filled(self.name, "body")
        if not is_tax_code(self.tax_code):
            raise Invalid(
                "this is no tax code",
                field="tax_code",
                remedy="give the office's own (ten figures, -001 for a branch), or write it into the catalogue",
            )


@dataclass(frozen=True)
class ReceiptLine:
    """One fee that was paid."""

    name: str
    kind: FeeKind
    amount: int

    def __post_init__(self) -> None:
        _require_filled(self.name, "lines")
        if type(self.amount) is not int or self.amount < 1:
            raise Invalid("a fee on a receipt is whole đồng, at least one", field="lines", remedy="look at the payment")


@dataclass(frozen=True)
class ReceiptContent:
    """Everything that the law wants on a receipt, ready to be set; Invalid names the field that is missing or wrong.

    The circular asks for: the name of its type (`title`), the symbols of template (`TEMPLATE`) and series, the number,
    the copies (`Copy`), name and tax code of who collects (`body`), the fees with their amounts (`lines`, `total`,
    `words`), the date (`day`) and who took the money (`collector`). Payer, means and dossier are ours besides.
    """

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
    check: str | None = None

    def __post_init__(self) -> None:
        for field in ("payer", "means", "collector", "dossier_code"):
            _require_filled(getattr(self, field), field)
        self._require_symbols()
        if not self.lines or sum(line.amount for line in self.lines) != self.total:
            raise Invalid(
                "the fees of this receipt do not add up to its amount",
                field="lines",
                remedy="look at the payment: its lines have to be those of what was paid",
            )
        in_words(self.total)  # refuses what cannot be written out

    def _require_symbols(self) -> None:
        """No slash in the series, because the code of a receipt is divided by slashes."""
        if not re.fullmatch(r"[^/\s]+-[0-9]{2}E", self.series):
            raise Invalid("this is no series", field="series", remedy="name the series of a unit and year: UNIT-26E")
        if not 1 <= self.number <= LAST:
            raise Invalid("this number stands on no receipt", field="number", remedy=f"give 1 to {LAST}")
        if self.check is not None and not re.fullmatch(r"[0-9a-f]{8,64}", self.check):
            raise Invalid("this is no check", field="check", remedy="give 8 to 64 of the digits 0-9 and a-f")

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
    def identity(self) -> str:
        """Series, number, amount, dossier: what a keyed check is made over."""
        return f"{self.series}/{self.numbered}/{self.total}/{self.dossier_code}"

    @property
    def code(self) -> str:
        """What its QR code says: its identity, and its check where one was made."""
        return self.identity if self.check is None else f"{self.identity}/{self.check}"


@dataclass(frozen=True)
class ReceiptCode:
    """What the QR code of a receipt says: what its check was made over, and the check."""

    series: str
    number: int
    amount: int
    dossier: str
    identity: str
    check: str


def parse_code(text: str) -> ReceiptCode:
    """Read the code of a receipt; Invalid for what is none, or has no check."""
    found = _CODE.fullmatch(text.strip())
    if found is None:
        raise Invalid(
            "this is no code of a receipt",
            field="code",
            remedy="give what its QR code says: series, number, amount, dossier and check, divided by slashes",
        )
    return ReceiptCode(
        series=found["series"],
        number=int(found["number"]),
        amount=int(found["amount"]),
        dossier=found["dossier"],
        identity=found["identity"],
        check=found["check"],
    )


_CODE = re.compile(
    r"(?P<identity>(?P<series>[^/\s]+-[0-9]{2}E)/(?P<number>[0-9]{7})/(?P<amount>[0-9]{1,12})/(?P<dossier>[^/\s]+))"
    r"/(?P<check>[0-9a-f]{8,64})"
)


def _require_filled(text: str, field: str) -> None:
    if not text.strip():
        raise Invalid(
            f"a receipt without its {field} is incomplete", field=field, remedy="fill it in before the receipt is set"
        )


_TITLES = {
    frozenset({FeeKind.PHI}): "BIÊN LAI THU PHÍ",
    frozenset({FeeKind.LE_PHI}): "BIÊN LAI THU LỆ PHÍ",
    frozenset({FeeKind.PHI, FeeKind.LE_PHI}): "BIÊN LAI THU PHÍ, LỆ PHÍ",
    frozenset({FeeKind.PRICE}): "BIÊN LAI THU TIỀN DỊCH VỤ",
    frozenset({FeeKind.FINANCIAL_DUTY}): "BIÊN LAI THU NGHĨA VỤ TÀI CHÍNH",
}


def issuable(series: str, number: int) -> int:
    """Let a number pass that the counter of a series gave; CodesExhausted after the last one."""
    if number > LAST:
        raise CodesExhausted(
            f"series {series} has issued all its {LAST} receipts",
            field="series",
            remedy="have a further series opened for the unit and year: the number has seven figures",
        )
    return number


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
