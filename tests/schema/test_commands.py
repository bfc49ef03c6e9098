"""What the facts of a command may hold: codes, figures and instants, never a person."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from schema.commands import DutyFacts


@pytest.mark.parametrize("notice", ["TB-1234", "1234-TB-CCT", "LTB2651101-TK0012345-TB-CCT", "15.2026-TB-CTQNG"])
def test_a_tax_notice_has_a_number(notice: str) -> None:
    """As the tax office writes it, with a hyphen for its slash."""
    assert DutyFacts(notice=notice).notice == notice


@pytest.mark.parametrize(
    "notice", ["NguyenVanA", "NGUYEN.VAN.A", "nguyen-van-a-1990", "051090001234", "212345678", "TB 1234", "", "-TB-1"]
)
def test_a_person_is_no_tax_notice(notice: str) -> None:
    """Neither a name nor an identity number goes into the log of events."""
    with pytest.raises(ValidationError):
        DutyFacts(notice=notice)
