"""The relay: hands every row of the inbox that is still there to the engine, until it is acknowledged.

Mostly there is none, for whoever keeps a row hands it over at once (`adapters/handover.py`). The relay runs in the
workers, any number of them: a row is claimed with `SKIP LOCKED` and stays locked until the engine has answered. With
the engine down, rows wait and are tried again, a little later each time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

import asyncpg
import structlog

from activities.ports import Unavailable
from adapters.handover import Arrival, Handover
from adapters.postgres import Connection, Pool, transaction
from schema.case import Case
from schema.sql import QUERIES

log = structlog.get_logger()

BATCH = 50
LOOK_EVERY = 1.0
"""Seconds between looks."""
LONGEST_PAUSE = timedelta(seconds=30)


class Relay:
    """One relay; `run` goes on until it is cancelled."""

    def __init__(self, pool: Pool, handover: Handover, now: Callable[[], datetime]) -> None:
        self._pool = pool
        self._handover = handover
        self._now = now

    async def run(self) -> None:
        """Deliver, wait a second, deliver again; an outage is waited out and logged once."""
        away = False
        while True:
            try:
                while await self.deliver():
                    pass
                away = False
            except Unavailable as error:
                if not away:
                    log.warning("relay_paused", error=type(error).__name__)
                away = True
            await asyncio.sleep(LOOK_EVERY)

    async def deliver(self) -> bool:
        """Hand over one batch; say whether it was full, so that there may be more."""
        async with transaction(self._pool) as connection:
            rows = await connection.fetch(QUERIES["claim_inbox"], self._now(), BATCH)
            taken = await asyncio.gather(*(self._handover.take(_arrival(row)) for row in rows))
            await self._mark(connection, [(row, ok) for row, ok in zip(rows, taken, strict=True)])
        return len(rows) == BATCH and all(taken)

    async def _mark(self, connection: Connection, outcomes: list[tuple[asyncpg.Record, bool]]) -> None:
        taken = [row for row, ok in outcomes if ok]
        if taken:
            await connection.execute(QUERIES["deliver_inbox"], [row["id"] for row in taken], self._now())
        for row, ok in outcomes:
            if not ok:
                pause = min(timedelta(seconds=2 ** min(row["attempts"], 5)), LONGEST_PAUSE)
                await connection.execute(QUERIES["postpone_inbox"], [row["id"]], self._now() + pause)


def _arrival(row: asyncpg.Record) -> Arrival:
    return Arrival(row["id"], row["kind"], row["body"], Case.model_validate_json(row["fold"]))
