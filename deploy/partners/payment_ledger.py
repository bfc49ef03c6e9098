"""Owns the partner's orders: what was asked, what was debited, and the call-backs that are owed for it.

A debit and the call-backs that it owes are written in one transaction, so that a partner that dies in between owes
them all the same after its restart. Opening an order twice under one reference is one order.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Literal

from deploy.partners.payment_store import Store

Protocol = Literal["platform", "vnpay"]
Says = Literal["success", "failure"]


class OrderClosed(Exception):
    """The order was paid, failed or expired before: it cannot be paid now."""


class OtherOrder(Exception):
    """The reference stands for another order: another amount, currency or protocol."""


class OrderExpired(Exception):
    """The order's time is over before it was opened."""


@dataclass(frozen=True)
class Order:
    """A row of the books; instants are ISO 8601 texts with their offset, amounts whole đồng."""

    reference: str
    id: str
    protocol: str
    amount: int
    currency: str
    note: str
    opened: str
    expires: str
    created: str = ""
    return_url: str = ""
    state: str = "created"  # then succeeded or failed
    transaction_id: str = ""
    debited: int = 0
    paid: str = ""

    def state_at(self, now: datetime) -> str:
        """`expired` is not written: it is what a created order is after its time."""
        over = self.state == "created" and now >= datetime.fromisoformat(self.expires)
        return "expired" if over else self.state


@dataclass(frozen=True)
class Telling:
    """A call-back to be owed: what it says, from when on, after which of those made with it, how badly."""

    says: Says
    amount: int
    due: float
    follows: int | None = None
    spoilt: int = 0
    gives_up: int | None = None


@dataclass(frozen=True)
class Callback:
    """A call-back that is owed: its row in the books."""

    number: int
    reference: str
    says: str
    amount: int
    due: float
    follows: int | None
    spoilt: int
    gives_up: int | None
    attempts: int
    acknowledged: str | None
    answer: str


class Ledger:
    """The orders in the store. Every method that writes is one short transaction."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def open(self, order: Order, now: datetime) -> Order:
        """This order, or the one that stands under its reference. `OtherOrder`, `OrderExpired`."""
        found = self.by_reference(order.reference)
        if found is None:
            if datetime.fromisoformat(order.expires) <= now:
                raise OrderExpired
            self._store.run("order_insert", **asdict(order))
            return order
        same = (order.protocol, order.amount, order.currency, order.created)
        if (found.protocol, found.amount, found.currency, found.created) != same:
            raise OtherOrder
        return found

    def debit(self, order: Order, transaction: str, amount: int, now: datetime, tellings: Sequence[Telling]) -> None:
        """Debit the payer, once, and owe the call-backs."""
        with self._store.together():
            row = {"reference": order.reference, "transaction_id": transaction, "paid": now.isoformat()}
            done = self._store.run("order_debit", debited=amount, **row)
            self._store.run("promise_keep", reference=order.reference)
            if done:
                self._owe(order, tellings)

    def fail(self, order: Order, tellings: Sequence[Telling], *, promised: float | None = None) -> None:
        """Let the order fail and owe the call-backs; `promised` is when it will be debited all the same."""
        with self._store.together():
            self._store.run("order_fail", reference=order.reference)
            self._owe(order, tellings)
            if promised is not None:
                self._store.run("promise_make", reference=order.reference, due=promised)

    def promise(self, order: Order, due: float, *, expires: datetime) -> None:
        """Debit the order later, after it has expired."""
        with self._store.together():
            self._store.run("order_cut_short", reference=order.reference, expires=expires.isoformat())
            self._store.run("promise_make", reference=order.reference, due=due)

    def is_promised(self, order: Order) -> bool:
        """Whether the payer has pressed already and will be debited later."""
        return self._store.row("promise_of", reference=order.reference) is not None

    def next_promise(self) -> tuple[Order, float] | None:
        """The order that is debited next, and when."""
        row = self._store.row("promises_next")
        return None if row is None else (_order_of(row), row["due"])

    def by_reference(self, reference: str) -> Order | None:
        """The order under that reference, if any."""
        return self._one("order_by_reference", reference=reference)

    def by_id(self, order_id: str) -> Order | None:
        """The order of that page, if any."""
        return self._one("order_by_id", id=order_id)

    def by_transaction(self, transaction: str) -> Order | None:
        """The order that was debited under that number, if any."""
        return self._one("order_by_transaction", transaction_id=transaction)

    def all(self) -> list[Order]:
        """Every order, oldest first."""
        return [_order_of(row) for row in self._store.rows("orders_all")]

    def to_pay(self, now: datetime) -> list[Order]:
        """The orders that a payer may pay now, oldest first."""
        found = [_order_of(row) for row in self._store.rows("orders_to_pay")]
        return [order for order in found if order.state_at(now) == "created"]

    def debited(self, protocol: Protocol) -> list[Order]:
        """The orders of one protocol that were debited, oldest first."""
        return [_order_of(row) for row in self._store.rows("orders_debited", protocol=protocol)]

    def owed(self) -> list[Callback]:
        """The call-backs that nobody has acknowledged or given up, and that wait for no other, oldest first."""
        return [_callback_of(row) for row in self._store.rows("callbacks_owed")]

    def told(self) -> list[Callback]:
        """Every call-back, oldest first."""
        return [_callback_of(row) for row in self._store.rows("callbacks_all")]

    def attempted(self, number: int, *, acknowledged_at: datetime | None, answer: str) -> None:
        """Count an attempt to deliver, and end it when the merchant has acknowledged."""
        at = acknowledged_at.isoformat() if acknowledged_at else None
        self._store.run("callback_attempted", number=number, acknowledged=at, answer=answer)

    def bill_number(self, order: Order) -> int:
        """The number of the order's bill, which it keeps."""
        self._store.run("bill_make", reference=order.reference)
        row = self._store.row("bill_of", reference=order.reference)
        assert row is not None
        number: int = row["number"]
        return number

    def _owe(self, order: Order, tellings: Sequence[Telling]) -> None:
        numbers: list[int] = []
        for telling in tellings:
            follows = None if telling.follows is None else numbers[telling.follows]
            row = asdict(telling) | {"reference": order.reference, "follows": follows}
            numbers.append(self._store.number("callback_insert", **row))

    def _one(self, name: str, **values: object) -> Order | None:
        row = self._store.row(name, **values)
        return None if row is None else _order_of(row)


def _order_of(row: sqlite3.Row) -> Order:
    return Order(**{name: row[name] for name in Order.__dataclass_fields__})


def _callback_of(row: sqlite3.Row) -> Callback:
    return Callback(**{name: row[name] for name in Callback.__dataclass_fields__})
