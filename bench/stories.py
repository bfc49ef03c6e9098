"""The two stories that are measured, each told twice: to the engine through its door, and to the bare workflow."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID, uuid4

import httpx
from temporalio.client import Client

from adapters.door import Caller, Door, Dossier
from bench.bare import BARE_QUEUE, BareWorkflow
from domain.dossier import Act
from domain.duties import Role
from schema import wire
from schema.messages import Actor, Answer, Command
from schema.payments import PaymentReport
from schema.submissions import CommandBody, Submission

Tell = Callable[[], Awaitable[str]]
"""Take one dossier from its start to its end; return the id of its workflow."""

CALLER = Caller("bench", frozenset({"submit", "command", "read"}), frozenset({"clerk", "officer", "leader"}))
COMPONENTS = ("mau-03", "suc-khoe", "ly-lich-tu-phap", "ho-chieu", "chuyen-mon")
COMMUNE, ECONOMY, CENTRE, LABOUR = "000.00.61.H48", "000.01.61.H48", "000.00.01.H48", "000.00.11.H48"


@dataclass
class Engine:
    """Tells the stories to the engine, through the port that the gateway uses."""

    door: Door
    http: httpx.AsyncClient

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
        ordered = await self._until(dossier, _page)
        (await self.http.post(_page(ordered) or "", params={"outcome": "success"})).raise_for_status()
        await self._until(dossier, lambda found: found.case.open_steps())
        await self._do(dossier, "propose", "officer", LABOUR, step="appraise")
        await self._do(dossier, "approve", "leader", LABOUR)
        await self._do(dossier, "return", "clerk", CENTRE, method="counter")
        return f"dossier/{dossier}"

    async def _submit(self, **body: object) -> UUID:
        submission = Submission.model_validate({"components": [], "applicant": {"name": "Nguyễn Thị Thử"}, **body})
        return UUID((await self.door.submit(CALLER, uuid4().hex, submission)).dossier)

    async def _do(self, dossier: UUID, name: str, role: str, unit: str, **data: object) -> None:
        actor = {"role": role, "unit": unit, "officer": f"{unit}-{role}"}
        body = CommandBody.model_validate({"name": name, "actor": actor, "data": data})
        id_ = uuid4()
        while await self.door.command(CALLER, dossier, id_, body) is None:
            pass

    async def _until(self, dossier: UUID, reached: Callable[[Dossier], object]) -> Dossier:
        while not reached(found := await self.door.look_up(str(dossier))):  # noqa: ASYNC110  # another process moves it
            await asyncio.sleep(0.05)
        return found


@dataclass
class Bare:
    """Tells the same number of commands to the bare workflow."""

    client: Client

    async def counter(self) -> str:
        """A: six commands."""
        return await self._story(commands=6, signals=0)

    async def online(self) -> str:
        """B: four commands and the platform's report."""
        return await self._story(commands=4, signals=1)

    async def _story(self, commands: int, signals: int) -> str:
        dossier = uuid4()
        handle = await self.client.start_workflow(
            BareWorkflow.run, commands + signals, id=f"bare/{dossier}", task_queue=BARE_QUEUE
        )
        for number in range(commands):
            if number == 1 and signals:
                await handle.signal(BareWorkflow.payment_reported, _report())
            command = _command(dossier)
            await handle.execute_update(wire.COMMAND_UPDATE, command, id=str(command.id), result_type=Answer)
        return handle.id


def _page(found: Dossier) -> str | None:
    """The page of the platform on which the fee is paid."""
    return found.case.payment.url if found.case.payment else None


def _command(dossier: UUID) -> Command:
    actor = Actor(system="bench", role=Role.CLERK, unit=COMMUNE, officer="0" * 32)
    return Command(
        id=uuid4(), dossier=dossier, name=Act.ACCEPT, actor=actor, occurred_at=datetime.now(UTC), digest="0" * 64
    )


def _report() -> PaymentReport:
    return PaymentReport(
        reference=uuid4().hex, outcome="succeeded", amount=1, currency="VND", transaction="1", paid_at=datetime.now(UTC)
    )
