"""Owns how fast offices work: from the spells of a recent window, how much longer a step takes at its age.

The estimate is the product-limit one (Kaplan and Meier, J. Am. Stat. Assoc. 53, 1958), with late entry (Tsai,
Jewell and Wang, Biometrika 74, 1987): at every age, of the steps that reached it within the window, the share
that was finished there. A step begun before the window counts from the age it had then, an open one up to the
age it has now, so nobody waits for dossiers to end before a slow month shows. Past the oldest finish of the
window it goes on at the mean rate, finished steps an hour worked. All times are opening hours of the office.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from math import inf, log, nextafter

Spread = tuple[tuple[float, float], ...]
"""How long something may take: hours, each with its probability, shortest first; the probabilities add up to 1."""

LEAST = 8
"""Finished steps that a group needs before it is believed."""
FINEST = 40
"""Points that a spread keeps: an error of at most one in forty where spreads are added."""
TAIL = 8
"""Points that stand for what goes on past the oldest finish."""


@dataclass(frozen=True)
class Spell:
    """One step at one office, as far as the window saw it, in opening hours of that office.

    `entered` is what it had used when the window began, 0 if it began within; `left` what it had used when it was
    finished, or given up, or at the end of the window. `allotted` is what the approved process gives it.
    """

    procedure: str
    step: str
    unit: str
    allotted: float
    entered: float
    left: float
    finished: bool


@dataclass(frozen=True)
class Curve:
    """At each age at which a step was finished, the share of those then under way; `rate` is finished an hour."""

    falls: tuple[tuple[float, float], ...]
    rate: float
    finished: int

    def residual(self, age: float) -> Spread:
        """How much longer a step of this age takes."""
        points, alive = [], 1.0
        for hours, share in self.falls[bisect_left(self.falls, (age, inf)) :]:
            points.append((hours - age, alive * share))
            alive *= 1 - share
        if alive > 0:
            last = max(self.falls[-1][0], age)
            points += [(last - age - log(1 - (n + 0.5) / TAIL) / self.rate, alive / TAIL) for n in range(TAIL)]
        return tuple(points)

    @cached_property
    def usual(self) -> float:
        """How long half of the steps take at most."""
        return quantile(self.residual(0), 0.5)


class Scope(StrEnum):
    """Whose pace it is: the nearest that has finished enough."""

    OFFICE = "office"  # this step of this procedure at this office, in hours
    WORKLOAD = "workload"  # this step at this office whatever the procedure, in multiples of what is allotted
    PROVINCE = "province"  # this step of this procedure wherever it is done, in hours


@dataclass(frozen=True)
class Work:
    """One step that is being done or is still to come; `age` is what it has used so far."""

    procedure: str
    step: str
    unit: str
    allotted: float
    age: float = 0.0


@dataclass(frozen=True)
class Pace:
    """A curve and the hours that one unit of it stands for."""

    scope: Scope
    curve: Curve
    hours: float

    @property
    def usual(self) -> float:
        """How long half of the steps take at most, in hours."""
        return self.curve.usual * self.hours

    def residual(self, age: float) -> Spread:
        """How much longer a step of this age takes, in hours."""
        return tuple((each * self.hours, weight) for each, weight in self.curve.residual(age / self.hours))


def curve(spells: Iterable[tuple[float, float, bool]]) -> Curve | None:
    """The curve of spells given as entered, left and finished; None where none was finished."""
    kept = [each for each in spells if each[0] < each[1] or each[2]]
    falls = Counter(left for _, left, finished in kept if finished)
    worked = sum(left - entered for entered, left, _ in kept)
    if not falls or worked <= 0:
        return None
    entries = sorted(_just_before(entered, left) for entered, left, _ in kept)
    exits = sorted(left for _, left, _ in kept)
    shares = ((at, d / (bisect_left(entries, at) - bisect_left(exits, at))) for at, d in sorted(falls.items()))
    return Curve(tuple(shares), sum(falls.values()) / worked, sum(falls.values()))


def _just_before(entered: float, left: float) -> float:
    """From which age on, not including it, a spell counts: from the start, or from when the window saw it."""
    if entered <= 0:
        return -inf
    return entered if entered < left else nextafter(entered, 0)


class Paces:
    """The paces of every office that a window of spells tells of; a curve is made when it is first asked for."""

    def __init__(self, spells: Iterable[Spell], least: int = LEAST) -> None:
        self._least = least
        self._groups: dict[tuple[Scope, str, str, str], list[tuple[float, float, bool]]] = defaultdict(list)
        self._curves: dict[tuple[Scope, str, str, str], Curve | None] = {}
        for each in spells:
            hours = (each.entered, each.left, each.finished)
            self._groups[_key(Scope.OFFICE, each)].append(hours)
            self._groups[_key(Scope.PROVINCE, each)].append(hours)
            if each.allotted > 0:
                share = (each.entered / each.allotted, each.left / each.allotted, each.finished)
                self._groups[_key(Scope.WORKLOAD, each)].append(share)

    def of(self, work: Work) -> Pace | None:
        """The pace to expect of a step, the office's own before others; None where too little was ever finished."""
        for scope in Scope:
            hours = work.allotted if scope is Scope.WORKLOAD else 1.0
            found = self._curve(_key(scope, work)) if hours > 0 else None
            if found is not None and found.finished >= self._least:
                return Pace(scope, found, hours)
        return None

    def _curve(self, key: tuple[Scope, str, str, str]) -> Curve | None:
        if key not in self._curves:
            self._curves[key] = curve(self._groups.get(key, ()))
        return self._curves[key]


def _key(scope: Scope, each: Spell | Work) -> tuple[Scope, str, str, str]:
    procedure = "" if scope is Scope.WORKLOAD else each.procedure
    unit = "" if scope is Scope.PROVINCE else each.unit
    return scope, procedure, each.step, unit


def one_after_another(first: Spread, second: Spread) -> Spread:
    """How long both take, the second begun when the first is finished."""
    return _combined(first, second, lambda a, b: a + b)


def side_by_side(first: Spread, second: Spread) -> Spread:
    """How long both take, begun together: as long as the longer."""
    return _combined(first, second, max)


def longer_than(hours: float, spread: Spread) -> float:
    """The probability that it takes longer."""
    return min(1.0, sum(weight for each, weight in spread if each > hours))


def quantile(spread: Spread, share: float) -> float:
    """The hours within which that share is finished."""
    reached = 0.0
    for hours, weight in spread:
        reached += weight
        if reached >= share - 1e-9:
            return hours
    return spread[-1][0]


def _combined(first: Spread, second: Spread, of: Callable[[float, float], float]) -> Spread:
    return _thinned(sorted((of(a, b), p * q) for a, p in _thinned(first) for b, q in _thinned(second)))


def _thinned(spread: Sequence[tuple[float, float]]) -> Spread:
    """The same with at most so many points, each the mean of neighbours of about equal weight together."""
    if len(spread) <= FINEST:
        return tuple(spread)
    groups: dict[int, list[tuple[float, float]]] = defaultdict(list)
    reached = 0.0
    for hours, weight in spread:
        groups[min(FINEST - 1, int((reached + weight / 2) * FINEST))].append((hours, weight))
        reached += weight
    return tuple(_mean(group) for group in groups.values())


def _mean(group: Sequence[tuple[float, float]]) -> tuple[float, float]:
    together = sum(weight for _, weight in group)
    if together <= 0:
        return group[0][0], 0.0
    return sum(hours * weight for hours, weight in group) / together, together
