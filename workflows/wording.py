"""Words events: what is asked of the register, for a case as it is now; pure, so it can be asked again.

Each function returns the event under the next number, or None when there is nothing left to write; a command
is refused instead. An act of the engine has an id made of what it is about, so that it happens once.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from domain.dossier import DECIDED, Act, Business, Finance, may
from domain.milestones import ClockKind, Rung
from schema import wire
from schema.campaigns import RedateAsk
from schema.case import Case
from schema.events import MOVES, EventType
from schema.messages import ENGINE, Command, Event
from schema.payments import OpenedOrder, PaymentReport
from schema.refunds import RefundOrder
from workflows.judge import act_of, judge

STRIKES = {
    Rung.WARN: EventType.CLOCK_WARNED,
    Rung.REMIND: EventType.CLOCK_WARNED,
    Rung.ASK: EventType.CLOCK_ASKED,
    Rung.BREACH: EventType.CLOCK_BREACHED,
}
"""The event of each rung; the others escalate."""

TYPES = {act: type_ for type_, act in MOVES.items()} | {Act.PAY: EventType.PAYMENT_RECEIVED}


def phase(case: Case, before: str) -> str:
    """Name the phase that the engine's own list is filtered on; officers' lists come from the register.

    It is coarser than the national code because each change is one more write for the engine, of a row with
    dozens of indexes: a decided dossier keeps the phase it had, and is soon closed.
    """
    if case.state.business in DECIDED or case.is_closed:
        return before
    if case.state.business is Business.SUPPLEMENTING:
        return "supplementing"
    return "processing" if case.is_accepted else "intake"


def worded(case: Case, command: Command) -> Event:
    """Word a command, having judged it; a stamp that lost a race is raised to the last event's instant."""
    judge(case, command)
    return Event(
        dossier=case.dossier,
        sequence=case.sequence + 1,
        type=TYPES[act_of(case, command)],
        occurred_at=max(command.occurred_at, case.last_instant),
        actor=command.actor,
        command=command.id,
        digest=command.digest,
        data=command.data,
        sealed=command.sealed,
        late=command.late,
    )


def acted(case: Case, act: Act, data: dict[str, str], at: datetime | None) -> Event | None:
    """Word one of the engine's own acts, or nothing when it does not fit."""
    if not may(case.state, act):
        return None
    return engine_event(case, TYPES[act], at or case.last_instant, f"{act}/{case.sequence}", dict(data))


def following(case: Case, event: Event) -> tuple[Event, ...]:
    """Word what a payment at receipt brings by itself: acceptance, and online the forwarding as well.

    They are worded as their chapters would word them, so that each happens once, whoever asks for it.
    """
    if event.type is not EventType.PAYMENT_RECEIVED or case.state.business is not Business.COMPLETE:
        return ()
    paid = case.after(event)
    acceptance = acted(paid, Act.ACCEPT, {}, None)
    if acceptance is None or case.channel != "online":
        return (acceptance,) if acceptance else ()
    accepted = paid.model_copy(update={"sequence": acceptance.sequence})
    key = f"{Act.FORWARD}/{accepted.sequence}"
    return acceptance, engine_event(accepted, EventType.FORWARDED, accepted.last_instant, key, {})


def struck(case: Case, until: datetime, now: datetime) -> Event | None:
    """Word the next rung of a ladder, at its own legal instant, if that is not later than `until`."""
    milestone = next(iter(case.ahead()), None)
    if milestone is None or milestone.at > until:
        return None
    type_ = STRIKES.get(milestone.rung, EventType.CLOCK_ESCALATED)
    clock = case.clock(milestone.kind, milestone.step)
    data: dict[str, Any] = {"clock": str(milestone.kind), "found_at": now.isoformat()}
    key = f"{type_}/{milestone.kind}/{milestone.at.isoformat()}"
    if clock is not None and clock.rungs:
        data |= {"rung": str(milestone.rung), "arming": clock.arming, "due": clock.due.isoformat()}
        data |= {"step": milestone.step} if milestone.step else {}
        key = f"{milestone.kind}/{milestone.step}/{milestone.rung}/{clock.arming}"
    return engine_event(case, type_, max(milestone.at, case.last_instant), key, data)


def asked_twice(case: Case, command: Command, now: datetime) -> Event:
    """Word that somebody wants to move the appointment a second time: refused, and the one-stop hears of it."""
    data = {
        "clock": str(ClockKind.MOVED),
        "rung": str(Rung.ONE_STOP),
        "why": str(command.name),
        "found_at": now.isoformat(),
    }
    return engine_event(case, EventType.CLOCK_ESCALATED, case.last_instant, f"again/{command.id}", data)


def redated(case: Case, ask: RedateAsk, now: datetime) -> Event | None:
    """Word that the dates come from a new publication: once for a campaign; which ones, the register computes."""
    if case.is_closed:
        return None
    data = {"campaign": str(ask.campaign), "subject": ask.subject, "law": ask.law}
    return engine_event(case, EventType.REDATED, max(now, case.last_instant), f"campaign/{ask.campaign}", data)


def ordered(case: Case, now: datetime, expires: datetime) -> Event | None:
    """Word a new attempt to collect the fee at the platform, under a reference of its own."""
    if case.state.finance is not Finance.OWED:
        return None
    number = case.attempts + 1
    data = {
        "reference": f"{case.dossier.hex}-{number}",
        "number": number,
        "amount": case.fee_total,
        "expires_at": expires.isoformat(),
    }
    return engine_event(case, EventType.PAYMENT_ORDERED, now, f"order/{number}", data)


def opened(case: Case, opened: OpenedOrder, now: datetime) -> Event | None:
    """Word that the platform has opened the order, and where the payer goes."""
    if case.payment is None or case.payment.reference != opened.reference or not case.owes:
        return None  # the call-back was quicker than the answer
    data = {"reference": opened.reference, "url": opened.url}
    return engine_event(case, EventType.PAYMENT_OPENED, now, f"opened/{opened.reference}", data)


def reported(case: Case, report: PaymentReport, now: datetime) -> Event | None:
    """Word what a platform reported: once for each transaction, however many times and ways it is told."""
    at = min(max(report.paid_at or now, case.last_instant), now)
    if report.outcome == "succeeded" and report.transaction not in case.transactions:
        if not case.expects_payment or report.amount != case.fee_total:
            return surplus(case, report, now)
        data = report.model_dump(mode="json", include={"reference", "amount", "currency", "transaction", "paid_at"})
        key = transaction_key(report.transaction)
        return engine_event(case, EventType.PAYMENT_RECEIVED, at, key, {"means": "platform", **data})
    is_current = case.payment is not None and case.payment.reference == report.reference
    if report.outcome in ("failed", "expired") and is_current and case.state.finance is Finance.ORDERED:
        data = {"reference": report.reference, "outcome": report.outcome}
        return engine_event(case, EventType.PAYMENT_FAILED, at, f"failed/{report.reference}", data)
    return None


def surplus(case: Case, report: PaymentReport, now: datetime) -> Event | None:
    """Word money that the dossier cannot use; None when this transaction is the one that was kept."""
    if report.transaction in case.transactions:
        return None
    data = report.model_dump(mode="json", include={"reference", "amount", "currency", "transaction", "paid_at"})
    at = max(now, case.last_instant)
    return engine_event(case, EventType.PAYMENT_SURPLUS, at, transaction_key(report.transaction), data)


def transaction_key(transaction: str | None) -> str:
    """Name what becomes of one transaction: kept or surplus, but only one of them, and once."""
    return f"transaction/{transaction}"


def refund_id(dossier: UUID, report: PaymentReport) -> str:
    """Name the workflow that gives this transaction back: whoever starts it, it is the same one."""
    return wire.refund_workflow_id(engine_command(dossier, transaction_key(report.transaction)))


def refunded(case: Case, order: RefundOrder, now: datetime) -> Event:
    data = {"transaction": order.transaction, "amount": order.amount, "currency": order.currency}
    at = max(now, case.last_instant)
    return engine_event(case, EventType.PAYMENT_REFUNDED, at, f"refunded/{order.transaction}", data)


def engine_event(case: Case, type_: EventType, at: datetime, key: str, data: dict[str, Any]) -> Event:
    """Word one of the engine's own acts; `key` makes its id the same however often it is asked."""
    return Event(
        dossier=case.dossier,
        sequence=case.sequence + 1,
        type=type_,
        occurred_at=at,
        actor=ENGINE,
        command=engine_command(case.dossier, key),
        data=data,
    )


def engine_command(dossier: UUID, key: str) -> UUID:
    """Name an act of the engine by the dossier and what it is about: equal on every retry."""
    return uuid5(dossier, key)
