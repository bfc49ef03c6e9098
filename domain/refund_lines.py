"""Owns which line of a statement tells of which refund of ours; each line of one refund, each refund of one line."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator

from domain.books import Refund
from domain.payments import RefundState
from domain.provider_statement import StatementLine

_Keys = tuple[Callable[[StatementLine], Hashable], Callable[[Refund], Hashable]]

_SURER_FIRST: tuple[_Keys, ...] = (
    (lambda line: line.reference, lambda refund: refund.reference),
    (lambda line: line.transaction, lambda refund: refund.transaction),
    (lambda line: (line.reference, line.amount), lambda refund: (refund.paid_reference, refund.amount)),
    (lambda line: line.reference, lambda refund: refund.paid_reference),
)
"""The platform names the refund and the debit, VNPAY only the order: an order that was debited twice may have two."""


def paired(lines: Iterable[StatementLine], refunds: Iterable[Refund]) -> Iterator[tuple[StatementLine, Refund]]:
    """Pair them, the surest first; a refund that is done before one that is not."""
    left, waiting = list(lines), sorted(refunds, key=lambda refund: refund.state is not RefundState.REFUNDED)
    for of_line, of_refund in _SURER_FIRST:
        by_key: defaultdict[Hashable, list[Refund]] = defaultdict(list)
        for refund in reversed(waiting):
            by_key[of_refund(refund)].append(refund)
        found = [(line, by_key[of_line(line)].pop()) for line in left if by_key[of_line(line)]]
        yield from found
        told, gone = {id(line) for line, _ in found}, {id(refund) for _, refund in found}
        left = [line for line in left if id(line) not in told]
        waiting = [refund for refund in waiting if id(refund) not in gone]
