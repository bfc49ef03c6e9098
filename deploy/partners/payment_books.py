"""Owns how the books are shown to whoever checks them: every order with its debit, refunds, call-backs and faults."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict
from datetime import datetime
from typing import Any

from deploy.partners.payment_ledger import Callback, Ledger, Order
from deploy.partners.payment_mischief import Mischief
from deploy.partners.payment_refunds import Refund, Refunds
from deploy.partners.payment_store import Store


def books(store: Store, now: datetime) -> list[dict[str, Any]]:
    """Every order of every protocol, oldest first."""
    callbacks: dict[str, list[Callback]] = defaultdict(list)
    refunds: dict[str, list[Refund]] = defaultdict(list)
    for callback in Ledger(store).told():
        callbacks[callback.reference].append(callback)
    for refund in Refunds(store).all():
        refunds[refund.transaction_id].append(refund)
    faults = Mischief(store).all()
    return [
        _order(order, now)
        | _told(callbacks[order.reference])
        | _given_back(refunds[order.transaction_id] if order.transaction_id else [], now)
        | {"faults": faults.get(order.reference, {})}
        for order in Ledger(store).all()
    ]


def _order(order: Order, now: datetime) -> dict[str, Any]:
    debit = {"transaction": order.transaction_id, "amount": order.debited, "paid": order.paid}
    return asdict(order) | {"state": order.state_at(now), "debits": [debit] if order.transaction_id else []}


def _told(callbacks: list[Callback]) -> dict[str, Any]:
    """Each call-back, and all of them as one: acknowledged when every one is."""
    taken = [each.acknowledged for each in callbacks]
    return {
        "callbacks": [asdict(each) for each in callbacks],
        "callback_attempts": sum(each.attempts for each in callbacks),
        "callback_acknowledged": max((at or "" for at in taken), default=None) if all(taken) else None,
    }


def _given_back(refunds: list[Refund], now: datetime) -> dict[str, Any]:
    """Each refund, and the one that is done: the first, where a debit is given back in parts."""
    every = [asdict(each) | {"state": each.state_at(now)} for each in refunds]
    done = next((each for each in every if each["state"] == "done"), None)
    return {
        "refunds": every,
        "refund": done["refund"] if done else None,
        "refunded": done["asked"] if done else None,
    }
