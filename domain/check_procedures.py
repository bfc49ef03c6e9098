"""Owns the checks of procedures and processes: a dossier can be received, led and finished in its term."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import date

from domain import terms
from domain.catalogue import ROLE, Catalogue
from domain.check_tools import Wrong, common, first_uncovered, is_blank
from domain.decisions import promised_term
from domain.errors import DomainError
from domain.procedures import Case, Channel, FeeTiming, OnlineLevel, Procedure, Process, StepKind, TermKind
from domain.terms import GRAIN, Term
from domain.units import Unit, UnitRole
from domain.validity import do_overlap, in_force


def wrong_procedures(catalogue: Catalogue) -> Iterator[Wrong]:
    """What is wrong with procedures and with processes."""
    for procedure in catalogue.procedures:
        for message, remedy in _procedure(procedure, catalogue):
            yield Wrong("procedure", procedure, message, remedy)
    for process in catalogue.processes:
        for message, remedy in _process(process, catalogue):
            yield Wrong("process", process, message, remedy)


def _procedure(procedure: Procedure, catalogue: Catalogue) -> Iterator[tuple[str, str]]:
    if procedure.calendar not in {calendar.code for calendar in catalogue.calendars}:
        yield f"the calendar '{procedure.calendar}' is unknown", "use a calendar of the catalogue"
    yield from _cases(procedure)
    yield from _components(procedure)
    yield from _channels(procedure)
    yield from _fees(procedure, catalogue)
    yield from _offices(procedure, catalogue)
    yield from _processes(procedure, catalogue)


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
    if procedure.supplement_days < 1:
        yield (
            f"supplement_days is {procedure.supplement_days}",
            "give the applicant at least one calendar day",
        )


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
    probes = list(_probes(procedure, catalogue))
    if not probes:
        yield "no unit may receive it", "add a one-stop unit that `receives` names"
    for unit, on in probes:
        yield from _resolvable(catalogue, procedure.lead, unit, on, "lead")


def _probes(procedure: Procedure, catalogue: Catalogue) -> Iterator[tuple[Unit, date]]:
    """The units that may receive it, each with the first day on which it may."""
    for unit in catalogue.units:
        if do_overlap(unit, procedure):
            on = max(unit.valid_from, procedure.valid_from)
            if unit in catalogue.receivers(procedure, on):
                yield unit, on


def _resolvable(
    catalogue: Catalogue, selector: str, unit: Unit, on: date, about: str
) -> Iterator[tuple[str, str]]:
    try:
        catalogue.calendar(catalogue.resolve(selector, unit.code, on).calendar)
    except DomainError as refused:
        yield f"{about} '{selector}', received by {unit.code}: {refused.message}", refused.remedy


def _processes(procedure: Procedure, catalogue: Catalogue) -> Iterator[tuple[str, str]]:
    """Every case has a process on every day: a statutory one, and a promised one while a decision cuts it."""
    for case in procedure.cases:
        mine = [row for row in catalogue.processes if (row.procedure, row.case) == (procedure.code, case.key)]
        day = first_uncovered(procedure, [row for row in mine if row.kind is TermKind.STATUTORY])
        if day:
            yield f"case {case.key} has no statutory process on {day:%d/%m/%Y}", "add the process of that day"
        for cut in catalogue.shortenings:
            days = common(procedure, cut)
            if (cut.procedure, cut.case) != (procedure.code, case.key) or cut.no_cut or days is None:
                continue
            day = first_uncovered(days, [row for row in mine if row.kind is TermKind.PROMISED])
            if day:
                yield (
                    f"case {case.key} is promised a shorter term without a process on {day:%d/%m/%Y}",
                    "add it",
                )


def _process(process: Process, catalogue: Catalogue) -> Iterator[tuple[str, str]]:
    versions = [
        each for each in catalogue.procedures if each.code == process.procedure and do_overlap(each, process)
    ]
    if not versions:
        yield (
            f"the procedure '{process.procedure}' is unknown in its validity",
            "add it, or correct code and dates",
        )
    yield from _steps(process)
    for procedure in versions:
        case = next((case for case in procedure.cases if case.key == process.case), None)
        if case is None:
            yield (
                f"the case '{process.case}' is unknown",
                f"use one of: {', '.join(c.key for c in procedure.cases)}",
            )
            continue
        yield from _sum(process, procedure, case, catalogue)
        for unit, start in _probes(procedure, catalogue):
            on = max(start, process.valid_from)
            if unit not in in_force(catalogue.units, on) or not in_force([process], on):
                continue
            for step in (step for stage in process.stages for step in stage.steps):
                yield from _resolvable(catalogue, step.unit, unit, on, f"step {step.code}, unit")


def _steps(process: Process) -> Iterator[tuple[str, str]]:
    steps = [step for stage in process.stages for step in stage.steps]
    if not steps or any(not stage.steps for stage in process.stages):
        yield "it has no stage, or a stage without a step", "give every stage at least one step"
        return
    if len({step.code for step in steps}) < len(steps):
        yield "two steps have the same code", "give every step a code of its own"
    if {step.kind for step in process.stages[0].steps} != {StepKind.RECEIVE}:
        yield "it does not begin with receiving", "make the first stage the one-stop's"
    if [step.kind for step in process.stages[-1].steps] != [StepKind.SIGN]:
        yield "it does not end with one signature", "make the last stage a single step of kind sign"


def _sum(
    process: Process, procedure: Procedure, case: Case, catalogue: Catalogue
) -> Iterator[tuple[str, str]]:
    for term in _terms(process, procedure, case, catalogue):
        grain = GRAIN[term.unit] if term.unit.value != "same_day" else GRAIN[terms.TermUnit.WORKING_DAY]
        for step in (step for stage in process.stages for step in stage.steps):
            if step.share <= 0 or step.share % grain:
                yield (
                    f"step {step.code} takes {step.share} {term.unit}",
                    f"give a multiple of {grain}, above zero",
                )
        if process.total != term.amount:
            yield (
                f"its stages add up to {process.total} {term.unit}, the {process.kind} term is {term.amount}",
                "cut the steps anew so that the longest of each stage add up to the term",
            )


def _terms(process: Process, procedure: Procedure, case: Case, catalogue: Catalogue) -> Iterator[Term]:
    """The terms that the process must fit on some day of its validity."""
    if process.kind is TermKind.STATUTORY:
        yield case.term
        return
    days = common(process, procedure)
    for cut in catalogue.shortenings:
        if (cut.procedure, cut.case) != (procedure.code, case.key) or cut.no_cut:
            continue
        if days is None or common(cut, days) is None:
            continue
        if catalogue.shortening(procedure.code, case.key, max(cut.valid_from, days.valid_from)) is cut:
            with suppress(DomainError):  # a cut that leaves nothing is the shortening's own finding
                yield promised_term(cut, case.term)
