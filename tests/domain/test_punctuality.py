"""Punctuality as Decision 766 counts it: the appointment, the subtracted wait, and the second request."""

import pytest

from domain.clocks import Stop
from domain.punctuality import Ground, Outcome, punctuality_766
from domain.stops import StopReason
from domain.terms import TermUnit
from tests.domain.state_office import STATE_OFFICE, moment

APPOINTMENT, STATUTORY = "Mon 18/03/2024 17:00", "Fri 22/03/2024 17:00"
SUPPLEMENT, DUTY, PAPERS = StopReason.SUPPLEMENT, StopReason.FINANCIAL_DUTY, StopReason.PAPERS
ONE = [("06/03/2024 10:00", "12/03/2024 10:00", SUPPLEMENT)]  # four working days of waiting


def judged(ended, waits=(), appointment=APPOINTMENT, as_of="31/03/2024 23:59", counted_in=TermUnit.WORKING_DAY):
    return punctuality_766(
        appointment=moment(appointment) if appointment else None,
        statutory=moment(STATUTORY),
        ended=moment(ended) if ended else None,
        stops=[Stop(moment(start), moment(end) if end else None, reason) for start, end, reason in waits],
        as_of=moment(as_of),
        counted_in=counted_in,
        calendar=STATE_OFFICE,
    )


@pytest.mark.parametrize(
    "ended, waits, ground",
    [
        ("18/03/2024 17:00", [], Ground.IN_TIME),
        ("18/03/2024 17:01", [], Ground.LATE),
        ("22/03/2024 17:00", ONE, Ground.IN_TIME),
        ("22/03/2024 17:01", ONE, Ground.LATE),
        ("15/03/2024 09:00", [*ONE, ("13/03/2024 08:00", "13/03/2024 09:00", SUPPLEMENT)], Ground.ASKED_AGAIN),
        ("15/03/2024 09:00", [("01/03/2024 08:00", "02/03/2024 08:00", PAPERS), *ONE], Ground.ASKED_AGAIN),
        ("22/03/2024 17:00", [("06/03/2024 10:00", "12/03/2024 10:00", DUTY)], Ground.LATE),
        (None, [], Ground.LATE),
        (None, [("06/03/2024 10:00", None, SUPPLEMENT)], Ground.IN_TIME),
        (None, [("20/03/2024 10:00", None, SUPPLEMENT)], Ground.LATE),
    ],
)
def test_the_index(ended, waits, ground):
    """By the appointment and a supplement's wait; two requests are overdue; unfinished is judged at the end."""
    assert judged(ended, waits).ground is ground


@pytest.mark.parametrize(
    "ended, as_of, outcome",
    [
        ("15/03/2024 17:00", "31/03/2024 23:59", Outcome.EARLY),
        ("18/03/2024 07:30", "31/03/2024 23:59", Outcome.ON_TIME),
        ("18/03/2024 17:00", "31/03/2024 23:59", Outcome.ON_TIME),
        ("18/03/2024 17:01", "31/03/2024 23:59", Outcome.LATE),
        (None, "15/03/2024 17:00", Outcome.ON_TIME),
        (None, "19/03/2024 07:30", Outcome.LATE),
    ],
)
def test_the_columns_of_the_report(ended, as_of, outcome):
    """Early is a day before the appointment's; on its day is on time; what is still open is never early."""
    assert judged(ended, as_of=as_of).outcome is outcome


def test_a_request_after_the_appointment_saves_nothing():
    """Waiting is subtracted, but a dossier that was late when it was asked for papers stays late."""
    late = [("20/03/2024 10:00", "27/03/2024 10:00", SUPPLEMENT)]
    assert not judged("27/03/2024 10:00", late).on_time
    assert not judged("27/03/2024 16:00", late).on_time


def test_the_wait_is_measured_as_the_term_is():
    """A term of calendar days is given back the days on the wall, one of working days the opening time."""
    in_office, on_wall = (
        judged("18/03/2024 17:00", ONE),
        judged("18/03/2024 17:00", ONE, counted_in=TermUnit.CALENDAR_DAY),
    )
    assert in_office.allowed == moment("Fri 22/03/2024 17:00")
    assert on_wall.allowed == moment("Sun 24/03/2024 17:00")


def test_without_an_appointment_the_law_is_the_measure():
    """A dossier that was never given a date is held to the statutory one, never counted on time for lack of it."""
    assert judged("22/03/2024 17:00", appointment=None).on_time
    assert not judged("22/03/2024 17:01", appointment=None).on_time


def test_what_happened_after_the_period_does_not_count():
    """Judged as of an earlier instant, a later end and a later request have not happened."""
    assert judged("22/03/2024 17:01", as_of="15/03/2024 23:59").on_time
    second = [*ONE, ("19/03/2024 08:00", "20/03/2024 08:00", SUPPLEMENT)]
    assert judged("22/03/2024 08:00", second, as_of="18/03/2024 12:00").on_time
    assert not judged("22/03/2024 08:00", second).on_time
