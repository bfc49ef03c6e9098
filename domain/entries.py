"""Owns the identity of the catalogue's entries: of which kind each is, and by which code it is told apart.

A code is unique within its kind; of a dated row it ends in the first day of its validity.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias, get_args

from domain.calendars import Calendar, Closure
from domain.catalogue import Catalogue
from domain.decisions import ReductionRow, ShorteningRow
from domain.fees import FeeRow
from domain.ladder import LadderRow
from domain.procedures import Procedure, Process
from domain.units import Unit

Entry: TypeAlias = Calendar | Unit | Procedure | Process | FeeRow | ShorteningRow | ReductionRow | LadderRow | Closure

FIELDS: dict[str, str] = {
    "calendar": "calendars",
    "unit": "units",
    "procedure": "procedures",
    "process": "processes",
    "fee": "fees",
    "shortening": "shortenings",
    "reduction": "reductions",
    "rung": "rungs",
    "closure": "closures",
}
"""The kinds, and the field of the catalogue in which each lies."""

TYPES: dict[str, type[Entry]] = dict(zip(FIELDS, get_args(Entry), strict=True))


def entries(catalogue: Catalogue) -> Iterator[tuple[str, Entry]]:
    """Every entry with its kind, in the catalogue's order."""
    for kind, field in FIELDS.items():
        for entry in getattr(catalogue, field):
            yield kind, entry


def name(kind: str, entry: Entry) -> str:
    """Write an entry's kind and code for a message."""
    return f"{kind} {code(entry)}"


def code(entry: Entry) -> str:
    """The code that tells an entry apart from the others of its kind."""
    if isinstance(entry, Calendar):
        return entry.code
    if isinstance(entry, Closure):
        return f"{entry.unit}/{entry.day.isoformat()}"
    return f"{subject(entry)}/{entry.valid_from.isoformat()}"


def subject(entry: Unit | Procedure | Process | FeeRow | ShorteningRow | ReductionRow | LadderRow) -> str:
    """What a dated row is about: rows on one subject follow one another and never overlap."""
    if isinstance(entry, ShorteningRow):
        return f"{entry.decision}/{entry.procedure}/{entry.case}/{entry.source}"
    if isinstance(entry, ReductionRow):
        return entry.decision
    if isinstance(entry, LadderRow):
        return f"{entry.clock}/{entry.rung}"
    if isinstance(entry, FeeRow):
        return "/".join(each for each in (entry.code, entry.case, entry.place) if each)
    return entry.code
