"""Owns what VNPAY's codes mean to us, and what an IPN is answered: the tables of docs/payments.md."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from activities.ports import Refused, Unavailable
from adapters.payment_signature import BadSignature
from adapters.vnpay_signature import dong, instant_of
from domain.errors import DomainError, Invalid, NotFound
from schema.payments import Outcome, PaymentReport

STATUSES: Mapping[str, Outcome] = {"00": "succeeded", "01": "pending", "02": "failed"}
"""Of a payment; with 04 (debited at the bank, not at VNPAY) to 09 nothing is decided."""
NOT_FAILED = frozenset({"", "00", "07"})
"""Response codes beside which no status makes a failure: under 07 the payer was debited."""
PAYMENT, REFUNDS = frozenset({"", "01"}), frozenset({"02", "03"})
"""Transaction types."""
REFUND_DONE, REFUND_REFUSED = "00", frozenset({"02", "09"})
"""Statuses of a refund; with 05, 06 and any other it is in progress."""
TRY_AGAIN: Mapping[str, str] = {
    "": "VNPAY's answer has no code",
    "91": "VNPAY does not know the transaction",
    "94": "VNPAY was asked the same too soon",
    "97": "VNPAY does not accept our signature: check MOTCUA_VNPAY_SECRET",
    "98": "VNPAY timed out",
    "99": "VNPAY is in trouble",
}
CONFIRMED, UNKNOWN_ORDER, REPEATED, OTHER_AMOUNT, BAD_HASH, UNEXPECTED = "00", "01", "02", "04", "97", "99"
MESSAGES = {
    CONFIRMED: "Confirm Success",
    UNKNOWN_ORDER: "Order not found",
    REPEATED: "Order already confirmed",
    OTHER_AMOUNT: "Invalid amount",
    BAD_HASH: "Invalid signature",
    UNEXPECTED: "Unknown error",
}
BY_FIELD = {"amount": OTHER_AMOUNT, "vnp_Amount": OTHER_AMOUNT, "vnp_TxnRef": UNKNOWN_ORDER}
"""Which situation a refusal is, by the field that it names."""


def told_by_ipn(parameters: Mapping[str, str]) -> Outcome:
    """Paid or failed only where response and status agree; VNPAY is asked about anything else."""
    response, status = parameters.get("vnp_ResponseCode", ""), parameters.get("vnp_TransactionStatus", "")
    if (response, status) == ("00", "00"):
        return "succeeded"
    return "failed" if status == "02" and response not in NOT_FAILED else "unknown"


def require_granted(answer: Mapping[str, str]) -> None:
    """Pass what VNPAY did; `Unavailable` for what it may do later, `Refused` for what it never will."""
    code = answer["vnp_ResponseCode"]
    if code in TRY_AGAIN:
        raise Unavailable(TRY_AGAIN[code])
    if code != "00":
        raise Refused(f"VNPAY refused with code {code}")


def told_by_query(answer: Mapping[str, str]) -> PaymentReport:
    """The report in an answer to querydr; `Unavailable` where nothing is decided, or nothing is sound."""
    kind, status = answer["vnp_TransactionType"], answer["vnp_TransactionStatus"]
    if kind not in PAYMENT or status not in STATUSES:
        raise Unavailable(f"VNPAY has not decided: transaction type {kind}, status {status}")
    try:
        return report(answer, STATUSES[status])
    except Invalid as error:
        raise Unavailable(f"in VNPAY's answer, {error.message}") from None


def report(message: Mapping[str, str], outcome: Outcome) -> PaymentReport:
    """What VNPAY says of one order; `Invalid` when that is not in order."""
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


def ipn_answer(error: Exception | None, *, is_new: bool = True) -> dict[str, str]:
    """What VNPAY is told of an IPN: RspCode and Message; 00 and 02 end it, after everything else it comes again."""
    code = _rsp_code(error, is_new)
    return {"RspCode": code, "Message": MESSAGES[code]}


def _rsp_code(error: Exception | None, is_new: bool) -> str:
    if error is None:
        return CONFIRMED if is_new else REPEATED
    if isinstance(error, BadSignature):
        return BAD_HASH
    if isinstance(error, NotFound):
        return UNKNOWN_ORDER
    return BY_FIELD.get(error.field, UNEXPECTED) if isinstance(error, DomainError) else UNEXPECTED
