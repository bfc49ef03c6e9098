"""Owns the refunds in the partner's books: each asking is a row, in progress until it is due, then done or refused."""

from __future__ import annotations

import sqlite3
from dataclasses import asdict, dataclass
from datetime import datetime

from deploy.partners.payment_faults import OrderFaults
from deploy.partners.payment_ledger import Order
from deploy.partners.payment_store import Store


class RefundedBefore(Exception):
    """The money was given back before, or is on its way: under another reference, or more than is left."""


@dataclass(frozen=True)
class Refund:
    """A row of the books."""

    refund: str  # the merchant's reference
    transaction_id: str
    amount: int
    own_id: str
    asked: str
    due: float
    outcome: str  # done or refused, once it is due

    def state_at(self, now: datetime) -> str:
        """`progress` is not written: it is what a refund is before its time."""
        return "progress" if now.timestamp() < self.due else self.outcome

    def halfway(self) -> float:
        """When the bank has got it."""
        return (datetime.fromisoformat(self.asked).timestamp() + self.due) / 2


class Refunds:
    """The refunds in the store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def ask(self, reference: str, order: Order, amount: int, faults: OrderFaults, now: datetime) -> Refund:
        """Give money of the order back; under a reference that stands it is the same refund. `RefundedBefore`."""
        before = self.by_reference(reference)
        if before is not None and before.state_at(now) != "refused":
            if (before.transaction_id, before.amount) != (order.transaction_id, amount):
                raise RefundedBefore
            return before
        return self.start(reference, order, amount, faults, now)

    def start(self, reference: str, order: Order, amount: int, faults: OrderFaults, now: datetime) -> Refund:
        """A refund of its own, whatever its reference. `RefundedBefore`."""
        earlier = self.of(order)
        if amount > order.debited - sum(each.amount for each in earlier if each.state_at(now) != "refused"):
            raise RefundedBefore
        seconds = faults.refund_slow.seconds if faults.refund_slow else 0.0
        refused = faults.refund_refused
        refusals = sum(each.outcome == "refused" for each in earlier)
        no = refused is not None and (refused.final or refusals < refused.times)
        made = Refund(
            *(reference, order.transaction_id, amount, self._store.transaction_number()),
            *(now.isoformat(), now.timestamp() + seconds, "refused" if no else "done"),
        )
        self._store.run("refund_insert", **asdict(made))
        return made

    def by_reference(self, reference: str) -> Refund | None:
        """The latest asking under that reference, if any."""
        row = self._store.row("refund_last", refund=reference)
        return None if row is None else _refund_of(row)

    def of(self, order: Order) -> list[Refund]:
        """Every asking about the order's debit, oldest first."""
        if not order.transaction_id:
            return []
        return [_refund_of(row) for row in self._store.rows("refunds_of", transaction_id=order.transaction_id)]

    def all(self) -> list[Refund]:
        """Every asking, oldest first."""
        return [_refund_of(row) for row in self._store.rows("refunds_all")]


def _refund_of(row: sqlite3.Row) -> Refund:
    return Refund(**{name: row[name] for name in Refund.__dataclass_fields__})
