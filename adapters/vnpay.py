"""Owns VNPAY's protocol 2.1.0 on our side: the payment address, IPN and the return, querydr and refund.

The payment address is made here and signed; VNPAY hears of the order when the payer opens it. What the network or
VNPAY's trouble does is `Unavailable` (try later); what VNPAY will never grant is `Refused`. An answer that is not
signed rightly tells us nothing. A transaction that VNPAY suspects, or that is being reversed, is neither paid nor
failed. docs/payments.md has the tables.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import uuid4

import httpx

from activities.ports import Refused, Unavailable
from adapters.payment_signature import BadSignature
from adapters.vnpay_codes import (
    REFUND_DONE,
    REFUND_REFUSED,
    REFUNDS,
    ipn_answer,
    report,
    require_granted,
    told_by_ipn,
    told_by_query,
)
from adapters.vnpay_signature import FILE_SIGNATURE, VnpaySignature, hundredths, plain, stamp
from domain.errors import Invalid
from domain.instants import VIETNAM
from domain.payments import Provider
from domain.provider_statement import StatementLine, read_csv
from schema.payments import OpenedOrder, PaymentOrder, PaymentQuery, PaymentReport
from schema.refunds import RefundOrder

__all__ = ["BadSignature", "Merchant", "Vnpay", "ipn_answer"]

VERSION = "2.1.0"
STATEMENT_SECONDS = 60.0
NOWHERE = "127.0.0.1"
"""The payer's address, which we do not know and do not pass on."""
MOST = 10**10 - 1
"""Đồng in one order: vnp_Amount has twelve figures."""


@dataclass(frozen=True)
class Merchant:
    """Who we are to VNPAY, and where everything is."""

    tmn_code: str
    secret: bytes = field(repr=False)
    pay_url: str
    api_url: str
    return_url: str
    statement_url: str | None = None
    create_by: str = "motcua"
    """Who asks for refunds."""


def _now() -> datetime:
    return datetime.now(VIETNAM)


class Vnpay:
    """`activities.ports.PaymentPlatform` over VNPAY."""

    def __init__(self, http: httpx.AsyncClient, merchant: Merchant, clock: Callable[[], datetime] = _now) -> None:
        self._http, self._merchant, self._clock = http, merchant, clock
        self._signature = VnpaySignature(merchant.secret)

    async def open(self, order: PaymentOrder) -> OpenedOrder:
        """Make the payment address; the same order has the same one. `Refused`."""
        if order.amount > MOST:
            raise Refused(f"VNPAY takes no order of more than {MOST} VND")
        parameters = {
            "vnp_Version": VERSION,
            "vnp_Command": "pay",
            "vnp_TmnCode": self._merchant.tmn_code,
            "vnp_Amount": hundredths(order.amount),
            "vnp_CurrCode": order.currency,
            "vnp_TxnRef": order.reference,
            "vnp_OrderInfo": plain(f"Nop phi {order.description}"),
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
        """What became of the order; one that nobody opened is `unknown`. `Unavailable`, `Refused`.

        Also `Unavailable` while nothing is decided: whoever asks takes an order that is `unknown` after its time for
        expired, and this one's payer may have been debited.
        """
        answer = await self._query(asked.reference, asked.ordered_at)
        if answer["vnp_ResponseCode"] == "91":
            return PaymentReport(reference=asked.reference, provider="vnpay", outcome="unknown")
        require_granted(answer)
        return told_by_query(answer)

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
        if told is None or (told in REFUND_REFUSED and order.refusals):  # refused by the bank, and let go once more
            await self._ask_refund(order)
            told = await self._refund_told(order)
        if told in REFUND_REFUSED:
            raise Refused("VNPAY refused the refund")
        if told != REFUND_DONE:
            raise Unavailable("the refund is in progress at VNPAY")

    def read_ipn(self, parameters: Mapping[str, str]) -> PaymentReport:
        """The report in an IPN; `unknown` where nothing is decided. `BadSignature`, or `Invalid` for none of ours."""
        self._signature.check_parameters(parameters)
        if parameters.get("vnp_TmnCode") != self._merchant.tmn_code:
            raise Invalid("the IPN is for another merchant", field="vnp_TmnCode", remedy="send it there")
        return report(parameters, told_by_ipn(parameters))

    def read_return(self, parameters: Mapping[str, str]) -> PaymentReport:
        """What the payer's browser brings back, to be shown and never kept: IPN books. Errors as of `read_ipn`."""
        return self.read_ipn(parameters)

    async def _refund_told(self, order: RefundOrder) -> str | None:
        """Where the refund of this debit stands at VNPAY: its status, None when there is none yet."""
        answer = await self._query(order.paid_reference, order.ordered_at)
        require_granted(answer)
        if answer["vnp_TransactionType"] not in REFUNDS:
            return None
        if answer["vnp_Amount"] != hundredths(order.amount):  # somebody else's, and not the whole
            raise Refused("VNPAY tells of a refund of another amount")
        return answer["vnp_TransactionStatus"]

    async def _ask_refund(self, order: RefundOrder) -> None:
        values = {
            "vnp_TransactionType": "02",
            "vnp_Amount": hundredths(order.amount),
            "vnp_TransactionNo": order.transaction,
            "vnp_TransactionDate": stamp(_ordered(order.ordered_at)),
            "vnp_CreateBy": self._merchant.create_by,
        }
        answer = await self._ask("refund", order.paid_reference, values)
        if answer["vnp_ResponseCode"] != "94":  # asked before: querydr tells what came of it
            require_granted(answer)

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
        if answer["vnp_ResponseCode"] == "00" and (answer["vnp_TmnCode"], answer["vnp_TxnRef"]) != (
            self._merchant.tmn_code,
            reference,
        ):
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


def _ordered(instant: datetime | None) -> datetime:
    if instant is None:
        raise Refused("VNPAY finds an order only by the instant at which it was made")
    return instant
