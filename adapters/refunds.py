"""Refunds as officers see them: ask for one, let one go, and list those that wait.

What an officer asks may not be lost: it is first a row of the inbox, and is handed to the engine from there. That money
goes back at most once is kept by the refund's workflow, whose id is that of the debit.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4, uuid5

import asyncpg

from adapters.callers import Caller
from adapters.engine import Engine, NotThere
from adapters.handover import Arrival
from adapters.intake import Intake
from adapters.keys import KeyDestroyed, KeyedDigest
from adapters.postgres import Connection, Pool, reading, transaction
from adapters.vault import Vault
from domain.errors import Conflict, Forbidden, Invalid, NotAllowed, NotFound
from domain.payments import Ground
from schema.case import Case
from schema.messages import Actor, Answer
from schema.payments import PaymentReport
from schema.refunds import Approval, StartRefund
from schema.sql import QUERIES
from schema.submissions import ActorBody, ApprovalBody, RefundBody
from workflows.wording import refund_id

ASK = frozenset({"clerk", "leader"})


class Refunds:
    """The desk of refunds; part of the door."""

    def __init__(self, pool: Pool, intake: Intake, vault: Vault, digest: KeyedDigest, engine: Engine) -> None:
        self._pool = pool
        self._intake = intake
        self._vault = vault
        self._digest = digest
        self._engine = engine

    async def ask(self, caller: Caller, dossier: UUID, id_: UUID, body: RefundBody, now: datetime) -> str:
        """Keep an officer's request to give a kept fee back, whole; return the reference of the refund.

        The same id again is the same request. Raises `NotFound` for a debit that is none of this dossier's,
        `Invalid` for another amount, `NotAllowed` once a refund of it was asked, `Conflict` for another body.
        """
        caller.require("command")
        caller.require_role(body.actor.role)
        if body.actor.role not in ASK or body.actor.officer is None:
            raise Forbidden(
                "a refund is asked for by a named clerk or leader",
                field="actor",
                remedy="send role 'clerk' or 'leader' with the officer's id",
            )
        digest = self._digest.of_body("refund", body.model_dump(mode="json"))
        key = self._digest.of("reference", f"refund/{caller.system}/{id_}")
        arrival: Arrival | None = None
        async with transaction(self._pool) as connection:
            known = await connection.fetchrow(QUERIES["find_inbox"], caller.system, key)
            payment = await self._payment(connection, dossier, body)
            if known is None:
                await self._require_new(connection, body)
                start = self._start(caller, dossier, id_, body, digest, payment)
                await self._seal(connection, dossier, start, {"reason": body.reason, "legal_basis": body.legal_basis})
                asked = start.model_dump_json()
                row = (row_id := uuid4(), caller.system, key, "refund", dossier, digest, asked, now)
                if kept := await connection.fetchrow(QUERIES["insert_inbox"], *row):
                    arrival = Arrival(row_id, "refund", asked, Case.model_validate_json(kept["fold"]))
                await self._vault.remember(connection, caller.system, body.actor)
            elif known["digest"] != digest:
                raise Conflict(
                    "this id was used before for another refund",
                    field="Idempotency-Key",
                    remedy="send the first body again, or a new id for a new refund",
                )
        if arrival is not None:
            await self._intake.hand_over(arrival)
        return f"refund-{'' if body.provider == 'platform' else f'{body.provider}-'}{body.transaction}"

    async def approve(
        self, caller: Caller, dossier: UUID, reference: str, id_: UUID, body: ApprovalBody, now: datetime
    ) -> Answer | None:
        """Let a refund go, for another officer than whoever asked; None when the answer is not known yet."""
        caller.require("command")
        caller.require_role(body.actor.role)
        async with reading(self._pool) as connection:
            row = await connection.fetchrow(QUERIES["find_refund"], _storable(reference), dossier)
        if row is None:
            raise NotFound("there is no such refund", field="refund", remedy="look at the dossier's refunds")
        digest = self._digest.of_body("approval", body.model_dump(mode="json"))
        approval = Approval(
            id=id_,
            digest=digest,
            actor=self._actor(caller, body.actor),
            occurred_at=now,
            sealed=uuid5(id_, digest) if body.reason else None,
        )
        if approval.sealed is not None:
            async with transaction(self._pool) as connection:
                key = await self._vault.key_of(connection, dossier)
                await self._vault.put(connection, dossier, approval.sealed, "command", {"reason": body.reason}, key)
        report = PaymentReport(reference="debit", outcome="succeeded", **_named(row))
        try:
            answer = await self._engine.approve(refund_id(dossier, report), approval)
        except NotThere:
            raise NotAllowed(
                f"this refund is {row['state']}, and nobody waits for an approval",
                field="refund",
                remedy="look at it again: it is under way, or the money is back",
            ) from None
        if answer is not None:
            async with reading(self._pool) as connection:
                await self._vault.remember(connection, caller.system, body.actor)
        return answer

    async def of(self, dossier: UUID) -> tuple[Sequence[asyncpg.Record], Sequence[asyncpg.Record]]:
        """All attempts of a dossier, and all debits."""
        async with reading(self._pool) as connection:
            if await connection.fetchrow(QUERIES["find_dossier"], dossier) is None:
                raise NotFound("there is no such dossier", field="dossier", remedy="give the id of the submission")
            attempts = await connection.fetch(QUERIES["attempts_of"], dossier)
            return attempts, await connection.fetch(QUERIES["payments_of"], dossier)

    async def open_ones(self, limit: int) -> Sequence[asyncpg.Record]:
        """Refunds that are not done, the oldest first."""
        async with reading(self._pool) as connection:
            return await connection.fetch(QUERIES["open_refunds"], limit)

    async def _payment(self, connection: Connection, dossier: UUID, body: RefundBody) -> asyncpg.Record:
        row = await connection.fetchrow(QUERIES["find_payment"], body.provider, _storable(body.transaction), dossier)
        if row is None or row["use"] != "fee":
            raise NotFound(
                "the fee of this dossier was not paid by such a transaction",
                field="transaction",
                remedy="give provider and transaction as the dossier shows them",
            )
        if body.amount != row["amount"]:
            more = "more than was paid" if body.amount > row["amount"] else "not the whole payment"
            raise Invalid(
                f"{body.amount} đồng are {more}: {row['amount']} đồng",
                field="amount",
                remedy=f"a payment goes back whole: give {row['amount']}",
            )
        return row

    async def _require_new(self, connection: Connection, body: RefundBody) -> None:
        if await connection.fetchval(QUERIES["state_of_refund"], body.provider, body.transaction) is not None:
            raise NotAllowed(
                "a refund of this payment was asked before",
                field="transaction",
                remedy="look at the dossier's refunds; one that waits is approved, not asked again",
            )

    def _start(
        self, caller: Caller, dossier: UUID, id_: UUID, body: RefundBody, digest: str, payment: asyncpg.Record
    ) -> StartRefund:
        report = PaymentReport(
            reference=payment["attempt"] or "counter",
            outcome="succeeded",
            amount=payment["amount"],
            currency="VND",
            **_named(payment),
        )
        return StartRefund(
            dossier=dossier,
            report=report,
            ground=Ground.BY_OFFICER,
            approved=False,
            asked_by=self._actor(caller, body.actor),
            id=id_,
            digest=digest,
            sealed=uuid5(id_, digest),
        )

    def _actor(self, caller: Caller, said: ActorBody) -> Actor:
        officer = self._vault.pseudonym(caller.system, said)
        return Actor.model_validate({"system": caller.system, "role": said.role, "unit": said.unit, "officer": officer})

    async def _seal(self, connection: Connection, dossier: UUID, start: StartRefund, texts: dict[str, Any]) -> None:
        assert start.sealed is not None  # an officer's reason is always given
        try:
            key = await self._vault.key_of(connection, dossier)
        except KeyDestroyed:
            return  # the person was erased: the money goes back all the same, without the text
        await self._vault.put(connection, dossier, start.sealed, "command", texts, key)


def _storable(text: str) -> str:
    """A name that PostgreSQL can look for; nothing is called otherwise."""
    return text if text.isprintable() else ""


def _named(row: asyncpg.Record) -> dict[str, Any]:
    return {"provider": row["provider"], "transaction": row["transaction"]}
