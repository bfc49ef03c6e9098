"""Who held a dossier when, read off its events: random stories through the real fold, and some by hand."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.dossier import Act, Business, may
from domain.duties import Role
from domain.ledger import Calendars, Change, Holder, Ledger, Phase, ledger
from schema.case import Case, fold
from schema.events import EventType
from schema.holding import changes, closed_at, decided_at, spans, told
from schema.messages import ENGINE, Actor, Event
from tests.domain.state_office import STATE_OFFICE, moment

QUICK = settings(derandomize=True, max_examples=200, deadline=None)
ID = UUID(int=1)
COMMUNE, LAND, ROADS = "000.00.61.H48", "000.00.12.H48", "000.00.19.H48"
START = moment("Mon 20/04/2026 08:00")
STEPS = [
    [{"code": "land", "unit": LAND, "kind": "consult"}, {"code": "roads", "unit": ROADS, "kind": "consult"}],
    [{"code": "appraise", "unit": LAND, "kind": "appraise"}],
    [{"code": "sign", "unit": COMMUNE, "kind": "sign"}],
]
CALENDARS = Calendars(STATE_OFFICE, {})

TYPES = {
    EventType.FOUND_COMPLETE: Act.FIND_COMPLETE,
    EventType.ACCEPTED: Act.ACCEPT,
    EventType.SUPPLEMENT_REQUESTED: Act.REQUEST_SUPPLEMENT,
    EventType.SUPPLEMENTED: Act.SUPPLEMENT,
    EventType.REFUSED: Act.REFUSE,
    EventType.FORWARDED: Act.FORWARD,
    EventType.PROPOSED: Act.PROPOSE,
    EventType.DUTY_REQUIRED: Act.REQUIRE_DUTY,
    EventType.SUSPENDED: Act.SUSPEND,
    EventType.RESUMED: Act.RESUME,
    EventType.APPROVED: Act.APPROVE,
    EventType.WITHDRAWN: Act.WITHDRAW,
    EventType.STOPPED: Act.STOP,
    EventType.RETURNED: Act.RETURN,
    EventType.PAYMENT_RECEIVED: Act.PAY,
}


def event(case: Case | None, type_: EventType, minutes: int, **data: Any) -> Event:
    """The next event, some minutes after the last; a person of the unit that has an open step does it."""
    steps = case.open_steps() if case else ()
    unit = next((step.unit for step in steps if data.get("step") in (None, step.code)), COMMUNE)
    actor = Actor(system="one-stop", role=Role.OFFICER, unit=unit, officer=f"somebody of {unit}")
    if type_ in (EventType.ACCEPTED, EventType.CLOCK_WARNED):
        actor = ENGINE
    sequence = case.sequence + 1 if case else 1
    at = (case.last_instant if case else START) + timedelta(minutes=minutes)
    facts = {**_FACTS.get(type_, {}), **data}
    return Event(
        dossier=ID, sequence=sequence, type=type_, occurred_at=at, actor=actor, command=UUID(int=sequence), data=facts
    )


_FACTS: dict[EventType, dict[str, Any]] = {
    EventType.SUBMITTED: {
        "procedure": "1.001612",
        "unit": COMMUNE,
        "channel": "counter",
        "return_method": "counter",
        "case": "standard",
        "quantity": 1,
        "law": "law",
    },
    EventType.ACCEPTED: {"code": "000.00.61.H48-260420-0001", "law": "law", "stages": STEPS},
    EventType.SUSPENDED: {"cause": "force_majeure"},
    EventType.PAYMENT_RECEIVED: {"amount": 100_000, "means": "cash"},
    EventType.CLOCK_WARNED: {"clock": "promised"},
}


def story(*acts: tuple[EventType, int] | tuple[EventType, int, dict[str, Any]], fee: str = "") -> list[Event]:
    """A story of these events, each so many minutes after the one before."""
    paid = {"fee": {"total": 100_000, "timing": fee}} if fee else {}
    events = [event(None, EventType.SUBMITTED, 0, **paid)]
    for type_, minutes, *data in acts:
        events.append(event(fold(events), type_, minutes, **(data[0] if data else {})))
    return events


@st.composite
def stories(draw):
    """Any story that the table of moves allows, with warnings in between and many events at one instant."""
    events = story(fee=draw(st.sampled_from(["", "at_receipt", "before_return"])))
    for _ in range(draw(st.integers(0, 25))):
        case = fold(events)
        able = [type_ for type_, act in TYPES.items() if may(case.state, act) and _is_ready(case, type_)]
        type_ = draw(st.sampled_from([*able, EventType.CLOCK_WARNED]))
        data = {"step": draw(st.sampled_from(case.open_steps())).code} if type_ is EventType.PROPOSED else {}
        events.append(event(case, type_, draw(st.sampled_from([0, 1, 90, 1440, 6000])), **data))
    return events


def _is_ready(case: Case, type_: EventType) -> bool:
    if type_ is EventType.PROPOSED:
        return any(step.kind != "sign" for step in case.open_steps()) and case.stage < len(case.stages) - 1
    return True


def book(events: list[Event], end: Any = None) -> Ledger:
    stages = told(events)
    end = end or closed_at(stages) or stages[-1][1].last_instant
    return ledger([change for change in changes(stages) if change.at <= end], end, CALENDARS)


@QUICK
@given(stories())
def test_the_segments_of_any_story_partition_receipt_to_result(events):
    """From the submission to the closing event, or the last one: no gap, no overlap, and the totals are the whole."""
    stages = told(events)
    end = closed_at(stages) or events[-1].occurred_at
    found = book(events)
    bounds = [START, *(segment.end for segment in found.segments)]

    assert [segment.start for segment in found.segments] == bounds[:-1]
    assert bounds[-1] == end
    assert sum((total.length for total in found.totals), timedelta()) == end - START


@QUICK
@given(stories())
def test_the_phase_of_a_segment_is_that_of_the_state_it_lies_in(events):
    """Processing time by the ledger is what adding up the states from event to event gives."""
    stages = told(events)
    end = closed_at(stages) or events[-1].occurred_at
    running = {Business.ACCEPTED, Business.PROCESSING}
    following = [*(each.occurred_at for each in events[1:]), end]
    expected = sum(
        (
            max(timedelta(), min(until, end) - each.occurred_at)
            for (each, case), until in zip(stages, following, strict=True)
            if case.state.business in running
        ),
        timedelta(),
    )

    assert sum((s.length for s in book(events).segments if s.phase is Phase.RUNNING), timedelta()) == expected


def test_departments_side_by_side_hold_one_segment_with_their_own_officers():
    """Land is done first, then roads holds it alone; both officers are known, each by the act that ended the part."""
    events = story(
        (EventType.ACCEPTED, 10),
        (EventType.FORWARDED, 10),
        (EventType.CLOCK_WARNED, 60),
        (EventType.PROPOSED, 60, {"step": "land"}),
        (EventType.PROPOSED, 60, {"step": "roads"}),
    )
    found = changes(told(events))

    assert [(c.holder, [p.unit for p in c.parts]) for c in found] == [
        (Holder.ONE_STOP, [COMMUNE]),
        (Holder.ONE_STOP, [COMMUNE]),
        (Holder.AGENCY, [LAND, ROADS]),
        (Holder.AGENCY, [ROADS]),
        (Holder.UNIT, [LAND]),
    ]
    assert [part.officer for part in found[2].parts] == [f"somebody of {LAND}", f"somebody of {ROADS}"]


def test_the_applicant_holds_what_is_asked_of_the_applicant():
    """Papers before acceptance, the fee, papers during the appraisal, a duty; nobody holds a typhoon."""
    events = story(
        (EventType.SUPPLEMENT_REQUESTED, 5),
        (EventType.SUPPLEMENTED, 60),
        (EventType.FOUND_COMPLETE, 5),
        (EventType.PAYMENT_RECEIVED, 5),
        (EventType.ACCEPTED, 0),
        (EventType.FORWARDED, 5),
        (EventType.SUPPLEMENT_REQUESTED, 5),
        (EventType.SUPPLEMENTED, 60),
        (EventType.DUTY_REQUIRED, 5),
        (EventType.RESUMED, 60),
        (EventType.SUSPENDED, 5),
        (EventType.RESUMED, 60),
        fee="at_receipt",
    )
    held = [(change.holder, change.reason) for change in changes(told(events)) if not change.parts]

    assert held == [
        (Holder.CITIZEN, "supplement_at_receipt"),
        (Holder.PAYMENT, "fee"),
        (Holder.CITIZEN, "supplement"),
        (Holder.DUTY, "financial_duty"),
        (Holder.NOBODY, "force_majeure"),
    ]


def test_the_processing_ends_with_the_decision_and_the_story_with_the_return():
    """Code 9 ends the clocks; what lies until the result is fetched is the one-stop's, after them."""
    events = story(
        (EventType.ACCEPTED, 0),
        (EventType.FORWARDED, 0),
        (EventType.REFUSED, 100),
        (EventType.RETURNED, 1000),
    )
    stages = told(events)
    last: Change = changes(stages)[-1]

    assert decided_at(stages) == START + timedelta(minutes=100)
    assert closed_at(stages) == START + timedelta(minutes=1100)
    assert (last.holder, last.phase) == (Holder.ONE_STOP, Phase.AFTER)


def test_a_step_knows_when_it_was_opened_due_and_done():
    """Its due instant is that of its opening until a clock says another; the refusal ends what is still open."""
    due = (START + timedelta(days=1)).isoformat()
    events = story(
        (EventType.ACCEPTED, 0),
        (EventType.FORWARDED, 30, {"opened": {"land": due, "roads": due}}),
        (EventType.PROPOSED, 30, {"step": "land"}),
        (EventType.REFUSED, 30),
    )
    land, roads = spans(told(events))

    assert (land.opened, land.due, land.done) == (
        START + timedelta(minutes=30),
        START + timedelta(days=1),
        START + timedelta(minutes=60),
    )
    assert roads.done == START + timedelta(minutes=90)
