"""Judges a command against a case: may this person do this now? Pure, so that it can be asked twice.

It is asked in the validator, where a refusal leaves nothing behind, and again under the lock, because the
case may have moved in between.
"""

from __future__ import annotations

from collections.abc import Callable

from domain.dossier import Act, Business, Finance, may
from domain.dossier import possible as in_state
from domain.duties import NEEDS_REASON, Role, at_unit, may_do
from domain.errors import AlreadyMoved, Forbidden, Invalid, NotAllowed
from domain.milestones import ClockKind
from schema.case import AT_RECEIPT, AT_SUPPLEMENT, Case
from schema.commands import PayFacts, ProposeFacts, ProviderFacts, ReturnFacts, facts_of
from schema.messages import Command
from schema.refunds import Approval, StartRefund


def judge(case: Case, command: Command) -> None:
    """Pass, or refuse with the `DomainError` that names field and remedy."""
    act = act_of(case, command)
    may_do(command.name, command.actor.role)
    _version(case, command)
    _instant(case, command)
    if not may(case.state, act):
        raise NotAllowed(
            f"'{command.name}' does not fit a dossier that is {case.state.business} ({case.state.finance})",
            field="name",
            remedy=f"possible now: {', '.join(possible(case)) or 'nothing, the dossier is closed'}",
        )
    _unit(case, command)
    _text(command)
    _CHECKS.get(command.name, _nothing)(case, command)


def possible(case: Case) -> tuple[str, ...]:
    """List the acts that people may order now: those that fit the state, and whose turn it is."""
    return tuple(act for act in in_state(case.state) if _TURN.get(Act(act), _always)(case))


def act_of(case: Case, command: Command) -> Act:
    """Name the act that a command comes to: `accept` only finds complete while a fee at receipt is owed."""
    if command.name is Act.ACCEPT and case.owes and case.fee_timing == AT_RECEIPT:
        return Act.FIND_COMPLETE
    return command.name


def judge_approval(start: StartRefund, approval: Approval, *, waits: bool) -> None:
    """Whether this officer may let a refund go: a leader, and never whoever asked for it (four eyes)."""
    if approval.actor.role not in (Role.LEADER, Role.CLERK) or (
        approval.actor.role is Role.CLERK and start.report.provider != "counter"
    ):
        raise Forbidden(
            f"a person acting as '{approval.actor.role}' may not approve this refund",
            field="actor.role",
            remedy="a leader approves; money of the counter is handed over by a clerk or leader",
        )
    if approval.actor.officer is None:
        raise Invalid("nobody is named who approves", field="actor.officer", remedy="name the officer")
    if start.asked_by is not None and start.asked_by.officer == approval.actor.officer:
        raise Forbidden(
            "whoever asks for a refund may not approve it",
            field="actor.officer",
            remedy="let another officer approve (four eyes)",
        )
    if not waits:
        raise NotAllowed(
            "this refund does not wait for an approval",
            field="name",
            remedy="look at the dossier: it is under way, or the money is back",
        )


def _version(case: Case, command: Command) -> None:
    if command.expected_version not in (None, case.sequence):
        raise NotAllowed(
            f"the dossier is at version {case.sequence}, not {command.expected_version}",
            field="expected_version",
            remedy="read the dossier again and decide on what it says now",
        )


def _instant(case: Case, command: Command) -> None:
    if command.late and command.occurred_at < case.last_instant:
        raise NotAllowed(
            f"the instant given lies before the dossier's last event of {case.last_instant.isoformat()}",
            field="occurred_at",
            remedy="enter what happened in its order, at that instant or later",
        )


def _unit(case: Case, command: Command) -> None:
    role, unit = command.actor.role, command.actor.unit
    if role in (Role.OFFICER, Role.LEADER):
        holding = frozenset(step.unit for step in case.open_steps()) or _all(case)
        at_unit(command.name, unit, holding | (_signing(case) if command.name is Act.SIGN_APOLOGY else frozenset()))
    elif role is Role.CLERK or unit is not None:  # an applicant acts for no unit
        at_unit(command.name, unit, frozenset({case.unit}))


def _all(case: Case) -> frozenset[str]:
    """Outside a stage (waiting for the applicant, withdrawing) any unit of the review may act."""
    return frozenset(step.unit for stage in case.stages for step in stage) or frozenset({case.unit})


def _signing(case: Case) -> frozenset[str]:
    """The office that signs the result answers for the appointment too, whoever is consulted meanwhile."""
    return frozenset(step.unit for stage in case.stages for step in stage if step.kind == "sign")


def _text(command: Command) -> None:
    if command.name in NEEDS_REASON and command.sealed is None:
        raise Invalid(f"'{command.name}' needs a reason", field="reason", remedy="say why, in 'reason'")


def _nothing(case: Case, command: Command) -> None:
    return


def _request_supplement(case: Case, command: Command) -> None:
    if case.supplements if case.is_accepted else case.supplements_at_receipt:
        raise NotAllowed(
            "a supplement was already asked for once, and the law allows one complete request",
            field="name",
            remedy="decide on the papers at hand, or refuse with a reason (NĐ 61/2018 Art. 11(2c), 15(3))",
        )
    if case.is_accepted and command.actor.role is not Role.OFFICER:
        raise Forbidden(
            "after acceptance it is the appraising department that asks for papers",
            field="actor.role",
            remedy="send the command for an officer of the unit whose step is open",
        )


def _pay(case: Case, command: Command) -> None:
    paid = facts_of(command, PayFacts).amount
    if paid != case.fee_total:
        raise Invalid(
            f"{paid} đồng were paid, but {case.fee_total} đồng are owed",
            field="data.amount",
            remedy="take exactly the amount owed",
        )
    if case.state.finance is Finance.OWED and case.fee_timing == AT_RECEIPT:
        _once_complete(case)


def _waive(case: Case, command: Command) -> None:
    if not case.expects_payment:
        raise NotAllowed(
            "the dossier was given up, so nothing is asked any more",
            field="name",
            remedy="nothing is left to waive",
        )
    if case.fee_timing == AT_RECEIPT:
        _once_complete(case)


def _choose_provider(case: Case, command: Command) -> None:
    if not case.collects(case.fee_timing):
        raise NotAllowed(
            "the fee is not being collected now",
            field="name",
            remedy="pay once the dossier waits for its fee",
        )
    chosen = facts_of(command, ProviderFacts).provider
    if case.payment is not None and case.payment.provider == chosen and case.state.finance is Finance.ORDERED:
        raise NotAllowed(
            f"an order at '{chosen}' is open already",
            field="data.provider",
            remedy="pay on its page, or choose another provider",
        )


def _supplement(case: Case, command: Command) -> None:
    if case.collects(AT_SUPPLEMENT) and case.is_accepted:
        raise NotAllowed(
            f"{case.fee_total} đồng are owed with the supplement",
            field="name",
            remedy="collect the fee first ('pay', or the payment platform)",
        )


def _once_complete(case: Case) -> None:
    if case.state.business is not Business.COMPLETE:
        raise NotAllowed(
            "the fee is asked once the papers are found complete",
            field="name",
            remedy="accept the dossier first; it waits for the fee before its clock starts",
        )


def _answer_in_time(case: Case, command: Command) -> None:
    if case.apology == "asked" and _is_late(case):
        raise NotAllowed(
            "the appointment has passed, so nothing can be in time any more",
            field="name",
            remedy="finish the dossier, or answer with 'answer_late' for form 04, which is marked as after the breach",
        )
    if case.apology != "asked":
        raise NotAllowed(
            "nobody has asked whether the dossier will be in time, or the answer was given",
            field="name",
            remedy="finish the step; the question comes before the appointment",
        )


def _answer_late(case: Case, command: Command) -> None:
    if case.apology == "moved":
        raise AlreadyMoved(
            "the appointment was moved once, and the law allows no second time",
            field="name",
            remedy="finish the dossier; the one-stop has been told (NĐ 61/2018 Art. 19(9))",
        )
    if case.apology == "signed":
        raise NotAllowed(
            "form 04 is signed already",
            field="name",
            remedy="the one-stop sets the new appointment with 'move_appointment'",
        )


def _sign_apology(case: Case, command: Command) -> None:
    _answer_late(case, command)
    if case.apology != "late":
        raise NotAllowed(
            "the office has not said that it will be late",
            field="name",
            remedy="answer first with 'answer_late'; then the head signs",
        )


def _move_appointment(case: Case, command: Command) -> None:
    if case.apology != "signed":
        raise NotAllowed(
            "there is no signed form 04 to set an appointment from",
            field="name",
            remedy="the head of the office signs first, with 'sign_apology'",
        )


def _propose(case: Case, command: Command) -> None:
    facts = facts_of(command, ProposeFacts)
    step = next((s for s in case.open_steps() if s.code == facts.step and s.kind != "sign"), None)
    if step is None:
        open_now = [s.code for s in case.open_steps() if s.kind != "sign"]
        raise NotAllowed(
            "this step is not waiting for a proposal",
            field="data.step",
            remedy=f"open now: {', '.join(open_now) or 'none; the dossier waits for approval'}",
        )
    at_unit(command.name, command.actor.unit, frozenset({step.unit}))


def _approve(case: Case, command: Command) -> None:
    if not any(step.kind == "sign" for step in case.open_steps()):
        raise NotAllowed(
            "the dossier is not before the signer yet",
            field="name",
            remedy=f"still open: {', '.join(step.code for step in case.open_steps()) or 'nothing'}",
        )


def _stop(case: Case, command: Command) -> None:
    if command.actor.role is Role.CLERK and case.state.business is not Business.WITHDRAWING:
        raise Forbidden(
            "the one-stop closes only what the applicant withdrew",
            field="actor.role",
            remedy="a stop on the merits is for the department: send it for an officer or leader of its unit",
        )


def _return(case: Case, command: Command) -> None:
    if case.expects_payment:
        raise NotAllowed(
            f"{case.fee_total} đồng are still owed, and the result is not handed over before they are paid",
            field="name",
            remedy="collect the fee first ('pay', or the payment platform)",
        )
    method = facts_of(command, ReturnFacts).method
    if case.return_method == "online" and method != "online":
        raise Invalid(
            "this dossier was filed for online return",
            field="data.method",
            remedy="return it online",
        )


def _is_late(case: Case) -> bool:
    promised = case.clock(ClockKind.PROMISED)
    return promised is not None and promised.breached


def _always(case: Case) -> bool:
    return True


def _pays_now(case: Case) -> bool:
    return case.fee_timing != AT_RECEIPT or case.state.business is Business.COMPLETE


_TURN: dict[Act, Callable[[Case], bool]] = {
    Act.PAY: _pays_now,
    Act.WAIVE: lambda case: case.expects_payment and _pays_now(case),
    Act.CHOOSE_PROVIDER: lambda case: case.collects(case.fee_timing),
    Act.SUPPLEMENT: lambda case: not (case.is_accepted and case.collects(AT_SUPPLEMENT)),
    Act.REQUEST_SUPPLEMENT: lambda case: not (case.supplements if case.is_accepted else case.supplements_at_receipt),
    Act.PROPOSE: lambda case: any(step.kind != "sign" for step in case.open_steps()),
    Act.APPROVE: lambda case: any(step.kind == "sign" for step in case.open_steps()),
    Act.ANSWER_IN_TIME: lambda case: case.apology == "asked" and not _is_late(case),
    Act.ANSWER_LATE: lambda case: case.apology not in ("late", "signed", "moved"),
    Act.SIGN_APOLOGY: lambda case: case.apology == "late",
    Act.MOVE_APPOINTMENT: lambda case: case.apology == "signed",
    Act.RETURN: lambda case: not case.expects_payment,
}
"""Whose turn it is, for acts that the state alone would let come too early, or once too often."""

_CHECKS = {
    Act.REQUEST_SUPPLEMENT: _request_supplement,
    Act.SUPPLEMENT: _supplement,
    Act.PAY: _pay,
    Act.WAIVE: _waive,
    Act.CHOOSE_PROVIDER: _choose_provider,
    Act.PROPOSE: _propose,
    Act.ANSWER_IN_TIME: _answer_in_time,
    Act.ANSWER_LATE: _answer_late,
    Act.SIGN_APOLOGY: _sign_apology,
    Act.MOVE_APPOINTMENT: _move_appointment,
    Act.APPROVE: _approve,
    Act.STOP: _stop,
    Act.RETURN: _return,
}
