"""The forecast of one dossier: the measure of opening time, the chain of steps, and what a head is told."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import CalendarMissing
from domain.forecast import Forecast, Meter, Outlook, allotted, is_ahead_of_the_ladder, reason, spell
from domain.milestones import Clock, ClockKind, Rung
from domain.paces import Paces, Spell, Work
from domain.terms import TermUnit
from tests.domain.state_office import FIRST, SECONDS, STATE_OFFICE, moment

METER = Meter(STATE_OFFICE)
INSTANTS = st.integers(0, SECONDS // 60).map(lambda minutes: FIRST + timedelta(minutes=minutes))
APPRAISAL = Work("2.000908", "appraise", "office", allotted=30.0)
SIGNATURE = Work("2.000908", "sign", "office", allotted=7.5)
MONDAY = moment("Mon 07/09/2026 07:30")


@given(INSTANTS, st.integers(1, 400 * 60))
def test_so_many_hours_later_is_so_many_hours_away(start: datetime, minutes: int) -> None:
    """Found forward, measured back: the same to the minute, and always within opening hours."""
    end = METER.later(start, minutes / 60)

    assert METER.between(start, end) == pytest.approx(minutes / 60, abs=1 / 59)
    assert METER.between(end - timedelta(minutes=1), end) > 0


def test_the_meter_refuses_years_without_a_calendar() -> None:
    """Nobody guesses a holiday."""
    for instant in ("01/06/2020 08:00", "01/06/2040 08:00"):
        with pytest.raises(CalendarMissing):
            METER.between(moment(instant), moment(instant) + timedelta(days=1))


@pytest.mark.parametrize(
    "share, unit, hours",
    [
        (2, TermUnit.WORKING_DAY, 15.0),
        (0.5, TermUnit.SAME_DAY, 3.75),
        (3, TermUnit.WORKING_HOUR, 3.0),
        (14, TermUnit.CALENDAR_DAY, 75.0),
    ],
)
def test_what_the_process_allots(share: float, unit: TermUnit, hours: float) -> None:
    """In opening hours of an office of seven and a half hours a day; two calendar weeks hold ten days of them."""
    assert allotted(share, unit, METER) == pytest.approx(hours)


def test_a_spell_is_what_the_window_saw() -> None:
    """Begun on Thursday, waiting over the weekend, seen from Friday noon on: four hours and 7.5 before, 2.5 after."""
    stretches = [
        (moment("Thu 03/09/2026 07:30"), moment("Fri 04/09/2026 14:30")),
        (moment("Mon 07/09/2026 07:30"), moment("Mon 07/09/2026 09:00")),
    ]
    since = moment("Fri 04/09/2026 12:00")
    found = spell(APPRAISAL, stretches, finished=True, since=since, meter=METER)

    assert found == Spell("2.000908", "appraise", "office", 30.0, entered=11.5, left=14.0, finished=True)
    assert spell(APPRAISAL, stretches, finished=True, since=moment("Mon 07/09/2026 09:00"), meter=METER) is None
    assert spell(APPRAISAL, [], finished=False, since=since, meter=METER) is None


def spells(work: Work, *hours: float) -> list[Spell]:
    return [Spell(work.procedure, work.step, work.unit, work.allotted, 0.0, each, finished=True) for each in hours]


APPRAISALS = [10.0, 12.0, 14.0, 16.0, 18.0, 20.0, 22.0, 24.0, 30.0, 40.0]
SIGNATURES = [1.0, 1.0, 2.0, 2.0, 3.0, 3.0, 4.0, 4.0, 5.0, 8.0]
PACES = Paces(spells(APPRAISAL, *APPRAISALS) + spells(SIGNATURE, *SIGNATURES))


def outlook(age: float, left: float) -> Outlook:
    """A dossier whose appraisal has used `age` hours, with `left` until the appointment."""
    under_way = Work(APPRAISAL.procedure, APPRAISAL.step, APPRAISAL.unit, APPRAISAL.allotted, age)
    found = Forecast(PACES).outlook([[under_way], [SIGNATURE]], METER.later(MONDAY, left), MONDAY, METER)
    assert found is not None
    return found


@given(st.integers(0, 39), st.integers(1, 60))
def test_the_probability_is_that_of_all_pairs_of_finished_steps(age: int, left: int) -> None:
    """Every appraisal that took longer than this one has, with every signature: the share that is too long."""
    totals = [a - age + s for a in APPRAISALS if a > age for s in SIGNATURES]

    assert outlook(age, left).probability == pytest.approx(sum(each > left for each in totals) / len(totals), abs=0.08)


def test_steps_side_by_side_take_as_long_as_the_longer() -> None:
    """Two offices that appraise at once, the second always slower: it decides."""
    other = Work("2.000908", "consult", "other", allotted=30.0)
    paces = Paces(spells(APPRAISAL, *[5.0] * 8) + spells(other, *[20.0] * 8))
    found = Forecast(paces).outlook([[APPRAISAL, other]], METER.later(MONDAY, 15.0), MONDAY, METER)

    assert found is not None
    assert (found.probability, found.needed, found.slowest) == (1.0, 20.0, other)


def test_without_a_pace_nothing_is_said() -> None:
    """Of the step under way or of one to come: a guess is no forecast."""
    only = Forecast(Paces(spells(APPRAISAL, *APPRAISALS)))

    assert only.outlook([[APPRAISAL]], MONDAY, MONDAY, METER) is not None
    assert only.outlook([[APPRAISAL], [SIGNATURE]], MONDAY, MONDAY, METER) is None
    assert only.outlook([[SIGNATURE]], MONDAY, MONDAY, METER) is None


def test_older_work_is_never_more_hopeful_at_a_steady_pace() -> None:
    """The same time left: what was begun later has more ahead of it, at an office that takes a fixed time."""
    steady = Forecast(Paces(spells(APPRAISAL, *[20.0] * 8)))
    needed = [
        found.needed
        for age in (0.0, 5.0, 19.0)
        if (found := steady.outlook([[Work("2.000908", "appraise", "office", 30.0, age)]], MONDAY, MONDAY, METER))
    ]

    assert needed == [20.0, 15.0, 1.0]


def test_the_expected_end_lies_on_the_calendar() -> None:
    """Ten hours from the last Friday of August end after 2/9; past the years of the calendar there is no date."""
    paces = Paces(spells(APPRAISAL, *[10.0] * 8))
    friday = moment("Fri 28/08/2026 07:30")
    found = Forecast(paces).outlook([[APPRAISAL]], friday, friday, METER)

    assert found is not None
    assert found.end == moment("Thu 03/09/2026 10:00")  # Friday whole; 31/8 to 2/9 are off

    endless = Forecast(Paces(spells(APPRAISAL, *[1e5] * 8))).outlook([[APPRAISAL]], friday, friday, METER)
    assert endless is not None
    assert endless.end is None


def test_a_head_is_told_why() -> None:
    """What the office usually needs, what was used, what is left: in days, with a comma."""
    under_way = Work("2.000908", "appraise", "office", 30.0, age=7.5)
    found = Forecast(PACES).outlook([[under_way]], METER.later(MONDAY, 9.0), MONDAY, METER)
    assert found is not None
    said = reason(found, "Thẩm định hồ sơ", "Phòng Kinh tế", METER)

    assert said == (
        "Phòng Kinh tế thường cần 2,4 ngày làm việc cho bước “Thẩm định hồ sơ” (10 lượt trong 60 ngày qua); bước này"
        " đã dùng 1,0 ngày. Đến khi xong hồ sơ còn cần khoảng 1,4 ngày, mà đến hẹn trả chỉ còn 1,2 ngày."
    )


RUNGS = ((Rung.WARN, MONDAY), (Rung.BREACH, MONDAY + timedelta(days=1)))


@pytest.mark.parametrize(
    "clock, before, at",
    [
        pytest.param(Clock(ClockKind.PROMISED, due=MONDAY, rungs=RUNGS), True, False, id="with a ladder"),
        pytest.param(Clock(ClockKind.PROMISED, due=MONDAY, rungs=RUNGS, climbed=1), False, False, id="it has spoken"),
        pytest.param(Clock(ClockKind.PROMISED, due=MONDAY + timedelta(1), warn_at=MONDAY), True, False, id="older"),
        pytest.param(Clock(ClockKind.PROMISED, due=MONDAY), True, False, id="without a warning"),
    ],
)
def test_the_forecast_speaks_before_the_ladder_only(clock: Clock, before: bool, at: bool) -> None:
    """Up to the first rung, not from its instant on."""
    assert is_ahead_of_the_ladder(clock, MONDAY - timedelta(minutes=1)) is before
    assert is_ahead_of_the_ladder(clock, MONDAY) is at
