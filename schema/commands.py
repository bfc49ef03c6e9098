"""The facts that each command carries, typed; free text travels apart and is sealed before the engine sees it."""

from __future__ import annotations

from typing import Annotated, Literal, TypeVar

from pydantic import AfterValidator, AwareDatetime, ConfigDict, Field, model_validator

from domain.dossier import Act
from domain.fees import MOST_ASKED
from schema.messages import Code, Command, Message

ReturnMethod = Literal["counter", "post", "online"]


class Facts(Message):
    """The facts of an act; an unknown field is refused, so that a typing error is not silently dropped."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def _no_person(number: str) -> str:
    """A paper has a number, and it is no number of a person's identity (nine or twelve figures)."""
    figures = sum(each.isdigit() for each in number)
    if figures == 0 or (figures == len(number) and figures in (9, 12)) or any(each.islower() for each in number):
        raise ValueError("give the number of the paper in capitals and figures, '-' for '/', and no person")
    return number


PaperNumber = Annotated[Code, AfterValidator(_no_person)]
"""The number of a notice, a slip, a list: it stands in the log, so it may name nobody."""


class SupplementFacts(Facts):
    """Which components are asked for, or handed in."""

    components: tuple[Code, ...] = Field(min_length=1, max_length=100)


class PayFacts(Facts):
    """Money taken at the counter: the whole amount owed, in đồng."""

    amount: Annotated[int, Field(gt=0, strict=True)]
    means: Literal["cash", "transfer", "card", "post"]
    document: PaperNumber | None = None
    """Number of the card slip, the transfer, the list of the post; one may stand for several dossiers."""


class ProviderFacts(Facts):
    """Where the payer wants to pay instead."""

    provider: Literal["platform", "vnpay"]


class ProposeFacts(Facts):
    """The opinion of the unit that was given a step."""

    step: Code
    outcome: Literal["agree", "disagree"] = "agree"


StopReason = Literal["land_work", "force_majeure"]
"""Why an office may let the clock stand still; the duty of the applicant has an act of its own."""


class SuspendFacts(Facts):
    """Why the clock stands still: one of the typed reasons of `domain.stops`."""

    cause: StopReason


class DutyFacts(Facts):
    """The financial duty that the applicant has to pay elsewhere: the tax office's notice and its amount, in đồng.

    The amount stands as it is: never cut, exempted, collected or given back here.
    """

    notice: PaperNumber | None = None
    amount: Annotated[int, Field(gt=0, le=MOST_ASKED, strict=True)] | None = None

    @model_validator(mode="after")
    def _of_a_notice(self) -> DutyFacts:
        if self.amount is not None and self.notice is None:
            raise ValueError("an amount needs the number of the notice that says it")
        return self


class ResumeFacts(Facts):
    """What proves that the duty was paid: the number of the slip, or of the tax office's message."""

    proof: PaperNumber | None = None


Cause = Literal["workload", "consultation", "site_visit", "natural_disaster", "system_failure", "other"]


class LateFacts(Facts):
    """What makes the office late: a cause out of a fixed list, the story of it is sealed."""

    cause: Cause


class ApologyFacts(LateFacts):
    """Form 04: the cause, and the new appointment that the head of the office signs."""

    appointment: AwareDatetime


class ReturnFacts(Facts):
    """The way by which the result leaves."""

    method: ReturnMethod


FACTS: dict[Act, type[Facts]] = {
    Act.ACCEPT: Facts,
    Act.REQUEST_SUPPLEMENT: SupplementFacts,
    Act.SUPPLEMENT: SupplementFacts,
    Act.REFUSE: Facts,
    Act.PAY: PayFacts,
    Act.WAIVE: Facts,
    Act.CHOOSE_PROVIDER: ProviderFacts,
    Act.FORWARD: Facts,
    Act.PROPOSE: ProposeFacts,
    Act.REQUIRE_DUTY: DutyFacts,
    Act.SUSPEND: SuspendFacts,
    Act.RESUME: ResumeFacts,
    Act.ANSWER_IN_TIME: Facts,
    Act.ANSWER_LATE: LateFacts,
    Act.SIGN_APOLOGY: ApologyFacts,
    Act.MOVE_APPOINTMENT: Facts,
    Act.APPROVE: Facts,
    Act.WITHDRAW: Facts,
    Act.STOP: Facts,
    Act.RETURN: ReturnFacts,
}


F = TypeVar("F", bound=Facts)


def facts_of(command: Command, kind: type[F]) -> F:
    """Read a command's data as the model of its act; the gateway has validated it before."""
    return kind.model_validate(command.data)
