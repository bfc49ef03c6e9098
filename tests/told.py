"""Stories told without an engine, at chosen instants: the real judge, wording, law and fold, the register's twin."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from activities.intake import submitted
from adapters.catalogue_files import FOLDER, read_sound
from adapters.catalogue_versions import versioned
from adapters.door import Dossier
from adapters.explanation import Explanation, explain
from domain.catalogue import Catalogue
from domain.dossier import Act, Business
from domain.duties import Role
from schema.case import Case
from schema.messages import Actor, Command, Event, RecordAsk
from schema.submissions import Submission
from tests.domain.state_office import moment
from tests.twins import MemoryRegister
from workflows.wording import ORDER_LASTS, acted, following, struck, worded

COMMUNE, ECONOMY = "000.00.61.H48", "000.01.61.H48"
CENTRE, CONSTRUCTION, LAND = "000.00.01.H48", "000.00.19.H48", "000.00.12.H48"
HOUSEHOLD, HOUSE, PROMOTION = "1.001612", "1.013225", "2.000004"
ID = UUID("01a20615-3689-7be6-bf3f-0355e59c2b29")


def _with_named_calendars(law: Catalogue) -> Catalogue:
    """The law with calendars whose version is a word, so that what is printed stays when a holiday is added."""
    return replace(law, calendars=tuple(replace(each, version="ban-1") for each in law.calendars))


LAW = _with_named_calendars(versioned(read_sound(FOLDER)))


@dataclass
class Told:
    """One dossier, driven by hand: `at` is the instant of the next act, as '24/04/2026 08:15'."""

    law: Catalogue = field(default_factory=lambda: LAW)
    sealed: dict[UUID, dict[str, Any]] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    """Names behind pseudonyms, which are `role-of-unit`."""

    def __post_init__(self) -> None:
        self.register = MemoryRegister(self.law)

    @property
    def story(self) -> list[Event]:
        return self.register.stories[ID]

    @property
    def case(self) -> Case:
        return self.register.case(ID)

    def submit(self, at: str, procedure: str, unit: str = COMMUNE, channel: str = "counter", **facts: Any) -> None:
        """Hand it in; online it has every paper of its procedure."""
        instant = moment(at)
        listed = self.law.procedure(procedure, instant.date()).components
        papers = [{"component": each.code} for each in listed] if channel == "online" else []
        body = {
            "procedure": procedure,
            "unit": unit,
            "channel": channel,
            "return_method": "online" if channel == "online" else "counter",
            "components": papers,
            "applicant": {"name": "Nguyễn Thị Thử"},
            **facts,
        }
        role = Role.APPLICANT if channel == "online" else Role.CLERK
        actor = Actor(system="one-stop", role=role, unit=None if channel == "online" else unit)
        self.register.submit(
            submitted(
                self.law,
                Submission.model_validate(body),
                dossier=ID,
                command=uuid5(ID, "submission"),
                at=instant,
                actor=actor,
                digest="digest",
            )
        )

    async def do(
        self,
        at: str,
        name: str,
        role: str = "clerk",
        unit: str | None = None,
        found: str | None = None,
        texts: dict[str, Any] | None = None,
        **data: Any,
    ) -> None:
        """Do one act; what the clock strikes up to then is recorded before it, found at `found` or on time."""
        await self.wait_until(at, found)
        instant, case = moment(at), self.case
        sealed = uuid5(ID, f"sealed/{case.sequence}")
        self.sealed[sealed] = texts or {}
        unit = None if role == "applicant" else unit or case.unit
        command = Command(
            id=uuid5(ID, f"command/{case.sequence}"),
            dossier=ID,
            name=Act(name),
            actor=Actor(system="one-stop", role=Role(role), unit=unit, officer=f"{role}-of-{unit}" if unit else None),
            occurred_at=instant,
            digest="digest",
            data=data,
            sealed=sealed,
        )
        event = worded(case, command)
        await self._record(event, following(case, event, instant, ORDER_LASTS))
        await self._follow()

    async def wait_until(self, at: str, found: str | None = None) -> None:
        """Let the clock strike everything up to that instant."""
        until = moment(at)
        while (event := struck(self.case, until, self._found(until, found))) is not None:
            await self._record(event)

    def dossier(self) -> Dossier:
        """What the door would find."""
        names = {event.actor.officer for event in self.story if event.actor.officer}
        officers = {name: {"officer": name, "name": self.names.get(name)} for name in names}
        return Dossier(self.case, tuple(self.story), tuple(e.occurred_at for e in self.story), self.sealed, officers)

    def explained(self, as_of: str) -> Explanation:
        """Why its dates are what they are, as known at that instant."""
        return explain(self.dossier(), {self.law.version: self.law}, moment(as_of))

    def _found(self, until: datetime, found: str | None) -> datetime:
        """On time means at the rung's own instant, not when the next act happened to come."""
        ahead = self.case.ahead()
        return moment(found) if found else min([until, *(milestone.at for milestone in ahead)])

    async def _record(self, event: Event, then: tuple[Event, ...] = ()) -> None:
        await self.register.record(RecordAsk(event=event, law=self.case.law, then=then))

    async def _follow(self) -> None:
        """What the engine does by itself: accept what is paid, forward and return online."""
        while (event := self._following()) is not None:
            await self._record(event)

    def _following(self) -> Event | None:
        case = self.case
        if case.state.business is Business.COMPLETE and not case.owes:
            return acted(case, Act.ACCEPT, {}, None)
        if case.state.business is Business.ACCEPTED and case.channel == "online":
            return acted(case, Act.FORWARD, {}, None)
        return acted(case, Act.RETURN, {"method": "online"}, None) if case.returns_by_itself else None
