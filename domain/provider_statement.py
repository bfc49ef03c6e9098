"""Owns a provider's statement of one day (sao kê): what a line of it may say, and how its text is read.

A statement is believed whole or refused whole: a line that cannot be right leaves none of the others to stand on. A
refusal names the line and the remedy, and repeats nothing of what stood there.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from domain.errors import Invalid
from domain.instants import VIETNAM, local
from domain.payments import Provider
from domain.periods import Span, period_with

COLUMNS = ("transaction", "reference", "kind", "amount", "currency", "instant")
CUT_OFF = timedelta(minutes=30)
"""So near to midnight two books may put one movement on two days."""
CURRENCIES = frozenset({"VND", "USD", "EUR", "GBP", "JPY", "CNY", "KRW", "THB", "LAK", "KHR", "SGD", "AUD"})
"""What a provider may tell of; any but VND is a difference, any other word no currency that we know."""
MOST_LINES = 100_000

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,63}")
_AMOUNT = re.compile(r"[1-9][0-9]{0,14}")
_STAMP = re.compile(r"[0-9]{14}")
_SEEN = re.compile(r"[+-]?[0-9]+([.,][0-9]+)?")


class LineKind(StrEnum):
    """Which way the money went."""

    DEBIT = "debit"  # from a payer to us, under the order's reference
    REFUND = "refund"  # from us to a payer


@dataclass(frozen=True)
class StatementLine:
    """One movement as the provider tells it.

    Of a refund, the platform names the debit given back and the refund's own reference, VNPAY a transaction of the
    refund's own and the reference of the order.
    """

    provider: Provider
    transaction: str
    reference: str
    kind: LineKind
    amount: int
    currency: str
    at: datetime


def read_csv(provider: Provider, day: date, content: bytes) -> tuple[StatementLine, ...]:
    """Read a statement with its header; the header says what the cells are parted by. Raises Invalid."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _refused(1, "is not UTF-8", "save the file as CSV in UTF-8") from None
    header, *rows = text.splitlines() or [""]
    separator = next((each for each in (";", ",") if header == each.join(COLUMNS)), None)
    if separator is None:
        raise _refused(1, "is not the header of a statement", f"begin with {';'.join(COLUMNS)}")
    return read_lines(provider, day, rows, separator=separator, first=2)


def read_lines(
    provider: Provider, day: date, rows: Iterable[str], *, separator: str = ";", first: int = 1
) -> tuple[StatementLine, ...]:
    """Read the lines of a day, the first of them numbered so; in the order of their instants. Raises Invalid."""
    found: dict[tuple[LineKind, str], StatementLine] = {}
    for number, row in enumerate(rows, first):
        if number - first >= MOST_LINES:
            raise _refused(number, "is one too many", f"give at most {MOST_LINES} lines, of one day")
        line = _line(provider, day, number, row.split(separator))
        if (key := (line.kind, line.transaction)) in found:
            raise _refused(number, "tells of a transaction twice", "have each movement stand once")
        found[key] = line
    return tuple(sorted(found.values(), key=lambda line: (line.at, line.kind, line.transaction)))


def digest_of(lines: Iterable[StatementLine]) -> str:
    """What makes two statements the same: their lines, in whatever order and form they were sent."""
    return hashlib.sha256("\n".join(sorted(_spelled(lines))).encode()).hexdigest()


def _spelled(lines: Iterable[StatementLine]) -> Iterator[str]:
    for line in lines:
        at = local(line.at).strftime("%Y%m%d%H%M%S")
        yield ";".join((line.transaction, line.reference, line.kind, str(line.amount), line.currency, at))


def _line(provider: Provider, day: date, number: int, cells: list[str]) -> StatementLine:
    if len(cells) != len(COLUMNS):
        raise _refused(number, f"has {len(cells)} cells instead of {len(COLUMNS)}", f"write {';'.join(COLUMNS)}")
    transaction, reference, kind, amount, currency, instant = cells
    for name, text in (("transaction", transaction), ("reference", reference)):
        if not _NAME.fullmatch(text):
            raise _refused(number, f"has no {name}", f"{name}: up to 64 letters, figures and . _ : / -")
    if kind not in tuple(LineKind):
        raise _refused(number, "is neither debit nor refund", "kind: debit or refund")
    if currency not in CURRENCIES:
        raise _refused(number, "is in an unknown currency", "currency: VND, or another code of ISO 4217 that is known")
    whole = _amount(number, amount)
    return StatementLine(
        provider, transaction, reference, LineKind(kind), whole, currency, _instant(number, day, instant)
    )


def _amount(number: int, text: str) -> int:
    if _AMOUNT.fullmatch(text):
        return int(text)
    remedy = "amount: whole đồng above 0, without separators, at most fifteen figures"
    if not _SEEN.fullmatch(text):
        raise _refused(number, "has no amount", remedy)
    fault = "negative" if text.startswith("-") else "fractional" if {".", ","} & set(text) else "nothing or too much"
    raise _refused(number, f"has an amount that is {fault}", remedy)


def _instant(number: int, day: date, text: str) -> datetime:
    try:
        if not _STAMP.fullmatch(text):
            raise ValueError(text)
        instant = datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=VIETNAM)
    except ValueError:
        raise _refused(number, "has no instant", "instant: yyyyMMddHHmmss on Việt Nam's clock") from None
    civil = period_with(day, Span.DAY)
    if not civil.begins - CUT_OFF <= instant < civil.ends + CUT_OFF:
        raise _refused(number, f"is not of {day.isoformat()}", "give the statement of the day that is asked for")
    return instant


def _refused(number: int, what: str, remedy: str) -> Invalid:
    return Invalid(
        f"line {number} of the statement {what}; the whole statement is refused, and nothing was moved",
        field=f"line {number}",
        remedy=remedy,
    )
