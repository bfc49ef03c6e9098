"""What the daily reconciliation is asked, and what it answers: which days of which provider, and what came of each."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import AwareDatetime

from schema.messages import Message

StatementProvider = Literal["platform", "vnpay", "counter"]
"""Whose money is gone through; the counter has no statement but our own books."""


class ReconcilePlanAsk(Message):
    """Which days are to be gone through, as of that instant?"""

    as_of: AwareDatetime


class ReconcileAsk(Message):
    """Go through one day of one provider."""

    provider: StatementProvider
    day: date
    as_of: AwareDatetime


class ReconcilePlan(Message):
    """The days that are due, each to be gone through by itself."""

    days: tuple[ReconcileAsk, ...] = ()


class Reconciled(Message):
    """What came of one day."""

    provider: StatementProvider
    day: date
    found: int = 0
    """On which both sides do not agree now, without those that a person has closed."""
    opened: int = 0
    """Of these, found for the first time."""
    repaired: int = 0
    """Told to their dossiers this time."""
    closed: int = 0
    """Gone since they were found."""


class ReconcileRound(Message):
    """What came of a round; a day that failed is due again in the next."""

    as_of: AwareDatetime
    done: tuple[Reconciled, ...] = ()
    failed: tuple[ReconcileAsk, ...] = ()
