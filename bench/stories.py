"""The two stories that are measured, each told twice: to the engine through its door, and to the bare workflow."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID, uuid4

import httpx
from temporalio.client import Client

from adapters.callers import Caller
from adapters.door import Door
from bench.bare import BARE_QUEUE, BareWorkflow
from domain.dossier import Act
from domain.duties import Role
from schema import wire
from schema.events import EventType
from schema.messages import Actor, Answer, Command, Event
from schema.submissions import CommandBody, Submission

Tell = Callable[[], Awaitable[str]]
"""Take one dossier from its start to its end; return the id of its workflow."""

CALLER = Caller("bench", frozenset({"submit", "command", "read"}), frozenset({"clerk", "officer", "leader"}))
LOOK_SECONDS, PAGE = 0.05, 500
COMPONENTS = ("mau-03", "suc-khoe", "ly-lich-tu-phap", "ho-chieu", "chuyen-mon")
COMMUNE, ECONOMY, CENTRE, LABOUR = "000.00.61.H48", "000.01.61.H48", "000.00.01.H48", "000.00.11.H48"


class Feed:
    """Follows the log as a subscribing system does, and tells whoever waits for an event of a dossier."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._seen: dict[tuple[UUID, EventType], asyncio.Future[Event]] = {}

    async def run(self) -> None:
        """Read on for ever."""
        after = 0
        while True:
            page = await self._door.events(after, PAGE)
            for position, event in page:
                after = position
                if event.type in (EventType.PAYMENT_OPENED, EventType.FORWARDED):
                    self._place(event.dossier, event.type).set_result(event)
            if len(page) < PAGE:
                await asyncio.sleep(LOOK_SECONDS)

    async def waits_for(self, dossier: UUID, type_: EventType) -> Event:
        """Wait for the first event of this type."""
        return await self._place(dossier, type_)

    def _place(self, dossier: UUID, type_: EventType) -> asyncio.Future[Event]:
        return self._seen.setdefault((dossier, type_), asyncio.get_running_loop().create_future())


@dataclass
class Engine:
    """Tells the stories to the engine, through the port that the gateway uses."""

    door: Door
    http: httpx.AsyncClient
    feed: Feed

    async def counter(self) -> str:
        """A: counter, cash: submit, accept, pay, forward, propose, approve, return."""
        dossier = await self._submit(procedure="1.001612", unit=COMMUNE, channel="counter", return_method="counter")
        await self._do(dossier, "accept", "clerk", COMMUNE)
        await self._do(dossier, "pay", "clerk", COMMUNE, amount=100_000, means="cash")
        await self._do(dossier, "forward", "clerk", COMMUNE)
        await self._do(dossier, "propose", "officer", ECONOMY, step="appraise")
        await self._do(dossier, "approve", "leader", COMMUNE)
        await self._do(dossier, "return", "clerk", COMMUNE, method="counter")
        return f"dossier/{dossier}"

    async def online(self) -> str:
        """B: online, paid at the platform: submit, accept, order, payment, propose, approve, return."""
        components = [{"component": code} for code in COMPONENTS]
        dossier = await self._submit(
            procedure="1.014199", unit=CENTRE, channel="online", return_method="counter", components=components
        )
        await self._do(dossier, "accept", "clerk", CENTRE)
        opened = await self.feed.waits_for(dossier, EventType.PAYMENT_OPENED)
        (await self.http.post(opened.data["url"], params={"outcome": "success"})).raise_for_status()
        await self.feed.waits_for(dossier, EventType.FORWARDED)
        await self._do(dossier, "propose", "officer", LABOUR, step="appraise")
        await self._do(dossier, "approve", "leader", LABOUR)
        await self._do(dossier, "return", "clerk", CENTRE, method="counter")
        return f"dossier/{dossier}"

    async def _submit(self, **body: object) -> UUID:
        submission = Submission.model_validate({"components": [], "applicant": {"name": "Nguyễn Thị Thử"}, **body})
        return UUID((await self.door.submit(CALLER, uuid4().hex, submission)).dossier)

    async def _do(self, dossier: UUID, name: str, role: str, unit: str, **data: object) -> None:
        actor = {"role": role, "unit": unit, "officer": f"{unit}-{role}"}
        await self._send(dossier, CommandBody.model_validate({"name": name, "actor": actor, "data": data}))

    async def _send(self, dossier: UUID, body: CommandBody) -> None:
        id_ = uuid4()
        while await self.door.command(CALLER, dossier, id_, body) is None:
            pass


COMMANDS = 6
"""accept, pay, forward, propose, approve, return: whoever gives them, both stories have these six."""


@dataclass
class Bare:
    """The bare workflow, which both stories are set beside: as many commands as they have acts."""

    client: Client

    async def story(self) -> str:
        """Start, and send the commands one after another."""
        dossier = uuid4()
        id_ = f"bare/{dossier}"
        handle = await self.client.start_workflow(BareWorkflow.run, COMMANDS, id=id_, task_queue=BARE_QUEUE)
        for _ in range(COMMANDS):
            command = _command(dossier)
            await handle.execute_update(wire.COMMAND_UPDATE, command, id=str(command.id), result_type=Answer)
        return handle.id


def _command(dossier: UUID) -> Command:
    actor = Actor(system="bench", role=Role.CLERK, unit=COMMUNE, officer="0" * 32)
    return Command(
        id=uuid4(), dossier=dossier, name=Act.ACCEPT, actor=actor, occurred_at=datetime.now(UTC), digest="0" * 64
    )
