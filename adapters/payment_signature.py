"""Owns how the payment platform's messages are signed and read: the merchant's side of docs/payments.md."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime

from domain.errors import DomainError, Invalid
from domain.instants import VIETNAM, local

# In the order in which the values are signed.
FIELDS: Mapping[str, str] = {
    "INIT": "version partner reference type amount currency note expires time",
    "INIT_ANSWER": "version partner reference code order url time",
    "QUERY": "version partner reference time",
    "QUERY_ANSWER": "version partner reference code state transaction amount currency paid time",
    "REFUND": "version partner reference transaction amount currency time",
    "REFUND_ANSWER": "version partner reference code transaction amount currency time",
    "GET_BILL": "version partner reference time",
    "GET_BILL_ANSWER": "version partner reference code number bill time",
    "STATEMENT": "version partner day time",
    "STATEMENT_ANSWER": "version partner code day rows time",
    "CONFIRM": "version partner reference code transaction bank amount currency paid time",
}
CODES: Mapping[str, str] = {
    "00": "success",
    "01": "the signature is wrong",
    "02": "the message is malformed",
    "03": "the reference stands for another amount",
    "04": "the order's time is over",
    "05": "there is no such order",
    "06": "there is no such transaction",
    "07": "the transaction was refunded under another reference",
    "08": "the refund is refused",
    "09": "the refund is in progress",
    "10": "there is no bill, since nothing was debited",
    "24": "the payer did not pay",
}


class BadSignature(DomainError):
    """The message was not signed with the secret that we share with the platform (HTTP 401)."""


class Signature:
    """HMAC-SHA256 over the kind and the joined values, with the shared secret."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def signed(self, kind: str, values: Mapping[str, str]) -> dict[str, str]:
        """The message with its `hash`."""
        message = {name: values[name] for name in FIELDS[kind].split()}
        return {**message, "hash": self._of(kind, message)}

    def checked(self, kind: str, message: object) -> dict[str, str]:
        """Its fields when they are all there and rightly signed; `Invalid` or `BadSignature` otherwise."""
        if not isinstance(message, dict):
            raise Invalid("the message is not an object", field="body", remedy="send one JSON object")
        for name in [*FIELDS[kind].split(), "hash"]:
            if not isinstance(message.get(name), str) or "|" in message[name]:
                raise Invalid(f"{name} is missing or not a plain text", field=name, remedy="see docs/payments.md")
        values = {name: message[name] for name in FIELDS[kind].split()}
        if not hmac.compare_digest(self._of(kind, values).encode(), _bytes(message["hash"])):
            raise BadSignature("the signature is wrong", field="hash", remedy="sign with the shared secret")
        return values

    def _of(self, kind: str, values: Mapping[str, str]) -> str:
        text = "|".join([kind, *(values[name] for name in FIELDS[kind].split())])
        return hmac.new(self._secret, _bytes(text), hashlib.sha256).hexdigest()


def _bytes(text: str) -> bytes:
    return text.encode(errors="surrogatepass")  # JSON can spell half a character; it is wrong, not a crash


def stamp(instant: datetime) -> str:
    """yyyyMMddHHmmss on Việt Nam's clock; fractions of a second are cut off."""
    return local(instant).strftime("%Y%m%d%H%M%S")


def instant_of(text: str) -> datetime:
    """The instant of such a stamp; `Invalid` when it is none."""
    try:
        return datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=VIETNAM)
    except ValueError:
        raise Invalid("a time is not yyyyMMddHHmmss", field="paid", remedy="see docs/payments.md") from None
