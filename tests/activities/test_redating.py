"""What another calendar, or a decision, makes of an open dossier: who moves, by how much, and what is struck again."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from uuid import uuid4

import pytest

from activities.intake import submitted
from activities.redating import Subject, may_move, moved, touched, under
from domain.catalogue import Catalogue
from domain.duties import Role
from domain.errors import NotAllowed
from domain.instants import VIETNAM, at
from domain.milestones import ClockKind, Rung
from schema.case import Case
from schema.events import EventType
from schema.messages import ENGINE, Actor, Event, RecordAsk
from schema.submissions import Submission
from tests.laws import closed, decided, shut
from tests.stories import COMMUNE, ECONOMY, HOUSEHOLD, LAW
from tests.twins import MemoryRegister

MONDAY = at(date(2026, 9, 7), time(8))
"""No holiday near: LAW has calendars of nothing but weeks."""
OFFICE = next(each.calendar for each in LAW.units if each.code == COMMUNE)


class Counter:
    """A dossier in the twin's register, taken along by events as the workflow words them."""

    def __init__(self, law: Catalogue = LAW, **facts: object) -> None:
        self.register = MemoryRegister(law)
        self.id = uuid4()
        body = {
            "procedure": HOUSEHOLD,
            "unit": COMMUNE,
            "channel": "counter",
            "return_method": "counter",
            "components": [],
            "applicant": {"name": "Nguyễn Thị Thử"},
        }
        submission = Submission.model_validate({**body, **facts})
        self.register.submit(
            submitted(
                law,
                submission,
                dossier=self.id,
                command=uuid4(),
                at=MONDAY,
                actor=Actor(system="one-stop", role=Role.CLERK),
                digest="d",
            )
        )

    @property
    def case(self) -> Case:
        return self.register.case(self.id)

    async def do(self, type_: EventType, instant: datetime = MONDAY, **data: object) -> Event:
        case = self.case
        event = Event(
            dossier=self.id,
            sequence=case.sequence + 1,
            type=type_,
            occurred_at=instant,
            actor=ENGINE,
            command=uuid4(),
            data=data,
        )
        return await self.register.record(RecordAsk(event=event, law=case.law))

    async def in_review(self) -> Counter:
        if self.case.owes:
            await self.do(EventType.FOUND_COMPLETE)
            await self.do(EventType.PAYMENT_RECEIVED, amount=self.case.fee_total, means="cash")
        await self.do(EventType.ACCEPTED)
        await self.do(EventType.FORWARDED)
        return self


def dues(case: Case) -> dict[tuple[str, str], datetime]:
    return {(str(clock.kind), clock.step): clock.due for clock in case.clocks}


def day(clock: datetime) -> date:
    return clock.astimezone(VIETNAM).date()


DUTY, ASKED = EventType.DUTY_REQUIRED, EventType.SUPPLEMENT_REQUESTED
PAPERS = {"components": ["giay-de-nghi"]}
CAUSE = {"cause": "workload"}
MOVED = [
    (EventType.ANSWERED_LATE, 26, CAUSE),
    (EventType.APOLOGY_SIGNED, 27, {**CAUSE, "appointment": "2026-09-14T16:00:00+07:00"}),
    (EventType.APPOINTMENT_MOVED, 28, {}),
]
OPINION = (EventType.PROPOSED, 26, {"step": "appraise"})
STORIES: dict[str, tuple[dict[str, object], bool, list[tuple[EventType, float, dict[str, object]]]]] = {
    "submitted": ({}, False, []),
    "online": (
        {"channel": "online", "return_method": "online", "components": [{"component": "giay-de-nghi"}]},
        False,
        [],
    ),
    "unpaid": ({}, False, [(EventType.FOUND_COMPLETE, 0, {})]),
    "incomplete": ({}, False, [(ASKED, 1, PAPERS)]),
    "in review": ({}, True, []),
    "supplementing": ({}, True, [(ASKED, 26, PAPERS)]),
    "completed": ({}, True, [(ASKED, 26, PAPERS), (EventType.SUPPLEMENTED, 50, PAPERS)]),
    "suspended": ({"procedure": "1.013831"}, True, [(DUTY, 26, {})]),
    "resumed": ({"procedure": "1.013831"}, True, [(DUTY, 26, {}), (EventType.RESUMED, 51.117, {})]),
    "resumed late": ({"procedure": "1.013831"}, True, [(DUTY, 246, {}), (EventType.RESUMED, 346, {})]),
    "moved": ({}, True, MOVED),
    "moved, resumed": ({}, True, [*MOVED, (DUTY, 29, {}), (EventType.RESUMED, 53, {})]),
    "next stage": ({}, True, [OPINION]),
    "signed": ({}, True, [OPINION, (EventType.APPROVED, 27, {})]),
}
"""One point of a dossier's life each: what was filed, whether it came into review, and what happened then, in hours."""


async def along(story: str) -> Counter:
    """A dossier at one point of its life."""
    facts, reviewed, events = STORIES[story]
    made = Counter(**facts)
    if reviewed:
        await made.in_review()
    for type_, hours, data in events:
        await made.do(type_, MONDAY + timedelta(hours=hours), **data)
    return made


@pytest.mark.parametrize("story", STORIES)
async def test_the_same_law_moves_nothing(story: str) -> None:
    """Counted again on the calendars it was counted on, every clock of every state comes to what it was."""
    case = (await along(story)).case

    assert moved(case, under(LAW, LAW), at=case.last_instant) is None


@pytest.mark.parametrize("story", STORIES)
async def test_a_day_that_is_not_in_its_way_moves_nothing(story: str) -> None:
    """A swap months away concerns nobody, and the quick look says so."""
    case, law = (await along(story)).case, closed(date(2027, 8, 18))

    assert moved(case, under(LAW, law), at=case.last_instant) is None
    assert not may_move(case, touched([*LAW.calendars, *law.calendars]))


@pytest.mark.parametrize("offset", [*range(0, 12, 3), 25, 46])
@pytest.mark.parametrize("story", STORIES)
async def test_the_quick_look_never_misses(story: str, offset: int) -> None:
    """Whatever day is taken away: a dossier that moves is one that the quick look lets through."""
    case, law = (await along(story)).case, closed(MONDAY.date() + timedelta(days=offset))

    if moved(case, under(LAW, law), at=case.last_instant):
        assert may_move(case, touched([*LAW.calendars, *law.calendars]))


async def test_internal_timers_move_and_the_appointment_stays() -> None:
    """Wednesday taken away: the statutory due and the step go on by a day, the printed promise stands, both shown."""
    made = await Counter().in_review()
    before = made.case
    found = moved(before, under(LAW, closed(date(2026, 9, 9))), at=before.last_instant)
    assert found is not None
    by_clock = {change.clock: change for change in found.changes}

    assert day(by_clock[ClockKind.STATUTORY].old) == date(2026, 9, 10)
    assert day(by_clock[ClockKind.STATUTORY].new) == date(2026, 9, 11)
    assert by_clock[ClockKind.PROMISED].printed == before.appointment
    assert day(by_clock[ClockKind.PROMISED].new) == date(2026, 9, 11)
    assert {each["kind"]: each["due"] for each in found.clocks}["promised"] == before.appointment.isoformat()


async def recorded(made: Counter, law: Catalogue, instant: datetime, subject: str = "calendar") -> Event:
    made.register.publish(law)
    return await made.do(EventType.REDATED, instant, campaign="c", subject=subject, law=law.version)


async def test_the_event_arms_the_clocks_and_a_second_finds_nothing() -> None:
    """Recorded through the register: the fold has the new dues, the evidence old and new, and then it is done."""
    made = await Counter().in_review()
    before, law = made.case, closed(date(2026, 9, 9))
    event = await recorded(made, law, MONDAY + timedelta(hours=3))
    after = made.case

    assert after.appointment == before.appointment
    assert after.clock(ClockKind.PROMISED).due == before.appointment
    assert day(after.recounted) == date(2026, 9, 11)
    assert day(after.clock(ClockKind.STATUTORY).due) == date(2026, 9, 11)
    assert after.law == before.law == LAW.version
    assert event.data["calendar"] == {"old": before.calendar, "new": after.calendar}
    assert event.data["calendar"]["old"] != event.data["calendar"]["new"]
    assert after.open_steps()[0].due == after.clock(ClockKind.STEP, "appraise").due
    with pytest.raises(NotAllowed) as refusal:
        await made.do(EventType.REDATED, campaign="d", subject="calendar", law=law.version)
    assert refusal.value.field == "changes"


async def test_a_calendar_taken_back_takes_the_dates_back() -> None:
    """The first publication again: every date is what it was, and the promise is no longer shown apart."""
    made = await Counter().in_review()
    before = made.case
    await recorded(made, closed(date(2026, 9, 9)), MONDAY + timedelta(hours=3))
    event = await recorded(made, LAW, MONDAY + timedelta(hours=4))

    assert dues(made.case) == dues(before)
    assert made.case.recounted == before.appointment
    assert {change["clock"] for change in event.data["changes"]} == {"promised", "statutory", "step"} & {
        change["clock"] for change in event.data["changes"]
    }


async def test_later_clocks_count_on_the_new_calendar() -> None:
    """A dossier that no date of moves yet is still counted on the new calendar from its next event on."""
    made = Counter()
    law = closed(date(2026, 9, 9))
    made.register.publish(law)
    await made.in_review()

    assert day(made.case.clock(ClockKind.STATUTORY).due) == date(2026, 9, 11)


async def test_a_warning_given_is_not_given_again() -> None:
    """What was struck and still lies behind is taken over as struck; what lies ahead moves."""
    made = await Counter().in_review()
    clock = made.case.clock(ClockKind.PROMISED)
    warned_at = dict(clock.rungs)[Rung.WARN]
    await made.do(EventType.CLOCK_WARNED, warned_at, clock="promised", rung="warn", arming=clock.arming)
    await recorded(made, closed(date(2026, 9, 11)), warned_at + timedelta(minutes=1))
    again = made.case.clock(ClockKind.PROMISED)

    assert again.arming > clock.arming
    assert again.warned
    assert not again.breached
    assert [rung for rung, _ in again.ahead] == [Rung.BREACH, Rung.ONE_STOP, Rung.PROVINCE]
    assert day(dict(clock.rungs)[Rung.ONE_STOP]) == date(2026, 9, 11)
    assert day(dict(again.rungs)[Rung.ONE_STOP]) == date(2026, 9, 14)


async def test_a_closure_concerns_the_unit_alone() -> None:
    """The department is closed by a storm: its step moves; a dossier of another office does not."""
    made = await Counter().in_review()
    here = moved(made.case, under(LAW, shut(ECONOMY, date(2026, 9, 8))), at=made.case.last_instant)
    other = moved(made.case, under(LAW, shut("000.00.53.H48", date(2026, 9, 8))), at=made.case.last_instant)

    assert here is not None
    assert ClockKind.STEP in {change.clock for change in here.changes}
    assert other is None


async def online_in_review() -> Counter:
    made = Counter(channel="online", return_method="online", components=[{"component": "giay-de-nghi"}])
    return await made.in_review()


async def test_a_decision_moves_the_promise_and_keeps_the_appointment() -> None:
    """A shorter promise: the clock and its ladder move, with the basis; what was printed stays."""
    made = await online_in_review()
    before = made.case
    event = await recorded(made, decided("1"), MONDAY + timedelta(hours=1), "decision")
    after = made.case

    assert after.appointment == before.appointment
    assert after.clock(ClockKind.PROMISED).due < before.clock(ClockKind.PROMISED).due
    assert after.clock(ClockKind.STATUTORY) == before.clock(ClockKind.STATUTORY)
    assert event.data["basis"] == ["QĐ 1/QĐ-UBND: 1 working_day"]
    assert after.promise is not None
    assert after.promise.amount == 1
    assert (
        moved(after, under(LAW, decided("1"), Subject.DECISION), at=after.last_instant, subject=Subject.DECISION)
        is None
    )


async def test_the_promise_of_a_decision_follows_a_later_calendar_up_to_what_was_printed() -> None:
    """It is not printed, so a calendar moves it, but never behind the appointment."""
    made = await online_in_review()
    law = decided("1")
    await recorded(made, law, MONDAY + timedelta(hours=1), "decision")
    tuesday, wednesday = date(2026, 9, 8), date(2026, 9, 9)
    await recorded(made, closed(tuesday, wednesday, law=law), MONDAY + timedelta(hours=2))

    assert made.case.clock(ClockKind.PROMISED).due == made.case.appointment
    assert made.case.recounted is None


@pytest.mark.parametrize("amount", ["3", "2"])
async def test_a_decision_never_lengthens(amount: str) -> None:
    """What is not shorter than what was promised moves nobody."""
    made = await online_in_review()
    law = under(LAW, decided(amount), Subject.DECISION)

    assert moved(made.case, law, at=made.case.last_instant, subject=Subject.DECISION) is None


async def test_a_decision_makes_nobody_late() -> None:
    """A shorter promise that would have run out already moves nothing; nor does one for the counter."""
    made, law = await online_in_review(), under(LAW, decided("1"), Subject.DECISION)
    behind = MONDAY + timedelta(days=1, hours=23)
    counter = await Counter().in_review()

    assert moved(made.case, law, at=behind, subject=Subject.DECISION) is None
    assert moved(counter.case, law, at=MONDAY, subject=Subject.DECISION) is None


async def test_a_closed_dossier_has_nothing_to_move() -> None:
    """Not accepted at the door."""
    made = Counter()
    await made.do(EventType.REFUSED)

    assert moved(made.case, under(LAW, closed(date(2026, 9, 9))), at=MONDAY) is None
