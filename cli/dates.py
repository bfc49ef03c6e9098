"""Why each date of a dossier is what it is: every day of the count, or the same in short."""

from __future__ import annotations

from datetime import date
from typing import Any

from rich.table import Table

from cli.story_words import CLOCKS, RUNGS
from cli.terminal import instant, say, show_table, term


def print_dates(found: dict[str, Any]) -> None:
    """Print why each date is what it is, with every day of the count."""
    say(f"{found['code'] or found['dossier']}  {found['procedure']}, law {found.get('law', '')[:12]}", "bold")
    if not found["basis"]:
        say("  not accepted yet, so no processing term runs")
        return
    for line in found["basis"]:
        say(f"  by         {line}")
    for clock in found["clocks"]:
        _clock(clock)
    for stop in found["stops"]:
        say(f"  stood still from {instant(stop['from'])} to {instant(stop['to'])}: {stop['reason']}")
    for names, walk in _walks(found["walks"]):
        print_walk(f"{' = '.join(names)} ({term(found['terms'][names[0]])}), calendar {found['calendar']}", walk)


def print_reasons(found: dict[str, Any]) -> None:
    """Print the same in short: the terms, their basis, and which days were counted and which not."""
    if not found["basis"]:
        return
    say("  why these dates")
    for names, walk in _walks(found["walks"]):
        length = term(found["terms"][names[0]])
        say(f"    {' = '.join(CLOCKS[each] for each in names)}: {length}, counted {', '.join(_days(walk, True))}")
    longest = max(found["walks"].values(), key=len)
    say(f"    not counted: {'; '.join(_days(longest, False)) or 'no day'}")
    for stop in found["stops"]:
        say(f"    stood still from {instant(stop['from'])} to {instant(stop['to'])}; the term then ran anew")
    say(f"    by {'; '.join(found['basis'])}; calendar {found['calendar']}")
    if found["provisional"]:
        say("    provisional: a day lies in a year whose calendar is not announced yet")


def print_walk(title: str, walk: list[dict[str, Any]]) -> None:
    """Print the days of a term: counted, or why not."""
    table = Table("day", "counted", "because", title=title, title_justify="left")
    for row in walk:
        table.add_row(f"{date.fromisoformat(row['day']):%a %d/%m/%Y}", row["counted"], row["reason"])
    show_table(table)


def _clock(clock: dict[str, Any]) -> None:
    struck = f"; {', '.join(RUNGS[rung] for rung in clock['struck'])}" if clock["struck"] else ""
    ahead = f", next {RUNGS[clock['ahead'][0][0]]} {instant(clock['ahead'][0][1])}" if clock["ahead"] else ""
    say(f"  {clock['clock']:<10} {clock['step']:<12} due {instant(clock['due'])}{struck}{ahead}")


def _walks(walks: dict[str, list[dict[str, Any]]]) -> list[tuple[list[str], list[dict[str, Any]]]]:
    """The walks of a dossier, each once, with the names of the terms that it counts."""
    each_once: list[tuple[list[str], list[dict[str, Any]]]] = []
    for name, walk in walks.items():
        same = next((names for names, known in each_once if known == walk), None)
        if same is None:
            each_once.append(([name], walk))
        else:
            same.append(name)
    return each_once


def _days(walk: list[dict[str, Any]], counted: bool) -> list[str]:
    """The days counted, or those not counted under their reason."""
    rows = [row for row in walk if (float(row["counted"]) > 0) is counted]
    if counted:
        return [_day(row["day"]) for row in rows]
    reasons = dict.fromkeys(row["reason"] for row in rows)
    return [f"{', '.join(_day(r['day']) for r in rows if r['reason'] == why)} {why}" for why in reasons]


def _day(text: str) -> str:
    return f"{date.fromisoformat(text):%a %d/%m}"
