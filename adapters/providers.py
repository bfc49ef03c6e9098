"""Every provider of electronic payment behind one port: an order, a question, a refund goes to whoever it names.

VNPAY asks with everything for the instant at which the order was made; it stands with the attempt.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import httpx

from activities.ports import PaymentPlatform, Refused
from adapters.payments import HttpPaymentPlatform
from adapters.postgres import Pool, reading
from adapters.settings import Settings
from adapters.vnpay import Merchant, Vnpay
from schema.payments import OpenedOrder, PaymentOrder, PaymentQuery, PaymentReport
from schema.refunds import RefundOrder
from schema.sql import QUERIES

RETURN_PATH, IPN_PATH = "/v1/payments/vnpay/return", "/v1/payments/vnpay/ipn"


def platform_of(settings: Settings, http: httpx.AsyncClient) -> HttpPaymentPlatform:
    """The National Payment Platform, as the settings name it."""
    secret = settings.payments_secret.get_secret_value().encode()
    return HttpPaymentPlatform(http, settings.payments_url, secret, settings.payments_partner)


def vnpay_of(settings: Settings, http: httpx.AsyncClient) -> Vnpay | None:
    """VNPAY, where the settings name a merchant there; None elsewhere."""
    named = (settings.vnpay_tmn_code, settings.vnpay_secret, settings.vnpay_pay_url, settings.vnpay_api_url)
    tmn_code, secret, pay_url, api_url = named
    if tmn_code is None or secret is None or pay_url is None or api_url is None:
        return None
    back = f"{settings.gateway_url}{RETURN_PATH}"
    addresses = (pay_url, api_url, back, settings.vnpay_statement_url)
    return Vnpay(http, Merchant(tmn_code, secret.get_secret_value().encode(), *addresses))


def providers_of(settings: Settings, http: httpx.AsyncClient, pool: Pool) -> Providers:
    """All that the settings name."""
    vnpay = vnpay_of(settings, http)
    return Providers(pool, {"platform": platform_of(settings, http), **({"vnpay": vnpay} if vnpay else {})})


class Providers:
    """`activities.ports.PaymentPlatform` over all that this installation has."""

    def __init__(self, pool: Pool, by_name: Mapping[str, PaymentPlatform]) -> None:
        self._pool = pool
        self._by_name = by_name

    async def open(self, order: PaymentOrder) -> OpenedOrder:
        """Open the order at its provider."""
        return await self._of(order.provider).open(order)

    async def query(self, asked: PaymentQuery) -> PaymentReport:
        """Ask its provider how an order stands."""
        if asked.ordered_at is None:
            asked = asked.model_copy(update={"ordered_at": await self._ordered_at(asked.reference)})
        return await self._of(asked.provider).query(asked)

    async def refund(self, order: RefundOrder) -> None:
        """Give one debit back at the provider that made it."""
        if order.ordered_at is None:
            order = order.model_copy(update={"ordered_at": await self._ordered_at(order.paid_reference)})
        await self._of(order.provider).refund(order)

    def _of(self, name: str) -> PaymentPlatform:
        if name not in self._by_name:
            raise Refused(f"this installation has no provider '{name}': set MOTCUA_{name.upper()}_…")
        return self._by_name[name]

    async def _ordered_at(self, reference: str) -> datetime | None:
        async with reading(self._pool) as connection:
            row = await connection.fetchrow(QUERIES["find_attempt"], reference)
        return row["ordered_at"] if row else None
