"""Owns what a dossier costs: listed price, exemption, then the online cut, in integer đồng.

The order: find the row; exempt; cut only those fees of the provincial council that the resolution lists;
round. Quantity fees are cut on the unit and then multiplied. A row with a listed price for each channel is
never cut again. Sources: Law on fees and charges 97/2015 Art. 3, 10; Resolution 11/2022/NQ-HĐND Art. 2.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from domain.decisions import ReductionRow
from domain.errors import Invalid
from domain.procedures import Channel
from domain.validity import in_force


class FeeKind(StrEnum):
    """What an amount is in law: the four go to different accounts and receipts."""

    PHI = "phi"  # phí: covers the cost of a public service
    LE_PHI = "le_phi"  # lệ phí: a fixed charge for an act of the state
    PRICE = "price"  # giá dịch vụ
    FINANCIAL_DUTY = "financial_duty"  # nghĩa vụ tài chính


class Per(StrEnum):
    """What the listed amount is for."""

    DOSSIER = "dossier"
    PAGE = "page"
    COPY = "copy"
    PERSON = "person"


class SetBy(StrEnum):
    """Who fixed the amount; the council's resolution can cut only the council's own."""

    COUNCIL = "council"
    MINISTRY = "ministry"


class Rounding(StrEnum):
    """How a cut unit price is rounded. The resolution is not known to say, so each row does."""

    NONE = "none"  # to whole đồng, downward
    HALF_UP_1000 = "half_up_1000"
    DOWN_1000 = "down_1000"


class ExemptionKind(StrEnum):
    """The groups of Law 97/2015 Art. 10, as the records name them."""

    CHILD = "child"
    POOR_HOUSEHOLD = "poor_household"
    ELDERLY = "elderly"
    DISABILITY = "disability"
    MERIT = "merit"
    ETHNIC_MINORITY = "ethnic_minority"
    STUDENT = "student"


@dataclass(frozen=True)
class ChannelPrice:
    """A price that the fee table itself lists for one channel."""

    channel: Channel
    amount: int


@dataclass(frozen=True)
class Tier:
    """The price of each page, copy or person up to and including the `up_to`-th; the last tier is open."""

    amount: int
    up_to: int | None = None


@dataclass(frozen=True)
class Relief:
    """How much of a row one group does not pay, in percent, and by which text."""

    kind: ExemptionKind
    basis: str
    percent: int = 100


@dataclass(frozen=True)
class FeeRow:
    """One fee during one stretch of its validity. `case` limits it to one case of the procedure."""

    code: str
    name: str
    kind: FeeKind
    amount: int
    per: Per
    set_by: SetBy
    basis: str
    valid_from: date
    valid_to: date | None = None
    case: str | None = None
    by_channel: tuple[ChannelPrice, ...] = ()
    tiers: tuple[Tier, ...] = ()
    cap: int | None = None
    rounding: Rounding = Rounding.NONE
    reliefs: tuple[Relief, ...] = ()
    certain: bool = True
    note: str = ""
    version: str = ""


@dataclass(frozen=True)
class Exemption:
    """What an applicant claims; `evidence` names the paper or register that proves it."""

    kind: ExemptionKind
    evidence: str = ""


@dataclass(frozen=True)
class FeeLine:
    """One fee of one dossier: listed = exempted + reduced + due, all in đồng."""

    code: str
    name: str
    kind: FeeKind
    listed: int
    exempted: int
    reduced: int
    due: int
    basis: tuple[str, ...]


@dataclass(frozen=True)
class Assessment:
    """All fees of one dossier; `total` is the sum of what is due."""

    lines: tuple[FeeLine, ...]
    total: int


def assess(
    rows: Iterable[FeeRow],
    reductions: Iterable[ReductionRow],
    *,
    channel: Channel,
    on: date,
    exemption: Exemption | None = None,
    quantity: int = 1,
    copies: int = 1,
) -> Assessment:
    """Say what a dossier filed through `channel` on that day owes.

    `quantity` counts pages (of one copy), copies or persons, whichever a row is per; `copies` multiplies a
    page fee. Raises Invalid for a quantity below one and for an exemption that none of the rows knows.
    """
    rows = tuple(rows)
    _require_count("quantity", quantity)
    _require_count("copies", copies)
    _require_known(exemption, rows)
    cuts = in_force(reductions, on)
    lines = tuple(_line(row, cuts, channel, exemption, quantity, copies) for row in rows)
    return Assessment(lines, sum(line.due for line in lines))


def _line(
    row: FeeRow,
    cuts: tuple[ReductionRow, ...],
    channel: Channel,
    exemption: Exemption | None,
    quantity: int,
    copies: int,
) -> FeeLine:
    unit, count = _unit_price(row, channel, quantity, copies)
    relief = _relief(row, exemption)
    exempted = unit * relief.percent // 100 if relief else 0
    cut = _cut(row, cuts, channel)
    owed = unit - exempted
    due = _round(row.rounding, owed * (100 - cut.percent), owed) if cut else owed
    applied = cut if due < owed else None
    return FeeLine(
        row.code,
        row.name,
        row.kind,
        listed=unit * count,
        exempted=exempted * count,
        reduced=(owed - due) * count,
        due=due * count,
        basis=tuple(each.basis for each in (row, relief, applied) if each),
    )


def _unit_price(row: FeeRow, channel: Channel, quantity: int, copies: int) -> tuple[int, int]:
    """The listed price of one unit, and how many units there are; a tiered row's unit is a whole copy."""
    if row.tiers:
        price = _tiered(row.tiers, quantity)
        return (price if row.cap is None else min(price, row.cap)), copies
    listed = next((price.amount for price in row.by_channel if price.channel is channel), row.amount)
    if row.per is Per.DOSSIER:
        return listed, 1
    return listed, quantity * (copies if row.per is Per.PAGE else 1)


def _tiered(tiers: tuple[Tier, ...], quantity: int) -> int:
    price, counted = 0, 0
    for tier in tiers:
        until = quantity if tier.up_to is None else min(tier.up_to, quantity)
        price += max(until - counted, 0) * tier.amount
        counted = max(until, counted)
    return price


def _relief(row: FeeRow, exemption: Exemption | None) -> Relief | None:
    if exemption is None:
        return None
    return next((relief for relief in row.reliefs if relief.kind is exemption.kind), None)


def _cut(row: FeeRow, cuts: tuple[ReductionRow, ...], channel: Channel) -> ReductionRow | None:
    if row.set_by is not SetBy.COUNCIL or row.by_channel:
        return None
    return next((cut for cut in cuts if row.code in cut.fees and cut.channel is channel), None)


def _round(rounding: Rounding, hundredths: int, most: int) -> int:
    """Whole đồng out of hundredths, rounded as the row says, never above what was asked before the cut."""
    if rounding is Rounding.NONE:
        return hundredths // 100
    half = 50_000 if rounding is Rounding.HALF_UP_1000 else 0
    return min((hundredths + half) // 100_000 * 1_000, most)


def _require_count(field: str, value: int) -> None:
    if value < 1:
        raise Invalid(f"{field} is {value}", field=field, remedy="give a whole number from 1")


def _require_known(exemption: Exemption | None, rows: tuple[FeeRow, ...]) -> None:
    if exemption is None or not rows or any(_relief(row, exemption) for row in rows):
        return
    known = sorted({relief.kind for row in rows for relief in row.reliefs})
    raise Invalid(
        f"no fee of this dossier exempts '{exemption.kind}'",
        field="exemption",
        remedy=f"use one of: {', '.join(known)}" if known else "leave it out: these fees have no exemption",
    )
