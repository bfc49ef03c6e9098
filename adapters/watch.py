"""The watch: looks in SQL, and at the engine, for what stands still, and keeps what it finds in its own stream.

`dossiers` reads every open dossier that a condition in SQL picks out; `register` and `engine` take the next part
of the register a round, whatever is new, and all that stood before. Every instant is passed in as `as_of`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Protocol
from uuid import UUID

import asyncpg

from activities.ports import LawBook, Unavailable
from activities.watching import UNDONE, Patience, standing
from adapters.postgres import Connection, Pool, reading, row_of, transaction
from adapters.rows import case_values, event_of
from adapters.watch_book import WatchBook
from domain.catalogue import Catalogue
from domain.errors import DomainError
from schema import wire
from schema.case import Case, fold
from schema.events import EventType
from schema.sql import QUERIES
from schema.watch import CASE_KINDS, Finding, Look, LookAsk, Looked, WatchKind

PAGE = 50
"""Dossiers of one transaction: so long, at most, does the watch hold anybody's row."""
PART = 200
"""Dossiers that a round takes from the register, beside what is new and what stood before."""
ASKED_AT_ONCE = 20
"""Workflows that are asked side by side, so that those which do not answer hold up few."""
MOST_WAITING = 1_000
"""Inbox rows that a round speaks of."""

_NOBODY = UUID(int=0)
_BEGINNING = datetime(1, 1, 1, tzinfo=UTC)
_FORM_04 = (EventType.CLOCK_ASKED, EventType.ANSWERED_LATE, EventType.APOLOGY_SIGNED)


class Probe(Protocol):
    """What the watch asks of the engine. Everything raises `Unavailable` when it does not answer."""

    async def in_trouble(self) -> list[str]:
        """The ids of the running workflows whose code fails."""
        ...

    async def running(self, dossiers: Sequence[UUID]) -> set[UUID]:
        """Those of these dossiers that the engine lists as running."""
        ...

    async def state_of(self, dossier: UUID) -> str:
        """How the engine says that the dossier's workflow stands: RUNNING, TERMINATED, …, or MISSING."""
        ...

    async def knows(self, dossier: UUID) -> int:
        """The number of the last event that the dossier's workflow knows; 0 before it loaded any."""
        ...

    async def nudge(self, dossier: UUID, sequence: int, at: datetime) -> None:
        """Have a run that is behind load its story up to that number."""
        ...

    async def start(self, row: asyncpg.Record) -> None:
        """Start the workflow of a dossier that has none."""
        ...


class PostgresWatch:
    """`activities.ports.Watch` over PostgreSQL and a probe of the engine."""

    def __init__(self, pool: Pool, law: LawBook, probe: Probe, patience: Patience) -> None:
        self._pool = pool
        self._law = law
        self._probe = probe
        self._patience = patience
        self._book = WatchBook(pool)

    async def look(self, ask: LookAsk) -> Looked:
        """Have the look, and note when it has ended."""
        looks = {
            Look.DOSSIERS: self._look_at_dossiers,
            Look.INBOX: self._look_at_inbox,
            Look.REGISTER: self._look_at_register,
            Look.ENGINE: self._look_at_engine,
        }
        raised, closed = await looks[ask.look](ask.as_of)
        await self._book.mark(ask.look, ask.as_of)
        return Looked(look=ask.look, raised=raised, closed=closed)

    # Deadlines, tasks and steps

    async def _look_at_dossiers(self, as_of: datetime) -> tuple[int, int]:
        law = await self._law.latest()
        raised = 0
        after = (_BEGINNING, _NOBODY)
        while True:
            async with transaction(self._pool) as connection:
                before = as_of - self._patience.rung
                rows = await connection.fetch(QUERIES["find_missed"], before, *after, PAGE)
                found = await self._judged(connection, rows, as_of, law)
                raised += await self._book.keep_in(connection, found, as_of)
            if len(rows) < PAGE:
                break
            after = rows[-1]["next_at"], rows[-1]["id"]
        async for rows in self._pages("find_suspects", as_of):
            async with reading(self._pool) as connection:
                found = await self._judged(connection, rows, as_of, law)
            # A rung is claimed under its dossier's lock alone, above: here the row may have moved on.
            raised += await self._book.keep([each for each in found if each.kind is not WatchKind.RUNG], as_of)
        return raised, await self._close_what_moved(as_of, law)

    async def _close_what_moved(self, as_of: datetime, law: Catalogue) -> int:
        """Judge again whatever stands: what the same judgement no longer finds is gone."""
        closed = 0
        kinds = [str(kind) for kind in CASE_KINDS]
        async for rows in self._pages("find_standing_cases", kinds):
            async with reading(self._pool) as connection:
                keys = {each.key for each in await self._judged(connection, rows, as_of, law)}
                stood = [
                    each for row in rows for each in await connection.fetch(QUERIES["findings_of"], row["id"], kinds)
                ]
            closed += await self._book.close([each["id"] for each in stood if each["key"] not in keys], as_of)
        return closed

    async def _judged(
        self, connection: Connection, rows: Sequence[asyncpg.Record], as_of: datetime, law: Catalogue
    ) -> list[Finding]:
        found: list[Finding] = []
        for row in rows:
            try:
                case = Case.model_validate_json(row["fold"])
            except ValueError:  # one row that somebody broke does not blind the watch for the others
                whole = await row_of(connection, QUERIES["find_dossier"], row["id"])
                found.append(_drifted(whole, as_of, ["fold"]))
                continue
            moved_at = None
            if case.apology in UNDONE:
                moved_at = await connection.fetchval(QUERIES["last_of_types"], row["id"], _FORM_04)
            found += standing(case, as_of, law, self._patience, moved_at)
        return found

    async def _pages(self, query: str, what: Any) -> AsyncIterator[list[asyncpg.Record]]:
        """Pages of dossiers by their id, until one is not full."""
        after = _NOBODY
        while True:
            async with reading(self._pool) as connection:
                if query == "find_suspects":
                    rows = await connection.fetch(QUERIES["find_suspects"], what, after, PAGE)
                else:
                    rows = await connection.fetch(QUERIES["find_standing_cases"], after, what, PAGE)
            yield rows
            if len(rows) < PAGE:
                return
            after = rows[-1]["id"]

    # What came in

    async def _look_at_inbox(self, as_of: datetime) -> tuple[int, int]:
        before = as_of - self._patience.inbox
        async with reading(self._pool) as connection:
            rows = await connection.fetch(QUERIES["find_waiting"], before, MOST_WAITING)
        raised = await self._book.keep([_waiting(row) for row in rows], as_of)
        stood = await self._book.standing_now([WatchKind.INBOX])
        async with reading(self._pool) as connection:
            ids = [UUID(each["about"]) for each in stood]
            gone = {str(each["id"]) for each in await connection.fetch(QUERIES["delivered_among"], ids)}
        return raised, await self._book.close([each["id"] for each in stood if each["about"] in gone], as_of)

    # Rows against events

    async def _look_at_register(self, as_of: datetime) -> tuple[int, int]:
        stood = await self._book.standing_now([WatchKind.DRIFT])
        part = await self._next_part("register-part", as_of)
        found: list[Finding] = []
        for dossier in {*part, *(each["dossier"] for each in stood)}:
            finding = await self._drift(dossier, as_of)
            found += [finding] if finding else []
        raised = await self._book.keep(found, as_of)
        keys = {each.key for each in found}
        return raised, await self._book.close([each["id"] for each in stood if each["key"] not in keys], as_of)

    async def _drift(self, dossier: UUID, as_of: datetime) -> Finding | None:
        """The row of a dossier that is not what its events add up to. No lock: one that moves meanwhile is alive."""
        async with reading(self._pool) as connection:
            row = await connection.fetchrow(QUERIES["find_dossier"], dossier)
            events = await connection.fetch(QUERIES["events_of"], dossier)
            again = await connection.fetchrow(QUERIES["find_dossier"], dossier)
        assert row is not None  # a finding and a page name dossiers of the register
        assert again is not None
        wrong = _differences(row, events)
        if not wrong or row["sequence"] != again["sequence"]:
            return None
        return _drifted(row, as_of, wrong)

    # Register against engine

    async def _look_at_engine(self, as_of: datetime) -> tuple[int, int]:
        raised, closed = await self._trouble(as_of)
        for look in (self._missing, self._behind):
            more_raised, more_closed = await look(as_of)
            raised, closed = raised + more_raised, closed + more_closed
        return raised, closed

    async def _trouble(self, as_of: datetime) -> tuple[int, int]:
        ids = await self._probe.in_trouble()
        dossiers = {each: wire.dossier_of(each) for each in ids}
        rows = {row["id"]: row for row in await self._still_open([each for each in dossiers.values() if each])}
        found = [_seen(WatchKind.TROUBLE, as_of, rows.get(dossier), about=id_) for id_, dossier in dossiers.items()]
        stood = await self._book.standing_now([WatchKind.TROUBLE])
        gone = [each["id"] for each in stood if each["about"] not in ids]
        return await self._book.keep(found, as_of), await self._book.close(gone, as_of)

    async def _missing(self, as_of: datetime) -> tuple[int, int]:
        """Open in the register, and nothing runs it. What the engine never had, or has lost, is started."""
        stood = await self._book.standing_now([WatchKind.NO_WORKFLOW])
        part = {*await self._next_part("engine-part", as_of), *(each["dossier"] for each in stood)}
        absent = part - await self._probe.running(sorted(part))
        states = {dossier: await self._probe.state_of(dossier) for dossier in absent}
        # Read after the engine was asked: a dossier that was closed meanwhile needs no workflow.
        rows = [row for row in await self._still_open(sorted(absent)) if states[row["id"]] != "RUNNING"]
        found = [_seen(WatchKind.NO_WORKFLOW, as_of, row, data={"engine": states[row["id"]]}) for row in rows]
        raised = await self._book.keep(found, as_of)
        for row in rows:
            if states[row["id"]] == "MISSING":
                await self._probe.start(row)
        keys = {each.key for each in found}
        return raised, await self._book.close([each["id"] for each in stood if each["key"] not in keys], as_of)

    async def _behind(self, as_of: datetime) -> tuple[int, int]:
        """Ask the workflows of what was recorded since the last round, once it has settled, whether they know it."""
        settled = as_of - self._patience.settle
        stood = await self._book.standing_now([WatchKind.BEHIND])
        mark = await self._behind_mark(settled)
        async with reading(self._pool) as connection:
            rows = await connection.fetch(QUERIES["find_settled"], mark, settled, PART)
        asked = {row["dossier"] for row in rows} | {each["dossier"] for each in stood}
        found = await self._lagging(asked, as_of)
        if found is None:
            return 0, 0  # no worker answers: asked again next round, from the same mark
        keys = {each.key for each in found}
        closed = await self._book.close([each["id"] for each in stood if each["key"] not in keys], as_of)
        await self._book.mark("engine-behind", as_of, str(rows[-1]["position"] if rows else mark))
        return await self._book.keep(found, as_of), closed

    async def _behind_mark(self, settled: datetime) -> int:
        """Where the last round stopped; a first round begins with what happens from now on."""
        mark = await self._book.marked("engine-behind")
        if mark is not None:
            return int(mark)
        async with reading(self._pool) as connection:
            return int(await connection.fetchval(QUERIES["last_settled"], settled) or 0)

    async def _lagging(self, dossiers: set[UUID], as_of: datetime) -> list[Finding] | None:
        """Those that lag behind, or do not answer while others do; None when nobody answers."""
        turns = asyncio.Semaphore(ASKED_AT_ONCE)

        async def ask(dossier: UUID) -> tuple[asyncpg.Record, int | None]:
            async with turns:
                async with reading(self._pool) as connection:  # before it is asked: it may only know more by then
                    row = await row_of(connection, QUERIES["find_dossier"], dossier)
                try:
                    return row, await self._probe.knows(dossier)
                except Unavailable:
                    return row, None

        answers = await asyncio.gather(*(ask(each) for each in await self._probe.running(sorted(dossiers))))
        if answers and all(known is None for _, known in answers):
            return None
        behind = [(row, known) for row, known in answers if known is None or 0 < known < row["sequence"]]
        for row, known in behind:
            if known is not None:
                with suppress(Unavailable):  # closed meanwhile, or asked again next round
                    await self._probe.nudge(row["id"], row["sequence"], row["last_instant"])
        return [
            _seen(WatchKind.BEHIND, as_of, row, data={"known": known, "recorded": row["sequence"]})
            for row, known in behind
        ]

    async def _next_part(self, name: str, as_of: datetime) -> list[UUID]:
        """The next dossiers of the register, beginning anew after the last."""
        after = UUID(await self._book.marked(name) or str(_NOBODY))
        async with reading(self._pool) as connection:
            found = [row["id"] for row in await connection.fetch(QUERIES["find_open"], after, PART)]
        await self._book.mark(name, as_of, str(found[-1] if len(found) == PART else _NOBODY))
        return found

    async def _still_open(self, dossiers: Sequence[UUID]) -> list[asyncpg.Record]:
        if not dossiers:
            return []
        async with reading(self._pool) as connection:
            return list(await connection.fetch(QUERIES["still_open"], dossiers))


_COLUMNS = (
    *("id", "sequence", "last_instant", "fold", "code", "procedure", "unit", "holders", "channel"),
    *("business", "finance", "delivery", "synchronisation", "status", "submitted_at", "accepted_at"),
    *("promised_due", "statutory_due", "appointment", "next_at", "closed_at"),
)
"""The columns that `case_values` fills, in its order."""


def _differences(row: asyncpg.Record, events: Sequence[asyncpg.Record]) -> list[str]:
    """The columns of a row that are not what the events add up to."""
    try:
        kept, case = Case.model_validate_json(row["fold"]), fold(event_of(each) for each in events)
    except (ValueError, DomainError):  # no case at all, a hole in the log, a move that does not fit
        return ["fold"]
    pairs = zip(_COLUMNS, case_values(case), strict=True)
    return sorted(name for name, value in pairs if (kept != case if name == "fold" else row[name] != value))


def _drifted(row: asyncpg.Record, as_of: datetime, columns: list[str]) -> Finding:
    return _seen(WatchKind.DRIFT, as_of, row, data={"columns": columns})


def _waiting(row: asyncpg.Record) -> Finding:
    return Finding(
        kind=WatchKind.INBOX,
        dossier=row["dossier"],
        about=str(row["id"]),
        at=row["received_at"],
        unit=row["unit"],
        procedure=row["procedure"],
        data={"came_in": row["kind"], "attempts": row["attempts"]},
    )


def _seen(
    kind: WatchKind, as_of: datetime, row: asyncpg.Record | None, *, about: str = "", data: dict[str, Any] | None = None
) -> Finding:
    """What has stood at least since it was seen; of a dossier where it is one that is open."""
    return Finding(
        kind=kind,
        dossier=row["id"] if row else None,
        about=about,
        at=as_of,
        unit=row["unit"] if row else "",
        procedure=row["procedure"] if row else "",
        data=data or {},
    )
