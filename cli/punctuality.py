"""The command of the index: how punctual the offices were, as Decision 766 counts it."""

from __future__ import annotations

from datetime import date
from typing import Any

import typer

from adapters.punctuality import Judged, punctuality
from adapters.settings import load_settings
from adapters.wiring import open_entrance
from cli.console import JSON, fail, leave, run, show_json
from cli.terminal import instant, say
from domain.errors import Invalid


def report(
    first: str = typer.Option(..., "--from", help="First day of acceptance, YYYY-MM-DD."),
    last: str = typer.Option(..., "--to", help="Last day of acceptance, YYYY-MM-DD."),
    unit: str | None = typer.Option(None, help="The one-stop that received them."),
    procedure: str | None = typer.Option(None, help="One procedure alone."),
    dossiers: bool = typer.Option(False, "--dossiers", help="Name the dossiers behind the figures."),
    as_json: bool = JSON,
) -> None:
    """Say how many dossiers were on time, late, or asked for papers more than once, by the index of Decision 766."""
    begins, ends = _day(first, "--from"), _day(last, "--to")
    if ends < begins:
        fail(Invalid("the period ends before it begins", field="--to", remedy="give a day from --from on"))

    async def work() -> dict[str, Any]:
        async with open_entrance(load_settings(), "cli") as entrance:
            now = entrance.door.now()
            found = await punctuality(
                entrance.pool, entrance.law, first=begins, last=ends, as_of=now, unit=unit, procedure=procedure
            )
        return {"counts": dict(found.counts), "dossiers": [_shown(each) for each in found.judged]}

    told = run(work())
    if as_json:
        show_json(told)
    else:
        say(", ".join(f"{ground} {count}" for ground, count in sorted(told["counts"].items())) or "no dossier")
        for row in told["dossiers"] if dossiers else ():
            say(f"{row['code']}  {row['ground']}  {instant(row['end'])}, allowed {instant(row['allowed'])}")
    leave()


def _shown(each: Judged) -> dict[str, Any]:
    found = each.found
    return {
        "dossier": str(each.dossier),
        "code": each.code,
        "unit": each.unit,
        "procedure": each.procedure,
        "ground": str(found.ground),
        "end": found.end.isoformat(),
        "allowed": found.allowed.isoformat(),
        "waited_seconds": round(found.waited.total_seconds()),
    }


def _day(text: str, option: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        fail(Invalid(f"{text} is no day", field=option, remedy="write YYYY-MM-DD"))


def register(app: typer.Typer) -> None:
    """Add this command to the command line."""
    app.command("punctuality")(report)
