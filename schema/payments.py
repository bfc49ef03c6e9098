"""What the engine and a payment platform say to each other, in our words: an order, its page, a report.

Nothing here is personal: the platform learns a reference, an amount and what it is for; who pays, it asks
itself.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from schema.messages import Message

Reference = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9._:/-]*$")]
"""The idempotency key of one order, made by us: the same reference is the same order."""

Outcome = Literal["pending", "succeeded", "failed", "expired", "unknown"]
"""`unknown`: the platform does not know the order, or not yet what became of it; never "not paid"."""


ProviderName = Literal["platform", "vnpay"]
"""Who collects by electronic means (`domain.payments.Provider`)."""


class PaymentOrder(Message):
    """Ask for one payment. The amount is whole đồng."""

    reference: Reference
    provider: ProviderName = "platform"
    ordered_at: AwareDatetime | None = None
    """When the attempt was written down; VNPAY asks for it with every question. None where nobody will ask."""
    amount: Annotated[int, Field(gt=0)]
    currency: Literal["VND"] = "VND"
    description: Annotated[str, Field(max_length=200, pattern=r"^[^|\r\n]*$")]
    """Shown on the platform's page: procedure and dossier, never a person."""
    expires_at: AwareDatetime


class OpenedOrder(Message):
    """The order stands at the platform; the payer goes to `url`."""

    reference: Reference
    platform_id: str
    url: str


class PaymentQuery(Message):
    """Ask what became of one order."""

    reference: Reference
    provider: ProviderName = "platform"
    ordered_at: AwareDatetime | None = None


class StaleAsk(Message):
    """Ask about every attempt whose time was over at that instant, and whose end nobody has told."""

    as_of: AwareDatetime


class StaleAsked(Message):
    """What came of it: how many ends are known now, and how many providers still cannot say."""

    told: int = 0
    unknown: int = 0


class PaymentReport(Message):
    """What the platform says became of an order, by call-back or when asked.

    Amount and currency are what it debited: whoever takes the report compares them with the order.
    """

    reference: Reference
    outcome: Outcome
    amount: int | None = None
    currency: str | None = None
    transaction: str | None = None
    """The platform's own number of the debit."""
    paid_at: AwareDatetime | None = None
    provider: Literal["platform", "vnpay", "counter"] = "platform"
    """Who debited; the counter only where a fee that it took goes back."""
