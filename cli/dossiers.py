"""Commands on dossiers: submit, command, show, list, explain; through the same door as the gateway."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import typer
from pydantic import BaseModel, ValidationError

from adapters.callers import Caller
from adapters.door import Door
from adapters.explanation import Explanation, look_into
from adapters.explanation_json import spelled
from adapters.explanation_text import language, plain, worded
from adapters.settings import load_settings
from adapters.views import brief, due_span, full
from adapters.wiring import open_entrance
from cli.console import JSON, NO_OPTIONS, fail, leave, money, run, show_json
from cli.story import print_list, print_story
from cli.terminal import say
from domain.errors import DomainError, Invalid
from domain.instants import VIETNAM

OPERATOR = Caller(
    "motcua-cli",
    frozenset({"submit", "command", "read", "late_entry"}),
    frozenset({"applicant", "clerk", "officer", "leader"}),
)
"""Whoever can read the settings holds the keys of the house, and may do what every calling system may."""

_OPTIONS_OF_SUBMIT = {"Idempotency-Key": "--reference"}
_OPTIONS_OF_EXPLAIN = {"lang": "--lang", "as_of": "--as-of"}
_OPTIONS_OF_COMMAND = {
    "Idempotency-Key": "--id",
    "data": "--data",
    "actor.role": "--role",
    "actor.unit": "--unit",
    "reason": "--reason",
    "legal_basis": "--legal-basis",
}


@asynccontextmanager
async def open_door() -> AsyncIterator[Door]:
    """The door, as long as a command needs it."""
    async with open_entrance(load_settings(), "cli") as entrance:
        yield entrance.door


def submit(
    files: list[Path] = typer.Argument(help="Submissions, one JSON object a file."),
    reference: str | None = typer.Option(None, help="Your own reference of a single file (default: made up anew)."),
    as_json: bool = JSON,
) -> None:
    """Hand in dossiers, in the order of the files; docs/api.md says what stands in one."""
    from schema.submissions import Submission

    if reference is not None and len(files) > 1:
        fail(Invalid("one reference for several files", field="--reference", remedy="submit them one by one"))
    submissions = [(path, _read(path, Submission)) for path in files]
    kept: list[dict[str, Any]] = []

    async def work() -> DomainError | None:
        async with open_door() as door:
            for path, body in submissions:
                try:
                    received = await door.submit(OPERATOR, reference or str(uuid4()), body)
                except DomainError as refusal:
                    return refusal
                kept.append({"file": str(path), **received.model_dump(mode="json")})
        return None

    refusal = run(work(), _OPTIONS_OF_SUBMIT)
    _show_kept(kept, as_json)
    if refusal is not None:
        typer.echo(f"{files[len(kept)]} is refused; neither it nor what follows it was handed in", err=True)
        fail(refusal, _OPTIONS_OF_SUBMIT)
    leave()


def _show_kept(kept: list[dict[str, Any]], as_json: bool) -> None:
    if as_json:
        show_json(kept)
        return
    for each in kept:
        owes = f"owes {money(each['fee_total'])} ({each['fee_timing']})" if each["fee_total"] else "free of charge"
        typer.echo(f"{each['dossier']}  {owes}  {each['file']}")


def command(
    dossier: UUID = typer.Argument(help="The dossier's id."),
    name: str = typer.Argument(help="accept, forward, propose, approve, return, pay, refuse, …"),
    data: str = typer.Option("{}", help="The facts of the act, as JSON."),
    role: str = typer.Option("clerk", help="applicant, clerk, officer or leader."),
    unit: str | None = typer.Option(None, help="The unit of the person who acts."),
    officer: str | None = typer.Option(None, help="The officer's id; kept sealed."),
    reason: str | None = typer.Option(None, help="Why; kept sealed."),
    legal_basis: str | None = typer.Option(None, help="By which law; kept sealed."),
    note: str | None = typer.Option(None, help="Anything else; kept sealed."),
    command_id: UUID | None = typer.Option(None, "--id", help="The command's id, to repeat one (default: a new one)."),
    as_json: bool = JSON,
) -> None:
    """Order one act on one dossier; `show` says which acts are possible now."""
    from schema.submissions import CommandBody

    id_ = command_id or uuid4()
    texts = {"reason": reason, "legal_basis": legal_basis, "note": note}
    actor = {"role": role, "unit": unit, "officer": officer}
    body = _model(
        {"name": name, "actor": actor, "data": _json(data, "--data"), **texts},
        CommandBody,
        "command",
        _OPTIONS_OF_COMMAND,
    )

    async def work() -> Any:
        async with open_door() as door:
            return await door.command(OPERATOR, dossier, id_, body)

    answered = run(work(), _OPTIONS_OF_COMMAND)
    if answered is None:
        typer.echo(f"not known yet; repeat with --id {id_}", err=True)
        leave(3)
    if as_json:
        show_json(answered.model_dump(mode="json"))
    else:
        typer.echo(f"{answered.type}: status {answered.status}, version {answered.sequence}")
    leave()


def show(dossier: str = typer.Argument(help="Id or code."), as_json: bool = JSON) -> None:
    """Show one dossier with its whole story."""
    found = full(run(_looked_up(dossier)))
    show_json(found) if as_json else print_story(found)
    leave()


def explain(
    dossier: str = typer.Argument(help="Id or code."),
    lang: str = typer.Option("vi", "--lang", help="vi or en."),
    as_of: datetime | None = typer.Option(None, "--as-of", help="As it was known at this instant (default: now)."),
    as_json: bool = JSON,
) -> None:
    """Say why each date of a dossier is what it is, who changed it, and who held the dossier how long."""

    async def work() -> Explanation:
        async with open_door() as door:
            return await look_into(door, dossier, _in_vietnam(as_of))

    try:
        words = language(lang)
    except DomainError as refusal:
        fail(refusal, _OPTIONS_OF_EXPLAIN)
    explained = run(work(), _OPTIONS_OF_EXPLAIN)
    show_json(spelled(explained, words)) if as_json else say(plain(worded(explained, words)).rstrip())
    leave()


def _in_vietnam(instant: datetime | None) -> datetime | None:
    """An instant of the command line is Việt Nam's."""
    return instant.replace(tzinfo=VIETNAM) if instant else None


def list_dossiers(
    status: int | None = typer.Option(None, min=1, max=10, help="National status code, 1 to 10."),
    unit: str | None = typer.Option(None, help="The unit that received it, or holds it now."),
    overdue: bool = typer.Option(False, "--overdue", help="Only those under way whose appointment has passed."),
    due_within: str | None = typer.Option(None, help="Only those under way due by then: 2d, 12h (calendar time)."),
    after: UUID | None = typer.Option(None, help="Continue after this dossier."),
    limit: int = typer.Option(50, min=1, max=1000, help="How many at most."),
    as_json: bool = JSON,
) -> None:
    """List dossiers, newest first."""

    span = timedelta(0) if overdue else _span(due_within)

    async def work() -> list[dict[str, Any]]:
        async with open_door() as door:
            found = await door.page(status=status, unit=unit, due_within=span, after=after, limit=limit)
            return [brief(case) for case in found]

    rows = run(work())
    show_json(rows) if as_json else print_list(rows)
    leave()


async def _looked_up(dossier: str) -> Any:
    async with open_door() as door:
        return await door.look_up(dossier)


def _span(text: str | None) -> timedelta | None:
    if text is None:
        return None
    try:
        return due_span(text)
    except DomainError as refusal:
        fail(refusal, {"due_within": "--due-within"})


def _json(text: str, field: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        fail(Invalid(f"{field} is not valid JSON", field=field, remedy="give one JSON object, in UTF-8"))


def read_model(source: Path | Mapping[str, Any], kind: type[BaseModel]) -> Any:
    """Read a file, or what options add up to, as this model; else fail, naming the field."""
    return _read(source, kind) if isinstance(source, Path) else _model(source, kind, "options")


def _read(path: Path, kind: type[BaseModel]) -> Any:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        fail(
            Invalid(f"{path} cannot be read: {type(error).__name__}", field="FILE", remedy="name a readable UTF-8 file")
        )
    return _model(_json(text, str(path)), kind, str(path))


def _model(value: Any, kind: type[BaseModel], where: str, options: Mapping[str, str] = NO_OPTIONS) -> Any:
    try:
        return kind.model_validate_json(json.dumps(value))
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        field = ".".join(str(part) for part in first["loc"]) or where
        fail(
            Invalid(f"{where}: {field}: {first['msg']}", field=field, remedy="correct the field; see docs/api.md"),
            options,
        )


def register(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.command()(submit)
    app.command()(command)
    app.command()(show)
    app.command("list")(list_dossiers)
    app.command()(explain)
