"""Who may do what: the duties of the one-stop, the departments and the applicant, as one table."""

from __future__ import annotations

import pytest

from domain.dossier import ENGINES_OWN, Act
from domain.duties import DUTIES, NEEDS_LEGAL_BASIS, NEEDS_REASON, Role, at_unit, may_do
from domain.errors import Forbidden

TABLE = """
                    applicant clerk officer leader   ground
accept              -         yes   -       -        NĐ 61/2018 Art. 17
request_supplement  -         yes   yes     -        Art. 17, 19(4): the one-stop, then the department
supplement          yes       yes   -       -        Art. 16: the applicant, or the counter for him
refuse              -         yes   yes     yes      Art. 17 at the door, 19(8) on the merits
pay                 -         yes   -       -        Art. 22: cash is taken at the counter
waive               -         yes   -       yes      Law 97/2015 Art. 10: whom the fee is not asked of
choose_provider     yes       yes   -       -        Art. 22: the payer pays where he likes
forward             -         yes   -       -        Art. 18
propose             -         -     yes     -        Art. 19(1-3)
require_duty        -         -     yes     -        sector law: taxes and levies on land
suspend             -         -     yes     yes      sector law: the typed reasons of domain/stops.py
resume              -         -     yes     yes      the same
answer_in_time      -         -     yes     yes      Art. 19(9): the office says so before the term is over
answer_late         -         -     yes     yes      Art. 19(9)
sign_apology        -         -     -       yes      Art. 19(9), form 04
move_appointment    -         yes   -       -        Art. 19(9): the one-stop updates the date
approve             -         -     -       yes      Art. 19
withdraw            yes       yes   -       -        Art. 16
stop                -         yes   yes     yes      after a withdrawal the one-stop, else the department
return              -         yes   -       -        Art. 20
"""
HEAD, *ROWS = (line.split() for line in TABLE.strip().splitlines())
ROLES = HEAD[:4]
CASES = [(row[0], role, cell == "yes") for row in ROWS for role, cell in zip(ROLES, row[1:5], strict=True)]


@pytest.mark.parametrize("act, role, allowed", CASES, ids=lambda value: str(value))
def test_an_act_belongs_to_its_roles(act: str, role: str, allowed: bool) -> None:
    """Each act is the duty of the roles that the law names; anybody else is told whose it is."""
    if allowed:
        may_do(Act(act), Role(role))
        return
    with pytest.raises(Forbidden) as refusal:
        may_do(Act(act), Role(role))

    assert refusal.value.field == "actor.role"
    assert all(str(each) in refusal.value.remedy for each in DUTIES[Act(act)])


@pytest.mark.parametrize("act", sorted(ENGINES_OWN))
@pytest.mark.parametrize("role", Role)
def test_the_engine_s_own_acts_are_nobody_s_to_order(act: Act, role: Role) -> None:
    """Nobody may claim to be the engine, whatever role he gives."""
    with pytest.raises(Forbidden, match="may not"):
        may_do(act, role)


def test_every_act_is_somebody_s() -> None:
    """An act is the duty of people or the engine's own, never both and never neither."""
    assert set(DUTIES) | ENGINES_OWN == set(Act)
    assert not set(DUTIES) & ENGINES_OWN
    assert {row[0] for row in ROWS} == {str(act) for act in DUTIES}


def test_what_must_be_justified() -> None:
    """What the applicant has to bear needs a reason; what ends, stops or moves his dossier, a legal basis as well."""
    told = {Act.REQUEST_SUPPLEMENT, Act.REFUSE, Act.STOP, Act.WITHDRAW, Act.SUSPEND, Act.ANSWER_LATE}
    assert told | {Act.SIGN_APOLOGY, Act.WAIVE} == NEEDS_REASON
    assert {Act.WAIVE, Act.REFUSE, Act.STOP, Act.REQUIRE_DUTY, Act.SUSPEND, Act.SIGN_APOLOGY} == NEEDS_LEGAL_BASIS


@pytest.mark.parametrize("unit", ["000.00.62.H48", None])
def test_another_unit_is_told_so(unit: str | None) -> None:
    """An officer of another unit, or of none, is refused at the field, with what to do."""
    at_unit(Act.ACCEPT, "000.00.61.H48", frozenset({"000.00.61.H48"}))
    with pytest.raises(Forbidden) as refusal:
        at_unit(Act.ACCEPT, unit, frozenset({"000.00.61.H48"}))

    assert refusal.value.field == "actor.unit"
    assert refusal.value.remedy
