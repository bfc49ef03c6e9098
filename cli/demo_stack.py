"""Owns the demo's stack: uses the one that runs in the folder, else starts one as a process of its own and stops it."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import httpx

from adapters.settings import Settings, load_settings
from deploy.embedded.folder import Lock
from deploy.embedded.processes import StackError

PATIENCE = 120.0
"""Seconds that a stack which somebody else is just starting is given."""
STOP_SECONDS = 90.0
POLL_SECONDS = 0.2
UP = "motcua: up"


@contextmanager
def running_stack(folder: Path) -> Iterator[Settings]:
    """The settings of a stack that answers; one that ran before is left running. Raises StackError."""
    if _is_running(folder):
        print(f"motcua: a stack runs in {folder} already; it is used, and left running", flush=True)
        yield _answering(folder)
        return
    process = subprocess.Popen(
        [sys.executable, "-m", "deploy.embedded", "--folder", str(folder)], stdout=subprocess.PIPE, text=True
    )
    try:
        _wait_until_up(process)
        yield _answering(folder)
    finally:
        _stop(process)


def _is_running(folder: Path) -> bool:
    if not (folder / "lock").exists():
        return False
    lock = Lock(folder)
    try:
        lock.take()
    except StackError:
        return True
    lock.give_back()
    return False


def _wait_until_up(process: subprocess.Popen[str]) -> None:
    """Pass on what the stack says until it is up; every step of its start has a bound of its own."""
    output = process.stdout
    assert output is not None  # it was asked for
    for line in output:
        print(line, end="", flush=True)
        if line.startswith(UP):
            threading.Thread(target=_pass_on, args=(output,), daemon=True).start()
            return
    raise StackError(f"the stack ended with {process.wait()} before it was up; what it said stands above")


def _pass_on(output: IO[str]) -> None:
    for line in output:
        print(line, end="", flush=True)


def _answering(folder: Path) -> Settings:
    deadline = time.monotonic() + PATIENCE
    while True:
        if (folder / "stack.env").exists():
            settings = load_settings(folder / "stack.env")
            if _is_ready(settings.gateway_url):
                return settings
        if time.monotonic() > deadline:
            raise StackError(f"folder: the stack in {folder} does not answer. Remedy: look at {folder}/log.")
        time.sleep(POLL_SECONDS)


def _is_ready(gateway: str) -> bool:
    try:
        return httpx.get(f"{gateway}/readyz", trust_env=False).is_success
    except httpx.TransportError:
        return False


def _stop(process: subprocess.Popen[str]) -> None:
    """Ask it to stop, as Ctrl-C would, and wait; it stops its parts in order."""
    if process.poll() is None:
        process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()  # its next start ends what it leaves behind
        process.wait()
