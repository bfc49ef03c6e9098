"""Owns the checks of ladders: every rung has a place, and every clock an end that is spoken of."""

from __future__ import annotations

from collections.abc import Iterator

from domain import terms
from domain.catalogue import Catalogue
from domain.check_tools import Wrong, common
from domain.errors import DomainError
from domain.ladder import LadderRow
from domain.milestones import ClockKind, Rung

_ENDS = {kind: Rung.REMIND if kind is ClockKind.COLLECTION else Rung.BREACH for kind in ClockKind}
_GO_UP = frozenset({Rung.ONE_STOP, Rung.PROVINCE})


def wrong_ladders(catalogue: Catalogue) -> Iterator[Wrong]:
    """What is wrong with the rungs; a catalogue without any has the clocks of before there were ladders."""
    for row in catalogue.rungs:
        for message, remedy in _rung(row, catalogue):
            yield Wrong("rung", row, message, remedy)
    for kind, end in _ENDS.items():
        mine = [row for row in catalogue.rungs if row.clock is kind]
        if mine and not any(row.rung is end for row in mine):
            yield Wrong("rung", mine[0], f"the ladder of '{kind}' never says '{end}'", f"add the rung '{end}'")


def _rung(row: LadderRow, catalogue: Catalogue) -> Iterator[tuple[str, str]]:
    if row.rung in _GO_UP and row.after is None:
        yield "it does not say how long after the breach it goes up", "give 'after'"
    if row.rung not in _GO_UP and row.rung is not Rung.SILENCE and row.after is not None:
        yield f"the place of '{row.rung}' follows from the rule, not from a distance", "take 'after' out"
    if row.after is not None:
        try:
            terms.check(row.after)
        except DomainError as refused:
            yield f"after: {refused.message}", refused.remedy
    if row.rung in (Rung.BREACH, Rung.REMIND) and row.rung is not _ENDS[row.clock]:
        yield f"'{row.clock}' has no '{row.rung}'", f"use '{_ENDS[row.clock]}'"
    if row.rung is Rung.SILENCE and not _asked(row, catalogue):
        yield "there is silence where nobody is asked", "add the rung 'ask' for the same days"


def _asked(row: LadderRow, catalogue: Catalogue) -> bool:
    return any(
        other.clock is row.clock and other.rung is Rung.ASK and common(other, row) is not None
        for other in catalogue.rungs
    )
