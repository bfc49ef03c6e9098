"""Projects the money of a dossier's events: attempts, debits with their lines and receipts, refunds.

In the transaction of the event, under the dossier's row lock; every row has an identity of its own, so the same
event again changes nothing, and nothing is ever added up.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

from adapters.postgres import Connection
from domain.payments import AttemptEvent, AttemptState, Provider, after
from schema.case import Case
from schema.events import EventType
from schema.messages import Event
from schema.sql import QUERIES

_Projection = Callable[[Connection, Case, Event, datetime], Awaitable[None]]


async def project_money(connection: Connection, case: Case, event: Event, now: datetime) -> None:
    """Write what one event says about money; `case` is the one after it."""
    if event.type in _PROJECTIONS:
        await _PROJECTIONS[event.type](connection, case, event, now)


async def _ordered(connection: Connection, case: Case, event: Event, now: datetime) -> None:
    if event.data.get("number", 1) > 1:
        await connection.execute(QUERIES["supersede_payments"], event.dossier)
    payment = case.payment
    assert payment is not None  # the event has just made it
    ordered_at = payment.ordered_at or event.occurred_at
    values = (payment.reference, event.dossier, payment.number, payment.amount, payment.provider)
    await connection.execute(QUERIES["order_payment"], *values, ordered_at, payment.expires_at)


def _moved(reaches: AttemptEvent) -> _Projection:
    async def project(connection: Connection, case: Case, event: Event, now: datetime) -> None:
        outcome = AttemptEvent.EXPIRED if event.data.get("outcome") == "expired" else reaches
        await _move(connection, event, outcome)

    return project


async def _move(connection: Connection, event: Event, reaches: AttemptEvent) -> None:
    reference = event.data["reference"]
    present = await connection.fetchval(QUERIES["state_of_attempt"], reference)
    if present is None:
        return  # written down before there were attempts of this kind
    state = after(AttemptState(present), reaches)
    settled = None if reaches in (AttemptEvent.OPENED, AttemptEvent.UNCERTAIN) else event.occurred_at
    await connection.execute(QUERIES["move_attempt"], reference, state, event.data.get("transaction"), settled)


async def _received(connection: Connection, case: Case, event: Event, now: datetime) -> None:
    """A debit that is the fee: with its lines, as they were assessed at the submission, and its receipt."""
    data: dict[str, Any] = event.data
    if "reference" in data:
        await _move(connection, event, AttemptEvent.RECEIVED)
    if case.payment is not None and case.payment.reference != data.get("reference"):
        await connection.execute(QUERIES["supersede_payments"], event.dossier)
    kept = case.kept
    assert kept is not None  # the event has just made it
    values = _debit(case, event, now, kept.provider, kept.transaction, "fee")
    receipt = data.get("receipt") or {}
    made = (receipt.get("series"), receipt.get("number"), receipt.get("year"))
    await connection.execute(QUERIES["keep_payment"], *values, *made)


async def _surplus(connection: Connection, case: Case, event: Event, now: datetime) -> None:
    """A debit that the dossier cannot use, and the refund that it asks for."""
    data: dict[str, Any] = event.data
    await _move(connection, event, AttemptEvent.SURPLUS)
    provider = data.get("provider", Provider.PLATFORM)
    await connection.execute(
        QUERIES["keep_surplus"], *_debit(case, event, now, provider, data["transaction"], "surplus")
    )
    await _ask_refund(connection, case, event, now)


async def _ask_refund(connection: Connection, case: Case, event: Event, now: datetime) -> None:
    data: dict[str, Any] = event.data
    provider, ground = data.get("provider", Provider.PLATFORM), data.get("ground", "late_success")
    values = (provider, data["transaction"], event.dossier, case.unit, data["amount"], ground)
    await connection.execute(QUERIES["ask_refund"], *values, event.actor.officer, event.occurred_at)


def _refund(state: str) -> _Projection:
    async def project(connection: Connection, case: Case, event: Event, now: datetime) -> None:
        provider, transaction = event.data.get("provider", Provider.PLATFORM), event.data["transaction"]
        values = (provider, transaction, state, event.occurred_at, event.actor.officer)
        await connection.execute(QUERIES["move_refund"], *values)

    return project


async def _waived(connection: Connection, case: Case, event: Event, now: datetime) -> None:
    await connection.execute(QUERIES["supersede_payments"], event.dossier)


def _debit(case: Case, event: Event, now: datetime, provider: str, transaction: str, use: str) -> tuple[Any, ...]:
    data: dict[str, Any] = event.data
    paid_at = datetime.fromisoformat(data["paid_at"]) if data.get("paid_at") else event.occurred_at
    return (
        provider,
        transaction,
        event.dossier,
        data.get("reference"),
        case.unit,
        case.procedure,
        case.channel,
        data.get("means") or provider,
        data["amount"],
        paid_at,
        now,
        use,
        event.actor.officer,
        data.get("document"),
    )


_PROJECTIONS: dict[EventType, _Projection] = {
    EventType.PAYMENT_ORDERED: _ordered,
    EventType.PROVIDER_CHOSEN: _ordered,
    EventType.PAYMENT_OPENED: _moved(AttemptEvent.OPENED),
    EventType.PAYMENT_UNCERTAIN: _moved(AttemptEvent.UNCERTAIN),
    EventType.PAYMENT_FAILED: _moved(AttemptEvent.FAILED),
    EventType.PAYMENT_LAPSED: _moved(AttemptEvent.FAILED),
    EventType.PAYMENT_RECEIVED: _received,
    EventType.PAYMENT_SURPLUS: _surplus,
    EventType.FEE_WAIVED: _waived,
    EventType.REFUND_ASKED: _ask_refund,
    EventType.REFUND_APPROVED: _refund("approved"),
    EventType.REFUND_REFUSED: _refund("refused"),
    EventType.PAYMENT_REFUNDED: _refund("refunded"),
}
PROJECTS_MONEY = frozenset(_PROJECTIONS)
"""Events that write more than the dossier and the log."""
