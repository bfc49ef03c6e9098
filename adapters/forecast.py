"""The forecast over the register: which open dossiers will miss their appointment at their offices' recent pace.

Bounded reads: the open dossiers whose appointment is ahead, a sample of what was accepted lately at the same
offices (and, where that tells too little, at the province's others), and the events of both up to `as_of`.
Everything is folded from the log, so an instant of the past is answered as it stood then in law.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from activities.ports import LawBook
from adapters.postgres import Pool, reading
from adapters.worked import Ahead, Books, Story, stories
from domain.catalogue import Catalogue
from domain.dossier import Business
from domain.errors import Invalid
from domain.forecast import THRESHOLD, WINDOW, Forecast, Outlook, first_rung, is_ahead_of_the_ladder, reason
from domain.instants import civil_date, local
from domain.milestones import ClockKind
from domain.paces import Paces
from schema.case import Case
from schema.sql import QUERIES

MOST_OPEN = 5_000
"""Open dossiers looked at in one answer, the most urgent first; how many were left out is said."""
MOST_STORIES = 6_000
"""Stories that one sample may take, spread evenly over the days."""
A_DAY = 5
"""Stories of one day, procedure and receiving office: enough for a pace."""

_WEEK = 7


@dataclass(frozen=True)
class Listed:
    """One open dossier that will be late at this pace."""

    case: Case
    appointment: datetime
    first_rung: datetime
    outlook: Outlook
    reason: str


@dataclass(frozen=True)
class Answer:
    """What was looked at, and what is listed, the most urgent appointment first.

    Of those looked at, `without_pace` have offices of which too little is known. `left_out` were not looked at.
    """

    as_of: datetime
    threshold: float
    looked_at: int
    without_pace: int
    left_out: int
    listed: tuple[Listed, ...]


async def forecast(
    pool: Pool,
    law: LawBook,
    *,
    as_of: datetime,
    unit: str | None = None,
    threshold: float = THRESHOLD,
    window: timedelta = WINDOW,
) -> Answer:
    """List the open dossiers that will breach with at least that probability, before any rung of theirs is due.

    With `unit`, those that it received or holds. Raises Invalid for a unit or a threshold that cannot be,
    CalendarMissing for an instant outside the calendars, Unavailable without the database.
    """
    newest, as_of, books = await law.latest(), local(as_of), Books(law)
    _require(newest, unit, threshold)
    async with reading(pool) as connection:
        rows = await connection.fetch(QUERIES["open_at"], unit, as_of, MOST_OPEN)
    told = await stories(pool, [row["id"] for row in rows], as_of)
    ahead = [await books.ahead(story, as_of) for story in told if _is_asked_for(story, unit, as_of)]
    looking = Forecast(await _paces(pool, books, newest, ahead, as_of, window))
    seen = [(each, looking.outlook(each.stages, appointment(each.story.case), as_of, each.meter)) for each in ahead]
    late = [(each, outlook) for each, outlook in seen if outlook is not None and outlook.probability >= threshold]
    listed = [_listed(each, outlook, newest, window) for each, outlook in late]
    return Answer(
        as_of=as_of,
        threshold=threshold,
        looked_at=len(seen),
        without_pace=sum(outlook is None for _, outlook in seen),
        left_out=(rows[0]["found"] if rows else 0) - len(rows),
        listed=tuple(sorted(listed, key=lambda each: (each.appointment, -each.outlook.probability, each.case.dossier))),
    )


def appointment(case: Case) -> datetime:
    """The appointment that a dossier is judged by: appointment 1, or its promised due where that was not kept apart."""
    promised = case.clock(ClockKind.PROMISED)
    assert promised is not None  # an accepted dossier has one
    return case.appointment or promised.due


def shown(answer: Answer) -> dict[str, Any]:
    """The answer as JSON, for the gateway and the command line; no person is in it."""
    return {
        "as_of": answer.as_of.isoformat(),
        "threshold": answer.threshold,
        "looked_at": answer.looked_at,
        "without_pace": answer.without_pace,
        "left_out": answer.left_out,
        "dossiers": [_shown(each) for each in answer.listed],
    }


def _shown(each: Listed) -> dict[str, Any]:
    end = each.outlook.end
    return {
        "dossier": str(each.case.dossier),
        "code": each.case.code,
        "procedure": each.case.procedure,
        "unit": each.case.unit,
        "held_by": list(each.case.holders()),
        "probability": round(each.outlook.probability, 2),
        "appointment": local(each.appointment).isoformat(),
        "first_rung": local(each.first_rung).isoformat(),
        "expected_end": local(end).isoformat() if end else None,
        "reason": each.reason,
    }


def _require(newest: Catalogue, unit: str | None, threshold: float) -> None:
    if not 0 < threshold <= 1:
        raise Invalid(
            "the threshold is a probability, above 0 and at most 1", field="threshold", remedy="give one such as 0.7"
        )
    if unit is not None and all(each.code != unit for each in newest.units):
        raise Invalid("there is no such unit", field="unit", remedy="give the code of a unit of the catalogue")


def _is_asked_for(story: Story, unit: str | None, as_of: datetime) -> bool:
    """Whether the clock runs, the ladder has still to speak of it, and the unit asked for has to do with it."""
    case = story.case
    clock = case.clock(ClockKind.PROMISED)
    if case.state.business not in (Business.ACCEPTED, Business.PROCESSING) or clock is None or not story.under_way:
        return False
    return unit in (None, case.unit, *case.holders()) and is_ahead_of_the_ladder(clock, as_of)


def _listed(each: Ahead, outlook: Outlook, newest: Catalogue, window: timedelta) -> Listed:
    case, slowest = each.story.case, outlook.slowest
    clock = case.clock(ClockKind.PROMISED)
    assert clock is not None  # `_is_asked_for` looked
    office = next((unit.name for unit in reversed(newest.units) if unit.code == slowest.unit), slowest.unit)
    why = reason(outlook, each.names[slowest.step], office, each.meter, window)
    return Listed(case, appointment(case), first_rung(clock), outlook, why)


async def _paces(
    pool: Pool, books: Books, newest: Catalogue, ahead: Sequence[Ahead], as_of: datetime, window: timedelta
) -> Paces:
    """The paces that these dossiers need: of their own offices, and of the province's where those tell too little."""
    known = {each.story.case.dossier: each.story for each in ahead}  # what is open counts, sampled or not
    pairs = {(story.case.procedure, unit) for story in known.values() for unit in (story.case.unit, story.case.home)}
    await _sample(pool, known, pairs, as_of, window)
    paces = Paces(await books.spells(known.values(), as_of - window, as_of))
    works = (work for each in ahead for stage in each.stages for work in stage)
    poor = {work.procedure for work in works if paces.of(work) is None}
    if not poor:
        return paces
    everywhere = {
        (procedure.code, unit.code)
        for procedure in newest.procedures
        if procedure.code in poor
        for unit in newest.receivers(procedure, civil_date(as_of))
    }
    await _sample(pool, known, everywhere - pairs, as_of, window)
    return Paces(await books.spells(known.values(), as_of - window, as_of))


async def _sample(
    pool: Pool, known: dict[UUID, Story], pairs: Iterable[tuple[str, str]], as_of: datetime, window: timedelta
) -> None:
    """Add stories accepted within twice the window: what began before it may well have been under way in it.

    Whether a story is taken depends on the day of its acceptance alone, never on how it went.
    """
    wanted = sorted(pairs)
    if not wanted:
        return
    days = 2 * window.days
    a_day = max(1, min(A_DAY, MOST_STORIES // (len(wanted) * days)))
    stride = -(-len(wanted) * days * a_day // MOST_STORIES)
    stride += stride % _WEEK == 0  # never the same day of every week
    procedures, units = [each[0] for each in wanted], [each[1] for each in wanted]
    async with reading(pool) as connection:
        rows = await connection.fetch(QUERIES["accepted_lately"], procedures, units, as_of, days, stride, a_day)
    for story in await stories(pool, [row["id"] for row in rows if row["id"] not in known], as_of):
        known[story.case.dossier] = story
