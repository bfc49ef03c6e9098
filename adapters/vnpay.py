"""Owns VNPAY's protocol 2.1.0 on our side: the payment address, IPN and the return, querydr and refund.

The payment address is made here and signed; VNPAY hears of the order when the payer opens it. What the network or
VNPAY's trouble does is `Unavailable` (try later); what VNPAY will never grant is `Refused`. An answer that is not
signed rightly tells us nothing. A transaction that VNPAY suspects, or that is being reversed, is `unknown`: neither
paid nor failed. docs/payments.md has the tables.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import uuid4

import httpx

from activities.ports import Refused, Unavailable
from adapters.payment_signature import BadSignature
from adapters.vnpay_signature import FILE_SIGNATURE, VnpaySignature, dong, hundredths, instant_of, stamp
from domain.errors import DomainError, Invalid, NotFound
from domain.instants import VIETNAM
from domain.payments import Provider
from domain.provider_statement import StatementLine, read_csv
from schema.payments import OpenedOrder, Outcome, PaymentOrder, PaymentQuery, PaymentReport
from schema.refunds import RefundOrder

__all__ = ["BadSignature", "Merchant", "Vnpay", "ipn_answer"]

VERSION = "2.1.0"
STATEMENT_SECONDS = 60.0
NOWHERE = "127.0.0.1"
"""The payer's address, which we do not know and do not pass on."""
STATUSES: Mapping[str, Outcome] = {"00": "succeeded", "01": "pending", "02": "failed"}
"""Of a payment; 04 (reversed), 05 to 09 (refunds, suspicion) are `unknown`."""
CONFIRMED, UNKNOWN_ORDER, REPEATED, OTHER_AMOUNT, BAD_HASH, UNEXPECTED = "00", "01", "02", "04", "97", "99"
MESSAGES = {
    CONFIRMED: "Confirm Success",
    UNKNOWN_ORDER: "Order not found",
    REPEATED: "Order already confirmed",
    OTHER_AMOUNT: "Invalid amount",
    BAD_HASH: "Invalid signature",
    UNEXPECTED: "Unknown error",
}


@dataclass(frozen=True)
class Merchant:
    """Who we are to VNPAY, and where everything is."""

    tmn_code: str
    secret: bytes
    pay_url: str
    api_url: str
    return_url: str
    statement_url: str | None = None


def _now() -> datetime:
    return datetime.now(VIETNAM)


class Vnpay:
    """`activities.ports.PaymentPlatform` over VNPAY."""

    def __init__(self, http: httpx.AsyncClient, merchant: Merchant, clock: Callable[[], datetime] = _now) -> None:
        self._http, self._merchant, self._clock = http, merchant, clock
        self._signature = VnpaySignature(merchant.secret)

    async def open(self, order: PaymentOrder) -> OpenedOrder:
        """Make the payment address; the same order has the same one."""
        parameters = {
            "vnp_Version": VERSION,
            "vnp_Command": "pay",
            "vnp_TmnCode": self._merchant.tmn_code,
            "vnp_Amount": hundredths(order.amount),
            "vnp_CurrCode": order.currency,
            "vnp_TxnRef": order.reference,
            "vnp_OrderInfo": f"Nop phi {order.description}",
            "vnp_OrderType": "other",
            "vnp_Locale": "vn",
            "vnp_ReturnUrl": self._merchant.return_url,
            "vnp_IpAddr": NOWHERE,
            "vnp_CreateDate": stamp(_ordered(order.ordered_at)),
            "vnp_ExpireDate": stamp(order.expires_at),
        }
        url = f"{self._merchant.pay_url}?{self._signature.signed_query(parameters)}"
        return OpenedOrder(reference=order.reference, platform_id=order.reference, url=url)

    async def query(self, asked: PaymentQuery) -> PaymentReport:
        """What became of the order; one that nobody opened is `unknown`. `Unavailable`, `Refused`."""
        answer = await self._query(asked.reference, asked.ordered_at)
        if answer["vnp_ResponseCode"] == "91":
            return PaymentReport(reference=asked.reference, provider="vnpay", outcome="unknown")
        _require_granted(answer)
        if answer["vnp_TransactionType"] not in ("01", ""):  # it tells of the refund: the debit was told before
            return PaymentReport(reference=asked.reference, provider="vnpay", outcome="unknown")
        return _trusted(answer, STATUSES.get(answer["vnp_TransactionStatus"], "unknown"))

    async def statement(self, day: date) -> tuple[StatementLine, ...]:
        """What went through on a day, as a signed file. `BadSignature`, `Invalid`, `Refused`, `Unavailable`."""
        if self._merchant.statement_url is None:
            raise Refused("VNPAY's statements come as files here: give one with --statement")
        try:
            answer = await self._http.get(
                self._merchant.statement_url, params={"day": f"{day:%Y%m%d}"}, timeout=STATEMENT_SECONDS
            )
        except httpx.HTTPError as error:
            raise Unavailable(f"VNPAY does not answer ({type(error).__name__})") from None
        if not answer.is_success:
            raise Unavailable(f"VNPAY is in trouble (HTTP {answer.status_code})")
        self._signature.check_file(answer.content, answer.headers.get(FILE_SIGNATURE, ""))
        return read_csv(Provider.VNPAY, day, answer.content)

    async def refund(self, order: RefundOrder) -> None:
        """Give one debit back, whole; done only once VNPAY says that it is. `Unavailable`, `Refused`."""
        told = await self._refund_told(order)
        if told is None or (told == "09" and order.refusals):  # refused by the bank, and let go once more
            await self._ask_refund(order)
            told = await self._refund_told(order)
        if told == "09":
            raise Refused("VNPAY refused the refund")
        if told != "00":
            raise Unavailable("the refund is in progress at VNPAY")

    def read_ipn(self, parameters: Mapping[str, str]) -> PaymentReport:
        """The report in an IPN. `BadSignature`, or `Invalid` when it is none of ours."""
        self._signature.check_parameters(parameters)
        if parameters.get("vnp_TmnCode") != self._merchant.tmn_code:
            raise Invalid("the IPN is for another merchant", field="vnp_TmnCode", remedy="send it there")
        is_paid = (parameters.get("vnp_ResponseCode"), parameters.get("vnp_TransactionStatus")) == ("00", "00")
        return _report(parameters, "succeeded" if is_paid else "failed")

    async def _refund_told(self, order: RefundOrder) -> str | None:
        """Where the refund of this debit stands at VNPAY: its status, None when there is none yet."""
        answer = await self._query(order.paid_reference, order.ordered_at)
        _require_granted(answer)
        return answer["vnp_TransactionStatus"] if answer["vnp_TransactionType"] in ("02", "03") else None

    async def _ask_refund(self, order: RefundOrder) -> None:
        values = {
            "vnp_TransactionType": "02",
            "vnp_Amount": hundredths(order.amount),
            "vnp_TransactionNo": order.transaction,
            "vnp_TransactionDate": stamp(_ordered(order.ordered_at)),
            "vnp_CreateBy": "motcua",
        }
        answer = await self._ask("refund", order.paid_reference, values)
        if answer["vnp_ResponseCode"] != "94":  # asked before: querydr tells what came of it
            _require_granted(answer)

    async def _query(self, reference: str, ordered_at: datetime | None) -> dict[str, str]:
        return await self._ask("querydr", reference, {"vnp_TransactionDate": stamp(_ordered(ordered_at))})

    async def _ask(self, kind: str, reference: str, values: Mapping[str, str]) -> dict[str, str]:
        head = {
            "vnp_RequestId": uuid4().hex,
            "vnp_Version": VERSION,
            "vnp_Command": kind,
            "vnp_TmnCode": self._merchant.tmn_code,
            "vnp_TxnRef": reference,
            "vnp_CreateDate": stamp(self._clock()),
            "vnp_IpAddr": NOWHERE,
            "vnp_OrderInfo": f"{kind} {reference}",
        }
        body = await self._post(self._signature.signed_message(kind, {**head, **values}))
        try:
            answer = self._signature.checked_message(f"{kind}_answer", json.loads(body))
        except BadSignature:
            raise Unavailable("VNPAY's answer is not signed with MOTCUA_VNPAY_SECRET") from None
        except (ValueError, RecursionError, Invalid):
            raise Unavailable("VNPAY's answer is not one of the protocol's") from None
        if answer["vnp_ResponseCode"] == "00" and answer["vnp_TxnRef"] != reference:
            raise Unavailable("VNPAY answered about another order")
        return answer

    async def _post(self, message: Mapping[str, str]) -> bytes:
        try:
            answer = await self._http.post(self._merchant.api_url, json=message)
        except httpx.HTTPError as error:
            raise Unavailable(f"VNPAY does not answer ({type(error).__name__})") from None
        if not answer.is_success:
            raise Unavailable(f"VNPAY is in trouble (HTTP {answer.status_code})")
        return answer.content


def ipn_answer(refusal: DomainError | None, *, is_new: bool = True) -> dict[str, str]:
    """What VNPAY is told of an IPN: RspCode and Message; 00 and 02 end it, after everything else it comes again."""
    if refusal is None:
        code = CONFIRMED if is_new else REPEATED
    elif isinstance(refusal, BadSignature):
        code = BAD_HASH
    elif isinstance(refusal, NotFound):
        code = UNKNOWN_ORDER
    else:
        code = OTHER_AMOUNT if refusal.field in ("amount", "vnp_Amount") else UNEXPECTED
    return {"RspCode": code, "Message": MESSAGES[code]}


def _require_granted(answer: Mapping[str, str]) -> None:
    code = answer["vnp_ResponseCode"]
    if code in ("97", "99", "94", "91"):  # our secret, VNPAY's trouble, too soon again, not there yet
        raise Unavailable(f"VNPAY answered {code}")
    if code != "00":
        raise Refused(f"VNPAY refused with code {code}")


def _trusted(answer: Mapping[str, str], outcome: Outcome) -> PaymentReport:
    try:
        return _report(answer, outcome)
    except Invalid as error:
        raise Unavailable(f"in VNPAY's answer, {error.message}") from None


def _report(message: Mapping[str, str], outcome: Outcome) -> PaymentReport:
    facts: dict[str, Any] = {"reference": message.get("vnp_TxnRef", ""), "provider": "vnpay", "outcome": outcome}
    if outcome == "succeeded":
        transaction = message.get("vnp_TransactionNo", "")
        if not transaction or transaction == "0":
            raise Invalid(
                "a debit without its number", field="vnp_TransactionNo", remedy="send the number of the debit"
            )
        paid = {"amount": dong(message.get("vnp_Amount", "")), "currency": "VND", "transaction": transaction}
        facts |= {**paid, "paid_at": instant_of(message["vnp_PayDate"]) if message.get("vnp_PayDate") else None}
    try:
        return PaymentReport.model_validate(facts)
    except ValueError:
        raise Invalid("vnp_TxnRef is no reference of ours", field="vnp_TxnRef", remedy="send the order's own") from None


def _ordered(instant: datetime | None) -> datetime:
    if instant is None:
        raise Refused("VNPAY finds an order only by the instant at which it was made")
    return instant
