"""Owns the look-ups in the law as a whole: by code and by date, in one frozen value.

A look-up that finds nothing refuses with the field and the remedy; nothing falls back to a guess.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import TypeVar

from domain.calendars import Calendar, Closure
from domain.decisions import ReductionRow, ShorteningRow, promised_term, wins
from domain.errors import Invalid
from domain.fees import FeeRow
from domain.ladder import BEFORE_LADDERS, LadderRow
from domain.milestones import ClockKind
from domain.procedures import RECEIVING, Case, Channel, Procedure, Process, TermKind
from domain.terms import Term
from domain.units import Level, Unit
from domain.validity import Row, in_force, is_in_force, spell

ROLE = "role:"

R = TypeVar("R")
K = TypeVar("K")


@dataclass(frozen=True)
class Catalogue:
    """Every dated row of the law that the engine knows. `version` is the digest of the whole."""

    units: tuple[Unit, ...]
    calendars: tuple[Calendar, ...]
    procedures: tuple[Procedure, ...]
    processes: tuple[Process, ...]
    fees: tuple[FeeRow, ...]
    shortenings: tuple[ShorteningRow, ...]
    reductions: tuple[ReductionRow, ...]
    rungs: tuple[LadderRow, ...] = ()
    closures: tuple[Closure, ...] = ()
    version: str = ""

    def unit(self, code: str, on: date) -> Unit:
        """The office with that code on that day. Raises Invalid, naming the successors of an ended one."""
        entries = self._units.get(code, ())
        heirs = next((", ".join(unit.successors) for unit in reversed(entries) if unit.successors), "")
        return _only(entries, on, "unit", code, f"use its successor: {heirs}" if heirs else "")

    def procedure(self, code: str, on: date) -> Procedure:
        """The procedure with that code as it stood on that day. Raises Invalid."""
        return _only(self._procedures.get(code, ()), on, "procedure", code)

    def calendar(self, code: str) -> Calendar:
        """The calendar with that code. Raises Invalid."""
        found = next((calendar for calendar in self.calendars if calendar.code == code), None)
        if found is None:
            raise _unknown("calendar", sorted(each.code for each in self.calendars))
        return found

    def calendar_of(self, unit: Unit) -> Calendar:
        """The calendar on which that office works: its own, less the days on which it was closed. Raises Invalid.

        A division inside a committee is closed with the committee.
        """
        closed = {unit.code, unit.parent} if unit.level is Level.OFFICE else {unit.code}
        key = (unit.calendar, *sorted(code for code in closed if code and code in self._closed))
        if key not in self._calendars_of:
            closures = tuple(each for each in self.closures if each.unit in key[1:])
            self._calendars_of[key] = self.calendar(unit.calendar).closed_on(closures)
        return self._calendars_of[key]

    # Indexes: a province has thousands of rows, and each record looks some up

    @cached_property
    def _units(self) -> dict[str, tuple[Unit, ...]]:
        return _grouped(self.units, lambda unit: unit.code)

    @cached_property
    def _one_stops(self) -> tuple[Unit, ...]:
        return tuple(unit for unit in self.units if unit.is_one_stop)

    @cached_property
    def _divisions(self) -> dict[tuple[str | None, str | None], tuple[Unit, ...]]:
        return _grouped(self.units, lambda unit: (unit.parent, unit.role))

    @cached_property
    def _rungs(self) -> dict[ClockKind, tuple[LadderRow, ...]]:
        return _grouped(self.rungs or BEFORE_LADDERS, lambda row: row.clock)

    @cached_property
    def _procedures(self) -> dict[str, tuple[Procedure, ...]]:
        return _grouped(self.procedures, lambda procedure: procedure.code)

    @cached_property
    def _processes(self) -> dict[tuple[str, str, TermKind], tuple[Process, ...]]:
        return _grouped(self.processes, lambda process: (process.procedure, process.case, process.kind))

    @cached_property
    def _fees(self) -> dict[str, tuple[FeeRow, ...]]:
        return _grouped(self.fees, lambda row: row.code)

    @cached_property
    def _closed(self) -> frozenset[str]:
        return frozenset(each.unit for each in self.closures)

    @cached_property
    def _calendars_of(self) -> dict[tuple[str, ...], Calendar]:
        """Calendars carry tables that are costly to make: each is made once."""
        return {}

    def ladder(self, clock: ClockKind, on: date) -> tuple[LadderRow, ...]:
        """The rungs that a clock of that kind has when it is set on that day."""
        return in_force(self._rungs.get(clock, ()), on)

    def case(self, procedure: Procedure, key: str | None = None, home: Unit | None = None) -> Case:
        """The case with that key, for None the usual one at the place of `home`. Raises Invalid.

        `home` is the one-stop of the place: a case that is for another kind of place is refused.
        """
        place = home.place if home else None
        fitting = [case for case in procedure.cases if None in (place, case.place) or case.place is place]
        found = next((case for case in fitting if key in (None, case.key)), None)
        if found is None:
            raise _unknown("case", [case.key for case in fitting])
        return found

    def shortening(self, procedure: str, case: str, on: date) -> ShorteningRow | None:
        """The rule row that shortens that case on that day, the annex's before a derived one."""
        rows = [row for row in self.shortenings if (row.procedure, row.case) == (procedure, case)]
        return wins(in_force(rows, on))

    def promised(self, procedure: Procedure, case: Case, channel: Channel, on: date) -> Term:
        """The term promised to a dossier of that channel: shortened online where a decision is in force."""
        row = self.shortening(procedure.code, case.key, on) if channel is Channel.ONLINE else None
        return promised_term(row, case.term) if row else case.term

    def process(self, procedure: Procedure, channel: Channel, on: date, case: str | None = None) -> Process:
        """The approved process for a dossier of that channel on that day. Raises Invalid."""
        variant = self.case(procedure, case)
        is_cut = self.promised(procedure, variant, channel, on) != variant.term
        kind = TermKind.PROMISED if is_cut else TermKind.STATUTORY
        entries = self._processes.get((procedure.code, variant.key, kind), ())
        return _only(entries, on, "process", f"{procedure.code}, case {variant.key}, {kind} term")

    def fee_rows(self, procedure: Procedure, on: date, case: str | None = None) -> tuple[FeeRow, ...]:
        """The fees of that procedure's case on that day, in the procedure's order. Raises Invalid."""
        variant = self.case(procedure, case)
        found = [self._fees_coded(code, on) for code in procedure.fees]
        return tuple(row for rows in found for row in rows if row.case in (None, variant.key))

    def receivers(self, procedure: Procedure, on: date) -> tuple[Unit, ...]:
        """The offices that may take a dossier of that procedure in on that day, the usual one first."""
        units = in_force(self._one_stops, on)
        return tuple(unit for rule in procedure.receives for unit in units if _fits(rule, unit))

    def may_receive(self, unit: str, procedure: Procedure, on: date) -> bool:
        """Whether that office may take a dossier of that procedure in on that day."""
        return any(each.code == unit for each in self.receivers(procedure, on))

    def receiver(self, code: str | None, procedure: Procedure, on: date) -> Unit:
        """The office that takes a dossier in, the usual one for None. Raises Invalid for one that may not."""
        allowed = self.receivers(procedure, on)
        if code is not None:
            self.unit(code, on)
        found = next((unit for unit in allowed if code in (None, unit.code)), None)
        if found is None:
            listed = ", ".join(unit.code for unit in allowed)
            raise Invalid(
                f"unit {code or '(none given)'} may not receive {procedure.code} on {on:%d/%m/%Y}",
                field="unit",
                remedy=f"use one of: {listed}" if listed else "correct `receives` of the procedure",
            )
        return found

    def resolve(self, selector: str, receiving: str, on: date) -> Unit:
        """The office that a selector names, given the receiving unit's code. Raises Invalid.

        `receiving` is the unit itself, `receiving/<role>` its division of that role, else a unit code.
        """
        if selector == RECEIVING:
            return self.unit(receiving, on)
        if not selector.startswith(f"{RECEIVING}/"):
            return self.unit(selector, on)
        role = selector.removeprefix(f"{RECEIVING}/")
        found = next(iter(in_force(self._divisions.get((receiving, role), ()), on)), None)
        if found is None:
            raise Invalid(
                f"unit {receiving} has no division '{role}' on {on:%d/%m/%Y}",
                field="unit",
                remedy=f"add the division to the catalogue with parent {receiving}, or receive elsewhere",
            )
        return found

    def _fees_coded(self, code: str, on: date) -> tuple[FeeRow, ...]:
        rows = self._fees.get(code, ())
        if not rows:
            raise _unknown("fee", sorted(self._fees))
        found = in_force(rows, on)
        if not found:
            _only(rows, on, "fee", code)
        return found


def _grouped(rows: Iterable[R], key: Callable[[R], K]) -> dict[K, tuple[R, ...]]:
    """The rows under their key, each group in its order."""
    groups: dict[K, list[R]] = {}
    for row in rows:
        groups.setdefault(key(row), []).append(row)
    return {name: tuple(group) for name, group in groups.items()}


def _fits(rule: str, unit: Unit) -> bool:
    return unit.code == rule if not rule.startswith(ROLE) else unit.role == rule.removeprefix(ROLE)


def _only(entries: Iterable[Row], on: date, field: str, code: str, instead: str = "") -> Row:
    """The entry in force on that day, or a refusal that says when it was."""
    entries = tuple(entries)
    found = next((entry for entry in entries if is_in_force(entry, on)), None)
    if found is not None:
        return found
    if not entries:
        raise _unknown(field, ())
    spans = ", ".join(spell(entry) for entry in entries)
    raise Invalid(
        f"{field} {code} is not in force on {on:%d/%m/%Y} (it is: {spans})",
        field=field,
        remedy=instead or "give a day on which it is in force, or add its version to the catalogue",
    )


def _unknown(field: str, known: Iterable[str]) -> Invalid:
    """What was asked for is not repeated: whatever stands where a code should may be somebody's name."""
    listed = ", ".join(known)
    return Invalid(
        f"there is no such {field}",
        field=field,
        remedy=f"use one of: {listed}" if listed else f"use a {field} of the catalogue, or add it",
    )
