"""Owns the embedded stack as a process: `python -m deploy.embedded --folder .motcua`.

It says on standard output what it does, then where everything is, and runs until Ctrl-C or SIGTERM. A part
that ends by itself is started again, and said so. A PostgreSQL given as MOTCUA_DATABASE_URL is used instead.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
from pathlib import Path
from types import FrameType

from deploy.embedded.processes import StackError
from deploy.embedded.stack import Stack
from domain.errors import MotcuaError

LOOK_SECONDS = 2.0


def main() -> int:
    """Start, wait for a signal, stop; the exit code."""
    options = _options()
    url = os.environ.get("MOTCUA_DATABASE_URL", "")  # noqa: TID251  (where the stack's own settings begin)
    stack = Stack(options.folder, workers=options.workers, gateways=options.gateways, database_url=url, say=_say)
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, _interrupt)
    try:
        if options.remove:
            return _remove(stack, options.folder)
        return _serve(stack)
    except (MotcuaError, OSError) as error:
        print(f"motcua: {error}", file=sys.stderr)
        if isinstance(error, OSError):
            print(f"remedy: make --folder ({options.folder}) one that you may write to", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130  # interrupted before it was up; what had been started is stopped


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m deploy.embedded", description="The embedded stack.")
    parser.add_argument("--folder", type=Path, default=Path(".motcua"), help="where data and settings are kept")
    parser.add_argument("--workers", type=int, default=1, help="worker processes")
    parser.add_argument("--gateways", type=int, default=1, help="gateway processes")
    parser.add_argument("--remove", action="store_true", help="delete the folder and all its data instead")
    return parser.parse_args()


def _serve(stack: Stack) -> int:
    stack.start()
    stopping = threading.Event()
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, lambda *_: stopping.set())
    try:
        _tell(stack)
        while not stopping.wait(LOOK_SECONDS):
            _revive(stack)
    finally:
        _say("stopping …")
        stack.stop()
    _say("stopped; the data is kept, and the next start carries on with it")
    return 0


def _tell(stack: Stack) -> None:
    lines = {
        "gateway": ", ".join(stack.gateway_urls) or "none",
        "web UI of Temporal": stack.temporal.ui_url,
        "payment platform": stack.payments_url,
        "settings": str(stack.env_file),
        "logs": f"{stack.folder}/log, {stack.folder}/postgres/log, {stack.folder}/temporal/log",
    }
    for name, value in lines.items():
        print(f"  {name:<20} {value}")
    _say("up; Ctrl-C stops it")


def _revive(stack: Stack) -> None:
    try:
        for name in stack.revive():
            print(f"motcua: {name} had ended and was started again", file=sys.stderr, flush=True)
    except StackError as error:
        print(f"motcua: {error}", file=sys.stderr, flush=True)


def _remove(stack: Stack, folder: Path) -> int:
    stack.remove()
    _say(f"{folder} and its data are deleted")
    return 0


def _say(text: str) -> None:
    print(f"motcua: {text}", flush=True)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, signal.SIG_IGN)  # a second Ctrl-C may not cut the cleaning up short
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
