"""Owns the payment platform's protocol on our side: INIT, QUERY, REFUND, STATEMENT and the signed call-back.

The messages and their signature are in docs/payments.md. What the network or the platform's trouble does is
`Unavailable` (try later); what the platform will never grant is `Refused`. An answer that is not signed
rightly tells us nothing, so it counts as no answer.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import httpx
from pydantic import ValidationError

from activities.ports import Refused, Unavailable
from adapters.payment_signature import CODES, BadSignature, Signature, instant_of, stamp
from domain.errors import Invalid
from domain.instants import VIETNAM
from domain.payments import Provider
from domain.provider_statement import StatementLine, read_lines
from schema.payments import OpenedOrder, Outcome, PaymentOrder, PaymentQuery, PaymentReport
from schema.refunds import RefundOrder

__all__ = ["BadSignature", "HttpPaymentPlatform"]

STATES: Mapping[str, Outcome] = {
    "created": "pending",
    "succeeded": "succeeded",
    "failed": "failed",
    "expired": "expired",
}
PATHS = {"GET_BILL": "bill"}
"""Of the messages whose address is not their name."""
STATEMENT_SECONDS = 60.0
"""A whole day takes longer than a question about one order."""
_TRY_LATER = frozenset({408, 425, 429})


def _now() -> datetime:
    return datetime.now(VIETNAM)


@dataclass(frozen=True)
class Bill:
    """A receipt that the platform issued: its number, and the PDF."""

    number: str
    content: bytes


class HttpPaymentPlatform:
    """The payment platform, spoken to over HTTP; `partner` is what it calls us."""

    def __init__(
        self,
        http: httpx.AsyncClient,
        url: str,
        secret: bytes,
        partner: str,
        clock: Callable[[], datetime] = _now,
    ) -> None:
        self._http, self._url, self._partner, self._clock = http, url.rstrip("/"), partner, clock
        self._signature = Signature(secret)

    async def open(self, order: PaymentOrder) -> OpenedOrder:
        """Create the order, or find it again under its reference. `Refused`, `Unavailable`."""
        fields = {
            "reference": order.reference,
            "type": "PAY",
            "amount": str(order.amount),
            "currency": order.currency,
            "note": order.description,
            "expires": stamp(order.expires_at),
        }
        answer = await self._ask("INIT", fields)
        if answer["code"] != "00":
            raise _no(answer["code"])
        return OpenedOrder(reference=order.reference, platform_id=answer["order"], url=answer["url"])

    async def query(self, asked: PaymentQuery) -> PaymentReport:
        """What became of the order. One that the platform has never seen is `unknown`. `Unavailable`."""
        reference = asked.reference
        answer = await self._ask("QUERY", {"reference": reference})
        if answer["code"] == "05":
            return PaymentReport(reference=reference, outcome="unknown")
        if answer["code"] != "00":
            raise _no(answer["code"])
        try:
            return _report(answer, STATES.get(answer["state"], "unknown"))
        except Invalid as error:
            raise Unavailable(f"in the platform's answer, {error.message}") from None

    async def refund(self, order: RefundOrder) -> None:
        """Give one transaction back, whole; under the same reference only once. `Refused`, `Unavailable`."""
        fields = {
            "reference": order.reference,
            "transaction": order.transaction,
            "amount": str(order.amount),
            "currency": order.currency,
        }
        answer = await self._ask("REFUND", fields)
        if answer["code"] != "00":
            raise _no(answer["code"])

    async def bill(self, reference: str) -> Bill:
        """The platform's own receipt of a paid order, as it issued it. `Refused`, `Unavailable`."""
        answer = await self._ask("GET_BILL", {"reference": reference})
        if answer["code"] != "00":
            raise _no(answer["code"])
        try:
            return Bill(answer["number"], base64.b64decode(answer["bill"], validate=True))
        except binascii.Error:
            raise Unavailable("the platform's bill is not base64") from None

    async def statement(self, day: date) -> tuple[StatementLine, ...]:
        """What the platform moved on a day. `BadSignature`, `Invalid` for a malformed one, `Refused`, `Unavailable`."""
        answer = await self._asked("STATEMENT", {"day": f"{day:%Y%m%d}"})
        if answer["code"] != "00":
            raise _no(answer["code"])
        return read_lines(Provider.PLATFORM, day, answer["rows"].splitlines())

    def read_callback(self, body: bytes) -> PaymentReport:
        """The report in a call-back's body. `BadSignature` (401), or `Invalid` (422) when it is no CONFIRM.

        The amount is what the platform debited; comparing it with the order is for whoever knows the order.
        """
        confirm = self._signature.checked("CONFIRM", _json(body))
        if confirm["partner"] != self._partner:
            raise Invalid("the call-back is for another partner", field="partner", remedy="send it there")
        return _report(confirm, "succeeded" if confirm["code"] == "00" else "failed")

    async def _ask(self, kind: str, fields: Mapping[str, str]) -> dict[str, str]:
        try:
            return await self._asked(kind, fields)
        except BadSignature:
            raise Unavailable("the platform's answer is not signed with MOTCUA_PAYMENTS_SECRET") from None
        except Invalid:
            raise Unavailable("the platform's answer is not one of the protocol's") from None

    async def _asked(self, kind: str, fields: Mapping[str, str]) -> dict[str, str]:
        """The answer, or what is wrong with it, by name."""
        head = {"version": "1.0", "partner": self._partner, "time": stamp(self._clock())}
        body = await self._post(PATHS.get(kind, kind.lower()), self._signature.signed(kind, {**head, **fields}))
        answer = self._signature.checked(f"{kind}_ANSWER", _json(body))
        name = "day" if "day" in fields else "reference"
        if answer["code"] == "00" and answer[name] != fields[name]:
            raise Unavailable(f"the platform answered about another {'day' if name == 'day' else 'order'}")
        return answer

    async def _post(self, path: str, message: Mapping[str, str]) -> bytes:
        try:
            seconds = STATEMENT_SECONDS if path == "statement" else httpx.USE_CLIENT_DEFAULT
            answer = await self._http.post(f"{self._url}/{path}", json=message, timeout=seconds)
        except httpx.HTTPError as error:
            raise Unavailable(f"the payment platform does not answer ({type(error).__name__})") from None
        if answer.status_code >= 500 or answer.status_code in _TRY_LATER:
            raise Unavailable(f"the payment platform is in trouble (HTTP {answer.status_code})")
        if not answer.is_success:
            raise Refused(f"the payment platform refused (HTTP {answer.status_code})")
        return answer.content


def _no(code: str) -> Unavailable | Refused:
    if code == "01":  # mends itself once the secrets agree again: no verdict on the order
        return Unavailable("the platform does not accept our signature: check MOTCUA_PAYMENTS_SECRET")
    if code == "09":
        return Unavailable(CODES[code])
    return Refused(f"the payment platform refused: {CODES.get(code, 'for a reason it does not explain')}")


def _report(message: Mapping[str, str], outcome: Outcome) -> PaymentReport:
    found: dict[str, Any] = {name: message[name] or None for name in ("amount", "currency", "transaction")}
    found |= {"reference": message["reference"], "outcome": outcome}
    if outcome == "succeeded" and found["transaction"] is None:
        raise Invalid("a debit without its number", field="transaction", remedy="send the number of the debit")
    found["paid_at"] = instant_of(message["paid"]) if message["paid"] else None
    try:
        return PaymentReport.model_validate(found)
    except ValidationError as error:
        field = str(error.errors()[0]["loc"][0])
        raise Invalid(f"{field} is not as agreed", field=field, remedy="see docs/payments.md") from None


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):  # RecursionError: nested beyond reason
        raise Invalid("the body is not JSON", field="body", remedy="send one JSON object") from None
