"""What a calling system hands in: the facts of a dossier, and apart from them the person and every free text."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import AwareDatetime, ConfigDict, Field, StrictInt

from domain.fees import ExemptionKind
from domain.procedures import Channel, ReturnMethod
from schema.messages import Code, Message

Text = Annotated[str, Field(min_length=1, max_length=4_000)]
Short = Annotated[str, Field(min_length=1, max_length=300)]
Instant = Annotated[AwareDatetime, Field(ge=datetime(1945, 9, 2, tzinfo=UTC))]
"""When something happened: with its offset from UTC, and not before there was an administration to hand it to."""


class Request(Message):
    """A body from outside: an unknown field is refused, so that a typing error is not silently dropped."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Person(Request):
    """The applicant: a person or an organisation. Sealed at once; the engine never sees it."""

    kind: Literal["person", "organisation"] = "person"
    name: Short
    identity: Short | None = None
    phone: Short | None = None
    email: Short | None = None
    address: Short | None = None


class HandedIn(Request):
    """One component of the dossier as it was handed in."""

    component: Code
    quantity: Annotated[StrictInt, Field(ge=1, le=1_000)] = 1


class ClaimedExemption(Request):
    """An exemption from the fee; `evidence` says what proves it, and is sealed."""

    kind: ExemptionKind
    evidence: Text
    granted_by: Annotated[Code | None, Field(exclude_if=lambda code: code is None)] = None
    """The code of the unit that granted it, or a role; None: the unit that receives the dossier.

    Left out of what is digested when it is not given: the digest of a body from before it must stay the same.
    """


class LateEntry(Request):
    """Why something is entered after the fact, and the number of the paper that proves when it happened."""

    reason: Text
    paper_number: Short


class Submission(Request):
    """A dossier as it is handed in, through whatever channel."""

    procedure: Code
    unit: Code
    territory: Code | None = None
    """The one-stop whose territory the dossier belongs to, where it is handed in at another one (boundary-free)."""
    channel: Channel
    case: Code | None = None
    return_method: ReturnMethod
    components: tuple[HandedIn, ...] = Field(max_length=200)
    applicant: Person
    exemption: ClaimedExemption | None = None
    quantity: Annotated[StrictInt, Field(ge=1, le=100_000)] = 1
    copies: Annotated[StrictInt, Field(ge=1, le=10_000)] = 1
    note: Text | None = None
    occurred_at: Instant | None = None
    """Only with the late-entry right: when it was received, if that was before now."""
    late: LateEntry | None = None


class ActorBody(Request):
    """For whom the calling system speaks."""

    role: Literal["applicant", "clerk", "officer", "leader"]
    unit: Code | None = None
    officer: Short | None = None
    """The officer's id at the calling system; kept sealed, a keyed digest goes on."""
    name: Short | None = None


class CommandBody(Request):
    """An order to one dossier, as it stands in a request."""

    name: Code
    actor: ActorBody
    data: dict[str, object] = Field(default_factory=dict)
    reason: Text | None = None
    legal_basis: Text | None = None
    note: Text | None = None
    expected_version: StrictInt | None = None
    occurred_at: Instant | None = None
    late: LateEntry | None = None


class RefundBody(Request):
    """An officer asks to give the fee of a dossier back, whole."""

    actor: ActorBody
    provider: Literal["platform", "vnpay", "counter"]
    transaction: Annotated[str, Field(min_length=1, max_length=100)]
    amount: Annotated[StrictInt, Field(gt=0)]
    reason: Text
    legal_basis: Text | None = None


class ApprovalBody(Request):
    """Another officer lets a refund go; at the counter, hands the money over."""

    actor: ActorBody
    reason: Text | None = None


class CancellationBody(Request):
    """An officer of the unit that collected cancels a wrong receipt; the next number takes its place."""

    actor: ActorBody
    reason: Code


class ClosingReason(Request):
    """An officer closes a discrepancy that was dealt with."""

    actor: ActorBody
    reason: Code


class Received(Message):
    """The answer to a submission: the identity of the dossier, for ever, and what it owes."""

    dossier: str
    created: bool
    """False when this reference had been used before with the same body."""
    received_at: AwareDatetime
    fee_total: int
    fee_timing: str
