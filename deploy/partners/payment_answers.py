"""Owns what the payment platform answers to its messages; the HTTP routes only carry them."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable
from datetime import UTC, datetime
from uuid import uuid4

from deploy.partners.payment_bill import bill
from deploy.partners.payment_ledger import Ledger, Order, OrderExpired, OtherOrder
from deploy.partners.payment_messages import (
    EXPIRED,
    MALFORMED,
    NO_BILL,
    OK,
    OTHER_AMOUNT,
    REFUND_IN_PROGRESS,
    REFUND_REFUSED,
    REFUNDED_BEFORE,
    UNKNOWN_ORDER,
    UNKNOWN_TRANSACTION,
    VERSION,
    BadMessage,
    Signer,
    day_of,
    instant_of,
    stamp,
)
from deploy.partners.payment_mischief import Broken, Mischief
from deploy.partners.payment_refunds import Refund, RefundedBefore, Refunds
from deploy.partners.payment_statement import rows
from deploy.partners.payment_store import Store

REFUND_CODES = {"done": OK, "refused": REFUND_REFUSED, "progress": REFUND_IN_PROGRESS}
REFUND_STATES = {"done": "succeeded", "refused": "failed", "progress": "created"}


class Platform:
    """One merchant's orders. Each method takes a message as it came and gives a signed answer."""

    def __init__(
        self, store: Store, signer: Signer, partner: str, public_url: str, clock: Callable[[], datetime]
    ) -> None:
        self.ledger, self._refunds, self._mischief = Ledger(store), Refunds(store), Mischief(store)
        self._signer, self._partner, self._public_url, self.clock = signer, partner, public_url, clock

    async def init(self, message: object) -> dict[str, str]:
        """Open the order, or find it again: the same reference is the same order."""
        asked = self._asked("INIT", message)
        if asked["type"] != "PAY" or asked["currency"] != "VND":
            raise BadMessage(MALFORMED)
        wanted = self._order(asked)
        order = self._mischief.disturbed(wanted.reference, "init", lambda: self._open(wanted))
        page = f"{self._public_url}/pay/{order.id}"
        return self._answer("INIT_ANSWER", OK, {"reference": order.reference, "order": order.id, "url": page})

    async def query(self, message: object) -> dict[str, str]:
        """What became of the order, or the refund, under a reference."""
        reference = self._asked("QUERY", message)["reference"]
        order, refund = self.ledger.by_reference(reference), self._refunds.by_reference(reference)
        if order is not None:
            await silence(order, self._mischief, self.clock())
            return self._mischief.disturbed(reference, "query", lambda: self._told(reference))
        if refund is None:
            raise BadMessage(UNKNOWN_ORDER)
        return self._answer("QUERY_ANSWER", OK, self._refund_state(refund))

    async def refund(self, message: object) -> dict[str, str]:
        """Give a transaction back, whole: the same reference is the same refund."""
        asked = self._asked("REFUND", message)
        amount, order = _whole(asked["amount"]), self.ledger.by_transaction(asked["transaction"])
        if order is None or order.protocol != "platform":
            raise BadMessage(UNKNOWN_TRANSACTION)
        if (order.debited, order.currency) != (amount, asked["currency"]):
            raise BadMessage(OTHER_AMOUNT)
        made = self._mischief.disturbed(order.reference, "refund", lambda: self._give_back(asked["reference"], order))
        return self._answer("REFUND_ANSWER", REFUND_CODES[made.state_at(self.clock())], asked)

    async def bill(self, message: object) -> dict[str, str]:
        """The bill of a debit."""
        reference = self._asked("GET_BILL", message)["reference"]
        order = self.ledger.by_reference(reference)
        if order is None or order.protocol != "platform":
            raise BadMessage(UNKNOWN_ORDER)
        if not order.transaction_id:
            raise BadMessage(NO_BILL)
        number = self.ledger.bill_number(order)
        file = base64.b64encode(bill(number, order)).decode("ascii")
        return self._answer("GET_BILL_ANSWER", OK, {"reference": reference, "number": f"{number:07}", "bill": file})

    async def statement(self, message: object) -> dict[str, str]:
        """The movements of a day, a line each."""
        day = self._asked("STATEMENT", message)["day"]
        moved = rows(self.ledger, self._refunds, "platform", day_of(day), self.clock())
        lines = "\n".join(";".join(row.texts()) for row in moved)
        return self._answer("STATEMENT_ANSWER", OK, {"day": day, "rows": lines})

    def refusal(self, kind: str, code: str, message: object) -> dict[str, str]:
        """A signed no, under the reference that was asked about if there was one."""
        reference = message.get("reference") if isinstance(message, dict) else None
        return self._answer(kind, code, {"reference": reference if isinstance(reference, str) else ""})

    def _asked(self, kind: str, message: object) -> dict[str, str]:
        asked = self._signer.checked(kind, message)
        if asked["version"] != VERSION or asked["partner"] != self._partner:
            raise BadMessage(MALFORMED)
        reference = asked.get("reference", "none asked for")
        if not reference or ";" in reference or not reference.isprintable():  # it must fit into a statement's line
            raise BadMessage(MALFORMED)
        return asked

    def _order(self, asked: dict[str, str]) -> Order:
        return Order(
            *(asked["reference"], uuid4().hex, "platform", _whole(asked["amount"]), asked["currency"], asked["note"]),
            *(self.clock().isoformat(), instant_of(asked["expires"]).isoformat()),
        )

    def _open(self, order: Order) -> Order:
        try:
            return self.ledger.open(order, self.clock())
        except OrderExpired:
            raise BadMessage(EXPIRED) from None
        except OtherOrder:
            raise BadMessage(OTHER_AMOUNT) from None

    def _give_back(self, reference: str, order: Order) -> Refund:
        faults = self._mischief.of(order.reference)
        try:
            return self._refunds.ask(reference, order, order.debited, faults, self.clock())
        except RefundedBefore:
            raise BadMessage(REFUNDED_BEFORE) from None

    def _told(self, reference: str) -> dict[str, str]:
        order = self.ledger.by_reference(reference)
        assert order is not None
        return self._answer("QUERY_ANSWER", OK, self._state(order))

    def _state(self, order: Order) -> dict[str, str]:
        return {
            "reference": order.reference,
            "state": order.state_at(self.clock()),
            "transaction": order.transaction_id,
            "amount": str(order.debited or order.amount),
            "currency": order.currency,
            "paid": stamp(datetime.fromisoformat(order.paid)) if order.paid else "",
        }

    def _refund_state(self, refund: Refund) -> dict[str, str]:
        order, state = self.ledger.by_transaction(refund.transaction_id), refund.state_at(self.clock())
        assert order is not None
        return {
            "reference": refund.refund,
            "state": REFUND_STATES[state],
            "transaction": refund.transaction_id,
            "amount": str(refund.amount),
            "currency": order.currency,
            "paid": stamp(datetime.fromtimestamp(refund.due, UTC)) if state == "done" else "",
        }

    def _answer(self, kind: str, code: str, values: dict[str, str]) -> dict[str, str]:
        head = {"version": VERSION, "partner": self._partner, "code": code, "time": stamp(self.clock())}
        return self._signer.signed(kind, values | head)


async def silence(order: Order, mischief: Mischief, now: datetime) -> None:
    """While the debit has just timed out, nobody is told of it: `Broken`, or waited out."""
    fault = mischief.of(order.reference).timeout_after_debit
    if fault is None or not order.paid:
        return
    remaining = datetime.fromisoformat(order.paid).timestamp() + fault.seconds - now.timestamp()
    if remaining > 0 and not fault.slow:
        raise Broken(503)
    await asyncio.sleep(max(0.0, remaining))


def _whole(amount: str) -> int:
    """Whole đồng, at least one; `BadMessage` otherwise."""
    if not amount.isascii() or not amount.isdecimal() or not 0 < len(amount) <= 15 or int(amount) == 0:
        raise BadMessage(MALFORMED)
    return int(amount)
