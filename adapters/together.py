"""One payment at the counter for several dossiers: one slip, one sum, and a row for each dossier.

All is looked at before anything is taken: the rows add up to the sum, and each is what its dossier owes. Each dossier
then has a debit of its own under the same paper; the commands have ids made of the payment's and the dossier's, so
that a payment which was cut off goes on where it stopped when it is sent again.
"""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID, uuid5

from pydantic import Field, StrictInt

from adapters.callers import Caller
from adapters.door import Door
from domain.dossier import Act
from domain.errors import Invalid
from schema.commands import PaperNumber
from schema.messages import Answer
from schema.submissions import ActorBody, CommandBody, Request


class Allotted(Request):
    """What of the payment is for one dossier."""

    dossier: UUID
    amount: Annotated[StrictInt, Field(gt=0)]


class PaymentTogether(Request):
    """One payment for several dossiers, as the cashier took it."""

    actor: ActorBody
    means: Literal["cash", "transfer", "card", "post"]
    document: PaperNumber
    amount: Annotated[StrictInt, Field(gt=0)]
    rows: Annotated[tuple[Allotted, ...], Field(min_length=2, max_length=200)]


async def pay_together(door: Door, caller: Caller, id_: UUID, paid: PaymentTogether) -> dict[UUID, Answer | None]:
    """Take the payment; the answer of each dossier, None where it is not known yet (send the same again)."""
    await _check(door, id_, paid)
    answers: dict[UUID, Answer | None] = {}
    for row in paid.rows:
        data: dict[str, object] = {"amount": row.amount, "means": paid.means, "document": paid.document}
        body = CommandBody(name=Act.PAY, actor=paid.actor, data=data)
        answers[row.dossier] = await door.command(caller, row.dossier, _command(id_, row.dossier), body)
    return answers


async def _check(door: Door, id_: UUID, paid: PaymentTogether) -> None:
    allotted = sum(row.amount for row in paid.rows)
    if allotted != paid.amount:
        raise Invalid(
            f"the rows add up to {allotted} đồng, the payment is {paid.amount}",
            field="amount",
            remedy="allot the whole payment, no more and no less",
        )
    if len({row.dossier for row in paid.rows}) < len(paid.rows):
        raise Invalid("a dossier stands in two rows", field="rows", remedy="give each dossier one row")
    for number, row in enumerate(paid.rows):
        found = await door.look_up(str(row.dossier))
        is_paid_here = any(event.command == _command(id_, row.dossier) for event in found.events)
        if not is_paid_here and (not found.case.expects_payment or found.case.fee_total != row.amount):
            owed = found.case.fee_total if found.case.expects_payment else 0
            raise Invalid(
                f"row {number + 1}: {row.amount} đồng are allotted, {owed} are owed",
                field=f"rows.{number}.amount",
                remedy="allot to each dossier exactly what it owes; nothing was taken",
            )


def _command(id_: UUID, dossier: UUID) -> UUID:
    return uuid5(id_, dossier.hex)
