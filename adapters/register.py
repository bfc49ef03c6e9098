"""The register in PostgreSQL: every transition is one `record`, one short transaction.

Locks go in one fixed order: the dossier's row, counters, the log. What the log holds is the truth; the row of
the dossier and the payment attempts are projections, written in the same transaction.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from uuid import UUID

import asyncpg

from activities.law import NEEDS_LAW, PINS_NEWEST, complete
from activities.ports import LawBook, Refused
from adapters.postgres import Connection, Pool, reading, row_of, transaction
from adapters.rows import case_values, event_of, event_values
from domain.catalogue import Catalogue
from schema.case import Case, fold
from schema.events import EventType
from schema.messages import Event, RecordAsk
from schema.sql import QUERIES


class PostgresRegister:
    """`activities.ports.Register`, and the appending half that intake shares."""

    def __init__(self, pool: Pool, law: LawBook, now: Callable[[], datetime]) -> None:
        self._pool = pool
        self._law = law
        self._now = now

    async def load(self, dossier: UUID) -> Case:
        """Fold the events, not the projection: a run starts from the truth."""
        async with reading(self._pool) as connection:
            rows = await connection.fetch(QUERIES["events_of"], dossier)
        if not rows:
            raise Refused(f"no dossier {dossier}")
        return fold(event_of(row) for row in rows)

    async def record(self, ask: RecordAsk) -> Event:
        """Write one event under its number, or return what stands there (or stands for its command) already."""
        law = await self._law_for(ask)
        try:
            async with transaction(self._pool) as connection:
                return await self._record(connection, ask.event, law)
        except asyncpg.UniqueViolationError as error:
            if error.constraint_name != "event_dossier_command_key":
                raise
        return await self._recorded_before(ask.event)

    async def _law_for(self, ask: RecordAsk) -> Catalogue | None:
        """Fetched before the transaction begins, so that a cold cache never waits for a second connection."""
        if ask.event.type not in NEEDS_LAW:
            return None
        if ask.event.type in PINS_NEWEST:
            return await self._law.latest()
        return await self._law.at(ask.law)

    async def _record(self, connection: Connection, event: Event, law: Catalogue | None) -> Event:
        row = await connection.fetchrow(QUERIES["lock_dossier"], event.dossier)
        if row is None:
            raise Refused(f"no dossier {event.dossier}")
        if event.sequence <= row["sequence"]:
            return event_of(await row_of(connection, QUERIES["event_at"], event.dossier, event.sequence))
        if event.sequence > row["sequence"] + 1:
            raise Refused(f"event {event.sequence} would leave a hole after {row['sequence']}")
        case = Case.model_validate_json(row["fold"])
        placed = event.model_copy(update={"occurred_at": max(event.occurred_at, row["last_instant"])})

        async def count(name: str, day: date) -> int:
            number: int = await connection.fetchval(QUERIES["next_count"], name, day)
            return number

        made = await complete(case, placed, law, count)
        await connection.execute(QUERIES["update_dossier"], *case_values(case.after(made)))
        await self._project_payment(connection, case, made)
        await append(connection, made, self._now())
        return made

    async def _project_payment(self, connection: Connection, case: Case, event: Event) -> None:
        reference = event.data.get("reference")
        if event.type is EventType.PAYMENT_ORDERED:
            number, amount = event.data["number"], event.data["amount"]
            await connection.execute(QUERIES["order_payment"], reference, event.dossier, number, amount)
        elif event.type is EventType.PAYMENT_RECEIVED and reference:
            await connection.execute(QUERIES["settle_payment"], reference, "paid", event.data["transaction"])
        elif event.type is EventType.PAYMENT_FAILED:
            await connection.execute(QUERIES["settle_payment"], reference, "failed", None)

    async def _recorded_before(self, event: Event) -> Event:
        async with reading(self._pool) as connection:
            return event_of(await row_of(connection, QUERIES["event_of_command"], event.dossier, event.command))


async def append(connection: Connection, event: Event, recorded_at: datetime) -> None:
    """Append to the log under its lock, last of all, so that `position` is commit order and the lock is short."""
    await connection.execute(QUERIES["append_event"], *event_values(event, recorded_at))
