"""Addressees: which offices, and the post at the head of each, a rung speaks to; there is always somebody.

The offices that hold the dossier are told first, through their heads: nobody need be assigned. A breach that
lasts goes up to the one-stop that received it, and then to the province (Decree 61/2018 Art. 8, 9, 19).
"""

from __future__ import annotations

from datetime import date

from domain.catalogue import Catalogue
from domain.milestones import Rung
from domain.units import UnitRole, head_of
from domain.validity import in_force
from schema.case import Case


def addressees(case: Case, rung: Rung, law: Catalogue, on: date, step: str = "") -> list[dict[str, str]]:
    """List whom the rung speaks to: `unit`, its `name`, and the `post` of its head."""
    units = [law.unit(code, on) for code in _codes(case, rung, law, on, step)]
    return [{"unit": unit.code, "name": unit.name, "post": head_of(unit)} for unit in units]


def _codes(case: Case, rung: Rung, law: Catalogue, on: date, step: str) -> tuple[str, ...]:
    if rung is Rung.PROVINCE:
        top = next((unit for unit in in_force(law.units, on) if unit.role is UnitRole.COMMITTEE), None)
        return (top.code if top else case.unit,)
    if rung is Rung.ONE_STOP:
        return (case.unit,)
    holding = tuple(each.unit for each in case.open_steps() if step in ("", each.code))
    return tuple(dict.fromkeys(holding)) or (case.unit,)
