"""Commands of the daily reconciliation: go through a day, list what does not agree, close one with a reason."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import typer
from rich.table import Table

from activities.ports import Refused, Unavailable
from adapters.provider_statements import statements_of
from adapters.reconciliation import Gone, Reconciliation
from adapters.settings import load_settings
from adapters.wiring import open_entrance, utc_now
from cli.console import JSON, fail, leave, run, show_json
from cli.dossiers import OPERATOR, open_door, read_model
from cli.terminal import instant, say, show_table
from domain.discrepancies import CLOSINGS
from domain.errors import Invalid
from domain.instants import civil_date
from domain.payments import Provider
from domain.provider_statement import StatementLine, read_csv
from schema.submissions import ActorBody

discrepancy = typer.Typer(help="What a provider's statement and our books do not agree on.", no_args_is_help=True)

_OPTIONS = {
    "day": "--day",
    "id": "ID",
    "reason": "--reason",
    "officer": "--officer",
    "provider": "--provider",
    "statement": "--statement",
}
_MOST = 64 * 1024 * 1024
_PROVIDER = typer.Option(None, help="One provider alone; counter: our own books (default: all).")


def reconcile(
    day: str | None = typer.Option(None, help="A day in Việt Nam, 2026-11-25 (default: yesterday)."),
    provider: Provider | None = _PROVIDER,
    dry_run: bool = typer.Option(False, "--dry-run", help="Say what differs, write nothing, repair nothing."),
    statement: Path | None = typer.Option(None, help="The provider's statement as a file, instead of asking for it."),
    repair: bool = typer.Option(False, "--repair", help="Vouch for the file: what it proves is told to the dossiers."),
    as_json: bool = JSON,
) -> None:
    """Compare a day's statements with attempts, payments, refunds, receipts and assessments; repair what is proved."""

    async def work() -> None:
        now = utc_now()
        on = _day(day) or civil_date(now) - timedelta(days=1)
        given = _given(statement, provider, on)
        async with _open() as book:
            chosen = [provider] if provider else book.providers
            options: dict[str, Any] = {"given": given, "repairs": given is None or repair, "dry": dry_run}
            for each in chosen:  # one that is away keeps nobody from the others
                try:
                    gone.append(await book.go_through(each, on, now, **options))
                except (Refused, Unavailable) as error:
                    away[each] = str(error)

    gone: list[Gone] = []
    away: dict[str, str] = {}
    run(work(), _OPTIONS)
    show_json([_shown(each) for each in gone]) if as_json else _print_days(gone)
    if away:
        told = "; ".join(f"{each}: {error}" for each, error in away.items())
        fail(Invalid(told, field="--provider", remedy="try again later, or give the statement as a file"))
    leave()


def discrepancies(
    only_open: bool = typer.Option(False, "--open", help="Only those that nobody has closed and that are not gone."),
    provider: Provider | None = _PROVIDER,
    day: str | None = typer.Option(None, help="Of one day."),
    as_json: bool = JSON,
) -> None:
    """List on what statements and our books do not agree, the newest first."""

    async def work() -> list[dict[str, Any]]:
        async with open_door() as door:
            return await door.discrepancies.listed(only_open=only_open, provider=provider, day=_day(day))

    rows = run(work(), _OPTIONS)
    show_json(rows) if as_json else _print_rows(rows)
    leave()


@discrepancy.command()
def close(
    id_: UUID = typer.Argument(metavar="ID", help="As `motcua discrepancies` names it."),
    reason: str = typer.Option(help=f"One of {', '.join(CLOSINGS)}."),
    officer: str = typer.Option(help="The officer's id; kept sealed."),
    as_json: bool = JSON,
) -> None:
    """Close a discrepancy that a person has dealt with; the same facts do not open it again."""
    actor = read_model({"role": "leader", "officer": officer or None}, ActorBody)

    async def work() -> dict[str, Any]:
        async with open_door() as door:
            return await door.discrepancies.close(id_, reason, OPERATOR.system, actor, door.now())

    closed = run(work(), _OPTIONS)
    show_json(closed) if as_json else say(f"{closed['id']}: {closed['kind']} closed, {closed['reason']}")
    leave()


@asynccontextmanager
async def _open() -> AsyncIterator[Reconciliation]:
    settings = load_settings()
    async with open_entrance(settings, "cli") as entrance, httpx.AsyncClient(timeout=60) as http:
        yield Reconciliation(entrance.pool, statements_of(settings, http), entrance.intake)


def _day(text: str | None) -> date | None:
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError:
        raise Invalid("this is no day", field="day", remedy="write 2026-11-25") from None


def _given(file: Path | None, provider: Provider | None, day: date) -> tuple[StatementLine, ...] | None:
    """The lines of a file; whose it is has to be said."""
    if file is None:
        return None
    if provider in (None, Provider.COUNTER):
        raise Invalid("whose statement is it?", field="provider", remedy="give --provider platform or vnpay")
    try:
        with file.open("rb") as opened:
            content = opened.read(_MOST + 1)
    except OSError as error:
        what = f"{file} cannot be read: {type(error).__name__}"
        raise Invalid(what, field="statement", remedy="name another file") from None
    if len(content) > _MOST:
        raise Invalid(f"{file} is larger than any day's statement", field="statement", remedy="name another file")
    assert provider is not None  # asked above
    return read_csv(provider, day, content)


def _shown(gone: Gone) -> dict[str, Any]:
    found = [
        {
            **{name: getattr(each, name) for name in ("kind", "transaction", "reference", "dossier", "ours", "theirs")},
            "repair": "call_back" if each.repair else None,
            "why": each.why,
        }
        for each in gone.found
    ]
    lines = None if gone.day.lines is None else len(gone.day.lines)
    did = gone.done.model_dump(mode="json", exclude={"provider", "day"}) if gone.done else None
    return {"provider": gone.day.provider, "day": gone.day.on, "lines": lines, "discrepancies": found, "done": did}


def _print_days(days: Iterable[Gone]) -> None:
    for gone in days:
        told = _shown(gone)
        lines = "our books alone" if told["lines"] is None else f"{told['lines']} lines"
        say(f"{told['provider']}, {told['day']}: {lines}, {len(gone.found)} discrepancies")
        if gone.done is not None:
            say(f"  {gone.done.opened} new, {gone.done.repaired} told to their dossiers, {gone.done.closed} gone")
        for each in told["discrepancies"]:
            say(f"  {each['kind']}  {_named(each)}: ours {each['ours'] or '—'}, theirs {each['theirs'] or '—'}")
            say(f"    {each['why']}")


def _print_rows(rows: list[dict[str, Any]]) -> None:
    if not rows:
        say("nothing")
        return
    table = Table("day", "provider", "kind", "of", "ours", "theirs", "repair", "closed", "id")
    for row in rows:
        repair = row["repair_state"] if row["repair"] else "for a person"
        closed = f"{_told(row['closed_at'])} {row['reason']}" if row["closed_at"] else "—"
        facts = (row["kind"], _named(row), row["ours"] or "—", row["theirs"] or "—", repair, closed, str(row["id"]))
        table.add_row(str(row["day"]), row["provider"], *facts)
    show_table(table)
    for row in rows:
        if row["closed_at"] is None:
            say(f"{row['id']}: {row['why']}")


def _named(row: dict[str, Any]) -> str:
    return row.get("code") or " ".join(str(row[each]) for each in ("transaction", "reference") if row[each])


def _told(at: datetime) -> str:
    return instant(at.isoformat())


def register(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.command()(reconcile)
    app.command()(discrepancies)
    app.add_typer(discrepancy, name="discrepancy")
