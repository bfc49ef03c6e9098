"""What the watch keeps: findings that stand, its stream, its marks, and the claims of the rungs it speaks of.

Each write is one short transaction. Locks go: dossier rows, claims, the watch's log, which no other takes.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import asyncpg

from adapters.postgres import Connection, Pool, reading, transaction
from schema.sql import QUERIES
from schema.watch import Finding, WatchKind

WATCH = "watch"


class WatchBook:
    """The watch's tables in PostgreSQL, to write and to read."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    # To write

    async def keep(self, findings: Sequence[Finding], as_of: datetime) -> int:
        """Raise what does not stand yet, in its order; say how many were raised."""
        if not findings:
            return 0
        async with transaction(self._pool) as connection:
            return await self.keep_in(connection, findings, as_of)

    async def keep_in(self, connection: Connection, findings: Sequence[Finding], as_of: datetime) -> int:
        """The same within a transaction that holds the rows of the dossiers whose rungs are among the findings."""
        stood = await connection.fetch(QUERIES["touch_findings"], [each.key for each in findings], as_of)
        known = {row["key"] for row in stood}
        raised = 0
        for each in findings:
            if each.key not in known and await _may_raise(connection, each, as_of):
                raised += await connection.fetchval(QUERIES["raise_finding"], *_values(each), as_of) is not None
        return raised

    async def close(self, ids: Sequence[int], as_of: datetime) -> int:
        """Close findings by their number; say how many stood until now."""
        if not ids:
            return 0
        async with transaction(self._pool) as connection:
            return len(await connection.fetch(QUERIES["close_findings"], ids, as_of))

    async def mark(self, name: str, as_of: datetime, value: str = "") -> None:
        """Note how far a look has come."""
        async with reading(self._pool) as connection:
            await connection.execute(QUERIES["set_mark"], name, value, as_of)

    # To read

    async def marked(self, name: str) -> str | None:
        """How far a look has come; None when it never was had."""
        async with reading(self._pool) as connection:
            value: str | None = await connection.fetchval(QUERIES["read_mark"], name)
        return value

    async def standing_now(self, kinds: Iterable[WatchKind]) -> list[asyncpg.Record]:
        """The rows of what stands now of these kinds."""
        async with reading(self._pool) as connection:
            return list(await connection.fetch(QUERIES["standing_findings"], [str(kind) for kind in kinds]))

    async def standing(self, as_of: datetime, limit: int) -> list[dict[str, Any]]:
        """What stood as of an instant, the longest first."""
        async with reading(self._pool) as connection:
            rows = await connection.fetch(QUERIES["list_standing"], as_of, limit)
        times = ("opened_at", "last_seen", "closed_at")
        return [{**_shown(row), **{name: row[name] for name in times}} for row in rows]

    async def counts(self, as_of: datetime) -> list[dict[str, Any]]:
        """How many findings stood as of an instant, by `kind` and `unit`, with the instant of the `oldest`."""
        async with reading(self._pool) as connection:
            return [dict(row) for row in await connection.fetch(QUERIES["count_standing"], as_of)]

    async def looks(self) -> dict[str, datetime]:
        """As of when each look last ended: one that grows old means that nobody watches."""
        async with reading(self._pool) as connection:
            return {row["name"]: row["at"] for row in await connection.fetch(QUERIES["list_marks"])}

    async def events(self, after: int, limit: int) -> list[dict[str, Any]]:
        """A page of the watch's stream, in commit order, each with its `position`."""
        async with reading(self._pool) as connection:
            rows = await connection.fetch(QUERIES["list_watch_events"], after, limit)
        own = ("position", "type", "found_at")
        return [{**{name: row[name] for name in own}, **_shown(row)} for row in rows]


async def _may_raise(connection: Connection, finding: Finding, as_of: datetime) -> bool:
    """A rung is spoken of once for ever, by whoever claims it first: the dossier, or the watch."""
    if finding.kind is not WatchKind.RUNG:
        return True
    values = (finding.dossier, finding.clock, finding.step, finding.rung, finding.arming, finding.at, WATCH, as_of)
    return await connection.fetchval(QUERIES["claim_rung"], *values) is not None


def _values(finding: Finding) -> tuple[Any, ...]:
    return (
        finding.key,
        finding.kind,
        finding.dossier,
        finding.about,
        finding.clock,
        finding.step,
        finding.rung,
        finding.arming,
        finding.at,
        finding.unit,
        finding.procedure,
        json.dumps(finding.data, ensure_ascii=False),
    )


_FACTS = ("kind", "dossier", "about", "clock", "step", "rung", "arming", "at", "unit", "procedure")


def _shown(row: asyncpg.Record) -> dict[str, Any]:
    return {**{name: row[name] for name in _FACTS}, "data": json.loads(row["data"])}
