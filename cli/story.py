"""How a dossier reads on a terminal: its story in order, and as a line of a list."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from rich.table import Column, Table

from cli.console import money
from cli.story_words import CLOCKS, EVENTS
from cli.terminal import instant, say, show_table, term

LATER = timedelta(minutes=2)
"""What is found or recorded this much after it happened says so."""

Names = Mapping[str, str]
"""Names of units by code; a code that is not in it stands for itself."""

NO_NAMES: Names = {}


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


def print_list(rows: list[dict[str, Any]]) -> None:
    """Print a page of dossiers; ids and codes are never shortened."""
    if not rows:
        say("no dossier")
        return
    whole = [Column(name, no_wrap=True, overflow="ignore") for name in ("dossier", "code", "procedure", "unit")]
    table = Table(*whole, "status", "promised due", "held by")
    for row in rows:
        status = f"{row['status']} {row['status_name']}"
        due = instant(row["due"].get("promised"))
        first = (row["dossier"], row["code"] or "—", row["procedure"], row["unit"])
        table.add_row(*first, status, due, ", ".join(row["held_by"]))
    show_table(table)


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
    say(f"  {instant(event['occurred_at'])}  {event['type']:<28} {EVENTS.get(event['type'], '')} · {who}")
    if datetime.fromisoformat(found_at) - datetime.fromisoformat(event["occurred_at"]) > LATER:
        say(f"      {'found' if 'found_at' in event['data'] else 'entered'} late, on {instant(found_at)}")
    for line in _details(event):
        say(f"      {line}")


def _details(event: dict[str, Any]) -> list[str]:
    data, lines = event["data"], []
    if "clock" in data:
        step = f" {data['step']}" if data.get("step") else ""
        told = f", told {'; '.join(to['post'] for to in data['to'])}" if data.get("to") else ""
        lines.append(f"the {data['clock']}{step} term ({CLOCKS[data['clock']]}){told}")
    if "code" in data and "law" in data:
        terms = ", ".join(f"{name} {term(length)}" for name, length in data["terms"].items())
        lines.append(f"code {data['code']}; {terms}; by {'; '.join(data['basis'])}")
    for clock in data.get("clocks", ()):
        warn_at = clock.get("warn_at") or dict(clock.get("rungs", ())).get("warn")
        warn = f", warning {instant(warn_at)}" if warn_at else ""
        name = f"{clock['kind']} {clock['step']}" if clock.get("step") else clock["kind"]
        lines.append(f"{name} ({CLOCKS[clock['kind']]}) due {instant(clock['due'])}{warn}")
    if not any(clock.get("step") for clock in data.get("clocks", ())):
        lines += [f"step {step} due {instant(due)}" for step, due in data.get("opened", {}).items()]
    lines += [f"{name} {data[name]}" for name in ("notice", "proof") if data.get(name)]
    if data.get("amount"):
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


def _unit(code: str, names: Names) -> str:
    return f"{names[code]} ({code})" if code in names else code
