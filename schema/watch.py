"""What the watch says: what it found, under which kind, and how a round went. Nothing of it names a person."""

from __future__ import annotations

from enum import StrEnum
from uuid import UUID

from pydantic import AwareDatetime, Field

from schema.messages import JsonObject, Message


class WatchKind(StrEnum):
    """What can stand still unseen."""

    RUNG = "rung_missed"  # a rung of a running clock has passed, and is not recorded
    ACCEPTANCE = "acceptance_overdue"  # an online filing that the one-stop has not answered in time
    APOLOGY = "apology_undone"  # asked and not answered, late and not signed, signed and the date not moved
    STEP = "step_stuck"  # an open step past its due, on which nothing has happened for days
    INBOX = "inbox_waiting"  # accepted from outside, and not handed to the engine
    TROUBLE = "engine_trouble"  # the engine reports that the workflow's code fails
    NO_WORKFLOW = "no_workflow"  # open in the register, and nothing runs it
    BEHIND = "workflow_behind"  # the register holds an event that the workflow never heard of
    DRIFT = "row_differs"  # the projected row is not what the dossier's events add up to


class Look(StrEnum):
    """One look of a round; each fails by itself."""

    DOSSIERS = "dossiers"  # deadlines, tasks and steps: PostgreSQL alone
    INBOX = "inbox"  # PostgreSQL alone
    REGISTER = "register"  # rows against events, a part of the register a round: PostgreSQL alone
    ENGINE = "engine"  # register against engine


CASE_KINDS = frozenset({WatchKind.RUNG, WatchKind.ACCEPTANCE, WatchKind.APOLOGY, WatchKind.STEP})
"""What is judged from a dossier's fold."""


class Finding(Message):
    """Something that stands: raised once, standing while it is found again, closed when it is gone."""

    kind: WatchKind
    dossier: UUID | None = None
    about: str = ""
    """What it is about where that is no dossier: an inbox row, a workflow."""
    clock: str = ""
    step: str = ""
    rung: str = ""
    arming: int = 0
    at: AwareDatetime
    """The legal instant that was missed, or since when it stands."""
    unit: str = ""
    """The office that it concerns first: of a rung, of whoever is told."""
    procedure: str = ""
    data: JsonObject = Field(default_factory=dict)

    @property
    def key(self) -> str:
        """What tells it apart from everything else that can stand."""
        parts = (self.kind, self.dossier or "", self.about, self.clock, self.step, self.rung, self.arming)
        return "/".join(str(part) for part in parts)


class LookAsk(Message):
    """Have one look, as of an instant."""

    look: Look
    as_of: AwareDatetime


class Looked(Message):
    """What came of a look: how many findings it raised and closed."""

    look: Look
    raised: int = 0
    closed: int = 0


class WatchRound(Message):
    """What came of a round."""

    as_of: AwareDatetime
    looked: tuple[Looked, ...] = ()
    failed: tuple[Look, ...] = ()
