"""Hands what lies in the inbox to the engine: a submission starts its dossier's workflow, a call-back signals it.

Whoever keeps a row hands it over at once, after the commit, so that a first command finds its dossier there; what does
not reach the engine then is left to the relay (`adapters/relay.py`). That both hand over the same row changes nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from temporalio.client import Client
from temporalio.common import (
    SearchAttributeKey,
    SearchAttributePair,
    TypedSearchAttributes,
    WorkflowIDReusePolicy,
)
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError

from activities.ports import Unavailable
from adapters.postgres import Pool, reading
from adapters.settings import Settings
from domain.payments import Ground
from schema import wire
from schema.case import Case, Start
from schema.payments import PaymentReport
from schema.refunds import StartRefund
from schema.sql import QUERIES
from workflows.wording import refund_id

ENDS = frozenset({"succeeded", "failed", "expired"})
RPC_SECONDS = timedelta(seconds=5)
AT_ONCE_SECONDS = 1.0
"""How long whoever keeps a row waits for the engine: less than the head start over the relay (`insert_inbox`)."""
REST_SECONDS = 10.0
"""How long nobody is kept waiting for an engine that did not answer."""
MARK_SECONDS = 0.2
"""How long rows that the engine took are gathered, to be marked by one statement."""


@dataclass(frozen=True)
class Arrival:
    """A row of the inbox, with its dossier as the register has it."""

    id: UUID
    kind: str
    body: str
    case: Case


class Handover:
    """Hands over one arrival; `chosen` is what the installation chose, for a workflow reads no settings."""

    def __init__(self, pool: Pool, client: Client, now: Callable[[], datetime], chosen: Mapping[str, int]) -> None:
        self._pool = pool
        self._client = client
        self._now = now
        self._chosen = dict(chosen)
        self._rests_until = 0.0
        self._taken: list[UUID] = []
        self._marking: asyncio.Task[None] | None = None

    async def at_once(self, arrival: Arrival) -> None:
        """Hand over what was committed just now, to be marked as delivered soon; it may fail, the relay will not."""
        seconds = asyncio.get_running_loop().time
        if seconds() < self._rests_until:
            return
        taken = False
        with suppress(TimeoutError):
            async with asyncio.timeout(AT_ONCE_SECONDS):
                taken = await self.take(arrival)
        if not taken:
            self._rests_until = seconds() + REST_SECONDS
            return
        self._taken.append(arrival.id)
        if self._marking is None or self._marking.done():
            self._marking = asyncio.create_task(self._mark_soon())

    async def _mark_soon(self) -> None:
        await asyncio.sleep(MARK_SECONDS)
        await self.mark()

    async def mark(self) -> None:
        """Mark what the engine took; what is not marked in time is handed over once more, by the relay."""
        taken, self._taken = self._taken, []
        if taken:
            with suppress(Unavailable):
                async with reading(self._pool) as connection:
                    await connection.execute(QUERIES["deliver_inbox"], taken, self._now())

    async def take(self, arrival: Arrival) -> bool:
        """Start or signal the workflow it is meant for; False when the engine did not take it."""
        try:
            if arrival.kind == "submission":
                await self._start(arrival.case)
            elif arrival.kind == "refund":
                await self._start_refund(StartRefund.model_validate_json(arrival.body))
            elif arrival.case.is_closed:
                return await self._refund(arrival)
            else:  # it may have overtaken the submission
                await self._start(arrival.case, PaymentReport.model_validate_json(arrival.body))
        except WorkflowAlreadyStartedError:
            return arrival.kind != "payment" or await self._refund(arrival)
        except (RPCError, RuntimeError):  # RuntimeError: a client that never connected
            return False
        return True

    async def _start(self, case: Case, signal: PaymentReport | None = None) -> None:
        """Start the dossier's workflow, and in the same call signal it if there is a report."""
        await self._client.start_workflow(
            wire.DOSSIER_WORKFLOW,
            Start.model_validate({"dossier": case.dossier, "case": case, "patient": True, **self._chosen}),
            id=wire.dossier_workflow_id(case.dossier),
            task_queue=wire.DOSSIER_QUEUE,
            id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
            search_attributes=attributes(case.procedure, case.unit, case.channel),
            start_signal=wire.PAYMENT_SIGNAL if signal else None,
            start_signal_args=[signal] if signal else [],
            rpc_timeout=RPC_SECONDS,
        )

    async def _refund(self, arrival: Arrival) -> bool:
        """Money that came for a closed dossier goes back by a workflow of its own, which notes other ends as well."""
        report = PaymentReport.model_validate_json(arrival.body)
        if report.outcome not in ENDS:
            return True  # nothing is said yet, and the workflow of this attempt's end must still be free to begin
        ground = arrival.case.ground_against(report.amount) or Ground.LATE_SUCCESS
        try:
            await self._start_refund(StartRefund(dossier=arrival.case.dossier, report=report, ground=ground))
        except WorkflowAlreadyStartedError:
            return True
        except (RPCError, RuntimeError):
            return False
        return True

    async def _start_refund(self, start: StartRefund) -> None:
        await self._client.start_workflow(
            wire.REFUND_WORKFLOW,
            start.model_copy(update={"alone_up_to": self._chosen.get("refund_alone")}),
            id=refund_id(start.dossier, start.report),
            task_queue=wire.DOSSIER_QUEUE,
            id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
            rpc_timeout=RPC_SECONDS,
        )


def chosen_for(settings: Settings) -> dict[str, int]:
    """What a workflow is told of the settings when it starts."""
    return {
        "spread": settings.clock_spread,
        "order_seconds": settings.order_seconds,
        "refund_alone": settings.refund_alone,
    }


def attributes(procedure: str, unit: str, channel: str) -> TypedSearchAttributes:
    """What never changes, and the first status; nothing personal, for search attributes are stored in clear."""
    values = {
        wire.SEARCH_PROCEDURE: procedure,
        wire.SEARCH_UNIT: unit,
        wire.SEARCH_CHANNEL: channel,
        wire.SEARCH_STATUS: "intake",
    }
    return TypedSearchAttributes(
        [SearchAttributePair(SearchAttributeKey.for_keyword(name), value) for name, value in values.items()]
    )
