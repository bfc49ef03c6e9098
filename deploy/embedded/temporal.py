"""Owns the embedded Temporal server: the development server on disk, its namespace, its life as a process.

Its store is SQLite with a write-ahead log: safe against a kill, not against a power cut.
"""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from deploy.embedded import binaries
from deploy.embedded.folder import make_private
from deploy.embedded.ports import HOST, Ports, accepts
from deploy.embedded.processes import Process
from schema.wire import SEARCH_CHANNEL, SEARCH_DUE, SEARCH_PROCEDURE, SEARCH_STATUS, SEARCH_UNIT

NAMESPACE = "motcua"
RETENTION_DAYS = 30
SEARCH_ATTRIBUTES = {
    SEARCH_PROCEDURE: "Keyword",
    SEARCH_UNIT: "Keyword",
    SEARCH_CHANNEL: "Keyword",
    SEARCH_STATUS: "Keyword",
    SEARCH_DUE: "Datetime",
}
DYNAMIC_CONFIG = {"system.forceSearchAttributesCacheRefreshOnRead": False}
"""As in every other deployment: the development server alone reads its list of search attributes at each use, for
those that are added while it runs; ours are there when it starts."""
ENVIRONMENT = {
    "PATH": "/usr/bin:/bin",
    "TEMPORAL_VERSION_CHECK_DISABLED": "1",
}
QUESTION_SECONDS = 10.0


class Temporal:
    """One Temporal server with its store in a folder; started again it carries on with store and ports.

    `dynamic_config` are server settings by name; `extra_args` go to `temporal server start-dev` as they
    are. Usable as a context manager.
    """

    def __init__(
        self,
        folder: Path,
        dynamic_config: Mapping[str, object] | None = None,
        extra_args: Sequence[str] = (),
    ) -> None:
        self.folder = folder.absolute()
        self.port = self.ui_port = 0
        self._dynamic_config = {**DYNAMIC_CONFIG, **(dynamic_config or {})}
        self._extra_args = tuple(extra_args)
        self._process = Process("temporal", self.folder)
        self._ports = Ports(self.folder / "ports.json")

    @property
    def address(self) -> str:
        return f"{HOST}:{self.port}"

    @property
    def ui_url(self) -> str:
        return f"http://{HOST}:{self.ui_port}"

    @property
    def log(self) -> Path:
        return self._process.log

    @property
    def pid(self) -> int | None:
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process.running

    def start(self) -> Temporal:
        """Start the server and wait until the namespace answers with our retention and the web UI is up."""
        make_private(self.folder)
        self._process.end_leftover()
        self.port, self.ui_port = self._ports.take("temporal"), self._ports.take("temporal-ui")
        self._process.launch(self._command(), ENVIRONMENT, cwd=self.folder)
        self._process.wait_until(self._ready)
        return self

    def stop(self) -> None:
        self._process.stop(signal.SIGTERM)

    def kill(self) -> None:
        """`kill -9` the server."""
        self._process.kill()

    def remove(self) -> None:
        """Stop, and delete the store."""
        self._process.end_leftover()
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def pollers(self, task_queue: str, kind: str = "workflow") -> list[str]:
        """The identities of the workers that ask the task queue for work; `kind` is workflow or activity."""
        # The answer of the newer mode may be five seconds old; this one is fresh.
        fresh = ("--legacy-mode", "--partitions-legacy", "4", "--task-queue-type-legacy", kind)
        queue = ("--task-queue", task_queue, "--namespace", NAMESPACE)
        answer = self._ask("task-queue", "describe", *fresh, *queue)
        return [each.get("identity", "") for each in (answer or {}).get("pollers") or []]

    def __enter__(self) -> Temporal:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _command(self) -> list[str]:
        options: list[tuple[str, object]] = [
            ("--db-filename", self.folder / "temporal.db"),
            ("--sqlite-pragma", "journal_mode=WAL"),
            ("--sqlite-pragma", "synchronous=NORMAL"),
            ("--namespace", NAMESPACE),
            ("--ip", HOST),
            ("--port", self.port),
            ("--ui-port", self.ui_port),
            ("--log-level", "warn"),
        ]
        options += [("--search-attribute", f"{name}={kind}") for name, kind in SEARCH_ATTRIBUTES.items()]
        options += [("--dynamic-config-value", f"{k}={json.dumps(v)}") for k, v in self._dynamic_config.items()]
        words = [str(word) for option in options for word in option]
        program = str(binaries.temporal_program())
        return [program, "server", "start-dev", "--ui-disable-news-fetch", *words, *self._extra_args]

    def _ready(self) -> bool:
        wanted = f"{RETENTION_DAYS * 24 * 60 * 60}s"
        answer = self._ask("operator", "namespace", "describe", "--namespace", NAMESPACE)
        if answer is None:
            return False
        if answer["config"]["workflowExecutionRetentionTtl"] != wanted:
            update = ("--namespace", NAMESPACE, "--retention", f"{RETENTION_DAYS}d")
            self._ask("operator", "namespace", "update", *update)
            return False  # and look again
        return self._finds_nothing() and accepts(self.ui_port)

    def _finds_nothing(self) -> bool:
        """Whether the history service answers: it knows that there is no such workflow. (It is up last.)"""
        question = ("workflow", "describe", "--workflow-id", "is-history-up", "--namespace", NAMESPACE)
        done = self._command_line(*question)
        return done is not None and b"not found" in done.stderr.lower()

    def _ask(self, *question: str) -> dict[str, Any] | None:
        """The object that the server answers to the `temporal` command line; None while it does not."""
        done = self._command_line(*question)
        if done is None or done.returncode != 0 or not done.stdout.lstrip().startswith(b"{"):
            return None
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer

    def _command_line(self, *question: str) -> subprocess.CompletedProcess[bytes] | None:
        command = [str(binaries.temporal_program()), *question, "--address", self.address, "--output", "json"]
        try:
            return subprocess.run(command, env=ENVIRONMENT, capture_output=True, timeout=QUESTION_SECONDS, check=False)
        except subprocess.TimeoutExpired:
            return None
