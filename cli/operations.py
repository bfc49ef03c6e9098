"""Commands of the operator: migrations, keys of calling systems, erasing a person."""

from __future__ import annotations

import typer

from adapters.api_keys import admit, revoke
from adapters.migrate import migrate as apply_migrations
from adapters.settings import load_settings
from adapters.wiring import open_entrance, utc_now
from cli.console import JSON, run, show_json

key = typer.Typer(help="Keys of calling systems: admit one, shut one out.", no_args_is_help=True)


def migrate() -> None:
    """Bring the database to the schema of this version; what was applied before is left alone."""
    settings = load_settings()
    applied = run(apply_migrations(settings.database_url.get_secret_value()))
    typer.echo("\n".join(f"applied {name}" for name in applied) or "nothing to apply")


@key.command("add")
def add(
    system: str = typer.Argument(help="What the calling system is called, as it will stand in every event."),
    rights: str = typer.Option(
        "submit,command,read", help="What it may do, with commas: submit, command, read, late_entry, metrics."
    ),
    roles: str = typer.Option(
        "applicant,clerk,officer,leader",
        help="For whom it may speak, with commas: applicant, clerk, officer, leader; '' for nobody.",
    ),
    as_json: bool = JSON,
) -> None:
    """Admit a calling system; its key is shown once and kept as a digest."""

    async def work() -> str:
        async with open_entrance(load_settings(), "cli") as entrance:
            return await admit(entrance.pool, system, _words(rights), _words(roles), at=utc_now())

    made = run(work())
    show_json({"system": system, "key": made}) if as_json else typer.echo(made)


@key.command("revoke")
def shut_out(system: str = typer.Argument(help="The calling system, as it was called when it was admitted.")) -> None:
    """Shut a calling system out: all its keys end now."""

    async def work() -> int:
        async with open_entrance(load_settings(), "cli") as entrance:
            return await revoke(entrance.pool, system, at=utc_now())

    ended = run(work())
    typer.echo(f"{ended} keys revoked" if ended else f"'{system}' has no key that is in force")


def erase(
    dossier: str = typer.Argument(help="The dossier's id or code."),
    yes: bool = typer.Option(False, "--yes", help="Do not ask."),
) -> None:
    """Destroy a dossier's data key: its person and texts are unreadable from then on, for everybody."""
    if not yes:
        typer.confirm("This cannot be undone. Destroy the key?", abort=True)

    async def work() -> bool:
        async with open_entrance(load_settings(), "cli") as entrance:
            return await entrance.door.erase(dossier)

    typer.echo("the key is destroyed" if run(work()) else "the key had been destroyed before")


def _words(text: str) -> list[str]:
    return [word for word in text.split(",") if word]


def register(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.command()(migrate)
    app.command()(erase)
    app.add_typer(key, name="key")
