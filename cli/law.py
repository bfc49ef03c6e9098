"""The commands that ask the law: `deadline`, `fee`, `catalogue check` and `catalogue publish`.

They read the files of the catalogue, or with `--published` what the engine reads; the answer names the version.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from activities.ports import Refused, Unavailable
from adapters.catalogue_files import FOLDER, examine, read_sound, require_sound
from adapters.catalogue_versions import above
from adapters.law import PostgresLaw, Publication, decided, forget_decided, publish
from adapters.postgres import Pool, open_pool
from adapters.settings import load_settings
from cli.console import explain, show_json
from cli.law_answers import show_dates, show_fees, spell_dates, spell_fees
from domain.catalogue import Catalogue
from domain.deadlines import deadlines, require_channel
from domain.errors import Invalid, MotcuaError
from domain.fees import Duty, Exemption, ExemptionKind, assess, rows_at
from domain.instants import VIETNAM, local
from domain.procedures import Channel

Answer = TypeVar("Answer")

ProcedureCode = Annotated[str, typer.Option("--procedure", help="Code of the procedure, such as 1.001612.")]
HowFiled = Annotated[Channel, typer.Option("--channel", help="How the dossier is filed.")]
UnitCode = Annotated[str | None, typer.Option("--unit", help="Receiving unit; without it the usual one.")]
CaseKey = Annotated[str | None, typer.Option("--case", help="Case of the procedure; without it the usual one.")]
OnDate = Annotated[
    str | None,
    typer.Option("--on", help="Day whose law is applied, YYYY-MM-DD; without it that of acceptance, or today."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
IsPublished = Annotated[bool, typer.Option("--published", help="Ask the published law, not the files.")]
InFolder = Annotated[
    Path, typer.Option("--folder", help="Folder of the catalogue's files.", show_default="catalogue/ beside the code")
]

SUPPOSED = "supposed"
"""What proves an exemption or a duty in a question to the law, unless it is said."""

catalogue = typer.Typer(help="The law as dated data: check the files, publish them.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.command("deadline")(deadline)
    app.command("fee")(fee)
    app.add_typer(catalogue, name="catalogue")


def deadline(
    procedure: ProcedureCode,
    channel: HowFiled,
    received: Annotated[str | None, typer.Option("--received", help="Instant of acceptance, ISO 8601.")] = None,
    submitted: Annotated[str | None, typer.Option("--submitted", help="Instant of filing, ISO 8601.")] = None,
    unit: UnitCode = None,
    case: CaseKey = None,
    on: OnDate = None,
    published: IsPublished = False,
    folder: InFolder = FOLDER,
    as_json: AsJson = False,
) -> None:
    """When a dossier is due, by law and by promise, and why. One of --received and --submitted serves for both."""
    with _refusals():
        accepted = _instant("received", received or submitted)
        filed = _instant("submitted", submitted or received)
        law = _law(published, folder)
        dates = deadlines(
            law,
            procedure,
            channel=channel,
            submitted=filed,
            accepted=accepted,
            unit=unit,
            case=case,
            on=_day(on) if on else None,
        )
    if as_json:
        show_json(spell_dates(dates, law))
    else:
        show_dates(dates, law)


def fee(
    procedure: ProcedureCode,
    channel: HowFiled,
    on: OnDate = None,
    exemption: Annotated[ExemptionKind | None, typer.Option("--exemption", help="Group exempted.")] = None,
    quantity: Annotated[int, typer.Option("--quantity", help="Pages of one copy, copies, or persons.")] = 1,
    copies: Annotated[int, typer.Option("--copies", help="How many copies of those pages.")] = 1,
    unit: UnitCode = None,
    case: CaseKey = None,
    evidence: Annotated[str, typer.Option("--evidence", help="What proves the exemption.")] = SUPPOSED,
    duty: Annotated[
        list[str] | None, typer.Option("--duty", help="A financial duty: notice=amount; may be given again.")
    ] = None,
    published: IsPublished = False,
    folder: InFolder = FOLDER,
    as_json: AsJson = False,
) -> None:
    """What a dossier costs, line by line, and why."""
    with _refusals():
        day = _day(on) if on else datetime.now(VIETNAM).date()
        law = _law(published, folder)
        asked = law.procedure(procedure, day)
        require_channel(asked, channel)
        home = law.receiver(unit, asked, day) if unit else None
        variant = law.case(asked, case, home)
        place = variant.place or (home.place if home else None)
        rows = rows_at(law.fee_rows(asked, day, variant.key), place)
        assessment = assess(
            rows,
            law.reductions,
            channel=channel,
            on=day,
            place=place,
            exemption=Exemption(exemption, evidence) if exemption else None,
            quantity=quantity,
            copies=copies,
            duties=[_duty(each) for each in duty or ()],
        )
    if as_json:
        show_json(spell_fees(assessment, law))
    else:
        show_fees(assessment, rows, channel, law)


@catalogue.command("check")
def check_files(folder: InFolder = FOLDER, as_json: AsJson = False) -> None:
    """Say what is wrong with the files: file, entry, remedy. Exits 1 when they may not be published."""
    findings = examine(folder, datetime.now(VIETNAM).date())
    if as_json:
        show_json({"is_sound": not findings, "findings": [vars(finding) for finding in findings]})
    elif findings:
        for finding in findings:
            typer.echo(f"{finding.file}: {finding.entry}: {finding.message}\n    remedy: {finding.remedy}", err=True)
        typer.echo(f"{len(findings)} findings: the catalogue may not be published", err=True)
    else:
        typer.echo(f"the catalogue is sound: version {read_sound(folder).version}")
    if findings:
        raise typer.Exit(1)


@catalogue.command("publish")
def publish_files(
    folder: InFolder = FOLDER,
    exact: Annotated[bool, typer.Option("--exact", help="Take back what commands have put above the files.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write the files as immutable versions into the database; the same content again changes nothing.

    What `closure` and `decision apply` have put above the files is kept, unless `--exact` takes it back.
    """
    with _refusals():
        at = datetime.now(VIETNAM)
        law = read_sound(folder, at.date())
        made, days_changed = _in_database(lambda pool: _published(pool, law, at, exact=exact))
    if as_json:
        show_json(
            {
                "publication": made.number,
                "version": made.version,
                "published_at": local(made.published_at).isoformat(),
                "is_new": made.is_new,
                "days_changed": days_changed,
            }
        )
    else:
        state = "published" if made.is_new else "already published"
        typer.echo(f"{state}: version {made.version}, publication {made.number}")
        if days_changed:
            typer.echo("the calendars are others: `motcua campaign calendar --dry-run` says whom that moves")


async def _published(pool: Pool, law: Catalogue, at: datetime, *, exact: bool) -> tuple[Publication, bool]:
    """Publish the files with what was decided above them; say whether open dossiers may have to be dated anew."""
    try:
        before = await PostgresLaw(pool).latest()
    except Unavailable:
        return await publish(pool, law, at), False
    if exact:
        await forget_decided(pool)
    else:
        law = require_sound(above(law, await decided(pool)), at.date())
    made = await publish(pool, law, at)
    return made, made.is_new and (before.calendars, before.closures) != (law.calendars, law.closures)


def _law(published: bool, folder: Path) -> Catalogue:
    if published:
        return _in_database(lambda pool: PostgresLaw(pool).latest())
    return read_sound(folder)


def _in_database(ask: Callable[[Pool], Awaitable[Answer]]) -> Answer:
    url = load_settings().database_url.get_secret_value()

    async def run() -> Answer:
        async with await open_pool(url, 2) as pool:
            return await ask(pool)

    return asyncio.run(run())


def _instant(field: str, text: str | None) -> datetime:
    """An instant of the command line; without an offset it is Vietnam's."""
    remedy = "write ISO 8601, such as 2026-11-23T08:15:00+07:00"
    if text is None:
        raise Invalid("neither --received nor --submitted is given", field=field, remedy=remedy)
    try:
        instant = datetime.fromisoformat(text.strip())
    except ValueError:
        raise Invalid(f"'{text}' is not an instant", field=field, remedy=remedy) from None
    return local(instant if instant.tzinfo else instant.replace(tzinfo=VIETNAM))


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise Invalid(f"'{text}' is not a day", field="on", remedy="write YYYY-MM-DD") from None


def _duty(text: str) -> Duty:
    notice, _, amount = text.rpartition("=")
    try:
        return Duty(notice.strip(), int(amount), SUPPOSED)
    except ValueError:
        remedy = "write notice=amount in whole đồng, such as 1234/TB-CCT=12500000"
        raise Invalid("a financial duty has no amount", field="duty", remedy=remedy) from None


@contextmanager
def _refusals() -> Iterator[None]:
    """Turn what the product refuses on purpose into a message with field and remedy, and exit 1."""
    try:
        yield
    except (MotcuaError, Refused, Unavailable) as error:
        explain(error)
        raise typer.Exit(1) from None
