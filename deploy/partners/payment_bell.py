"""Owns the waiting of the partner's loops: until rung, or until the next thing is due."""

from __future__ import annotations

import asyncio


class Bell:
    """A ring that comes while nobody waits is heard at the next waiting."""

    def __init__(self) -> None:
        self._rung = asyncio.Event()

    def ring(self) -> None:
        """Look now."""
        self._rung.set()

    async def wait(self, seconds: float | None) -> None:
        """Until rung, at most so long."""
        try:
            async with asyncio.timeout(None if seconds is None else max(0.0, seconds)):
                await self._rung.wait()
        except TimeoutError:
            pass
        self._rung.clear()
