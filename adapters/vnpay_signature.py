"""Owns how VNPAY 2.1.0 messages are signed and read: HMAC-SHA512, upper or lower hex, with the shared secret.

What goes through the payer's browser (the payment address, the return, IPN) is signed over its parameters, sorted by
name, each as `name=value` in the encoding of web forms (a space is `+`), joined by `&`, without the hash itself and
without empty values. What goes from server to server (querydr, refund) is signed over values joined by `|`, in an order
of its own, empty ones included. Source: VNPAY's published integration rules, version 2.1.0.

The published samples encode with what their language brings along, and these differ in `~ ! * ' ( )` and in letters
beyond ASCII. So what we send has none of them (`plain`).
"""

from __future__ import annotations

import hashlib
import hmac
import unicodedata
from collections.abc import Mapping
from datetime import datetime
from urllib.parse import quote_plus, urlencode

from adapters.payment_signature import BadSignature
from domain.errors import Invalid
from domain.instants import VIETNAM, local

FILE_SIGNATURE = "X-Signature"
"""The header under which a statement's file is signed."""
HASH, HASH_TYPE = "vnp_SecureHash", "vnp_SecureHashType"

# In the order in which the values are signed, without the prefix `vnp_`.
FIELDS: Mapping[str, str] = {
    "querydr": "RequestId Version Command TmnCode TxnRef TransactionDate CreateDate IpAddr OrderInfo",
    "querydr_answer": "ResponseId Command ResponseCode Message TmnCode TxnRef Amount BankCode PayDate TransactionNo"
    " TransactionType TransactionStatus OrderInfo PromotionCode PromotionAmount",
    "refund": "RequestId Version Command TmnCode TransactionType TxnRef Amount TransactionNo TransactionDate CreateBy"
    " CreateDate IpAddr OrderInfo",
    "refund_answer": "ResponseId Command ResponseCode Message TmnCode TxnRef Amount BankCode PayDate TransactionNo"
    " TransactionType TransactionStatus OrderInfo",
}


class VnpaySignature:
    """Signs and checks with one secret."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def signed_query(self, parameters: Mapping[str, str]) -> str:
        """The parameters as a query string, with their hash at its end."""
        return f"{_sorted(parameters)}&{HASH}={self.of_parameters(parameters)}"

    def of_parameters(self, parameters: Mapping[str, str]) -> str:
        """The hash of what goes through a browser."""
        return self._of(_sorted(parameters))

    def check_parameters(self, parameters: Mapping[str, str]) -> None:
        """Pass, or refuse with `BadSignature`; compared in constant time."""
        self._check(self.of_parameters(parameters), parameters.get(HASH, ""))

    def check_file(self, content: bytes, given: str) -> None:
        """Pass a file as it was sent, or refuse it with `BadSignature`."""
        right = hmac.new(self._secret, content, hashlib.sha512).hexdigest()
        self._check(right, given, field=FILE_SIGNATURE, what="the statement's signature is missing or wrong")

    def signed_message(self, kind: str, values: Mapping[str, str]) -> dict[str, str]:
        """A message from server to server with its hash."""
        message = {f"vnp_{name}": values[f"vnp_{name}"] for name in FIELDS[kind].split()}
        return {**message, HASH: self._of("|".join(message.values()))}

    def checked_message(self, kind: str, message: object) -> dict[str, str]:
        """Its fields, absent ones empty, when they are rightly signed; `Invalid` or `BadSignature` otherwise."""
        if not isinstance(message, dict):
            raise Invalid("the answer is not an object", field="body", remedy="see docs/payments.md")
        names = [f"vnp_{name}" for name in FIELDS[kind].split()]
        values = {name: _text(name, message.get(name)) for name in names}
        self._check(self._of("|".join(values.values())), str(message.get(HASH) or ""))
        return values

    def _of(self, text: str) -> str:
        return hmac.new(self._secret, text.encode(errors="surrogatepass"), hashlib.sha512).hexdigest()

    def _check(self, right: str, given: str, *, field: str = HASH, what: str = "the signature is wrong") -> None:
        if not hmac.compare_digest(right.encode(), given.lower().encode(errors="surrogatepass")):
            raise BadSignature(what, field=field, remedy="sign with the shared secret")


def _sorted(parameters: Mapping[str, str]) -> str:
    """The signed part: what is not VNPAY's own (an address may have more) is neither signed nor read."""
    kept = {name: value for name, value in parameters.items() if name.startswith("vnp_") and value}
    return urlencode(sorted((n, v) for n, v in kept.items() if n not in (HASH, HASH_TYPE)), quote_via=quote_plus)


def _text(name: str, value: object) -> str:
    """A value as it was signed: null as empty, a number in figures; a `|` would move what stands behind it."""
    if value is None:
        return ""
    if type(value) not in (str, int) or "|" in str(value):
        raise Invalid(f"{name} is not a plain text", field=name, remedy="see docs/payments.md")
    return str(value)


def plain(text: str) -> str:
    """Vietnamese without its marks: letters, figures, dots and single spaces."""
    bare = unicodedata.normalize("NFD", text.replace("đ", "d").replace("Đ", "D"))
    letters = (letter for letter in bare if not unicodedata.combining(letter))
    return " ".join(
        "".join(each if each.isascii() and (each.isalnum() or each == ".") else " " for each in letters).split()
    )


def stamp(instant: datetime) -> str:
    """An instant as VNPAY writes it, on Việt Nam's clock."""
    return local(instant).strftime("%Y%m%d%H%M%S")


def instant_of(text: str) -> datetime:
    """Read an instant; `Invalid` for what is none."""
    try:
        return datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=VIETNAM)
    except ValueError:
        raise Invalid("vnp_PayDate is no instant", field="vnp_PayDate", remedy="write yyyyMMddHHmmss") from None


def hundredths(amount: int) -> str:
    """VNPAY counts in hundredths of a đồng, which do not exist."""
    return str(amount * 100)


def dong(text: str) -> int:
    """Whole đồng out of VNPAY's hundredths; `Invalid` for anything else."""
    if not (text.isascii() and text.isdecimal()) or len(text) > 15 or int(text) % 100 or int(text) == 0:
        raise Invalid("vnp_Amount is no amount of đồng", field="vnp_Amount", remedy="send đồng times one hundred")
    return int(text) // 100
