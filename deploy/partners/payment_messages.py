"""Owns the payment platform's messages: which fields each has, in which order they are signed, and how.

The protocol is described in docs/payments.md. This is the platform's side, written apart from the merchant's.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from datetime import date, datetime, timedelta, timezone

VERSION = "1.0"
HO_CHI_MINH = timezone(timedelta(hours=7))  # no daylight saving since 1975

OK, BAD_SIGNATURE, MALFORMED, OTHER_AMOUNT, EXPIRED, UNKNOWN_ORDER = "00", "01", "02", "03", "04", "05"
UNKNOWN_TRANSACTION, REFUNDED_BEFORE, PAYMENT_FAILED = "06", "07", "24"
REFUND_REFUSED, REFUND_IN_PROGRESS, NO_BILL = "08", "09", "10"

# The order is part of the protocol: it is the order in which the values are joined for the signature.
FIELDS: Mapping[str, tuple[str, ...]] = {
    "INIT": ("version", "partner", "reference", "type", "amount", "currency", "note", "expires", "time"),
    "INIT_ANSWER": ("version", "partner", "reference", "code", "order", "url", "time"),
    "QUERY": ("version", "partner", "reference", "time"),
    "QUERY_ANSWER": (
        *("version", "partner", "reference", "code", "state"),
        *("transaction", "amount", "currency", "paid", "time"),
    ),
    "REFUND": ("version", "partner", "reference", "transaction", "amount", "currency", "time"),
    "REFUND_ANSWER": ("version", "partner", "reference", "code", "transaction", "amount", "currency", "time"),
    "GET_BILL": ("version", "partner", "reference", "time"),
    "GET_BILL_ANSWER": ("version", "partner", "reference", "code", "number", "bill", "time"),
    "STATEMENT": ("version", "partner", "day", "time"),
    "STATEMENT_ANSWER": ("version", "partner", "code", "day", "rows", "time"),
    "CONFIRM": (
        *("version", "partner", "reference", "code", "transaction"),
        *("bank", "amount", "currency", "paid", "time"),
    ),
}


class BadMessage(Exception):
    """The message cannot be taken; `code` is what the answer will carry."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Signer:
    """Signs and checks with the secret that this platform shares with one partner."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def signed(self, kind: str, values: Mapping[str, str]) -> dict[str, str]:
        """The message of that kind, its missing fields empty, with its `hash`."""
        message = {name: values.get(name, "") for name in FIELDS[kind]}
        return message | {"hash": self._hash(kind, message)}

    def checked(self, kind: str, message: object) -> dict[str, str]:
        """The message when its fields are all texts and its signature is right; else `BadMessage`."""
        names = FIELDS[kind]
        if not isinstance(message, dict) or not all(isinstance(message.get(n), str) for n in (*names, "hash")):
            raise BadMessage(MALFORMED)
        texts = {name: message[name] for name in names}
        if any("|" in text for text in texts.values()):
            raise BadMessage(MALFORMED)
        if not hmac.compare_digest(self._hash(kind, texts).encode(), message["hash"].encode()):
            raise BadMessage(BAD_SIGNATURE)
        return texts

    def _hash(self, kind: str, message: Mapping[str, str]) -> str:
        joined = "|".join([kind, *(message[name] for name in FIELDS[kind])])
        return hmac.new(self._secret, joined.encode(), hashlib.sha256).hexdigest()


def stamp(instant: datetime) -> str:
    """yyyyMMddHHmmss in Việt Nam."""
    return instant.astimezone(HO_CHI_MINH).strftime("%Y%m%d%H%M%S")


def day_of(text: str) -> date:
    """The day of a `yyyyMMdd`; `BadMessage` when it is none."""
    try:
        return datetime.strptime(text, "%Y%m%d").replace(tzinfo=HO_CHI_MINH).date()
    except ValueError:
        raise BadMessage(MALFORMED) from None


def instant_of(text: str) -> datetime:
    """The instant of such a stamp; `BadMessage` when it is none."""
    try:
        return datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=HO_CHI_MINH)
    except ValueError:
        raise BadMessage(MALFORMED) from None
