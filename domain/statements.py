"""Owns how collected money is told: the split of each line, and totals that are sums of rows, in whole đồng.

A line is one fee of one payment, or of one payment that went back whole. Of a phí the collecting body keeps the
percentage of its row and the rest goes to the treasury; a lệ phí goes there wholly unless its row says otherwise
(Law on fees and charges 97/2015, Art. 12, 13); a price stays with whoever provides the service; a financial duty is
the treasury's. So for every line, and for every sum of lines, kept + treasury = amount.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from domain.errors import Invalid
from domain.fees import FeeKind
from domain.instants import civil_date
from domain.procedures import Channel


@dataclass(frozen=True)
class Share:
    """Where an amount goes."""

    kept: int
    treasury: int


def shared(kind: FeeKind, amount: int, kept_percent: int) -> Share:
    """Split one line: the collecting body's part in whole đồng, downward; the rest is the treasury's."""
    percent = {FeeKind.PRICE: 100, FeeKind.FINANCIAL_DUTY: 0}.get(kind, kept_percent)
    kept = amount * percent // 100
    return Share(kept, amount - kept)


class Movement(StrEnum):
    """Which way money went."""

    PAYMENT = "payment"
    REFUND = "refund"


@dataclass(frozen=True)
class Line:
    """One fee of one payment, or of one refund: what every total of fees is made of."""

    movement: Movement
    provider: str
    transaction: str
    position: int
    happened_at: datetime
    """When it was paid, or when the money was back."""
    unit: str
    channel: str
    means: str
    fee: str
    name: str
    kind: FeeKind
    amount: int
    kept_percent: int = 0

    @property
    def day(self) -> date:
        """The day in Việt Nam on which it counts."""
        return civil_date(self.happened_at)

    @property
    def share(self) -> Share:
        """Where its amount goes, or came from."""
        return shared(self.kind, self.amount, self.kept_percent)

    @property
    def debit(self) -> tuple[str, str]:
        """The payment that it is of, or that went back."""
        return self.provider, self.transaction


@dataclass(frozen=True)
class Total:
    """Money of fees: what came, what went back, and how the difference splits. Whole đồng; sums, never estimates."""

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

    @property
    def net(self) -> int:
        """What was collected, less what went back; below 0 where more went back than came in this period."""
        return self.collected - self.refunded

    @property
    def is_sound(self) -> bool:
        """Whether it adds up both ways: by kind of fee, and by where it goes."""
        kinds = self.phi + self.le_phi + self.price + self.financial_duty
        return self.net == kinds == self.kept + self.treasury

    def __add__(self, other: Total) -> Total:
        """The total of both, for rows that share no payment."""
        return Total(*(mine + yours for mine, yours in zip(_values(self), _values(other), strict=True)))


@dataclass(frozen=True)
class Surplus:
    """Money that no dossier could use. It is never part of a fee: it goes back, and until then it is held."""

    received: int = 0
    received_amount: int = 0
    returned: int = 0
    returned_amount: int = 0
    held: int = 0
    """At the end of the period, whenever it came."""
    held_amount: int = 0


class What(StrEnum):
    """Which money is looked at."""

    FEES = "fees"
    SURPLUS = "surplus"  # money that no dossier could use, coming and going back
    HELD = "held"  # what of it is still here at the end of the period, whenever it came


class Way(StrEnum):
    """How money came: by a provider of electronic payment, or by a means of the counter."""

    PLATFORM = "platform"
    VNPAY = "vnpay"
    CASH = "cash"
    TRANSFER = "transfer"
    CARD = "card"
    POST = "post"


@dataclass(frozen=True)
class Filters:
    """Which part of the money is told; None is all of it."""

    unit: str | None = None
    fee: str | None = None
    kind: FeeKind | None = None
    channel: Channel | None = None
    means: Way | None = None


class By(StrEnum):
    """What a statement is divided by."""

    UNIT = "unit"
    FEE = "fee"
    CHANNEL = "channel"
    MEANS = "means"
    DAY = "day"


def parse_by(text: str) -> tuple[By, ...]:
    """Read what a statement is to be divided by: names with commas, each once; Invalid for anything else."""
    try:
        return tuple(dict.fromkeys(By(each.strip()) for each in text.split(",")))
    except ValueError:
        raise Invalid(
            "a statement cannot be divided by this", field="by", remedy=f"use one or more of: {', '.join(By)}"
        ) from None


Key = tuple[str, ...]
"""Where a line belongs: the unit, the code and kind of the fee, the channel, the means, the day, as was asked."""

_KEYS: dict[By, Callable[[Line], Key]] = {
    By.UNIT: lambda line: (line.unit,),
    By.FEE: lambda line: (line.fee, line.kind),
    By.CHANNEL: lambda line: (line.channel,),
    By.MEANS: lambda line: (line.means,),
    By.DAY: lambda line: (line.day.isoformat(),),
}


def key_of(line: Line, by: Iterable[By]) -> Key:
    """Where a line belongs when a statement is divided by these, in this order."""
    return tuple(part for each in by for part in _KEYS[each](line))


class Tally:
    """Adds lines up by where they belong; a payment with several lines counts once wherever it belongs."""

    def __init__(self, by: Iterable[By] = ()) -> None:
        self._by = tuple(by)
        self._sums: dict[Key, dict[str, int]] = {}
        self._counted: dict[Key, set[tuple[Movement, str, str]]] = {}

    def add(self, line: Line) -> None:
        """Take one more line in; each comes once."""
        key = key_of(line, self._by)
        sums = self._sums.setdefault(key, dict.fromkeys(_AMOUNTS, 0))
        self._counted.setdefault(key, set()).add((line.movement, *line.debit))
        share, sign = line.share, 1 if line.movement is Movement.PAYMENT else -1
        sums["collected" if sign > 0 else "refunded"] += line.amount
        for name, amount in ((str(line.kind), line.amount), ("kept", share.kept), ("treasury", share.treasury)):
            sums[name] += sign * amount

    def totals(self) -> dict[Key, Total]:
        """The totals so far, in the order of their keys."""
        return {key: self._total(key) for key in sorted(self._sums)}

    def _total(self, key: Key) -> Total:
        counted = [movement for movement, *_ in self._counted[key]]
        payments = counted.count(Movement.PAYMENT)
        return Total(payments=payments, refunds=len(counted) - payments, **self._sums[key])


_AMOUNTS = ("collected", "refunded", *(str(kind) for kind in FeeKind), "kept", "treasury")


def total_of(lines: Iterable[Line]) -> Total:
    """The sum of some lines."""
    tally = Tally()
    for line in lines:
        tally.add(line)
    return tally.totals().get((), Total())


def _values(total: Total) -> tuple[int, ...]:
    return tuple(getattr(total, name) for name in Total.__dataclass_fields__)
