"""Owns VNPAY's messages, version 2.1.0: fields, their order under the signature, codes, formats.

Two ways of signing, both HMAC-SHA512 in hex: what travels in a URL is signed as the sorted, encoded query itself,
what travels as JSON as its values in the published order, joined by `|`. This is VNPAY's side, written apart from
the merchant's.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from datetime import datetime
from urllib.parse import quote_plus

from deploy.partners.payment_messages import HO_CHI_MINH

VERSION = "2.1.0"
OK, BAD_MERCHANT, MALFORMED, NOT_FOUND, DUPLICATE, UNPAID, BAD_SIGNATURE, OTHER = (
    *("00", "02", "03", "91", "94", "95", "97", "99"),
)
CANCELLED, TIME_OVER = "24", "11"  # vnp_ResponseCode of a payment
PAID, INCOMPLETE, FAILED, REFUNDING, AT_BANK, REFUND_REFUSED = "00", "01", "02", "05", "06", "09"
PAYMENT, FULL_REFUND, PARTIAL_REFUND = "01", "02", "03"  # vnp_TransactionType

HASH, HASH_TYPE = "vnp_SecureHash", "vnp_SecureHashType"
UNSIGNED = frozenset({HASH, HASH_TYPE})

PAY_REQUIRED: Mapping[str, int] = {  # with the most letters that each may have
    "vnp_Version": 8,
    "vnp_Command": 16,
    "vnp_TmnCode": 8,
    "vnp_Amount": 14,
    "vnp_CreateDate": 14,
    "vnp_CurrCode": 3,
    "vnp_IpAddr": 45,
    "vnp_Locale": 5,
    "vnp_OrderInfo": 255,
    "vnp_OrderType": 100,
    "vnp_ReturnUrl": 255,
    "vnp_TxnRef": 100,
}

FIELDS: Mapping[str, tuple[str, ...]] = {
    "querydr": (
        *("vnp_RequestId", "vnp_Version", "vnp_Command", "vnp_TmnCode", "vnp_TxnRef"),
        *("vnp_TransactionDate", "vnp_CreateDate", "vnp_IpAddr", "vnp_OrderInfo"),
    ),
    "refund": (
        *("vnp_RequestId", "vnp_Version", "vnp_Command", "vnp_TmnCode", "vnp_TransactionType", "vnp_TxnRef"),
        *("vnp_Amount", "vnp_TransactionNo", "vnp_TransactionDate", "vnp_CreateBy", "vnp_CreateDate"),
        *("vnp_IpAddr", "vnp_OrderInfo"),
    ),
}
OPTIONAL = frozenset({"vnp_TransactionNo"})
_ANSWER = (
    *("vnp_ResponseId", "vnp_Command", "vnp_ResponseCode", "vnp_Message", "vnp_TmnCode", "vnp_TxnRef"),
    *("vnp_Amount", "vnp_BankCode", "vnp_PayDate", "vnp_TransactionNo", "vnp_TransactionType"),
    *("vnp_TransactionStatus", "vnp_OrderInfo"),
)
ANSWER_FIELDS: Mapping[str, tuple[str, ...]] = {
    "querydr": (*_ANSWER, "vnp_PromotionCode", "vnp_PromotionAmount"),
    "refund": _ANSWER,
}


class BadRequest(Exception):
    """It cannot be done; `code` is what the answer will carry."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


class Signer:
    """Signs and checks with the secret of one website."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def query(self, params: Mapping[str, str]) -> str:
        """The signed query: sorted, encoded, without empty values, the signature last."""
        return f"{_encoded(params)}&{HASH}={self._hmac(_encoded(params))}"

    def is_signed(self, params: Mapping[str, str]) -> bool:
        """Whether the query bears the right signature, in letters of either case."""
        return self._same(_encoded(params), params.get(HASH, ""))

    def answer(self, command: str, values: Mapping[str, str]) -> dict[str, str]:
        """The answer to that command; what does not apply is left out, and signed as empty."""
        joined = "|".join(values.get(name, "") for name in ANSWER_FIELDS[command])
        return {name: value for name, value in values.items() if value} | {HASH: self._hmac(joined)}

    def is_signed_request(self, command: str, values: Mapping[str, str]) -> bool:
        """Whether the request bears the right signature."""
        return self._same("|".join(values.get(name, "") for name in FIELDS[command]), values.get(HASH, ""))

    def body(self, text: str) -> str:
        """The signature of a whole text."""
        return self._hmac(text)

    def _same(self, text: str, signature: str) -> bool:
        return hmac.compare_digest(self._hmac(text).encode(), signature.lower().encode())

    def _hmac(self, text: str) -> str:
        return hmac.new(self._secret, text.encode("utf-8", "surrogatepass"), hashlib.sha512).hexdigest()


def _encoded(params: Mapping[str, str]) -> str:
    signed = sorted((name, value) for name, value in params.items() if name not in UNSIGNED and value)
    return "&".join(f"{quote_plus(name)}={quote_plus(value)}" for name, value in signed)


def once(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """A query's parameters, each at most once; `BadRequest` otherwise."""
    params: dict[str, str] = {}
    for name, value in pairs:
        if name in params:
            raise BadRequest(MALFORMED, f"{name} stands twice")
        params[name] = value
    return params


def instant_of(text: str, name: str) -> datetime:
    """The instant of a `yyyyMMddHHmmss`; `BadRequest` when it is none."""
    try:
        return datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=HO_CHI_MINH)
    except ValueError:
        raise BadRequest(MALFORMED, f"{name} is no time") from None


def dong_of(text: str) -> int:
    """Whole đồng of an amount that is a hundred times as large; `BadRequest` when it is none."""
    if not (text.isascii() and text.isdecimal() and 0 < len(text) <= 14) or int(text) % 100 or int(text) == 0:
        raise BadRequest(MALFORMED, "vnp_Amount is no amount in whole đồng")
    return int(text) // 100
