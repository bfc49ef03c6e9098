"""Owns the daily match: a provider's statement × attempts × payments × receipts × assessments of one day in Việt Nam.

Pure: what it finds, it says. Each thing belongs to one day, so that no two days tell of it: a line to that of its
statement, a payment to that on which it was paid, a refund to that on which it was done, a receipt to that on which it
was issued, an attempt to that on which its time was over.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta

from domain.books import Books, Day, Payment, Receipt, Refund
from domain.discrepancies import PROVABLE, WHY, Discrepancy, Kind
from domain.errors import Invalid
from domain.payments import OPEN, RefundState
from domain.provider_statement import CUT_OFF, LineKind, StatementLine
from domain.refund_lines import paired

STALE_AFTER = timedelta(hours=1)
"""After its expiry an attempt should have come to an end: by then it was asked about more than once."""
LOOK_BACK, MOST_DAYS = timedelta(days=60), 31
_DAY = timedelta(days=1)


def require_begun(day: date, today: date) -> None:
    """Refuse a day that is still to come."""
    if day > today:
        raise Invalid(
            f"{day.isoformat()} is still to come", field="day", remedy=f"give a day up to {today.isoformat()}"
        )


def neighbours(day: Day, books: Books) -> frozenset[date]:
    """The days whose statements have to be looked into before one says that something is missing in this one."""
    paid = [payment.paid_at for payment in _silent(day, books)]
    back = [refund.done_at for refund in _not_back(day, books) if refund.done_at is not None]
    found = set()
    if any(instant - day.period.begins < CUT_OFF for instant in [*paid, *back]):
        found.add(day.on - _DAY)
    if any(day.period.ends - instant <= CUT_OFF for instant in [*paid, *back]):
        found.add(day.on + _DAY)
    return frozenset(found)


def due_days(today: date, done: Iterable[date], again: Iterable[date]) -> tuple[date, ...]:
    """The days that are to be gone through now, the latest first.

    Yesterday; days that were missed since the first that was ever looked at; days to be looked at `again`, because
    something is open there that may be gone by now, or because they still ran.
    """
    yesterday, settled, unsettled = today - _DAY, set(done), set(again)
    first = max(min(settled | unsettled, default=yesterday), yesterday - LOOK_BACK)
    missed = {first + _DAY * n for n in range((yesterday - first).days)} - settled
    due = missed | {yesterday} | {day for day in unsettled if first <= day < yesterday}
    return tuple(sorted(due, reverse=True)[:MOST_DAYS])


def reconcile(day: Day, books: Books) -> tuple[Discrepancy, ...]:
    """Everything on which the statement and our books do not agree, each once."""
    found: list[Discrepancy] = []
    if day.lines is not None:
        found += [*_debits(day, books), *_payments(day, books), *_refunds(day, books)]
    return (*found, *_kept(day, books), *_receipts(day, books), *_stale(day, books))


def _debits(day: Day, books: Books) -> Iterator[Discrepancy]:
    attempts = {each.reference: each for each in books.attempts}
    ours = {each.transaction: each for each in books.payments if each.provider is day.provider}
    told = {each.reference for each in ours.values()}
    for line in day.of(LineKind.DEBIT):
        attempt = attempts.get(line.reference)
        if payment := ours.get(line.transaction):
            yield from _compared(line, payment)
        elif attempt is None or attempt.provider is not day.provider:
            yield _found(Kind.DEBIT_OF_NO_ATTEMPT, line, ours="" if attempt is None else f"order at {attempt.provider}")
        elif line.currency != "VND":
            yield _found(Kind.CURRENCY_DIFFERS, line, attempt.dossier, f"order of {attempt.amount} VND")
        else:
            kind = Kind.DEBITED_TWICE if line.reference in told else Kind.DEBIT_UNKNOWN_TO_US
            told.add(line.reference)
            yield _found(kind, line, attempt.dossier, f"order of {attempt.amount} VND")


def _compared(line: StatementLine, payment: Payment) -> Iterator[Discrepancy]:
    if line.reference != payment.reference:
        yield _found(Kind.REFERENCE_DIFFERS, line, payment.dossier, payment.reference, line.reference)
    if line.currency != "VND":
        yield _found(Kind.CURRENCY_DIFFERS, line, payment.dossier, f"{payment.amount} VND")
    elif line.amount != payment.amount:
        yield _found(Kind.AMOUNT_DIFFERS, line, payment.dossier, f"{payment.amount} VND")


def _silent(day: Day, books: Books) -> Iterator[Payment]:
    """Our payments of the day that no statement known to us has."""
    known = {line.transaction for line in (*(day.lines or ()), *day.elsewhere) if line.kind is LineKind.DEBIT}
    for payment in books.payments:
        if payment.provider is day.provider and day.has(payment.paid_at) and payment.transaction not in known:
            yield payment


def _payments(day: Day, books: Books) -> Iterator[Discrepancy]:
    for payment in _silent(day, books):
        use = "fee" if payment.is_fee else "surplus"
        yield _of_payment(Kind.PAYMENT_UNKNOWN_TO_THEM, payment, f"{payment.amount} VND, {use}", unread=day.unread)


def _not_back(day: Day, books: Books) -> Iterator[Refund]:
    """Our refunds done on the day that no statement known to us has."""
    ours = [each for each in books.refunds if each.provider is day.provider]
    lines = [line for line in (*(day.lines or ()), *day.elsewhere) if line.kind is LineKind.REFUND]
    known = {refund.reference for _, refund in paired(lines, ours)}
    for refund in ours:
        if refund.state is RefundState.REFUNDED and day.has(refund.done_at) and refund.reference not in known:
            yield refund


def _refunds(day: Day, books: Books) -> Iterator[Discrepancy]:
    ours = [each for each in books.refunds if each.provider is day.provider]
    others = [line for line in day.elsewhere if line.kind is LineKind.REFUND]
    by_line = {id(line): refund for line, refund in paired([*day.of(LineKind.REFUND), *others], ours)}
    for line in day.of(LineKind.REFUND):
        refund = by_line.get(id(line))
        dossier = _dossier_of(line, books) if refund is None else refund.dossier
        if refund is None or refund.state is not RefundState.REFUNDED:
            yield _found(Kind.REFUND_UNKNOWN_TO_US, line, dossier, f"refund {refund.state}" if refund else "")
        elif line.currency != "VND":
            yield _found(Kind.CURRENCY_DIFFERS, line, dossier, f"refund of {refund.amount} VND")
        elif line.amount != refund.amount:
            yield _found(Kind.REFUND_AMOUNT_DIFFERS, line, dossier, f"{refund.amount} VND")
    for refund in _not_back(day, books):
        names = (refund.provider, refund.transaction, refund.reference, refund.dossier)
        why = _why(Kind.REFUND_MISSING, day.unread)
        yield Discrepancy(Kind.REFUND_MISSING, *names, f"refunded, {refund.amount} VND", "", why)


def _kept(day: Day, books: Books) -> Iterator[Discrepancy]:
    fees = {each.dossier: each for each in books.fees}
    back = {(each.provider, each.transaction) for each in books.refunds if each.state is RefundState.REFUNDED}
    receipts = {(each.provider, each.transaction) for each in books.receipts}
    first: dict[str, Payment] = {}
    for payment in sorted(books.payments, key=_when):
        if payment.is_fee and payment.key not in back:
            first.setdefault(payment.dossier, payment)
    for payment in books.payments:
        if not payment.is_fee or payment.provider is not day.provider or not day.has(payment.paid_at):
            continue
        fee = fees.get(payment.dossier)
        if fee is not None and fee.total != payment.amount:
            yield _of_payment(Kind.FEE_DIFFERS, payment, f"{payment.amount} VND kept, {fee.total} VND assessed")
        if fee is not None and fee.owes:
            yield _of_payment(Kind.STILL_OWED, payment, f"{payment.amount} VND kept, and owed")
        if payment.key in back:
            continue
        if (other := first[payment.dossier]) is not payment:
            yield _of_payment(Kind.KEPT_TWICE, payment, f"{other.provider} {other.transaction} was kept before")
        if payment.key not in receipts:
            yield _of_payment(Kind.RECEIPT_MISSING, payment, f"{payment.amount} VND kept, no receipt")


def _receipts(day: Day, books: Books) -> Iterator[Discrepancy]:
    payments = {each.key: each for each in books.payments}
    back = {(each.provider, each.transaction): each.done_at for each in books.refunds if each.done_at is not None}
    before: set[tuple[str, str]] = set()
    for receipt in sorted(books.receipts, key=lambda each: (each.issued_at, each.name)):
        key = (receipt.provider, receipt.transaction)
        is_second = key in before
        before.add(key)
        if receipt.provider is not day.provider or not day.has(receipt.issued_at):
            continue
        payment, done_at = payments.get(key), back.get(key)
        if payment is None or not payment.is_fee or (done_at is not None and done_at < receipt.issued_at):
            what = "no payment" if payment is None else "a surplus" if not payment.is_fee else "money that was back"
            yield _of_receipt(Kind.RECEIPT_OF_NOTHING, receipt, f"receipt of {receipt.amount} VND for {what}")
        elif is_second:
            yield _of_receipt(Kind.RECEIPT_TWICE, receipt, "another is in force")
        elif receipt.amount != payment.amount:
            facts = f"receipt of {receipt.amount} VND, payment of {payment.amount} VND"
            yield _of_receipt(Kind.RECEIPT_AMOUNT_DIFFERS, receipt, facts)


def _stale(day: Day, books: Books) -> Iterator[Discrepancy]:
    debited = {line.reference for line in (*day.of(LineKind.DEBIT), *day.elsewhere)}
    for each in books.attempts:
        if each.provider is not day.provider or each.state not in OPEN or each.reference in debited:
            continue
        if each.expires_at is not None and day.has(each.expires_at) and day.as_of >= each.expires_at + STALE_AFTER:
            facts = (each.reference, each.dossier, f"attempt {each.state}", "", WHY[Kind.ATTEMPT_STALE])
            yield Discrepancy(Kind.ATTEMPT_STALE, each.provider, "", *facts)


def _when(payment: Payment) -> tuple[datetime, str, str]:
    return payment.paid_at, *payment.key


def _dossier_of(line: StatementLine, books: Books) -> str:
    """Whose order or debit a refund's line names; "" when it is none of ours."""
    named = (line.provider, line.reference)
    payments = (each.dossier for each in books.payments if each.key == (line.provider, line.transaction))
    attempts = (each.dossier for each in books.attempts if (each.provider, each.reference) == named)
    return next(iter((*payments, *attempts)), "")


def _found(kind: Kind, line: StatementLine, dossier: str = "", ours: str = "", theirs: str = "") -> Discrepancy:
    names = (line.provider, line.transaction, line.reference, dossier)
    told = theirs or f"{line.amount} {line.currency}"
    return Discrepancy(kind, *names, ours, told, WHY[kind], line if kind in PROVABLE else None)


def _of_payment(kind: Kind, payment: Payment, ours: str, unread: frozenset[date] = frozenset()) -> Discrepancy:
    names = (payment.provider, payment.transaction, payment.reference, payment.dossier)
    return Discrepancy(kind, *names, ours, "", _why(kind, unread))


def _of_receipt(kind: Kind, receipt: Receipt, ours: str) -> Discrepancy:
    names = (receipt.provider, receipt.transaction, receipt.name, receipt.dossier)
    return Discrepancy(kind, *names, ours, "", WHY[kind])


def _why(kind: Kind, unread: frozenset[date]) -> str:
    if not unread:
        return WHY[kind]
    days = ", ".join(sorted(day.isoformat() for day in unread))
    return f"{WHY[kind]}; it may stand in the statement of {days}, which could not be read"
