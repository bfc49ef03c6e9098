"""Owns what a catalogue must satisfy to be published; each finding names file, entry and remedy."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import combinations

from domain.calendars import Calendar, Closure, Hours, faults
from domain.catalogue import Catalogue
from domain.check_ladder import wrong_ladders
from domain.check_money import wrong_money
from domain.check_procedures import wrong_procedures
from domain.check_processes import wrong_processes
from domain.check_tools import Wrong, is_blank
from domain.entries import Entry, code, entries, name, subject
from domain.procedures import Process
from domain.receipts import is_tax_code
from domain.units import RECEIVING_ROLES, Unit, UnitRole
from domain.validity import do_overlap, in_force, spell

_CODE_PART = re.compile(r"\d{3}\.\d{2}\.\d{2}\.[A-Z]\d{2}")
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong with one entry; `file` is empty for a catalogue that came from elsewhere."""

    file: str
    entry: str
    message: str
    remedy: str


def check(
    catalogue: Catalogue, origins: Mapping[str, str] | None = None, today: date | None = None
) -> Iterator[Finding]:
    """Everything that is wrong with the catalogue, nothing when it may be published.

    `origins` says in which file each entry stands, by its name. With `today` the calendars must hold this
    year and the next, announced or provisional: terms cross the turn of the year.
    """
    for wrong in _all(catalogue, today):
        entry = name(wrong.kind, wrong.entry)
        yield Finding((origins or {}).get(entry, ""), entry, wrong.message, wrong.remedy)


def _all(catalogue: Catalogue, today: date | None) -> Iterator[Wrong]:
    yield from _identities(catalogue)
    yield from _grounds(catalogue)
    for calendar in catalogue.calendars:
        yield from _calendar(calendar, today)
    for unit in catalogue.units:
        yield from _unit(unit, catalogue)
    for closure in catalogue.closures:
        yield from _closure(closure, catalogue)
    yield from wrong_procedures(catalogue)
    yield from wrong_processes(catalogue)
    yield from wrong_money(catalogue)
    yield from wrong_ladders(catalogue)


def _identities(catalogue: Catalogue) -> Iterator[Wrong]:
    """Codes are well formed and unique, and rows on one subject never hold on the same day."""
    seen: dict[tuple[str, str], list[Entry]] = {}
    for kind, entry in entries(catalogue):
        spoken = getattr(entry, "code", "")
        if spoken and not _CODE.fullmatch(spoken):
            yield Wrong(kind, entry, f"the code '{spoken}' is malformed", "use letters, digits, '.', '_' and '-'")
        if (
            not isinstance(entry, Calendar | Closure)
            and entry.valid_to is not None
            and entry.valid_to < entry.valid_from
        ):
            yield Wrong(kind, entry, f"it ends before it begins ({spell(entry)})", "correct valid_from or valid_to")
        for about in _subjects(entry):
            seen.setdefault((kind, about), []).append(entry)
    for (kind, _), group in seen.items():
        yield from _overlaps(kind, group)


def _subjects(entry: Entry) -> Iterator[str]:
    if isinstance(entry, Calendar | Closure):
        yield code(entry)
        return
    yield subject(entry)
    if isinstance(entry, Process):
        yield f"{entry.procedure}/{entry.case}/{entry.kind}"
    if isinstance(entry, Unit) and entry.code_part:
        yield f"code part {entry.code_part}"


def _overlaps(kind: str, group: list[Entry]) -> Iterator[Wrong]:
    for one, other in combinations(group, 2):
        if isinstance(one, Calendar | Closure) or isinstance(other, Calendar | Closure):
            yield Wrong(kind, other, f"the code {code(other)} stands twice", "remove one of the two")
        elif do_overlap(one, other):
            remedy = "end the earlier one the day before the later one begins, or remove one"
            yield Wrong(kind, other, f"its validity {spell(other)} overlaps {spell(one)} of {code(one)}", remedy)


def _grounds(catalogue: Catalogue) -> Iterator[Wrong]:
    """Every rule names its legal basis, everything has a name, and what is not certain says why."""
    for kind, entry in entries(catalogue):
        for field in ("name", "basis", "decision"):
            if is_blank(getattr(entry, field, "given")):
                yield Wrong(kind, entry, f"{field} is empty", f"give its {field}")
        for row in (
            *getattr(entry, "years", ()),
            *getattr(entry, "special_days", ()),
            *getattr(entry, "seasons", ()),
            *getattr(entry, "cases", ()),
        ):
            if is_blank(row.basis):
                about = getattr(row, "key", None) or getattr(row, "day", None) or getattr(row, "name", None) or row.year
                yield Wrong(kind, entry, f"the basis of {about} is empty", "name the text that it rests on")


def _calendar(calendar: Calendar, today: date | None) -> Iterator[Wrong]:
    held = sorted(year.year for year in calendar.years)
    wanted = set(range(held[0], held[-1] + 1)) if held else set()
    wanted |= {special.day.year for special in calendar.special_days}
    wanted |= {today.year, today.year + 1} if today else set()
    for year in sorted(wanted - set(held)):
        remedy = f"add {year} as announced, or as provisional until it is"
        yield Wrong("calendar", calendar, f"the year {year} is neither announced nor provisional", remedy)
    for fault in faults(calendar):
        yield Wrong("calendar", calendar, f"{fault.field}: {fault.message}", fault.remedy)


def _closure(closure: Closure, catalogue: Catalogue) -> Iterator[Wrong]:
    day = closure.day
    unit = next((each for each in in_force(catalogue.units, day) if each.code == closure.unit), None)
    if unit is None:
        remedy = "correct the code, or the day"
        yield Wrong("closure", closure, f"there is no unit '{closure.unit}' on {day:%d/%m/%Y}", remedy)
        return
    calendar = next((each for each in catalogue.calendars if each.code == unit.calendar), None)
    if calendar is None:
        return  # the unit's own finding
    if day.year not in {held.year for held in calendar.years}:
        remedy = f"add {day.year} to the calendar {calendar.code}, or correct the day"
        yield Wrong("closure", closure, f"{day:%d/%m/%Y} lies in a year its calendar lacks", remedy)
    elif not calendar.sessions_on(day, Hours.OPENING):
        remedy = "correct the day, or take the closure out"
        yield Wrong("closure", closure, f"the office is not open on {day:%d/%m/%Y} anyway", remedy)


def _unit(unit: Unit, catalogue: Catalogue) -> Iterator[Wrong]:
    if unit.calendar not in {calendar.code for calendar in catalogue.calendars}:
        yield Wrong("unit", unit, f"the calendar '{unit.calendar}' is unknown", "use a calendar of the catalogue")
    codes = {each.code for each in catalogue.units}
    for other in (*((unit.parent,) if unit.parent else ()), *unit.successors):
        if other not in codes:
            yield Wrong("unit", unit, f"the unit '{other}' is unknown", "add it, or correct the code")
    if (unit.role is UnitRole.COMMUNE) is (unit.place is None):
        yield Wrong("unit", unit, "it does not say what kind of place it is", "give place: plain or difficult")
    if unit.tax_code and not is_tax_code(unit.tax_code):
        remedy = "write ten figures, and -001 or the like for a branch"
        yield Wrong("unit", unit, f"'{unit.tax_code}' is no tax code", remedy)
    if unit.successors and unit.valid_to is None:
        yield Wrong("unit", unit, "it has successors but no last day", "give valid_to, or remove the successors")
    if unit.code_part is None:
        return
    if not _CODE_PART.fullmatch(unit.code_part):
        yield Wrong("unit", unit, f"the code part '{unit.code_part}' is malformed", "write it as 000.00.53.H48")
    if unit.role not in RECEIVING_ROLES:
        yield Wrong("unit", unit, f"a '{unit.role}' keeps no one-stop desk", "remove code_part, or correct the role")
