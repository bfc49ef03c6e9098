"""Owns the province's own cuts as dated rows: of terms (Decision 906/QĐ-UBND), of fees (Resolution 11/2022).

The figure of a decision's annex wins. One derived from the percentage is marked derived, rounded *down* so
that the floor of 20% is never broken, and never to zero.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum

from domain.errors import Invalid
from domain.procedures import Channel
from domain.terms import GRAIN, Term, TermUnit

HALF_A_DAY = Decimal("0.5")
MOST_PROMISED = Decimal("0.8")
"""Decision 906: the result at least 20% earlier than the prescribed limit."""


class Source(StrEnum):
    """Where the figure of a shortened term comes from."""

    ANNEX = "annex"  # read in the decision's annex
    DERIVED = "derived"  # computed from the percentage


@dataclass(frozen=True)
class ShorteningRow:
    """What one decision makes of one case's statutory term for online dossiers.

    `promised` is the annex's figure in the term's unit, None for a derived row. `no_cut` is the ground on
    which the term stays whole. `online_only` marks the decision's pilot, received and returned wholly online.
    `grain` is what a derived figure is rounded down to, at least the unit's own.
    """

    decision: str
    procedure: str
    case: str
    source: Source
    basis: str
    valid_from: date
    valid_to: date | None = None
    promised: Decimal | None = None
    percent: int = 20
    grain: Decimal = HALF_A_DAY
    no_cut: str = ""
    online_only: bool = False
    certain: bool = True
    note: str = ""
    version: str = ""


@dataclass(frozen=True)
class ReductionRow:
    """What one resolution takes off listed fees (by their codes) for dossiers filed through `channel`."""

    decision: str
    percent: int
    fees: tuple[str, ...]
    channel: Channel
    basis: str
    valid_from: date
    valid_to: date | None = None
    certain: bool = True
    note: str = ""
    version: str = ""


def wins(rows: Iterable[ShorteningRow]) -> ShorteningRow | None:
    """Of the rows in force for one case, the annex's, else the derived one, else none."""
    return min(rows, key=lambda row: row.source is not Source.ANNEX, default=None)


def promised_term(row: ShorteningRow, statutory: Term) -> Term:
    """The term that the row promises. Raises Invalid where nothing would be left."""
    if row.no_cut:
        return statutory
    amount = row.promised if row.promised is not None else _derive(row, statutory)
    if amount <= 0:
        raise Invalid(
            f"{row.decision} leaves nothing of the {statutory.amount} {statutory.unit} of {row.procedure}",
            field="shortenings.promised",
            remedy="mark the row no_cut with its ground, or use a finer grain",
        )
    return replace(statutory, amount=amount)


def _derive(row: ShorteningRow, statutory: Term) -> Decimal:
    share = statutory.amount * (100 - row.percent) / 100
    grain = max(row.grain, GRAIN[statutory.unit])
    return share // grain * grain


_ONE_DAY = {TermUnit.WORKING_HOUR: 8, TermUnit.HOUR: 24}


def may_stay_whole(term: Term) -> bool:
    """Whether a term is too short to cut at the grain of a day: same day, one working day or less."""
    if term.unit is TermUnit.SAME_DAY:
        return True
    return term.amount <= _ONE_DAY.get(term.unit, 1)
