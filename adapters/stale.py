"""Attempts to collect whose time is over: their providers are asked, and what they say takes the way of a call-back.

An order that its provider does not know after its time cannot be paid any more, because nobody can open it then: it
has expired. Any other outcome that nobody can say stays unknown, and is asked for again.
"""

from __future__ import annotations

from datetime import timedelta

import asyncpg
import structlog

from activities.ports import PaymentPlatform, Refused, Unavailable
from adapters.intake import Intake
from adapters.postgres import Pool, reading
from schema.payments import PaymentQuery, PaymentReport, StaleAsk, StaleAsked
from schema.sql import QUERIES

log = structlog.get_logger()

AT_ONCE = 500
"""Attempts of one sweep; the oldest first."""


class StaleSweep:
    """`activities.ports.StaleAttempts`; `after` is how long after its expiry an attempt is asked about."""

    def __init__(self, pool: Pool, providers: PaymentPlatform, intake: Intake, after: timedelta) -> None:
        self._pool = pool
        self._providers = providers
        self._intake = intake
        self._after = after

    async def ask_all(self, ask: StaleAsk) -> StaleAsked:
        """Ask about each in turn; one provider that is away keeps nobody from the others."""
        async with reading(self._pool) as connection:
            rows = await connection.fetch(QUERIES["stale_attempts"], ask.as_of - self._after, AT_ONCE)
        told = 0
        for row in rows:
            report = await self._end_of(row)
            if report is not None:
                await self._intake.report_payment(report, received_at=ask.as_of, asked=True)
                told += 1
        return StaleAsked(told=told, unknown=len(rows) - told)

    async def _end_of(self, row: asyncpg.Record) -> PaymentReport | None:
        """What became of it; None while nobody can say, or while it can still be paid."""
        asked = PaymentQuery(reference=row["reference"], provider=row["provider"], ordered_at=row["ordered_at"])
        try:
            report = await self._providers.query(asked)
        except (Unavailable, Refused) as error:
            log.warning("attempt_unknown", provider=row["provider"], error=type(error).__name__)
            return None
        if report.outcome == "unknown":
            return report.model_copy(update={"outcome": "expired", "provider": row["provider"]})
        return None if report.outcome == "pending" else report
