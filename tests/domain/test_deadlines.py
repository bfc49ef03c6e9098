"""The dates of a dossier, computed from the real catalogue: the table a lawyer can check, then rule by rule."""

from dataclasses import replace
from datetime import date, datetime, time
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.catalogue_files import read
from domain.calendars import Closure, Session
from domain.deadlines import deadlines, step_dues
from domain.decisions import ShorteningRow, Source, promised_term
from domain.errors import Invalid
from domain.instants import VIETNAM
from domain.procedures import Channel
from domain.terms import Term, TermUnit

LAW = read().catalogue


def moment(text):
    return datetime.strptime(text, "%d/%m/%Y %H:%M").replace(tzinfo=VIETNAM)


def dates(procedure, channel, accepted, law=LAW, **more):
    at = moment(accepted)
    given = {"submitted": at, "accepted": at, "channel": Channel(channel), **more}
    return deadlines(law, procedure, **given)


CASES = [
    # procedure, channel, accepted, statutory due, promised due
    ("2.001628", "online", "24/04/2024 09:00", "10/05/2024 17:00", "08/05/2024 17:00"),
    ("2.001628", "counter", "24/04/2024 09:00", "10/05/2024 17:00", "10/05/2024 17:00"),
    ("2.000004", "online", "23/04/2025 16:30", "29/04/2025 17:00", "28/04/2025 17:00"),
    ("1.004222", "counter", "24/01/2025 08:00", "11/02/2025 17:00", "11/02/2025 17:00"),
    ("1.004222", "online", "24/01/2025 08:00", "11/02/2025 17:00", "10/02/2025 11:30"),
    ("1.014199", "online", "13/02/2026 10:00", "06/03/2026 17:00", "04/03/2026 17:00"),
    ("1.001612", "counter", "05/02/2024 10:00", "15/02/2024 17:00", "15/02/2024 17:00"),
    ("1.001612", "online", "20/08/2026 10:00", "24/08/2026 17:00", "22/08/2026 17:00"),
    ("1.001612", "post", "20/11/2026 10:00", "26/11/2026 17:00", "26/11/2026 17:00"),
    ("2.000488", "counter", "20/04/2024 09:00", "02/05/2024 17:00", "02/05/2024 17:00"),
    ("2.000488", "online", "10/04/2024 09:00", "22/04/2024 17:00", "19/04/2024 17:00"),
    ("1.001193", "counter", "23/11/2026 15:00", "23/11/2026 17:00", "23/11/2026 17:00"),
    ("1.001193", "online", "23/11/2026 15:01", "25/11/2026 17:00", "25/11/2026 17:00"),
    ("2.000908", "online", "23/11/2026 09:00", "25/11/2026 09:30", "25/11/2026 09:30"),
    ("1.013225", "counter", "20/11/2026 09:00", "02/12/2026 17:00", "02/12/2026 17:00"),
]


@pytest.mark.parametrize("procedure, channel, accepted, statutory, promised", CASES)
def test_both_dates(procedure, channel, accepted, statutory, promised):
    """Both dates are always there; the promised one is earlier for online dossiers that Decision 906 cuts."""
    found = dates(procedure, channel, accepted)

    assert (found.statutory.instant, found.promised.instant) == (moment(statutory), moment(promised))


def test_a_saturday_desk_answers_sooner_but_resolves_no_sooner():
    """Ordinary Saturday openings count for the answer to an online filing, and for no other date of the dossier."""
    desk = (Session(time(7, 30), time(11, 30)),)
    law = replace(LAW, calendars=tuple(replace(each, saturday=desk) for each in LAW.calendars))
    usual, open_on_saturday = (dates("1.004222", "online", "08/03/2024 16:00", law=each) for each in (LAW, law))

    assert usual.acceptance.instant == moment("11/03/2024 16:30")
    assert open_on_saturday.acceptance.instant == moment("11/03/2024 10:30")
    assert open_on_saturday.statutory.instant == usual.statutory.instant
    assert open_on_saturday.promised.instant == usual.promised.instant


def test_a_closure_moves_every_date_of_the_offices_it_closes():
    """A typhoon decided on the day itself takes the day out of the terms, and changes the version they rest on."""
    usual = dates("1.004222", "counter", "06/03/2024 09:00")
    closure = Closure(usual.lead.code, date(2024, 3, 8), "Bão", "quyết định")
    closed = dates("1.004222", "counter", "06/03/2024 09:00", law=replace(LAW, closures=(closure,)))

    assert usual.statutory.instant == moment("15/03/2024 17:00")
    assert closed.statutory.instant == moment("18/03/2024 17:00")
    assert closed.calendar != usual.calendar


def test_not_before_the_decision():
    """The day before Decision 906 was signed an online dossier was promised nothing shorter."""
    before, since = (dates("2.000004", "online", f"{day}/06/2023 09:00") for day in (13, 14))

    assert before.promised == before.statutory
    assert since.promised.instant < since.statutory.instant


def test_case_has_its_own_term():
    """Works of grade III and IV have ten working days where a house has seven."""
    house, works = (dates("1.013225", "counter", "20/11/2026 09:00", case=case) for case in ("house", "works"))

    assert (house.statutory_term.amount, works.statutory_term.amount) == (7, 10)
    assert works.statutory.instant > house.statutory.instant


def test_acceptance_runs_from_filing_online_only():
    """An online filing is answered within eight working hours of its filing, not of its acceptance."""
    filed = {"submitted": moment("20/11/2026 16:00")}
    online = dates("2.000004", "online", "23/11/2026 10:00", **filed)
    counter = dates("2.000004", "counter", "23/11/2026 10:00", **filed)

    assert online.acceptance.instant == moment("23/11/2026 16:30")
    assert counter.acceptance is None


def with_early_closing(unit):
    """The law with an office that closes at 16:00, on a calendar of its own."""
    office = LAW.calendars[0]
    morning, afternoon = office.sessions
    early = replace(office, code="early", sessions=(morning, replace(afternoon, closes=time(16))))
    units = tuple(replace(each, calendar="early") if each.code == unit else each for each in LAW.units)
    return replace(LAW, calendars=(office, early), units=units)


def test_each_office_has_its_own_calendar():
    """The terms run on the calendar of the office that resolves, the answer on that of the one that receives."""
    filed = "20/11/2026 15:00"
    leads_early = dates("2.000004", "online", filed, law=with_early_closing("000.00.03.H48"))
    receives_early = dates("2.000004", "online", filed, law=with_early_closing("000.00.01.H48"))

    assert leads_early.statutory.instant == moment("30/11/2026 16:00")
    assert leads_early.acceptance.instant == moment("23/11/2026 15:30")
    assert leads_early.calendar.startswith("early@")
    assert receives_early.statutory.instant == moment("30/11/2026 17:00")
    assert receives_early.acceptance.instant == moment("25/11/2026 08:00")


def test_derived_figure_says_so():
    """A promise computed from the percentage names the decision and is marked derived."""
    assert "906/QĐ-UBND" in dates("2.001628", "online", "24/04/2024 09:00").basis[-1]
    assert "derived" in dates("2.001628", "online", "24/04/2024 09:00").basis[-1]


def with_annex(figure):
    derived = next(row for row in LAW.shortenings if row.procedure == "2.001628")
    annex = replace(derived, source=Source.ANNEX, promised=Decimal(figure))
    return replace(LAW, shortenings=(*LAW.shortenings, annex))


def test_annex_wins():
    """A figure read in the annex wins over the derived one, whatever stands first."""
    found = dates("2.001628", "online", "24/04/2024 09:00", law=with_annex("7"))

    assert found.promised_term.amount == 7
    assert "annex" in found.basis[-1]


def row(**changes):
    first = ShorteningRow("906/QĐ-UBND", "x", "standard", Source.DERIVED, "QĐ 906/QĐ-UBND", date(2023, 6, 14))
    return replace(first, **changes)


@given(st.integers(min_value=2, max_value=400))
def test_derived_term_keeps_the_floor(quarters):
    """A derived term is a multiple of half a day, at most 80% of the statutory one, and the largest such."""
    statutory = Term(Decimal(quarters) / 4, TermUnit.WORKING_DAY)
    most = statutory.amount * Decimal("0.8")
    try:
        promised = promised_term(row(), statutory).amount
    except Invalid:
        promised = Decimal(0)

    assert promised % Decimal("0.5") == 0
    assert promised <= most < promised + Decimal("0.5")


def test_never_cut_to_nothing():
    """Half a working day cannot be cut at the grain of half a day: that is refused, not rounded to zero."""
    with pytest.raises(Invalid) as refused:
        promised_term(row(), Term(Decimal("0.5"), TermUnit.WORKING_DAY))

    assert refused.value.field == "shortenings.promised"


def test_calendar_days_stay_whole():
    """Calendar days are cut to whole days: 13 becomes 10, not 10.4 and not 10.5."""
    assert promised_term(row(), Term(Decimal(13), TermUnit.CALENDAR_DAY)).amount == 10


def test_district_until_its_last_day():
    """On 30/06/2025 the district still receives; the next day the refusal names the communes that follow it."""
    last = dates("1.001612", "counter", "30/06/2025 09:00", unit="000.00.53.H48")
    with pytest.raises(Invalid) as refused:
        dates("1.001612", "counter", "01/07/2025 09:00", unit="000.00.53.H48")

    assert last.unit.code_part == "000.00.53.H48"
    assert "000.00.61.H48" in refused.value.remedy


REFUSED = [
    ({"procedure": "9.999999"}, "procedure"),
    ({"procedure": "2.000004", "unit": "000.00.61.H48"}, "unit"),
    ({"procedure": "2.000004", "unit": "nowhere"}, "unit"),
    ({"procedure": "2.000004", "case": "house"}, "case"),
    ({"procedure": "1.004222", "channel": Channel.POST}, "channel"),
    ({"procedure": "3.000333", "on": date(2024, 1, 1)}, "procedure"),
    ({"procedure": "2.000004", "submitted": moment("24/11/2026 08:00")}, "submitted"),
]


@pytest.mark.parametrize("given, field", REFUSED)
def test_refusals_name_field_and_remedy(given, field):
    """Whatever does not fit is refused with its field and what would mend it."""
    given = dict(given)
    with pytest.raises(Invalid) as refused:
        dates(given.pop("procedure"), given.pop("channel", "counter"), "23/11/2026 09:00", **given)

    assert refused.value.field == field
    assert refused.value.remedy


def test_steps_of_a_stage_run_side_by_side():
    """Two consulted departments have the same time from the same opening, each on its own desk."""
    found = dates("1.013225", "counter", "20/11/2026 09:00")
    consulted = step_dues(
        LAW,
        found.process.stages[1],
        TermUnit.WORKING_DAY,
        opened_at=moment("23/11/2026 09:00"),
        receiving=found.unit.code,
        on=date(2026, 11, 20),
    )

    assert [each.unit.code for each in consulted] == ["000.00.19.H48", "000.00.12.H48"]
    assert {each.due.instant for each in consulted} == {moment("26/11/2026 14:48")}


@pytest.mark.parametrize(
    "opened, ends",
    [("23/11/2026 16:20", "23/11/2026 17:00"), ("23/11/2026 18:00", "25/11/2026 17:00")],
)
def test_same_day_steps_end_at_close(opened, ends):
    """Work of a same-day procedure handed on after 15:00 is still due that day: the cut-off is for acceptance."""
    found = dates("1.001193", "counter", "23/11/2026 14:00")
    (sign,) = step_dues(
        LAW,
        found.process.stages[2],
        TermUnit.SAME_DAY,
        opened_at=moment(opened),
        receiving=found.unit.code,
        on=date(2026, 11, 23),
    )

    assert sign.due.instant == moment(ends)


def test_usual_receiver_is_the_first_that_may():
    """Without a unit the first office of the catalogue that may receive is meant."""
    found = dates("1.001193", "counter", "23/11/2026 09:00")

    assert found.unit == LAW.receivers(found.procedure, date(2026, 11, 23))[0]
    assert LAW.may_receive(found.unit.code, found.procedure, date(2026, 11, 23))
