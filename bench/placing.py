"""Places dossiers in the register without intake, key or person, as measurements need them by the thousand."""

from __future__ import annotations

from datetime import datetime

from adapters.postgres import Connection
from adapters.rows import case_values, event_values
from schema.case import Case, first
from schema.messages import Event
from schema.sql import QUERIES


async def place(connection: Connection, event: Event, recorded_at: datetime) -> None:
    """A dossier that has been submitted by this event; the log stays locked until the transaction's end."""
    await place_case(connection, first(event))
    values = (event.dossier, event.sequence, event.occurred_at, *event_values(event, recorded_at))
    await connection.execute(QUERIES["append_event"], *values)


async def place_case(connection: Connection, case: Case) -> None:
    """A dossier that stands as this case has it, with no story."""
    await connection.execute(QUERIES["insert_dossier"], *case_values(case))
