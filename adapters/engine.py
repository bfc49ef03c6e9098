"""The engine as the door sees it: send one command to one dossier's workflow, and read its answer."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TypeVar
from uuid import UUID

from temporalio.client import Client, WorkflowUpdateFailedError, WorkflowUpdateRPCTimeoutOrCancelledError
from temporalio.service import RPCError, RPCStatusCode

from activities.ports import Unavailable
from activities.refusals import refusal_in
from schema import wire
from schema.campaigns import RedateAsk, Redated
from schema.messages import Answer, Command, Message
from schema.refunds import Approval

M = TypeVar("M", bound=Message)

ANSWER_SECONDS = timedelta(seconds=8)
"""How long a caller waits for the answer before it is told to ask again with the same id."""
HEALTH_SECONDS = timedelta(seconds=1)


class NotThere(Exception):
    """The engine has no open workflow for the dossier: not started yet, or closed."""


class Engine:
    """Sends commands as Updates; their id is the command's, so that a repetition gets the first answer."""

    def __init__(self, client: Client, patience: timedelta = ANSWER_SECONDS) -> None:
        self._client = client
        self._patience = patience

    async def send(self, command: Command) -> Answer | None:
        """Return the answer, or None when it is not known in time; refusals are raised as `DomainError`."""
        return await self._update(
            wire.dossier_workflow_id(command.dossier), wire.COMMAND_UPDATE, command, str(command.id), Answer
        )

    async def redate(self, dossier: UUID, ask: RedateAsk) -> Redated | None:
        """Ask a dossier to take its dates from a new publication; as `send`, with the campaign for an id."""
        return await self._update(
            wire.dossier_workflow_id(dossier), wire.REDATE_UPDATE, ask, f"campaign/{ask.campaign}", Redated
        )

    async def approve(self, refund: str, approval: Approval) -> Answer | None:
        """Let a refund go, by the id of its workflow; as `send`."""
        return await self._update(refund, wire.APPROVE_UPDATE, approval, str(approval.id), Answer)

    async def _update(self, workflow: str, name: str, message: Message, id_: str, answer: type[M]) -> M | None:
        handle = self._client.get_workflow_handle(workflow)
        try:
            found: M = await handle.execute_update(
                name, message, id=id_, result_type=answer, rpc_timeout=self._patience
            )
            return found
        except WorkflowUpdateFailedError as error:
            raise _refusal(error) from None
        except WorkflowUpdateRPCTimeoutOrCancelledError:
            await self._require_life()
            return None
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                raise NotThere from None
            if error.status in (RPCStatusCode.DEADLINE_EXCEEDED, RPCStatusCode.CANCELLED):
                await self._require_life()
                return None
            raise Unavailable(f"engine: {error.status.name}") from None
        except RuntimeError:  # a lazy client that finds no server
            raise Unavailable("engine: no connection") from None

    async def is_alive(self) -> bool:
        """Whether the server answers."""
        try:
            return await asyncio.wait_for(
                self._client.service_client.check_health(timeout=HEALTH_SECONDS),
                HEALTH_SECONDS.total_seconds(),
            )
        except (RPCError, RuntimeError, TimeoutError):
            return False

    async def _require_life(self) -> None:
        if not await self.is_alive():
            raise Unavailable("engine: no answer")


def _refusal(error: WorkflowUpdateFailedError) -> Exception:
    return refusal_in(error.cause) or NotThere()  # without one, the run ended with the update on its way
