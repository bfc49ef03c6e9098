"""The ledger of the campaigns in PostgreSQL, and the dossiers behind it, asked one by one through the engine."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from temporalio import activity
from temporalio.client import Client
from temporalio.common import WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError

from activities.ports import LawBook, Refused, Unavailable
from activities.redating import Moved, Subject, may_move, moved, touched, under
from adapters.catalogue_versions import ADAPTERS
from adapters.engine import Engine, NotThere
from adapters.keys import KeyRing
from adapters.postgres import Pool, reading, transaction
from domain.calendars import Calendar
from domain.catalogue import Catalogue
from domain.errors import DomainError, NotFound
from schema import wire
from schema.campaigns import (
    CampaignStart,
    CarriedOut,
    CarryOutAsk,
    ConcludeAsk,
    Page,
    PageAsk,
    RedateAsk,
    Redated,
)
from schema.case import Case
from schema.sql import QUERIES

AT_ONCE = 16
"""Dossiers asked side by side, however high the rate."""
MOST_ATTEMPTS = 10
"""Times a dossier is asked that never answers, before it counts as failed."""
IN_ONE_GO = 500
"""Dossiers read at a time where nothing but looking is done."""


@dataclass(frozen=True)
class Found:
    """A dossier that would move, or whose dates the new law cannot make."""

    case: Case
    moved: Moved | None
    refusal: DomainError | None = None


class Survey:
    """Looks at open dossiers: what would a publication make of each? Nothing is written."""

    def __init__(self, pool: Pool, law: LawBook) -> None:
        self._pool = pool
        self._law = law
        self._joined: dict[tuple[str, str, Subject], Catalogue] = {}

    async def days(self, published: Catalogue) -> frozenset[Any]:
        """The days on which any two publications ever disagreed, this one among them."""
        async with reading(self._pool) as connection:
            rows = await connection.fetch(QUERIES["every_calendar"])
            closed = await connection.fetch(QUERIES["every_closed_day"])
        known = [_calendar(row["content"], row["version"]) for row in rows]
        new = {each.day for each in published.closures}
        return touched([*known, *published.calendars], {*new, *(row["day"] for row in closed)})

    async def page(
        self, published: Catalogue, subject: Subject, days: frozenset[Any], ask: PageAsk, at: datetime
    ) -> tuple[list[Found], Page]:
        """Look at the next dossiers; `days` as `days()` gives them."""
        async with reading(self._pool) as connection:
            rows = await connection.fetch(QUERIES["open_dossiers"], ask.after, ask.limit)
        found: list[Found] = []
        for row in rows:
            case = Case.model_validate_json(row["fold"])
            if _concerns(case, published, subject, days):
                found += await self._look(case, published, subject, at)
        after = rows[-1]["id"] if len(rows) == ask.limit else None
        return found, Page(after=after, scanned=len(rows))

    async def all(self, published: Catalogue, subject: Subject, at: datetime) -> AsyncIterator[Found]:
        """Look at every open dossier."""
        days, after = await self.days(published), None
        while True:
            ask = PageAsk(campaign=UUID(int=0), after=after, limit=IN_ONE_GO)
            found, page = await self.page(published, subject, days, ask, at)
            for each in found:
                yield each
            if (after := page.after) is None:
                return

    async def _under(self, pinned: str, published: Catalogue, subject: Subject) -> Catalogue:
        names = (pinned, published.version, subject)
        if names not in self._joined:
            self._joined[names] = under(await self._law.at(pinned), published, subject)
        return self._joined[names]

    async def _look(self, case: Case, published: Catalogue, subject: Subject, at: datetime) -> Iterable[Found]:
        _beat()
        await asyncio.sleep(0)  # counting takes a while: others have their turn between two dossiers
        try:
            change = moved(case, await self._under(case.law, published, subject), at=at, subject=subject)
        except DomainError as refusal:
            return (Found(case, None, refusal),)
        return (Found(case, change),) if change else ()


class PostgresCampaigns:
    """`activities.campaigns.Campaigns` over PostgreSQL and the engine."""

    def __init__(self, pool: Pool, law: LawBook, engine: Engine, now: Callable[[], datetime]) -> None:
        self._pool = pool
        self._law = law
        self._engine = engine
        self._now = now
        self._survey = Survey(pool, law)
        self._days: dict[UUID, frozenset[Any]] = {}

    async def plan(self, ask: PageAsk) -> Page:
        """Note, in one transaction, who moves of this page."""
        row = await self._campaign(ask.campaign)
        published, subject = await self._law.at(row["law"]), Subject(row["subject"])
        if ask.campaign not in self._days:
            self._days[ask.campaign] = await self._survey.days(published)
        found, page = await self._survey.page(published, subject, self._days[ask.campaign], ask, self._now())
        await note(self._pool, ask.campaign, found, self._now())
        return page

    async def carry_out(self, ask: CarryOutAsk) -> CarriedOut:
        """Begin with those asked least often, `rate` a second; each answer is kept as it comes."""
        row = await self._campaign(ask.campaign)
        async with reading(self._pool) as connection:
            rows = await connection.fetch(QUERIES["pending_items"], ask.campaign, ask.limit)
        slots = asyncio.Semaphore(AT_ONCE)
        asking = []
        async with asyncio.TaskGroup() as group:
            for item in rows:
                await slots.acquire()
                redate = RedateAsk(campaign=ask.campaign, subject=row["subject"], law=row["law"], seen=item["sequence"])
                task = group.create_task(self._one(item["dossier"], redate, item["attempts"], item["closed_at"]))
                task.add_done_callback(lambda _: slots.release())
                asking.append(task)
                _beat()
                await asyncio.sleep(1 / ask.rate)
        async with reading(self._pool) as connection:
            left = await connection.fetchval(QUERIES["count_pending"], ask.campaign)
        return CarriedOut(settled=sum(task.result() for task in asking), left=left)

    async def conclude(self, ask: ConcludeAsk) -> None:
        """Close the ledger."""
        async with reading(self._pool) as connection:
            await connection.execute(QUERIES["conclude_campaign"], ask.campaign, ask.scanned, self._now())

    async def _one(self, dossier: UUID, ask: RedateAsk, attempts: int, closed_at: datetime | None) -> bool:
        """Ask one dossier; say whether it has an outcome now."""
        outcome, detail, answered = "pending", "", None
        try:
            answered = await self._engine.redate(dossier, ask)
            outcome = answered.outcome if answered else "pending"
        except NotThere:  # closed, or still on its way to the engine
            outcome, detail = ("unchanged", "closed") if closed_at else ("pending", "not there")
        except DomainError as refusal:
            outcome, detail = "refused", f"{type(refusal).__name__}: {refusal.field}"
        except Unavailable:
            detail = "no answer"
        if outcome == "pending" and attempts + 1 >= MOST_ATTEMPTS:
            outcome = "failed"
        await self._settle(ask.campaign, dossier, outcome, detail, answered)
        return outcome != "pending"

    async def _settle(self, campaign: UUID, dossier: UUID, outcome: str, detail: str, answered: Redated | None) -> None:
        changes = json.dumps(answered.changes) if answered and answered.changes else None
        async with reading(self._pool) as connection:
            await connection.execute(QUERIES["settle_item"], campaign, dossier, outcome, detail, changes, self._now())

    async def _campaign(self, id_: UUID) -> Any:
        async with reading(self._pool) as connection:
            row = await connection.fetchrow(QUERIES["find_campaign"], id_)
        if row is None:
            raise Refused(f"no campaign {id_}")
        return row


@dataclass(frozen=True)
class NewCampaign:
    """A campaign as it is opened: `about` in codes, reason and legal basis as somebody wrote them."""

    id: UUID
    subject: str
    law: str | None
    about: str
    reason: str
    basis: str
    created_by: str


class Ledger:
    """Opens campaigns, starts their workflows, and shows what became of them."""

    def __init__(self, pool: Pool, ring: KeyRing, now: Callable[[], datetime]) -> None:
        self._pool = pool
        self._ring = ring
        self._now = now

    async def open(self, new: NewCampaign) -> None:
        """Write the campaign down before anything is done for it; again, it is taken up."""
        texts = json.dumps({"reason": new.reason, "legal_basis": new.basis}, ensure_ascii=False).encode()
        sealed = self._ring.wrap(texts, _place(new.id))
        row = (new.id, new.subject, new.law, new.about, sealed, new.created_by, self._now())
        async with reading(self._pool) as connection:
            await connection.execute(QUERIES["insert_campaign"], *row)

    async def start(self, client: Client, start: CampaignStart) -> bool:
        """Start the workflow, or take up one that ended; False when it runs already."""
        try:
            await client.start_workflow(
                wire.CAMPAIGN_WORKFLOW,
                start,
                id=wire.campaign_workflow_id(start.campaign),
                task_queue=wire.CAMPAIGN_QUEUE,
                id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
            )
        except WorkflowAlreadyStartedError:
            return False
        return True

    async def campaigns(self, id_: UUID | None = None, limit: int = 50) -> list[dict[str, Any]]:
        """The campaigns, newest first, with their counts; one of them for an id. Raises NotFound."""
        async with reading(self._pool) as connection:
            rows = await connection.fetch(QUERIES["list_campaigns"], id_, limit)
        if id_ is not None and not rows:
            raise NotFound("there is no such campaign", field="campaign", remedy="`motcua campaign list` names them")
        return [self._shown(row) for row in rows]

    async def items(self, id_: UUID) -> AsyncIterator[dict[str, Any]]:
        """What became of each dossier of a campaign."""
        after: UUID | None = None
        while True:
            async with reading(self._pool) as connection:
                rows = await connection.fetch(QUERIES["items_of"], id_, after, IN_ONE_GO)
            for row in rows:
                yield {**dict(row), "changes": json.loads(row["changes"])}
            if len(rows) < IN_ONE_GO:
                return
            after = rows[-1]["dossier"]

    async def settle(self, campaign: UUID, dossier: UUID, outcome: str, detail: str, changes: list[Any]) -> None:
        """Keep the outcome of a dossier that was noted by `note`."""
        values = (campaign, dossier, outcome, detail, json.dumps(changes), self._now())
        async with reading(self._pool) as connection:
            await connection.execute(QUERIES["settle_item"], *values)

    async def note(self, campaign: UUID, dossiers: Iterable[UUID]) -> None:
        """Note dossiers that a campaign concerns; again, nothing changes."""
        rows = [(campaign, dossier, "pending", "", "[]", self._now()) for dossier in dossiers]
        async with transaction(self._pool) as connection:
            await connection.executemany(QUERIES["note_item"], rows)

    async def conclude(self, campaign: UUID, scanned: int) -> None:
        """Close the ledger."""
        async with reading(self._pool) as connection:
            await connection.execute(QUERIES["conclude_campaign"], campaign, scanned, self._now())

    def _shown(self, row: Any) -> dict[str, Any]:
        texts = json.loads(self._ring.unwrap(row["sealed"], _place(row["id"]))) if row["sealed"] else {}
        kept = {name: row[name] for name in ("id", "subject", "law", "about", "created_by", "created_at", "status")}
        ended = {"scanned": row["scanned"], "finished_at": row["finished_at"]}
        return {**kept, **texts, **ended, "outcomes": json.loads(row["outcomes"])}


async def note(pool: Pool, campaign: UUID, found: Iterable[Found], at: datetime) -> None:
    """Note dossiers in the ledger; those whose dates cannot be made are refused at once."""
    rows = []
    for each in found:
        changes = json.dumps(each.moved.data()["changes"] if each.moved else [])
        detail = f"{type(each.refusal).__name__}: {each.refusal.field}" if each.refusal else ""
        rows.append((campaign, each.case.dossier, "refused" if each.refusal else "pending", detail, changes, at))
    if rows:
        async with transaction(pool) as connection:
            await connection.executemany(QUERIES["note_item"], rows)


def _concerns(case: Case, published: Catalogue, subject: Subject, days: frozenset[Any]) -> bool:
    if subject is Subject.DECISION:
        return case.is_accepted and any(row.procedure == case.procedure for row in published.shortenings)
    return may_move(case, days)


def _calendar(content: str, version: str) -> Calendar:
    read: Calendar = ADAPTERS["calendar"].validate_json(content)
    return replace(read, version=version)


def _place(campaign: UUID) -> str:
    return f"campaign/{campaign}"


def _beat() -> None:
    if activity.in_activity():
        activity.heartbeat()
