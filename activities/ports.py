"""What the engine needs of the world, as protocols in our words, and the two bad things the world can say.

Both are flat on purpose: the engine matches the class name, not the ancestry.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol
from uuid import UUID

from domain.catalogue import Catalogue
from domain.payments import Provider
from domain.provider_statement import StatementLine
from schema.case import Case
from schema.messages import RecordAsk, Recorded
from schema.payments import OpenedOrder, PaymentOrder, PaymentQuery, PaymentReport, StaleAsk, StaleAsked
from schema.reconciliation import ReconcileAsk, Reconciled, ReconcilePlan, ReconcilePlanAsk
from schema.refunds import RefundOrder
from schema.watch import LookAsk, Looked


class Unavailable(Exception):
    """Try later: nothing is known to have happened, and the same call may be made again."""


class Refused(Exception):
    """No: the same call will never succeed."""


@dataclass(frozen=True)
class Claim:
    """One rung of one clock as it was set once: spoken of by whoever claims it first, and never again."""

    dossier: UUID
    clock: str
    step: str
    rung: str
    arming: int
    at: datetime


class Desk(Protocol):
    """What only the transaction of a `record` can give; all of it is undone with the transaction."""

    async def count(self, name: str, day: date) -> int:
        """Take the next number of a named counter of a day."""
        ...

    async def claim(self, claim: Claim) -> str | None:
        """Claim a rung for the dossier; return who has claimed it before, None when nobody has."""
        ...


class Register(Protocol):
    """Where every dossier's story is kept."""

    async def load(self, dossier: UUID) -> Case:
        """Fold the dossier's events; `Refused` when there is no such dossier."""
        ...

    async def record(self, ask: RecordAsk) -> Recorded:
        """Write one event in one transaction, unique by (dossier, sequence) and by (dossier, command).

        Return the event that is stored: the one asked for, or the one that was there before. `Refused` for a
        hole; a `DomainError` when the law cannot make what the event needs. What is asked to follow is written in
        the same transaction as far as it can be made, and comes back as `followed_by`.
        """
        ...


class LawBook(Protocol):
    """The published, immutable versions of the law."""

    async def latest(self) -> Catalogue:
        """Return the newest publication."""
        ...

    async def at(self, publication: str) -> Catalogue:
        """Return the publication with this digest, however old."""
        ...

    async def current(self, publication: str) -> Catalogue:
        """Return that publication on the calendars of the newest: rules are pinned, the days of offices are not."""
        ...


class PaymentPlatform(Protocol):
    """Whoever collects money for us by electronic means."""

    async def open(self, order: PaymentOrder) -> OpenedOrder:
        """Open an order; the same reference again returns the same order."""
        ...

    async def query(self, asked: PaymentQuery) -> PaymentReport:
        """Ask how an order stands."""
        ...

    async def refund(self, order: RefundOrder) -> None:
        """Give one transaction back, whole; the same reference again gives nothing twice."""
        ...


class StaleAttempts(Protocol):
    """Whoever knows the attempts whose time is over, and whom to ask."""

    async def ask_all(self, ask: StaleAsk) -> StaleAsked:
        """Ask about each; what is found out is handed on like a call-back."""
        ...


class Watch(Protocol):
    """Whoever looks for what stands still, and keeps what it finds in a stream of its own."""

    async def look(self, ask: LookAsk) -> Looked:
        """Look once, as of that instant; the same look again raises nothing twice."""
        ...


class Statements(Protocol):
    """Whoever can be asked what a provider moved on a day."""

    async def statement(self, provider: Provider, day: date) -> tuple[StatementLine, ...]:
        """Its statement of a day, whole: `Invalid` when it is unsigned or malformed, `Refused` where there is none."""
        ...


class Reconciliations(Protocol):
    """Whoever compares the providers' statements with our books."""

    async def plan(self, ask: ReconcilePlanAsk) -> ReconcilePlan:
        """Say which days are due."""
        ...

    async def run(self, ask: ReconcileAsk) -> Reconciled:
        """Go through one day of one provider; the same again finds nothing new and repairs nothing twice."""
        ...
