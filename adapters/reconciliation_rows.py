"""Reads for the daily reconciliation: all that our books have of every dossier that a day touches, at one instant."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from uuid import UUID

import asyncpg

from adapters.postgres import Connection, Pool, reading
from domain.books import Attempt, Books, Fee, Payment, Receipt, Refund
from domain.payments import AttemptState, Provider, RefundState
from domain.periods import Span, period_with
from domain.provider_statement import LineKind, StatementLine
from schema.sql import QUERIES


@dataclass(frozen=True)
class Loaded:
    """Our books, and the lines of other days that name the same things."""

    books: Books
    elsewhere: tuple[StatementLine, ...]


async def load(pool: Pool, provider: Provider, day: date, lines: Iterable[StatementLine]) -> Loaded:
    """Read everything as of one instant, so that no half of something is taken for a difference."""
    lines, period = tuple(lines), period_with(day, Span.DAY)
    named = ([line.transaction for line in lines], [line.reference for line in lines])
    async with reading(pool) as connection, connection.transaction(isolation="repeatable_read", readonly=True):
        rows = await connection.fetch(QUERIES["dossiers_of_day"], provider, period.begins, period.ends, *named)
        books = await _books(connection, [row["dossier"] for row in rows])
        transactions = [payment.transaction for payment in books.payments]
        references = [attempt.reference for attempt in books.attempts] + [refund.reference for refund in books.refunds]
        told = await connection.fetch(QUERIES["lines_elsewhere"], provider, day, transactions, references)
    return Loaded(books, without(map(line_of, told), lines))


def without(lines: Iterable[StatementLine], known: Iterable[StatementLine]) -> tuple[StatementLine, ...]:
    """Those that are not known yet, each once: two statements may tell of one movement around midnight."""
    seen = {(line.kind, line.transaction) for line in known}
    found = {(line.kind, line.transaction): line for line in lines}
    return tuple(line for key, line in found.items() if key not in seen)


async def _books(connection: Connection, dossiers: list[UUID]) -> Books:
    return Books(
        attempts=tuple(map(_attempt, await connection.fetch(QUERIES["attempts_of_all"], dossiers))),
        payments=tuple(map(_payment, await connection.fetch(QUERIES["payments_of_all"], dossiers))),
        refunds=tuple(map(_refund, await connection.fetch(QUERIES["refunds_of_all"], dossiers))),
        receipts=tuple(map(_receipt, await connection.fetch(QUERIES["receipts_of_all"], dossiers))),
        fees=tuple(map(_fee, await connection.fetch(QUERIES["fees_of_all"], dossiers))),
    )


def line_of(row: asyncpg.Record) -> StatementLine:
    """A line as it was kept."""
    names = (row["transaction"], row["reference"], LineKind(row["kind"]))
    return StatementLine(Provider(row["provider"]), *names, row["amount"], row["currency"], row["at"])


def _attempt(row: asyncpg.Record) -> Attempt:
    names = (row["reference"], Provider(row["provider"]), str(row["dossier"]))
    return Attempt(*names, row["amount"], AttemptState(row["state"]), row["expires_at"])


def _payment(row: asyncpg.Record) -> Payment:
    names = (Provider(row["provider"]), row["transaction"], row["attempt"] or "", str(row["dossier"]))
    return Payment(*names, row["amount"], row["use"] == "fee", row["paid_at"])


def _refund(row: asyncpg.Record) -> Refund:
    names = (row["reference"], Provider(row["provider"]), row["transaction"], row["paid_reference"] or "")
    return Refund(*names, str(row["dossier"]), row["amount"], RefundState(row["state"]), row["done_at"])


def _receipt(row: asyncpg.Record) -> Receipt:
    name = f"{row['series']}/{row['number']:07d}"
    names = (name, Provider(row["provider"]), row["transaction"], str(row["dossier"]))
    return Receipt(*names, row["amount"], row["issued_at"])


def _fee(row: asyncpg.Record) -> Fee:
    return Fee(str(row["id"]), row["total"] or 0, row["owes"])
