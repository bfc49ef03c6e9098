"""The command of the index: how punctual the offices were, as Decision 766 counts it."""

from __future__ import annotations

from datetime import date
from typing import Any

import typer
from rich.table import Table

from adapters.punctuality import COLUMNS, Index766, Question, Report, dossier_shown, question, shown
from adapters.settings import load_settings
from adapters.wiring import open_entrance
from cli.console import JSON, fail, leave, run, show_json
from cli.terminal import instant, say, show_table
from domain.errors import Invalid

_OPTIONS = {"from": "--from", "to": "--to", "unit": "--unit", "procedure": "--procedure"}


def report(
    first: str = typer.Option(..., "--from", help="First day of the period, YYYY-MM-DD."),
    last: str = typer.Option(..., "--to", help="Last day of the period, YYYY-MM-DD."),
    unit: str | None = typer.Option(None, help="The one-stop that received them."),
    procedure: str | None = typer.Option(None, help="One procedure alone."),
    dossiers: bool = typer.Option(False, "--dossiers", help="Name the dossiers behind the figures."),
    as_json: bool = JSON,
) -> None:
    """Count who was early, on time and late by the index of Decision 766: decided in the period, or open at its end."""
    begins, ends = _day(first, "--from"), _day(last, "--to")

    async def work() -> dict[str, Any]:
        async with open_entrance(load_settings(), "cli") as entrance:
            door = entrance.door
            asked = question(begins, ends, as_of=door.now(), unit=unit, procedure=procedure)
            if not dossiers:
                return shown(await door.index.report(asked))
            return await _told(door.index, asked, as_json=as_json)

    found = run(work(), _OPTIONS)
    show_json(found) if as_json else _print(found)
    leave()


async def _told(index: Index766, asked: Question, *, as_json: bool) -> dict[str, Any]:
    """The report in one pass with its dossiers, which are printed as they are found, or kept for JSON."""
    made, rows = Report(asked), list[dict[str, Any]]()
    async for each in index.judged(asked):
        made.add(each)
        row = dossier_shown(each)
        rows.append(row) if as_json else _print_dossier(row)
    return {**shown(made), "dossiers": rows} if as_json else shown(made)


def _print(found: dict[str, Any]) -> None:
    table = Table("unit", "procedure", "sớm / early", "đúng hạn / on time", "quá hạn / late", "asked again", "open")
    rows = [(each["unit"], each["procedure"], each) for each in found["figures"]]
    for unit, procedure, counts in (*rows, ("all", "", found["total"])):
        table.add_row(unit, procedure, *(str(counts[column]) for column in COLUMNS))
    show_table(table)
    say(f"{found['from']} to {found['to']}, as of {instant(found['as_of'])}; open dossiers are among the others")


def _print_dossier(row: dict[str, Any]) -> None:
    state = f"{row['outcome']} ({row['ground']}{', open' if row['open'] else ''})"
    moved = f", moved to {instant(row['moved_to'])}" if row["moved_to"] else ""
    dates = f"{instant(row['end'])}, allowed {instant(row['allowed'])}, appointment {instant(row['appointment'])}"
    say(f"{row['code'] or row['dossier']}  {row['procedure']}  {state}  {dates}{moved}")


def _day(text: str, option: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        fail(Invalid(f"{text} is no day", field=option, remedy="write YYYY-MM-DD"))


def register(app: typer.Typer) -> None:
    """Add this command to the command line."""
    app.command("punctuality")(report)
