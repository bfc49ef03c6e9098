"""Campaigns on the wire: what a campaign asks of a dossier, and how its workflow and its activities speak."""

from __future__ import annotations

from typing import Any, Literal
from uuid import UUID

from schema.messages import Message

Outcome = Literal["pending", "moved", "unchanged", "refused", "failed"]
"""What became of one dossier; `refused`: its law or calendar cannot make the dates, `failed`: it never answered."""


class RedateAsk(Message):
    """Ask a dossier to take its dates from a new publication. Codes only: reason and basis lie with the campaign."""

    campaign: UUID
    subject: Literal["calendar", "closure", "decision"]
    law: str
    """The publication whose calendars, or decisions, are taken."""
    seen: int = 0
    """How far the register was when this was planned; a run that knows less learns it first."""


class Redated(Message):
    """What came of it; the same for every repetition, as long as the story is the same."""

    outcome: Literal["moved", "unchanged"] = "unchanged"
    sequence: int = 0
    """The event that records the move; 0 when nothing moved."""
    changes: tuple[dict[str, Any], ...] = ()


class CampaignStart(Message):
    """The argument of a campaign's workflow, and what one run hands to the next."""

    campaign: UUID
    rate: float = 20.0
    """Dossiers a second, at most."""
    page: int = 200
    """Dossiers looked at in one go."""
    settle: float = 15.0
    """Seconds before the first look: by then no process still counts on the calendars before."""
    after: UUID | None = None
    scanned: int = 0


class PageAsk(Message):
    """Look at the next open dossiers, and note those that would move."""

    campaign: UUID
    after: UUID | None = None
    limit: int = 200


class Page(Message):
    """What one look came to; `after` is None behind the last dossier."""

    after: UUID | None = None
    scanned: int = 0


class CarryOutAsk(Message):
    """Move some of those that were noted."""

    campaign: UUID
    rate: float
    limit: int = 200


class CarriedOut(Message):
    """How many got an outcome, and how many still wait for one."""

    settled: int
    left: int


class ConcludeAsk(Message):
    """Every dossier has an outcome."""

    campaign: UUID
    scanned: int
