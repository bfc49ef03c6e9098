"""Owns the statement of a day: what was debited and given back on it, by Việt Nam's clock."""

from __future__ import annotations

from dataclasses import astuple, dataclass
from datetime import UTC, date, datetime

from deploy.partners.payment_ledger import Ledger, Order, Protocol
from deploy.partners.payment_messages import HO_CHI_MINH, stamp
from deploy.partners.payment_refunds import Refund, Refunds


@dataclass(frozen=True)
class Row:
    """One movement of money."""

    transaction: str
    reference: str
    kind: str  # debit or refund
    amount: int
    currency: str
    instant: str

    def texts(self) -> list[str]:
        """Its values as they are written."""
        return [str(value) for value in astuple(self)]


def rows(ledger: Ledger, refunds: Refunds, protocol: Protocol, day: date, now: datetime) -> list[Row]:
    """The day's movements of one protocol, in the order in which they happened."""
    orders = ledger.debited(protocol)
    moved = [(datetime.fromisoformat(order.paid), _debit(order)) for order in orders]
    moved += [
        (datetime.fromtimestamp(refund.due, UTC), _refund(order, refund))
        for order in orders
        for refund in refunds.of(order)
        if refund.state_at(now) == "done"
    ]
    return [row for at, row in sorted(moved, key=lambda each: each[0]) if at.astimezone(HO_CHI_MINH).date() == day]


def _debit(order: Order) -> Row:
    at = stamp(datetime.fromisoformat(order.paid))
    return Row(order.transaction_id, order.reference, "debit", order.debited, order.currency, at)


def _refund(order: Order, refund: Refund) -> Row:
    """The platform's refund bears the merchant's reference of it, VNPAY's a number of its own under the order's."""
    at = stamp(datetime.fromtimestamp(refund.due, UTC))
    vnpay = order.protocol == "vnpay"
    names = (refund.own_id, order.reference) if vnpay else (refund.transaction_id, refund.refund)
    return Row(*names, "refund", refund.amount, order.currency, at)
