"""Owns how VNPAY tells the result of a payment to the merchant: by IPN, and by the payer's browser."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

import httpx

from deploy.partners.payment_ledger import Callback, Order
from deploy.partners.payment_messages import stamp
from deploy.partners.vnpay_messages import CANCELLED, FAILED, HASH, INCOMPLETE, OK, OTHER, PAID, TIME_OVER, Signer

BANK = "NCB"
TAKEN = ("00", "02")  # the RspCodes after which VNPAY says no more; 01, 04, 97, 99 and silence bring it again


class Results:
    """Tells one website."""

    def __init__(self, signer: Signer, tmn_code: str, ipn_url: str, clock: Callable[[], datetime]) -> None:
        self._signer, self._tmn_code, self._ipn_url, self._clock = signer, tmn_code, ipn_url, clock

    async def tell(
        self, http: httpx.AsyncClient, order: Order, callback: Callback, *, spoilt: bool
    ) -> tuple[bool, str]:
        """Call the IPN address once."""
        codes = (OK, PAID) if callback.says == "success" else (CANCELLED, FAILED)
        query = self._query(order, callback.amount, *codes)
        if spoilt:
            query = f"{query.partition(f'{HASH}=')[0]}{HASH}={'0' * 128}"
        answer = await http.get(_with(self._ipn_url, query))
        code = _rsp_code(answer)
        return answer.is_success and code in TAKEN, code or str(answer.status_code)

    def return_url(self, order: Order) -> str:
        """Where the payer's browser goes, with what is known at this moment."""
        known = {"succeeded": (OK, PAID), "failed": (CANCELLED, FAILED), "expired": (TIME_OVER, FAILED)}
        codes = known.get(order.state_at(self._clock()), (OTHER, INCOMPLETE))
        return _with(order.return_url, self._query(order, order.debited or order.amount, *codes))

    def _query(self, order: Order, amount: int, response: str, status: str) -> str:
        paid = status == PAID
        params = {
            "vnp_TmnCode": self._tmn_code,
            "vnp_Amount": str(amount * 100),
            "vnp_BankCode": BANK,
            "vnp_BankTranNo": f"VNP{order.transaction_id}" if paid else "",
            "vnp_CardType": "ATM",
            "vnp_PayDate": stamp(datetime.fromisoformat(order.paid) if paid else self._clock()),
            "vnp_OrderInfo": order.note,
            "vnp_TransactionNo": order.transaction_id if paid else "0",
            "vnp_ResponseCode": response,
            "vnp_TransactionStatus": status,
            "vnp_TxnRef": order.reference,
        }
        return self._signer.query(params)


def _with(url: str, query: str) -> str:
    return f"{url}{'&' if '?' in url else '?'}{query}"


def _rsp_code(answer: httpx.Response) -> str:
    """The merchant's RspCode, empty when it gave none."""
    try:
        told: Any = json.loads(answer.content)
    except ValueError:
        return ""
    code = told.get("RspCode") if isinstance(told, dict) else None
    return code if isinstance(code, str) else ""
