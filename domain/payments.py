"""The lives of an attempt to collect a fee, and of a refund: states, typed events, and the tables of moves.

Every attempt has an identity of its own, and so has every debit: nothing is ever added up across attempts. An
unknown outcome is a state, never "not paid". A state that says no can still be followed by a debit, because the
payer's bank is slower than the platform's answer; a debit is never taken back by what comes after it.

`motcua payment graph` draws the tables.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import TypeVar

from domain.errors import NotAllowed


class Provider(StrEnum):
    """Who collects. The counter is one as well: its debits have identities of their own."""

    PLATFORM = "platform"  # the National Payment Platform
    VNPAY = "vnpay"
    COUNTER = "counter"


class Means(StrEnum):
    """How money was handed over at the counter."""

    CASH = "cash"
    TRANSFER = "transfer"  # into the unit's account, usually by its VietQR code
    CARD = "card"
    POST = "post"  # collected by the public post, entered from its list


class AttemptState(StrEnum):
    """Where one attempt stands."""

    ORDERED = "ordered"  # written down; the provider may not have heard of it yet
    OPENED = "opened"  # its page stands
    UNKNOWN = "unknown"  # asked, and nobody can say what became of it
    SUPERSEDED = "superseded"  # another was begun in its place; it may still be paid
    PAID = "paid"  # its debit is the fee
    SURPLUS = "surplus"  # it was debited, and its dossier could not use it
    FAILED = "failed"
    EXPIRED = "expired"


class AttemptEvent(StrEnum):
    """What can happen to one."""

    OPENED = "opened"
    UNCERTAIN = "uncertain"
    SUPERSEDED = "superseded"
    RECEIVED = "received"
    SURPLUS = "surplus"
    FAILED = "failed"
    EXPIRED = "expired"


class RefundState(StrEnum):
    """Where one refund stands."""

    ASKED = "asked"
    APPROVED = "approved"  # by whoever has to: above the threshold a second pair of eyes
    REFUNDED = "refunded"
    REFUSED = "refused"  # the provider's final no: an officer decides what comes next


class RefundEvent(StrEnum):
    """What can happen to one."""

    APPROVED = "approved"
    REFUNDED = "refunded"
    REFUSED = "refused"


class RefundPolicy(StrEnum):
    """When the fee itself goes back to whoever paid it; money that was never the fee always does."""

    BEFORE_APPRAISAL = "before_appraisal"  # on refusal or withdrawal, as long as no department has looked at the papers
    ON_REFUSAL = "on_refusal"  # on refusal at any time, never for a withdrawal
    NEVER = "never"


STRICTEST_FIRST = (RefundPolicy.NEVER, RefundPolicy.BEFORE_APPRAISAL, RefundPolicy.ON_REFUSAL)
"""A payment goes back whole or not at all, so of its fees' policies the first in this order decides."""


class Ground(StrEnum):
    """Why money goes back."""

    SECOND_SUCCESS = "second_success"  # the fee is paid already
    LATE_SUCCESS = "late_success"  # the dossier has come to an end, or owes nothing any more
    WRONG_AMOUNT = "wrong_amount"  # what was debited is not what was ordered
    REFUSED_BEFORE_APPRAISAL = "refused_before_appraisal"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    BY_OFFICER = "by_officer"


S = TypeVar("S", bound=StrEnum)
E = TypeVar("E", bound=StrEnum)

_A, _E, _R, _V = AttemptState, AttemptEvent, RefundState, RefundEvent
_DEBITS = {_E.RECEIVED: _A.PAID, _E.SURPLUS: _A.SURPLUS}
_ENDS = {_E.FAILED: _A.FAILED, _E.EXPIRED: _A.EXPIRED}
_OPEN = {**_DEBITS, **_ENDS, _E.SUPERSEDED: _A.SUPERSEDED, _E.UNCERTAIN: _A.UNKNOWN}

ATTEMPT_MOVES: Mapping[AttemptState, Mapping[AttemptEvent, AttemptState]] = {
    _A.ORDERED: {**_OPEN, _E.OPENED: _A.OPENED},
    _A.OPENED: _OPEN,
    _A.UNKNOWN: {**_OPEN, _E.OPENED: _A.OPENED},
    _A.SUPERSEDED: {**_DEBITS, **_ENDS},
    _A.FAILED: _DEBITS,
    _A.EXPIRED: _DEBITS,
    _A.PAID: {},
    _A.SURPLUS: {},
}
"""One attempt. A second debit of one that is paid is a surplus of its own: it does not move the attempt."""

REFUND_MOVES: Mapping[RefundState, Mapping[RefundEvent, RefundState]] = {
    _R.ASKED: {_V.APPROVED: _R.APPROVED, _V.REFUNDED: _R.REFUNDED, _V.REFUSED: _R.REFUSED},
    _R.APPROVED: {_V.REFUNDED: _R.REFUNDED, _V.REFUSED: _R.REFUSED},
    _R.REFUSED: {_V.APPROVED: _R.APPROVED},
    _R.REFUNDED: {},
}
"""One refund; up to the threshold it needs no approval."""

OPEN = frozenset({_A.ORDERED, _A.OPENED, _A.UNKNOWN, _A.SUPERSEDED})
"""States in which a provider is still to be asked."""


def after(state: AttemptState, event: AttemptEvent) -> AttemptState:
    """Return the state of an attempt after an event; one that changes nothing any more leaves it as it is."""
    return ATTEMPT_MOVES[state].get(event, state)


def after_refund(state: RefundState, event: RefundEvent) -> RefundState:
    """Return the state of a refund after an event, or refuse with `NotAllowed`."""
    moves = REFUND_MOVES[state]
    if event not in moves:
        raise NotAllowed(
            f"a refund that is {state} cannot be {event}",
            field="refund",
            remedy=f"possible now: {', '.join(moves) or 'nothing, the money is back'}",
        )
    return moves[event]


def receipt_series(unit: str, year: int) -> str:
    """Name the series of electronic receipts of a unit and year: its code, two figures of the year, E (electronic)."""
    return f"{unit}-{year % 100:02d}E"


def graph() -> str:
    """Draw both tables in the language of Graphviz; the states of a debit are boxes."""
    return "\n".join(
        [
            "digraph payment {",
            "  rankdir=LR; node [shape=ellipse]; paid, surplus, refunded [shape=box];",
            *(f"  {line};" for line in _edges("attempt", ATTEMPT_MOVES)),
            *(f"  {line};" for line in _edges("refund", REFUND_MOVES)),
            "}",
        ]
    )


def _edges(name: str, moves: Mapping[S, Mapping[E, S]]) -> Iterator[str]:
    prefix = "" if name == "attempt" else "refund_"
    for state, ways in moves.items():
        yield f'{prefix}{state} [label="{name}: {state}"]'
        for event, there in ways.items():
            yield f'{prefix}{state} -> {prefix}{there} [label="{event}"]'
