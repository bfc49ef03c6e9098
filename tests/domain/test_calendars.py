"""Which days an office works: the decreed days 2023 to 2026, the provisional 2027, and nothing beyond."""

from dataclasses import replace
from datetime import date, time, timedelta

import pytest

from adapters.catalogue_files import read_sound
from domain.calendars import CalendarYear, Closure, Hours, Season, Session, SpecialDay, faults
from domain.errors import CalendarMissing
from tests.domain.state_office import RAW, STATE_OFFICE, day

LAW = read_sound()


@pytest.mark.parametrize("year, total", [(2023, 249), (2024, 251), (2025, 250), (2026, 249)])
def test_working_days_of_a_year(year, total):
    """The working days of an announced year add up to the known total."""
    days = (date(year, 1, 1) + timedelta(n) for n in range(366))
    assert sum(STATE_OFFICE.is_working(d) for d in days if d.year == year) == total


REST = {
    2023: "02/01 20/01 23/01 24/01 25/01 26/01 01/05 02/05 03/05 01/09 04/09",
    2024: "01/01 08/02 09/02 12/02 13/02 14/02 18/04 29/04 30/04 01/05 02/09 03/09",
    2025: "01/01 27/01 28/01 29/01 30/01 31/01 07/04 30/04 01/05 02/05 01/09 02/09",
    2026: "01/01 02/01 16/02 17/02 18/02 19/02 20/02 27/04 30/04 01/05 31/08 01/09 02/09 24/11",
}
WORKING_SATURDAYS = {2023: "", 2024: "04/05", 2025: "26/04", 2026: "10/01 22/08"}


@pytest.mark.parametrize("year", REST)
def test_the_decreed_days_and_no_others(year):
    """Of Mondays to Fridays only the decreed days rest; of Saturdays and Sundays only swapped ones work."""
    days = [date(year, 1, 1) + timedelta(n) for n in range(365)]
    resting = {d for d in days if d.weekday() < 5 and not STATE_OFFICE.is_working(d)}
    working = {d for d in days if d.weekday() >= 5 and STATE_OFFICE.is_working(d)}
    assert resting == {day(f"{text}/{year}") for text in REST[year].split()}
    assert working == {day(f"{text}/{year}") for text in WORKING_SATURDAYS[year].split()}


@pytest.mark.parametrize(
    "text, why",
    [
        ("Wed 24/04/2024", "working day"),
        ("Sat 20/04/2024", "weekend"),
        ("Mon 29/04/2024", "Nghỉ hoán đổi, làm bù 04/05/2024"),
        ("Sat 04/05/2024", "Thứ bảy làm bù cho 29/04/2024"),
        ("Tue 17/02/2026", "Tết Bính Ngọ"),
        ("Mon 27/04/2026", "Nghỉ bù Giỗ Tổ Hùng Vương 26/04/2026"),
    ],
)
def test_every_day_says_why(text, why):
    """A day explains itself by its special name, or as a weekend or a working day."""
    assert STATE_OFFICE.why(day(text)) == why


def test_a_rest_day_has_no_hours():
    """Opening hours exist on working days only, a swapped Saturday among them."""
    assert STATE_OFFICE.sessions_on(day("Sat 20/04/2024")) == ()
    assert STATE_OFFICE.sessions_on(day("Sat 04/05/2024")) == STATE_OFFICE.sessions


def test_2027_and_2028_are_provisional():
    """A year without its decision is usable and says that it is provisional."""
    assert STATE_OFFICE.is_provisional(day("05/01/2027"))
    assert STATE_OFFICE.is_provisional(day("05/01/2028"))
    assert not STATE_OFFICE.is_provisional(day("31/12/2026"))


@pytest.mark.parametrize("ask", ["is_working", "sessions_on", "why", "is_provisional"])
@pytest.mark.parametrize("text", ["31/12/2022", "01/01/2029"])
def test_an_unknown_year_is_refused(ask, text):
    """A year that the calendar does not hold is never guessed: the refusal names the year and the remedy."""
    with pytest.raises(CalendarMissing, match=text[-4:]) as refusal:
        getattr(STATE_OFFICE, ask)(day(text))
    assert text[-4:] in refusal.value.remedy
    assert refusal.value.field == "calendar"


SATURDAYS = ("working_saturday", "holiday")


def test_each_special_day_stands_once_in_a_held_year_with_its_basis():
    """The file names every special day once, in a year it holds, with a legal basis, on a fitting weekday."""
    days = [special["day"] for special in RAW["special_days"]]
    assert days == sorted(set(days))
    for special in STATE_OFFICE.special_days:
        assert special.basis
        assert special.day.year in {held.year for held in STATE_OFFICE.years}
        assert special.day.weekday() != 6, special
        assert special.kind in SATURDAYS if special.day.weekday() == 5 else special.kind != "working_saturday", special


def test_what_nobody_decided_yet_is_marked_uncertain():
    """Every day of a provisional year, and the opening hours nobody found a decision for, say so."""
    assert not any(special.certain for special in STATE_OFFICE.special_days if special.day.year == 2027)
    assert not any(session.certain for session in STATE_OFFICE.sessions)


def test_the_published_calendar_is_sound():
    """The catalogue's calendar has no fault that would make it count wrongly."""
    assert faults(STATE_OFFICE) == ()


SATURDAY = replace(STATE_OFFICE, saturday=(Session(time(7, 30), time(11, 30)),))


@pytest.mark.parametrize(
    "text, counted, opening",
    [
        ("Fri 08/03/2024", 2, 2),
        ("Sat 09/03/2024", 0, 1),
        ("Sun 10/03/2024", 0, 0),
        ("Sat 04/05/2024", 2, 2),
        ("Sat 10/02/2024", 0, 0),
    ],
)
def test_the_two_tables(text, counted, opening):
    """An ordinary Saturday opening is no counted day; a decreed one is full in both; one that is a holiday in none."""
    assert len(SATURDAY.sessions_on(day(text))) == counted
    assert len(SATURDAY.sessions_on(day(text), Hours.OPENING)) == opening
    assert SATURDAY.is_working(day(text)) is bool(counted)


SUMMER = Season("hè", date(2024, 4, 16), date(2024, 10, 15), (Session(time(7), time(14)),), "b", every_year=True)
WINTER = Season("đông", date(2024, 11, 15), date(2025, 2, 15), (Session(time(8), time(15)),), "b", every_year=True)


@pytest.mark.parametrize(
    "text, opens",
    [
        ("Mon 15/04/2024", 7.5),
        ("Tue 16/04/2024", 7),
        ("Tue 15/10/2024", 7),
        ("Wed 16/10/2024", 7.5),
        ("Thu 16/04/2026", 7),
        ("Mon 17/04/2023", 7.5),
        ("Wed 15/01/2025", 8),
        ("Fri 13/02/2026", 8),
        ("Mon 15/01/2024", 7.5),
    ],
)
def test_seasons(text, opens):
    """A season holds between its days, both included, returns every year, over the year's end too, never earlier."""
    office = replace(STATE_OFFICE, seasons=(SUMMER, WINTER))
    assert faults(office) == ()
    first = office.sessions_on(day(text))[0].opens
    assert first.hour + first.minute / 60 == opens


def test_a_closure_takes_the_day_from_one_unit_and_its_divisions():
    """The office has a calendar of its own, under another version; everybody else keeps theirs."""
    closure = Closure("000.00.61.H48", date(2024, 9, 9), "Bão số 3", "quyết định")
    law = replace(LAW, closures=(closure,))
    units = {unit.code: unit for unit in law.units}
    commune = units["000.00.61.H48"]
    divisions = [unit for unit in law.units if unit.parent == commune.code]
    others = [unit for unit in law.units if unit.code != commune.code and unit.parent != commune.code]
    for unit in (commune, *divisions):
        assert not law.calendar_of(unit).is_working(date(2024, 9, 9))
        assert law.calendar_of(unit).version != law.calendar(unit.calendar).version
        assert law.calendar_of(unit).why(date(2024, 9, 9)) == "Bão số 3"
    assert divisions
    assert all(law.calendar_of(unit) is law.calendar(unit.calendar) for unit in others)
    assert law.calendar_of(commune) is law.calendar_of(commune)


MORNING, NOON = Session(time(7, 30), time(11, 30)), Session(time(11), time(13))
TET = STATE_OFFICE.special_days[1]


@pytest.mark.parametrize(
    "change, says",
    [
        ({"sessions": ()}, "never opens"),
        ({"sessions": (MORNING, NOON)}, "overlap"),
        ({"sessions": (Session(time(12), time(8)),)}, "backwards"),
        ({"sessions": (Session(time(8, 0, 30), time(12)),)}, "finer than a minute"),
        ({"saturday": (NOON, MORNING)}, "backwards"),
        ({"seasons": (replace(SUMMER, sessions=()),)}, "never opens in 'hè'"),
        ({"seasons": (replace(SUMMER, sessions=(NOON, MORNING)),)}, "backwards"),
        ({"seasons": (replace(SUMMER, last=date(2024, 4, 1)),)}, "runs backwards"),
        ({"seasons": (replace(SUMMER, last=date(2025, 4, 16)),)}, "longer than a year"),
        ({"seasons": (replace(SUMMER, first=date(2024, 2, 29)),)}, "most years lack"),
        ({"seasons": (SUMMER, replace(WINTER, first=date(2024, 10, 15)))}, "both hold on 15/10/2024"),
        ({"years": (*STATE_OFFICE.years, CalendarYear(2030, "announced", "a gap before it"))}, "gap"),
        ({"years": STATE_OFFICE.years[:1] * 2, "special_days": ()}, "repetition"),
        ({"special_days": (TET, TET)}, "20/01/2023 is listed twice"),
        ({"special_days": (SpecialDay(date(2031, 1, 1), "holiday", "a", "b"),)}, "01/01/2031 lies in a year"),
        ({"special_days": (SpecialDay(date(2024, 5, 5), "working_saturday", "a", "b"),)}, "not a Saturday"),
    ],
)
def test_a_faulty_calendar_says_what_is_wrong(change, says):
    """Hours that overlap, years with a gap and days that contradict themselves are found, with the remedy."""
    (fault,) = faults(replace(STATE_OFFICE, **change))
    assert says in fault.message
    assert fault.field in change
    assert fault.remedy
