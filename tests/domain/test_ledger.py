"""The time ledger: segments that partition, totals that add up, and who held an overrun."""

from dataclasses import replace
from datetime import date, datetime, time, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.calendars import Session
from domain.errors import Invalid
from domain.ledger import Calendars, Change, Holder, Part, Phase, ledger
from tests.domain.state_office import STATE_OFFICE, moment

MINUTE = timedelta(minutes=1)
QUICK = settings(derandomize=True, max_examples=150, deadline=None)
START = moment("Mon 20/04/2026 08:00")
EARLY = replace(STATE_OFFICE, code="early", sessions=(Session(time(6), time(12)), Session(time(13), time(15))))
CALENDARS = Calendars(STATE_OFFICE, {"A": STATE_OFFICE, "B": EARLY, "C": STATE_OFFICE})


def change(at: datetime, holder: Holder, *units: str, reason: str = "work", phase: Phase = Phase.RUNNING) -> Change:
    return Change(at, holder, reason, phase, tuple(Part(unit) for unit in units))


@st.composite
def stories(draw):
    """Some changes of holder, minutes to days apart, many at one instant, and an end."""
    at, changes = START, []
    for _ in range(draw(st.integers(1, 10))):
        holder = draw(st.sampled_from(Holder))
        units = draw(st.lists(st.sampled_from("ABC"), unique=True, max_size=3)) if holder is Holder.UNIT else []
        phase = draw(st.sampled_from(Phase))
        changes.append(change(at, holder, *units, reason=draw(st.sampled_from("xy")), phase=phase))
        at += draw(st.sampled_from([0, 1, 59, 240, 1440, 4321])) * MINUTE
    return changes, at


@QUICK
@given(stories())
def test_the_segments_partition_the_time_exactly(story):
    """Each begins where the one before it ends, from the first change to the end; none is empty."""
    changes, end = story
    segments = ledger(changes, end, CALENDARS).segments
    bounds = [changes[0].at, *(segment.end for segment in segments)]

    assert [segment.start for segment in segments] == bounds[:-1]
    assert bounds[-1] == end
    assert all(segment.length > timedelta(0) for segment in segments)


@QUICK
@given(stories())
def test_the_totals_add_up_to_the_whole(story):
    """Wall and working time alike, and each holder, or group of units, has one total."""
    changes, end = story
    book = ledger(changes, end, CALENDARS)

    assert sum((total.length for total in book.totals), timedelta()) == book.length == end - changes[0].at
    assert sum((total.working for total in book.totals), timedelta()) == book.working
    assert len({(total.holder, total.units) for total in book.totals}) == len(book.totals)


@QUICK
@given(stories())
def test_every_minute_is_held_by_whom_an_independent_count_says(story):
    """Minute by minute: the last change not later than it holds it, and works if one of its units is open."""
    changes, end = story
    held: dict[tuple[Holder, tuple[str, ...]], list[int]] = {}
    at, number = START, 0
    while at < end:
        while number + 1 < len(changes) and changes[number + 1].at <= at:
            number += 1
        units = tuple(sorted(part.unit for part in changes[number].parts))
        minutes = held.setdefault((changes[number].holder, units), [0, 0])
        minutes[0] += 1
        minutes[1] += any(is_open(at, unit) for unit in units or ("A",))
        at += MINUTE
    totals = {
        (t.holder, t.units): [t.length // MINUTE, t.working // MINUTE] for t in ledger(changes, end, CALENDARS).totals
    }

    assert totals == held


@QUICK
@given(stories(), st.integers(0, 20_000), st.integers(0, 20_000))
def test_a_cut_and_what_lies_around_it_are_the_whole(story, first, last):
    """Nothing is lost or counted twice when an overrun is cut out."""
    changes, end = story
    book = ledger(changes, end, CALENDARS)
    one, other = sorted((min(START + first * MINUTE, end), min(START + last * MINUTE, end)))
    parts = [book.between(START, one), book.between(one, other), book.between(other, end)]

    assert sum((part.length for part in parts), timedelta()) == book.length
    assert sum((part.working for part in parts), timedelta()) == book.working


def test_units_side_by_side_hold_one_segment_together():
    """A and B work at the same time: it is counted once, and worked while either of them is open."""
    end = moment("Tue 21/04/2026 08:00")
    book = ledger([change(START, Holder.UNIT, "B", "A")], end, CALENDARS)

    assert [total.units for total in book.totals] == [("A", "B")]
    # 08:00 to 12:00 by B's hours, 13:00 to 17:00 by both, and the next morning from 06:00
    assert book.totals[0].working == timedelta(hours=4 + 4 + 2)


def test_an_overrun_is_attributed_to_who_held_it_then():
    """Due on Tuesday at noon: the unit held it until Wednesday, then the applicant."""
    changes = [change(START, Holder.UNIT, "A"), change(moment("Wed 22/04/2026 09:00"), Holder.CITIZEN)]
    book = ledger(changes, moment("Thu 23/04/2026 09:00"), CALENDARS)
    over = book.between(moment("Tue 21/04/2026 11:30"), moment("Thu 23/04/2026 09:00"))

    assert [(total.holder, total.length) for total in over.totals] == [
        (Holder.UNIT, timedelta(hours=21, minutes=30)),
        (Holder.CITIZEN, timedelta(days=1)),
    ]


@pytest.mark.parametrize("end", [START - MINUTE, START + MINUTE])
def test_changes_out_of_order_are_refused(end):
    """A ledger of a story that runs backwards would be a guess."""
    with pytest.raises(Invalid):
        ledger([change(START, Holder.CITIZEN), change(START + 2 * MINUTE, Holder.CITIZEN)], end, CALENDARS)
    with pytest.raises(Invalid):
        ledger([], START, CALENDARS)


def is_open(at: datetime, unit: str) -> bool:
    """Whether the unit is open in the minute that begins then, read off a table of its own."""
    spans = [(6, 12), (13, 15)] if unit == "B" else [(7.5, 11.5), (13.5, 17)]
    rest = {
        date(2026, 4, 27),
        date(2026, 4, 30),
        date(2026, 5, 1),
        date(2026, 8, 31),
        date(2026, 9, 1),
        date(2026, 9, 2),
    }
    works = (at.isoweekday() <= 5 and at.date() not in rest) or at.date() == date(2026, 8, 22)
    hour = at.hour + at.minute / 60
    return works and any(opens <= hour < closes for opens, closes in spans)
