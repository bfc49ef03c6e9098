"""Holds a provider's statement of one day beside our books, and says where they differ, and what can be proved.

A difference is never adjusted. Where the statement itself proves what happened (a debit of an order of ours that we
have not heard of) the repair is that fact, told through the front door like a late call-back; everything else is
listed with the reason why nobody but a person can settle it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal


class Kind(StrEnum):
    """What can differ."""

    DEBIT_UNKNOWN_TO_US = "debit_unknown_to_us"
    DEBITED_TWICE = "debited_twice"
    DEBIT_OF_NO_ATTEMPT = "debit_of_no_attempt"
    PAYMENT_UNKNOWN_TO_THEM = "payment_unknown_to_them"
    AMOUNT_DIFFERS = "amount_differs"
    CURRENCY_DIFFERS = "currency_differs"
    REFUND_UNKNOWN_TO_US = "refund_unknown_to_us"
    REFUND_MISSING = "refund_missing"
    REFUND_AMOUNT_DIFFERS = "refund_amount_differs"
    RECEIPT_MISSING = "receipt_missing"
    RECEIPT_OF_NOTHING = "receipt_of_nothing"
    RECEIPT_AMOUNT_DIFFERS = "receipt_amount_differs"
    FEE_DIFFERS = "fee_differs"
    KEPT_TWICE = "kept_twice"
    ATTEMPT_STALE = "attempt_stale"


WHY: Mapping[Kind, str] = {
    Kind.DEBIT_UNKNOWN_TO_US: "the signed statement names an order of ours: it is told to the dossier like a call-back",
    Kind.DEBITED_TWICE: "the order was paid before: told to the dossier, which gives a second success back",
    Kind.DEBIT_OF_NO_ATTEMPT: "no order of ours has this reference: whose money it is only the provider can say",
    Kind.PAYMENT_UNKNOWN_TO_THEM: "we keep it and they do not list it, nor on the day beside: ask the provider",
    Kind.AMOUNT_DIFFERS: "both sides name the debit with another amount: neither proves the other wrong",
    Kind.CURRENCY_DIFFERS: "we ask for đồng only: what was debited in another currency has no amount here",
    Kind.REFUND_UNKNOWN_TO_US: "they gave back what we did not ask for: an officer decides whether the fee is owed",
    Kind.REFUND_MISSING: "we noted it as given back, they list no such refund: the payer may still wait for it",
    Kind.REFUND_AMOUNT_DIFFERS: "a debit goes back whole: part of it, or more, was given back",
    Kind.RECEIPT_MISSING: "a receipt comes with the payment: its absence is our error, and no number is made up",
    Kind.RECEIPT_OF_NOTHING: "a receipt in force for money that went back, or was never the fee: an officer cancels it",
    Kind.RECEIPT_AMOUNT_DIFFERS: "a receipt is never edited: an officer cancels it and another is issued",
    Kind.FEE_DIFFERS: "what was kept is not what was assessed: the assessment stands, an officer decides",
    Kind.KEPT_TWICE: "a dossier has one fee: which of the debits is it, an officer decides",
    Kind.ATTEMPT_STALE: "its time is over and its end is not known: the sweep asks on, the provider does not say",
}
"""Why each is repaired, or why it is not."""
PROVABLE = frozenset({Kind.DEBIT_UNKNOWN_TO_US, Kind.DEBITED_TWICE})


@dataclass(frozen=True)
class Movement:
    """One line of a statement; amounts in whole đồng where the currency is VND."""

    transaction: str
    reference: str
    kind: Literal["debit", "refund"]
    amount: int
    currency: str
    at: datetime


@dataclass(frozen=True)
class Debit:
    """One payment in our books, with its receipt in force and its refund."""

    transaction: str
    dossier: str
    amount: int
    is_fee: bool
    assessed: int
    receipt: int | None = None
    """The amount of the receipt in force; None without one."""
    refund: Literal["", "open", "done"] = ""


@dataclass(frozen=True)
class Books:
    """What we know of one provider: the debits of the day and those that the statement names, and whose they are."""

    debits: tuple[Debit, ...]
    dossier_of: Mapping[str, str]
    """The dossier of each order's reference."""
    paid_by: Mapping[str, str]
    """The transaction that paid each order, as far as we know."""
    kept_by: Mapping[str, int]
    """How many debits each of these dossiers keeps as its fee, over all providers."""
    stale: tuple[str, ...] = ()
    """References of attempts whose time was over long before the day ended, and whose end nobody has told."""


@dataclass(frozen=True)
class Discrepancy:
    """One difference; `ours` and `theirs` in đồng, None where a side knows nothing."""

    kind: Kind
    transaction: str
    reference: str
    dossier: str
    ours: int | None
    theirs: int | None
    movement: Movement | None = None

    @property
    def is_provable(self) -> bool:
        """Whether the statement alone says what has to be done."""
        return self.kind in PROVABLE

    @property
    def why(self) -> str:
        """Why it is repaired, or why not."""
        return WHY[self.kind]


def reconcile(
    statement: Iterable[Movement], books: Books, neighbours: Iterable[Movement] = ()
) -> tuple[Discrepancy, ...]:
    """List every difference. `neighbours` are the lines of the days beside, for what happened about midnight."""
    lines = tuple(statement)
    debits = [line for line in lines if line.kind == "debit"]
    back = Counter[str]()
    for line in (*lines, *neighbours):
        if line.kind == "refund":
            back[line.transaction] += line.amount
    ours = {debit.transaction: debit for debit in books.debits}
    theirs = {line.transaction for line in (*debits, *(n for n in neighbours if n.kind == "debit"))}
    return (
        *(found for line in debits for found in _of_line(line, ours, books)),
        *(found for debit in books.debits for found in _of_debit(debit, debit.transaction in theirs, books)),
        *(found for debit in books.debits for found in _of_refund(debit, back.get(debit.transaction))),
        *(Discrepancy(Kind.ATTEMPT_STALE, "", each, books.dossier_of[each], None, None) for each in books.stale),
    )


def _of_line(line: Movement, ours: Mapping[str, Debit], books: Books) -> Iterator[Discrepancy]:
    dossier, debit = books.dossier_of.get(line.reference, ""), ours.get(line.transaction)

    def found(kind: Kind) -> Discrepancy:
        theirs = line.amount if line.currency == "VND" else None
        named = (line.transaction, line.reference, dossier or (debit.dossier if debit else ""))
        return Discrepancy(kind, *named, debit.amount if debit else None, theirs, line)

    if line.currency != "VND":
        yield found(Kind.CURRENCY_DIFFERS)
    elif debit is not None:
        if debit.amount != line.amount:
            yield found(Kind.AMOUNT_DIFFERS)
    elif not dossier:
        yield found(Kind.DEBIT_OF_NO_ATTEMPT)
    elif books.paid_by.get(line.reference) not in (None, line.transaction):
        yield found(Kind.DEBITED_TWICE)
    else:
        yield found(Kind.DEBIT_UNKNOWN_TO_US)


def _of_debit(debit: Debit, is_theirs: bool, books: Books) -> Iterator[Discrepancy]:
    def found(kind: Kind, theirs: int | None = None) -> Discrepancy:
        return Discrepancy(kind, debit.transaction, "", debit.dossier, debit.amount, theirs)

    if not is_theirs:
        yield found(Kind.PAYMENT_UNKNOWN_TO_THEM)
    is_kept = debit.is_fee and debit.refund != "done"
    if is_kept and debit.receipt is None:
        yield found(Kind.RECEIPT_MISSING)
    if not is_kept and debit.receipt is not None:
        yield found(Kind.RECEIPT_OF_NOTHING, debit.receipt)
    if is_kept and debit.receipt not in (None, debit.amount):
        yield found(Kind.RECEIPT_AMOUNT_DIFFERS, debit.receipt)
    if debit.is_fee and debit.amount != debit.assessed:
        yield found(Kind.FEE_DIFFERS, debit.assessed)
    if is_kept and books.kept_by.get(debit.dossier, 0) > 1:
        yield found(Kind.KEPT_TWICE)


def _of_refund(debit: Debit, back: int | None) -> Iterator[Discrepancy]:
    def found(kind: Kind) -> Discrepancy:
        return Discrepancy(kind, debit.transaction, "", debit.dossier, debit.amount, back)

    if back is not None and not debit.refund:
        yield found(Kind.REFUND_UNKNOWN_TO_US)
    elif back is None and debit.refund == "done":
        yield found(Kind.REFUND_MISSING)
    elif back is not None and back != debit.amount:
        yield found(Kind.REFUND_AMOUNT_DIFFERS)
