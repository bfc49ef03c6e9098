"""Applies the migrations of `schema/migrations` in order, once each, under a lock; never at worker start."""

from __future__ import annotations

import hashlib
from pathlib import Path

import asyncpg

from activities.ports import Unavailable
from domain.errors import MotcuaError
from schema.sql import MIGRATIONS

_LOCK = 7206844
_TABLE = """
CREATE TABLE IF NOT EXISTS migration (
    name text PRIMARY KEY,
    digest text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT clock_timestamp()
)"""


class MigrationChanged(MotcuaError):
    """A migration that was applied has another text now: write a new one instead."""


async def migrate(database_url: str, folder: Path = MIGRATIONS) -> list[str]:
    """Apply what is missing, each file in a transaction of its own; return the names applied.

    Raises MigrationChanged, and Unavailable while the database does not answer.
    """
    files = {file.name: file.read_text(encoding="utf-8") for file in sorted(folder.glob("*.sql"))}  # noqa: ASYNC240  # a command of its own: nothing waits
    connection = await _connected(database_url)
    try:
        await connection.execute("SELECT pg_advisory_lock($1)", _LOCK)
        await connection.execute("SET lock_timeout = '4s'")
        await connection.execute(_TABLE)
        done = {r["name"]: r["digest"] for r in await connection.fetch("SELECT name, digest FROM migration")}
        return [name for name, text in files.items() if await _apply(connection, name, text, done)]
    finally:
        await connection.close()


async def _connected(database_url: str) -> asyncpg.Connection[asyncpg.Record]:
    try:
        return await asyncpg.connect(database_url)
    except (OSError, asyncpg.PostgresError) as error:
        raise Unavailable(f"database: {type(error).__name__}") from None


async def _apply(connection: asyncpg.Connection[asyncpg.Record], name: str, text: str, done: dict[str, str]) -> bool:
    digest = hashlib.sha256(text.encode()).hexdigest()
    if name in done:
        if done[name] != digest:
            raise MigrationChanged(f"{name} was changed after it was applied; add a new migration instead")
        return False
    async with connection.transaction():
        await connection.execute(text)
        await connection.execute("INSERT INTO migration (name, digest) VALUES ($1, $2)", name, digest)
    return True
