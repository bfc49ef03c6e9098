"""Owns the faults that an order may meet: what each does, with which numbers, and how a seeded plan draws them.

What is drawn depends on the plan and the order's reference alone, not on when the order arrives or what came before
it, and the rate of one fault does not change what is drawn for another.
"""

from __future__ import annotations

from random import Random
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Seconds = Annotated[float, Field(ge=0, le=86_400)]
Times = Annotated[int, Field(ge=1, le=100)]
Rate = Annotated[float, Field(ge=0, le=1)]
Point = Literal["init", "query", "refund"]
POINTS: tuple[Point, ...] = ("init", "query", "refund")


class Fault(BaseModel):
    """One thing that goes wrong with one order; the numbers have defaults for a choice by hand."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @classmethod
    def numbers(cls, random: Random) -> dict[str, Any]:
        """The numbers that a plan draws instead of the defaults; always as many draws."""
        return {}


class TimeoutAfterDebit(Fault):
    """Debited; for `seconds` no call-back, and QUERY is answered 503, or if `slow` only when they are over."""

    seconds: Seconds = 3.0
    slow: bool = False

    @classmethod
    def numbers(cls, random: Random) -> dict[str, Any]:
        return {"seconds": random.uniform(1, 6), "slow": random.random() < 0.5}


class LateSuccessAfterExpiry(Fault):
    """The payer presses in time, but is debited `seconds` after the order expired; `early`: it expires at the press."""

    seconds: Seconds = 1.0
    early: bool = False

    @classmethod
    def numbers(cls, random: Random) -> dict[str, Any]:
        return {"seconds": random.uniform(0.5, 5)}


class LateSuccessAfterCancel(Fault):
    """The payer presses, a failure is told, and `seconds` later the payer is debited all the same."""

    seconds: Seconds = 1.0

    @classmethod
    def numbers(cls, random: Random) -> dict[str, Any]:
        return {"seconds": random.uniform(0.5, 5)}


class DuplicateCallback(Fault):
    """The same call-back `times` over, `seconds` apart, whatever the merchant answers."""

    times: Times = 2
    seconds: Seconds = 0.0

    @classmethod
    def numbers(cls, random: Random) -> dict[str, Any]:
        return {"times": random.randint(2, 4), "seconds": random.choice((0.0, 0.5, 2.0))}


class ReorderedCallbacks(Fault):
    """When the merchant has taken the success, a call-back comes that says the payment failed."""


class CallbackBeforeAnswer(Fault):
    """The payer pays and is told of before INIT (VNPAY: the page) is answered; waits at most `seconds` for it."""

    seconds: Seconds = 5.0


class NoCallback(Fault):
    """Nobody is ever told; only QUERY knows."""


class WrongAmount(Fault):
    """The call-back tells `offset` đồng more than was debited; with `debit` the payer is really debited so."""

    offset: int = Field(1_000, ge=-1_000_000, le=1_000_000)
    debit: bool = False

    @classmethod
    def numbers(cls, random: Random) -> dict[str, Any]:
        return {"offset": random.choice((-1_000, -1, 1, 1_000))}


class BadSignature(Fault):
    """The first `times` attempts of each call-back are wrongly signed; then a right one, or if `final` none."""

    times: Times = 2
    final: bool = False

    @classmethod
    def numbers(cls, random: Random) -> dict[str, Any]:
        return {"times": random.randint(1, 3), "final": random.random() < 0.25}


class Error500(Fault):
    """The first `times` answers at each point of `on` are 500, after the thing itself if `done`."""

    times: Times = 1
    done: bool = False
    on: tuple[Point, ...] = POINTS

    @classmethod
    def numbers(cls, random: Random) -> dict[str, Any]:
        on = random.sample(POINTS, random.randint(1, len(POINTS)))
        return {"times": random.randint(1, 3), "done": random.random() < 0.5, "on": tuple(sorted(on))}


class RefundRefused(Fault):
    """The first `times` refunds of the order are refused with a final code; all of them if `final`."""

    times: Times = 1
    final: bool = False

    @classmethod
    def numbers(cls, random: Random) -> dict[str, Any]:
        return {"times": random.randint(1, 2)}


class RefundSlow(Fault):
    """A refund stays in progress for `seconds`, which QUERY tells; a refused one is refused only then."""

    seconds: Seconds = 3.0

    @classmethod
    def numbers(cls, random: Random) -> dict[str, Any]:
        return {"seconds": random.uniform(1, 10)}


class OrderFaults(BaseModel):
    """What goes wrong with one order."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    timeout_after_debit: TimeoutAfterDebit | None = None
    late_success_after_expiry: LateSuccessAfterExpiry | None = None
    late_success_after_cancel: LateSuccessAfterCancel | None = None
    duplicate_callback: DuplicateCallback | None = None
    reordered_callbacks: ReorderedCallbacks | None = None
    callback_before_answer: CallbackBeforeAnswer | None = None
    no_callback: NoCallback | None = None
    wrong_amount: WrongAmount | None = None
    bad_signature: BadSignature | None = None
    error_500: Error500 | None = None
    refund_refused: RefundRefused | None = None
    refund_slow: RefundSlow | None = None

    @property
    def kinds(self) -> list[str]:
        """The names of those that are set."""
        return sorted(self.model_dump(exclude_none=True))


KINDS: dict[str, type[Fault]] = {
    "timeout_after_debit": TimeoutAfterDebit,
    "late_success_after_expiry": LateSuccessAfterExpiry,
    "late_success_after_cancel": LateSuccessAfterCancel,
    "duplicate_callback": DuplicateCallback,
    "reordered_callbacks": ReorderedCallbacks,
    "callback_before_answer": CallbackBeforeAnswer,
    "no_callback": NoCallback,
    "wrong_amount": WrongAmount,
    "bad_signature": BadSignature,
    "error_500": Error500,
    "refund_refused": RefundRefused,
    "refund_slow": RefundSlow,
}


class Plan(BaseModel):
    """How often each fault strikes; `options` fixes numbers that would be drawn or are defaults."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    seed: int | str
    rates: dict[str, Rate] = {}
    options: dict[str, dict[str, Any]] = {}

    @model_validator(mode="after")
    def _known(self) -> Self:
        unknown = sorted({*self.rates, *self.options} - {*KINDS})
        if unknown:
            raise ValueError(f"no such fault: {', '.join(unknown)}")
        OrderFaults.model_validate(self.options)
        return self

    def draw(self, reference: str) -> OrderFaults:
        """What goes wrong with the order of that reference."""
        random = Random(f"{self.seed}/{reference}")  # noqa: S311  (it has to be repeatable, not secret)
        drawn: dict[str, dict[str, Any]] = {}
        for kind, fault in KINDS.items():
            strikes, numbers = random.random() < self.rates.get(kind, 0.0), fault.numbers(random)
            if strikes:
                drawn[kind] = numbers | self.options.get(kind, {})
        return OrderFaults.model_validate(drawn)
