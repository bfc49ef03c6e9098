"""The states of a dossier, the acts that move it, and the national code the outside world sees.

One column cannot hold a dossier, so there are four, each with its own table of moves:

    business         what the administration is doing        submitted → … → resolved, refused or stopped
    finance          what is owed and what has been paid     nothing_due, or owed → ordered → paid, or waived
    delivery         where the result is                     not_ready → ready → returned
    synchronisation  whether the published code is known outside

A dossier's life (business):

    submitted ⇄ incomplete            asked for papers before acceptance: no processing clock has started
        │  ╲
        │   complete                  complete, but the fee at receipt is not paid yet
        ▼  ╱
    accepted → processing ⇄ supplementing
                   │ ⇅
                   │ awaiting_duty, suspended    the clock stands still for a typed legal reason
        ┌──────────┼───────────┐      withdrawing (from any open state) → stopped
        ▼          ▼           ▼
    resolved    refused     stopped   then the result, or the papers, are returned

Source: the ten national status codes and their transitions (law.md 2.1, 2.2).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from domain.errors import NotAllowed


class Business(StrEnum):
    """What the administration is doing with the dossier."""

    SUBMITTED = "submitted"
    INCOMPLETE = "incomplete"
    COMPLETE = "complete"
    NOT_ACCEPTED = "not_accepted"
    ACCEPTED = "accepted"
    PROCESSING = "processing"
    SUPPLEMENTING = "supplementing"
    AWAITING_DUTY = "awaiting_duty"
    SUSPENDED = "suspended"
    WITHDRAWING = "withdrawing"
    RESOLVED = "resolved"
    REFUSED = "refused"
    STOPPED = "stopped"


class Finance(StrEnum):
    """What is owed. An order whose outcome is not known yet is `ordered`, never "not paid"."""

    NOTHING_DUE = "nothing_due"
    OWED = "owed"
    ORDERED = "ordered"
    PAID = "paid"
    WAIVED = "waived"  # an officer let it go, with reason and legal basis


class Delivery(StrEnum):
    """Where the result, or the papers to give back, are."""

    NOT_READY = "not_ready"
    READY = "ready"
    RETURNED = "returned"


class Synchronisation(StrEnum):
    """Whether the outside world has been told the present national code."""

    UNPUBLISHED = "unpublished"
    DUE = "due"
    PUBLISHED = "published"


class Act(StrEnum):
    """Orders that move a dossier: people's commands, and the engine's own (marked)."""

    FIND_COMPLETE = "find_complete"  # engine: `accept` while a fee at receipt is owed
    ACCEPT = "accept"
    REQUEST_SUPPLEMENT = "request_supplement"
    SUPPLEMENT = "supplement"
    REFUSE = "refuse"
    FORWARD = "forward"
    PROPOSE = "propose"
    REQUIRE_DUTY = "require_duty"  # taxes or levies on land, which the applicant pays elsewhere
    SUSPEND = "suspend"  # for another typed reason that the law lets stop the clock
    RESUME = "resume"
    ANSWER_IN_TIME = "answer_in_time"  # kịp: the office will keep the appointment
    ANSWER_LATE = "answer_late"  # không kịp: it will not, which opens form 04
    SIGN_APOLOGY = "sign_apology"  # form 04, by the head
    MOVE_APPOINTMENT = "move_appointment"  # by the one-stop, once form 04 is signed
    APPROVE = "approve"
    WITHDRAW = "withdraw"
    STOP = "stop"
    RETURN = "return"
    PAY = "pay"
    WAIVE = "waive"  # the fee is not asked any more
    CHOOSE_PROVIDER = "choose_provider"  # the payer wants to pay elsewhere: a new order in place of the open one
    ORDER = "order"  # engine: an order at the payment platform
    SETTLE = "settle"  # engine: the platform says that the order was paid
    FAIL = "fail"  # engine: the platform says that the order came to nothing
    PUBLISH = "publish"


ENGINES_OWN = frozenset({Act.FIND_COMPLETE, Act.ORDER, Act.SETTLE, Act.FAIL, Act.PUBLISH})
"""Acts that nobody outside can order."""


@dataclass(frozen=True)
class State:
    """The four columns of one dossier."""

    business: Business = Business.SUBMITTED
    finance: Finance = Finance.NOTHING_DUE
    delivery: Delivery = Delivery.NOT_READY
    synchronisation: Synchronisation = Synchronisation.DUE


_B, _F, _D, _S = Business, Finance, Delivery, Synchronisation

BUSINESS_MOVES: dict[tuple[Business, Act], Business] = {
    (_B.SUBMITTED, Act.FIND_COMPLETE): _B.COMPLETE,
    (_B.SUBMITTED, Act.ACCEPT): _B.ACCEPTED,
    (_B.SUBMITTED, Act.REQUEST_SUPPLEMENT): _B.INCOMPLETE,
    (_B.SUBMITTED, Act.REFUSE): _B.NOT_ACCEPTED,
    (_B.SUBMITTED, Act.WITHDRAW): _B.WITHDRAWING,
    (_B.INCOMPLETE, Act.SUPPLEMENT): _B.SUBMITTED,
    (_B.INCOMPLETE, Act.REFUSE): _B.NOT_ACCEPTED,
    (_B.INCOMPLETE, Act.WITHDRAW): _B.WITHDRAWING,
    (_B.COMPLETE, Act.ACCEPT): _B.ACCEPTED,
    (_B.COMPLETE, Act.REFUSE): _B.NOT_ACCEPTED,
    (_B.COMPLETE, Act.WITHDRAW): _B.WITHDRAWING,
    (_B.ACCEPTED, Act.FORWARD): _B.PROCESSING,
    (_B.ACCEPTED, Act.WITHDRAW): _B.WITHDRAWING,
    (_B.PROCESSING, Act.PROPOSE): _B.PROCESSING,
    (_B.PROCESSING, Act.REQUEST_SUPPLEMENT): _B.SUPPLEMENTING,
    (_B.PROCESSING, Act.REQUIRE_DUTY): _B.AWAITING_DUTY,
    (_B.PROCESSING, Act.SUSPEND): _B.SUSPENDED,
    (_B.AWAITING_DUTY, Act.RESUME): _B.PROCESSING,
    (_B.AWAITING_DUTY, Act.WITHDRAW): _B.WITHDRAWING,
    (_B.AWAITING_DUTY, Act.STOP): _B.STOPPED,
    (_B.SUSPENDED, Act.RESUME): _B.PROCESSING,
    (_B.SUSPENDED, Act.WITHDRAW): _B.WITHDRAWING,
    (_B.SUSPENDED, Act.STOP): _B.STOPPED,
    **{
        (state, act): state
        for state in (_B.ACCEPTED, _B.PROCESSING)
        for act in (Act.ANSWER_IN_TIME, Act.ANSWER_LATE, Act.SIGN_APOLOGY, Act.MOVE_APPOINTMENT)
    },
    (_B.PROCESSING, Act.APPROVE): _B.RESOLVED,
    (_B.PROCESSING, Act.REFUSE): _B.REFUSED,
    (_B.PROCESSING, Act.STOP): _B.STOPPED,
    (_B.PROCESSING, Act.WITHDRAW): _B.WITHDRAWING,
    (_B.SUPPLEMENTING, Act.SUPPLEMENT): _B.PROCESSING,
    (_B.SUPPLEMENTING, Act.REFUSE): _B.REFUSED,
    (_B.SUPPLEMENTING, Act.STOP): _B.STOPPED,
    (_B.SUPPLEMENTING, Act.WITHDRAW): _B.WITHDRAWING,
    (_B.WITHDRAWING, Act.STOP): _B.STOPPED,
}

FINANCE_MOVES: dict[tuple[Finance, Act], Finance] = {
    (_F.OWED, Act.PAY): _F.PAID,
    (
        _F.ORDERED,
        Act.PAY,
    ): _F.PAID,  # in cash after all; the order that is open may still be paid, and is then a surplus
    **{(state, Act.WAIVE): _F.WAIVED for state in (_F.OWED, _F.ORDERED)},
    **{(state, Act.CHOOSE_PROVIDER): _F.ORDERED for state in (_F.OWED, _F.ORDERED)},
    (_F.OWED, Act.ORDER): _F.ORDERED,
    (_F.OWED, Act.SETTLE): _F.PAID,  # a success that came after its order was given up
    (_F.ORDERED, Act.SETTLE): _F.PAID,
    (_F.ORDERED, Act.FAIL): _F.OWED,
}

DELIVERY_MOVES: dict[tuple[Delivery, Act], Delivery] = {
    (_D.NOT_READY, Act.APPROVE): _D.READY,
    (_D.NOT_READY, Act.REFUSE): _D.READY,
    (_D.NOT_READY, Act.STOP): _D.READY,
    (_D.READY, Act.RETURN): _D.RETURNED,
}

SYNCHRONISATION_MOVES: dict[tuple[Synchronisation, Act], Synchronisation] = {
    (_S.DUE, Act.PUBLISH): _S.PUBLISHED,
}

MOVES: dict[str, Mapping[tuple[Any, Act], StrEnum]] = {
    "business": BUSINESS_MOVES,
    "finance": FINANCE_MOVES,
    "delivery": DELIVERY_MOVES,
    "synchronisation": SYNCHRONISATION_MOVES,
}

_COLUMNS: dict[Act, tuple[str, ...]] = {
    act: tuple(name for name, moves in MOVES.items() if any(known is act for _, known in moves)) for act in Act
}
"""The columns that know an act."""

DECIDED = frozenset({_B.RESOLVED, _B.REFUSED, _B.STOPPED})
GIVEN_UP = frozenset({_B.NOT_ACCEPTED, _B.WITHDRAWING, _B.REFUSED, _B.STOPPED})


def may(state: State, act: Act) -> bool:
    """Say whether the act fits: every column that knows the act must have a move for it from here."""
    return all((getattr(state, name), act) in MOVES[name] for name in _COLUMNS[act])


def after(state: State, act: Act) -> State:
    """Return the state after the act, or refuse with `NotAllowed`; nothing else ever changes a state.

    A change of the national code makes the synchronisation `due` again.
    """
    if not may(state, act):
        raise NotAllowed(
            f"'{act}' does not fit a dossier that is {state.business} ({state.finance}, {state.delivery})",
            field="name",
            remedy=what_fits(state),
        )
    changes: dict[str, Any] = {column: MOVES[column][getattr(state, column), act] for column in _COLUMNS[act]}
    moved = replace(state, **changes)
    if national_code(moved) != national_code(state):
        moved = replace(moved, synchronisation=_S.DUE)
    return moved


def possible(state: State) -> tuple[str, ...]:
    """List the acts that people may order now, in the order of their declaration."""
    return tuple(str(act) for act in Act if act not in ENGINES_OWN and may(state, act))


def what_fits(state: State) -> str:
    """Word the remedy of an act that does not fit."""
    return f"possible now: {', '.join(possible(state)) or 'nothing, the dossier is closed'}"


def is_closed(state: State) -> bool:
    """Say whether the story is over: not accepted at the door, or the result handed over."""
    return state.business is _B.NOT_ACCEPTED or state.delivery is _D.RETURNED


_CODES: dict[Business, int] = {
    _B.SUBMITTED: 1,
    _B.INCOMPLETE: 5,
    _B.COMPLETE: 1,
    _B.NOT_ACCEPTED: 3,
    _B.ACCEPTED: 2,
    _B.PROCESSING: 4,
    _B.SUPPLEMENTING: 5,
    _B.AWAITING_DUTY: 6,
    _B.SUSPENDED: 4,
    _B.WITHDRAWING: 7,
    _B.RESOLVED: 9,
    _B.REFUSED: 8,
    _B.STOPPED: 8,
}

NATIONAL_NAMES: dict[int, str] = {
    1: "Mới đăng ký",
    2: "Được tiếp nhận",
    3: "Không được tiếp nhận",
    4: "Đang xử lý",
    5: "Yêu cầu bổ sung giấy tờ",
    6: "Yêu cầu thực hiện nghĩa vụ tài chính",
    7: "Công dân yêu cầu rút hồ sơ",
    8: "Dừng xử lý",
    9: "Đã xử lý xong",
    10: "Đã trả kết quả",
}


def national_code(state: State) -> int:
    """Project the four columns to the national status code, 1 to 10 (law.md 2.1).

    6 (financial obligation) shows where the money is what the dossier waits for: a fee at receipt, taxes on land.
    10 (returned) is for a result; a refused or stopped dossier stays 8 after its papers are given back.
    """
    if state.business is _B.COMPLETE and state.finance in (_F.OWED, _F.ORDERED):
        return 6
    if state.business is _B.RESOLVED and state.delivery is _D.RETURNED:
        return 10
    return _CODES[state.business]
