"""The book of receipts: one as it stands in the register, verifying, cancel-and-replace, the use of a series."""

from __future__ import annotations

import hmac
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

import asyncpg

from activities.ports import LawBook
from adapters.keys import KeyedDigest
from adapters.postgres import Connection, Pool, reading, row_of, transaction
from adapters.vault import ERASED, Vault
from domain.errors import Forbidden, Invalid, NotAllowed, NotFound
from domain.fees import FeeKind
from domain.instants import civil_date
from domain.payments import Means, Provider, RefundState
from domain.periods import Period
from domain.receipts import (
    Body,
    Issued,
    ReceiptCode,
    ReceiptContent,
    ReceiptLine,
    Usage,
    issuable,
    parse_code,
    parse_reason,
    usage,
)
from schema.sql import QUERIES
from schema.submissions import ActorBody, CancellationBody

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
CANCEL = frozenset({"clerk", "leader"})
"""Who cancels a receipt, at the unit that collected."""
_LAST = 2**31 - 1
CHECK_DIGITS = 16
"""Hexadecimal digits of the check in a receipt's code: who made the receipt can tell it from one made up."""


@dataclass(frozen=True)
class Verified:
    """How a receipt stands whose code was made here."""

    code: ReceiptCode
    day: date
    """When it was issued."""
    cancelled_by_number: int | None
    went_back: bool
    """Whether the money of it was given back."""

    @property
    def standing(self) -> str:
        """In one word."""
        if self.cancelled_by_number is not None:
            return "cancelled"
        return "refunded" if self.went_back else "in_force"


class Receipts:
    """Looks up, verifies, cancels receipts; who paid and who collected is opened out of the vault. Part of the door."""

    def __init__(self, pool: Pool, law: LawBook, vault: Vault, digest: KeyedDigest) -> None:
        self._pool = pool
        self._law = law
        self._vault = vault
        self._digest = digest

    async def content(self, series: str, number: int, tax_code: str | None = None) -> ReceiptContent:
        """Everything that stands on a receipt, with the collecting unit's own tax code unless another is given.

        Raises NotFound; Invalid for no tax code or a wrong one, and for a payment whose fees are not its amount;
        Unavailable.
        """
        async with reading(self._pool) as connection:
            row = _found(await connection.fetchrow(QUERIES["find_receipt"], series, _number(number)))
            lines = await connection.fetch(QUERIES["lines_of_payment"], row["provider"], row["transaction"])
            payer = await self._payer(connection, row["dossier"])
            collector = await self._collector(connection, row["issued_by"])
        day = civil_date(row["issued_at"])
        unit = (await self._law.latest()).unit(row["unit"], day)
        made = ReceiptContent(
            series=series,
            number=number,
            body=Body(unit.name, tax_code or unit.tax_code),
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
        return replace(made, check=self._digest.of("receipt", made.identity)[:CHECK_DIGITS])

    async def verify(self, code: str) -> Verified:
        """Tell a receipt that was made here from one made up or changed, and say how it stands now.

        Raises Invalid for what is no code and for a check that was not made over it here; NotFound; Unavailable.
        """
        read = parse_code(code)
        made = self._digest.of("receipt", read.identity)[:CHECK_DIGITS]
        if not hmac.compare_digest(made, read.check):
            raise Invalid(
                "this receipt was not made here, or was changed",
                field="code",
                remedy="scan it again; if it stays so, keep the paper and ask the one-stop whose series it names",
            )
        async with reading(self._pool) as connection:
            row = _found(await connection.fetchrow(QUERIES["find_receipt"], read.series, read.number))
        went_back = row["refund"] == RefundState.REFUNDED
        return Verified(read, civil_date(row["issued_at"]), row["cancelled_by_number"], went_back)

    async def cancel(self, system: str, series: str, number: int, body: CancellationBody, now: datetime) -> int:
        """Cancel a receipt and issue the next number of its series for the same payment; return that number.

        Raises NotFound; Forbidden for whoever is no clerk or leader of the unit that collected; Invalid for a reason
        that is not of the list, for nobody's name and for an office that has ended; NotAllowed for a receipt that is
        cancelled already and for money that went back; Unavailable. Nothing is written then.
        """
        why, law = parse_reason(body.reason), await self._law.latest()
        async with transaction(self._pool) as connection:
            row = _found(await connection.fetchrow(QUERIES["lock_receipt"], series, _number(number)))
            _require_duty(body.actor, row["unit"])
            await _require_in_force(connection, row, now)
            officer = await self._vault.officer(connection, system, body.actor)
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

    async def _payer(self, connection: Connection, dossier: UUID) -> str:
        submitted = await row_of(connection, QUERIES["event_at"], dossier, 1)
        sealed = (await self._vault.open_all(connection, dossier))[submitted["sealed"]]
        return PAYER_ERASED if sealed.get("erased") == ERASED else str(sealed["applicant"]["name"])

    async def _collector(self, connection: Connection, pseudonym: str | None) -> str:
        if pseudonym is None:
            return BY_ITSELF
        known: dict[str, Any] = (await self._vault.officers(connection, [pseudonym])).get(pseudonym, {})
        return known.get("name") or known.get("officer") or pseudonym


def _require_duty(actor: ActorBody, unit: str) -> None:
    if actor.role not in CANCEL or actor.unit != unit:
        raise Forbidden(
            f"a receipt of {unit} is cancelled there",
            field="actor",
            remedy=f"send it for a clerk or leader of the unit {unit}",
        )


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
