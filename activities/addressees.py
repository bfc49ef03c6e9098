"""Who is told when a clock strikes: offices and the posts that head them, and never nobody.

A dossier that is assigned to no officer still lies at an office, and an office has a head; an office that was
merged away has successors, who answer for its dossiers. Only posts are named, never persons.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from domain.catalogue import Catalogue
from domain.milestones import Rung
from domain.units import Level, Unit, UnitRole, head_of
from domain.validity import in_force
from schema.case import Case


def addressees(case: Case, rung: Rung, law: Catalogue, on: date, step: str = "") -> list[dict[str, str]]:
    """List who is told of a rung on that day, each with `unit`, `name` and `post`; there is always somebody.

    Up to the breach those who hold the dossier (of a step clock: that step's office); a breach goes to the
    committee above a division as well; then the receiving one-stop, then the province. Never raises: an office
    that is not in force stands for its successors, and where none is left the provincial committee is told.
    """
    if rung is Rung.PROVINCE:
        found = _province(law, on)
    elif rung is Rung.ONE_STOP:
        found = _standing(law, case.unit, on)
    else:
        held = [unit for code in _holders(case, step) for unit in _standing(law, code, on)]
        above = [each for unit in held if rung is Rung.BREACH for each in _above(law, unit, on)]
        found = [*held, *above]
    told = {unit.code: unit for unit in found or _province(law, on) or _standing(law, case.unit, on)}
    return [{"unit": unit.code, "name": unit.name, "post": head_of(unit)} for unit in told.values()]


def _holders(case: Case, step: str) -> tuple[str, ...]:
    offices = tuple(each.unit for stage in case.stages for each in stage if step and each.code == step)
    return offices or case.holders()


def _above(law: Catalogue, unit: Unit, on: date) -> list[Unit]:
    """The committee that a division belongs to."""
    return _standing(law, unit.parent, on) if unit.level is Level.OFFICE and unit.parent else []


def _province(law: Catalogue, on: date) -> list[Unit]:
    committees = [unit for unit in law.units if unit.role is UnitRole.COMMITTEE and unit.level is Level.PROVINCE]
    return list(in_force(committees, on)) or committees[-1:]


def _standing(law: Catalogue, code: str, on: date) -> list[Unit]:
    """The office with that code on that day, or those that came after it; for want of any, the one that ended."""
    return list(_heirs(law, code, on, frozenset())) or [unit for unit in law.units if unit.code == code][-1:]


def _heirs(law: Catalogue, code: str, on: date, passed: frozenset[str]) -> Iterator[Unit]:
    entries = [unit for unit in law.units if unit.code == code]
    standing = list(in_force(entries, on))
    yield from standing
    if standing or not entries or code in passed:
        return
    for heir in entries[-1].successors:
        yield from _heirs(law, heir, on, passed | {code})
