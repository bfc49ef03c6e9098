"""The door: submit, command, look up. One port for the gateway and the command line, so there is one way in."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

import asyncpg
from pydantic import ValidationError

from activities.ports import LawBook, Unavailable
from adapters.callers import Caller
from adapters.closings import Closings
from adapters.discrepancies import Discrepancies
from adapters.engine import Engine, NotThere
from adapters.forecast import Answer as Forecast
from adapters.forecast import forecast
from adapters.intake import Intake
from adapters.keys import KeyDestroyed, KeyedDigest
from adapters.postgres import Connection, Pool, reading, row_of, transaction
from adapters.punctuality import Index766
from adapters.receipts import Receipts
from adapters.refunds import Refunds
from adapters.rows import event_of
from adapters.statements import Statements
from adapters.vault import Vault
from domain.catalogue import Catalogue
from domain.dossier import Act
from domain.duties import DUTIES, NEEDS_LEGAL_BASIS, NEEDS_REASON
from domain.errors import Conflict, DomainError, Invalid, NotAllowed, NotFound
from schema.case import Case, fold
from schema.commands import FACTS
from schema.messages import Actor, Answer, Command, Event, answer
from schema.places import place
from schema.sql import QUERIES
from schema.submissions import CommandBody, LateEntry, Received, Submission

START_PAUSES = (0.2, 0.4, 0.8, 1.6)
"""Seconds between the attempts to command a dossier that the relay has still to hand over."""
STRETCH = 10_000
"""Positions of the log that one page of chosen events looks at."""
LAST_POSITION = 2**63 - 1
"""The last position that the log can ever give."""


@dataclass(frozen=True)
class Dossier:
    """One dossier looked up: its case, its story, and what is sealed of it, opened."""

    case: Case
    events: tuple[Event, ...]
    recorded_at: tuple[datetime, ...]
    sealed: dict[UUID, dict[str, Any]]
    officers: dict[str, dict[str, Any]]


class Door:
    """The way in for every caller; `now` is the clock that stamps what arrives."""

    def __init__(
        self,
        pool: Pool,
        law: LawBook,
        intake: Intake,
        vault: Vault,
        digest: KeyedDigest,
        engine: Engine,
        now: Callable[[], datetime],
    ) -> None:
        self._pool = pool
        self._law = law
        self._intake = intake
        self._vault = vault
        self._digest = digest
        self._engine = engine
        self.refunds = Refunds(pool, intake, vault, digest, engine)
        self.statements = Statements(pool, law)
        self.closings = Closings(pool, law, vault, digest)
        self.receipts = Receipts(pool, law, vault, digest)
        self.discrepancies = Discrepancies(pool, vault)
        self.index = Index766(pool, law)
        self.now = now

    async def submit(self, caller: Caller, reference: str, submission: Submission) -> Received:
        """Keep a submission; needs the database alone."""
        caller.require("submit")
        now = self.now()
        _late(caller, submission.occurred_at, submission.late, now)
        return await self._intake.submit(caller.system, reference, submission, received_at=now)

    async def command(self, caller: Caller, dossier: UUID, id_: UUID, body: CommandBody) -> Answer | None:
        """Send one command and return its answer, or None when it is not known yet: ask again with the same id."""
        caller.require("command")
        now = self.now()
        _late(caller, body.occurred_at, body.late, now)
        act = _act(caller, body)
        facts = _facts(act, body)
        digest = self._digest.of_body("command", body.model_dump(mode="json"))
        texts = _texts(body)
        sealed = uuid5(id_, digest) if texts else None
        command = Command(
            id=id_,
            dossier=dossier,
            name=act,
            actor=_actor(caller, body, self._vault),
            occurred_at=body.occurred_at or now,
            digest=digest,
            late=body.occurred_at is not None,
            expected_version=body.expected_version,
            data=facts,
            sealed=sealed,
        )
        try:
            return await self._sent(caller, body, command, texts)
        except DomainError:  # unless it is a repetition: the register outlives the engine's memory
            # With the engine away it is 503: it may have forgotten the command, and learns of it by the repetition.
            if (known := await self._answered(dossier, id_)) is None:
                raise
            return _same(known, digest)

    async def look_up(self, key: str) -> Dossier:
        """Find a dossier by its id or its legal code, with everything sealed opened."""
        async with reading(self._pool) as connection:
            row = await self._find(connection, key)
            events = await connection.fetch(QUERIES["events_of"], row["id"])
            sealed = await self._vault.open_all(connection, row["id"])
            story = tuple(event_of(each) for each in events)
            officers = await self._vault.officers(connection, (e.actor.officer for e in story if e.actor.officer))
        recorded_at = tuple(each["recorded_at"] for each in events)
        return Dossier(fold(story), story, recorded_at, sealed, officers)

    async def laws(self, story: Iterable[Event]) -> dict[str, Catalogue]:
        """The publications of the law that a story rests on, by their digests."""
        named = dict.fromkeys(str(event.data["law"]) for event in story if event.data.get("law"))
        return {digest: await self._law.at(digest) for digest in named}

    async def page(
        self,
        *,
        status: int | None = None,
        unit: str | None = None,
        due_within: timedelta | None = None,
        after: UUID | None = None,
        limit: int = 50,
    ) -> list[Case]:
        """A keyset page of dossiers, newest first; with `due_within`, those under way due by then, or overdue."""
        before = None if due_within is None else self.now() + due_within
        async with reading(self._pool) as connection:
            rows = await connection.fetch(QUERIES["list_dossiers"], status, unit, after, limit, before)
        return [Case.model_validate_json(row["fold"]) for row in rows]

    async def events(self, after: int, limit: int) -> list[tuple[int, Event]]:
        """A page of the whole log in commit order, each event with its position."""
        async with reading(self._pool) as connection:
            rows = await connection.fetch(QUERIES["list_events"], after, limit)
        return [(row["position"], event_of(row)) for row in rows]

    async def events_of(self, types: Sequence[str], after: int, limit: int) -> tuple[list[tuple[int, Event]], int]:
        """A page of events of these types, and the position to go on after: it moves even when the page is empty.

        One call looks at `STRETCH` positions at most, so that rare types cost no more than a full page does.
        """
        upto = min(after + STRETCH, LAST_POSITION)
        async with reading(self._pool) as connection:
            end = await connection.fetchval(QUERIES["end_of_log"])  # first: what comes meanwhile is not passed over
            rows = await connection.fetch(QUERIES["list_events_of"], after, limit, upto, types)
        page = [(row["position"], event_of(row)) for row in rows]
        last = page[-1][0] if page else after
        return page, last if len(page) == limit else max(last, min(end, upto))

    async def forecast(self, *, unit: str | None, as_of: datetime | None, threshold: float) -> Forecast:
        """Which open dossiers will miss their appointment at their offices' pace; as of now for None."""
        return await forecast(self._pool, self._law, as_of=as_of or self.now(), unit=unit, threshold=threshold)

    async def erase(self, key: str) -> bool:
        """Destroy a dossier's data key: its persons and texts are unreadable from now on, for everybody."""
        async with transaction(self._pool) as connection:
            row = await self._find(connection, key)
            return await self._vault.destroy(connection, row["id"], self.now())

    async def waiting(self) -> tuple[int, datetime | None]:
        """How many inbox rows wait for the engine, and since when."""
        async with reading(self._pool) as connection:
            row = await row_of(connection, QUERIES["count_waiting"])
        return row["waiting"], row["oldest"]

    async def engine_is_alive(self) -> bool:
        """Whether the engine answers."""
        return await self._engine.is_alive()

    async def _find(self, connection: Connection, key: str) -> asyncpg.Record:
        try:
            row = await connection.fetchrow(QUERIES["find_dossier"], UUID(key))
        except ValueError:
            code = key if key.isprintable() else ""  # PostgreSQL takes no zero byte
            row = await connection.fetchrow(QUERIES["find_dossier_by_code"], code)
        if row is None:
            raise NotFound(
                "there is no such dossier",
                field="dossier",
                remedy="give the id of the submission's answer, or the code on the receipt",
            )
        return row

    async def _answered(self, dossier: UUID, id_: UUID) -> Answer | None:
        """The answer to a command that stands in the register already."""
        async with reading(self._pool) as connection:
            row = await connection.fetchrow(QUERIES["event_of_command"], dossier, id_)
            if row is None:
                return None
            story = [event_of(each) for each in await connection.fetch(QUERIES["events_of"], dossier)]
        event = event_of(row)
        return answer(event, fold(story[: event.sequence]).status)

    async def _sent(self, caller: Caller, body: CommandBody, command: Command, texts: dict[str, Any]) -> Answer | None:
        await self._seal(command, texts)
        try:
            found = await self._started(command)
            if found is not None:
                _same(found, command.digest)
        except DomainError:  # after an outage, though, the command may still be carried out: its text stays
            if command.sealed is not None:
                await self._unseal(command.sealed)
            raise
        if found is not None:  # a repetition of it that was refused meanwhile may have taken the text back
            await self._seal(command, texts)
        if found is not None and not self._vault.remembers(caller.system, body.actor):
            async with reading(self._pool) as connection:
                await self._vault.remember(connection, caller.system, body.actor)
        return found

    async def _started(self, command: Command) -> Answer | None:
        """Send, waiting a little for a dossier whose inbox row is still on its way to the engine."""
        pauses = iter(START_PAUSES)
        while True:
            try:
                return await self._engine.send(command)
            except DomainError:
                if command.seen:
                    raise
                # Refused, but maybe by a run that lags behind the register: asked again against all that stands there.
                command = command.model_copy(update={"seen": (await self._row(command.dossier))["sequence"]})
                continue
            except NotThere:
                await self._require_open(command.dossier)
                if (pause := next(pauses, None)) is None:
                    raise Unavailable("engine: the dossier has not been taken over yet") from None
            await asyncio.sleep(pause)

    async def _require_open(self, dossier: UUID) -> None:
        if (await self._row(dossier))["closed_at"] is not None:
            raise NotAllowed("the dossier is closed", field="name", remedy="file a new dossier, linked to this one")

    async def _row(self, dossier: UUID) -> asyncpg.Record:
        async with reading(self._pool) as connection:
            return await self._find(connection, str(dossier))

    async def _seal(self, command: Command, texts: dict[str, Any]) -> None:
        """Keep the texts of a command, if it has any; a repetition changes nothing."""
        if command.sealed is None:
            return
        async with transaction(self._pool) as connection:
            await self._find(connection, str(command.dossier))
            try:
                key = await self._vault.key_of(connection, command.dossier)
            except KeyDestroyed:
                raise NotAllowed(
                    "the person of this dossier was erased, so no text about it can be kept any more",
                    field="reason",
                    remedy="send the command without texts, where the law allows that",
                ) from None
            await self._vault.put(connection, command.dossier, command.sealed, "command", texts, key)

    async def _unseal(self, id_: UUID) -> None:
        async with reading(self._pool) as connection:
            await connection.execute(QUERIES["delete_sealed"], id_)


def _same(known: Answer, digest: str) -> Answer:
    if known.digest != digest:
        raise Conflict(
            "this id was used before for another command",
            field="Idempotency-Key",
            remedy="send the first body again to get its answer, or a new id for a new command",
        )
    return known


def _act(caller: Caller, body: CommandBody) -> Act:
    names = [str(act) for act in DUTIES]
    if body.name not in names:
        raise Invalid("there is no such command", field="name", remedy=f"use one of: {', '.join(names)}")
    caller.require_role(body.actor.role)
    act = Act(body.name)
    for field, needed in (("reason", act in NEEDS_REASON), ("legal_basis", act in NEEDS_LEGAL_BASIS)):
        if needed and getattr(body, field) is None:
            raise Invalid(f"'{act}' needs '{field}'", field=field, remedy=f"give it in '{field}'; it is kept sealed")
    return act


def _facts(act: Act, body: CommandBody) -> dict[str, Any]:
    try:
        return FACTS[act].model_validate(body.data).model_dump(mode="json")
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        field = ".".join(filter(None, ("data", place(first))))
        known = ", ".join(FACTS[act].model_fields) or "no facts"
        raise Invalid(f"{field}: {first['msg']}", field=field, remedy=f"'{act}' takes: {known}") from None


def _actor(caller: Caller, body: CommandBody, vault: Vault) -> Actor:
    said = body.actor
    return Actor.model_validate(
        {
            "system": caller.system,
            "role": said.role,
            "unit": said.unit,
            "officer": vault.pseudonym(caller.system, said),
        }
    )


def _texts(body: CommandBody) -> dict[str, Any]:
    """Everything in a command that may name somebody; empty when there is nothing to seal."""
    return body.model_dump(mode="json", include={"reason", "legal_basis", "note", "late"}, exclude_none=True)


def _late(caller: Caller, occurred_at: datetime | None, late: LateEntry | None, now: datetime) -> None:
    """An instant given by the caller needs the right, a reason and a paper; the future needs no discussion."""
    if occurred_at is None:
        return
    if occurred_at > now:
        raise Invalid(
            f"the instant {occurred_at.isoformat()} lies in the future",
            field="occurred_at",
            remedy="leave it out: the gateway stamps what arrives",
        )
    caller.require("late_entry", field="occurred_at")
    if late is None:
        raise Invalid(
            "an instant before now needs a reason and the number of the paper that proves it",
            field="late",
            remedy="add late.reason and late.paper_number",
        )
