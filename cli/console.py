"""What every command shares: settings, JSON or tables, and errors on stderr that name field and remedy."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Coroutine, Mapping
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import typer

from activities.ports import Unavailable
from domain.errors import DomainError, Invalid, MotcuaError

T = TypeVar("T")

NO_OPTIONS: Mapping[str, str] = {}

JSON = typer.Option(False, "--json", help="Print JSON for programs instead of text for people.")


def run(work: Coroutine[Any, Any, T], options: Mapping[str, str] = NO_OPTIONS) -> T:
    """Run a command's work; whatever it refuses ends the process with the refusal on stderr.

    `options` names the options of this command by the field that a refusal may name.
    """
    try:
        return asyncio.run(work)
    except (MotcuaError, Unavailable) as error:
        fail(error, options)


def fail(error: Exception, options: Mapping[str, str] = NO_OPTIONS) -> NoReturn:
    """Say what is wrong, where, and what would mend it; exit 1."""
    explain(error, options)
    leave(1)


def explain(error: Exception, options: Mapping[str, str] = NO_OPTIONS) -> None:
    """Say on stderr what is wrong, where, and what would mend it."""
    typer.echo(f"error: {error}", err=True)
    if isinstance(error, DomainError):
        if error.field:
            typer.echo(f"field: {options.get(error.field, error.field)}", err=True)
        if error.remedy:
            typer.echo(f"remedy: {error.remedy}", err=True)
    if isinstance(error, Unavailable):
        again = "then repeat the command; under the same --id or --reference it is done only once"
        typer.echo(f"remedy: start the servers ('motcua up') or wait for them, {again}", err=True)


def money(amount: int) -> str:
    """An amount of đồng as it is written in Việt Nam: 1.200.000 đồng."""
    return f"{amount:,} đồng".replace(",", ".")


def show_json(value: Any) -> None:
    """Print one JSON document."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2, default=str))


def leave(code: int = 0) -> NoReturn:
    """Flush and go at once: after the engine's client was used, the interpreter sometimes aborts while exiting."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def write_file(out: Path, made: bytes) -> None:
    """Write what a command made; a file that cannot be written ends it, naming the option."""
    try:
        out.write_bytes(made)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        fail(Invalid(f"{out}: {reason}", field="--out", remedy="name a file that can be written"))
