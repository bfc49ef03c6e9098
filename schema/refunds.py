"""What a refund workflow is started with and told, and what it asks of the provider."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field

from schema.messages import Actor, Message
from schema.payments import PaymentReport


class StartRefund(Message):
    """Give back a payment that its dossier cannot use, or that is owed back."""

    dossier: UUID
    report: PaymentReport
    ground: str = ""
    """Why (`domain.payments.Ground`); "" for a surplus whose ground the dossier has to say."""
    alone_up_to: Annotated[int, Field(ge=0)] | None = None
    """Đồng up to which nobody has to approve, as the installation chose; None: whatever the amount."""
    approved: bool = True
    """False when somebody else than whoever asked must approve, whatever the amount: an officer asked, or the money
    is at the counter and is handed over by hand."""
    asked_by: Actor | None = None
    """The officer who asked; None when it is the engine."""
    id: UUID | None = None
    """Of the officer's request, which is that of the event that records it."""
    digest: str = ""
    sealed: UUID | None = None
    """Where the officer's reason is sealed."""


class Approval(Message):
    """An officer approves a refund; at the counter, hands it over."""

    id: UUID
    digest: str
    actor: Actor
    occurred_at: AwareDatetime
    sealed: UUID | None = None


class RefundOrder(Message):
    """Ask the provider to give one transaction back, whole; the reference makes it happen once."""

    reference: str
    transaction: str
    amount: int
    currency: str = "VND"
    provider: Literal["platform", "vnpay", "counter"] = "platform"
    paid_reference: str = ""
    """Of the attempt that was paid, which VNPAY asks for."""
    ordered_at: AwareDatetime | None = None
    """When that attempt was written down, which VNPAY asks for too; None: whoever sends the order looks it up."""
    refusals: int = 0
    """How often the provider has refused it: an officer has let it go once more after each."""
