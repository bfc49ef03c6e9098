"""Money: what the register makes of a debit that is kept as the fee, namely the number of its receipt."""

from __future__ import annotations

from datetime import date
from typing import Any

from activities.ports import Desk
from domain.instants import civil_date
from domain.payments import receipt_series
from domain.receipts import issuable
from schema.case import Case
from schema.messages import Event


async def received(case: Case, event: Event, desk: Desk) -> dict[str, Any]:
    """Issue the receipt: one for each debit that is kept, the next number of the collecting unit's series of the year.

    The series is that of the year in which the money was paid, however late it is told. Raises `CodesExhausted`.
    """
    year = civil_date(event.occurred_at).year
    series = receipt_series(case.unit, year)
    number = issuable(series, await desk.count(f"receipt/{series}", date(year, 1, 1)))
    return {"receipt": {"series": series, "year": year, "number": number}}
