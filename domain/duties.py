"""Who may do which act: the role of the person, and the unit the act belongs to.

The calling system vouches for its officers; the engine holds it to the roles it may speak for.
Source: NĐ 61/2018 Art. 8, 9, 17–20 (the one-stop receives, forwards and returns; departments appraise
and decide), Art. 16 (the applicant files, supplements, withdraws).
"""

from __future__ import annotations

from enum import StrEnum

from domain.dossier import Act
from domain.errors import Forbidden


class Role(StrEnum):
    """In which capacity somebody acts."""

    APPLICANT = "applicant"
    CLERK = "clerk"  # at the one-stop
    OFFICER = "officer"  # appraises in a department
    LEADER = "leader"  # signs
    ENGINE = "engine"  # motcua itself; no caller may claim it


DUTIES: dict[Act, frozenset[Role]] = {
    Act.ACCEPT: frozenset({Role.CLERK}),
    Act.REQUEST_SUPPLEMENT: frozenset({Role.CLERK, Role.OFFICER}),
    Act.SUPPLEMENT: frozenset({Role.APPLICANT, Role.CLERK}),
    Act.REFUSE: frozenset({Role.CLERK, Role.OFFICER, Role.LEADER}),
    Act.PAY: frozenset({Role.CLERK}),
    Act.WAIVE: frozenset({Role.CLERK, Role.LEADER}),
    Act.CHOOSE_PROVIDER: frozenset({Role.APPLICANT, Role.CLERK}),
    Act.FORWARD: frozenset({Role.CLERK}),
    Act.PROPOSE: frozenset({Role.OFFICER}),
    Act.REQUIRE_DUTY: frozenset({Role.OFFICER}),
    Act.SUSPEND: frozenset({Role.OFFICER, Role.LEADER}),
    Act.RESUME: frozenset({Role.OFFICER, Role.LEADER}),
    Act.ANSWER_IN_TIME: frozenset({Role.OFFICER, Role.LEADER}),
    Act.ANSWER_LATE: frozenset({Role.OFFICER, Role.LEADER}),
    Act.SIGN_APOLOGY: frozenset({Role.LEADER}),
    Act.MOVE_APPOINTMENT: frozenset({Role.CLERK}),
    Act.APPROVE: frozenset({Role.LEADER}),
    Act.WITHDRAW: frozenset({Role.APPLICANT, Role.CLERK}),
    Act.STOP: frozenset({Role.CLERK, Role.OFFICER, Role.LEADER}),
    Act.RETURN: frozenset({Role.CLERK}),
}
"""The acts that people may order, and by whom. An act that is not here is the engine's own."""

NEEDS_REASON = frozenset(
    {
        *(Act.REQUEST_SUPPLEMENT, Act.REFUSE, Act.STOP, Act.WITHDRAW, Act.SUSPEND, Act.ANSWER_LATE, Act.SIGN_APOLOGY),
        Act.WAIVE,
    }
)
NEEDS_LEGAL_BASIS = frozenset({Act.REFUSE, Act.STOP, Act.REQUIRE_DUTY, Act.SUSPEND, Act.SIGN_APOLOGY, Act.WAIVE})


def may_do(act: Act, role: Role) -> None:
    """Refuse with `Forbidden` when this role has no such duty."""
    allowed = DUTIES.get(act, frozenset())
    if role not in allowed:
        raise Forbidden(
            f"a person acting as '{role}' may not '{act}'",
            field="actor.role",
            remedy=f"this act belongs to: {', '.join(sorted(allowed)) or 'the engine alone'}",
        )


def at_unit(act: Act, unit: str | None, units: frozenset[str]) -> None:
    """Refuse with `Forbidden` when the act belongs to other units than the actor's."""
    if unit not in units:
        theirs = "names no unit" if unit is None else "is of another unit"
        raise Forbidden(
            f"'{act}' belongs to {', '.join(sorted(units))}; the actor {theirs}",
            field="actor.unit",
            remedy="send the command for somebody of that unit",
        )
