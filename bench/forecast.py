"""`python -m bench.forecast`: how good the forecast is on generated histories, beside two naive rules.

Every working day at eight o'clock the forecast is asked about every open dossier whose ladder has not spoken,
with nothing but what was known by then. Precision: of the dossiers ever listed, the part that breached. Recall:
of those that breached, the part listed before any rung. Lead: working days from the first listing to the
appointment that was missed, and to its first rung.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import sys
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from statistics import NormalDist
from typing import Any

from adapters.catalogue_files import FOLDER, read_sound
from bench.histories import FIRST, FORGOTTEN, FORGOTTEN_FOR, LAST, SPREAD, Done, Generator, Told
from domain.catalogue import Catalogue
from domain.forecast import WINDOW, Forecast, Meter, Outlook, spell, used
from domain.instants import at, civil_date
from domain.paces import LEAST, Curve, Pace, Paces, Scope, Spell, Work

BURN_IN = timedelta(days=75)
LISTS = ("0.5", "0.6", "0.7", "0.8", "0.9")
QUARTER, AVERAGE = "a quarter left", "average duration"
TRUE = "0.7, true pace"
TENTHS = 10


@dataclass
class Seen:
    """When each way of listing first listed a dossier, and what the forecast said at every look."""

    first: dict[str, datetime]
    said: list[float]


class TruePaces(Paces):
    """The paces that the generator itself works with on a day: nobody can know more of what is to come."""

    def __init__(self, generator: Generator, day: date) -> None:
        super().__init__(())
        self._generator, self._day = generator, day

    def of(self, work: Work) -> Pace:
        """What the office really takes on that day."""
        return Pace(Scope.OFFICE, _TRUE, max(0.1, work.allotted * self._generator.pace(work.unit, self._day)))


def _true_curve(points: int = 400) -> Curve:
    usual = [NormalDist(0, SPREAD).inv_cdf((number + 0.5) / points) for number in range(points)]
    weighted = [(math.exp(each), (1 - FORGOTTEN) / points) for each in usual]
    weighted += [(math.exp(each) * FORGOTTEN_FOR, FORGOTTEN / points) for each in usual]
    alive, falls = 1.0, []
    for hours, weight in sorted(weighted):
        falls.append((hours, min(1.0, weight / alive)))
        alive -= weight
    return Curve(tuple(falls), rate=1.0, finished=points)


_TRUE = _true_curve()


def main() -> None:
    """Generate, walk, and print; with `--json` for programs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=2026)
    parser.add_argument("--window", type=int, default=WINDOW.days, help="days of the pace")
    parser.add_argument("--least", type=int, default=LEAST, help="finished steps that a group needs")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    law = read_sound(FOLDER)
    report = {
        name: _measure(law, options.seed, hurry, timedelta(days=options.window), options.least)
        for name, hurry in (("nobody hurries", False), ("half of the offices hurry once warned", True))
    }
    print(json.dumps(report, indent=2) if options.json else _table(report))


def _measure(law: Catalogue, seed: int, hurry: bool, window: timedelta, least: int) -> dict[str, Any]:
    generator = Generator(law, seed, hurry)
    told = generator.tell()
    seen = _walk(generator, told, window, least)
    judged = [(story, seen[id(story)]) for story in told if id(story) in seen and story.due < at(LAST, time(8))]
    slow = [(story, each) for story, each in judged if story.holder.code == generator.slow]
    return {
        "dossiers": len(judged),
        "breached": sum(story.breached for story, _ in judged),
        "lists": {name: _figures(judged, name, generator.line) for name in (*LISTS, TRUE, QUARTER, AVERAGE)},
        "the office that slows down": {
            "breached": sum(story.breached for story, _ in slow),
            **_figures(slow, "0.7", generator.line),
        },
        "said": _calibration(judged),
    }


def _walk(generator: Generator, told: list[Told], window: timedelta, least: int) -> dict[int, Seen]:
    seen: dict[int, Seen] = {}
    day = FIRST + BURN_IN
    while day <= LAST:
        as_of = at(day, time(8))
        if generator.line.between(as_of, as_of + timedelta(hours=9)) > 0:
            _look(generator, told, as_of, window, least, seen)
        day += timedelta(days=1)
        if day.day == 1:
            print(f"{day:%d/%m/%Y}", file=sys.stderr, flush=True)
    return seen


def _look(
    generator: Generator, told: list[Told], as_of: datetime, window: timedelta, least: int, seen: dict[int, Seen]
) -> None:
    meter, knowing = generator.line, Forecast(TruePaces(generator, civil_date(as_of)))
    known = [story for story in told if story.accepted < as_of and story.ended > as_of - window]
    forecast = Forecast(Paces(_spells(known, as_of, window, meter), least))
    averages = _averages(known, as_of, meter)
    for story in known:
        begun, until, rung = [term for term in story.terms if term[0] <= as_of][-1]
        if min(story.ended, until) <= as_of or any(start <= as_of < end for start, end in story.waits):
            continue
        each = seen.setdefault(id(story), Seen({}, []))
        whole = meter.between(begun, until)
        if meter.between(as_of, until) < whole / 4:
            each.first.setdefault(QUARTER, as_of)
        if whole < averages.get(story.kind, 0):
            each.first.setdefault(AVERAGE, as_of)
        if as_of < rung:
            stages = _stages(story, as_of, meter)
            _note(each, as_of, knowing.outlook(stages, until, as_of, meter), [TRUE])
            _note(each, as_of, forecast.outlook(stages, until, as_of, meter), LISTS)


def _note(seen: Seen, as_of: datetime, outlook: Outlook | None, lists: Iterable[str]) -> None:
    """Put a dossier on the lists whose threshold it reaches; what the forecast said is kept besides."""
    if outlook is None:
        return
    if lists is LISTS:
        seen.said.append(outlook.probability)
    for name in lists:
        if outlook.probability >= float(name.split(",")[0]):
            seen.first.setdefault(name, as_of)


def _spells(known: Iterable[Told], as_of: datetime, window: timedelta, meter: Meter) -> Iterable[Spell]:
    for story in known:
        for done in (done for stage in story.stages for done in stage):
            stretches = _by(done, as_of)
            finished = done.stretches[-1][1] <= as_of
            found = spell(done.work, stretches, finished, as_of - window, meter)
            if found is not None:
                yield found


def _by(done: Done, as_of: datetime) -> list[tuple[datetime, datetime]]:
    """What was known of a step at an instant."""
    return [(start, min(end, as_of)) for start, end in done.stretches if start < as_of]


def _stages(story: Told, as_of: datetime, meter: Meter) -> list[list[Work]]:
    """The steps under way with their ages, and those to come."""
    stages = []
    for stage in story.stages:
        left = [done for done in stage if done.stretches[-1][1] > as_of]
        if left:
            stages.append([replace(done.work, age=used(_by(done, as_of), meter)) for done in left])
    return stages


def _averages(known: Iterable[Told], as_of: datetime, meter: Meter) -> dict[str, float]:
    """How long the dossiers of a kind that were finished in the window took, without their waits."""
    hours: dict[str, list[float]] = {}
    for story in known:
        if story.ended <= as_of:
            whole = meter.between(story.accepted, story.ended) - sum(meter.between(*wait) for wait in story.waits)
            hours.setdefault(story.kind, []).append(whole)
    return {kind: statistics.mean(each) for kind, each in hours.items()}


def _figures(judged: list[tuple[Told, Seen]], name: str, meter: Meter) -> dict[str, float]:
    listed = [(story, each.first[name]) for story, each in judged if name in each.first]
    right = [(story, at_) for story, at_ in listed if story.breached and at_ < story.due]
    to_breach = [meter.between(at_, story.due) / meter.day for story, at_ in right]
    to_rung = [meter.between(at_, story.terms[-1][2]) / meter.day for story, at_ in right]
    breached = sum(story.breached for story, _ in judged)
    return {
        "listed": len(listed),
        "precision": len(right) / len(listed) if listed else 0.0,
        "recall": len(right) / breached if breached else 0.0,
        "lead_to_breach": statistics.median(to_breach) if to_breach else 0.0,
        "lead_to_rung": statistics.median(to_rung) if to_rung else 0.0,
    }


def _calibration(judged: list[tuple[Told, Seen]]) -> list[dict[str, float]]:
    """What was said at every look, by tenths, and what came of it."""
    tenths: dict[int, list[tuple[float, bool]]] = {}
    for story, each in judged:
        for said in each.said:
            tenths.setdefault(min(TENTHS - 1, int(said * TENTHS)), []).append((said, story.breached))
    return [
        {
            "looks": len(group),
            "said": statistics.mean(said for said, _ in group),
            "breached": statistics.mean(breached for _, breached in group),
        }
        for _, group in sorted(tenths.items())
    ]


def _table(report: dict[str, dict[str, Any]]) -> str:
    lines = []
    for name, found in report.items():
        lines.append(f"{name}: {found['dossiers']} dossiers, {found['breached']} breached")
        lines.append("  list               listed  precision  recall   lead to breach   lead to first rung")
        lists = {**found["lists"], "0.7, slowed office": found["the office that slows down"]}
        for each, figures in lists.items():
            lines.append(
                f"  {each:<18} {figures['listed']:>6}  {figures['precision']:>8.2f}  {figures['recall']:>7.2f}"
                f"  {figures['lead_to_breach']:>10.1f} days  {figures['lead_to_rung']:>13.1f} days"
            )
        said = ", ".join(f"{each['said']:.2f}→{each['breached']:.2f}" for each in found["said"])
        lines.append(f"  said→came: {said}")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
