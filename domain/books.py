"""Owns the two sides of the daily match: our books, of every dossier that a day touches, and a provider's day."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime

from domain.payments import AttemptState, Provider, RefundState
from domain.periods import Period, Span, period_with
from domain.provider_statement import LineKind, StatementLine


@dataclass(frozen=True)
class Attempt:
    """An attempt to collect, as it stands."""

    reference: str
    provider: Provider
    dossier: str
    amount: int
    state: AttemptState
    expires_at: datetime | None = None


@dataclass(frozen=True)
class Payment:
    """A debit that we know; `reference` is that of its attempt, "" at the counter."""

    provider: Provider
    transaction: str
    reference: str
    dossier: str
    amount: int
    is_fee: bool
    paid_at: datetime

    @property
    def key(self) -> tuple[str, str]:
        """The identity of a debit."""
        return self.provider, self.transaction


@dataclass(frozen=True)
class Refund:
    """A refund that we know; `paid_reference` is that of the attempt whose debit goes back."""

    reference: str
    provider: Provider
    transaction: str
    paid_reference: str
    dossier: str
    amount: int
    state: RefundState
    done_at: datetime | None = None


@dataclass(frozen=True)
class Receipt:
    """A receipt in force."""

    name: str
    provider: Provider
    transaction: str
    dossier: str
    amount: int
    issued_at: datetime


@dataclass(frozen=True)
class Fee:
    """What a dossier was assessed, and whether it still asks for it."""

    dossier: str
    total: int
    owes: bool


@dataclass(frozen=True)
class Books:
    """Ours: everything of every dossier that the day touches."""

    attempts: tuple[Attempt, ...] = ()
    payments: tuple[Payment, ...] = ()
    refunds: tuple[Refund, ...] = ()
    receipts: tuple[Receipt, ...] = ()
    fees: tuple[Fee, ...] = ()


@dataclass(frozen=True)
class Day:
    """Theirs, of one day. `lines` is None for the counter, which has no statement but our own.

    `elsewhere` are lines of other days, as far as they are known; `unread` the days that could not be looked into.
    """

    provider: Provider
    on: date
    lines: tuple[StatementLine, ...] | None
    as_of: datetime
    elsewhere: tuple[StatementLine, ...] = ()
    unread: frozenset[date] = field(default=frozenset())

    @property
    def period(self) -> Period:
        """The day's instants."""
        return period_with(self.on, Span.DAY)

    def has(self, instant: datetime | None) -> bool:
        """Whether an instant lies in it."""
        return instant is not None and self.period.begins <= instant < self.period.ends

    def of(self, kind: LineKind) -> tuple[StatementLine, ...]:
        """Its lines of one kind."""
        return tuple(line for line in self.lines or () if line.kind is kind)
