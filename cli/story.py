"""How a dossier reads on a terminal: its story in order, its dates and the reason for each, a list.

Everything that comes from a dossier is printed as it is, never as markup. Instants are on Việt Nam's clock.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any

from rich.console import Console
from rich.table import Column, Table

from cli.console import money
from cli.story_words import CLOCKS, EVENTS, UNITS_OF_TERM
from domain.instants import VIETNAM

PIPED_WIDTH = 400
"""Wide enough that a program which reads the output finds every id whole, and every row on one line."""
LATER = timedelta(minutes=2)
"""What is found or recorded this much after it happened says so."""

Names = Mapping[str, str]
"""Names of units by code; a code that is not in it stands for itself."""

NO_NAMES: Names = {}


@cache
def _console() -> Console:
    width = None if sys.stdout.isatty() else PIPED_WIDTH
    return Console(highlight=False, markup=False, emoji=False, soft_wrap=True, width=width)


def say(text: str, style: str | None = None) -> None:
    """Print one line as it is."""
    _console().print(text, style=style)


def print_story(found: dict[str, Any], names: Names = NO_NAMES) -> None:
    """Print one dossier: what it is, whose, what it owes, and what happened when."""
    say(f"{found['code'] or '(no code yet)'}  {found['procedure']} {found['procedure_name']}", "bold")
    say(f"  dossier    {found['dossier']}")
    say(f"  applicant  {_applicant(found)}")
    say(f"  filed      {found['channel']}, at {_unit(found['unit'], names)}")
    say(f"  status     {found['status']} {found['status_name']}; {_whereabouts(found, names)}")
    _fee(found)
    for event in found["events"]:
        _event(event, names)
    if found["possible"]:
        say(f"  possible now: {', '.join(found['possible'])}")


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
        say(f"  stood still from {_instant(stop['from'])} to {_instant(stop['to'])}: {stop['reason']}")
    for names, walk in _walks(found["walks"]):
        print_walk(f"{' = '.join(names)} ({_term(found['terms'][names[0]])}), calendar {found['calendar']}", walk)


def print_reasons(found: dict[str, Any]) -> None:
    """Print the same in short: the terms, their basis, and which days were counted and which not."""
    if not found["basis"]:
        return
    say("  why these dates")
    for names, walk in _walks(found["walks"]):
        term = _term(found["terms"][names[0]])
        say(f"    {' = '.join(CLOCKS[each] for each in names)}: {term}, counted {', '.join(_days(walk, True))}")
    longest = max(found["walks"].values(), key=len)
    say(f"    not counted: {'; '.join(_days(longest, False)) or 'no day'}")
    for stop in found["stops"]:
        say(f"    stood still from {_instant(stop['from'])} to {_instant(stop['to'])}; the term then ran anew")
    say(f"    by {'; '.join(found['basis'])}; calendar {found['calendar']}")
    if found["provisional"]:
        say("    provisional: a day lies in a year whose calendar is not announced yet")


def print_walk(title: str, walk: list[dict[str, Any]]) -> None:
    """Print the days of a term: counted, or why not."""
    table = Table("day", "counted", "because", title=title, title_justify="left")
    for row in walk:
        table.add_row(f"{date.fromisoformat(row['day']):%a %d/%m/%Y}", row["counted"], row["reason"])
    _console().print(table)


def print_list(rows: list[dict[str, Any]]) -> None:
    """Print a page of dossiers; ids and codes are never shortened."""
    if not rows:
        say("no dossier")
        return
    whole = [Column(name, no_wrap=True, overflow="ignore") for name in ("dossier", "code", "procedure", "unit")]
    table = Table(*whole, "status", "promised due", "held by")
    for row in rows:
        status = f"{row['status']} {row['status_name']}"
        due = _instant(row["due"].get("promised"))
        first = (row["dossier"], row["code"] or "—", row["procedure"], row["unit"])
        table.add_row(*first, status, due, ", ".join(row["held_by"]))
    _console().print(table)


def _applicant(found: dict[str, Any]) -> str:
    submission = found["submission"] or {}
    applicant = submission.get("applicant")
    return str(applicant["name"] if applicant else submission.get("erased", "(unknown)"))


def _whereabouts(found: dict[str, Any], names: Names) -> str:
    if found["closed"]:
        return "closed"
    return f"held by {', '.join(_unit(unit, names) for unit in found['held_by'])}"


def _fee(found: dict[str, Any]) -> None:
    lines = (found["fee"] or {"lines": []})["lines"]
    for line in lines:
        cuts = "".join(f", {word} {money(line[word])}" for word in ("exempted", "reduced") if line[word])
        say(f"  fee        {line['name']}: listed {money(line['listed'])}{cuts}, due {money(line['due'])}")
        say(f"             by {'; '.join(line['basis'])}")
    if not lines:
        say("  fee        free of charge")


def _event(event: dict[str, Any], names: Names) -> None:
    actor = event["actor"]
    at = f", {_unit(actor['unit'], names)}" if actor.get("unit") else ""
    who = f"{actor['name']} ({actor['role']}{at})" if actor.get("name") else f"{actor['role']}{at}"
    found_at = event["data"].get("found_at", event["recorded_at"])
    say(f"  {_instant(event['occurred_at'])}  {event['type']:<28} {EVENTS.get(event['type'], '')} · {who}")
    if datetime.fromisoformat(found_at) - datetime.fromisoformat(event["occurred_at"]) > LATER:
        say(f"      {'found' if 'found_at' in event['data'] else 'entered'} late, on {_instant(found_at)}")
    for line in _details(event):
        say(f"      {line}")


def _details(event: dict[str, Any]) -> list[str]:
    data, lines = event["data"], []
    if "clock" in data:
        lines.append(f"the {data['clock']} term ({CLOCKS[data['clock']]})")
    if "code" in data and "law" in data:
        terms = ", ".join(f"{name} {_term(term)}" for name, term in data["terms"].items())
        lines.append(f"code {data['code']}; {terms}; by {'; '.join(data['basis'])}")
    for clock in data.get("clocks", ()):
        warn = f", warning {_instant(clock['warn_at'])}" if clock.get("warn_at") else ""
        lines.append(f"{clock['kind']} ({CLOCKS[clock['kind']]}) due {_instant(clock['due'])}{warn}")
    lines += [f"step {step} due {_instant(due)}" for step, due in data.get("opened", {}).items()]
    if "amount" in data:
        lines.append(money(data["amount"]) + (f" by {data['means']}" if "means" in data else ""))
    return [*lines, *_texts(event)]


def _texts(event: dict[str, Any]) -> list[str]:
    """The sealed texts of an event, opened; those of a late entry say why and by which paper."""
    lines = []
    for name, text in (event["texts"] or {}).items():
        if name == "late":
            lines.append(f"because: {text['reason']}; paper {text['paper_number']}")
        elif name != "kind":
            lines.append(f"{name}: {text}")
    return lines


def _clock(clock: dict[str, Any]) -> None:
    struck = [word for word in ("warned", "breached") if clock[word]]
    warn = f", warning {_instant(clock['warn_at'])}" if clock["warn_at"] else ""
    more = f"; {', '.join(struck)}" if struck else ""
    say(f"  {clock['clock']:<10} due {_instant(clock['due'])}{warn}{more}")


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


def _term(spelled: str) -> str:
    amount, unit = spelled.split(" ")
    return UNITS_OF_TERM[unit] if unit == "same_day" else f"{amount} {UNITS_OF_TERM.get(unit, unit)}"


def _unit(code: str, names: Names) -> str:
    return f"{names[code]} ({code})" if code in names else code


def _instant(text: str | None) -> str:
    return f"{datetime.fromisoformat(text).astimezone(VIETNAM):%a %d/%m/%Y %H:%M:%S}" if text else "—"
