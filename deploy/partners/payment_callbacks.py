"""Owns the delivery of CONFIRM: every settled order is told to the merchant until the merchant says 2xx.

What is owed stands in the ledger; here is only when to try next. Each call-back has its own growing pause, so
that one which the merchant keeps refusing holds up no other. A restart tries everything at once again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime

import httpx

from deploy.partners.payment_ledger import Ledger, Order
from deploy.partners.payment_messages import OK, PAYMENT_FAILED, VERSION, Signer, stamp

FIRST_PAUSE, LONGEST_PAUSE = 0.2, 30.0  # seconds
TIMEOUT = 10.0  # seconds the merchant has to answer
AT_A_TIME = 20  # call-backs on their way together
BANK = "DEMOBANK"


class Callbacks:
    """The loop that pays back the ledger's call-backs; `hold` stops it for a test, nothing is lost by it."""

    def __init__(self, ledger: Ledger, signer: Signer, url: str, partner: str, clock: Callable[[], datetime]) -> None:
        self._ledger, self._signer, self._url, self._partner = ledger, signer, url, partner
        self._clock = clock
        self._pauses: dict[int, float] = {}
        self._not_before: dict[int, float] = {}
        self._under_way: set[int] = set()
        self._wake = asyncio.Event()
        self.hold = False

    def wake(self) -> None:
        """Something is owed, or may be sent again: look now."""
        self._wake.set()

    async def run(self) -> None:
        """Deliver for ever."""
        limits, timeout = httpx.Limits(max_connections=AT_A_TIME), httpx.Timeout(TIMEOUT, pool=None)
        async with httpx.AsyncClient(timeout=timeout, limits=limits) as http, asyncio.TaskGroup() as tries:
            while True:
                self._wake.clear()
                for number, order in self._waiting():
                    if self._not_before.get(number, 0.0) <= self._now():
                        self._under_way.add(number)
                        tries.create_task(self._try(http, number, order))
                await self._sleep()

    def _waiting(self) -> list[tuple[int, Order]]:
        """What is owed and not being sent at this moment."""
        owed = [] if self.hold else self._ledger.owed()
        return [(number, order) for number, order in owed if number not in self._under_way]

    async def _try(self, http: httpx.AsyncClient, number: int, order: Order) -> None:
        try:
            answer = await http.post(self._url, json=self._confirm(order))
            told = answer.is_success
        except (httpx.HTTPError, httpx.InvalidURL):
            told = False
        self._ledger.attempted(number, acknowledged_at=self._clock() if told else None)
        pause = self._pauses.get(number, FIRST_PAUSE)
        self._not_before[number] = self._now() + pause
        self._pauses[number] = min(pause * 2, LONGEST_PAUSE)
        self._under_way.discard(number)
        self._wake.set()

    def _confirm(self, order: Order) -> dict[str, str]:
        values = {
            "version": VERSION,
            "partner": self._partner,
            "reference": order.reference,
            "code": OK if order.state == "succeeded" else PAYMENT_FAILED,
            "transaction": order.transaction_id,
            "bank": BANK,
            "amount": str(order.amount),
            "currency": order.currency,
            "paid": stamp(datetime.fromisoformat(order.paid)) if order.paid else "",
            "time": stamp(self._clock()),
        }
        return self._signer.signed("CONFIRM", values)

    async def _sleep(self) -> None:
        """Until woken, or until the next call-back may be tried again."""
        times = [self._not_before.get(number, 0.0) for number, _ in self._waiting()]
        pause = max(0.0, min(times) - self._now()) if times else None
        try:
            async with asyncio.timeout(pause):
                await self._wake.wait()
        except TimeoutError:
            return

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()
