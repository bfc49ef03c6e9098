"""Where the rungs of a ladder stand, as a table that a lawyer could check, and what holds of every ladder.

The law: Decree 61/2018 Art. 18 (forwarding after 15:00), 19(9) (the office speaks at least a day before expiry).
The days are those of the state calendar: 04/03/2024 is a Monday, Tết 2024 was 8-14/02, 04/05/2024 a working
Saturday for Monday 29/04.
"""

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.catalogue_files import FOLDER, read_sound
from domain.clocks import working_time_between
from domain.deadlines import forwarding_due
from domain.instants import local
from domain.ladder import ladder
from domain.milestones import ClockKind, Rung
from domain.office_time import opening_time_between
from domain.terms import due
from tests.domain.state_office import FIRST, SECONDS, STATE_OFFICE, moment, term, terms

QUICK = settings(derandomize=True, max_examples=300, deadline=None)
LAW = read_sound(FOLDER)
PROMISED = LAW.ladder(ClockKind.PROMISED, date(2024, 3, 4))


def rungs(length, accepted, since=None):
    """The promised ladder of a term counted from a written moment."""
    anchor = moment(accepted)
    ends = due(term(length), anchor, STATE_OFFICE).instant
    return dict(ladder(PROMISED, term(length), anchor, ends, STATE_OFFICE))


TABLE = [
    # term, accepted, (warned, asked, silent since, due), (the one-stop hears, the province hears)
    (
        "10 wd",
        "Mon 04/03/2024 09:00",
        ("Thu 14/03/2024 09:45", "Fri 15/03/2024 07:30", "Fri 15/03/2024 11:30", "Mon 18/03/2024 17:00"),
        ("Tue 19/03/2024 17:00", "Thu 21/03/2024 17:00"),
    ),
    (
        "2 wd",  # two working days: asked on the morning of the first of them
        "Mon 04/03/2024 09:00",
        ("Wed 06/03/2024 09:45", "Tue 05/03/2024 07:30", "Tue 05/03/2024 11:30", "Wed 06/03/2024 17:00"),
        ("Thu 07/03/2024 17:00", "Mon 11/03/2024 17:00"),
    ),
    (
        "3 wd",  # over a week-end: the working day before Tuesday is Monday
        "Thu 07/03/2024 14:00",
        ("Tue 12/03/2024 08:38", "Mon 11/03/2024 07:30", "Mon 11/03/2024 11:30", "Tue 12/03/2024 17:00"),
        ("Wed 13/03/2024 17:00", "Fri 15/03/2024 17:00"),
    ),
    (
        "2 wd",  # over Tết: due on the first day after it, asked on the last day before it
        "Tue 06/02/2024 09:00",
        ("Thu 15/02/2024 09:45", "Wed 07/02/2024 07:30", "Wed 07/02/2024 11:30", "Thu 15/02/2024 17:00"),
        ("Fri 16/02/2024 17:00", "Tue 20/02/2024 17:00"),
    ),
    (
        "3 wd",  # the breach goes up over the decreed Saturday, which is a working day
        "Thu 25/04/2024 09:00",
        ("Fri 03/05/2024 07:53", "Thu 02/05/2024 07:30", "Thu 02/05/2024 11:30", "Fri 03/05/2024 17:00"),
        ("Sat 04/05/2024 17:00", "Tue 07/05/2024 17:00"),
    ),
    (
        "3 wd",  # and is asked on it, being the working day before Monday
        "Thu 02/05/2024 09:00",
        ("Mon 06/05/2024 07:53", "Sat 04/05/2024 07:30", "Sat 04/05/2024 11:30", "Mon 06/05/2024 17:00"),
        ("Tue 07/05/2024 17:00", "Thu 09/05/2024 17:00"),
    ),
    (
        "1.5 wd",  # under two working days: half-way, 9.5 of 19 opening hours
        "Mon 04/03/2024 07:30",
        ("Tue 05/03/2024 16:15", "Tue 05/03/2024 09:30", "Tue 05/03/2024 15:30", "Wed 06/03/2024 11:30"),
        ("Thu 07/03/2024 11:30", "Mon 11/03/2024 11:30"),
    ),
    (
        "1 wd",  # accepted before the office opens: not asked at that very opening, but half-way
        "Mon 04/03/2024 07:00",
        ("Tue 05/03/2024 11:15", "Tue 05/03/2024 07:30", "Tue 05/03/2024 11:15", "Tue 05/03/2024 17:00"),
        ("Wed 06/03/2024 17:00", "Fri 08/03/2024 17:00"),
    ),
    (
        "2 cd",  # a week-end eats most of it: half of the 13.5 opening hours
        "Fri 08/03/2024 09:00",
        ("Mon 11/03/2024 13:38", "Mon 11/03/2024 08:15", "Mon 11/03/2024 13:37", "Mon 11/03/2024 17:00"),
        ("Tue 12/03/2024 17:00", "Thu 14/03/2024 17:00"),
    ),
    (
        "same day",
        "Mon 04/03/2024 09:00",
        ("Mon 04/03/2024 15:30", "Mon 04/03/2024 14:00", "Mon 04/03/2024 15:30", "Mon 04/03/2024 17:00"),
        ("Tue 05/03/2024 17:00", "Thu 07/03/2024 17:00"),
    ),
    (
        "8 h",
        "Mon 04/03/2024 09:00",
        ("Tue 05/03/2024 07:30", "Mon 04/03/2024 15:00", "Tue 05/03/2024 07:30", "Tue 05/03/2024 09:30"),
        ("Wed 06/03/2024 09:30", "Fri 08/03/2024 09:30"),
    ),
]


@pytest.mark.parametrize("length, accepted, own, above", TABLE)
def test_where_the_rungs_stand(length, accepted, own, above):
    """Warned, asked, silent, due; then the one-stop and the province."""
    found = rungs(length, accepted)
    order = (Rung.WARN, Rung.ASK, Rung.SILENCE, Rung.BREACH, Rung.ONE_STOP, Rung.PROVINCE)
    wanted = dict(zip(order, map(moment, (*own, *above)), strict=True))
    assert {str(k): f"{v:%a %d/%m %H:%M:%S}" for k, v in found.items()} == {
        str(k): f"{v:%a %d/%m %H:%M:%S}" for k, v in wanted.items()
    }


@QUICK
@given(st.integers(0, SECONDS), terms())
def test_what_holds_of_every_ladder(seconds, drawn):
    """Whole minutes from the anchor on, in order; asked and silent before the end, up the ladder after it."""
    anchor = FIRST + timedelta(seconds=seconds)
    ends = due(drawn, anchor, STATE_OFFICE).instant
    made = ladder(PROMISED, drawn, anchor, ends, STATE_OFFICE)
    found = dict(made)

    assert [at for _, at in made] == sorted(found.values())
    assert set(found) == {row.rung for row in PROMISED}
    assert all(at >= anchor and (at.second, at.microsecond) == (0, 0) for at in found.values())
    assert found[Rung.ASK] < found[Rung.SILENCE] < ends == found[Rung.BREACH]
    assert ends < found[Rung.ONE_STOP] < found[Rung.PROVINCE]
    warned = working_time_between(anchor, found[Rung.WARN], STATE_OFFICE)
    assert warned >= opening_time_between(local(anchor), ends, STATE_OFFICE) / 2
    if opening_time_between(local(anchor), ends, STATE_OFFICE) >= timedelta(hours=22.5):
        assert (ends.date() - found[Rung.ASK].date()).days >= 1  # a day before expiry (Art. 19(9))


FORWARDING = [
    ("Mon 04/03/2024 06:00", "Mon 04/03/2024 17:00"),  # before the office opens
    ("Mon 04/03/2024 12:00", "Mon 04/03/2024 17:00"),  # at noon
    ("Mon 04/03/2024 14:59", "Mon 04/03/2024 17:00"),
    ("Mon 04/03/2024 15:00:00", "Mon 04/03/2024 17:00"),
    ("Mon 04/03/2024 15:00:01", "Tue 05/03/2024 08:30"),
    ("Mon 04/03/2024 20:00", "Tue 05/03/2024 08:30"),
    ("Fri 08/03/2024 15:01", "Mon 11/03/2024 08:30"),
    ("Sat 09/03/2024 09:00", "Mon 11/03/2024 08:30"),  # a rest day
    ("Fri 03/05/2024 15:01", "Sat 04/05/2024 08:30"),  # into the decreed Saturday
    ("Sat 04/05/2024 15:00", "Sat 04/05/2024 17:00"),  # which is a full day
    ("Sat 04/05/2024 15:01", "Mon 06/05/2024 08:30"),
    ("Wed 07/02/2024 15:01", "Thu 15/02/2024 08:30"),  # over Tết
    ("Thu 31/12/2026 15:01", "Mon 04/01/2027 08:30"),  # over New Year's Day, a Friday
]


@pytest.mark.parametrize("accepted, by", FORWARDING)
def test_when_a_dossier_is_forwarded(accepted, by):
    """The same day; after 15:00:00 by the end of the next working day's first opening hour (Art. 18)."""
    assert forwarding_due(moment(accepted), STATE_OFFICE) == moment(by)
