"""What a calling system hands in at the end of a cashier's day, and what it is answered."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field, StrictInt

from domain.closings import MOST, Reason
from schema.commands import PaperNumber
from schema.messages import Code, Message
from schema.submissions import Request, Short

CounterMeans = Literal["cash", "transfer", "card", "post"]


class ClosingBody(Request):
    """What one cashier counted at the end of one day."""

    unit: Code
    cashier: Short
    """The officer's id, as in the commands that took the money; a keyed digest is kept."""
    system: Code | None = None
    """The calling system that sent those commands, where it is another than the one that closes."""
    day: date
    means: CounterMeans
    counted: Annotated[StrictInt, Field(ge=0, le=MOST)]
    reason: Reason | None = None
    """Needed where what was counted is not what the ledger says."""
    deposit_slip: PaperNumber | None = None
    closed_by: Short | None = None
    """The officer who closes, where that is not the cashier."""
    corrects: UUID | None = None
    """The closing that this one stands for."""


class Oddity(Message):
    """Money that the closing found outside its ledger: to be looked into."""

    part: Literal["late", "nobody"]
    """late: entered into a day that was closed by then; nobody: entered without a cashier."""
    movement: Literal["payment", "refund"]
    transaction: str
    dossier: UUID
    code: str | None
    amount: int
    """Below 0 where the money went back."""
    at: AwareDatetime


class Closing(Message):
    """A closing as it stands in the register."""

    id: UUID
    created: bool
    """False when the same was sent before."""
    unit: str
    cashier: str
    day: date
    means: str
    payments: int
    refunds: int
    ledger: int
    counted: int
    difference: int
    """Counted less ledger."""
    reason: str | None
    deposit_slip: str | None
    closed_by: str
    closed_at: AwareDatetime
    corrects: UUID | None
    exceptions: tuple[Oddity, ...]
