"""`python -m bench.calculator`: due dates a second of our calculator beside pandas' business hours, paired in one run.

Both add the same working hours to the same instants, under the same opening hours and the same holidays. What pandas
cannot hold, a decreed working Saturday, is left out of both calendars. The answers are compared before anything is
timed; where hours end exactly at a close pandas names the next opening, with no opening time between. pandas is
needed by this comparison alone (requirements-bench.lock).

The second figure is the cost of recomputing the dates of many open dossiers: a term, an anchor and its stops on one
calendar, promised and statutory, as a change of the calendar asks for them.
"""

from __future__ import annotations

import argparse
import random
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from importlib import import_module
from typing import Any

from adapters.catalogue_files import read_sound
from domain.calendars import Calendar
from domain.clocks import Policy, Stop, StopReason, due_after_stops, working_time_between
from domain.counting import due_instant
from domain.instants import VIETNAM
from domain.terms import Term, TermUnit

FIRST = datetime(2023, 2, 1, 8, tzinfo=VIETNAM)
DAYS = 365 * 3


@dataclass(frozen=True)
class Pair:
    """One run of both, in due dates a second."""

    ours: float
    pandas: float

    @property
    def ratio(self) -> float:
        """How many times as many as pandas."""
        return self.ours / self.pandas


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dates", type=int, default=4000, help="due dates in one run of each")
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--dossiers", type=int, default=50_000)
    options = parser.parse_args()
    office = read_sound().calendar("state-office")
    for hours in (8, 40):
        pairs = compare(office, hours, options.dates, options.pairs)
        for pair in pairs:
            print(f"{hours:>3} h   ours {pair.ours:>9,.0f}/s   pandas {pair.pandas:>7,.0f}/s   ratio {pair.ratio:.1f}")
        print(f"{hours:>3} h   median ratio {statistics.median(pair.ratio for pair in pairs):.1f}")
    seconds = recompute(office, options.dossiers)
    print(f"{options.dossiers:,} open dossiers, promised and statutory: {seconds:.2f} s")


def compare(office: Calendar, hours: int, dates: int, pairs: int) -> list[Pair]:
    """Time both adding so many hours over the same random instants, in turn; the first pair warms up.

    Raises ValueError if their answers differ.
    """
    pandas = import_module("pandas")  # here, and by name: the product, its tests and its types do without
    chance = random.Random(906)
    calendar = _without_working_saturdays(office)
    anchors = [FIRST + timedelta(minutes=chance.randrange(DAYS * 24 * 60)) for _ in range(dates)]
    stamps = [pandas.Timestamp(anchor.replace(tzinfo=None)) for anchor in anchors]
    term = Term(Decimal(hours), TermUnit.WORKING_HOUR)
    offset = pandas.offsets.CustomBusinessHour(
        n=hours,
        start=[f"{session.opens:%H:%M}" for session in calendar.sessions],
        end=[f"{session.closes:%H:%M}" for session in calendar.sessions],
        holidays=[special.day for special in calendar.special_days],
    )
    ours = [due_instant(term, anchor, calendar) for anchor in anchors]
    theirs = [stamp + offset for stamp in stamps]
    different = [
        (anchor, one, other)
        for anchor, one, other in zip(anchors, ours, theirs, strict=True)
        if working_time_between(one, other.to_pydatetime().replace(tzinfo=VIETNAM), calendar)
    ]
    if different:
        raise ValueError(f"{len(different)} of {dates} differ, such as {different[0]}")
    found = []
    for pair in range(pairs + 1):
        mine = _rate(anchors, lambda anchor: due_instant(term, anchor, calendar))
        yours = _rate(stamps, lambda stamp: stamp + offset)
        if pair:
            found.append(Pair(mine, yours))
    return found


def recompute(office: Calendar, dossiers: int) -> float:
    """Seconds to compute both dates of so many open dossiers; a tenth waited for a supplement, some for a duty."""
    book = list(_book(dossiers))
    started = time.perf_counter()
    for promised, statutory, anchor, stops in book:
        due_after_stops(promised, anchor, stops, office, Policy.RESTART)
        due_after_stops(statutory, anchor, stops, office, Policy.RESTART)
    return time.perf_counter() - started


def _book(dossiers: int) -> Sequence[tuple[Term, Term, datetime, list[Stop]]]:
    chance = random.Random(766)
    lengths = [(Term(Decimal(days), TermUnit.WORKING_DAY), days) for days in (3, 5, 7, 10, 15, 20, 30)]
    pairs = [(replace(term, amount=Decimal(days * 4 // 5 or 1)), term) for term, days in lengths]
    made = []
    for _ in range(dossiers):
        anchor = FIRST + timedelta(minutes=chance.randrange(DAYS * 24 * 60))
        stops = []
        if chance.random() < 0.12:
            asked = anchor + timedelta(hours=chance.randrange(4, 60))
            reason = StopReason.SUPPLEMENT if chance.random() < 0.8 else StopReason.FINANCIAL_DUTY
            stops = [Stop(asked, asked + timedelta(hours=chance.randrange(4, 400)), reason)]
        made.append((*chance.choice(pairs), anchor, stops))
    return made


def _without_working_saturdays(office: Calendar) -> Calendar:
    kept = tuple(special for special in office.special_days if special.kind != "working_saturday")
    return replace(office, special_days=kept)


def _rate(values: Sequence[Any], ask: Callable[[Any], object]) -> float:
    started = time.perf_counter()
    for value in values:
        ask(value)
    return len(values) / (time.perf_counter() - started)


if __name__ == "__main__":
    main()
