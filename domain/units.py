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
    guess it. `place` is there exactly for a commune. `certain` is false, with a note, where unconfirmed.
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
    certain: bool = True
    note: str = ""
    version: str = ""

    @property
    def is_one_stop(self) -> bool:
        """Whether people may hand in dossiers here."""
        return self.code_part is not None


_POSTS = {
    Level.PROVINCE: "Chủ tịch",
    Level.DEPARTMENT: "Giám đốc",
    Level.DISTRICT: "Chủ tịch",
    Level.COMMUNE: "Chủ tịch",
    Level.OFFICE: "Trưởng",
    Level.VERTICAL: "Trưởng",
}


def head_of(unit: Unit) -> str:
    """Name the post of a unit's head, never a person: somebody is always the addressee, whoever holds the post."""
    post = "Giám đốc" if unit.role is UnitRole.PROVINCIAL_CENTRE else _POSTS[unit.level]
    return unit.head or f"{post} {unit.name[0].lower() if post == 'Trưởng' else unit.name[0]}{unit.name[1:]}"
