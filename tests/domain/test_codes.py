"""The legal dossier code (TT 01/2018/TT-VPCP Art. 19): written, taken apart, refused when four digits are used up."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.codes import MOST_A_DAY, CodesExhausted, DossierCode, issue, parse

REAL = [
    ("000.00.53.H48-220921-0099", "000.00.53.H48", date(2022, 9, 21), 99),
    ("000.00.01.H48-240424-0001", "000.00.01.H48", date(2024, 4, 24), 1),
    ("000.00.06.H56-231027-0361", "000.00.06.H56", date(2023, 10, 27), 361),
    ("000.17.22.H56-210531-0001", "000.17.22.H56", date(2021, 5, 31), 1),
]
OTHER_GRAMMARS = [
    "H15.50.05.13-261008-0975",  # top-down order of 2026
    "G09.20-20260609-0092637",  # a ministry's, seven digits
    "000.00.53.H48-220921-99",
    "000.00.53.H48-220921-00099",
    " 000.00.53.H48-220921-0099",
    "000.00.53.H48-220921-0099\n",
    "000.00.53.h48-220921-0099",
    "",
]


@pytest.mark.parametrize("text, unit, day, order", REAL)
def test_a_code_is_taken_apart_and_written_again(text: str, unit: str, day: date, order: int) -> None:
    """Codes that were really issued: receiving unit, day of acceptance, order of the day."""
    assert parse(text) == DossierCode(unit, day, order)
    assert str(DossierCode(unit, day, order)) == text == issue(unit, day, order)


@pytest.mark.parametrize("text", OTHER_GRAMMARS)
def test_another_grammar_is_no_error(text: str) -> None:
    """Other shapes exist and more will come: stored as issued, never forced into this one."""
    assert parse(text) is None


@pytest.mark.parametrize(
    "text", ["000.00.53.H48-220931-0001", "000.00.53.H48-221301-0001", "000.00.53.H48-230229-0001"]
)
def test_a_day_that_never_was(text: str) -> None:
    """What looks like a code but names no day of the calendar is none."""
    assert parse(text) is None


def test_the_ten_thousandth_is_refused_loudly() -> None:
    """Four digits hold 9,999: the next is refused with unit, day and remedy, never wrapped or widened."""
    assert issue("000.00.53.H48", date(2022, 9, 21), MOST_A_DAY).endswith("-9999")
    with pytest.raises(CodesExhausted, match=r"000\.00\.53\.H48 .* 2022-09-21") as refusal:
        issue("000.00.53.H48", date(2022, 9, 21), MOST_A_DAY + 1)

    assert refusal.value.field == "unit"
    assert "next day" in refusal.value.remedy


@given(st.dates(date(2018, 1, 1), date(2099, 12, 31)), st.integers(1, MOST_A_DAY))
def test_what_is_written_is_read(day: date, order: int) -> None:
    """Every code that can be issued is read back as it was meant."""
    assert parse(issue("000.00.61.H48", day, order)) == DossierCode("000.00.61.H48", day, order)


@given(st.dates(date(2018, 1, 1), date(2099, 12, 31)), st.integers(1, MOST_A_DAY - 1))
def test_codes_of_a_day_sort_in_their_order(day: date, order: int) -> None:
    """As text and as numbers alike, so that a list by code is a list by arrival."""
    assert issue("000.00.61.H48", day, order) < issue("000.00.61.H48", day, order + 1)
