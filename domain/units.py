"""Owns the offices of the province: what they are called, when they existed, and who came after them.

Districts ended on 30/06/2025 and departments merged, so a unit is dated: a code may have several entries that
follow one another (a new name), and an ended unit names its successors, who report its dossiers.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class Level(StrEnum):
    """Where an office stands."""

    PROVINCE = "province"
    DEPARTMENT = "department"
    DISTRICT = "district"
    COMMUNE = "commune"
    OFFICE = "office"  # a division inside a district's or a commune's committee
    VERTICAL = "vertical"  # answers to its ministry: police, social insurance


class Place(StrEnum):
    """What the land law makes of a commune: mountain, island and difficult ones have longer terms (law.md 4.6)."""

    PLAIN = "plain"
    DIFFICULT = "difficult"


class UnitRole(StrEnum):
    """What an office is for; rules of receipt and selectors of steps name offices by it."""

    COMMITTEE = "committee"  # of the province: owns the codes, receives nothing itself
    PROVINCIAL_CENTRE = "provincial_centre"
    DEPARTMENT = "department"
    DISTRICT = "district"
    COMMUNE = "commune"
    COMMUNE_POLICE = "commune_police"
    PROVINCIAL_POLICE = "provincial_police"
    ECONOMY = "economy"  # the division for business and construction
    JUSTICE = "justice"  # the division for civil status and certification


RECEIVING_ROLES = frozenset(
    {
        UnitRole.PROVINCIAL_CENTRE,
        UnitRole.DEPARTMENT,
        UnitRole.DISTRICT,
        UnitRole.COMMUNE,
        UnitRole.COMMUNE_POLICE,
        UnitRole.PROVINCIAL_POLICE,
    }
)
"""Offices that may keep a one-stop desk (Decree 61/2018 Art. 7, Decree 118/2025)."""


@dataclass(frozen=True)
class Unit:
    """An office during one stretch of its life.

    `code` is its identifier (TT 10/2016/TT-BTTTT); `code_part` is what its dossier codes begin with, and is
    there exactly when the office keeps a one-stop desk. `head` is the post of its head where `head_of` would not
    guess it. `place` is there exactly for a commune. `tax_code` stands on its receipts. `certain` is false, with a
    note, where unconfirmed.
    """

    code: str
    name: str
    level: Level
    role: UnitRole
    calendar: str
    basis: str
    valid_from: date
    valid_to: date | None = None
    parent: str | None = None
    code_part: str | None = None
    successors: tuple[str, ...] = ()
    head: str = ""
    place: Place | None = None
    tax_code: str = ""
    certain: bool = True
    note: str = ""
    version: str = ""

    @property
    def is_one_stop(self) -> bool:
        """Whether people may hand in dossiers here."""
        return self.code_part is not None


_HEADS = (
    ("Ủy ban nhân dân ", "Chủ tịch UBND "),
    ("Sở ", "Giám đốc Sở "),
    ("Trung tâm ", "Giám đốc Trung tâm "),
    ("Bảo hiểm xã hội ", "Giám đốc Bảo hiểm xã hội "),
    ("Văn phòng Đăng ký ", "Giám đốc Văn phòng Đăng ký "),
    ("Chi nhánh ", "Giám đốc Chi nhánh "),
    ("Văn phòng ", "Chánh Văn phòng "),
    ("Phòng ", "Trưởng phòng "),
    ("Công an tỉnh ", "Giám đốc Công an tỉnh "),
    ("Công an ", "Trưởng Công an "),
)
"""How an office's name begins, and how its head is called then; the first that fits counts."""


def head_of(unit: Unit) -> str:
    """Name the post that answers for an office: as the catalogue says, else as such offices' heads are called."""
    if unit.head:
        return unit.head
    name = unit.name.partition(" (")[0]  # what stands in brackets tells entries apart, and is no part of the name
    for begins, called in _HEADS:
        if name.startswith(begins):
            return called + name.removeprefix(begins)
    return f"Thủ trưởng {name}"
