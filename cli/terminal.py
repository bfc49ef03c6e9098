"""What is printed to a terminal or a pipe, as it is and never as markup; instants on Việt Nam's clock."""

from __future__ import annotations

import sys
from datetime import datetime
from functools import cache

from rich.console import Console
from rich.table import Table

from cli.story_words import UNITS_OF_TERM
from domain.instants import VIETNAM

PIPED_WIDTH = 400
"""Wide enough that a program which reads the output finds every id whole, and every row on one line."""


@cache
def _console() -> Console:
    width = None if sys.stdout.isatty() else PIPED_WIDTH
    return Console(highlight=False, markup=False, emoji=False, soft_wrap=True, width=width)


def say(text: str, style: str | None = None) -> None:
    """Print one line as it is."""
    _console().print(text, style=style)


def instant(text: str | None) -> str:
    """An instant with its weekday; a dash for none."""
    return f"{datetime.fromisoformat(text).astimezone(VIETNAM):%a %d/%m/%Y %H:%M:%S}" if text else "—"


def term(spelled: str) -> str:
    """A term as the law words it."""
    amount, unit = spelled.split(" ")
    return UNITS_OF_TERM[unit] if unit == "same_day" else f"{amount} {UNITS_OF_TERM.get(unit, unit)}"


def show_table(table: Table) -> None:
    """Print a table as wide as the terminal, or as it needs to be."""
    _console().print(table)
