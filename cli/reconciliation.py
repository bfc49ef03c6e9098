"""Commands of the daily reconciliation: a provider's statement beside our books, and the differences that stand."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import httpx
import typer

from adapters.providers import statements_of
from adapters.reconciliation import Reconciliation, Statement
from adapters.settings import Settings, load_settings
from adapters.wiring import open_entrance
from cli.console import JSON, fail, leave, run, show_json
from cli.terminal import say
from domain.errors import Invalid
from domain.instants import civil_date


def reconcile(
    day: str | None = typer.Option(None, help="The day, YYYY-MM-DD of Việt Nam (default: yesterday)."),
    provider: str = typer.Option("platform", help="platform or vnpay."),
    statement: Path | None = typer.Option(None, help="The statement as a file, instead of asking the provider."),
    dry_run: bool = typer.Option(False, "--dry-run", help="Find only; keep and repair nothing."),
    as_json: bool = JSON,
) -> None:
    """Hold a provider's statement of one day beside our books; repair what is provable, say why of the rest."""
    chosen = _day(day)

    async def work() -> list[dict[str, Any]]:
        settings = load_settings()
        async with open_entrance(settings, "cli") as entrance, httpx.AsyncClient(timeout=30) as http:
            now = entrance.door.now()
            source = _from_file(statement, chosen) if statement else _asked(provider, settings, http)
            reconciling = Reconciliation(entrance.pool, entrance.intake)
            on = chosen or date.fromordinal(civil_date(now).toordinal() - 1)
            return await reconciling.run(provider, on, source, now=now, dry_run=dry_run)

    found = run(work(), {"provider": "--provider"})
    show_json(found) if as_json else _print(found)
    leave()


def discrepancies(as_json: bool = JSON) -> None:
    """List the differences that stand."""

    async def work() -> list[dict[str, Any]]:
        async with open_entrance(load_settings(), "cli") as entrance:
            rows = await Reconciliation(entrance.pool, entrance.intake).open_ones()
            return [{name: None if value is None else str(value) for name, value in row.items()} for row in rows]

    found = run(work())
    if as_json:
        show_json(found)
    else:
        for row in found:
            say(f"{row['day']}  {row['provider']}  {row['kind']}  {row['transaction'] or row['reference']}")
        say(f"{len(found)} differences stand")
    leave()


def _asked(provider: str, settings: Settings, http: httpx.AsyncClient) -> Statement:
    known = statements_of(settings, http)
    if provider not in known:
        raise Invalid("no such provider here", field="provider", remedy=f"use one of: {', '.join(known)}")
    return known[provider]


def _from_file(file: Path, day: date | None) -> Statement:
    if day is None:
        fail(Invalid("a file is of one day", field="--day", remedy="say which day it is of"))
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        fail(Invalid("the file cannot be read", field="--statement", remedy="name a readable UTF-8 file"))

    async def read(asked: date) -> str:
        return text if asked == day else ""  # the days beside are not in the file

    return read


def _day(text: str | None) -> date | None:
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError:
        fail(Invalid(f"{text} is no day", field="--day", remedy="write YYYY-MM-DD"))


def _print(found: list[dict[str, Any]]) -> None:
    for each in found:
        say(f"{each['kind']}  {each['transaction'] or each['reference']}  ours {each['ours']}, theirs {each['theirs']}")
        say(f"  {'repaired' if each['repair'] == 'done' else each['repair']}: {each['why']}")
    say(f"{len(found)} differences")


def register(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.command()(reconcile)
    app.command()(discrepancies)
