"""Somebody is always told, and by a post: whatever became of the office, and with nobody assigned."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from typing import Any
from uuid import uuid4

import pytest

from activities.addressees import addressees
from adapters.catalogue_files import FOLDER, read_sound
from domain.dossier import Business, State
from domain.instants import VIETNAM
from domain.milestones import Rung
from domain.units import head_of
from schema.case import Case, Step

LAW = read_sound(FOLDER)
TODAY = date(2026, 9, 7)
COMMUNE, ECONOMY, DISTRICT, PROVINCE = "000.00.61.H48", "000.01.61.H48", "000.00.32.H48", "000.00.00.H48"


def case(**changes: Any) -> Case:
    at = datetime(2026, 9, 7, 8, tzinfo=VIETNAM)
    plain: dict[str, Any] = {
        "dossier": uuid4(),
        "sequence": 4,
        "last_instant": at,
        "state": State(business=Business.PROCESSING),
        "procedure": "1.001612",
        "unit": COMMUNE,
        "channel": "counter",
        "return_method": "counter",
        "submitted_at": at,
        "stages": ((Step(code="appraise", unit=ECONOMY, kind="appraise"),),),
        "stage": 0,
    }
    return Case(**{**plain, **changes})


def posts(*found: dict[str, str]) -> list[str]:
    return [each["post"] for each in found]


@pytest.mark.parametrize("rung", list(Rung))
def test_every_rung_has_an_addressee_with_a_post(rung: Rung) -> None:
    for each in addressees(case(), rung, LAW, TODAY):
        assert all(each[key] for key in ("unit", "name", "post"))


def test_the_office_is_warned_its_committee_hears_of_the_breach_then_the_one_stop_then_the_province() -> None:
    division, chairman = "Trưởng phòng Kinh tế xã Bình Sơn", "Chủ tịch UBND xã Bình Sơn"
    assert posts(*addressees(case(), Rung.WARN, LAW, TODAY)) == [division]
    assert posts(*addressees(case(), Rung.BREACH, LAW, TODAY)) == [division, chairman]
    assert posts(*addressees(case(), Rung.ONE_STOP, LAW, TODAY)) == [chairman]
    assert posts(*addressees(case(), Rung.PROVINCE, LAW, TODAY)) == ["Chủ tịch UBND tỉnh Quảng Ngãi"]


def test_a_step_clock_speaks_to_the_office_of_its_step() -> None:
    both = (Step(code="appraise", unit=ECONOMY, kind="appraise"), Step(code="consult", unit=COMMUNE, kind="consult"))
    found = addressees(case(stages=(both,)), Rung.WARN, LAW, TODAY, step="consult")
    assert [each["unit"] for each in found] == [COMMUNE]


def test_an_office_that_was_ended_is_stood_for_by_its_successors() -> None:
    ended = next(unit for unit in LAW.units if unit.successors and unit.valid_to and unit.valid_to < TODAY)
    found = addressees(case(unit=ended.code, stages=(), stage=-1), Rung.WARN, LAW, TODAY)
    standing = {unit.code for unit in LAW.units if unit.valid_to is None}
    assert found
    assert ended.code not in standing
    assert {each["unit"] for each in found} <= standing


def test_offices_that_succeed_each_other_in_a_circle_end_at_the_last_known_one() -> None:
    one = replace(LAW.units[0], code="A", valid_to=date(2020, 1, 1), successors=("B",))
    two = replace(one, code="B", successors=("A",))
    found = addressees(case(unit="A", stages=(), stage=-1), Rung.WARN, replace(LAW, units=(one, two)), TODAY)
    assert [each["unit"] for each in found] == ["A"]


def test_an_office_that_nobody_knows_leaves_it_to_the_province() -> None:
    found = addressees(case(unit="999.99.99.H99", stages=(), stage=-1), Rung.WARN, LAW, TODAY)
    assert [each["unit"] for each in found] == [PROVINCE]


def test_the_catalogue_has_the_last_word_on_a_post() -> None:
    unit = LAW.unit(COMMUNE, TODAY)
    assert head_of(replace(unit, head="Quyền Chủ tịch")) == "Quyền Chủ tịch"
    assert head_of(replace(unit, name="Ban Quản lý Khu kinh tế")) == "Thủ trưởng Ban Quản lý Khu kinh tế"


@pytest.mark.parametrize("unit", LAW.units, ids=lambda unit: unit.code)
def test_every_office_of_the_catalogue_has_a_head_of_a_known_kind(unit: Any) -> None:
    assert not head_of(unit).startswith("Thủ trưởng")
    assert "(" not in head_of(unit)
