"""Words events: what is asked of the register, for a case as it is now; pure, so it can be asked again.

Each function returns the event under the next number, or None when there is nothing left to write; a command
is refused instead. An act of the engine has an id made of what it is about, so that it happens once.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from domain.dossier import DECIDED, Act, Business, Finance, may
from domain.milestones import ClockKind, Rung
from domain.payments import Ground, Provider
from schema import wire
from schema.campaigns import RedateAsk
from schema.case import Case, Kept, Payment, debit_key
from schema.events import MOVES, EventType
from schema.messages import ENGINE, Command, Event
from schema.payments import OpenedOrder, PaymentReport
from schema.refunds import Approval, RefundOrder, StartRefund
from workflows.judge import act_of, judge

KEPT_GROUNDS = frozenset({Ground.REFUSED, Ground.REFUSED_BEFORE_APPRAISAL, Ground.WITHDRAWN, Ground.BY_OFFICER})
"""Grounds on which the fee itself goes back; on the others the money never was the fee."""

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


ORDER_LASTS = timedelta(hours=24)
"""How long an order may be paid, where the installation chose nothing else."""


def worded(case: Case, command: Command, order_lasts: timedelta = ORDER_LASTS) -> Event:
    """Word a command, having judged it; a stamp that lost a race is raised to the last event's instant."""
    judge(case, command)
    at = max(command.occurred_at, case.last_instant)
    begun = (
        _attempt(case, command.data["provider"], at, at + order_lasts) if command.name is Act.CHOOSE_PROVIDER else {}
    )
    return Event(
        dossier=case.dossier,
        sequence=case.sequence + 1,
        type=TYPES[act_of(case, command)],
        occurred_at=at,
        actor=command.actor,
        command=command.id,
        digest=command.digest,
        data={**command.data, **begun},
        sealed=command.sealed,
        late=command.late,
    )


def acted(case: Case, act: Act, data: dict[str, str], at: datetime | None) -> Event | None:
    """Word one of the engine's own acts, or nothing when it does not fit."""
    if not may(case.state, act):
        return None
    return engine_event(case, TYPES[act], at or case.last_instant, f"{act}/{case.sequence}", dict(data))


def following(case: Case, event: Event, now: datetime, order_lasts: timedelta) -> tuple[Event, ...]:
    """Word what an event brings by itself, to be written with it.

    A dossier found complete online brings the order for its fee; a payment at receipt brings acceptance, and online the
    forwarding as well. Each is worded as its chapter would word it, so that it happens once, whoever asks for it.
    """
    if event.type is EventType.FOUND_COMPLETE and case.channel == "online":
        order = ordered(case.after(event), now, now + order_lasts)
        return (order,) if order else ()
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
    milestone = case.next_milestone
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
    data = _attempt(case, Provider.PLATFORM, now, expires)
    return engine_event(case, EventType.PAYMENT_ORDERED, now, f"order/{data['number']}", data)


def _attempt(case: Case, provider: str, at: datetime, expires: datetime) -> dict[str, Any]:
    number = case.attempts + 1
    return {
        "reference": f"{case.dossier.hex}-{number}",
        "number": number,
        "amount": case.fee_total,
        "provider": provider,
        "ordered_at": at.isoformat(),
        "expires_at": expires.isoformat(),
    }


def opened(case: Case, opened: OpenedOrder, now: datetime) -> Event | None:
    """Word that the platform has opened the order, and where the payer goes."""
    if case.payment is None or case.payment.reference != opened.reference or not case.owes:
        return None  # the call-back was quicker than the answer
    data = {"reference": opened.reference, "url": opened.url}
    return engine_event(case, EventType.PAYMENT_OPENED, now, f"opened/{opened.reference}", data)


def uncertain(case: Case, payment: Payment, now: datetime) -> Event | None:
    """Word that nobody can say what became of an order, once for each: a state of its own, never "not paid"."""
    if case.payment is None or case.payment.reference != payment.reference or not case.owes:
        return None
    data = {"reference": payment.reference}
    return engine_event(case, EventType.PAYMENT_UNCERTAIN, now, f"uncertain/{payment.reference}", data)


def reported(case: Case, report: PaymentReport, now: datetime) -> Event | None:
    """Word what a provider reported: once for each debit, however many times and ways it is told."""
    at = min(max(report.paid_at or now, case.last_instant), now)
    if report.outcome == "succeeded" and debit_key(report.provider, report.transaction) not in case.transactions:
        if ground := case.ground_against(report.amount):
            return surplus(case, report, now, ground)
        data = {"means": report.provider, **_debit(report)}
        return engine_event(case, EventType.PAYMENT_RECEIVED, at, transaction_key(report), data)
    if report.outcome not in ("failed", "expired"):
        return None
    is_current = case.payment is not None and case.payment.reference == report.reference
    data = {"reference": report.reference, "outcome": report.outcome}
    if is_current and case.state.finance is Finance.ORDERED:
        return engine_event(case, EventType.PAYMENT_FAILED, at, f"failed/{report.reference}", data)
    return lapsed(case, report, now)


def lapsed(case: Case, report: PaymentReport, now: datetime) -> Event | None:
    """Word that an attempt which nobody waited for any more came to nothing."""
    is_current = case.payment is not None and case.payment.reference == report.reference
    is_open = report.reference in case.superseded or (is_current and case.state.finance is Finance.ORDERED)
    if report.outcome not in ("failed", "expired") or not is_open:
        return None
    data = {"reference": report.reference, "outcome": report.outcome}
    at = max(now, case.last_instant)
    return engine_event(case, EventType.PAYMENT_LAPSED, at, f"failed/{report.reference}", data)


def surplus(case: Case, report: PaymentReport, now: datetime, ground: str = "") -> Event | None:
    """Word money that the dossier cannot use; None when this debit is the one that was kept."""
    if debit_key(report.provider, report.transaction) in case.transactions:
        return None
    data = {"ground": ground or str(case.ground_against(report.amount) or Ground.LATE_SUCCESS), **_debit(report)}
    at = max(now, case.last_instant)
    return engine_event(case, EventType.PAYMENT_SURPLUS, at, transaction_key(report), data)


def refund_asked(case: Case, start: StartRefund, now: datetime) -> Event | None:
    """Word that the fee itself is to go back; None when that was asked before, or when it is not the fee."""
    report = start.report
    key = debit_key(report.provider, report.transaction)
    if case.kept is None or debit_key(case.kept.provider, case.kept.transaction) != key or key in case.refunds:
        return None
    data = {"ground": start.ground, **_debit(report)}
    event = engine_event(case, EventType.REFUND_ASKED, max(now, case.last_instant), f"refund/{key}", data)
    if start.asked_by is None or start.id is None:
        return event
    asked = {"actor": start.asked_by, "command": start.id, "digest": start.digest, "sealed": start.sealed}
    return event.model_copy(update=asked)


def refund_approved(case: Case, order: RefundOrder, approval: Approval) -> Event:
    """Word that an officer lets money go back."""
    return Event(
        dossier=case.dossier,
        sequence=case.sequence + 1,
        type=EventType.REFUND_APPROVED,
        occurred_at=max(approval.occurred_at, case.last_instant),
        actor=approval.actor,
        command=approval.id,
        digest=approval.digest,
        data=_back(order),
        sealed=approval.sealed,
    )


def refund_refused(case: Case, order: RefundOrder, times: int, now: datetime) -> Event:
    """Word that the provider said no for good; an officer has to look."""
    at, key = max(now, case.last_instant), f"refund-refused/{order.reference}/{times}"
    return engine_event(case, EventType.REFUND_REFUSED, at, key, _back(order))


def refunded(case: Case, order: RefundOrder, now: datetime) -> Event:
    """Word that the money is back."""
    at = max(now, case.last_instant)
    key = f"refunded/{debit_key(order.provider, order.transaction)}"
    return engine_event(case, EventType.PAYMENT_REFUNDED, at, key, _back(order))


def give_back(case: Case) -> StartRefund | None:
    """Word the refund of a fee that is owed back by itself (`Case.owed_back`)."""
    if case.kept is None or (ground := case.owed_back) is None:
        return None
    return StartRefund(
        dossier=case.dossier, report=_report_of(case.kept), ground=ground, approved=case.kept.provider != "counter"
    )


def _report_of(kept: Kept) -> PaymentReport:
    return PaymentReport.model_validate(
        {
            "reference": kept.reference or "counter",
            "outcome": "succeeded",
            "amount": kept.amount,
            "currency": "VND",
            "transaction": kept.transaction,
            "provider": kept.provider,
        }
    )


_DEBIT_FACTS = {"reference", "amount", "currency", "transaction", "paid_at", "provider"}


def _debit(report: PaymentReport) -> dict[str, Any]:
    return report.model_dump(mode="json", include=_DEBIT_FACTS)


def _back(order: RefundOrder) -> dict[str, Any]:
    return order.model_dump(mode="json", include={"reference", "transaction", "amount", "currency", "provider"})


def transaction_key(report: PaymentReport) -> str:
    """Name what becomes of one debit: kept or surplus, but only one of them, and once."""
    return f"transaction/{debit_key(report.provider, report.transaction)}"


def refund_id(dossier: UUID, report: PaymentReport) -> str:
    """Name the workflow that gives this debit back: whoever starts it, it is the same one."""
    key = transaction_key(report) if report.transaction else f"failed/{report.reference}"
    return wire.refund_workflow_id(engine_command(dossier, key))


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
