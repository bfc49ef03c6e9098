"""Attempts whose time is over, as the workflow that asks about them sees them."""

from __future__ import annotations

from temporalio import activity

from activities.ports import StaleAttempts
from activities.refusals import named
from schema import wire
from schema.payments import StaleAsk, StaleAsked


class StaleActivities:
    """A thin method over the port; what was told once changes nothing when it is told again."""

    def __init__(self, stale: StaleAttempts) -> None:
        self._stale = stale

    @activity.defn(name=wire.ASK_STALE)
    async def ask_all(self, ask: StaleAsk) -> StaleAsked:
        """Ask the providers about each, and hand what they say to the dossiers like a call-back."""
        with named():
            return await self._stale.ask_all(ask)
