"""Reads out of the log what each step of a dossier was worked on, and measures it by the law it is pinned to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from itertools import groupby
from uuid import UUID

import asyncpg

from activities.ports import LawBook
from adapters.postgres import Pool, reading
from adapters.rows import event_of
from domain.catalogue import Catalogue
from domain.dossier import Business
from domain.forecast import Meter, Stretch, allotted, spell, used
from domain.instants import civil_date
from domain.paces import Spell, Work
from domain.procedures import Channel, StepKind
from schema.case import Case, first
from schema.sql import QUERIES

RECEIPT = ""
"""The key of the one-stop's own step, from acceptance to forwarding: a case does not name it."""

_UNFINISHED = frozenset(
    {Business.SUPPLEMENTING, Business.AWAITING_DUTY, Business.SUSPENDED, Business.WITHDRAWING, Business.STOPPED}
)
"""Where a step that is no longer worked on was not finished: its dossier stands still, or was given up."""


@dataclass
class Worked:
    """What one step of one office has been worked on: whole stretches, and since when it is under way."""

    step: str
    unit: str
    stretches: list[Stretch] = field(default_factory=list)
    since: datetime | None = None
    finished: bool = False

    def until(self, as_of: datetime) -> list[Stretch]:
        """The stretches up to an instant."""
        return self.stretches + ([(self.since, as_of)] if self.since is not None else [])


@dataclass
class Story:
    """An accepted dossier as it stood at an instant, with its steps in the order in which they were opened."""

    case: Case
    accepted: date
    steps: list[Worked]

    @property
    def under_way(self) -> list[Worked]:
        """The steps that somebody works on now."""
        return [each for each in self.steps if each.since is not None]


async def stories(pool: Pool, dossiers: Sequence[UUID], as_of: datetime) -> list[Story]:
    """The stories of these dossiers up to an instant; those that were not accepted by then are left out."""
    if not dossiers:
        return []
    async with reading(pool) as connection:
        rows = await connection.fetch(QUERIES["stories_until"], dossiers, as_of)
    told = (_told(list(story)) for _, story in groupby(rows, key=lambda row: row["dossier"]))
    return [story for story in told if story is not None]


def _told(rows: Sequence[asyncpg.Record]) -> Story | None:
    case, steps = first(event_of(rows[0])), dict[tuple[str, str], Worked]()
    for row in rows[1:]:
        event = event_of(row)
        case = case.after(event)
        _follow(steps, case, event.occurred_at)
    return Story(case, civil_date(case.accepted_at), list(steps.values())) if case.accepted_at else None


def _follow(steps: dict[tuple[str, str], Worked], case: Case, at: datetime) -> None:
    """Note what is no longer worked on, and what is from now on."""
    running = set(_running(case))
    for key, step in steps.items():
        if step.since is not None and key not in running:
            step.stretches.append((step.since, at))
            step.since, step.finished = None, case.state.business not in _UNFINISHED
    for key in _running(case):
        step = steps.setdefault(key, Worked(*key))
        step.since = step.since or at


def _running(case: Case) -> Iterator[tuple[str, str]]:
    if case.state.business is Business.ACCEPTED:
        yield RECEIPT, case.unit
    for step in case.open_steps():
        yield step.code, step.unit


@dataclass(frozen=True)
class Ahead:
    """What is left of a dossier: the steps under way with their ages, the stages to come, and how they are called.

    `meter` is of the calendar of the office that holds it.
    """

    story: Story
    stages: tuple[tuple[Work, ...], ...]
    names: dict[str, str]
    meter: Meter


class Books:
    """What the law that each dossier is pinned to says of its steps, looked up once for each kind of dossier."""

    def __init__(self, law: LawBook) -> None:
        self._law = law
        self._known: dict[tuple[str, str, str, str, str, date], dict[str, tuple[str, str, float]]] = {}
        self._meters: dict[tuple[str, str, date], Meter] = {}

    async def spells(self, told: Iterable[Story], since: datetime, as_of: datetime) -> list[Spell]:
        """Everything that the window between the two instants saw of these stories."""
        found = []
        for story in told:
            law = await self._law.at(story.case.law)
            for step in story.steps:
                work, _ = self._work(law, story, step.step, step.unit)
                meter = self._meter(law, step.unit, story.accepted)
                found.append(spell(work, step.until(as_of), step.finished, since, meter))
        return [each for each in found if each is not None]

    async def ahead(self, story: Story, as_of: datetime) -> Ahead:
        """What is left of a dossier that is under way."""
        law, case, names = await self._law.at(story.case.law), story.case, dict[str, str]()

        def work(code: str, unit: str, stretches: Sequence[Stretch] = ()) -> Work:
            made, names[made.step] = self._work(law, story, code, unit)
            return replace(made, age=used(stretches, self._meter(law, unit, story.accepted)))

        stages = [tuple(work(each.step, each.unit, each.until(as_of)) for each in story.under_way)]
        stages += [tuple(work(each.code, each.unit) for each in stage) for stage in case.stages[case.stage + 1 :]]
        return Ahead(story, tuple(stages), names, self._meter(law, case.holders()[0], story.accepted))

    def _work(self, law: Catalogue, story: Story, code: str, unit: str) -> tuple[Work, str]:
        step, name, given = self._steps(law, story)[code]
        return Work(story.case.procedure, step, unit, given), name

    def _steps(self, law: Catalogue, story: Story) -> dict[str, tuple[str, str, float]]:
        """The process of a dossier: code, name and allotted hours of each step, by its key in a case."""
        case, on = story.case, story.accepted
        key = (law.version, case.procedure, case.channel, case.case, case.home, on)
        if key not in self._known:
            procedure = law.procedure(case.procedure, on)
            counted_in = law.case(procedure, case.case).term.unit
            process = law.process(procedure, Channel(case.channel), on, case.case)
            found = {}
            for step in (step for stage in process.stages for step in stage.steps):
                unit = law.resolve(step.unit, case.home, on).code
                given = allotted(float(step.share), counted_in, self._meter(law, unit, on))
                found[RECEIPT if step.kind is StepKind.RECEIVE else step.code] = (step.code, step.name, given)
            self._known[key] = found
        return self._known[key]

    def _meter(self, law: Catalogue, unit: str, on: date) -> Meter:
        key = (law.version, unit, on)
        if key not in self._meters:
            self._meters[key] = Meter(law.calendar_of(law.unit(unit, on)))
        return self._meters[key]
