"""Due instants that a person can check on a wall calendar, each with the rule it stands for.

They stand in vectors.txt, which says how to read it.
"""

from dataclasses import replace
from datetime import date, time
from pathlib import Path

import pytest

from domain.calendars import Closure, Hours, Season, Session
from domain.clocks import Policy, Stop, StopReason, due_after_stops
from domain.punctuality import punctuality_766
from domain.terms import TermUnit, due
from tests.domain.state_office import STATE_OFFICE, moment, term

SATURDAY = replace(STATE_OFFICE, saturday=(Session(time(7, 30), time(11, 30)),))
HOT_HOURS = (Session(time(6, 45), time(11, 15)), Session(time(13, 30), time(16, 45)))
HOT = Season("giờ mùa hè", date(2024, 4, 16), date(2024, 10, 15), HOT_HOURS, "thí dụ", every_year=True)
SEASONAL = replace(STATE_OFFICE, seasons=(HOT,))
STORM = STATE_OFFICE.closed_on((Closure("x", date(2024, 9, 9), "Bão", "b"), Closure("x", date(2024, 5, 4), "Bão", "b")))

REASONS = {
    "supplement": StopReason.SUPPLEMENT,
    "duty": StopReason.FINANCIAL_DUTY,
    "land": StopReason.LAND_WORK,
    "force": StopReason.FORCE_MAJEURE,
    "consult": StopReason.CONSULTATION,
    "fee": StopReason.FEE,
}


FILE = Path(__file__).with_name("vectors.txt").read_text("utf-8")


def rows(section):
    """The cells of each line of one section of the file."""
    text = FILE.split(f"[{section}]\n")[1].split("\n[")[0]
    return [[cell.strip() for cell in line.split("|")] for line in text.splitlines() if line.strip()]


def ladder(unit, accepted, ends, reason):
    """One vector for each of 1, 2, 3 … units; days without a year are in the year of acceptance."""
    year = accepted.split()[1][-4:]
    days = [each if each.count("/") == 2 else f"{each}/{year}" for each in ends.split()]
    return [(accepted, f"{n} {unit}", f"{each} 17:00", reason) for n, each in enumerate(days, start=1)]


PLAIN = [
    *(vector for accepted, ends, reason in rows("runs") for vector in ladder("wd", accepted, ends, reason)),
    *(vector for unit, accepted, ends, reason in rows("steps") for vector in ladder(unit, accepted, ends, reason)),
    *map(tuple, rows("moments")),
]
ELSEWHERE = [
    *((SATURDAY, Hours.OPENING, *row) for row in rows("openings")),
    *((SEASONAL, Hours.COUNTED, *row) for row in rows("summer")),
    *((STORM, Hours.COUNTED, *row) for row in rows("closed")),
]


@pytest.mark.parametrize("accepted, length, ends, reason", PLAIN)
def test_at_the_office_of_the_state(accepted, length, ends, reason):
    """Every unit, at the hours and on the days of the published calendar; from 2027 on provisional."""
    found = due(term(length), moment(accepted), STATE_OFFICE)
    assert found.instant == moment(ends), reason
    assert found.provisional is (moment(ends).year >= 2027)
    assert sum(row.counted for row in found.walk) == term(length).amount


@pytest.mark.parametrize("office, hours, accepted, length, ends, reason", ELSEWHERE)
def test_at_offices_with_other_hours(office, hours, accepted, length, ends, reason):
    """Ordinary Saturday openings, summer hours, and a day on which a typhoon kept the office closed."""
    found = due(term(length), moment(accepted), office, hours=hours)
    assert found.instant == moment(ends), reason
    assert sum(row.counted for row in found.walk) == term(length).amount


@pytest.mark.parametrize("accepted, length, waits, ends, reason", rows("stops"))
def test_after_stops(accepted, length, waits, ends, reason):
    """Each reason with its own effect under the default policy, alone and mixed."""
    ledger = []
    for wait in waits.split(","):
        name, stretch = wait.strip().split(" ", 1)
        started, ended = (moment(each.strip()) for each in stretch.split(">"))
        ledger.append(Stop(started, ended, REASONS[name]))
    found = due_after_stops(term(length), moment(accepted), ledger, STATE_OFFICE, Policy.RESTART)
    assert found.instant == moment(ends), reason


@pytest.mark.parametrize("first, second, ended, verdict, reason", rows("moved"))
def test_a_moved_appointment(first, second, ended, verdict, reason):
    """The index looks at the first appointment: the second, later one, is no argument of it."""
    found = punctuality_766(
        appointment=moment(first),
        statutory=moment(second),
        ended=moment(ended),
        stops=[],
        as_of=moment(second),
        counted_in=TermUnit.WORKING_DAY,
        calendar=STATE_OFFICE,
    )
    assert found.on_time is (verdict == "on time"), reason


def test_there_are_enough_and_each_has_its_reason():
    """At least two hundred different vectors, none without the rule it stands for."""
    written = [*PLAIN, *(each[2:] for each in ELSEWHERE), *map(tuple, rows("stops"))]
    assert len(set(written)) == len(written) >= 200
    assert all(each[-1] for each in written)
