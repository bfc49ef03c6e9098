"""What a refund workflow is started with, and what it asks of the platform."""

from __future__ import annotations

from uuid import UUID

from schema.messages import Message
from schema.payments import PaymentReport


class StartRefund(Message):
    """Give back a payment that its dossier cannot use."""

    dossier: UUID
    report: PaymentReport


class RefundOrder(Message):
    """Ask the platform to give one transaction back, whole; the reference makes it happen once."""

    reference: str
    transaction: str
    amount: int
    currency: str = "VND"
