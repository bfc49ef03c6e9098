"""How fast offices work: the product-limit estimate against counting by hand, and spreads against all pairs."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.paces import (
    FINEST,
    Pace,
    Paces,
    Scope,
    Spell,
    Work,
    curve,
    longer_than,
    one_after_another,
    quantile,
    side_by_side,
)

HOURS = st.integers(1, 40).map(float)
WORK = Work("2.000908", "appraise", "office", allotted=10.0)


def finished(hours: float, procedure: str = "2.000908", unit: str = "office", allotted: float = 10.0) -> Spell:
    return Spell(procedure, "appraise", unit, allotted, 0.0, hours, finished=True)


@given(st.lists(HOURS, min_size=1, max_size=60), st.floats(0, 39), st.floats(0.1, 40))
def test_without_open_steps_it_is_the_share_counted(ages: list[float], age: float, more: float) -> None:
    """Of the steps that took longer than `age`, the share that took longer than `age + more`."""
    found = curve((0.0, each, True) for each in ages)
    older = [each for each in ages if each > age]
    if not older:
        return

    assert found is not None
    assert longer_than(more, found.residual(age)) == pytest.approx(
        sum(each - age > more for each in older) / len(older)
    )


def by_hand(spells: list[tuple[float, float, bool]], age: float, more: float) -> float:
    """Hour by hour: of the steps then under way and seen by the window, the share that was not finished there."""
    alive = 1.0
    for hour in range(1, 200):
        if age < hour <= age + more:
            under_way = [each for each in spells if each[0] < hour <= each[1]]
            done = [each for each in under_way if each[1] == hour and each[2]]
            alive *= 1 - len(done) / len(under_way) if under_way else 1
    return alive


@st.composite
def windows(draw: st.DrawFn) -> list[tuple[float, float, bool]]:
    """Spells of which the window saw only a part: begun before it, or still open."""
    found = draw(st.lists(st.tuples(st.integers(0, 15), st.integers(1, 20), st.booleans()), min_size=1, max_size=40))
    return [(float(entered), float(entered + more), done) for entered, more, done in found]


@given(windows(), st.integers(0, 30), st.integers(1, 30))
def test_open_steps_and_those_begun_before_the_window_count_while_it_saw_them(
    spells: list[tuple[float, float, bool]], age: int, more: int
) -> None:
    """The product over the hours, counted by hand, up to the oldest finish; past it nobody has been counted."""
    found = curve(spells)
    last = max((left for _, left, done in spells if done), default=0.0)
    if age + more > last:
        return

    assert found is not None
    assert longer_than(more, found.residual(float(age))) == pytest.approx(by_hand(spells, float(age), float(more)))


@given(windows(), st.floats(0, 60))
def test_a_residual_is_a_spread(spells: list[tuple[float, float, bool]], age: float) -> None:
    """Nothing ends before now, shortest first, and the probabilities add up to 1."""
    found = curve(spells)
    if found is None:
        assert not any(done for _, _, done in spells)
        return
    spread = found.residual(age)

    assert [hours for hours, _ in spread] == sorted(hours for hours, _ in spread)
    assert spread[0][0] > 0
    assert sum(weight for _, weight in spread) == pytest.approx(1)


def test_past_the_oldest_finish_it_goes_on_at_the_mean_rate() -> None:
    """Ten hours worked by three steps, two of them finished: a fifth an hour, so half are gone after ln 2 ÷ 0.2."""
    found = curve([(0.0, 2.0, True), (0.0, 3.0, True), (0.0, 5.0, False)])
    assert found is not None
    spread = found.residual(7.0)

    assert found.rate == 0.2
    assert longer_than(3.4, spread) == longer_than(3.5, spread) == 0.5


def test_slow_offices_show_before_anything_is_finished() -> None:
    """Twenty old finishes of five hours, and as many open at nine: past five hours half of them go on."""
    found = curve([(0.0, 5.0, True)] * 20 + [(0.0, 9.0, False)] * 20)

    assert found is not None
    assert longer_than(5.0, found.residual(0.0)) == 0.5


def test_a_step_finished_where_the_window_began_to_see_it_is_counted() -> None:
    """It was finished within the window without an hour more: at its age it was under way, and nowhere else."""
    found = curve([(4.0, 4.0, True), (0.0, 4.0, False), (0.0, 9.0, True)])

    assert found is not None
    assert found.falls == ((4.0, pytest.approx(1 / 3)), (9.0, 1.0))


def test_nothing_finished_is_no_pace() -> None:
    """A curve is never made up."""
    assert curve([(0.0, 9.0, False)]) is None
    assert curve([]) is None


SPREADS = st.lists(HOURS, min_size=1, max_size=6, unique=True).map(
    lambda hours: tuple((each, 1 / len(hours)) for each in sorted(hours))
)


@given(SPREADS, SPREADS, st.floats(0, 90))
def test_spreads_are_combined_over_all_pairs(first: tuple, second: tuple, hours: float) -> None:
    """One after another: the sum; side by side: the longer. Exact while few points stand for them."""
    pairs = list(product((each for each, _ in first), (each for each, _ in second)))

    for combined, of in ((one_after_another, sum), (side_by_side, max)):
        expected = sum(of(pair) > hours for pair in pairs) / len(pairs)
        assert longer_than(hours, combined(first, second)) == pytest.approx(expected)


@given(st.lists(HOURS, min_size=80, max_size=200), st.floats(0, 80))
def test_many_points_are_thinned_by_little(ages: list[float], hours: float) -> None:
    """The error stays below what the number of points kept stands for, on either side."""
    spread = tuple((each + n / 1000, 1 / len(ages)) for n, each in enumerate(sorted(ages)))
    exact = [a + b > hours for (a, _), (b, _) in product(spread, spread)]
    thinned = longer_than(hours, one_after_another(spread, spread))

    assert thinned == pytest.approx(sum(exact) / len(exact), abs=3 / FINEST)


def test_the_nearest_pace_that_is_known_counts() -> None:
    """The office's own for the procedure, else its workload as a multiple of what is allotted, else the province's."""
    own = [finished(6.0)] * 8
    others_here = [finished(30.0, procedure="1.001612", allotted=20.0)] * 8
    elsewhere = [finished(9.0, unit="elsewhere")] * 8

    def pace(spells: list[Spell]) -> Pace:
        found = Paces(spells).of(WORK)
        assert found is not None
        return found

    assert (pace(own + others_here + elsewhere).scope, pace(own).usual) == (Scope.OFFICE, 6.0)
    assert pace(own[:7] + others_here + elsewhere).scope is Scope.WORKLOAD
    assert pace(others_here).usual == 15.0  # half as long again as is allotted
    assert (pace(elsewhere).scope, pace(elsewhere).usual) == (Scope.PROVINCE, 9.0)
    assert Paces(own[:7]).of(WORK) is None


def test_a_quantile_is_where_that_share_is_finished() -> None:
    """The first point at which so much is done; the last for all of it."""
    spread = ((1.0, 0.25), (2.0, 0.25), (9.0, 0.5))

    assert [quantile(spread, share) for share in (0.1, 0.25, 0.5, 0.51, 1.0)] == [1.0, 1.0, 2.0, 9.0, 9.0]
