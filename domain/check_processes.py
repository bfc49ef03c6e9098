"""Owns the checks of processes: their steps have offices, and add up to the term on every day of its validity."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

from domain.catalogue import Catalogue
from domain.check_procedures import probes, unresolved
from domain.check_tools import Wrong, common, first_uncovered
from domain.decisions import promised_term
from domain.errors import DomainError
from domain.procedures import RECEIVING, Case, Procedure, Process, StepKind, TermKind
from domain.terms import GRAIN, Term, TermUnit
from domain.validity import do_overlap, in_force


def wrong_processes(catalogue: Catalogue) -> Iterator[Wrong]:
    """What is wrong with processes, and with procedures that lack one."""
    for procedure in catalogue.procedures:
        for message, remedy in _coverage(procedure, catalogue):
            yield Wrong("procedure", procedure, message, remedy)
    for process in catalogue.processes:
        for message, remedy in _process(process, catalogue):
            yield Wrong("process", process, message, remedy)


def _coverage(procedure: Procedure, catalogue: Catalogue) -> Iterator[tuple[str, str]]:
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
    versions = [each for each in catalogue.procedures if each.code == process.procedure and do_overlap(each, process)]
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
        for unit, start in probes(procedure, catalogue):
            on = max(start, process.valid_from)
            if unit not in in_force(catalogue.units, on) or not in_force([process], on):
                continue
            for step in (step for stage in process.stages for step in stage.steps):
                yield from unresolved(catalogue, step.unit, unit, on, f"step {step.code}, unit")


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
    between = {step.kind for stage in process.stages[1:-1] for step in stage.steps}
    if between & {StepKind.RECEIVE, StepKind.SIGN}:
        yield "it receives or signs in the middle", "let only offices appraise or be consulted between"
    for step in process.stages[0].steps:
        if step.unit != RECEIVING:
            yield (
                f"step {step.code} receives at '{step.unit}'",
                f"give it the unit '{RECEIVING}': the one-stop forwards",
            )


def _sum(process: Process, procedure: Procedure, case: Case, catalogue: Catalogue) -> Iterator[tuple[str, str]]:
    for term in _terms(process, procedure, case, catalogue):
        grain = GRAIN[TermUnit.WORKING_DAY if term.unit is TermUnit.SAME_DAY else term.unit]
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
