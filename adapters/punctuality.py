"""The punctuality of Decision 766 over the dossiers of a period: a report over the same ledger as the clocks.

Each dossier is judged by `domain.punctuality` on appointment 1, as of an instant; every figure names its dossiers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID

from activities.ports import LawBook
from adapters.postgres import Pool, reading
from adapters.rows import event_of
from domain.clocks import Stop
from domain.instants import at
from domain.milestones import ClockKind
from domain.punctuality import Punctuality, punctuality_766
from domain.stops import StopReason
from domain.terms import TermUnit
from schema.events import EventType
from schema.holding import Stage, decided_at, told
from schema.messages import Event
from schema.sql import QUERIES

PAGE = 200
"""Stories read at a time, so that a year of dossiers needs no more memory than a page."""


@dataclass(frozen=True)
class Judged:
    """One dossier and what the index says of it."""

    dossier: UUID
    code: str | None
    unit: str
    procedure: str
    found: Punctuality


@dataclass(frozen=True)
class Report:
    """The figures, by ground, and every dossier behind them."""

    judged: tuple[Judged, ...]

    @property
    def counts(self) -> Counter[str]:
        """How many dossiers the index counts on each ground."""
        return Counter(str(each.found.ground) for each in self.judged)


async def punctuality(
    pool: Pool, law: LawBook, *, first: date, last: date, as_of: datetime, unit: str | None, procedure: str | None
) -> Report:
    """Judge the dossiers accepted on these days of Việt Nam, both included."""
    begins, ends = at(first, time.min), at(last + timedelta(days=1), time.min)
    found = [
        each async for page in _pages(pool, begins, ends, unit, procedure) for each in await _judge(page, law, as_of)
    ]
    return Report(tuple(found))


async def _pages(
    pool: Pool, begins: datetime, ends: datetime, unit: str | None, procedure: str | None
) -> AsyncIterator[list[list[Event]]]:
    after: UUID | None = None
    while True:
        async with reading(pool) as connection:
            rows = await connection.fetch(QUERIES["accepted_between"], begins, ends, unit, procedure, after, PAGE)
            stories = [await connection.fetch(QUERIES["events_of"], row["id"]) for row in rows]
        yield [[event_of(event) for event in story] for story in stories]
        if len(rows) < PAGE:
            return
        after = rows[-1]["id"]


async def _judge(page: Sequence[Sequence[Event]], law: LawBook, as_of: datetime) -> list[Judged]:
    return [each for story in page if (each := await _judged(told(story), law, as_of)) is not None]


async def _judged(stages: Sequence[Stage], law: LawBook, as_of: datetime) -> Judged | None:
    case = stages[-1][1]
    statutory = case.clock(ClockKind.STATUTORY)
    if statutory is None or not case.calendar:
        return None  # accepted before the clocks were kept
    accepted = next(event for event, _ in stages if event.type is EventType.ACCEPTED)
    calendar = (await law.current(case.law)).calendar(case.calendar.partition("@")[0])
    found = punctuality_766(
        appointment=case.printed,
        statutory=statutory.due,
        ended=decided_at(stages),
        stops=_stops(stages),
        as_of=as_of,
        counted_in=TermUnit(accepted.data["terms"]["promised"].partition(" ")[2]),
        calendar=calendar,
    )
    return Judged(case.dossier, case.code, case.unit, case.procedure, found)


def _stops(stages: Sequence[Stage]) -> list[Stop]:
    """When somebody waited, in order: requests for papers, before and after acceptance, and typed suspensions."""
    case = stages[-1][1]
    asked = [
        (event.occurred_at, was.is_accepted) for event, was in stages if event.type is EventType.SUPPLEMENT_REQUESTED
    ]
    given = [event.occurred_at for event, _ in stages if event.type is EventType.SUPPLEMENTED]
    waits = [
        Stop(
            started,
            next((end for end in given if end >= started), None),
            StopReason.SUPPLEMENT if is_accepted else StopReason.PAPERS,
        )
        for started, is_accepted in asked
    ]
    others = [Stop(each.started, each.ended, StopReason(each.reason)) for each in case.suspensions]
    return sorted([*waits, *others], key=lambda stop: stop.started)
