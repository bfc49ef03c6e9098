"""Owns how our own programs run in the stack: `python …` from the checkout, with the stack's settings."""

from __future__ import annotations

import os
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from adapters.settings import PREFIX
from deploy.embedded.ports import accepts
from deploy.embedded.processes import Process, descendants

OTHERS = ("TEMPORAL_", "PG")  # what would lead Temporal's and PostgreSQL's clients to another server
HTTP_SECONDS = 5.0


class Service(Process):
    """A Python program of ours: command and settings are asked for at each start, since ports may move."""

    def __init__(
        self,
        name: str,
        folder: Path,
        root: Path,
        command: Callable[[], Sequence[str]],
        environment: Callable[[], Mapping[str, str]],
        ready: Callable[[], bool],
    ) -> None:
        super().__init__(name, folder)
        self._root, self._command, self._environment, self._ready = root, command, environment, ready

    def start(self) -> Service:
        """Start the program and wait until it is ready."""
        self.launch([sys.executable, *self._command()], self._environment(), cwd=self._root)
        self.wait_until(self._ready)
        return self

    def family(self) -> list[int]:
        """The program's process id and those of what it started."""
        return [self.pid, *descendants(self.pid)] if self.pid else []


def inherited_environment(settings: Mapping[str, str], *, ours: bool = True) -> dict[str, str]:
    """Our own environment with these settings, which win; for others' programs without any setting of ours."""
    environment = os.environ  # noqa: TID251  (a launcher hands the environment on; it reads no setting from it)
    others = OTHERS if ours else (*OTHERS, PREFIX)
    kept = {name: value for name, value in environment.items() if not name.startswith(others)}
    return {**kept, "PYTHONUNBUFFERED": "1", **settings}


def listens(port: int) -> bool:
    """Whether the program takes connections."""
    return accepts(port)


def answers_ready(url: str) -> bool:
    """Whether the program says at its readiness address that it is ready (a 2xx)."""
    try:
        with urllib.request.urlopen(url, timeout=HTTP_SECONDS) as answer:  # noqa: S310  (our own http address)
            return 200 <= int(answer.status) < 300
    except (urllib.error.URLError, OSError):
        return False
