"""Owns CONFIRM, the call-back of the National Payment Platform's pattern: taken when the merchant says 2xx."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import httpx

from deploy.partners.payment_ledger import Callback, Order
from deploy.partners.payment_messages import OK, PAYMENT_FAILED, VERSION, Signer, stamp

BANK = "DEMOBANK"


class Confirm:
    """Tells one merchant at one address."""

    def __init__(self, signer: Signer, url: str, partner: str, clock: Callable[[], datetime]) -> None:
        self._signer, self._url, self._partner, self._clock = signer, url, partner, clock

    async def tell(
        self, http: httpx.AsyncClient, order: Order, callback: Callback, *, spoilt: bool
    ) -> tuple[bool, str]:
        """Send it once."""
        message = self._message(order, callback)
        if spoilt:
            message["hash"] = message["hash"][::-1]
        answer = await http.post(self._url, json=message)
        return answer.is_success, str(answer.status_code)

    def _message(self, order: Order, callback: Callback) -> dict[str, str]:
        paid = callback.says == "success"
        values = {
            "version": VERSION,
            "partner": self._partner,
            "reference": order.reference,
            "code": OK if paid else PAYMENT_FAILED,
            "transaction": order.transaction_id if paid else "",
            "bank": BANK,
            "amount": str(callback.amount),
            "currency": order.currency,
            "paid": stamp(datetime.fromisoformat(order.paid)) if paid else "",
            "time": stamp(self._clock()),
        }
        return self._signer.signed("CONFIRM", values)
