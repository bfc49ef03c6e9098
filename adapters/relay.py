"""The relay: hands every row of the inbox to the engine until it is acknowledged.

It runs in the workers, any number of them: a row is claimed with `SKIP LOCKED` and stays locked until the
engine has answered. With the engine down, rows wait and are tried again, a little later each time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

import asyncpg
import structlog
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
from adapters.postgres import Connection, Pool, transaction
from domain.payments import Ground
from schema import wire
from schema.case import Case, Start
from schema.payments import PaymentReport
from schema.refunds import StartRefund
from schema.sql import QUERIES
from workflows.wording import refund_id

log = structlog.get_logger()

BATCH = 50
LOOK_EVERY = 1.0
"""Seconds between looks when nothing announces itself: an announcement may be lost, a row is not."""
LONGEST_PAUSE = timedelta(seconds=30)
ENDS = frozenset({"succeeded", "failed", "expired"})
RPC_SECONDS = timedelta(seconds=5)


class Relay:
    """One relay; `run` goes on until it is cancelled."""

    def __init__(
        self,
        pool: Pool,
        client: Client,
        now: Callable[[], datetime],
        remember: Callable[[Case], None],
        chosen: Mapping[str, int],
    ) -> None:
        self._pool = pool
        self._client = client
        self._now = now
        self._remember = remember  # the run that is started here is mostly carried on here
        self._chosen = dict(chosen)  # what the installation chose: a workflow reads no settings, so it is told
        self._bell = asyncio.Event()

    async def run(self) -> None:
        """Deliver, wait for the bell or a second, deliver again; an outage is waited out and logged once."""
        listener: asyncio.Task[None] = asyncio.create_task(self._listen())
        away = False
        try:
            while True:
                self._bell.clear()
                try:
                    while await self.deliver():
                        pass
                    away = False
                except Unavailable as error:
                    if not away:
                        log.warning("relay_paused", error=type(error).__name__)
                    away = True
                await self._wait()
        finally:
            listener.cancel()

    async def deliver(self) -> bool:
        """Hand over one batch; say whether it was full, so that there may be more."""
        async with transaction(self._pool) as connection:
            rows = await connection.fetch(QUERIES["claim_inbox"], self._now(), BATCH)
            taken = await asyncio.gather(*(self._hand_over(row) for row in rows))
            await self._mark(connection, [(row, ok) for row, ok in zip(rows, taken, strict=True)])
        return len(rows) == BATCH and all(taken)

    async def _mark(self, connection: Connection, outcomes: list[tuple[asyncpg.Record, bool]]) -> None:
        taken = [row for row, ok in outcomes if ok]
        if taken:
            await connection.execute(QUERIES["deliver_inbox"], [row["id"] for row in taken], self._now())
        for row, ok in outcomes:
            if not ok:
                pause = min(timedelta(seconds=2 ** min(row["attempts"], 5)), LONGEST_PAUSE)
                await connection.execute(QUERIES["postpone_inbox"], [row["id"]], self._now() + pause)

    async def _hand_over(self, row: asyncpg.Record) -> bool:
        try:
            if row["kind"] == "submission":
                await self._start(row)
            elif row["kind"] == "refund":
                await self._start_refund(StartRefund.model_validate_json(row["body"]))
            else:
                return await self._report(row)
        except WorkflowAlreadyStartedError:
            return row["kind"] != "payment" or await self._refund(row)
        except (RPCError, RuntimeError):  # RuntimeError: a client that never connected
            return False
        return True

    async def _start(self, row: asyncpg.Record, signal: PaymentReport | None = None) -> None:
        """Start the dossier's workflow, and in the same call signal it if there is a report."""
        case = Case.model_validate_json(row["fold"])
        self._remember(case)
        await self._client.start_workflow(
            wire.DOSSIER_WORKFLOW,
            self._begin(case),
            id=wire.dossier_workflow_id(row["dossier"]),
            task_queue=wire.DOSSIER_QUEUE,
            id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
            search_attributes=attributes(row),
            start_signal=wire.PAYMENT_SIGNAL if signal else None,
            start_signal_args=[signal] if signal else [],
            rpc_timeout=RPC_SECONDS,
        )

    def _begin(self, case: Case) -> Start:
        return Start.model_validate({"dossier": case.dossier, "case": case, "patient": True, **self._chosen})

    async def _report(self, row: asyncpg.Record) -> bool:
        """Signal the dossier, starting it if the call-back overtook the submission."""
        if row["closed_at"] is not None:
            return await self._refund(row)
        report = PaymentReport.model_validate_json(row["body"])
        await self._start(row, report)
        return True

    async def _refund(self, row: asyncpg.Record) -> bool:
        """Money that came for a closed dossier goes back by a workflow of its own, which notes other ends as well."""
        report, case = PaymentReport.model_validate_json(row["body"]), Case.model_validate_json(row["fold"])
        if report.outcome not in ENDS:
            return True  # nothing is said yet, and the workflow of this attempt's end must still be free to begin
        ground = case.ground_against(report.amount) or Ground.LATE_SUCCESS
        try:
            await self._start_refund(StartRefund(dossier=row["dossier"], report=report, ground=ground))
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

    async def _wait(self) -> None:
        try:
            await asyncio.wait_for(self._bell.wait(), LOOK_EVERY)
        except TimeoutError:
            return

    async def _listen(self) -> None:
        """Hear the announcements, on one connection after another; without one, rows are found by looking."""
        while True:
            try:
                await self._hear()
            except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
                await asyncio.sleep(LOOK_EVERY)

    async def _hear(self) -> None:
        lost = asyncio.Event()
        async with self._pool.acquire() as connection:
            connection.add_termination_listener(lambda _: lost.set())
            await connection.add_listener("inbox", self._ring)
            try:
                await lost.wait()
            finally:
                if not connection.is_closed():
                    await connection.remove_listener("inbox", self._ring)

    def _ring(self, *_: object) -> None:
        self._bell.set()


def attributes(row: asyncpg.Record) -> TypedSearchAttributes:
    """What never changes, and the first status; nothing personal, for search attributes are stored in clear."""
    values = {
        wire.SEARCH_PROCEDURE: row["procedure"],
        wire.SEARCH_UNIT: row["unit"],
        wire.SEARCH_CHANNEL: row["channel"],
        wire.SEARCH_STATUS: "intake",
    }
    return TypedSearchAttributes(
        [SearchAttributePair(SearchAttributeKey.for_keyword(name), value) for name, value in values.items()]
    )
