"""Commands that move dates of many dossiers: `campaign`, `decision`, `closure` and `apologise`; each has a dry run."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any, get_args
from uuid import NAMESPACE_URL, UUID, uuid4, uuid5

import typer
from rich.console import Console
from rich.table import Table

from activities.redating import Subject
from adapters.apologies import Apologies, Batch
from adapters.campaigns import Found, Ledger, NewCampaign, Survey
from adapters.catalogue_files import read_rows, require_sound
from adapters.catalogue_versions import above
from adapters.keys import KeyRing
from adapters.law import Publication, publish_decided
from adapters.law import newest as newest_publication
from adapters.settings import Settings, load_settings
from adapters.views import spell
from adapters.wiring import Entrance, open_entrance, utc_now
from cli.console import JSON, fail, leave, run, show_json
from cli.dossiers import OPERATOR
from domain.calendars import Closure
from domain.catalogue import Catalogue
from domain.entries import Entry
from domain.errors import Invalid
from domain.instants import VIETNAM, civil_date
from schema.campaigns import CampaignStart
from schema.commands import Cause

DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Say which dossiers would move and by how much; write nothing.")
]
Reason = Annotated[str, typer.Option("--reason", help="Why; kept sealed, a closure's is published.")]
Basis = Annotated[str, typer.Option("--basis", help="By which law or document.")]

campaign = typer.Typer(help="Chiến dịch: dates of open dossiers taken from a new publication.", no_args_is_help=True)
decision = typer.Typer(help="Quyết định cắt giảm: preview or apply a decision that shortens.", no_args_is_help=True)

_MADE_IN = uuid5(NAMESPACE_URL, "motcua/campaign")


@dataclass(frozen=True)
class _House:
    """What these commands have open."""

    entrance: Entrance
    ledger: Ledger
    settings: Settings

    @property
    def survey(self) -> Survey:
        return Survey(self.entrance.pool, self.entrance.law)

    async def begin(self, subject: Subject, made: Publication, about: str, reason: str, basis: str) -> dict[str, Any]:
        """Open the ledger and start the workflow; the same publication again is the same campaign."""
        id_ = uuid5(_MADE_IN, f"{subject}/{made.number}")
        await self.ledger.open(NewCampaign(id_, subject, made.version, about, reason, basis, OPERATOR.system))
        return await self.start(id_)

    async def start(self, id_: UUID) -> dict[str, Any]:
        rate, settle = self.settings.campaign_rate, self.settings.campaign_settle
        started = await self.ledger.start(self.entrance.client, CampaignStart(campaign=id_, rate=rate, settle=settle))
        return {"campaign": str(id_), "started": started}


@asynccontextmanager
async def _house() -> AsyncIterator[_House]:
    settings = load_settings()
    ring = KeyRing.parse(settings.keys.get_secret_value())
    async with open_entrance(settings, "cli") as entrance:
        yield _House(entrance, Ledger(entrance.pool, ring, utc_now), settings)


@campaign.command("calendar")
def calendar(
    dry_run: DryRun = False, reason: Reason = "lịch làm việc mới", basis: Basis = "", as_json: bool = JSON
) -> None:
    """Let every open dossier take its dates from the calendars that were published last."""

    async def work() -> Any:
        async with _house() as house:
            law = await house.entrance.law.latest()
            if dry_run:
                return [each async for each in house.survey.all(law, Subject.CALENDAR, utc_now())]
            made = await newest_publication(house.entrance.pool)
            about = " ".join(f"{each.code}@{each.version}" for each in law.calendars)
            return await house.begin(Subject.CALENDAR, made, about, reason, basis or about)

    _show(run(work()), as_json)


@campaign.command("list")
def list_campaigns(limit: int = typer.Option(20, min=1, max=1000), as_json: bool = JSON) -> None:
    """List the campaigns, newest first."""

    async def work() -> list[dict[str, Any]]:
        async with _house() as house:
            return await house.ledger.campaigns(limit=limit)

    rows = run(work())
    if as_json:
        show_json(rows)
        leave()
    table = Table("campaign", "subject", "about", "begun", "status", "outcomes")
    for row in rows:
        counts = ", ".join(f"{name} {number}" for name, number in sorted(row["outcomes"].items()))
        table.add_row(str(row["id"]), row["subject"], row["about"], spell(row["created_at"]), row["status"], counts)
    Console().print(table)
    leave()


@campaign.command("show")
def show_campaign(id_: UUID = typer.Argument(metavar="ID"), as_json: bool = JSON) -> None:
    """Show one campaign, and what became of each dossier."""

    async def work() -> dict[str, Any]:
        async with _house() as house:
            (found,) = await house.ledger.campaigns(id_)
            return {**found, "items": [each async for each in house.ledger.items(id_)]}

    found = run(work(), {"campaign": "ID"})
    if as_json:
        show_json(found)
        leave()
    for name in ("id", "subject", "about", "reason", "legal_basis", "law", "created_by", "status", "scanned"):
        typer.echo(f"{name:<12} {found.get(name)}")
    table = Table("dossier", "outcome", "detail", "clock", "old", "new", "printed")
    for item in found["items"]:
        for change in item["changes"] or [{}]:
            table.add_row(item["code"] or str(item["dossier"]), item["outcome"], item["detail"], *_cells(change))
    Console().print(table)
    leave()


@campaign.command("resume")
def resume(id_: UUID = typer.Argument(metavar="ID"), as_json: bool = JSON) -> None:
    """Take up a campaign whose workflow was never started or has ended; what has an outcome keeps it."""

    async def work() -> dict[str, Any]:
        async with _house() as house:
            await house.ledger.campaigns(id_)
            return await house.start(id_)

    _show(run(work(), {"campaign": "ID"}), as_json)


@decision.command("preview")
def preview(
    file: Path = typer.Argument(help="TOML with [[shortening]] and [[process]]."), as_json: bool = JSON
) -> None:
    """List which open dossiers a new decision would move, and by how much; nothing is written."""

    async def work() -> list[Found]:
        async with _house() as house:
            law, _ = await _with(house, read_rows(file, ("shortening", "process")))
            return [each async for each in house.survey.all(law, Subject.DECISION, utc_now())]

    _show(run(work()), as_json)


@decision.command("apply")
def apply(
    file: Path = typer.Argument(help="TOML with [[shortening]] and [[process]]."),
    reason: Reason = "quyết định mới",
    as_json: bool = JSON,
) -> None:
    """Publish a decision above the files, and let open dossiers take their promise from it."""

    async def work() -> dict[str, Any]:
        async with _house() as house:
            law, rows = await _with(house, read_rows(file, ("shortening", "process")))
            made = await publish_decided(house.entrance.pool, law, rows, utc_now())
            named = sorted({row.decision for _, row in rows if hasattr(row, "decision")})
            bases = sorted({row.basis for _, row in rows if hasattr(row, "basis")})
            return await house.begin(Subject.DECISION, made, " ".join(named), reason, "; ".join(bases))

    _show(run(work()), as_json)


def closure(
    unit: str = typer.Argument(help="Code of the unit that stays closed."),
    day: str = typer.Argument(help="The day, YYYY-MM-DD."),
    reason: str = typer.Option(help="Why, as people will read it in the count of days: 'Bão số 5'."),
    basis: str = typer.Option(help="The document that closes it."),
    dry_run: DryRun = False,
    as_json: bool = JSON,
) -> None:
    """Đóng cửa đột xuất: close one unit on one day, decided on the day itself; timers of open dossiers move."""
    row = Closure(unit, _day(day), reason, basis)

    async def work() -> Any:
        async with _house() as house:
            law, rows = await _with(house, (("closure", row),))
            if dry_run:
                return [each async for each in house.survey.all(law, Subject.CLOSURE, utc_now())]
            made = await publish_decided(house.entrance.pool, law, rows, utc_now())
            return await house.begin(Subject.CLOSURE, made, f"{unit} {day}", reason, basis)

    _show(run(work()), as_json)


def apologise(
    dossiers: list[UUID] = typer.Argument(None, help="The dossiers; or --unit for all that it holds."),
    cause: str = typer.Option(help="natural_disaster, system_failure, workload, consultation, site_visit or other."),
    appointment: str = typer.Option(help="The new appointment, ISO 8601."),
    reason: str = typer.Option(help="What happened; kept sealed with each dossier."),
    legal_basis: str = typer.Option(help="By which law; kept sealed with each dossier."),
    unit: str | None = typer.Option(None, help="All dossiers under review that this unit holds."),
    officer: str | None = typer.Option(None, help="The id of the head who signs; kept sealed."),
    batch: UUID | None = typer.Option(None, help="Repeat a batch that was interrupted (default: a new one)."),
    dry_run: DryRun = False,
    as_json: bool = JSON,
) -> None:
    """Mẫu 04 for many dossiers: one cause, one signature, one new appointment; each dossier has its own outcome."""
    if bool(dossiers) == bool(unit):
        fail(Invalid("give either dossiers or --unit", field="--unit", remedy="name the dossiers, or one unit"))
    if cause not in get_args(Cause):  # told before any dossier is looked for, of which there may be none
        fail(Invalid(f"'{cause}' is no cause", field="--cause", remedy=f"use one of: {', '.join(get_args(Cause))}"))
    signed = Batch(batch or uuid4(), cause, _instant(appointment), reason, legal_basis, officer)

    async def work() -> list[dict[str, Any]]:
        async with _house() as house:
            apologies = Apologies(house.entrance.pool, house.entrance.law, house.entrance.door, house.ledger)
            planned = await apologies.plan(signed, dossiers or [], unit)
            if dry_run:
                return [_line(each.case, "would move" if each.acts else "would not", each.why_not) for each in planned]
            done = await apologies.carry_out(signed, planned, OPERATOR)
            return [_line(each.case, outcome, detail) for each, outcome, detail in done]

    rows = run(work())
    if as_json:
        show_json({"batch": None if dry_run else str(signed.id), "dossiers": rows})
        leave()
    table = Table("dossier", "outcome", "detail")
    for row in rows:
        table.add_row(row["code"] or row["dossier"], row["outcome"], row["detail"])
    Console().print(table)
    if not dry_run:
        typer.echo(f"batch {signed.id}: to go on with what is pending, repeat with --batch")
    leave()


async def _with(house: _House, rows: Sequence[tuple[str, Entry]]) -> tuple[Catalogue, Sequence[tuple[str, Entry]]]:
    """The newest law with these entries above it, sound as a whole."""
    law = above(await house.entrance.law.latest(), rows)
    return require_sound(law, civil_date(utc_now())), rows


def _line(case: Any, outcome: str, detail: str) -> dict[str, Any]:
    return {"dossier": str(case.dossier), "code": case.code, "outcome": outcome, "detail": detail}


def _show(found: Any, as_json: bool) -> None:
    """Print a list of what would move, or the campaign that was begun."""
    if isinstance(found, dict):
        begun = "begun" if found["started"] else "runs already"
        show_json(found) if as_json else typer.echo(f"campaign {found['campaign']} {begun}; see `motcua campaign show`")
        leave()
    lines = [_moved(each) for each in found]
    if as_json:
        show_json(lines)
        leave()
    table = Table("dossier", "procedure", "unit", "clock", "old", "new", "printed")
    for line in lines:
        for change in line["changes"] or [{"clock": line["refused"] or "rungs only"}]:
            table.add_row(line["code"] or line["dossier"], line["procedure"], line["unit"], *_cells(change))
    Console().print(table)
    typer.echo(f"{len(lines)} dossiers would move; nothing was written")
    leave()


def _moved(found: Found) -> dict[str, Any]:
    case = found.case
    return {
        "dossier": str(case.dossier),
        "code": case.code,
        "procedure": case.procedure,
        "unit": case.unit,
        "changes": found.moved.data()["changes"] if found.moved else [],
        "refused": found.refusal.message if found.refusal else None,
    }


def _cells(change: dict[str, Any]) -> list[str]:
    instants = (change.get(name) for name in ("old", "new", "printed"))
    named = " ".join(filter(None, (change.get("clock", ""), change.get("step", ""))))
    return [
        named,
        *(f"{datetime.fromisoformat(each).astimezone(VIETNAM):%d/%m/%Y %H:%M}" if each else "" for each in instants),
    ]


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        fail(Invalid(f"'{text}' is not a day", field="DAY", remedy="write YYYY-MM-DD"))


def _instant(text: str) -> datetime:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        fail(Invalid(f"'{text}' is not an instant", field="--appointment", remedy="write 2026-11-30T16:00:00+07:00"))
    return instant if instant.tzinfo else instant.replace(tzinfo=VIETNAM)


def register(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.add_typer(campaign, name="campaign")
    app.add_typer(decision, name="decision")
    app.command()(closure)
    app.command()(apologise)
