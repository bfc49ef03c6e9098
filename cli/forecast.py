"""The command that looks ahead: which open dossiers will be late, at the pace their offices have."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import typer
from rich.table import Table

from adapters.forecast import shown
from adapters.settings import load_settings
from adapters.wiring import open_entrance
from cli.console import JSON, fail, leave, run, show_json
from cli.terminal import instant, say, show_table
from domain.errors import Invalid
from domain.forecast import THRESHOLD
from domain.instants import parse_instant

_OPTIONS = {"unit": "--unit", "threshold": "--threshold"}


def forecast(
    unit: str | None = typer.Option(None, help="The unit that received them, or holds them."),
    as_of: str | None = typer.Option(None, "--as-of", help="The instant to look from, ISO 8601 (default: now)."),
    threshold: float = typer.Option(THRESHOLD, help="List what will be late with at least this probability."),
    as_json: bool = JSON,
) -> None:
    """List open dossiers that will miss their appointment at this pace, before any warning is due."""
    at = _instant(as_of)

    async def work() -> dict[str, Any]:
        async with open_entrance(load_settings(), "cli") as entrance:
            return shown(await entrance.door.forecast(unit=unit, as_of=at, threshold=threshold))

    found = run(work(), _OPTIONS)
    show_json(found) if as_json else _print(found)
    leave()


def _instant(text: str | None) -> datetime | None:
    try:
        return None if text is None else parse_instant(text)
    except Invalid as error:
        fail(error, {"instant": "--as-of"})


def _print(found: dict[str, Any]) -> None:
    table = Table("hẹn trả / appointment", "dự kiến xong / expected end", "xác suất trễ / late", "dossier", "held by")
    for row in found["dossiers"]:
        late = f"{row['probability']:.0%}"
        name = row["code"] or row["dossier"]
        table.add_row(instant(row["appointment"]), instant(row["expected_end"]), late, name, ", ".join(row["held_by"]))
    if found["dossiers"]:
        show_table(table)
    for row in found["dossiers"]:
        say(f"{row['code'] or row['dossier']}: {row['reason']}")
    say(
        f"{len(found['dossiers'])} of {found['looked_at']} open dossiers that no warning has reached;"
        f" {found['without_pace']} without a pace to go by, {found['left_out']} not looked at"
    )


def register(app: typer.Typer) -> None:
    """Add this command to the command line."""
    app.command()(forecast)
