"""How the command line speaks: one JSON value on standard output, refusals on standard error with exit code 1."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import typer

from activities.ports import Refused, Unavailable
from domain.errors import DomainError, MotcuaError


def say_json(value: Any) -> None:
    """Print one JSON value, Vietnamese letters as they are."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2))


@contextmanager
def refusals() -> Iterator[None]:
    """Turn what the product refuses on purpose into a message with field and remedy, and exit 1."""
    try:
        yield
    except DomainError as refused:
        typer.echo(f"refused: {refused.message}", err=True)
        if refused.field:
            typer.echo(f"field:   {refused.field}", err=True)
        if refused.remedy:
            typer.echo(f"remedy:  {refused.remedy}", err=True)
        raise typer.Exit(1) from None
    except (MotcuaError, Refused, Unavailable) as error:
        typer.echo(f"refused: {error}", err=True)
        raise typer.Exit(1) from None
