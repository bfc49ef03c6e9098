"""Rows of the money tables as tests put them there: payments with any lines, refunds, at any instant."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from adapters.postgres import Pool

Fee = tuple[str, str, int, int]
"""Code, kind, amount, percent kept."""


@dataclass
class Book:
    """A ledger that belongs to one dossier; whose it is does not matter to a statement."""

    pool: Pool
    dossier: UUID
    _number: int = field(default=0)

    async def paid(
        self,
        at: datetime,
        fees: Iterable[Fee] = (),
        *,
        surplus: int = 0,
        recorded_at: datetime | None = None,
        **facts: Any,
    ) -> str:
        """One debit, for these fees or a surplus; return its transaction."""
        self._number += 1
        fees = tuple(fees)
        row = {
            "provider": "counter",
            "transaction": f"T-{self._number}",
            "dossier": self.dossier,
            "attempt": None,
            "unit": "000.00.61.H48",
            "procedure": "1.001612",
            "channel": "counter",
            "means": "cash",
            "amount": surplus or sum(amount for _, _, amount, _ in fees),
            "paid_at": at,
            "recorded_at": recorded_at or at,
            "use": "surplus" if surplus else "fee",
            "cashier": None,
            "document": None,
            **facts,
        }
        await self._insert("payment", row)
        for position, (fee, kind, amount, kept) in enumerate(fees):
            line = {"fee": fee, "name": f"Khoản {fee}", "kind": kind, "amount": amount, "kept_percent": kept}
            key = {"provider": row["provider"], "transaction": row["transaction"], "position": position}
            await self._insert("payment_line", key | line)
        return str(row["transaction"])

    async def back(self, transaction: str, at: datetime | None, **facts: Any) -> None:
        """The debit goes back, whole; without an instant it is only asked for."""
        found = await self.pool.fetchrow("SELECT * FROM payment WHERE transaction = $1", transaction)
        assert found is not None
        row = {
            "reference": f"refund-{transaction}",
            "provider": found["provider"],
            "transaction": transaction,
            "dossier": self.dossier,
            "unit": found["unit"],
            "amount": found["amount"],
            "ground": "by_officer",
            "state": "refunded" if at else "asked",
            "asked_at": at or found["paid_at"],
            "done_at": at,
            **facts,
        }
        await self._insert("refund", row)

    async def receipt(self, transaction: str, series: str, number: int) -> None:
        """A receipt in force."""
        found = await self.pool.fetchrow("SELECT * FROM payment WHERE transaction = $1", transaction)
        assert found is not None
        row = {name: found[name] for name in ("unit", "provider", "transaction", "dossier", "amount")}
        at = {"issued_at": found["paid_at"], "year": found["paid_at"].year}
        await self._insert("receipt", {**row, **at, "series": series, "number": number})

    async def _insert(self, table: str, row: dict[str, Any]) -> None:
        places = ", ".join(f"${number}" for number in range(1, len(row) + 1))
        await self.pool.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({places})", *row.values())
