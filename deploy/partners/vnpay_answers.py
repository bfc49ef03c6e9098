"""Owns what VNPAY answers: at its payment page, and to querydr and refund; the HTTP routes only carry them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from deploy.partners.payment_answers import silence
from deploy.partners.payment_ledger import Ledger, Order, OrderExpired, OtherOrder
from deploy.partners.payment_messages import stamp
from deploy.partners.payment_mischief import Mischief
from deploy.partners.payment_refunds import Refund, RefundedBefore, Refunds
from deploy.partners.payment_store import Store
from deploy.partners.vnpay_messages import (
    AT_BANK,
    BAD_MERCHANT,
    BAD_SIGNATURE,
    DUPLICATE,
    FAILED,
    FIELDS,
    FULL_REFUND,
    HASH,
    INCOMPLETE,
    MALFORMED,
    NOT_FOUND,
    OK,
    OPTIONAL,
    OTHER,
    PAID,
    PARTIAL_REFUND,
    PAY_REQUIRED,
    PAYMENT,
    REFUND_REFUSED,
    REFUNDING,
    UNPAID,
    VERSION,
    BadRequest,
    Signer,
    dong_of,
    instant_of,
)
from deploy.partners.vnpay_results import BANK

PAGE_MINUTES = 15  # how long a page may be paid whose merchant named no vnp_ExpireDate
STATUSES = {"created": INCOMPLETE, "succeeded": PAID, "failed": FAILED, "expired": FAILED}
EXPIRED_PAGE = "15"


class Vnpay:
    """One website's orders."""

    def __init__(self, store: Store, signer: Signer, tmn_code: str, clock: Callable[[], datetime]) -> None:
        self._store, self._ledger, self._refunds = store, Ledger(store), Refunds(store)
        self._mischief, self._signer, self._tmn_code, self._clock = Mischief(store), signer, tmn_code, clock

    def page(self, params: Mapping[str, str]) -> Order:
        """The order of a payment address: opened, or found again. `BadRequest`."""
        for name, most in PAY_REQUIRED.items():
            if not 0 < len(params.get(name, "")) <= most:
                raise BadRequest(MALFORMED, f"{name} is missing or too long")
        if params["vnp_TmnCode"] != self._tmn_code:
            raise BadRequest(BAD_MERCHANT, "no such website")
        if not self._signer.is_signed(params):
            raise BadRequest(BAD_SIGNATURE, "wrong signature")
        if (params["vnp_Version"], params["vnp_Command"], params["vnp_CurrCode"]) != (VERSION, "pay", "VND"):
            raise BadRequest(MALFORMED, "vnp_Version, vnp_Command or vnp_CurrCode is not ours")
        return self._open(params)

    async def transaction(self, message: object) -> dict[str, str]:
        """The answer to querydr or refund, whatever the message."""
        asked = _texts(message)
        command = asked.get("vnp_Command", "")
        try:
            self._check(command, asked)
            told = await self._query(asked) if command == "querydr" else self._refund(asked)
        except BadRequest as no:
            told = {"vnp_ResponseCode": no.code, "vnp_Message": no.message}
        head = {"vnp_ResponseId": uuid4().hex, "vnp_Command": command, "vnp_TmnCode": self._tmn_code}
        head |= {"vnp_TxnRef": asked.get("vnp_TxnRef", "")}
        return self._signer.answer(command if command in FIELDS else "refund", head | told)

    def _open(self, params: Mapping[str, str]) -> Order:
        created = instant_of(params["vnp_CreateDate"], "vnp_CreateDate")
        until = params.get("vnp_ExpireDate", "")
        expires = instant_of(until, "vnp_ExpireDate") if until else created + timedelta(minutes=PAGE_MINUTES)
        wanted = Order(
            *(params["vnp_TxnRef"], uuid4().hex, "vnpay", dong_of(params["vnp_Amount"]), "VND"),
            *(params["vnp_OrderInfo"], self._clock().isoformat(), expires.isoformat()),
            *(params["vnp_CreateDate"], params["vnp_ReturnUrl"]),
        )
        try:
            return self._ledger.open(wanted, self._clock())
        except OrderExpired:
            raise BadRequest(EXPIRED_PAGE, "the time to pay is over") from None
        except OtherOrder:
            raise BadRequest(OTHER, "vnp_TxnRef stands for another order") from None

    def _check(self, command: str, asked: Mapping[str, str]) -> None:
        fields = FIELDS.get(command, ())
        if not fields or any(not asked.get(name) for name in fields if name not in OPTIONAL):
            raise BadRequest(MALFORMED, "a field is missing or empty")
        if asked["vnp_TmnCode"] != self._tmn_code:
            raise BadRequest(BAD_MERCHANT, "no such website")
        if not self._signer.is_signed_request(command, asked):
            raise BadRequest(BAD_SIGNATURE, "wrong signature")
        if asked["vnp_Version"] != VERSION or len(asked["vnp_RequestId"]) > 32 or len(asked["vnp_OrderInfo"]) > 255:
            raise BadRequest(MALFORMED, "vnp_Version, vnp_RequestId or vnp_OrderInfo is not in order")
        for name in ("vnp_TransactionDate", "vnp_CreateDate"):
            instant_of(asked[name], name)
        day = stamp(self._clock())[:8]
        if not self._store.run("request_note", day=day, id=asked["vnp_RequestId"]):
            raise BadRequest(DUPLICATE, "vnp_RequestId was used today")

    def _found(self, asked: Mapping[str, str]) -> Order:
        """By the merchant's reference and the vnp_CreateDate that the payment was asked with."""
        order = self._ledger.by_reference(asked["vnp_TxnRef"])
        if order is None or order.protocol != "vnpay" or order.created != asked["vnp_TransactionDate"]:
            raise BadRequest(NOT_FOUND, "no such transaction")
        return order

    async def _query(self, asked: Mapping[str, str]) -> dict[str, str]:
        order = self._found(asked)
        await silence(order, self._mischief, self._clock())
        return self._mischief.disturbed(order.reference, "query", lambda: self._state(asked))

    def _state(self, asked: Mapping[str, str]) -> dict[str, str]:
        """Of the transaction with that number; without a number of the latest, which is the refund if there is one."""
        order, number = self._found(asked), asked.get("vnp_TransactionNo", "")
        refunds = self._refunds.of(order)
        if number in ("", "0"):
            return self._refunded(order, refunds[-1]) if refunds else self._paid(order)
        named = [refund for refund in refunds if refund.own_id == number]
        if named:
            return self._refunded(order, named[0])
        if number != order.transaction_id:
            raise BadRequest(NOT_FOUND, "no such transaction")
        return self._paid(order)

    def _paid(self, order: Order) -> dict[str, str]:
        return _told(order, order.debited or order.amount, PAYMENT, STATUSES[order.state_at(self._clock())]) | {
            "vnp_PayDate": stamp(datetime.fromisoformat(order.paid)) if order.paid else "",
            "vnp_TransactionNo": order.transaction_id or "0",
        }

    def _refunded(self, order: Order, refund: Refund) -> dict[str, str]:
        now = self._clock()
        under_way = REFUNDING if now.timestamp() < refund.halfway() else AT_BANK
        status = {"progress": under_way, "done": PAID, "refused": REFUND_REFUSED}[refund.state_at(now)]
        kind = FULL_REFUND if refund.amount == order.debited else PARTIAL_REFUND
        return _told(order, refund.amount, kind, status) | {
            "vnp_PayDate": stamp(datetime.fromtimestamp(refund.due, UTC)),
            "vnp_TransactionNo": refund.own_id,
        }

    def _refund(self, asked: Mapping[str, str]) -> dict[str, str]:
        order, amount, kind = self._found(asked), dong_of(asked["vnp_Amount"]), asked["vnp_TransactionType"]
        if kind not in (FULL_REFUND, PARTIAL_REFUND):
            raise BadRequest(MALFORMED, "vnp_TransactionType is neither 02 nor 03")
        if not order.transaction_id:
            raise BadRequest(UNPAID, "the transaction did not succeed")
        if asked.get("vnp_TransactionNo", "") not in ("", "0", order.transaction_id):
            raise BadRequest(NOT_FOUND, "no such transaction")
        if amount > order.debited or (kind == FULL_REFUND) != (amount == order.debited):
            raise BadRequest(OTHER, "the amount is not what that type gives back")
        refund = self._mischief.disturbed(order.reference, "refund", lambda: self._start(asked, order, amount))
        return self._begun(order, refund)

    def _start(self, asked: Mapping[str, str], order: Order, amount: int) -> Refund:
        faults = self._mischief.of(order.reference)
        try:
            return self._refunds.start(asked["vnp_RequestId"], order, amount, faults, self._clock())
        except RefundedBefore:
            raise BadRequest(DUPLICATE, "a refund was asked for before") from None

    def _begun(self, order: Order, refund: Refund) -> dict[str, str]:
        """A refund is begun, never done, when it is answered; one that is refused at once is refused here."""
        if refund.state_at(self._clock()) == "refused":
            raise BadRequest(UNPAID, "VNPAY refuses the refund")
        return self._refunded(order, refund) | {"vnp_TransactionStatus": REFUNDING}


def _told(order: Order, amount: int, kind: str, status: str) -> dict[str, str]:
    return {
        "vnp_ResponseCode": OK,
        "vnp_Message": "Success",
        "vnp_Amount": str(amount * 100),
        "vnp_BankCode": BANK,
        "vnp_TransactionType": kind,
        "vnp_TransactionStatus": status,
        "vnp_OrderInfo": order.note,
    }


def _texts(message: object) -> dict[str, str]:
    """The fields of a JSON object that are texts, or numbers, which some write without quotes."""
    fields = message.items() if isinstance(message, dict) else ()
    known = {*FIELDS["querydr"], *FIELDS["refund"], HASH}
    return {name: str(value) for name, value in fields if name in known and type(value) in (str, int)}
