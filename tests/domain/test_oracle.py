"""The calculator against a second reading of the law, on offices, terms and stops that nobody chose.

With `make soak` (MOTCUA_TEST_SCALE=full) a hundred thousand examples; otherwise a few hundred.
"""

import os
import random
from dataclasses import replace
from datetime import date, time, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import cache
from math import ceil

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.calendars import Calendar, Hours, Season, Session, SpecialDay, faults
from domain.clocks import Policy, Stop, StopReason, both_after_stops, due_after_stops, working_time_between
from domain.decisions import ShorteningRow, Source, promised_term
from domain.errors import Invalid
from domain.stops import Effect
from domain.terms import StartRule, Term, TermUnit, due, due_instant
from tests.domain import oracle
from tests.domain.state_office import FIRST, SECONDS, STATE_OFFICE, read_by_the_oracle

LONG = os.environ.get("MOTCUA_TEST_SCALE") == "full"
ASKED = settings(
    max_examples=100_000 if LONG else 400,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
OFFICES = 200
MINUTE = timedelta(minutes=1)
REASONS = {Effect.STOPS: StopReason.FINANCIAL_DUTY, Effect.RESTARTS: StopReason.SUPPLEMENT}


def sessions(chance: random.Random, most: int = 3) -> tuple[Session, ...]:
    """One to three sessions between 6:00 and 21:00, at quarters of an hour, not always evenly long."""
    count = chance.randint(1, most)
    marks = sorted(chance.sample(range(6 * 4, 21 * 4), 2 * count))
    clocks = [time(mark // 4, mark % 4 * 15) for mark in marks]
    return tuple(Session(*pair) for pair in zip(clocks[::2], clocks[1::2], strict=True))


@cache
def office(number: int) -> tuple[Calendar, oracle.Office]:
    """The state office itself, then offices with other hours, seasons, Saturdays and closures."""
    if number == 0:
        return STATE_OFFICE, read_by_the_oracle(STATE_OFFICE)
    chance = random.Random(number)
    changed = {special.day: special for special in STATE_OFFICE.special_days}
    for _ in range(chance.randint(0, 80)):
        day = date(2023, 1, 1) + timedelta(chance.randrange(365 * 5))
        changed[day] = SpecialDay(day, "working_saturday" if day.weekday() == 5 else "closure", "drawn", "drawn")
    opens = date(2023, chance.randint(1, 12), chance.randint(1, 28))
    season = Season("drawn", opens, opens + timedelta(chance.randint(0, 300)), sessions(chance), "drawn", True)
    found = replace(
        STATE_OFFICE,
        sessions=chance.choice([STATE_OFFICE.sessions, sessions(chance)]),
        saturday=chance.choice([(), (Session(time(7, 30), time(11, 30)),), sessions(chance, 2)]),
        seasons=chance.choice([(), (season,), (replace(season, every_year=False),)]),
        special_days=tuple(changed.values()),
    )
    assert not faults(found)
    return found, read_by_the_oracle(found)


UNITS = [*TermUnit, TermUnit.WORKING_DAY]


@st.composite
def terms(draw):
    """A term of any unit, mostly short, with quarters and a start rule where there is a choice."""
    unit = draw(st.sampled_from(UNITS))
    if unit is TermUnit.SAME_DAY:
        return Term(Decimal(1), unit)
    if unit in (TermUnit.CALENDAR_DAY, TermUnit.MONTH):
        return Term(Decimal(draw(st.integers(1, 3 if unit is TermUnit.MONTH else 60))), unit)
    quarters = draw(st.one_of(st.integers(1, 40), st.integers(1, 160)))
    return Term(Decimal(quarters) / 4, unit, draw(st.sampled_from(StartRule)))


@st.composite
def questions(draw):
    """An office, an anchor (often with seconds), a term, up to three stops and the table its hours are counted in."""
    anchor = FIRST + timedelta(seconds=draw(st.integers(0, SECONDS)))
    if draw(st.booleans()):
        anchor = anchor.replace(second=0)
    marks = sorted(draw(st.lists(st.integers(0, 20 * 24 * 60), max_size=6)))
    first = anchor.replace(second=0) + MINUTE  # stops lie at whole minutes, as the oracle's line does
    moments = [first + mark * MINUTE for mark in marks[: len(marks) // 2 * 2]]
    effects = draw(st.lists(st.sampled_from(list(REASONS)), min_size=3, max_size=3))
    ledger = [
        Stop(started, ended, REASONS[effect])
        for started, ended, effect in zip(moments[::2], moments[1::2], effects, strict=False)
    ]
    return draw(st.integers(0, OFFICES)), anchor, draw(terms()), ledger, draw(st.sampled_from(Hours))


@pytest.mark.soak
@ASKED
@given(questions())
def test_no_difference_from_the_oracle(question):
    """After any stops, at any office, in either table: the same instant; and the walk adds up to the term."""
    number, anchor, term, ledger, hours = question
    calendar, plain = office(number)
    effects = {reason: effect.value for effect, reason in REASONS.items()}
    written = [(stop.started, stop.ended, effects[stop.reason]) for stop in ledger]
    expected = oracle.due_after(
        plain, term.unit, term.start, Fraction(term.amount), anchor, written, hours is Hours.OPENING
    )
    found = due_after_stops(term, anchor, ledger, calendar, Policy.RESTART, hours=hours)
    assert found.instant == expected
    assert found.provisional == (expected.year >= 2027)
    assert sum(row.counted for row in found.walk) == term.amount
    assert found.walk[-1].day == expected.date()


@pytest.mark.soak
@settings(ASKED, max_examples=20_000 if LONG else 200)
@given(questions(), st.integers(20, 60), st.sampled_from(["0.25", "0.5", "1"]))
def test_promised_is_never_later_than_statutory(question, percent, grain):
    """A term cut by a decision ends no later than the whole one, with the same stops, at any office."""
    number, anchor, statutory, ledger, hours = question
    row = ShorteningRow("d", "p", "c", Source.DERIVED, "b", date(2023, 1, 1), percent=percent, grain=Decimal(grain))
    try:
        promised = promised_term(row, statutory)
    except Invalid:
        return  # nothing would be left: such a row is not published
    calendar, _ = office(number)
    earlier, later = both_after_stops(promised, statutory, anchor, ledger, calendar, Policy.RESTART)
    assert earlier.instant <= later.instant
    assert later == due_after_stops(statutory, anchor, ledger, calendar, Policy.RESTART)
    assert due(promised, anchor, calendar, (), hours).instant <= due(statutory, anchor, calendar, (), hours).instant


@pytest.mark.soak
@settings(ASKED, max_examples=20_000 if LONG else 200)
@given(questions())
def test_adding_then_measuring_gives_back_the_budget(question):
    """What lies between the anchor and the end is the term again: hours to the minute, days counted one by one."""
    number, anchor, term, _, hours = question
    calendar, plain = office(number)
    anchor = anchor.replace(second=0)
    end = due_instant(term, anchor, calendar, (), hours)
    if term.unit is TermUnit.WORKING_HOUR:
        assert working_time_between(anchor, end, calendar, hours) == timedelta(minutes=int(term.amount * 60))
    elif term.unit is TermUnit.WORKING_DAY and term.start is StartRule.NEXT_DAY:
        days = [anchor.date() + timedelta(n) for n in range((end.date() - anchor.date()).days + 1)]
        open_days = [day for day in days if plain.works(day)]
        accepted = 1 if calendar.working_day_from(anchor.date()) == open_days[0] else 0
        assert len(open_days) - accepted == ceil(term.amount)
    else:
        assert end == due(term, anchor, calendar, (), hours).instant > anchor
