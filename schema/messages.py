"""The envelope of every message: frozen, unknown fields ignored, one argument in and one out.

Grow, never bend: add a field with a default and say what its absence means for dossiers under way;
never rename, retype or remove.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from domain.dossier import Act
from domain.duties import Role
from schema.events import EventType

Code = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
"""A code out of a published list (unit, procedure, step): never free text."""

JsonObject = dict[str, Any]
"""What JSON can hold: texts, whole numbers, yes or no, lists and objects of them."""


class Message(BaseModel):
    """What every value that crosses a process boundary has in common."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Actor(Message):
    """Who acts: the calling system, the role and unit, and a pseudonym; names stay in sealed columns."""

    system: Code
    role: Role
    unit: Code | None = None
    officer: str | None = None
    """Keyed digest of the officer's id at that system; None for an applicant or the engine."""


ENGINE = Actor(system="motcua", role=Role.ENGINE)


class Command(Message):
    """An order from outside to one dossier; its id is the idempotency key."""

    id: UUID
    dossier: UUID
    name: Act
    actor: Actor
    occurred_at: AwareDatetime
    """The one instant that counts: stamped at receipt, or given with the late-entry right."""
    digest: str
    """Keyed digest of the whole body, so that the same id with another body is noticed."""
    late: bool = False
    """True when the caller gave `occurred_at`; such an instant is refused, not raised, when out of order."""
    expected_version: int | None = None
    data: JsonObject = {}
    """The facts of the act, as its own model in `schema.commands` reads them; no free text."""
    sealed: UUID | None = None
    """Where the reason, legal basis and note are sealed; the engine never sees them."""
    seen: int = 0
    """How far the register was when this was sent; a run that knows less learns it first. 0: not looked up."""


class Event(Message):
    """One line of a dossier's story, as it stands in the register."""

    dossier: UUID
    sequence: int
    type: EventType
    occurred_at: AwareDatetime
    actor: Actor
    command: UUID
    """The id of the command, inbox row or engine's act that it records: unique within the dossier."""
    digest: str = ""
    data: JsonObject = {}
    sealed: UUID | None = None
    late: bool = False


class Recorded(Event):
    """What the register wrote, or found written."""

    followed_by: tuple[Event, ...] = ()
    """What was asked to follow and was written with it; without it, the run asks for each by itself."""


class RecordAsk(Message):
    """What the workflow asks the register to write under the next sequence number."""

    event: Event
    """As far as the workflow knows it; what only the register can make is added to its `data`."""
    law: str = ""
    """The publication that the dossier is pinned to; acceptance pins the newest instead."""
    then: tuple[Event, ...] = ()
    """What follows from the event by itself, to be written in the same transaction where that is possible."""


class LoadAsk(Message):
    """Ask for the fold of one dossier's events."""

    dossier: UUID


class Answer(Message):
    """What a command came to; equal for every repetition of the same id."""

    command: UUID
    digest: str
    """Of the command that was answered: another digest than the one sent means another body (409)."""
    dossier: UUID
    sequence: int
    type: EventType
    occurred_at: datetime
    status: int
    """The national code, 1 to 10."""


def answer(event: Event, status: int) -> Answer:
    """Answer the command that `event` records."""
    return Answer(
        command=event.command,
        digest=event.digest,
        dossier=event.dossier,
        sequence=event.sequence,
        type=event.type,
        occurred_at=event.occurred_at,
        status=status,
    )
