"""Due instants that were computed from the law alone, before the calculator saw them: every one must agree."""

import tomllib
from collections import Counter
from dataclasses import replace
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path

import pytest

from domain.calendars import Hours, Session
from domain.clocks import Policy, Stop, StopReason, due_after_stops
from domain.deadlines import forwarding_due
from domain.decisions import ShorteningRow, Source, may_stay_whole, promised_term
from domain.terms import StartRule, Term, TermUnit, due
from tests.domain.state_office import STATE_OFFICE

VECTORS = tomllib.loads(Path(__file__).with_name("vectors_independent.toml").read_text("utf-8"))["vector"]
SATURDAY = replace(STATE_OFFICE, saturday=(Session(time(7, 30), time(11, 30)),))


def length(vector, amount="amount"):
    start = StartRule(vector.get("start", "next_day"))
    return Term(Decimal(vector[amount]), TermUnit(vector["unit"]), start)


def instant(text):
    return datetime.fromisoformat(text)


def by_term(vector):
    return due(length(vector), instant(vector["accepted"]), STATE_OFFICE)


def by_opening_hours(vector):
    calendar = SATURDAY if vector["saturday_opening"] else STATE_OFFICE
    return due(length(vector), instant(vector["accepted"]), calendar, hours=Hours.OPENING)


def by_stops(vector):
    stops = [Stop(instant(s["from"]), instant(s["to"]), StopReason(s["reason"])) for s in vector["stops"]]
    policy = Policy(vector["policy"])
    return due_after_stops(length(vector), instant(vector["accepted"]), stops, STATE_OFFICE, policy)


def by_promise(vector):
    statutory = length(vector)
    ground = "quá ngắn" if may_stay_whole(statutory) else ""
    row = ShorteningRow("906", "p", "c", Source.DERIVED, "906", date(2023, 6, 14), no_cut=ground, grain=grain(vector))
    promise = promised_term(row, statutory)
    assert promise.amount == Decimal(vector["promised"])
    return due(promise, instant(vector["accepted"]), STATE_OFFICE)


def grain(vector):
    """Days are cut to halves, hours to the quarter in which they are counted."""
    return Decimal("0.25") if vector["unit"] == "working_hour" else Decimal("0.5")


COUNTERS = {"term": by_term, "acceptance": by_opening_hours, "stops": by_stops, "promised": by_promise}


@pytest.mark.parametrize("vector", [v for v in VECTORS if v["kind"] in COUNTERS], ids=lambda v: v["id"])
def test_the_calculator_agrees_with_the_law_read_by_somebody_else(vector):
    """The instant and whether it is provisional, for every vector of the file."""
    found = COUNTERS[vector["kind"]](vector)
    assert found.instant == instant(vector["due"]), vector["reason"]
    assert found.provisional is vector["provisional"], vector["reason"]
    assert sum(row.counted for row in found.walk) == found.count.term.amount
    assert found.walk[-1].day == found.instant.date()


@pytest.mark.parametrize("vector", [v for v in VECTORS if v["kind"] == "forwarding"], ids=lambda v: v["id"])
def test_forwarding_agrees_too(vector):
    """At once online; the same day, or after 15:00 the first opening hour of the next working day, otherwise."""
    accepted = instant(vector["accepted"])
    at_once = vector["channel"] == "online" and not vector["other_agency"]
    found = accepted if at_once else forwarding_due(accepted, STATE_OFFICE)
    assert found == instant(vector["due"]), vector["reason"]


def test_the_file_is_as_large_as_promised():
    """At least sixty vectors, of every kind of question."""
    kinds = Counter(vector["kind"] for vector in VECTORS)
    assert sum(kinds.values()) >= 60
    assert set(kinds) == {*COUNTERS, "forwarding"}
    assert {v["unit"] for v in VECTORS if v["kind"] == "term"} == set(TermUnit)
