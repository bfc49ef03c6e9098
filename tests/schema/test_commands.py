"""What the facts of a command may hold: codes, figures and instants, never a person."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from schema.commands import DutyFacts


@pytest.mark.parametrize("notice", ["TB-1234", "1234-TB-CCT", "LTB2651101-TK0012345-TB-CCT", "15.2026-TB-CTQNG"])
def test_a_tax_notice_has_a_number(notice: str) -> None:
    """As the tax office writes it, with a hyphen for its slash."""
    assert DutyFacts(notice=notice).notice == notice


@pytest.mark.parametrize("amount", [0, -1, 1.5, "12500000", 10**12 + 1, True])
def test_a_duty_is_whole_dong(amount: object) -> None:
    """As the notice says it."""
    with pytest.raises(ValidationError):
        DutyFacts.model_validate({"notice": "TB-1234", "amount": amount})


def test_an_amount_is_that_of_a_notice() -> None:
    """Nobody asks for a duty on his own word."""
    assert DutyFacts(notice="TB-1234", amount=12_500_000).amount == 12_500_000
    with pytest.raises(ValidationError):
        DutyFacts(amount=12_500_000)


@pytest.mark.parametrize(
    "notice", ["NguyenVanA", "NGUYEN.VAN.A", "nguyen-van-a-1990", "051090001234", "212345678", "TB 1234", "", "-TB-1"]
)
def test_a_person_is_no_tax_notice(notice: str) -> None:
    """Neither a name nor an identity number goes into the log of events."""
    with pytest.raises(ValidationError):
        DutyFacts(notice=notice)
