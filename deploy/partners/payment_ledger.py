"""Owns the payment platform's books: orders and the call-backs they owe, in one SQLite file.

A debit and the call-back that it owes are written in one transaction, so that a platform that dies in between
owes the call-back all the same after its restart. Opening an order twice under one reference is one order.
"""

from __future__ import annotations

import sqlite3
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from deploy.partners.payment_messages import (
    EXPIRED,
    OTHER_AMOUNT,
    REFUNDED_BEFORE,
    UNKNOWN_TRANSACTION,
    BadMessage,
)

_SCHEMA = """
CREATE TABLE IF NOT EXISTS orders (
    reference TEXT PRIMARY KEY, id TEXT NOT NULL UNIQUE, amount INTEGER NOT NULL CHECK (amount > 0),
    currency TEXT NOT NULL, note TEXT NOT NULL, expires TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'created', transaction_id TEXT NOT NULL DEFAULT '',
    paid TEXT NOT NULL DEFAULT ''
);
CREATE TABLE IF NOT EXISTS callbacks (
    number INTEGER PRIMARY KEY, reference TEXT NOT NULL REFERENCES orders,
    attempts INTEGER NOT NULL DEFAULT 0, acknowledged TEXT
);
CREATE TABLE IF NOT EXISTS refunds (
    refund TEXT PRIMARY KEY, transaction_id TEXT NOT NULL UNIQUE, refunded TEXT NOT NULL
);
"""


class OrderClosed(Exception):
    """The order was paid, failed or expired before: it cannot be paid now."""


@dataclass(frozen=True)
class Order:
    """A row of the books; instants are ISO 8601 texts with their offset, amounts whole đồng."""

    reference: str
    id: str
    amount: int
    currency: str
    note: str
    expires: str
    state: str = "created"  # then succeeded or failed
    transaction_id: str = ""
    paid: str = ""

    def state_at(self, now: datetime) -> str:
        """`expired` is not written: it is what a created order is after its time."""
        over = self.state == "created" and now >= datetime.fromisoformat(self.expires)
        return "expired" if over else self.state


class Ledger:
    """The books in one folder. Every method is one short transaction; a kill leaves all of it or nothing."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(folder / "ledger.sqlite3", isolation_level=None)
        self._db.row_factory = sqlite3.Row
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = FULL")  # it is money
        self._db.executescript(_SCHEMA)

    def open(self, reference: str, amount: int, currency: str, note: str, *, expires: datetime, now: datetime) -> Order:
        """A new order, or the one that stands under the reference; another amount is `BadMessage`."""
        found = self.by_reference(reference)
        if found is None:
            if expires <= now:
                raise BadMessage(EXPIRED)
            found = Order(reference, uuid4().hex, amount, currency, note, expires.isoformat())
            self._insert(found)
        if (found.amount, found.currency) != (amount, currency):
            raise BadMessage(OTHER_AMOUNT)
        return found

    def settle(self, order_id: str, *, paid: bool, now: datetime) -> Order | None:
        """Debit the order or let it fail, and owe the call-back; `None` when there is no such order."""
        order = self._order("id = ?", order_id)
        if order is None:
            return None
        if order.state_at(now) != "created":
            raise OrderClosed(order.state_at(now))
        state, number, at = ("succeeded", uuid4().hex, now.isoformat()) if paid else ("failed", "", "")
        with self._db:
            self._db.execute("BEGIN IMMEDIATE")
            self._db.execute(
                "UPDATE orders SET state = ?, transaction_id = ?, paid = ? WHERE id = ?",
                (state, number, at, order_id),
            )
            self._db.execute("INSERT INTO callbacks (reference) VALUES (?)", (order.reference,))
        return self._order("id = ?", order_id)

    def refund(self, reference: str, transaction: str, amount: int, currency: str, now: datetime) -> None:
        """Give a debit back, whole and once; the same reference again changes nothing. `BadMessage`."""
        order = self._order("transaction_id = ?", transaction) if transaction else None
        if order is None:
            raise BadMessage(UNKNOWN_TRANSACTION)
        if (order.amount, order.currency) != (amount, currency):
            raise BadMessage(OTHER_AMOUNT)
        self._db.execute(
            "INSERT INTO refunds VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
            (reference, transaction, now.isoformat()),
        )
        kept = self._db.execute(
            "SELECT 1 FROM refunds WHERE refund = ? AND transaction_id = ?", (reference, transaction)
        )
        if kept.fetchone() is None:
            raise BadMessage(REFUNDED_BEFORE)

    def by_reference(self, reference: str) -> Order | None:
        """The order under that reference, if any."""
        return self._order("reference = ?", reference)

    def by_id(self, order_id: str) -> Order | None:
        """The order of that page, if any."""
        return self._order("id = ?", order_id)

    def owed(self) -> list[tuple[int, Order]]:
        """The call-backs nobody has acknowledged, oldest first, with their numbers."""
        rows = self._db.execute(
            "SELECT callbacks.number, orders.* FROM callbacks JOIN orders USING (reference)"
            " WHERE acknowledged IS NULL ORDER BY number"
        )
        return [(row["number"], _order_of(row)) for row in rows]

    def attempted(self, number: int, *, acknowledged_at: datetime | None) -> None:
        """Count an attempt to deliver, and end it when the merchant has acknowledged."""
        at = acknowledged_at.isoformat() if acknowledged_at else None
        self._db.execute(
            "UPDATE callbacks SET attempts = attempts + 1, acknowledged = ? WHERE number = ?", (at, number)
        )

    def listing(self, now: datetime) -> list[dict[str, Any]]:
        """Every order with its state, its call-back and its refund, for whoever checks the books."""
        rows = self._db.execute(
            "SELECT * FROM orders LEFT JOIN callbacks USING (reference)"
            " LEFT JOIN refunds USING (transaction_id) ORDER BY orders.rowid"
        )
        return [
            asdict(_order_of(row))
            | {"state": _order_of(row).state_at(now)}
            | {"callback_attempts": row["attempts"] or 0, "callback_acknowledged": row["acknowledged"]}
            | {"refund": row["refund"], "refunded": row["refunded"]}
            for row in rows
        ]

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def _insert(self, order: Order) -> None:
        names = ", ".join(f":{name}" for name in Order.__dataclass_fields__)
        columns = names.replace(":", "")
        self._db.execute(f"INSERT INTO orders ({columns}) VALUES ({names})", asdict(order))

    def _order(self, condition: str, value: str) -> Order | None:
        row = self._db.execute(f"SELECT * FROM orders WHERE {condition}", (value,)).fetchone()
        return None if row is None else _order_of(row)


def _order_of(row: sqlite3.Row) -> Order:
    return Order(**{name: row[name] for name in Order.__dataclass_fields__})
