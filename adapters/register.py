"""The register in PostgreSQL: every transition is one `record`, one short transaction.

Locks go in one fixed order: the dossier's row, counters, the log. What the log holds is the truth; the row of
the dossier and the payment attempts are projections, written in the same transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import astuple
from datetime import date, datetime
from typing import Any
from uuid import UUID

import asyncpg

from activities.law import NEEDS_DESK, NEEDS_LAW, PINS_NEWEST, complete
from activities.ports import Claim, Desk, LawBook, Refused
from activities.redating import Subject, under
from adapters.money import PROJECTS_MONEY, project_money
from adapters.postgres import Connection, Pool, reading, row_of, transaction
from adapters.rows import case_values, event_of, event_values
from domain.catalogue import Catalogue
from domain.errors import DomainError
from schema.case import Case, fold
from schema.events import EventType
from schema.messages import Event, RecordAsk, Recorded
from schema.sql import QUERIES

KNOWN_CASES = 5_000
"""Cases that a process remembers, the oldest forgotten first; a forgotten one is read again."""


class PostgresRegister:
    """`activities.ports.Register` over PostgreSQL."""

    def __init__(self, pool: Pool, law: LawBook, now: Callable[[], datetime]) -> None:
        self._pool = pool
        self._law = law
        self._now = now
        self._cases: dict[UUID, Case] = {}

    async def load(self, dossier: UUID) -> Case:
        """Fold the events, not the projection: a run starts from the truth."""
        async with reading(self._pool) as connection:
            rows = await connection.fetch(QUERIES["events_of"], dossier)
        if not rows:
            raise Refused(f"no dossier {dossier}")
        return fold(event_of(row) for row in rows)

    async def record(self, ask: RecordAsk) -> Recorded:
        """Write one event under its number, or return what stands there (or stands for its command) already."""
        event, law = ask.event, await self._law_for(ask)
        try:
            known = None if ask.then else await self._record_known(event, law)
            return known or await self._record_locked(event, ask.then, law)
        except (asyncpg.UniqueViolationError, DomainError):
            if (before := await self._recorded_before(event)) is None:
                raise
            return _recorded(before)

    async def _law_for(self, ask: RecordAsk) -> Catalogue | None:
        """Fetched before the transaction begins, so that a cold cache never waits for a second connection."""
        types = {event.type for event in (ask.event, *ask.then)}
        if not types & NEEDS_LAW:
            return None
        if types & PINS_NEWEST:
            return await self._law.latest()
        if ask.event.type is EventType.REDATED:
            pinned, published = await self._law.at(ask.law), await self._law.at(ask.event.data["law"])
            return under(pinned, published, Subject(ask.event.data["subject"]))
        return await self._law.current(ask.law)

    async def _record_known(self, event: Event, law: Catalogue | None) -> Recorded | None:
        """The usual way: one statement, from a case that this process knows or reads; None when that is not enough.

        A case is the fold of its events and they never change, so one with the right number is the right one.
        """
        if _touches_more(event):
            return None
        async with reading(self._pool) as connection:
            case = await self._case_at(connection, event.dossier, event.sequence - 1)
            if case is None:
                return None
            after, made = await _made(case, event, law, _NoDesk())
            if await connection.fetchval(QUERIES["write_event"], *self._written(after, made)) is None:
                return None
        self._remember(after)
        return _recorded(made)

    async def _case_at(self, connection: Connection, dossier: UUID, sequence: int) -> Case | None:
        case = self._cases.get(dossier)
        if case is None or case.sequence != sequence:  # another process wrote the last event
            fold = await connection.fetchval(QUERIES["fold_at"], dossier, sequence)
            case = Case.model_validate_json(fold) if fold else None
        return case

    async def _record_locked(self, event: Event, then: tuple[Event, ...], law: Catalogue | None) -> Recorded:
        async with transaction(self._pool) as connection:
            row = await connection.fetchrow(QUERIES["lock_dossier"], event.dossier)
            if row is None:
                raise Refused(f"no dossier {event.dossier}")
            if event.sequence <= row["sequence"]:
                found = await row_of(connection, QUERIES["event_at"], event.dossier, event.sequence)
                return _recorded(event_of(found))
            if event.sequence > row["sequence"] + 1:
                raise Refused(f"event {event.sequence} would leave a hole after {row['sequence']}")
            # All is counted before anything is written: the log's lock comes last.
            desk = _OpenDesk(connection, self._now())
            story = [await _made(Case.model_validate_json(row["fold"]), event, law, desk)]
            with suppress(DomainError):  # what cannot follow yet is asked for again, and alone
                for each in then:
                    story.append(await _made(story[-1][0], each, law, desk))  # those before a refusal stay
            for case, made in story:
                await project_money(connection, case, made, self._now())
            await connection.executemany(QUERIES["write_event"], [self._written(*each) for each in story])
        self._remember(story[-1][0])
        return _recorded(story[0][1], (made for _, made in story[1:]))

    def _written(self, case: Case, event: Event) -> tuple[Any, ...]:
        return (*case_values(case), *event_values(event, self._now()))

    def _remember(self, case: Case) -> None:
        """Know an open case that stands in the register, so that the next event costs one statement.

        After the commit, never before: a case that was not kept must not be built upon.
        """
        if case.is_closed:
            self._cases.pop(case.dossier, None)
            return
        self._cases[case.dossier] = case
        if len(self._cases) > KNOWN_CASES:
            del self._cases[next(iter(self._cases))]

    async def _recorded_before(self, event: Event) -> Event | None:
        async with reading(self._pool) as connection:
            row = await connection.fetchrow(QUERIES["event_of_command"], event.dossier, event.command)
        return event_of(row) if row else None


def _recorded(event: Event, followed: Iterable[Event] = ()) -> Recorded:
    return Recorded(**dict(event), followed_by=tuple(followed))


async def _made(case: Case, event: Event, law: Catalogue | None, desk: Desk) -> tuple[Case, Event]:
    """Complete an event with what the law makes of it; return the case after it as well."""
    made = await complete(case, _placed(event, case), law, desk)
    return case.after(made), made


def _placed(event: Event, case: Case) -> Event:
    """Instants of one dossier never run backwards: a stamp that lost a race is raised to the last event's."""
    return event.model_copy(update={"occurred_at": max(event.occurred_at, case.last_instant)})


def _touches_more(event: Event) -> bool:
    """Whether more than the dossier and the log is written: a counter, a claim, a payment attempt."""
    return event.type in NEEDS_DESK or event.type in PROJECTS_MONEY


class _OpenDesk:
    """`activities.ports.Desk` in one transaction."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    async def count(self, name: str, day: date) -> int:
        number: int = await self._connection.fetchval(QUERIES["next_count"], name, day)
        return number

    async def claim(self, claim: Claim) -> str | None:
        values = (*astuple(claim), "dossier", self._now)
        if await self._connection.fetchval(QUERIES["claim_rung"], *values) is not None:
            return None
        before: str = await self._connection.fetchval(QUERIES["claimant_of_rung"], *values[:5])
        return before


class _NoDesk:
    """For events that need nothing of the kind."""

    async def count(self, name: str, day: date) -> int:
        raise AssertionError(f"{name} is counted in a transaction")

    async def claim(self, claim: Claim) -> str | None:
        raise AssertionError(f"{claim} is claimed in a transaction")
