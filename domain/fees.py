"""Owns what a dossier costs: listed price, exemption, then the online cut, in integer đồng.

The order: find the row; exempt; cut only those fees of the provincial council that the resolution lists;
round; add the financial duties as they are. Quantity fees are cut on the unit and then multiplied. A row with a
listed price for each channel is never cut again. Sources: Law on fees and charges 97/2015 Art. 3, 10, 12;
Resolution 11/2022/NQ-HĐND Art. 2.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from domain.decisions import ReductionRow
from domain.errors import Invalid
from domain.payments import RefundPolicy
from domain.procedures import Channel
from domain.units import Place
from domain.validity import in_force

MOST_COUNTED = 100_000
"""Pages, copies or persons of one dossier: more is a typing error."""

MOST_ASKED = 10**12
"""Đồng of one amount: more is a typing error."""


class FeeKind(StrEnum):
    """What an amount is in law: the four go to different accounts and receipts."""

    PHI = "phi"  # phí: covers the cost of a public service
    LE_PHI = "le_phi"  # lệ phí: a fixed charge for an act of the state
    PRICE = "price"  # giá dịch vụ
    FINANCIAL_DUTY = "financial_duty"  # nghĩa vụ tài chính: never listed, the tax office's notice says it


CUTTABLE = frozenset({FeeKind.PHI, FeeKind.LE_PHI})
"""What the council's resolution halves: a price belongs to whoever does the service, a duty to the tax office."""


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
    """One fee during one stretch of its validity.

    `case` limits it to one case of the procedure, `place` to one kind of commune. `cap` is the most that the pages
    of one copy, or all copies or persons, cost. `kept_percent` is what the collecting body keeps of a phí, the rest
    and every lệ phí go to the budget (Law 97/2015 Art. 12). `refund` says when it goes back: the council's texts
    were not found, so that "before appraisal, none after" stands in for them until a text is read; ministries
    differ from fee to fee (passports: on refusal; visas: never).
    """

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
    place: Place | None = None
    kept_percent: int = 0
    refund: RefundPolicy = RefundPolicy.BEFORE_APPRAISAL
    certain: bool = True
    note: str = ""
    version: str = ""


@dataclass(frozen=True)
class Exemption:
    """What an applicant claims; `evidence` names the paper or register that proves it, `granted_by` who saw it.

    That is a unit's code or a role, never a name. Evidence is personal: the line of the fee does not repeat it.
    """

    kind: ExemptionKind
    evidence: str = ""
    granted_by: str = ""


@dataclass(frozen=True)
class Duty:
    """A financial duty that an officer enters from the tax office's notice: its number, the amount, what proves it.

    It is asked as it stands: never cut, exempted or given back by us.
    """

    notice: str
    amount: int
    proof: str


@dataclass(frozen=True)
class FeeLine:
    """One fee of one dossier: listed = exempted + reduced + due, all in đồng.

    `kept_percent` and `refund` are those of its row, so that whoever keeps the books needs no law.
    """

    code: str
    name: str
    kind: FeeKind
    listed: int
    exempted: int
    reduced: int
    due: int
    basis: tuple[str, ...]
    kept_percent: int = 0
    refund: RefundPolicy = RefundPolicy.BEFORE_APPRAISAL


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
    place: Place | None = None,
    exemption: Exemption | None = None,
    quantity: int = 1,
    copies: int = 1,
    duties: Iterable[Duty] = (),
) -> Assessment:
    """Say what a dossier filed through `channel` on that day owes, by the rows of that day.

    `quantity` counts pages (of one copy), copies or persons, whichever a row is per; `copies` multiplies a
    page fee. Raises Invalid for a count out of bounds, for an exemption without evidence or that none of the rows
    knows, and for a duty without its notice, its proof or an amount.
    """
    rows, duties = rows_at(rows, place), tuple(duties)
    _require_count("quantity", quantity)
    _require_count("copies", copies)
    _require_granted(exemption, rows)
    _require_noticed(duties)
    cuts = in_force(reductions, on)
    fees = (_line(row, _relief(row, exemption), _cut(row, cuts, channel), channel, quantity, copies) for row in rows)
    lines = (*fees, *(_duty_line(duty) for duty in duties))
    return Assessment(lines, sum(line.due for line in lines))


def rows_at(rows: Iterable[FeeRow], place: Place | None) -> tuple[FeeRow, ...]:
    """The rows that hold at such a place, in their order. Raises Invalid where it decides and is not known."""
    rows = tuple(rows)
    if place is None and any(row.place for row in rows):
        raise Invalid(
            "what this dossier costs depends on the commune, and none is named",
            field="place",
            remedy="name the commune's one-stop as the unit or the territory, or a case that is for one kind of place",
        )
    return tuple(row for row in rows if row.place in (None, place))


def _line(
    row: FeeRow, relief: Relief | None, cut: ReductionRow | None, channel: Channel, quantity: int, copies: int
) -> FeeLine:
    def owed(price: int) -> int:
        return price - price * relief.percent // 100 if relief else price

    def asked(price: int) -> int:
        return _round(row.rounding, owed(price) * (100 - cut.percent), owed(price)) if cut else owed(price)

    listed, left, due = (_multiplied(row, of, channel, quantity, copies) for of in (lambda price: price, owed, asked))
    return FeeLine(
        row.code,
        row.name,
        row.kind,
        listed=listed,
        exempted=listed - left,
        reduced=left - due,
        due=due,
        basis=tuple(each.basis for each in (row, relief, cut if due < left else None) if each),
        kept_percent=row.kept_percent,
        refund=row.refund,
    )


def _multiplied(row: FeeRow, of: Callable[[int], int], channel: Channel, quantity: int, copies: int) -> int:
    """What the row comes to when `of` says what a listed price becomes: first on the unit, then times the units.

    The cap is a listed price like the others: half of a capped copy is half of its cap.
    """
    one = sum(of(price) * count for price, count in _prices(row, channel, quantity))
    capped = one if row.cap is None else min(one, of(row.cap))
    return capped * (copies if row.per is Per.PAGE else 1)


def _prices(row: FeeRow, channel: Channel, quantity: int) -> Iterator[tuple[int, int]]:
    """Each listed price of a unit, and how many units have it."""
    wanted, counted = 1 if row.per is Per.DOSSIER else quantity, 0
    listed = next((price.amount for price in row.by_channel if price.channel is channel), row.amount)
    for tier in row.tiers or (Tier(listed),):
        until = wanted if tier.up_to is None else min(tier.up_to, wanted)
        yield tier.amount, until - counted
        counted = until


def _relief(row: FeeRow, exemption: Exemption | None) -> Relief | None:
    if exemption is None:
        return None
    return next((relief for relief in row.reliefs if relief.kind is exemption.kind), None)


def _cut(row: FeeRow, cuts: tuple[ReductionRow, ...], channel: Channel) -> ReductionRow | None:
    if row.set_by is not SetBy.COUNCIL or row.kind not in CUTTABLE or row.by_channel:
        return None
    return next((cut for cut in cuts if row.code in cut.fees and cut.channel is channel), None)


def _round(rounding: Rounding, hundredths: int, most: int) -> int:
    """Whole đồng out of hundredths, rounded as the row says, never above what was asked before the cut."""
    if rounding is Rounding.NONE:
        return hundredths // 100
    half = 50_000 if rounding is Rounding.HALF_UP_1000 else 0
    return min((hundredths + half) // 100_000 * 1_000, most)


def _duty_line(duty: Duty) -> FeeLine:
    basis = (f"Thông báo của cơ quan thuế số {duty.notice}",)
    amounts = {"listed": duty.amount, "exempted": 0, "reduced": 0, "due": duty.amount}
    kind, never = FeeKind.FINANCIAL_DUTY, RefundPolicy.NEVER
    return FeeLine("NVTC", "Nghĩa vụ tài chính", kind, **amounts, basis=basis, refund=never)


def _require_count(field: str, value: int) -> None:
    if type(value) is not int or not 1 <= value <= MOST_COUNTED:
        raise Invalid(f"{field} is {value}", field=field, remedy=f"give a whole number from 1 to {MOST_COUNTED}")


def _require_granted(exemption: Exemption | None, rows: tuple[FeeRow, ...]) -> None:
    if exemption is None:
        return
    if not exemption.evidence.strip():
        raise Invalid(
            "an exemption is claimed without evidence",
            field="exemption.evidence",
            remedy="name the paper or the register that proves it, or leave the exemption out",
        )
    if not rows or any(_relief(row, exemption) for row in rows):
        return
    known = sorted({relief.kind for row in rows for relief in row.reliefs})
    raise Invalid(
        f"no fee of this dossier exempts '{exemption.kind}'",
        field="exemption",
        remedy=f"use one of: {', '.join(known)}" if known else "leave it out: these fees have no exemption",
    )


_NOTICE = re.compile(r"[\w./-]{1,60}")


def _require_noticed(duties: tuple[Duty, ...]) -> None:
    notices = [duty.notice for duty in duties]
    for duty in duties:
        if not _NOTICE.fullmatch(duty.notice) or notices.count(duty.notice) > 1:
            raise _bad_duty("notice", "give the number of the tax office's notice, without spaces, each notice once")
        if not duty.proof.strip():
            raise _bad_duty("proof", "name what proves it: the notice itself, or the message of the tax office")
        if type(duty.amount) is not int or not 0 < duty.amount <= MOST_ASKED:
            raise _bad_duty("amount", f"give the whole đồng of the notice, from 1 to {MOST_ASKED}")


def _bad_duty(field: str, remedy: str) -> Invalid:
    return Invalid(f"the {field} of a financial duty is missing or wrong", field=f"duties.{field}", remedy=remedy)
