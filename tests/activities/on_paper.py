"""Dossiers on paper: what the law makes of each event, at instants that the test writes, with no engine.

A `Paper` records events in the register's twin one after another; who may do what is the judge's business, and
is asked for as the workflow would with `judged`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from activities.intake import submitted
from domain.catalogue import Catalogue
from domain.dossier import Act
from domain.duties import Role
from domain.milestones import Clock, ClockKind
from schema.case import Case
from schema.events import EventType
from schema.messages import Actor, Command, Event, RecordAsk
from schema.submissions import Submission
from tests.domain.state_office import moment
from tests.stories import COMMUNE, ECONOMY, HOUSEHOLD, LAW
from tests.twins import MemoryRegister
from workflows.judge import judge
from workflows.wording import struck

CLERK = Actor(system="one-stop", role=Role.CLERK, unit=COMMUNE)


@dataclass
class Paper:
    """One dossier in the register's twin."""

    law: Catalogue = LAW
    id: UUID = field(default_factory=uuid4)
    register: MemoryRegister = field(init=False)

    def __post_init__(self) -> None:
        self.register = MemoryRegister(self.law)

    @property
    def case(self) -> Case:
        return self.register.case(self.id)

    @property
    def story(self) -> list[Event]:
        return self.register.stories[self.id]

    def submit(self, at: str, **facts: Any) -> Paper:
        """Hand it in: a household business at a commune's counter unless told otherwise."""
        body = {"procedure": HOUSEHOLD, "unit": COMMUNE, "channel": "counter", "return_method": "counter"}
        papers = {"components": [], "applicant": {"name": "Nguyễn Thị Thử"}}
        submission = Submission.model_validate({**body, **papers, **facts})
        made = {"dossier": self.id, "command": uuid4(), "at": moment(at), "actor": CLERK, "digest": "d"}
        self.register.submit(submitted(self.law, submission, **made))
        return self

    async def happens(self, type_: EventType, at: str | datetime, **data: Any) -> Event:
        """Record an event at a written moment, with its facts."""
        instant = moment(at) if isinstance(at, str) else at
        event = Event(
            dossier=self.id,
            sequence=self.case.sequence + 1,
            type=type_,
            occurred_at=instant,
            actor=CLERK,
            command=uuid4(),
            data=data,
        )
        return await self.register.record(RecordAsk(event=event, law=self.case.law))

    async def in_review(self, accepted: str, forwarded: str, **facts: Any) -> Paper:
        """Filed and accepted in one act at the counter, and forwarded."""
        self.submit(accepted, **facts)
        await self.happens(EventType.ACCEPTED, accepted)
        await self.happens(EventType.FORWARDED, forwarded)
        return self

    async def strikes(self, until: str) -> list[tuple[str, str, datetime]]:
        """Let the clock strike up to a written moment; return what it struck: rung, clock, instant."""
        made = []
        while (event := struck(self.case, moment(until), moment(until))) is not None:
            kept = await self.register.record(RecordAsk(event=event, law=self.case.law))
            made.append((kept.data["rung"], kept.data["clock"], kept.occurred_at))
        return made

    def judged(self, name: str, role: str, unit: str | None, at: str, **data: Any) -> None:
        """Ask the judge about a command, as the workflow does; it refuses with a `DomainError`."""
        command = Command(
            id=uuid4(),
            dossier=self.id,
            name=Act(name),
            actor=Actor(system="one-stop", role=Role(role), unit=unit),
            occurred_at=moment(at),
            digest="d",
            data=data,
            sealed=uuid4(),
        )
        judge(self.case, command)

    async def apologises(self, late: str, signed: str, to: str) -> None:
        """The office says that it is late, and its head signs form 04."""
        await self.happens(EventType.ANSWERED_LATE, late, cause="workload")
        await self.happens(EventType.APOLOGY_SIGNED, signed, cause="workload", appointment=moment(to).isoformat())

    def clock(self, kind: ClockKind, step: str = "") -> Clock:
        found = self.case.clock(kind, step)
        assert found is not None
        return found

    def rungs(self, kind: ClockKind, step: str = "") -> dict[str, datetime]:
        """When each rung of a clock stands."""
        return {str(rung): at for rung, at in self.clock(kind, step).rungs}


LAND, LAND_OFFICE = "1.013831", "000.02.12.H48"
__all__ = ["COMMUNE", "ECONOMY", "LAND", "LAND_OFFICE", "Paper"]
