"""When a term ends: the table a lawyer can check, the rules one by one, and an independent oracle."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.calendars import Session, SpecialDay
from domain.errors import CalendarMissing, Invalid
from domain.instants import VIETNAM, at, civil_date, parse_instant
from domain.terms import StartRule, Term, TermUnit, due
from tests.domain import oracle
from tests.domain.state_office import (
    FIRST,
    LAST,
    SECONDS,
    STATE_OFFICE,
    day,
    moment,
    read_by_the_oracle,
    term,
    terms,
    without,
)

CASES = [
    ("Wed 24/04/2024", "10 wd", "Fri 10/05/2024", "29/4 swapped off, Sat 4/5 works"),
    ("Wed 24/04/2024", "8 wd", "Wed 08/05/2024", "the same online, 20% off"),
    ("Mon 05/02/2024", "3 wd", "Thu 15/02/2024", "Tết Giáp Thìn"),
    ("Wed 07/02/2024", "15 wd", "Wed 06/03/2024", "the last day before Tết"),
    ("Wed 07/02/2024", "12 wd", "Fri 01/03/2024", "the same online"),
    ("Wed 23/04/2025", "5 wd", "Tue 29/04/2025", "Sat 26/4 works"),
    ("Wed 23/04/2025", "4 wd", "Mon 28/04/2025", "Sat 26/4 works"),
    ("Fri 24/01/2025", "7 wd", "Tue 11/02/2025", "Tết Ất Tỵ"),
    ("Fri 13/02/2026", "10 wd", "Fri 06/03/2026", "Tết Bính Ngọ"),
    ("Fri 13/02/2026", "8 wd", "Wed 04/03/2026", "Tết Bính Ngọ"),
    ("Thu 20/08/2026", "3 wd", "Mon 24/08/2026", "Sat 22/8 works"),
    ("Thu 20/08/2026", "5 wd", "Wed 26/08/2026", "Sat 22/8 works"),
    ("Fri 20/11/2026", "2 wd", "Wed 25/11/2026", "24/11, the new holiday"),
    ("Fri 20/11/2026", "3 wd", "Thu 26/11/2026", "24/11, the new holiday"),
    ("Fri 24/04/2026", "1 wd", "Tue 28/04/2026", "Hùng Vương compensated on Monday"),
    ("Sat 20/04/2024", "10 cd", "Thu 02/05/2024", "the last day is a holiday"),
    ("Tue 10/02/2026", "7 cd", "Mon 23/02/2026", "the last day lies in Tết"),
    ("Wed 31/12/2025", "1 wd", "Mon 05/01/2026", "New Year's swap"),
    ("Wed 31/12/2025", "6 wd", "Sat 10/01/2026", "due on a working Saturday"),
    ("Thu 02/05/2024", "2 wd", "Sat 04/05/2024", "due on a working Saturday"),
    ("Sat 20/04/2024", "4 wd", "Fri 26/04/2024", "a rest day counts as Mon 22/4"),
    ("Sat 20/04/2024", "5 cd", "Thu 02/05/2024", "a rest day counts as Mon 22/4"),
    ("Mon 14/12/2026", "20 wd", "Tue 12/01/2027", "into a provisional year"),
]
HOURS = ["00:00", "07:29", "09:15", "12:30", "14:59", "15:01", "17:00", "23:59:59"]


@pytest.mark.parametrize("accepted, length, last, why", CASES, ids=[f"{a}, {t}: {due} ({w})" for a, t, due, w in CASES])
def test_day_terms(accepted, length, last, why):
    """A term of days ends at the close of its last day, at whatever hour of its day it began."""
    ends = {due(term(length), moment(f"{accepted} {hour}"), STATE_OFFICE).instant for hour in HOURS}
    assert ends == {moment(f"{last} 17:00")}


@pytest.mark.parametrize(
    "accepted, ends",
    [
        ("Wed 24/04/2024 06:00", "Wed 24/04/2024 17:00"),
        ("Wed 24/04/2024 14:59", "Wed 24/04/2024 17:00"),
        ("Wed 24/04/2024 15:00:00", "Wed 24/04/2024 17:00"),
        ("Wed 24/04/2024 15:00:01", "Thu 25/04/2024 17:00"),
        ("Wed 24/04/2024 15:01", "Thu 25/04/2024 17:00"),
        ("Fri 26/04/2024 15:01", "Thu 02/05/2024 17:00"),
        ("Sat 27/04/2024 10:00", "Thu 02/05/2024 17:00"),
        ("Sat 04/05/2024 15:00", "Sat 04/05/2024 17:00"),
        ("Fri 03/05/2024 16:00", "Sat 04/05/2024 17:00"),
    ],
)
def test_same_day(accepted, ends):
    """Same-day is the close of that day up to 15:00:00; later, or on a rest day, of the next working day."""
    assert due(term("same day"), moment(accepted), STATE_OFFICE).instant == moment(ends)


@pytest.mark.parametrize(
    "accepted, length, ends",
    [
        ("Wed 24/04/2024 09:00", "3.5 wd", "Fri 03/05/2024 11:30"),
        ("Wed 24/04/2024 09:00", "0.5 wd", "Thu 25/04/2024 11:30"),
        ("Wed 24/04/2024 09:00", "0.25 wd", "Thu 25/04/2024 09:30"),
        ("Wed 24/04/2024 09:00", "1.75 wd", "Fri 26/04/2024 15:15"),
        ("Wed 24/04/2024 09:30", "1 wd from moment", "Thu 25/04/2024 09:30"),
        ("Wed 24/04/2024 09:30", "0.25 wd from moment", "Wed 24/04/2024 11:30"),
        ("Wed 24/04/2024 09:30", "0.5 wd from moment", "Wed 24/04/2024 15:15"),
        ("Wed 24/04/2024 18:00", "1 wd from moment", "Thu 25/04/2024 17:00"),
        ("Sat 20/04/2024 10:00", "0.5 wd from moment", "Mon 22/04/2024 11:30"),
        ("Fri 26/04/2024 15:15", "1 wd from moment", "Thu 02/05/2024 15:15"),
    ],
)
def test_parts_of_days(accepted, length, ends):
    """Half a day is one session of two; a quarter is half a session; from the moment, the same shares."""
    assert due(term(length), moment(accepted), STATE_OFFICE).instant == moment(ends)


@pytest.mark.parametrize(
    "submitted, length, ends",
    [
        ("Wed 24/04/2024 09:00", "8 h", "Thu 25/04/2024 09:30"),
        ("Wed 24/04/2024 07:30", "7.5 h", "Wed 24/04/2024 17:00"),
        ("Wed 24/04/2024 12:15", "1 h", "Wed 24/04/2024 14:30"),
        ("Wed 24/04/2024 10:30", "1 h", "Wed 24/04/2024 11:30"),
        ("Fri 26/04/2024 22:00", "8 h", "Fri 03/05/2024 08:00"),
        ("Sat 20/04/2024 22:00", "0.25 h", "Mon 22/04/2024 07:45"),
        ("Wed 24/04/2024 09:00:30", "1 h", "Wed 24/04/2024 10:00"),
    ],
)
def test_working_hours(submitted, length, ends):
    """Hours are opening hours on the clock, from the moment or the next opening, to the whole minute."""
    assert due(term(length), moment(submitted), STATE_OFFICE).instant == moment(ends)


def test_any_number_of_sessions():
    """At an office open in one stretch half a day is half of it; at one with three, half the second."""
    one = replace(STATE_OFFICE, sessions=(Session(at_time(8), at_time(15)),))
    three = replace(
        STATE_OFFICE,
        sessions=tuple(Session(at_time(h), at_time(h + 2)) for h in (7, 10, 14)),
    )
    accepted = moment("Wed 24/04/2024 09:00")
    assert due(term("0.5 wd"), accepted, one).instant == moment("25/04/2024 11:30")
    assert due(term("0.5 wd"), accepted, three).instant == moment("25/04/2024 11:00")
    assert due(term("1 wd"), accepted, three).instant == moment("25/04/2024 16:00")


def at_time(hour: int):
    """That full hour."""
    return datetime(2024, 1, 1, hour).time()


def test_an_office_that_closes_before_the_cut_off():
    """A same-day dossier accepted after the close is not due in the past but at the next close."""
    mornings = replace(STATE_OFFICE, sessions=(Session(at_time(7), at_time(11)),))
    assert due(term("same day"), moment("24/04/2024 14:00"), mornings).instant == moment("25/04/2024 11:00")


def test_the_walk_explains_every_day():
    """The walk has one row a day, from acceptance to the due day: what it took and why."""
    walk = due(term("3 wd"), moment("Fri 26/04/2024 10:00"), STATE_OFFICE).walk
    assert [(f"{row.day:%d/%m}", str(row.counted), row.reason) for row in walk] == [
        ("26/04", "0", "day of acceptance, not counted"),
        ("27/04", "0", "weekend"),
        ("28/04", "0", "weekend"),
        ("29/04", "0", "Nghỉ hoán đổi, làm bù 04/05/2024"),
        ("30/04", "0", "Ngày Chiến thắng 30/4"),
        ("01/05", "0", "Quốc tế Lao động 1/5"),
        ("02/05", "1", "working day"),
        ("03/05", "1", "working day"),
        ("04/05", "1", "Thứ bảy làm bù cho 29/04/2024"),
    ]


def test_the_walk_of_calendar_days_shows_the_move():
    """Calendar days count on rest days too; the days after the last one, up to the due day, count nothing."""
    walk = due(term("5 cd"), moment("Sat 20/04/2024 10:00"), STATE_OFFICE).walk
    assert [(row.day.day, int(row.counted)) for row in walk] == [
        *[(20, 0), (21, 0), (22, 0), (23, 1), (24, 1), (25, 1), (26, 1), (27, 1)],
        *[(28, 0), (29, 0), (30, 0), (1, 0), (2, 0)],
    ]


def test_the_walk_of_hours_shows_hours():
    """A term in hours is explained in hours, and a day on which nothing ran says why."""
    walk = due(term("8 h"), moment("Fri 26/04/2024 17:30"), STATE_OFFICE).walk
    shown = {f"{row.day:%d/%m}": (str(row.counted), row.reason) for row in walk}
    assert shown["26/04"] == ("0", "after closing time")
    assert shown["27/04"] == ("0", "weekend")
    assert shown["02/05"] == ("7.5", "working day")
    assert shown["03/05"] == ("0.5", "working day")


def test_provisional_when_an_unannounced_year_is_walked():
    """A due instant whose count enters a provisional year says so; one that stays before does not."""
    assert due(term("20 wd"), moment("14/12/2026 09:00"), STATE_OFFICE).provisional
    assert not due(term("13 wd"), moment("14/12/2026 09:00"), STATE_OFFICE).provisional


@pytest.mark.parametrize("length", ["20 wd", "30 cd", "120 h", "20 wd from moment"])
def test_a_missing_year_is_refused(length):
    """A count that enters a year the calendar lacks is refused, naming the year, not ended at its edge."""
    with pytest.raises(CalendarMissing, match="2027") as refusal:
        due(term(length), moment("14/12/2026 09:00"), without(STATE_OFFICE, 2027))
    assert "2027" in refusal.value.remedy


@pytest.mark.parametrize(
    "bad, field",
    [
        (Term(Decimal(0), TermUnit.WORKING_DAY), "amount"),
        (Term(Decimal(-1), TermUnit.WORKING_DAY), "amount"),
        (Term(Decimal("NaN"), TermUnit.WORKING_DAY), "amount"),
        (Term(Decimal("Infinity"), TermUnit.WORKING_HOUR), "amount"),
        (Term(Decimal("1E+40"), TermUnit.WORKING_DAY), "amount"),
        (Term(Decimal("2.4"), TermUnit.WORKING_DAY), "amount"),
        (Term(Decimal("0.125"), TermUnit.WORKING_HOUR), "amount"),
        (Term(Decimal("5.5"), TermUnit.CALENDAR_DAY), "amount"),
        (Term(Decimal(2), TermUnit.SAME_DAY), "amount"),
        (Term(Decimal(5), TermUnit.CALENDAR_DAY, StartRule.FROM_MOMENT), "start"),
    ],
)
def test_a_term_that_cannot_be_counted(bad, field):
    """No time at all, too fine an amount and a start that does not fit are refused with a remedy."""
    with pytest.raises(Invalid) as refusal:
        due(bad, moment("24/04/2024 09:00"), STATE_OFFICE)
    assert refusal.value.field == field
    assert refusal.value.remedy


def test_an_instant_without_an_offset_is_refused():
    """An instant that names no offset could be seven hours off: it is refused, and so is a bare date."""
    naive = datetime(2024, 4, 24, 9)
    for ask in (lambda: due(term("1 wd"), naive, STATE_OFFICE), lambda: parse_instant("2024-04-24")):
        with pytest.raises(Invalid) as refusal:
            ask()
        assert refusal.value.field == "instant"
        assert "+07:00" in refusal.value.remedy
    for text in ("yesterday", "9999-12-31T23:59:59Z", "2024-02-30T09:00:00+07:00", ""):
        with pytest.raises(Invalid) as refusal:
            parse_instant(text)
        assert refusal.value.remedy


def test_the_day_is_vietnams():
    """An instant given in another offset falls on Vietnam's day: 20:00 UTC on Tuesday is Wednesday there."""
    instant = datetime(2024, 4, 23, 20, tzinfo=UTC)
    assert civil_date(instant) == day("Wed 24/04/2024")
    assert parse_instant("2024-04-23T20:00:00Z") == instant
    assert due(term("1 wd"), instant, STATE_OFFICE) == due(term("1 wd"), instant.astimezone(VIETNAM), STATE_OFFICE)
    assert due(term("1 wd"), instant, STATE_OFFICE).instant == at(day("25/04/2024"), at_time(17))


SHIFTS = [
    STATE_OFFICE.sessions,
    (Session(at_time(7), at_time(12)),),
    (Session(at_time(7), at_time(11)), Session(at_time(13), at_time(16)), Session(at_time(18), at_time(20))),
]


@st.composite
def offices(draw, anchor):
    """The real calendar with more closures and working Saturdays soon after the anchor, and other hours."""
    changed = {special.day: special for special in STATE_OFFICE.special_days}
    for ahead in draw(st.sets(st.integers(0, 60), max_size=15)):
        on = anchor.date() + timedelta(ahead)
        kind = "working_saturday" if on.weekday() == 5 else "closure"
        changed[on] = SpecialDay(on, kind, "drawn", "drawn")
    sessions = draw(st.sampled_from(SHIFTS))
    return replace(STATE_OFFICE, sessions=sessions, special_days=tuple(changed.values()))


@settings(derandomize=True, max_examples=300, deadline=None)
@given(st.data(), st.integers(0, SECONDS), terms())
def test_the_calculator_agrees_with_the_oracle(data, seconds, drawn):
    """For any instant, term and office the end is the one a plain sum over the minutes gives."""
    anchor = FIRST + timedelta(seconds=seconds)
    office = data.draw(offices(anchor))
    found = due(drawn, anchor, office)

    line = oracle.Line(anchor.date(), read_by_the_oracle(office))
    expected = oracle.due(line, drawn.unit, drawn.start, Fraction(drawn.amount), anchor)
    assert found.instant == expected
    assert sum(row.counted for row in found.walk) == drawn.amount
    assert [row.day for row in found.walk] == [
        anchor.date() + timedelta(n) for n in range((expected.date() - anchor.date()).days + 1)
    ]
    assert found.provisional == (expected.year >= 2027)


@settings(derandomize=True, max_examples=200, deadline=None)
@given(st.integers(0, SECONDS), st.integers(0, 10**6), terms())
def test_a_later_start_never_ends_earlier(seconds, later, drawn):
    """The later of two dossiers with the same term is never due before the earlier one."""
    anchor = FIRST + timedelta(seconds=seconds)
    second = min(anchor + timedelta(seconds=later), LAST)
    assert due(drawn, anchor, STATE_OFFICE).instant <= due(drawn, second, STATE_OFFICE).instant
