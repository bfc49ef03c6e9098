"""The `motcua` command: every way to start, drive and look at dossiers from a terminal."""

from __future__ import annotations

import typer

from cli import (
    campaigns,
    dossiers,
    forecast,
    law,
    money,
    operations,
    payments,
    punctuality,
    receipts,
    reconciliation,
    stack,
    watch,
)

app = typer.Typer(
    name="motcua",
    help="Administrative dossiers of a province, from receipt to returned result.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
for part in (
    dossiers,
    campaigns,
    forecast,
    law,
    money,
    operations,
    payments,
    punctuality,
    receipts,
    reconciliation,
    stack,
    watch,
):
    part.register(app)


def main() -> None:
    """Run the command line."""
    app()


if __name__ == "__main__":
    main()
