"""Owns what a procedure asks and how its work is divided: cases with terms, components, processes of stages.

A procedure has *two* limits where a decision shortens it, so it has two processes: steps are cut anew so that
they add up to the shortened term, never scaled one by one. A process is approved by a numbered decision
(TT 01/2018/TT-VPCP Art. 8).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from domain.clocks import Policy, StopReason
from domain.terms import Term
from domain.units import Level, Place

RECEIVING = "receiving"
"""The selector of the unit that received the dossier; `receiving/economy` is its division with that role."""


class Channel(StrEnum):
    """How a dossier was filed; judged at submission and never changed."""

    ONLINE = "online"
    COUNTER = "counter"
    POST = "post"


class ReturnMethod(StrEnum):
    """How the result reaches the applicant."""

    COUNTER = "counter"
    POST = "post"
    ONLINE = "online"


class OnlineLevel(StrEnum):
    """How far the province's decision takes a procedure online."""

    NONE = "none"
    PARTLY = "partly"
    WHOLLY = "wholly"


class FeeTiming(StrEnum):
    """When the fee is collected: before acceptance, with the supplement, before the result, or there is none.

    One at the supplement that nobody asked for is collected before the result is handed over.
    """

    AT_RECEIPT = "at_receipt"
    AT_SUPPLEMENT = "at_supplement"
    BEFORE_RETURN = "before_return"
    NONE = "none"


class TermKind(StrEnum):
    """Which of the two limits a process is cut for."""

    STATUTORY = "statutory"
    PROMISED = "promised"


class StepKind(StrEnum):
    """What is done in a step, and so which act finishes it."""

    RECEIVE = "receive"  # at the one-stop, finished by `forward`
    APPRAISE = "appraise"  # finished by `propose`
    CONSULT = "consult"  # another office's opinion, finished by `propose`
    SIGN = "sign"  # finished by `approve`


@dataclass(frozen=True)
class Component:
    """A paper of the dossier. Nothing outside this list may be asked for (Decree 61/2018 Art. 4, 5)."""

    code: str
    name: str
    originals: int = 1
    copies: int = 0
    required: bool = True


@dataclass(frozen=True)
class Case:
    """A variant of a procedure with its own statutory term; a procedure's first case is the usual one.

    `place` is the kind of commune it is for, None where the place decides nothing.
    """

    key: str
    name: str
    term: Term
    basis: str
    certain: bool = True
    note: str = ""
    place: Place | None = None


@dataclass(frozen=True)
class Step:
    """One office's piece of work; `share` is counted in the unit of the case's term. `unit` is a selector."""

    code: str
    name: str
    kind: StepKind
    unit: str
    share: Decimal


@dataclass(frozen=True)
class Stage:
    """Steps done side by side: the longest of them counts, and the next stage waits for all."""

    steps: tuple[Step, ...]

    @property
    def share(self) -> Decimal:
        """How much of the term the stage takes."""
        return max((step.share for step in self.steps), default=Decimal(0))


@dataclass(frozen=True)
class Process:
    """The approved division of one case's term, statutory or promised, among the offices."""

    code: str
    procedure: str
    case: str
    kind: TermKind
    decision: str
    stages: tuple[Stage, ...]
    valid_from: date
    valid_to: date | None = None
    certain: bool = True
    note: str = ""
    version: str = ""

    @property
    def total(self) -> Decimal:
        """What the stages add up to, in the unit of the term."""
        return sum((stage.share for stage in self.stages), Decimal(0))


@dataclass(frozen=True)
class Procedure:
    """A public procedure during one stretch of its life.

    `receives` lists who may take a dossier in: unit codes, or `role:<unit role>`. `lead` selects the office
    that resolves it, on whose calendar its term runs. `acceptance` is the time in which an online filing is
    answered, on the receiving unit's calendar. `supplement_days`, `payment_days` and `collection_days` are calendar
    days: for papers, for the fee at receipt, and until somebody is reminded to fetch the result. `stops` are the
    reasons for which its own law lets the clock stand still, beside a financial duty.
    """

    code: str
    name: str
    sector: str
    level: Level
    cases: tuple[Case, ...]
    acceptance: Term
    supplement_policy: Policy
    supplement_days: int
    fee_timing: FeeTiming
    receives: tuple[str, ...]
    lead: str
    channels: tuple[Channel, ...]
    return_methods: tuple[ReturnMethod, ...]
    online_level: OnlineLevel
    components: tuple[Component, ...]
    basis: str
    valid_from: date
    valid_to: date | None = None
    fees: tuple[str, ...] = ()
    stops: tuple[StopReason, ...] = ()
    payment_days: int = 10
    collection_days: int = 30
    certain: bool = True
    note: str = ""
    version: str = ""
