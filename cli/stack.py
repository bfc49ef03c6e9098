"""The commands that run the whole thing on one machine: `up` keeps it running, `demo` tells some stories."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import typer

from cli.console import leave
from cli.demo import tell

FOLDER = Path(".motcua")


def up(
    folder: Path = typer.Option(FOLDER, help="Where data, ports and secrets are kept."),
    workers: int = typer.Option(1, min=1, help="Worker processes; one fills one core."),
    gateways: int = typer.Option(1, min=1, help="Gateway processes."),
) -> None:
    """Run PostgreSQL, Temporal with its web UI, workers, gateway and payment partner; Ctrl-C stops them cleanly."""
    options = ["--folder", str(folder), "--workers", str(workers), "--gateways", str(gateways)]
    sys.stdout.flush()
    # The stack takes our place, so that a signal to this command is a signal to the stack.
    os.execv(sys.executable, [sys.executable, "-m", "deploy.embedded", *options])  # noqa: S606  (no shell is meant)


def demo(folder: Path = typer.Option(FOLDER, help="Where data, ports and secrets are kept.")) -> None:
    """Take real dossiers from submission to returned result and print their stories; uses a stack that runs."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # like Ctrl-C: what was started is stopped
    leave(tell(folder))


def register(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.command()(up)
    app.command()(demo)
