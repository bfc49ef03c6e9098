"""Owns what the payment platform answers to its messages; the HTTP routes only carry them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from deploy.partners.payment_ledger import Ledger, Order
from deploy.partners.payment_messages import (
    MALFORMED,
    OK,
    UNKNOWN_ORDER,
    VERSION,
    BadMessage,
    Signer,
    instant_of,
    stamp,
)


@dataclass
class Platform:
    """One merchant's orders. Each method takes a message as it came and gives a signed answer."""

    ledger: Ledger
    signer: Signer
    partner: str
    public_url: str
    clock: Callable[[], datetime]

    def init(self, message: object) -> dict[str, str]:
        """Open the order, or find it again: the same reference is the same order."""
        asked = self._asked("INIT", message)
        if asked["type"] != "PAY" or asked["currency"] != "VND":
            raise BadMessage(MALFORMED)
        order = self.ledger.open(
            asked["reference"],
            _whole(asked["amount"]),
            asked["currency"],
            asked["note"],
            expires=instant_of(asked["expires"]),
            now=self.clock(),
        )
        page = f"{self.public_url}/pay/{order.id}"
        return self._answer("INIT_ANSWER", OK, {"reference": order.reference, "order": order.id, "url": page})

    def query(self, message: object) -> dict[str, str]:
        """What became of the order under a reference."""
        order = self.ledger.by_reference(self._asked("QUERY", message)["reference"])
        if order is None:
            raise BadMessage(UNKNOWN_ORDER)
        return self._answer("QUERY_ANSWER", OK, self._state(order))

    def refund(self, message: object) -> dict[str, str]:
        """Give a transaction back, whole: the same reference is the same refund."""
        asked = self._asked("REFUND", message)
        transaction, amount, currency = asked["transaction"], _whole(asked["amount"]), asked["currency"]
        self.ledger.refund(asked["reference"], transaction, amount, currency, self.clock())
        return self._answer("REFUND_ANSWER", OK, asked)

    def refusal(self, kind: str, code: str, message: object) -> dict[str, str]:
        """A signed no, under the reference that was asked about if there was one."""
        reference = message.get("reference") if isinstance(message, dict) else None
        return self._answer(kind, code, {"reference": reference if isinstance(reference, str) else ""})

    def _asked(self, kind: str, message: object) -> dict[str, str]:
        asked = self.signer.checked(kind, message)
        if asked["version"] != VERSION or asked["partner"] != self.partner or not asked["reference"]:
            raise BadMessage(MALFORMED)
        return asked

    def _state(self, order: Order) -> dict[str, str]:
        return {
            "reference": order.reference,
            "state": order.state_at(self.clock()),
            "transaction": order.transaction_id,
            "amount": str(order.amount),
            "currency": order.currency,
            "paid": stamp(datetime.fromisoformat(order.paid)) if order.paid else "",
        }

    def _answer(self, kind: str, code: str, values: dict[str, str]) -> dict[str, str]:
        head = {"version": VERSION, "partner": self.partner, "code": code, "time": stamp(self.clock())}
        return self.signer.signed(kind, values | head)


def _whole(amount: str) -> int:
    """Whole đồng, at least one; `BadMessage` otherwise."""
    if not amount.isascii() or not amount.isdecimal() or not 0 < len(amount) <= 15 or int(amount) == 0:
        raise BadMessage(MALFORMED)
    return int(amount)
