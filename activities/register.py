"""The register as the workflow sees it: load a case, record an event."""

from __future__ import annotations

from temporalio import activity

from activities.ports import Register
from activities.refusals import named
from schema import wire
from schema.case import Case
from schema.messages import LoadAsk, RecordAsk, Recorded


class RegisterActivities:
    """Thin methods over the register; both may be repeated without harm."""

    def __init__(self, register: Register) -> None:
        self._register = register

    @activity.defn(name=wire.LOAD)
    async def load(self, ask: LoadAsk) -> Case:
        """Return the fold of the dossier's events."""
        with named():
            return await self._register.load(ask.dossier)

    @activity.defn(name=wire.RECORD)
    async def record(self, ask: RecordAsk) -> Recorded:
        """Write one event under its number, or return the one that already stands there."""
        with named():
            return await self._register.record(ask)
