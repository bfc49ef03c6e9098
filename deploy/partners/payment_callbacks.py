"""Owns the delivery of call-backs: every settled order is told to the merchant until the merchant has taken it.

What is owed stands in the ledger; here is only when to try next. Each call-back has its own growing pause, so
that one which the merchant keeps refusing holds up no other. A restart tries everything at once again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Protocol

import httpx

from deploy.partners.payment_bell import Bell
from deploy.partners.payment_ledger import Callback, Ledger, Order

FIRST_PAUSE, LONGEST_PAUSE = 0.2, 30.0  # seconds
TIMEOUT = 10.0  # seconds the merchant has to answer
AT_A_TIME = 20  # call-backs on their way together


class Channel(Protocol):
    """How one protocol tells the merchant."""

    async def tell(
        self, http: httpx.AsyncClient, order: Order, callback: Callback, *, spoilt: bool
    ) -> tuple[bool, str]:
        """Whether the merchant has taken it, and what it answered; `spoilt` signs it wrongly."""


class Callbacks:
    """The loop that pays back the ledger's call-backs; `hold` stops it for a test, nothing is lost by it."""

    def __init__(self, ledger: Ledger, channels: Mapping[str, Channel], clock: Callable[[], datetime]) -> None:
        self._ledger, self._channels, self._clock = ledger, channels, clock
        self._pauses: dict[int, float] = {}
        self._not_before: dict[int, float] = {}
        self._under_way: set[int] = set()
        self._awaited: dict[str, asyncio.Event] = {}
        self._bell = Bell()
        self.hold = False

    def wake(self) -> None:
        """Something is owed, or may be sent again: look now."""
        self._bell.ring()

    async def attempt_at(self, reference: str, seconds: float) -> None:
        """Return when a call-back of that order has been tried from now on, at the latest after so long."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._awaited.setdefault(reference, asyncio.Event()).wait()
        self._awaited.pop(reference, None)

    async def run(self) -> None:
        """Deliver for ever."""
        limits, timeout = httpx.Limits(max_connections=AT_A_TIME), httpx.Timeout(TIMEOUT, pool=None)
        async with httpx.AsyncClient(timeout=timeout, limits=limits) as http, asyncio.TaskGroup() as tries:
            while True:
                waiting = self._waiting()
                for callback in waiting:
                    if self._at(callback) <= self._now():
                        self._under_way.add(callback.number)
                        tries.create_task(self._try(http, callback))
                times = [self._at(each) for each in waiting if each.number not in self._under_way]
                await self._bell.wait(min(times) - self._now() if times else None)

    def _waiting(self) -> list[Callback]:
        """What is owed and not being sent at this moment."""
        owed = [] if self.hold else self._ledger.owed()
        return [callback for callback in owed if callback.number not in self._under_way]

    async def _try(self, http: httpx.AsyncClient, callback: Callback) -> None:
        told, answer = await self._tell(http, callback)
        at = self._clock() if told else None
        self._ledger.attempted(callback.number, acknowledged_at=at, answer=answer)
        pause = self._pauses.get(callback.number, FIRST_PAUSE)
        self._not_before[callback.number] = self._now() + pause
        self._pauses[callback.number] = min(pause * 2, LONGEST_PAUSE)
        self._under_way.discard(callback.number)
        if callback.reference in self._awaited:
            self._awaited[callback.reference].set()
        self._bell.ring()

    async def _tell(self, http: httpx.AsyncClient, callback: Callback) -> tuple[bool, str]:
        order = self._ledger.by_reference(callback.reference)
        assert order is not None
        channel = self._channels.get(order.protocol)
        if channel is None:
            return False, "nobody to tell"
        try:
            return await channel.tell(http, order, callback, spoilt=callback.attempts < callback.spoilt)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return False, type(error).__name__

    def _at(self, callback: Callback) -> float:
        return max(callback.due, self._not_before.get(callback.number, 0.0))

    def _now(self) -> float:
        return self._clock().timestamp()
