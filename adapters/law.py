"""Publishes a catalogue as immutable versions in PostgreSQL, and reads publications back.

The engine reads the law only from here. A publication is named by the digest of its content; a catalogue that
was read once is kept in memory, since its digest can never come to mean anything else.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from time import monotonic

import asyncpg

from activities.ports import Refused, Unavailable
from activities.redating import under
from adapters.catalogue_versions import ADAPTERS, content, restore, version_of, versioned
from adapters.postgres import Connection, Pool, reading, transaction
from domain.catalogue import Catalogue
from domain.entries import Entry, code, entries
from schema.sql import QUERIES

NOTHING_PUBLISHED = "no law is published yet: run `motcua catalogue publish`"
NEWEST_SECONDS = 1.0
"""How long a process may not have heard of a new publication where only its calendars matter."""


@dataclass(frozen=True)
class Publication:
    """One publication; `is_new` is false when the newest one had the same content already."""

    number: int
    version: str
    published_at: datetime
    is_new: bool


async def publish(pool: Pool, catalogue: Catalogue, at: datetime) -> Publication:
    """Write what is not there yet and announce it at that instant; the newest content again is nothing new.

    Does not check the catalogue: `domain.catalogue_check.check` comes first. Raises Unavailable.
    """
    whole = versioned(catalogue)
    async with transaction(pool) as connection:
        await connection.execute(QUERIES["lock_publishing"])
        newest = await connection.fetchrow(QUERIES["latest_publication"])
        if newest is not None and newest["version"] == whole.version:
            return Publication(newest["number"], newest["version"], newest["published_at"], is_new=False)
        number = await _write(connection, whole, at)
    return Publication(number, whole.version, at, is_new=True)


async def newest(pool: Pool) -> Publication:
    """The newest publication. Raises Unavailable while nothing is published or the database is away."""
    async with reading(pool) as connection:
        row = await connection.fetchrow(QUERIES["latest_publication"])
    if row is None:
        raise Unavailable(NOTHING_PUBLISHED)
    return Publication(row["number"], row["version"], row["published_at"], is_new=False)


async def decided(pool: Pool) -> tuple[tuple[str, Entry], ...]:
    """The entries that commands have put above the files: closures and decisions. Raises Unavailable."""
    async with reading(pool) as connection:
        rows = await connection.fetch(QUERIES["decided_entries"])
    return tuple((row["kind"], ADAPTERS[row["kind"]].validate_json(row["content"])) for row in rows)


async def publish_decided(
    pool: Pool, catalogue: Catalogue, new: Iterable[tuple[str, Entry]], at: datetime
) -> Publication:
    """Publish a catalogue with entries that later publications of the files are to keep."""
    made = await publish(pool, catalogue, at)
    async with transaction(pool) as connection:
        for kind, entry in new:
            await connection.execute(QUERIES["decide_entry"], kind, code(entry), version_of(kind, entry), made.number)
    return made


async def forget_decided(pool: Pool) -> None:
    """Let the files alone count again. Raises Unavailable."""
    async with reading(pool) as connection:
        await connection.execute(QUERIES["forget_decided"])


async def _write(connection: Connection, whole: Catalogue, at: datetime) -> int:
    rows = [(kind, code(entry), entry.version, content(kind, entry)) for kind, entry in entries(whole)]
    await connection.executemany(QUERIES["insert_law_entry"], [(*row, at) for row in rows])
    number = int(await connection.fetchval(QUERIES["insert_publication"], whole.version, at))
    named = [(number, position, *row[:3]) for position, row in enumerate(rows)]
    await connection.executemany(QUERIES["insert_published"], named)
    return number


class PostgresLaw:
    """The published law, behind the port `activities.ports.LawBook`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._known: dict[str, Catalogue] = {}
        self._joined: dict[tuple[str, str], Catalogue] = {}
        self._looked: tuple[Catalogue | None, float] = (None, 0.0)

    async def latest(self) -> Catalogue:
        """The newest publication. Raises Unavailable while nothing is published or the database is away."""
        async with reading(self._pool) as connection:
            row = await connection.fetchrow(QUERIES["latest_publication"])
        if row is None:
            raise Unavailable(NOTHING_PUBLISHED)
        return await self._read(row)

    async def at(self, publication: str) -> Catalogue:
        """The publication with that digest, however old. Raises Refused for one that never was."""
        if publication in self._known:
            return self._known[publication]
        async with reading(self._pool) as connection:
            row = await connection.fetchrow(QUERIES["publication_of_version"], publication)
        if row is None:
            raise Refused(f"no publication of the law has the digest {publication}")
        return await self._read(row)

    async def current(self, publication: str) -> Catalogue:
        """That publication on the calendars of the newest, which may be unknown here for `NEWEST_SECONDS`."""
        pinned, newest = await self.at(publication), await self._newest()
        names = (pinned.version, newest.version)
        if names not in self._joined:
            self._joined[names] = under(pinned, newest)
        return self._joined[names]

    async def _newest(self) -> Catalogue:
        known, looked_at = self._looked
        if known is None or monotonic() - looked_at > NEWEST_SECONDS:
            now = monotonic()
            known = await self.latest()
            self._looked = (known, now)
        return known

    async def _read(self, row: asyncpg.Record) -> Catalogue:
        version: str = row["version"]
        if version not in self._known:
            async with reading(self._pool) as connection:
                rows = await connection.fetch(QUERIES["entries_of_publication"], row["number"])
            read = restore((each["kind"], each["content"]) for each in rows)
            if read.version != version:
                raise Refused(f"the publication {version} does not have the content that its digest names")
            self._known[version] = read
        return self._known[version]
