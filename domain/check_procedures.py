"""Owns the checks of procedures: a dossier can be received, led and charged on every day of their validity."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from domain import terms
from domain.catalogue import ROLE, Catalogue
from domain.check_tools import Wrong, first_uncovered, is_blank
from domain.errors import DomainError
from domain.procedures import Channel, FeeTiming, OnlineLevel, Procedure
from domain.units import Unit, UnitRole
from domain.validity import do_overlap


def wrong_procedures(catalogue: Catalogue) -> Iterator[Wrong]:
    """What is wrong with procedures."""
    for procedure in catalogue.procedures:
        for message, remedy in _procedure(procedure, catalogue):
            yield Wrong("procedure", procedure, message, remedy)


def _procedure(procedure: Procedure, catalogue: Catalogue) -> Iterator[tuple[str, str]]:
    yield from _cases(procedure)
    yield from _components(procedure)
    yield from _channels(procedure)
    yield from _fees(procedure, catalogue)
    yield from _offices(procedure, catalogue)


def _cases(procedure: Procedure) -> Iterator[tuple[str, str]]:
    keys = [case.key for case in procedure.cases]
    if not keys:
        yield "it has no case", "add at least the usual one, with its term and basis"
    if len(set(keys)) < len(keys):
        yield "two cases have the same key", "give every case a key of its own"
    for about, term in (
        *((f"case {case.key}", case.term) for case in procedure.cases),
        ("acceptance", procedure.acceptance),
    ):
        try:
            terms.check(term)
        except DomainError as refused:
            yield f"{about}: {refused.message}", refused.remedy
    for window in ("supplement_days", "payment_days", "collection_days"):
        if (days := getattr(procedure, window)) < 1:
            yield f"{window} is {days}", "give the applicant at least one calendar day"


def _components(procedure: Procedure) -> Iterator[tuple[str, str]]:
    codes = [component.code for component in procedure.components]
    if len(set(codes)) < len(codes):
        yield "a component stands twice", "keep one of the two"
    for component in procedure.components:
        if is_blank(component.code) or is_blank(component.name):
            yield "a component has no code or no name", "give both"
        if min(component.originals, component.copies) < 0 or component.originals + component.copies < 1:
            yield f"component {component.code} asks for no paper", "give originals or copies from 1"


def _channels(procedure: Procedure) -> Iterator[tuple[str, str]]:
    if not procedure.channels or not procedure.return_methods:
        yield "channels or return_methods are empty", "give at least one of each"
    is_online = Channel.ONLINE in procedure.channels
    if is_online is (procedure.online_level is OnlineLevel.NONE):
        yield f"online_level '{procedure.online_level}' disagrees with its channels", "correct one of the two"


def _fees(procedure: Procedure, catalogue: Catalogue) -> Iterator[tuple[str, str]]:
    if bool(procedure.fees) is (procedure.fee_timing is FeeTiming.NONE):
        yield f"fee_timing '{procedure.fee_timing}' disagrees with its fees", "correct one of the two"
    for code in procedure.fees:
        rows = [row for row in catalogue.fees if row.code == code]
        keys = {case.key for case in procedure.cases}
        if not rows:
            yield f"the fee '{code}' is unknown", "add its row, or correct the code"
        elif day := first_uncovered(procedure, rows):
            yield (
                f"the fee '{code}' has no row on {day:%d/%m/%Y}",
                "add the row of that day, or begin the procedure later",
            )
        for case in {row.case for row in rows if row.case is not None} - keys:
            yield (
                f"the fee '{code}' is for the unknown case '{case}'",
                f"use one of: {', '.join(sorted(keys))}",
            )


def _offices(procedure: Procedure, catalogue: Catalogue) -> Iterator[tuple[str, str]]:
    roles = {role.value for role in UnitRole}
    for rule in procedure.receives:
        if rule.startswith(ROLE) and rule.removeprefix(ROLE) not in roles:
            yield f"the role in '{rule}' is unknown", f"use one of: {', '.join(sorted(roles))}"
            return
        if not rule.startswith(ROLE) and rule not in {unit.code for unit in catalogue.units}:
            yield f"the unit '{rule}' is unknown", "add it, or correct the code"
    found = list(probes(procedure, catalogue))
    if not found:
        yield "no unit may receive it", "add a one-stop unit that `receives` names"
    for unit, on in found:
        yield from unresolved(catalogue, procedure.lead, unit, on, "lead")


def probes(procedure: Procedure, catalogue: Catalogue) -> Iterator[tuple[Unit, date]]:
    """The units that may receive it, each with the first day on which it may."""
    for unit in catalogue.units:
        if do_overlap(unit, procedure):
            on = max(unit.valid_from, procedure.valid_from)
            if unit in catalogue.receivers(procedure, on):
                yield unit, on


def unresolved(catalogue: Catalogue, selector: str, unit: Unit, on: date, about: str) -> Iterator[tuple[str, str]]:
    """What keeps a selector from naming an office with a calendar, when that unit received the dossier."""
    try:
        catalogue.calendar_of(catalogue.resolve(selector, unit.code, on))
    except DomainError as refused:
        yield f"{about} '{selector}', received by {unit.code}: {refused.message}", refused.remedy
