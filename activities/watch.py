"""The watch as its workflow sees it: have one look."""

from __future__ import annotations

from temporalio import activity

from activities.ports import Watch
from activities.refusals import named
from schema import wire
from schema.watch import LookAsk, Looked


class WatchActivities:
    """A thin method over the watch; it may be repeated without harm."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch

    @activity.defn(name=wire.HAVE_A_LOOK)
    async def look(self, ask: LookAsk) -> Looked:
        """Look for one sort of thing that stands still, and keep what was found."""
        with named():
            return await self._watch.look(ask)
