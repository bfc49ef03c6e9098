"""What the clocks of a dossier strike next: in which states each runs, in which order, and never twice."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.dossier import Business
from domain.instants import VIETNAM
from domain.milestones import RUNS_IN, Clock, ClockKind, Rung, milestones, next_milestone

MONDAY = datetime(2026, 9, 7, 8, 0, tzinfo=VIETNAM)
TABLE = """
                acceptance forwarding promised statutory step moved supplement payment collection
submitted       runs       -          -        -         -    -     -          -       -
incomplete      -          -          -        -         -    -     runs       -       -
complete        -          -          -        -         -    -     -          runs    -
not_accepted    -          -          -        -         -    -     -          -       -
accepted        -          runs       runs     runs      -    runs  -          -       -
processing      -          -          runs     runs      runs runs  -          -       -
supplementing   -          -          -        -         -    -     runs       -       -
awaiting_duty   -          -          -        -         -    -     -          -       -
suspended       -          -          -        -         -    -     -          -       -
withdrawing     -          -          -        -         -    -     -          -       -
resolved        -          -          -        -         -    -     -          -       runs
refused         -          -          -        -         -    -     -          -       -
stopped         -          -          -        -         -    -     -          -       -
"""
HEAD, *ROWS = (line.split() for line in TABLE.strip().splitlines())
CASES = [(row[0], kind, cell == "runs") for row in ROWS for kind, cell in zip(HEAD, row[1:], strict=True)]


@pytest.mark.parametrize("business, kind, runs", CASES, ids=str)
def test_a_clock_runs_in_its_states_only(business: str, kind: str, runs: bool) -> None:
    """A supplement stops the processing clocks, the decision ends them, and before acceptance none has begun."""
    clock = Clock(ClockKind(kind), due=MONDAY)

    assert bool(milestones([clock], Business(business))) is runs


def test_every_state_is_in_the_table() -> None:
    """No state was forgotten."""
    assert {row[0] for row in ROWS} == {str(each) for each in Business}
    assert set(HEAD) == {str(each) for each in RUNS_IN} == {str(each) for each in ClockKind}


def test_the_promise_breaks_before_the_law_is_broken() -> None:
    """Warning, then the promised due, then the statutory one."""
    clocks = [
        Clock(ClockKind.STATUTORY, due=MONDAY + timedelta(days=3)),
        Clock(ClockKind.PROMISED, due=MONDAY + timedelta(days=2), warn_at=MONDAY + timedelta(days=1)),
    ]

    assert [(m.rung, m.kind) for m in milestones(clocks, Business.PROCESSING)] == [
        (Rung.WARN, ClockKind.PROMISED),
        (Rung.BREACH, ClockKind.PROMISED),
        (Rung.BREACH, ClockKind.STATUTORY),
    ]


def test_at_one_instant_the_warning_comes_first() -> None:
    """A warning never follows the breach it warns of, and equal instants have one order."""
    clocks = [Clock(kind, due=MONDAY, warn_at=MONDAY) for kind in (ClockKind.STATUTORY, ClockKind.PROMISED)]
    order = [(m.rung, m.kind) for m in milestones(clocks, Business.PROCESSING)]

    assert [rung for rung, _ in order] == [Rung.WARN, Rung.WARN, Rung.BREACH, Rung.BREACH]
    assert order == [(m.rung, m.kind) for m in milestones(reversed(clocks), Business.PROCESSING)]


instants = st.integers(0, 10_000).map(lambda minutes: MONDAY + timedelta(minutes=minutes))


@st.composite
def clocks(draw: st.DrawFn) -> list[Clock]:
    """One clock of some kinds each, warned at or before its due instant, or never."""
    made = []
    for kind in draw(st.sets(st.sampled_from(ClockKind))):
        due = draw(instants)
        before = draw(st.none() | st.integers(0, 5_000))
        made.append(Clock(kind, due, None if before is None else due - timedelta(minutes=before)))
    return made


@given(clocks(), st.sampled_from(Business))
def test_striking_one_after_another_strikes_each_once(made: list[Clock], business: Business) -> None:
    """Following the milestones to the end strikes each stroke once, at instants that never run backwards."""
    struck = []
    while ahead := milestones(made, business):
        first = ahead[0]
        assert first == next_milestone(made, business)
        struck.append((first.at, first.rung, first.kind))
        made = [each.struck(first.rung) if each.kind is first.kind else each for each in made]

    assert next_milestone(made, business) is None
    assert len({(rung, kind) for _, rung, kind in struck}) == len(struck)
    assert [at for at, _, _ in struck] == sorted(at for at, _, _ in struck)


def test_a_breach_found_before_its_warning_leaves_no_warning() -> None:
    """Once a clock is in breach there is nothing left to warn of."""
    clock = Clock(ClockKind.PROMISED, due=MONDAY, warn_at=MONDAY - timedelta(days=1)).struck(Rung.BREACH)

    assert milestones([clock], Business.PROCESSING) == []
