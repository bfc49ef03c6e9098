"""How a dossier reads on a terminal: its story in order, its dates and the reason for each, a list."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from rich.console import Console
from rich.table import Table

_console = Console(highlight=False, width=None, soft_wrap=True)


def print_story(found: dict[str, Any]) -> None:
    """Print one dossier: what it is, what it owes, and what happened when."""
    _console.print(f"[bold]{found['code'] or '(no code yet)'}[/]  {found['procedure']} {found['procedure_name']}")
    _console.print(f"  dossier {found['dossier']}, filed {found['channel']} at {found['unit']}")
    _console.print(f"  status {found['status']} {found['status_name']}; held by {', '.join(found['held_by'])}")
    _person(found)
    _fee(found)
    for event in found["events"]:
        _event(event)
    if found["possible"]:
        _console.print(f"  possible now: {', '.join(found['possible'])}")


def print_dates(found: dict[str, Any]) -> None:
    """Print why each date is what it is."""
    _console.print(
        f"[bold]{found['code'] or found['dossier']}[/]  {found['procedure']}, law {found.get('law', '')[:12]}"
    )
    if not found["basis"]:
        _console.print("  not accepted yet, so no processing term runs")
        return
    for line in found["basis"]:
        _console.print(f"  by {line}")
    for clock in found["clocks"]:
        struck = [word for word, is_so in (("warned", clock["warned"]), ("breached", clock["breached"])) if is_so]
        _console.print(f"  {clock['clock']} due {_instant(clock['due'])} {', '.join(struck)}")
    for stop in found["stops"]:
        _console.print(f"  stood still from {_instant(stop['from'])} to {_instant(stop['to'])}: {stop['reason']}")
    for name, walk in found["walks"].items():
        print_walk(f"{name} ({found['terms'][name]}), calendar {found['calendar']}", walk)


def print_walk(title: str, walk: list[dict[str, Any]]) -> None:
    """Print the days of a term: counted, or why not."""
    table = Table("day", "counted", "because", title=title, title_justify="left")
    for row in walk:
        day = datetime.fromisoformat(row["day"])
        table.add_row(f"{day:%a %d/%m/%Y}", row["counted"], row["reason"])
    _console.print(table)


def print_list(rows: list[dict[str, Any]]) -> None:
    """Print a page of dossiers."""
    table = Table("dossier", "code", "procedure", "unit", "status", "promised due", "held by")
    for row in rows:
        status = f"{row['status']} {row['status_name']}"
        due = _instant(row["due"].get("promised"))
        table.add_row(
            row["dossier"], row["code"], row["procedure"], row["unit"], status, due, ", ".join(row["held_by"])
        )
    _console.print(table)


def _person(found: dict[str, Any]) -> None:
    submission = found["submission"] or {}
    applicant = submission.get("applicant")
    _console.print(f"  applicant {applicant['name'] if applicant else submission.get('erased', '(unknown)')}")


def _fee(found: dict[str, Any]) -> None:
    fee = found["fee"] or {"lines": [], "total": 0}
    for line in fee["lines"]:
        cuts = "".join(f", {word} {line[word]:,}" for word in ("exempted", "reduced") if line[word])
        _console.print(f"  fee {line['name']}: listed {line['listed']:,}{cuts}, due {line['due']:,} đồng")
        _console.print(f"      by {'; '.join(line['basis'])}")
    if not fee["lines"]:
        _console.print("  free of charge")


def _event(event: dict[str, Any]) -> None:
    actor = event["actor"]
    who = "/".join(part for part in (actor["role"], actor.get("unit"), actor.get("name")) if part)
    _console.print(f"  {_instant(event['occurred_at'])}  [bold]{event['type']:<28}[/] {who}")
    for line in _details(event):
        _console.print(f"      {line}")


def _details(event: dict[str, Any]) -> list[str]:
    data, lines = event["data"], []
    if event["type"] in ("clock.warned", "clock.breached"):
        lines.append(f"the {data['clock']} clock; found {_instant(data['found_at'])}")
    for clock in data.get("clocks", ()):
        warn = f", warning {_instant(clock['warn_at'])}" if clock.get("warn_at") else ""
        lines.append(f"{clock['kind']} due {_instant(clock['due'])}{warn}")
    if "code" in data and "law" in data:
        lines.append(f"code {data['code']}; terms {data['terms']}")
        lines += [f"by {basis}" for basis in data["basis"]]
    if "opened" in data:
        lines += [f"step {step} due {_instant(due)}" for step, due in data["opened"].items()]
    if "amount" in data:
        lines.append(f"{data['amount']:,} đồng" + (f" by {data['means']}" if "means" in data else ""))
    if event["texts"]:
        lines += [f"{name}: {text}" for name, text in event["texts"].items() if name != "kind"]
    if event["late"]:
        lines.append("entered late")
    return lines


def _instant(text: str | None) -> str:
    return f"{datetime.fromisoformat(text):%d/%m/%Y %H:%M:%S}" if text else "—"
