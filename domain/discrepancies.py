"""Owns what may differ between a provider's statement and our books: the kinds, and which of them prove their repair.

A repair is never an adjustment: it tells the dossier a fact through the door by which call-backs come, and the dossier
decides. What the statement does not prove is left to a person, with the reason why.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from domain.errors import Invalid
from domain.provider_statement import StatementLine


class Kind(StrEnum):
    """What differs. Each says whether its repair is proved, and why."""

    DEBIT_UNKNOWN_TO_US = "debit_unknown_to_us"
    """They debited under a reference of ours, and we know of no debit. Proved: the reference is one that we made, and
    the line says all that a call-back would; the dossier takes it as its fee, or gives it back."""
    DEBITED_TWICE = "debited_twice"
    """They debited a second time under one reference, and we do not know that debit. Proved, like the first: as a
    second success it is a surplus, and goes back."""
    DEBIT_OF_NO_ATTEMPT = "debit_of_no_attempt"
    """They debited under a reference that we never gave them. Not proved: no dossier can be named, so there is nobody
    to tell, and the payer may be another merchant's."""
    PAYMENT_UNKNOWN_TO_THEM = "payment_unknown_to_them"
    """We have a debit that their statement lacks, and so do the days beside it where that was near midnight. Not
    proved: their silence may be an omission, and money that was taken is not un-taken by a list."""
    REFERENCE_DIFFERS = "reference_differs"
    """One debit stands under two references. Not proved: either side may have mixed up two orders."""
    AMOUNT_DIFFERS = "amount_differs"
    """One debit has two amounts. Not proved: which of the two left the payer's account stands in neither book."""
    CURRENCY_DIFFERS = "currency_differs"
    """They moved another currency than đồng. Not proved: what it came to in đồng is not in the statement."""
    REFUND_UNKNOWN_TO_US = "refund_unknown_to_us"
    """They gave back what we never asked for, or what has not come to its end with us. Not proved: who had them give it
    back is unknown; one that is under way is told at its next question."""
    REFUND_MISSING = "refund_missing"
    """We say that money is back, and their statements do not. Not proved: asking once more might give it back twice."""
    REFUND_AMOUNT_DIFFERS = "refund_amount_differs"
    """One refund has two amounts. Not proved: refunds are whole, so one of the sides is wrong, and not to be seen
    which."""
    RECEIPT_MISSING = "receipt_missing"
    """A fee was kept and no receipt is in force. Not proved: a number may be missing because one was cancelled on
    purpose, and a number once taken cannot be given back."""
    RECEIPT_TWICE = "receipt_twice"
    """Two receipts are in force for one payment. Not proved: which of the two the payer holds is unknown."""
    RECEIPT_OF_NOTHING = "receipt_of_nothing"
    """A receipt stands for a surplus, for no payment at all, or was issued after the money went back. Not proved: only
    an officer cancels a receipt, with a reason."""
    RECEIPT_AMOUNT_DIFFERS = "receipt_amount_differs"
    """A receipt names another amount than the payment. Not proved: a wrong receipt is cancelled by an officer, and
    another one issued."""
    FEE_DIFFERS = "fee_differs"
    """What was kept is not what was assessed. Not proved: either the assessment or the debit was wrong, and both stand
    on facts of their own."""
    STILL_OWED = "still_owed"
    """A fee was kept, and its dossier goes on asking for it. Not proved: the dossier's story decides, not the row."""
    KEPT_TWICE = "kept_twice"
    """A dossier kept a fee twice. Not proved: which of the two goes back is for an officer to ask and another to let
    go."""
    ATTEMPT_STALE = "attempt_stale"
    """The end of an attempt is unknown past its bound, and the statement of the day has no debit under it. Not proved:
    a statement says what was debited until it was made, never what will not be debited any more."""


PROVABLE = frozenset({Kind.DEBIT_UNKNOWN_TO_US, Kind.DEBITED_TWICE})
"""The rest needs a person."""

WHY: Mapping[Kind, str] = {
    Kind.DEBIT_UNKNOWN_TO_US: "the reference is ours and the line says all that a call-back would: told to the dossier",
    Kind.DEBITED_TWICE: "a second success under one reference: told to the dossier as a call-back, which gives it back",
    Kind.DEBIT_OF_NO_ATTEMPT: "no order of ours has this reference, so no dossier can be told: ask the provider",
    Kind.PAYMENT_UNKNOWN_TO_THEM: "a statement that is silent does not undo a debit: ask the provider for it",
    Kind.REFERENCE_DIFFERS: "either side may have mixed up two orders: compare both with the provider",
    Kind.AMOUNT_DIFFERS: "which amount left the payer's account stands in neither book: ask for the bank's own record",
    Kind.CURRENCY_DIFFERS: "what it came to in đồng is not in the statement: ask the provider",
    Kind.REFUND_UNKNOWN_TO_US: "who had the provider give it back is unknown: ask the provider",
    Kind.REFUND_MISSING: "asking once more might give it back twice: ask the provider what became of it",
    Kind.REFUND_AMOUNT_DIFFERS: "a refund is whole, and which side is wrong is not to be seen: ask the provider",
    Kind.RECEIPT_MISSING: "a number that is taken cannot be given back: an officer finds out why there is none",
    Kind.RECEIPT_TWICE: "which of them the payer holds is unknown: an officer cancels the other one",
    Kind.RECEIPT_OF_NOTHING: "a receipt is cancelled by an officer alone, with a reason",
    Kind.RECEIPT_AMOUNT_DIFFERS: "a wrong receipt is cancelled by an officer, and another one issued",
    Kind.FEE_DIFFERS: "either the assessment or the debit was wrong: an officer decides whether it goes back",
    Kind.STILL_OWED: "the dossier's story decides, not the row: look at the dossier",
    Kind.KEPT_TWICE: "an officer asks for one of them to go back, and another lets it go",
    Kind.ATTEMPT_STALE: "a statement never says what will not be debited any more: the provider is asked on",
}
"""Why it is repaired, or why not and who can, in a line."""


class Closing(StrEnum):
    """Why a discrepancy is closed."""

    GONE = "gone"  # the engine's alone: both sides agree now
    PROVIDER_CORRECTED = "provider_corrected"
    CORRECTED_BY_US = "corrected_by_us"
    GIVEN_BACK = "given_back"
    RECEIPT_REPLACED = "receipt_replaced"
    NOT_OURS = "not_ours"
    ACCEPTED = "accepted"


CLOSINGS = tuple(each for each in Closing if each is not Closing.GONE)
"""What a person may say; what was closed by a person is not opened again by the same facts."""


@dataclass(frozen=True)
class Discrepancy:
    """One thing on which the two sides do not agree; what is unknown or does not apply is "".

    `repair` is the line that is told as a call-back, None where nothing is proved.
    """

    kind: Kind
    provider: str
    transaction: str
    reference: str
    dossier: str
    ours: str
    theirs: str
    why: str
    repair: StatementLine | None = None

    @property
    def identity(self) -> tuple[str, ...]:
        """What makes it the same in the next run: the two sides' facts, whatever the reason is worded like."""
        names = (self.kind, self.provider, self.transaction, self.reference, self.dossier, self.ours, self.theirs)
        return tuple(str(each) for each in names)


def parse_closing(text: str) -> Closing:
    """Read a person's reason. Raises Invalid for any other code."""
    if text not in CLOSINGS:
        raise Invalid("this is no reason to close it", field="reason", remedy=f"give one of: {', '.join(CLOSINGS)}")
    return Closing(text)
