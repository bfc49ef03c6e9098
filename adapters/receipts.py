"""The book of receipts: one receipt as it stands in the register, cancel-and-replace, the use of a series."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, datetime
from typing import Any
from uuid import UUID

import asyncpg

from activities.ports import LawBook
from adapters.keys import KeyedDigest, KeyRing
from adapters.law import PostgresLaw
from adapters.postgres import Connection, Pool, open_pool, reading, row_of, transaction
from adapters.settings import Settings
from adapters.vault import ERASED, Vault
from domain.errors import Invalid, NotAllowed, NotFound
from domain.fees import FeeKind
from domain.instants import civil_date
from domain.payments import Means, Provider, RefundState
from domain.periods import Period
from domain.receipts import Body, Issued, ReceiptContent, ReceiptLine, Usage, issuable, parse_reason, usage
from schema.sql import QUERIES
from schema.submissions import ActorBody

BY_ITSELF = "Hệ thống thanh toán trực tuyến"
"""Who collected what nobody took at a counter."""
PAYER_ERASED = "(đã xóa)"

_MEANS = {
    Provider.PLATFORM: "Nền tảng thanh toán quốc gia",
    Provider.VNPAY: "Trực tuyến qua VNPAY",
    Means.CASH: "Tiền mặt",
    Means.TRANSFER: "Chuyển khoản",
    Means.CARD: "Thẻ",
    Means.POST: "Bưu chính công ích thu hộ",
}
_LAST = 2**31 - 1


class Receipts:
    """Looks up and cancels receipts; who paid and who collected is opened out of the vault."""

    def __init__(self, pool: Pool, law: LawBook, vault: Vault) -> None:
        self._pool = pool
        self._law = law
        self._vault = vault

    async def content(self, series: str, number: int, tax_code: str) -> ReceiptContent:
        """Everything that stands on a receipt; the tax code is that of the unit that collected.

        Raises NotFound; Invalid for what is no tax code, and for a payment whose fees are not its amount; Unavailable.
        """
        async with reading(self._pool) as connection:
            row = _found(await connection.fetchrow(QUERIES["find_receipt"], series, _number(number)))
            lines = await connection.fetch(QUERIES["lines_of_payment"], row["provider"], row["transaction"])
            payer = await self._payer(connection, row["dossier"])
            collector = await self._collector(connection, row["issued_by"])
        day = civil_date(row["issued_at"])
        unit = (await self._law.latest()).unit(row["unit"], day)
        return ReceiptContent(
            series=series,
            number=number,
            body=Body(unit.name, tax_code),
            payer=payer,
            lines=tuple(ReceiptLine(each["name"], FeeKind(each["kind"]), each["amount"]) for each in lines),
            total=row["amount"],
            means=_MEANS[row["means"]],
            day=day,
            collector=collector,
            dossier_code=row["dossier_code"] or str(row["dossier"]),
            cancelled_by_number=row["cancelled_by_number"],
            replaces=row["replaces"],
        )

    async def cancel(self, series: str, number: int, reason: str, officer: str, now: datetime) -> int:
        """Cancel a receipt and issue the next number of its series for the same payment; return that number.

        `officer` is a pseudonym. Raises NotFound; Invalid for a reason that is not of the list and for an office that
        has ended; NotAllowed for a receipt that is cancelled already and for money that went back; Unavailable.
        Nothing is written then.
        """
        why, law = parse_reason(reason), await self._law.latest()
        async with transaction(self._pool) as connection:
            row = _found(await connection.fetchrow(QUERIES["lock_receipt"], series, _number(number)))
            await _require_in_force(connection, row, now)
            law.unit(row["unit"], civil_date(now))  # an office that has ended issues nothing any more
            counter = (f"receipt/{series}", date(row["year"], 1, 1))
            following = issuable(series, await connection.fetchval(QUERIES["next_count"], *counter))
            await connection.execute(QUERIES["cancel_receipt"], series, number, now, officer, why)
            await connection.execute(QUERIES["replace_receipt"], series, number, following, now, officer)
        return following

    async def usage(self, series: str, quarter: Period) -> Usage:
        """Report on the use of a series in a quarter; NotFound for a series without a receipt."""
        async with reading(self._pool) as connection:
            rows = await connection.fetch(QUERIES["numbers_of_series"], series)
        if not rows:
            raise NotFound("there is no such series", field="series", remedy="give one as it stands on a receipt")
        return usage((_issued(row) for row in rows), quarter)

    async def officer(self, system: str, actor: ActorBody) -> str:
        """The pseudonym of an officer whom a calling system names; the name is kept sealed."""
        pseudonym = self._vault.pseudonym(system, actor)
        if pseudonym is None:
            raise Invalid("nobody is named", field="officer", remedy="name the officer who cancels")
        async with reading(self._pool) as connection:
            await self._vault.remember(connection, system, actor)
        return pseudonym

    async def _payer(self, connection: Connection, dossier: UUID) -> str:
        submitted = await row_of(connection, QUERIES["event_at"], dossier, 1)
        sealed = (await self._vault.open_all(connection, dossier))[submitted["sealed"]]
        return PAYER_ERASED if sealed.get("erased") == ERASED else str(sealed["applicant"]["name"])

    async def _collector(self, connection: Connection, pseudonym: str | None) -> str:
        if pseudonym is None:
            return BY_ITSELF
        known: dict[str, Any] = (await self._vault.officers(connection, [pseudonym])).get(pseudonym, {})
        return known.get("name") or known.get("officer") or pseudonym


@asynccontextmanager
async def open_receipts(settings: Settings) -> AsyncIterator[Receipts]:
    """Open the book for a process that needs PostgreSQL and nothing else."""
    vault = Vault(
        KeyRing.parse(settings.keys.get_secret_value()), KeyedDigest.parse(settings.index_key.get_secret_value())
    )
    async with await open_pool(settings.database_url.get_secret_value(), settings.database_pool) as pool:
        yield Receipts(pool, PostgresLaw(pool), vault)


async def _require_in_force(connection: Connection, row: asyncpg.Record, now: datetime) -> None:
    if row["cancelled_at"] is not None:
        raise NotAllowed(
            "this receipt is cancelled already", field="number", remedy="cancel the one that stands in its place"
        )
    if now < row["issued_at"]:
        raise Invalid("this receipt was issued later", field="now", remedy="set the clock of this machine right")
    refund = await connection.fetchval(QUERIES["lock_refund"], row["provider"], row["transaction"])
    if refund == RefundState.REFUNDED:
        raise NotAllowed(
            "the money of this receipt went back", field="number", remedy="leave it: the refund stands beside it"
        )


def _number(number: int) -> int:
    """A number that the register can hold; no receipt has another."""
    return number if 0 < number <= _LAST else 0


def _found(row: asyncpg.Record | None) -> asyncpg.Record:
    if row is None:
        raise NotFound(
            "there is no such receipt",
            field="number",
            remedy="give series and number as `motcua payment show` names them",
        )
    return row


def _issued(row: asyncpg.Record) -> Issued:
    cancelled = row["cancelled_at"]
    return Issued(row["number"], civil_date(row["issued_at"]), civil_date(cancelled) if cancelled else None)
