"""Intake into PostgreSQL: what may not be refused is first a row of the inbox, and is answered after the commit.

The same statement writes the dossier, its key, its sealed person and event 1, so that an accepted submission is
whole or absent. That needs the database alone: the engine is handed it after the commit, at once or by the relay.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any
from uuid import uuid4

from activities.intake import submitted
from activities.ports import LawBook
from adapters.handover import Arrival, Handover
from adapters.ids import uuid7
from adapters.keys import KeyedDigest
from adapters.postgres import Pool, reading, row_of
from adapters.rows import case_values, event_values
from adapters.vault import Vault
from domain.duties import Role
from domain.errors import Conflict, DomainError, Invalid, NotFound
from schema.case import Case, first
from schema.messages import Actor, Event
from schema.payments import PaymentReport
from schema.sql import QUERIES
from schema.submissions import Received, Submission

PLATFORM = "payment-platform"
"""The system under whose name call-backs lie in the inbox."""


class Intake:
    """Keeps submissions and payment call-backs; without a hand-over, all is left to the relay."""

    def __init__(
        self, pool: Pool, law: LawBook, vault: Vault, digest: KeyedDigest, handover: Handover | None = None
    ) -> None:
        self._pool = pool
        self._law = law
        self._vault = vault
        self._digest = digest
        self._handover = handover

    async def submit(self, system: str, reference: str, submission: Submission, *, received_at: datetime) -> Received:
        """Keep a submission under (system, reference); again the same dossier, with another body `Conflict`."""
        digest = self._digest.of_body("submission", submission.model_dump(mode="json"))
        key = self._digest.of("reference", f"{system}/{reference}")
        try:
            event = await self._worded(system, submission, received_at, digest)
        except DomainError:  # the law may have changed since the first time, which is no reason to refuse the second
            if known := await self._known(system, key, digest):
                return known
            raise
        return await self._keep(event, reference, key, submission, received_at)

    async def _worded(self, system: str, submission: Submission, received_at: datetime, digest: str) -> Event:
        return submitted(
            await self._law.latest(),
            submission,
            dossier=uuid7(received_at),
            command=uuid4(),
            at=submission.occurred_at or received_at,
            actor=Actor(system=system, role=Role.APPLICANT if submission.channel == "online" else Role.CLERK),
            digest=digest,
        )

    async def _keep(
        self, event: Event, reference: str, key: str, submission: Submission, received_at: datetime
    ) -> Received:
        case, system, sealed = first(event), event.actor.system, uuid4()
        secrets = self._vault.begin(event.dossier, sealed, _personal(reference, submission))
        written = event_values(event.model_copy(update={"sealed": sealed}), received_at)
        async with reading(self._pool) as connection:
            row = (*case_values(case), *written, system, key, *secrets)
            is_new = await connection.fetchval(QUERIES["keep_submission"], *row) is not None
        if is_new:
            await self.hand_over(Arrival(event.command, "submission", "{}", case))
            return _received(case, created=True)
        known = await self._known(system, key, event.digest)
        assert known is not None  # the row that was in the way is committed by now
        return known

    async def report_payment(self, report: PaymentReport, *, received_at: datetime, asked: bool = False) -> bool:
        """Keep what a provider says of an order of ours; refuse an amount that was never asked.

        Where we `asked`, another amount is a fact: it is no payment of the fee, and goes back.

        False when the same was kept before. Raises `NotFound` for an order that is none of ours there.
        """
        async with reading(self._pool) as connection:
            attempt = await connection.fetchrow(QUERIES["find_attempt"], report.reference)
        if attempt is None or attempt["provider"] != report.provider:
            raise NotFound("no order with this reference", field="reference", remedy="send the reference of INIT")
        if (
            not asked
            and report.outcome == "succeeded"
            and (report.amount, report.currency) != (attempt["amount"], "VND")
        ):
            raise Invalid(
                f"{report.amount} {report.currency} were reported, {attempt['amount']} VND were ordered",
                field="amount",
                remedy="report the amount and currency of the order",
            )
        system = PLATFORM if report.provider == "platform" else report.provider
        key = self._digest.of("reference", f"{system}/{report.reference}/{report.outcome}/{report.transaction}")
        body = report.model_dump_json()
        digest = self._digest.of("report", body)
        row = (id_ := uuid4(), system, key, "payment", attempt["dossier"], digest, body, received_at)
        async with reading(self._pool) as connection:
            kept = await connection.fetchrow(QUERIES["insert_inbox"], *row)
        if kept is None:
            return False
        await self.hand_over(Arrival(id_, "payment", body, Case.model_validate_json(kept["fold"])))
        return True

    async def hand_over(self, arrival: Arrival) -> None:
        """Hand to the engine what was committed just now, if it is there."""
        if self._handover is not None:
            await self._handover.at_once(arrival)

    async def _known(self, system: str, key: str, digest: str) -> Received | None:
        async with reading(self._pool) as connection:
            row = await connection.fetchrow(QUERIES["find_inbox"], system, key)
            if row is None:
                return None
            if row["digest"] != digest:
                raise Conflict(
                    "this reference was used before with another body",
                    field="Idempotency-Key",
                    remedy="send the first body again to get its dossier, or a new reference for a new dossier",
                )
            dossier = await row_of(connection, QUERIES["find_dossier"], row["dossier"])
        return _received(Case.model_validate_json(dossier["fold"]), created=False)


def _personal(reference: str, submission: Submission) -> dict[str, Any]:
    """Everything a submission says that may name somebody: the person, the texts, the caller's own reference."""
    exemption = submission.exemption
    body: dict[str, Any] = json.loads(submission.model_dump_json(include={"applicant", "note", "late"}))
    return {**body, "evidence": exemption.evidence if exemption else None, "reference": reference}


def _received(case: Case, *, created: bool) -> Received:
    return Received(
        dossier=str(case.dossier),
        created=created,
        received_at=case.submitted_at,
        fee_total=case.fee_total,
        fee_timing=case.fee_timing,
    )
