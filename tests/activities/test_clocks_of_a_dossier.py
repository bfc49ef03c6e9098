"""What the law makes of a dossier's events for its clocks, at written instants; 07/09/2026 is a Monday."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from adapters.catalogue_versions import versioned
from adapters.rows import case_values
from domain.errors import DomainError, NotAllowed
from domain.milestones import ClockKind
from domain.units import UnitRole
from domain.validity import Row
from schema.case import Case
from schema.events import EventType
from tests.activities.on_paper import COMMUNE, LAND, Paper
from tests.domain.state_office import moment
from tests.stories import ECONOMY, HOUSE, HOUSEHOLD, LAW
from workflows.judge import possible

PROMISED, STATUTORY, MOVED, STEP = ClockKind.PROMISED, ClockKind.STATUTORY, ClockKind.MOVED, ClockKind.STEP
ELSEWHERE = "000.00.62.H48"


async def on_land(accepted: str = "Mon 07/09/2026 09:00", **facts: str) -> Paper:
    """A transfer of land, eight working days: accepted on the 7th it is due on Thursday 17/09."""
    return await Paper().in_review(accepted, accepted, procedure=LAND, **facts)


async def at_the_economy_office(accepted: str = "Mon 07/09/2026 09:00") -> Paper:
    """A household business, three working days: accepted on the 7th it is due on Thursday 10/09."""
    return await Paper().in_review(accepted, accepted)


# A stop, and the ladder after it


async def test_who_is_asked_when_the_clock_goes_on_still_has_time_to_answer() -> None:
    """The taxes are paid on the last day: the question of yesterday is asked now, and silence comes after it."""
    paper = await on_land()
    await paper.happens(EventType.DUTY_REQUIRED, "Wed 16/09/2026 16:00")
    await paper.happens(EventType.RESUMED, "Mon 21/09/2026 14:00")
    due, rungs = paper.clock(PROMISED).due, paper.rungs(PROMISED)

    assert due == moment("Tue 22/09/2026 17:00")
    await paper.happens(EventType.DUTY_REQUIRED, "Tue 22/09/2026 08:00")
    await paper.happens(EventType.RESUMED, "Wed 23/09/2026 13:00")
    due, rungs = paper.clock(PROMISED).due, paper.rungs(PROMISED)
    assert due == moment("Wed 23/09/2026 17:00")
    assert rungs["ask"] == moment("Wed 23/09/2026 13:00")
    assert rungs["ask"] < rungs["silence"] < due


async def test_a_moved_appointment_stands_still_with_the_rest() -> None:
    """Nothing of the second appointment runs while the applicant pays his taxes: it goes on with what was left."""
    paper = await on_land()
    await paper.apologises("Wed 16/09/2026 08:00", "Wed 16/09/2026 09:00", to="Thu 24/09/2026 17:00")
    await paper.happens(EventType.APPOINTMENT_MOVED, "Wed 16/09/2026 10:00")
    await paper.happens(EventType.DUTY_REQUIRED, "Wed 16/09/2026 17:00")
    await paper.happens(EventType.RESUMED, "Wed 30/09/2026 17:00")

    assert paper.clock(MOVED).due == paper.case.moved_to == moment("Thu 08/10/2026 17:00")
    struck = await paper.strikes("Wed 30/09/2026 17:30")
    assert ("breach", "moved") not in [(rung, clock) for rung, clock, _ in struck]


async def test_a_moved_appointment_that_had_passed_stays_where_it_was() -> None:
    """A stop after it gives nothing back."""
    paper = await on_land()
    await paper.apologises("Wed 16/09/2026 08:00", "Wed 16/09/2026 09:00", to="Mon 21/09/2026 17:00")
    await paper.happens(EventType.APPOINTMENT_MOVED, "Wed 16/09/2026 10:00")
    await paper.strikes("Tue 22/09/2026 08:00")
    await paper.happens(EventType.DUTY_REQUIRED, "Tue 22/09/2026 08:00")
    await paper.happens(EventType.RESUMED, "Wed 30/09/2026 17:00")

    assert paper.clock(MOVED).due == paper.case.moved_to == moment("Mon 21/09/2026 17:00")


async def test_a_step_is_warned_of_at_a_quarter_of_its_own_time() -> None:
    """1.75 days from Monday 09:00 end on Tuesday 16:33, 13 h 03 of opening time later: a quarter is 3 h 16."""
    paper = await at_the_economy_office()
    step, rungs = paper.clock(STEP, "appraise"), paper.rungs(STEP, "appraise")

    assert step.due == moment("Tue 08/09/2026 16:33")
    assert rungs["warn"] == moment("Tue 08/09/2026 11:18")


# In time or late


async def test_a_question_does_not_undo_a_signed_form() -> None:
    """The head signs before anybody asked: there is nothing left to ask, and the one-stop can still set the date."""
    paper = await at_the_economy_office()
    await paper.apologises("Tue 08/09/2026 08:00", "Tue 08/09/2026 09:00", to="Thu 17/09/2026 17:00")
    struck = await paper.strikes("Wed 09/09/2026 13:00")

    assert [rung for rung, clock, _ in struck if clock == "promised"] == []
    assert paper.case.apology == "signed"
    paper.judged("move_appointment", "clerk", COMMUNE, "Wed 09/09/2026 13:00")


async def test_nobody_is_asked_again_once_the_appointment_was_moved() -> None:
    """After a stop the ladder is set anew, without a question that could not be answered any more."""
    paper = await on_land()
    await paper.apologises("Tue 15/09/2026 08:00", "Tue 15/09/2026 09:00", to="Thu 24/09/2026 17:00")
    await paper.happens(EventType.APPOINTMENT_MOVED, "Tue 15/09/2026 10:00")
    await paper.happens(EventType.DUTY_REQUIRED, "Tue 15/09/2026 11:00")
    await paper.happens(EventType.RESUMED, "Mon 28/09/2026 11:00")

    assert list(paper.rungs(PROMISED)) == ["warn", "breach", "one_stop", "province"]


async def test_a_form_signed_for_a_day_that_the_stop_left_behind_is_void() -> None:
    """Signed for the 21st, not set, and then the clock stood still until October: the office is asked anew."""
    paper = await on_land()
    await paper.apologises("Wed 16/09/2026 08:00", "Wed 16/09/2026 09:00", to="Mon 21/09/2026 17:00")
    await paper.happens(EventType.DUTY_REQUIRED, "Wed 16/09/2026 10:00")
    await paper.happens(EventType.RESUMED, "Thu 01/10/2026 09:00")

    assert paper.case.apology == ""
    with pytest.raises(NotAllowed):
        paper.judged("move_appointment", "clerk", COMMUNE, "Thu 01/10/2026 10:00")


@pytest.mark.parametrize(
    "appointment",
    ["9999-12-31T23:59:59Z", "2150-01-04T10:00:00+07:00", "2026-09-17T10:00:30+07:00", "2026-09-20T10:00:00+07:00"],
    ids=["the edge of the years", "no calendar", "not a whole minute", "a Sunday"],
)
async def test_what_the_one_stop_could_not_set_is_not_signed(appointment: str) -> None:
    """An appointment that no calendar holds, or at which nobody is there, is refused at signing: 422."""
    paper = await at_the_economy_office()
    await paper.happens(EventType.ANSWERED_LATE, "Tue 08/09/2026 08:00", cause="other")
    with pytest.raises(DomainError) as refusal:
        await paper.happens(EventType.APOLOGY_SIGNED, "Tue 08/09/2026 09:00", cause="other", appointment=appointment)

    assert refusal.value.field == "data.appointment"
    assert refusal.value.remedy
    assert paper.case.apology == "late"


async def test_the_head_who_signs_the_result_may_sign_form_04() -> None:
    """While another office is consulted the head of the resolving one still answers for the appointment."""
    paper = await at_the_economy_office()
    await paper.happens(EventType.ANSWERED_LATE, "Tue 08/09/2026 08:00", cause="consultation")

    paper.judged("sign_apology", "leader", COMMUNE, "Tue 08/09/2026 09:00", cause="other", appointment="x")


async def test_after_the_appointment_nothing_can_be_in_time() -> None:
    """Kịp said after the breach would close the task of the apology with what is not true."""
    paper = await at_the_economy_office()
    await paper.strikes("Thu 10/09/2026 08:00")
    paper.judged("answer_in_time", "officer", ECONOMY, "Thu 10/09/2026 08:00")
    await paper.strikes("Thu 10/09/2026 17:00")
    with pytest.raises(NotAllowed) as refusal:
        paper.judged("answer_in_time", "officer", ECONOMY, "Thu 10/09/2026 17:01")

    assert "answer_late" in refusal.value.remedy
    paper.judged("answer_late", "officer", ECONOMY, "Thu 10/09/2026 17:01", cause="workload")


async def test_only_what_may_be_done_now_is_offered() -> None:
    """Nothing is offered before its turn: no answer unasked, no signature unanswered, no date unsigned."""
    paper = await at_the_economy_office()
    working = {"request_supplement", "refuse", "propose", "require_duty", "suspend", "stop", "withdraw"}
    assert set(possible(paper.case)) == working | {"answer_late"}
    await paper.strikes("Thu 10/09/2026 08:00")
    assert set(possible(paper.case)) == working | {"answer_in_time", "answer_late"}
    await paper.happens(EventType.ANSWERED_LATE, "Thu 10/09/2026 08:30", cause="workload")
    assert set(possible(paper.case)) == working | {"sign_apology"}
    to = moment("Thu 17/09/2026 17:00").isoformat()
    await paper.happens(EventType.APOLOGY_SIGNED, "Thu 10/09/2026 09:00", cause="workload", appointment=to)
    assert set(possible(paper.case)) == working | {"move_appointment"}
    await paper.happens(EventType.APPOINTMENT_MOVED, "Thu 10/09/2026 09:30")
    assert set(possible(paper.case)) == working
    await paper.happens(EventType.PROPOSED, "Thu 10/09/2026 10:00", step="appraise")
    assert set(possible(paper.case)) == working - {"propose"} | {"approve"}


async def test_offices_with_hours_of_their_own_go_on_side_by_side() -> None:
    """Two offices consulted at once, one closing at noon: after a stop each has the hours that it had left."""
    morning = replace(LAW.calendars[0], code="mornings", sessions=LAW.calendars[0].sessions[:1])
    paper = await Paper().in_review("Mon 07/09/2026 08:00", "Mon 07/09/2026 08:00", procedure=HOUSE)
    while len(paper.case.open_steps()) < 2:
        await paper.happens(EventType.PROPOSED, "Mon 07/09/2026 08:00", step=paper.case.open_steps()[0].code)
    short = paper.case.open_steps()[1].unit
    units = tuple(replace(u, calendar="mornings") if u.code == short else u for u in LAW.units)
    paper = Paper(versioned(replace(LAW, units=units, calendars=(*LAW.calendars, morning))))
    await paper.in_review("Mon 07/09/2026 08:00", "Mon 07/09/2026 08:00", procedure=HOUSE)
    while len(paper.case.open_steps()) < 2:
        await paper.happens(EventType.PROPOSED, "Mon 07/09/2026 08:00", step=paper.case.open_steps()[0].code)
    before = {each.code: paper.clock(STEP, each.code) for each in paper.case.open_steps()}
    await paper.happens(EventType.DUTY_REQUIRED, "Tue 08/09/2026 08:00")
    await paper.happens(EventType.RESUMED, "Tue 22/09/2026 08:00")

    assert len({clock.due for clock in before.values()}) == 2
    for code, clock in before.items():
        assert paper.clock(STEP, code).due == clock.due + timedelta(days=14)
        assert paper.clock(STEP, code).unit == clock.unit
    assert {step.due for step in paper.case.open_steps()} == {paper.clock(STEP, code).due for code in before}


async def test_somebody_is_told_even_where_the_catalogue_names_no_committee() -> None:
    """The clock must not stop because nobody stands above: the one-stop hears of it instead."""
    nobody = versioned(replace(LAW, units=tuple(u for u in LAW.units if u.role is not UnitRole.COMMITTEE)))
    paper = await Paper(nobody).in_review("Mon 07/09/2026 09:00", "Mon 07/09/2026 10:00")
    await paper.strikes("Mon 21/09/2026 09:00")
    up = next(event for event in paper.story if event.data.get("rung") == "province")

    assert [to["unit"] for to in up.data["to"]] == [COMMUNE]


# Received outside its territory


async def test_an_early_arrival_moves_the_clocks_not_the_printed_date() -> None:
    """Accepted at 15:30, form 01 supposes tomorrow's arrival; forwarded at once, the law's term begins today.

    The promise never lies after the law: the office works to the earlier instant, the applicant keeps his paper.
    """
    paper = await Paper().in_review("Mon 07/09/2026 15:30", "Mon 07/09/2026 16:00", territory=ELSEWHERE)

    assert paper.clock(STATUTORY).due == moment("Thu 10/09/2026 17:00")
    assert paper.clock(PROMISED).due == moment("Thu 10/09/2026 17:00")
    assert paper.case.appointment == moment("Fri 11/09/2026 17:00")


@pytest.mark.parametrize("forwarded", ["Mon 07/09/2026 16:00", "Tue 08/09/2026 08:00", "Wed 09/09/2026 08:00"])
async def test_a_stop_never_brings_the_printed_date_nearer(forwarded: str) -> None:
    """However early or late it arrived: after a stop of minutes no date lies nearer than before."""
    paper = await Paper().in_review("Mon 07/09/2026 15:30", forwarded, territory=ELSEWHERE, procedure=LAND)
    before = paper.case
    again = moment(forwarded) + timedelta(minutes=1)
    await paper.happens(EventType.DUTY_REQUIRED, again)
    await paper.happens(EventType.RESUMED, again + timedelta(minutes=1))

    assert paper.case.appointment is not None
    assert before.appointment is not None
    assert paper.case.appointment >= before.appointment
    for kind in (PROMISED, STATUTORY):
        was = before.clock(kind)
        assert was is not None
        assert was.due <= paper.clock(kind).due <= was.due + timedelta(days=3)
    assert paper.clock(PROMISED).due <= paper.clock(STATUTORY).due


async def test_the_law_is_that_of_the_day_of_acceptance() -> None:
    """Accepted on the last day of a version of its procedure, arriving on the next: it is accepted all the same."""
    last = moment("Mon 07/09/2026 15:30").date()
    ending = versioned(replace(LAW, procedures=tuple(_ends(each, last) for each in LAW.procedures)))
    paper = await Paper(ending).in_review("Mon 07/09/2026 15:30", "Tue 08/09/2026 08:00", territory=ELSEWHERE)

    assert paper.clock(STATUTORY).due == moment("Fri 11/09/2026 17:00")


def _ends(each: Row, last: object) -> Row:
    is_meant = getattr(each, "code", "") == HOUSEHOLD and each.valid_to is None
    return replace(each, valid_to=last) if is_meant else each  # type: ignore[type-var]  # every row is a dataclass


# Older than the ladders


async def test_a_publication_from_before_the_ladders_still_warns_and_never_breaches_a_collection() -> None:
    """A dossier pinned to it is warned of and breaks as it always did; who does not fetch a result is reminded."""
    paper = await Paper(versioned(replace(LAW, rungs=()))).in_review("Mon 07/09/2026 09:00", "Mon 07/09/2026 10:00")
    assert list(paper.rungs(PROMISED)) == ["warn", "breach"]
    assert list(paper.rungs(STATUTORY)) == ["breach"]
    await paper.happens(EventType.PROPOSED, "Mon 07/09/2026 11:00", step="appraise")
    await paper.happens(EventType.APPROVED, "Mon 07/09/2026 14:00")

    assert list(paper.rungs(ClockKind.COLLECTION)) == ["remind"]


# What the register's row says


async def test_a_closed_dossier_has_nothing_that_should_have_struck() -> None:
    """The result is fetched before its reminder: no watch ever finds it stuck."""
    paper = await at_the_economy_office()
    await paper.happens(EventType.PROPOSED, "Mon 07/09/2026 11:00", step="appraise")
    await paper.happens(EventType.APPROVED, "Mon 07/09/2026 14:00")
    assert next_at(paper.case) == paper.clock(ClockKind.COLLECTION).due
    await paper.happens(EventType.RETURNED, "Tue 08/09/2026 14:00", method="counter")

    assert next_at(paper.case) is None


async def test_an_appointment_from_before_it_was_kept_apart_is_the_promised_due() -> None:
    """Accepted before the migration: what the receipt said is what the promised clock says."""
    paper = await at_the_economy_office()
    old = paper.case.model_copy(update={"appointment": None})

    assert case_values(old)[-3] == paper.clock(PROMISED).due


def next_at(case: Case) -> object:
    return case_values(case)[-2]
