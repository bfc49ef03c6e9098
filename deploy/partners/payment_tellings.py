"""Owns which call-backs a settled order owes under its faults."""

from __future__ import annotations

from dataclasses import replace

from deploy.partners.payment_faults import BadSignature, OrderFaults
from deploy.partners.payment_ledger import Order, Says, Telling

ATTEMPTS = {"platform": None, "vnpay": 10}  # VNPAY's published rule: ten calls, then nobody is told any more


def tellings(order: Order, says: Says, amount: int, faults: OrderFaults, now: float) -> list[Telling]:
    """The call-backs for that outcome; `amount` is what was debited, or asked when nothing was."""
    if faults.no_callback is not None:
        return []
    paid = says == "success"
    due = now + (faults.timeout_after_debit.seconds if paid and faults.timeout_after_debit else 0.0)
    limit = ATTEMPTS[order.protocol]
    spoilt, gives_up = _spoilt(faults.bad_signature, limit)
    told = _told(amount, faults) if paid else amount
    first = Telling(says, told, due, spoilt=spoilt, gives_up=gives_up)
    twice = faults.duplicate_callback
    every = [replace(first, due=due + n * twice.seconds) for n in range(twice.times)] if twice else [first]
    if paid and faults.reordered_callbacks is not None:
        every.append(Telling("failure", order.amount, due, follows=0, gives_up=limit))
    return every


def debited(order: Order, faults: OrderFaults) -> int:
    """What the payer is debited."""
    wrong = faults.wrong_amount
    return _moved(order.amount, wrong.offset) if wrong is not None and wrong.debit else order.amount


def _told(amount: int, faults: OrderFaults) -> int:
    wrong = faults.wrong_amount
    return amount if wrong is None or wrong.debit else _moved(amount, wrong.offset)


def _moved(amount: int, offset: int) -> int:
    """Another amount, at least one đồng."""
    return amount + offset if amount + offset > 0 else amount + abs(offset)


def _spoilt(fault: BadSignature | None, limit: int | None) -> tuple[int, int | None]:
    if fault is None:
        return 0, limit
    return fault.times, min(fault.times, limit or fault.times) if fault.final else limit
