"""The quarter of the news article, invented payment by payment from a seed, with its sums added up here, by hand.

In the first quarter of 2024 the province took more than 17 billion đồng in nearly 50,000 online payments, 7,529 of
them, of nearly 11 billion, at the provincial Centre (the article). Which fees they were for is not told: units and
procedures are those of the catalogue of that time, amounts and lines are invented, odd to the đồng on purpose, so that
every rounding shows. Beside the payments come those of the nights before and after, second successes that no dossier
can use, and refunds within and after the quarter. Nothing here knows how statements are made.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

PAYMENTS, DONG = 50_000, 17_040_000_000
CENTRE_PAYMENTS, CENTRE_DONG = 7_529, 10_990_000_000
HERE = timezone(timedelta(hours=7))
BEGINS, ENDS = datetime(2024, 1, 1, tzinfo=HERE), datetime(2024, 4, 1, tzinfo=HERE)
SECOND = timedelta(seconds=1)

Place = tuple[str, str, str]
"""Unit, procedure, and a component that it cannot be filed without."""
CENTRE: tuple[Place, ...] = (
    ("000.00.01.H48", "2.001610", "000.00.00.G05-KQ3233"),
    ("000.00.01.H48", "1.000703", "giay-de-nghi nguoi-dieu-hanh"),
    ("000.00.01.H48", "2.000488", "mau-03"),
)
ELSEWHERE: tuple[Place, ...] = (
    ("000.02.15.H48", "1.011441", "mau-01a hop-dong-bao-dam giay-chung-nhan"),
    ("000.00.53.H48", "1.001612", "giay-de-nghi"),
    ("000.21.53.H48", "2.000635", "000.00.00.G15-KQ003037"),
    ("000.21.53.H48", "1.004873", "000.00.00.G15-KQ003448"),
)
CHANNELS = ("online",) * 17 + ("counter",) * 2 + ("post",)
FEES = {
    "PHI-TDDD": ("Phí thẩm định hồ sơ", "phi", 70),
    "PHI-GDBD": ("Phí đăng ký biện pháp bảo đảm", "phi", 85),
    "PHI-CBDN": ("Phí công bố nội dung", "phi", 100),
    "LP-CAP": ("Lệ phí cấp giấy", "le_phi", 0),
    "GIA-BD": ("Giá trích đo", "price", 0),
    "NVTC": ("Tiền theo thông báo thuế", "financial_duty", 0),
}


@dataclass(frozen=True)
class Line:
    """One fee of one payment."""

    code: str
    amount: int

    @property
    def kind(self) -> str:
        """phi, le_phi, price or financial_duty."""
        return FEES[self.code][1]

    @property
    def kept(self) -> int:
        """What stays with the collecting body, in whole đồng."""
        if self.kind == "price":
            return self.amount
        return self.amount * FEES[self.code][2] // 100


@dataclass(frozen=True)
class Debit:
    """One dossier with the payment of its fee and, for some, a second one; instants are None where it never was."""

    number: int
    place: Place
    channel: str
    paid_at: datetime
    lines: tuple[Line, ...]
    repeated: bool = False
    """Its call-back comes twice."""
    refunded_at: datetime | None = None
    second_at: datetime | None = None
    second_back_at: datetime | None = None

    @property
    def amount(self) -> int:
        """The whole fee."""
        return sum(line.amount for line in self.lines)


@dataclass
class Sum:
    """What the statements should say."""

    payments: int = 0
    collected: int = 0
    refunds: int = 0
    refunded: int = 0
    phi: int = 0
    le_phi: int = 0
    price: int = 0
    financial_duty: int = 0
    kept: int = 0
    treasury: int = 0

    def take(self, amount: int, lines: tuple[Line, ...], sign: int) -> None:
        """Count one payment, or one refund for -1."""
        if sign > 0:
            self.payments, self.collected = self.payments + 1, self.collected + amount
        else:
            self.refunds, self.refunded = self.refunds + 1, self.refunded + amount
        for line in lines:
            setattr(self, line.kind, getattr(self, line.kind) + sign * line.amount)
            self.kept += sign * line.kept
            self.treasury += sign * (line.amount - line.kept)


def plan(payments: int, seed: int) -> list[Debit]:
    """Invent so many payments within the quarter, and some around it, in the order in which they were paid."""
    chance = random.Random(seed)
    centre = round(CENTRE_PAYMENTS * payments / PAYMENTS)
    amounts = [
        *_amounts(chance, centre, CENTRE_DONG * payments // PAYMENTS),
        *_amounts(chance, payments - centre, (DONG - CENTRE_DONG) * payments // PAYMENTS),
    ]
    debits = [
        _debit(chance, number, CENTRE if number < centre else ELSEWHERE, amount, _instant(chance))
        for number, amount in enumerate(amounts)
    ]
    for place in range(max(1, payments // 5_000)):  # the first instant counts, the last one does not
        for back, edge in enumerate((BEGINS, ENDS - SECOND), 1 + 2 * place):
            last = payments - back
            debits[last] = _debit(chance, last, ELSEWHERE, debits[last].amount, edge)
        for edge in (BEGINS - SECOND, ENDS):
            debits.append(_debit(chance, len(debits), CENTRE, 1_234_567, edge))
    return sorted(debits, key=lambda debit: (debit.paid_at, debit.number))


def sums(debits: list[Debit], key: Callable[[Debit, datetime], str]) -> dict[str, Sum]:
    """Add up what came and went within the quarter, divided by a key of each debit and the instant that counts."""
    found: defaultdict[str, Sum] = defaultdict(Sum)
    for debit in debits:
        for at, sign in _movements(debit):
            found[key(debit, at)].take(debit.amount, debit.lines, sign)
    return dict(found)


def sums_by_fee(debits: list[Debit]) -> dict[str, Sum]:
    """The same for each fee: a payment counts in each of its fees."""
    found: defaultdict[str, Sum] = defaultdict(Sum)
    for debit in debits:
        for at_sign in _movements(debit):
            for line in debit.lines:
                found[line.code].take(line.amount, (line,), at_sign[1])
    return dict(found)


def surplus(debits: list[Debit]) -> dict[str, int]:
    """What came twice within the quarter, what of it went back, and what is held at its end."""
    came = [each for each in debits if each.second_at and BEGINS <= each.second_at < ENDS]
    back = [each for each in debits if each.second_back_at and BEGINS <= each.second_back_at < ENDS]
    held = [each for each in debits if each.second_at and each.second_at < ENDS and each not in back]
    pairs = {"received": came, "returned": back, "held": held}
    counts = {name: len(each) for name, each in pairs.items()}
    return counts | {f"{name}_amount": sum(one.amount for one in each) for name, each in pairs.items()}


def _movements(debit: Debit) -> Iterator[tuple[datetime, int]]:
    if BEGINS <= debit.paid_at < ENDS:
        yield debit.paid_at, 1
    if debit.refunded_at is not None and BEGINS <= debit.refunded_at < ENDS:
        yield debit.refunded_at, -1


def _amounts(chance: random.Random, count: int, total: int) -> list[int]:
    """So many amounts, unequal and odd, that are the total to the đồng."""
    weights = [chance.lognormvariate(0, 0.8) for _ in range(count)]
    scale = (total - 1_000 * count) / sum(weights)
    found = [1_000 + int(weight * scale) for weight in weights]
    found[0] += total - sum(found)
    return found


def _debit(chance: random.Random, number: int, places: tuple[Place, ...], amount: int, paid_at: datetime) -> Debit:
    fate = chance.random()
    second_at = paid_at + timedelta(minutes=chance.randrange(1, 90)) if fate < 0.01 else None
    return Debit(
        number=number,
        place=chance.choice(places),
        channel=chance.choice(CHANNELS),
        paid_at=paid_at,
        lines=_lines(chance, amount),
        repeated=0.01 <= fate < 0.03,
        refunded_at=paid_at + timedelta(days=chance.randrange(1, 30)) if 0.03 <= fate < 0.04 else None,
        second_at=second_at,
        second_back_at=second_at + timedelta(days=chance.randrange(1, 40)) if second_at and fate < 0.008 else None,
    )


def _lines(chance: random.Random, amount: int) -> tuple[Line, ...]:
    codes = chance.sample(sorted(FEES), chance.choice((1, 1, 2, 3)))
    cuts = sorted(chance.sample(range(1, amount), len(codes) - 1))
    return tuple(Line(code, upto - start) for code, start, upto in zip(codes, [0, *cuts], [*cuts, amount], strict=True))


def _instant(chance: random.Random) -> datetime:
    """Mostly by day and on working days; people pay at night as well."""
    while True:
        at = BEGINS + timedelta(seconds=chance.randrange(int((ENDS - BEGINS).total_seconds())))
        if (at.weekday() < 5 and 7 <= at.hour < 18) or chance.random() < 0.15:
            return at
