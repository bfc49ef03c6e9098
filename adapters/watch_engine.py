"""What the watch asks of the engine, over its client: which workflows run, fail, are missing or lag behind."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from uuid import UUID, uuid5

import asyncpg
from temporalio.client import (
    Client,
    WorkflowQueryFailedError,
    WorkflowQueryRejectedError,
    WorkflowUpdateFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
    WorkflowUpdateStage,
)
from temporalio.common import WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from activities.ports import Unavailable
from adapters.handover import attributes
from domain.dossier import Act
from schema import wire
from schema.case import Case, Start
from schema.messages import ENGINE, Command

ANSWER = timedelta(seconds=5)
NAMED_AT_ONCE = 50
"""Workflow ids in one question: such a question is a text of limited length."""
MOST_TROUBLE = 500
TROUBLE = (
    'TemporalReportedProblems IN ("category=WorkflowTaskFailed", "category=WorkflowTaskTimedOut")'
    ' AND ExecutionStatus = "Running"'
)
"""The engine itself names a workflow whose task failed several times in a row (five, unless configured)."""


class EngineProbe:
    """`adapters.watch.Probe` over a client."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def in_trouble(self) -> list[str]:
        """The ids of the running workflows whose code fails."""
        return await self._listed(TROUBLE)

    async def running(self, dossiers: Sequence[UUID]) -> set[UUID]:
        """Those of these dossiers that the engine lists as running; its list may be a moment old."""
        found: set[UUID] = set()
        for start in range(0, len(dossiers), NAMED_AT_ONCE):
            ids = [wire.dossier_workflow_id(each) for each in dossiers[start : start + NAMED_AT_ONCE]]
            named = ", ".join(f'"{each}"' for each in ids)
            listed = await self._listed(f'WorkflowId IN ({named}) AND ExecutionStatus = "Running"')
            found |= {dossier for each in listed if (dossier := wire.dossier_of(each)) is not None}
        return found

    async def state_of(self, dossier: UUID) -> str:
        """How the workflow stands by its own word, which is never old; MISSING when the engine has none."""
        with _translated():
            try:
                handle = self._client.get_workflow_handle(wire.dossier_workflow_id(dossier))
                found = await handle.describe(rpc_timeout=ANSWER)
            except RPCError as error:
                if error.status is RPCStatusCode.NOT_FOUND:
                    return "MISSING"
                raise
        return found.status.name if found.status else "MISSING"

    async def knows(self, dossier: UUID) -> int:
        """Ask the workflow itself; that needs a worker of the dossiers."""
        with _translated():
            handle = self._client.get_workflow_handle(wire.dossier_workflow_id(dossier))
            try:
                case: Case | None = await handle.query(wire.CASE_QUERY, result_type=Case, rpc_timeout=ANSWER)
            except (WorkflowQueryFailedError, WorkflowQueryRejectedError):
                return 0  # its code fails: that is reported as trouble
        return case.sequence if case else 0

    async def nudge(self, dossier: UUID, sequence: int, at: datetime) -> None:
        """Send an act that is the engine's own: it is refused, after the run has caught up with the register."""
        command = Command(
            id=uuid5(dossier, f"nudge/{sequence}"),
            dossier=dossier,
            name=Act.PUBLISH,
            actor=ENGINE,
            occurred_at=at,
            digest="",
            seen=sequence,
        )
        handle = self._client.get_workflow_handle(wire.dossier_workflow_id(dossier))
        with _translated():
            try:
                await handle.start_update(
                    wire.COMMAND_UPDATE,
                    command,
                    id=str(command.id),
                    wait_for_stage=WorkflowUpdateStage.ACCEPTED,
                    rpc_timeout=ANSWER,
                )
            except (WorkflowUpdateFailedError, WorkflowUpdateRPCTimeoutOrCancelledError):
                return  # refused at once: it had caught up by itself; no answer: it is asked again next round

    async def start(self, row: asyncpg.Record) -> None:
        """Start a run that loads the dossier's story, wherever it stands."""
        with _translated():
            try:
                await self._client.start_workflow(
                    wire.DOSSIER_WORKFLOW,
                    Start(dossier=row["id"], patient=True),
                    id=wire.dossier_workflow_id(row["id"]),
                    task_queue=wire.DOSSIER_QUEUE,
                    id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
                    search_attributes=attributes(row["procedure"], row["unit"], row["channel"]),
                    rpc_timeout=ANSWER,
                )
            except WorkflowAlreadyStartedError:
                return

    async def _listed(self, query: str) -> list[str]:
        with _translated():
            return [
                each.id async for each in self._client.list_workflows(query, limit=MOST_TROUBLE, rpc_timeout=ANSWER)
            ]


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except RPCError as error:
        raise Unavailable(f"engine: {error.status.name}") from None
    except RuntimeError:  # a client that finds no server
        raise Unavailable("engine: no connection") from None
