"""What stops do to a due instant, and when a clock warns."""

from dataclasses import replace
from datetime import timedelta
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.clocks import (
    Policy,
    Stop,
    StopReason,
    both_after_stops,
    due_after_stops,
    warning,
    working_time_between,
)
from domain.errors import Invalid
from domain.instants import local
from domain.terms import StartRule, TermUnit, due
from tests.domain import oracle
from tests.domain.state_office import FIRST, SECONDS, STATE_OFFICE, moment, read_by_the_oracle, term, terms

QUICK = settings(derandomize=True, max_examples=200, deadline=None)
MINUTE = timedelta(minutes=1)
OFFICE = read_by_the_oracle(STATE_OFFICE)


def stop(started, ended=None, reason=StopReason.SUPPLEMENT):
    """A stop between two written moments, still going without the second."""
    return Stop(moment(started), moment(ended) if ended else None, reason)


@pytest.mark.parametrize("asked", ["00:10", "08:00", "16:59", "22:00"])
@pytest.mark.parametrize("complete", ["00:10", "08:00", "16:59", "22:00"])
@pytest.mark.parametrize("policy, last", [(Policy.RESUME, "Fri 22/03/2024"), (Policy.RESTART, "Tue 26/03/2024")])
def test_the_two_policies(policy, last, asked, complete):
    """Accepted Mon 04/03/2024, 10 wd, asked 06/03, complete 12/03: resumed 22/03, restarted 26/03."""
    stops = [stop(f"06/03/2024 {asked}", f"12/03/2024 {complete}")]
    found = due_after_stops(term("10 wd"), moment("Mon 04/03/2024 09:00"), stops, STATE_OFFICE, policy)
    assert found.instant == moment(f"{last} 17:00")


@pytest.mark.parametrize(
    "length, stops, ends",
    [
        ("3.5 wd", [("05/03/2024 10:00", "07/03/2024 10:00")], "Tue 12/03/2024 11:30"),
        ("10 wd", [("06/03/2024 10:00", "06/03/2024 16:00")], "Mon 18/03/2024 17:00"),
        ("10 wd", [("06/03/2024 10:00", "09/03/2024 16:00")], "Thu 21/03/2024 17:00"),
        (
            "10 wd",
            [("06/03/2024 10:00", "07/03/2024 9:00"), ("07/03/2024 9:30", "12/03/2024 8:00")],
            "22/03/2024 17:00",
        ),
        ("10 cd", [("06/03/2024 10:00", "12/03/2024 10:00")], "Wed 20/03/2024 17:00"),
        ("5 cd", [("08/03/2024 10:00", "09/03/2024 10:00")], "Tue 12/03/2024 17:00"),
        ("2 wd from moment", [("05/03/2024 09:00", "07/03/2024 09:00")], "Fri 08/03/2024 09:00"),
        ("8 h", [("04/03/2024 10:00", "05/03/2024 10:00")], "Wed 06/03/2024 09:30"),
        ("same day", [("04/03/2024 10:00", "06/03/2024 10:00")], "Wed 06/03/2024 17:00"),
        ("same day", [("04/03/2024 10:00", "06/03/2024 15:30")], "Thu 07/03/2024 17:00"),
    ],
)
def test_resume_leaves_out_the_wait(length, stops, ends):
    """Days are left out whole, from the request to the day before completion; hours to the minute."""
    ledger = [stop(started, ended) for started, ended in stops]
    accepted = moment("Mon 04/03/2024 09:00")
    found = due_after_stops(term(length), accepted, ledger, STATE_OFFICE, Policy.RESUME)
    assert found.instant == moment(ends)


def test_a_resumed_term_never_ends_before_the_dossier_is_complete():
    """Asked on the last day and complete after the close, the last day is the next working day."""
    accepted, asked = moment("Mon 04/03/2024 09:00"), "Mon 18/03/2024 16:00"
    ends = {
        complete: due_after_stops(
            term("10 wd"), accepted, [stop(asked, f"Wed 20/03/2024 {complete}")], STATE_OFFICE, Policy.RESUME
        ).instant
        for complete in ("16:59", "17:00", "21:00")
    }
    same, after = moment("Wed 20/03/2024 17:00"), moment("Thu 21/03/2024 17:00")
    assert ends == {"16:59": same, "17:00": after, "21:00": after}


@pytest.mark.parametrize("policy", Policy)
def test_a_stopped_clock_has_no_due_instant(policy):
    """While a clock stands still it is due at no time; before the stop, and after completion, it is."""
    accepted = moment("Mon 04/03/2024 09:00")
    going = [stop("05/03/2024 08:00", "05/03/2024 09:00"), stop("06/03/2024 08:00")]
    assert due_after_stops(term("10 wd"), accepted, going, STATE_OFFICE, policy) is None
    assert due_after_stops(term("10 wd"), accepted, [], STATE_OFFICE, policy) == due(
        term("10 wd"), accepted, STATE_OFFICE
    )


@pytest.mark.parametrize("policy", Policy)
def test_a_stop_at_the_last_moment_still_counts(policy):
    """A request made at the very due instant comes in time: the clock stands still."""
    accepted = moment("Mon 04/03/2024 09:00")
    assert due_after_stops(term("10 wd"), accepted, [stop("18/03/2024 17:00")], STATE_OFFICE, policy) is None


@pytest.mark.parametrize("policy", Policy)
@pytest.mark.parametrize("ended", [None, "22/03/2024 08:00"])
def test_a_stop_after_the_end_saves_nothing(policy, ended):
    """A term that has run out is not revived by asking for a supplement afterwards."""
    accepted = moment("Mon 04/03/2024 09:00")
    late = [stop("18/03/2024 17:00:01", ended)]
    found = due_after_stops(term("10 wd"), accepted, late, STATE_OFFICE, policy)
    assert found.instant == moment("18/03/2024 17:00")


def test_the_walk_names_the_stop():
    """A day on which the clock stood still says so, with the reason, and counts nothing."""
    accepted = moment("Mon 04/03/2024 09:00")
    waits = [stop("06/03/2024 10:00", "08/03/2024 10:00", StopReason.FINANCIAL_DUTY)]
    walk = due_after_stops(term("3 wd"), accepted, waits, STATE_OFFICE, Policy.RESUME).walk
    assert [(row.day.day, int(row.counted), row.reason) for row in walk] == [
        (4, 0, "day of acceptance, not counted"),
        (5, 1, "working day"),
        (6, 0, "stopped: financial_duty"),
        (7, 0, "stopped: financial_duty"),
        (8, 1, "working day"),
        (9, 0, "weekend"),
        (10, 0, "weekend"),
        (11, 1, "working day"),
    ]


def test_the_walk_names_the_day_of_completion():
    """Asked on the day of acceptance, the count begins after the day of completion, and the walk says so."""
    accepted = moment("Mon 04/03/2024 09:00")
    waits = [stop("04/03/2024 10:00", "05/03/2024 10:00")]
    walk = due_after_stops(term("1 wd"), accepted, waits, STATE_OFFICE, Policy.RESUME).walk
    assert [(row.day.day, row.reason) for row in walk] == [
        (4, "stopped: supplement"),
        (5, "day of completion, not counted"),
        (6, "working day"),
    ]


@pytest.mark.parametrize(
    "stops, field",
    [
        ([("01/03/2024 08:00", "05/03/2024 08:00")], "stops[0]"),
        ([("06/03/2024 08:00", "05/03/2024 08:00")], "stops[0]"),
        ([("05/03/2024 08:00", "07/03/2024 08:00"), ("06/03/2024 08:00", None)], "stops[1]"),
        ([("05/03/2024 08:00", None), ("06/03/2024 08:00", None)], "stops[0]"),
    ],
)
def test_stops_out_of_order_are_refused(stops, field):
    """Stops lie after the anchor, in order, without overlap, and only the last may still be going."""
    ledger = [stop(*pair) for pair in stops]
    with pytest.raises(Invalid) as refusal:
        due_after_stops(term("10 wd"), moment("04/03/2024 09:00"), ledger, STATE_OFFICE, Policy.RESUME)
    assert refusal.value.field == field
    assert refusal.value.remedy


@st.composite
def ledgers(draw, anchor):
    """Up to three ended stops in order, at whole minutes, within some weeks of the anchor."""
    marks = sorted(draw(st.lists(st.integers(0, 30 * 24 * 60), min_size=2, max_size=6)))
    moments = [anchor + mark * MINUTE for mark in marks]
    pairs = zip(moments[::2], moments[1::2], strict=False)
    return [Stop(started, ended, StopReason.SUPPLEMENT) for started, ended in pairs]


def effective(anchor, ledger, found_by):
    """The stops that began while the term still ran."""
    used = []
    for entry in ledger:
        if entry.started > found_by(used):
            break
        used.append(entry)
    return used


@QUICK
@given(st.data(), st.integers(0, SECONDS // 60), terms())
def test_resumed_opening_time_agrees_with_the_oracle(data, minutes, drawn):
    """Hours and terms from the moment end where a sum over the minutes in which the clock ran says."""
    anchor = FIRST + minutes * MINUTE
    if drawn.unit is not TermUnit.WORKING_HOUR:
        drawn = replace(drawn, unit=TermUnit.WORKING_DAY, start=StartRule.FROM_MOMENT)
    ledger = data.draw(ledgers(anchor))

    def by_the_line(stops):
        line = oracle.Line(anchor.date(), OFFICE, [(entry.started, entry.ended) for entry in stops])
        return oracle.due(line, drawn.unit, drawn.start, Fraction(drawn.amount), anchor)

    expected = by_the_line(effective(anchor, ledger, by_the_line))
    assert due_after_stops(drawn, anchor, ledger, STATE_OFFICE, Policy.RESUME).instant == expected


@QUICK
@given(st.integers(0, SECONDS), st.integers(1, 40), st.integers(0, 40 * 24 * 60), st.integers(0, 30 * 24 * 60))
def test_a_resumed_day_term_is_longer_by_the_working_days_of_the_wait(seconds, amount, after, wait):
    """The wait costs the working days from the request up to, not with, completion: no more and no fewer."""
    anchor = FIRST + timedelta(seconds=seconds)
    asked = anchor + after * MINUTE
    plain, complete = term(f"{amount} wd"), asked + wait * MINUTE
    ledger = [Stop(asked, complete, StopReason.SUPPLEMENT)]
    found = due_after_stops(plain, anchor, ledger, STATE_OFFICE, Policy.RESUME).instant
    days = (asked.date() + timedelta(n) for n in range((complete.date() - asked.date()).days))
    lost = sum(STATE_OFFICE.is_working(day) for day in days)
    expected = due(term(f"{amount + lost} wd"), anchor, STATE_OFFICE).instant
    if asked > due(plain, anchor, STATE_OFFICE).instant:
        expected = due(plain, anchor, STATE_OFFICE).instant
    elif expected <= complete:
        expected = due(term(f"{amount + lost + 1} wd"), anchor, STATE_OFFICE).instant
    assert found == expected


@QUICK
@given(st.data(), st.integers(0, SECONDS), terms())
def test_the_laws_of_stops(data, seconds, drawn):
    """Resume is never later than restart nor earlier than no stop; a term never ends while it is stopped."""
    anchor = FIRST + timedelta(seconds=seconds)
    ledger = data.draw(ledgers(anchor))
    plain = due(drawn, anchor, STATE_OFFICE).instant
    resumed = due_after_stops(drawn, anchor, ledger, STATE_OFFICE, Policy.RESUME)
    restarted = due_after_stops(drawn, anchor, ledger, STATE_OFFICE, Policy.RESTART)
    assert plain <= resumed.instant
    assert sum(row.counted for row in resumed.walk) == drawn.amount
    first = ledger[0]
    if len(ledger) == 1:
        assert resumed.instant <= restarted.instant
    if first.started <= plain:
        assert min(resumed.instant, restarted.instant) > first.ended - MINUTE


@QUICK
@given(st.integers(0, SECONDS), st.integers(0, 30 * 24 * 60), terms())
def test_a_stop_at_the_very_start_makes_the_policies_equal(seconds, minutes, drawn):
    """With nothing of the term used up, to resume is to restart."""
    anchor = FIRST + timedelta(seconds=seconds)
    ledger = [Stop(anchor, anchor + minutes * MINUTE, StopReason.SUPPLEMENT)]
    ends = {due_after_stops(drawn, anchor, ledger, STATE_OFFICE, policy).instant for policy in Policy}
    assert len(ends) == 1


@pytest.mark.parametrize(
    "length, warned",
    [
        ("10 wd", "Thu 14/03/2024 09:45"),
        ("20 wd", "Wed 27/03/2024 15:30"),
        ("8 h", "Tue 05/03/2024 07:30"),
        ("same day", "Mon 04/03/2024 15:30"),
    ],
)
def test_when_to_warn(length, warned):
    """The smaller of 24 opening hours and a quarter of the term is left."""
    accepted = moment("Mon 04/03/2024 09:00")
    ends = due(term(length), accepted, STATE_OFFICE).instant
    assert warning(term(length), accepted, ends, STATE_OFFICE) == moment(warned)


@QUICK
@given(st.integers(0, SECONDS), terms())
def test_a_warning_comes_in_the_second_half_inside_opening_hours(seconds, drawn):
    """Whatever the term, the warning leaves at most a quarter and 24 hours, and comes in time to be read."""
    anchor = FIRST + timedelta(seconds=seconds)
    ends = due(drawn, anchor, STATE_OFFICE).instant
    warned = warning(drawn, anchor, ends, STATE_OFFICE)
    length = working_time_between(anchor, ends, STATE_OFFICE)
    left = working_time_between(warned, ends, STATE_OFFICE)
    assert anchor <= warned < ends
    assert (warned.second, warned.microsecond) == (0, 0)
    assert min(length / 4, timedelta(hours=24)) - MINUTE < left <= min(length / 4, timedelta(hours=24))
    assert working_time_between(anchor, warned, STATE_OFFICE) >= length / 2
    assert any(
        session.opens <= local(warned).time() <= session.closes
        for session in STATE_OFFICE.sessions_on(local(warned).date())
    )


def test_a_warning_for_an_appointment_nearer_than_the_term():
    """A due instant moved nearer is still warned of in its second half; one that is past, at once."""
    accepted = moment("Mon 04/03/2024 09:00")
    near, past = moment("Tue 05/03/2024 09:00"), moment("Fri 01/03/2024 09:00")
    assert warning(term("20 wd"), accepted, near, STATE_OFFICE) == moment("04/03/2024 14:45")
    assert warning(term("20 wd"), accepted, past, STATE_OFFICE) == past
    evening, night = moment("Mon 04/03/2024 19:00"), moment("Mon 04/03/2024 20:00")
    assert warning(term("20 wd"), evening, night, STATE_OFFICE) == evening


def test_the_promise_is_never_later_than_the_law():
    """Complete just at the close of the promise's only day, it would move past a statutory day and a quarter."""
    anchor, ledger = moment("Tue 03/01/2023 09:00"), [stop("04/01/2023 08:00", "19/01/2023 17:00")]
    alone = due_after_stops(term("1 wd"), anchor, ledger, STATE_OFFICE, Policy.RESUME)
    promised, statutory = both_after_stops(term("1 wd"), term("1.25 wd"), anchor, ledger, STATE_OFFICE, Policy.RESUME)
    assert alone.instant == moment("Fri 27/01/2023 17:00")
    assert promised.instant == statutory.instant == moment("Fri 27/01/2023 09:30")
    going = [stop("04/01/2023 08:00")]
    assert both_after_stops(term("1 wd"), term("2 wd"), anchor, going, STATE_OFFICE, Policy.RESUME) is None


@pytest.mark.parametrize(
    "a, b, hours",
    [
        ("Mon 04/03/2024 09:00", "Mon 04/03/2024 17:00", 6),
        ("Mon 04/03/2024 09:00", "Tue 05/03/2024 09:00", 7.5),
        ("Fri 26/04/2024 17:00", "Thu 02/05/2024 07:30", 0),
        ("Fri 03/05/2024 07:30", "Mon 06/05/2024 07:30", 15),
        ("Tue 05/03/2024 09:00", "Mon 04/03/2024 09:00", -7.5),
    ],
)
def test_working_time_between(a, b, hours):
    """Between two instants only opening hours count; backwards they count as negative."""
    assert working_time_between(moment(a), moment(b), STATE_OFFICE) == timedelta(hours=hours)


@QUICK
@given(st.integers(0, SECONDS // 60), st.integers(1, 160))
def test_between_undoes_due(minutes, quarters):
    """The opening time up to the end of a term in hours is the term."""
    anchor = FIRST + minutes * MINUTE
    ends = due(term(f"{quarters / 4} h"), anchor, STATE_OFFICE).instant
    assert working_time_between(anchor, ends, STATE_OFFICE) == timedelta(hours=quarters / 4)
