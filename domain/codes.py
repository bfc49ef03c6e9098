"""The legal dossier code: `000.00.53.H48-240424-0001`, the receiving unit, the day, the order of the day.

Source: TT 01/2018/TT-VPCP Art. 19; the unit is the receiving one (NĐ 61/2018 Art. 26(2a)); the day is that
of acceptance. The code is data: stored as issued, never an identity.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from domain.errors import DomainError

MOST_A_DAY = 9_999
_GRAMMAR = re.compile(r"(?P<unit>\d{3}\.\d{2}\.\d{2}\.[A-Z]\d{2})-(?P<day>\d{6})-(?P<order>\d{4})")


class CodesExhausted(DomainError):
    """A unit has used all 9,999 codes of a day: four digits hold no more."""


@dataclass(frozen=True)
class DossierCode:
    """A code of the 2018 grammar, taken apart."""

    unit: str
    day: date
    order: int

    def __str__(self) -> str:
        return f"{self.unit}-{self.day:%y%m%d}-{self.order:04d}"


def issue(unit_part: str, day: date, order: int) -> str:
    """Write the code of the `order`-th acceptance of `day` at the unit whose code part is `unit_part`."""
    if order > MOST_A_DAY:
        raise CodesExhausted(
            f"unit {unit_part} has issued all {MOST_A_DAY} codes of {day}",
            field="unit",
            remedy="accept on the next day, or receive at another unit: the code has four digits",
        )
    return str(DossierCode(unit_part, day, order))


def parse(code: str) -> DossierCode | None:
    """Take a code apart, or return None for a grammar that is not this one (others exist: store as issued)."""
    found = _GRAMMAR.fullmatch(code)
    if found is None:
        return None
    day = found["day"]
    try:
        accepted = date(2000 + int(day[:2]), int(day[2:4]), int(day[4:]))
    except ValueError:  # shaped like one, but there was no such day
        return None
    return DossierCode(found["unit"], accepted, int(found["order"]))
