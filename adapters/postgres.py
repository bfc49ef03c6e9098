"""The connection pool, and the one place where a driver's error becomes `Unavailable`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import asyncpg

from activities.ports import Unavailable

if TYPE_CHECKING:
    Pool = asyncpg.Pool[asyncpg.Record]
    Connection = asyncpg.pool.PoolConnectionProxy[asyncpg.Record]
else:
    Pool = asyncpg.Pool
    Connection = asyncpg.pool.PoolConnectionProxy

_AWAY = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.CannotConnectNowError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.TransactionRollbackError,
)
"""By class, never by message: connection lost, server starting or stopping, out of connections, deadlock."""

CONNECT_SECONDS = 2.0
TURN_SECONDS = 8.0
"""How long a caller waits for a connection of a busy pool."""
STATEMENT_SECONDS = 10.0


async def open_pool(database_url: str, size: int) -> Pool:
    """Open a pool that does not need the database to be there yet."""
    pool: Pool = await asyncpg.create_pool(
        database_url,
        min_size=0,
        max_size=size,
        timeout=CONNECT_SECONDS,
        command_timeout=STATEMENT_SECONDS,
        max_inactive_connection_lifetime=300,
        reset=_nothing,
    )
    return pool


async def _nothing(_: asyncpg.Connection[asyncpg.Record]) -> None:
    """No session state is ever set, so nothing needs a round trip to be undone when a connection goes back."""


@asynccontextmanager
async def reading(pool: Pool) -> AsyncIterator[Connection]:
    """One connection of the pool, for single statements; with the database away `Unavailable`."""
    try:
        async with asyncio.timeout(TURN_SECONDS):  # the pool's own time-out makes a task for each turn
            connection = await pool.acquire()
        try:
            yield connection
        finally:
            await pool.release(connection)
    except _AWAY as error:  # by its class only: a driver's message quotes data
        raise Unavailable(f"database: {type(error).__name__}") from None


@asynccontextmanager
async def transaction(pool: Pool) -> AsyncIterator[Connection]:
    """One short transaction on a connection of the pool."""
    async with reading(pool) as connection, connection.transaction():
        yield connection


async def row_of(connection: Connection, query: str, *values: object) -> asyncpg.Record:
    """The one row that must be there."""
    row = await connection.fetchrow(query, *values)
    assert row is not None, "a row that must be there is not"
    return row
