"""The punctuality of Decision 766 over the dossiers of a period: a report over the same ledger as the clocks.

Each dossier is judged by `domain.punctuality` on the appointment that its acceptance gave: what a supplement or
form 04 made of it later is the law's, and the index subtracts the wait instead. Every figure names its dossiers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from itertools import groupby
from typing import Any
from uuid import UUID

from activities.ports import LawBook
from adapters.postgres import Pool, reading
from adapters.rows import event_of
from domain.clocks import Stop
from domain.errors import Invalid
from domain.instants import at, civil_date, local
from domain.milestones import ClockKind
from domain.punctuality import Ground, Outcome, Punctuality, punctuality_766
from domain.stops import StopReason
from domain.terms import TermUnit
from schema.events import EventType
from schema.holding import Stage, decided_at, told
from schema.sql import QUERIES

PAGE = 25
"""Stories in memory at a time, however long the period is; and between two pages a gateway can answer others."""

ASKED_AGAIN, OPEN = "asked_again", "open"
COLUMNS = (*(str(each) for each in Outcome), ASKED_AGAIN, OPEN)
"""The outcomes, which add up to all; of the late, how many were asked for papers again; of all, how many are open."""


@dataclass(frozen=True)
class Question:
    """Which dossiers are judged: decided on these days of Việt Nam, both included, or open at `as_of`."""

    first: date
    last: date
    as_of: datetime
    unit: str | None = None
    procedure: str | None = None

    @property
    def begins(self) -> datetime:
        """Midnight before the first day."""
        return at(self.first, time.min)


@dataclass(frozen=True)
class Judged:
    """One dossier, what the index says of it, and both its appointments: the second never counts."""

    dossier: UUID
    code: str | None
    unit: str
    procedure: str
    appointment: datetime
    moved_to: datetime | None
    found: Punctuality


@dataclass
class Report:
    """The figures by receiving unit and procedure, each a count by `COLUMNS`; dossiers are added one by one."""

    question: Question
    figures: dict[tuple[str, str], Counter[str]] = field(default_factory=dict)

    def add(self, each: Judged) -> None:
        """Count one dossier in the columns it belongs to."""
        figure = self.figures.setdefault((each.unit, each.procedure), Counter())
        figure[each.found.outcome] += 1
        figure[ASKED_AGAIN] += each.found.ground is Ground.ASKED_AGAIN
        figure[OPEN] += not each.found.is_over

    @property
    def total(self) -> Counter[str]:
        """All figures together."""
        return sum(self.figures.values(), Counter())


def question(
    first: date, last: date, *, as_of: datetime, unit: str | None = None, procedure: str | None = None
) -> Question:
    """Ask about a period as of an instant, or of its end where that is earlier. Raises Invalid for what cannot be."""
    if last < first:
        raise Invalid("the period ends before it begins", field="to", remedy="give a day from the first one on")
    try:
        ends = at(last + timedelta(days=1), time.min) - timedelta(microseconds=1)
    except OverflowError:
        raise Invalid("the period ends with the calendar", field="to", remedy="give an earlier day") from None
    asked = Question(first, last, min(local(as_of), ends), unit, procedure)
    if asked.as_of < asked.begins:
        raise Invalid("the period has not begun by then", field="from", remedy="give a period that has begun")
    return asked


class Index766:
    """Judges the dossiers of the register; a question is answered story by story, a page of them in memory."""

    def __init__(self, pool: Pool, law: LawBook) -> None:
        self._pool, self._law = pool, law

    async def report(self, asked: Question) -> Report:
        """Count them. Raises Invalid for an unknown unit or procedure, Unavailable without the database."""
        report = Report(asked)
        async for each in self.judged(asked):
            report.add(each)
        return report

    async def dossiers(
        self, asked: Question, *, outcome: Outcome | None = None, after: UUID | None = None, limit: int
    ) -> list[Judged]:
        """A keyset page of the dossiers behind a figure; of every outcome for None."""
        page: list[Judged] = []
        async for each in self.judged(asked, after):
            if outcome in (None, each.found.outcome):
                page.append(each)
            if len(page) == limit:
                break
        return page

    async def judged(self, asked: Question, after: UUID | None = None) -> AsyncIterator[Judged]:
        """Every dossier asked for, by id."""
        await self._require_known(asked)
        while True:
            async with reading(self._pool) as connection:
                rows = await connection.fetch(
                    QUERIES["list_judged"], asked.begins, asked.as_of, asked.unit, asked.procedure, after, PAGE
                )
                ids = [row["id"] for row in rows]
                events = await connection.fetch(QUERIES["stories_until"], ids, asked.as_of)
            for _, story in groupby(events, key=lambda row: row["dossier"]):
                stages = told(event_of(row) for row in story)
                decided = decided_at(stages)
                if decided is None or decided >= asked.begins:
                    yield await self._judge(stages, decided, asked.as_of)
            if len(ids) < PAGE:
                return
            after = ids[-1]

    async def _require_known(self, asked: Question) -> None:
        newest = await self._law.latest()
        units, procedures = {each.code for each in newest.units}, {each.code for each in newest.procedures}
        for name, code, known in (("unit", asked.unit, units), ("procedure", asked.procedure, procedures)):
            if code is not None and code not in known:
                raise Invalid(f"there is no such {name}", field=name, remedy="give a code of the catalogue")

    async def _judge(self, stages: Sequence[Stage], decided: datetime | None, as_of: datetime) -> Judged:
        case = stages[-1][1]
        event, accepted = next(stage for stage in stages if stage[0].type is EventType.ACCEPTED)
        statutory, given = accepted.clock(ClockKind.STATUTORY), accepted.printed
        assert given is not None  # form 01 always gives one
        law, on = await self._law.current(case.law), civil_date(event.occurred_at)
        lead = law.resolve(law.procedure(case.procedure, on).lead, case.home, on)
        found = punctuality_766(
            appointment=given,
            statutory=statutory.due if statutory else given,
            ended=decided,
            stops=_stops(stages),
            as_of=as_of,
            counted_in=TermUnit(event.data["terms"]["promised"].partition(" ")[2]),
            calendar=law.calendar_of(lead),
        )
        return Judged(case.dossier, case.code, case.unit, case.procedure, given, case.moved_to, found)


def shown(report: Report) -> dict[str, Any]:
    """The report as JSON, for the gateway and the command line; no person is in it."""
    asked = report.question
    return {
        "from": asked.first.isoformat(),
        "to": asked.last.isoformat(),
        "as_of": asked.as_of.isoformat(),
        "total": _columns(report.total),
        "figures": [
            {"unit": unit, "procedure": procedure, **_columns(figure)}
            for (unit, procedure), figure in sorted(report.figures.items())
        ],
    }


def dossier_shown(each: Judged) -> dict[str, Any]:
    """One dossier behind a figure as JSON."""
    found = each.found
    return {
        "dossier": str(each.dossier),
        "code": each.code,
        "unit": each.unit,
        "procedure": each.procedure,
        "outcome": str(found.outcome),
        "ground": str(found.ground),
        "open": not found.is_over,
        "appointment": local(each.appointment).isoformat(),
        "moved_to": local(each.moved_to).isoformat() if each.moved_to else None,
        "end": found.end.isoformat(),
        "allowed": found.allowed.isoformat(),
        "waited_seconds": round(found.waited.total_seconds()),
    }


def _columns(figure: Counter[str]) -> dict[str, int]:
    return {column: figure[column] for column in COLUMNS}


def _stops(stages: Sequence[Stage]) -> list[Stop]:
    """When somebody waited, in order: requests for papers, before and after acceptance, and typed suspensions."""
    case = stages[-1][1]
    asked = [(event.occurred_at, was) for event, was in stages if event.type is EventType.SUPPLEMENT_REQUESTED]
    given = [event.occurred_at for event, _ in stages if event.type is EventType.SUPPLEMENTED]
    waits = [
        Stop(
            started,
            next((end for end in given if end >= started), None),
            StopReason.SUPPLEMENT if was.is_accepted else StopReason.PAPERS,
        )
        for started, was in asked
    ]
    others = [Stop(each.started, each.ended, StopReason(each.reason)) for each in case.suspensions]
    return sorted([*waits, *others], key=lambda stop: stop.started)
