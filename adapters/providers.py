"""Every provider of electronic payment behind one port: an order, a question, a refund goes to whoever it names.

VNPAY asks with everything for the instant at which the order was made; it stands with the attempt.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from activities.ports import PaymentPlatform, Refused
from adapters.postgres import Pool, reading
from schema.payments import OpenedOrder, PaymentOrder, PaymentQuery, PaymentReport
from schema.refunds import RefundOrder
from schema.sql import QUERIES


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
