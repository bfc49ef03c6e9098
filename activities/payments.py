"""What the engine asks of the payment platform: open an order, ask how one stands."""

from __future__ import annotations

from temporalio import activity

from activities.ports import PaymentPlatform
from activities.refusals import named
from schema import wire
from schema.payments import OpenedOrder, PaymentOrder, PaymentQuery, PaymentReport
from schema.refunds import RefundOrder


class PaymentActivities:
    """Thin methods over the platform; the order's reference makes each repeatable."""

    def __init__(self, platform: PaymentPlatform) -> None:
        self._platform = platform

    @activity.defn(name=wire.OPEN_ORDER)
    async def open(self, order: PaymentOrder) -> OpenedOrder:
        """Open the order at the platform, or find it opened by an earlier call."""
        with named():
            return await self._platform.open(order)

    @activity.defn(name=wire.QUERY_ORDER)
    async def query(self, reference: str) -> PaymentReport:
        """Ask how an order of the platform stands; `ask` is for every provider."""
        with named():
            return await self._platform.query(PaymentQuery(reference=reference))

    @activity.defn(name=wire.ASK_PROVIDER)
    async def ask(self, asked: PaymentQuery) -> PaymentReport:
        """Ask how an order of any provider stands."""
        with named():
            return await self._platform.query(asked)

    @activity.defn(name=wire.REFUND_ORDER)
    async def refund(self, order: RefundOrder) -> None:
        """Give a transaction back."""
        with named():
            await self._platform.refund(order)
