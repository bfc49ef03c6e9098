"""Owns the stack's processes: each started in a session of its own, each ended by its own id.

Each process leaves a mark on disk (its id and the instant of its start). If the stack itself is killed, the
next start finds by the marks what was left behind and ends exactly that, never a stranger with the same id.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from deploy.embedded.account import Account
from domain.errors import MotcuaError

PROC = Path("/proc")
POLL_SECONDS = 0.02
STOP_SECONDS = 45.0  # a worker drains for 30 s
START_SECONDS = 60.0


class StackError(MotcuaError):
    """A part of the embedded stack cannot do what it was asked: which, why, and where to look."""


class Process:
    """One program of the stack, which may be started, stopped and killed again and again.

    `command` and `environment` are read at each start, so that a port may move between two starts.
    """

    def __init__(self, name: str, folder: Path, account: Account | None = None) -> None:
        self.name = name
        self.log = folder / "log" / f"{name}.log"
        self._mark = folder / "run" / name
        self._account = account or Account()
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The process id while it runs, else None."""
        return self._child.pid if self._child is not None and self.running else None

    @property
    def running(self) -> bool:
        return self._child is not None and self._child.poll() is None

    @property
    def exit_code(self) -> int | None:
        """What the last run ended with; None while it runs or before the first."""
        return self._child.poll() if self._child is not None else None

    def launch(self, command: Sequence[str], environment: Mapping[str, str], cwd: Path) -> None:
        """Start the program; its output is appended to the log. `StackError` when it runs already."""
        if self.running:
            raise StackError(f"{self.name} runs already, as process {self.pid}")
        for parent in (self.log.parent, self._mark.parent):
            parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self.log.open("ab") as output:
            self._child = subprocess.Popen(
                command, env=dict(environment), cwd=cwd, stdin=subprocess.DEVNULL, stdout=output,
                stderr=subprocess.STDOUT, start_new_session=True, **self._account.as_arguments(),
            )  # fmt: skip
        self._mark.write_text(f"{self._child.pid} {started_at(self._child.pid)}\n")

    def wait_until(self, ready: Callable[[], bool], seconds: float = START_SECONDS) -> None:
        """Poll until `ready()`; `StackError` with the log's last lines when it ends or time is up."""
        until = time.monotonic() + seconds
        while not ready():
            if not self.running:
                raise StackError(f"{self.name} ended with {self.exit_code} while starting. {self.tail()}")
            if time.monotonic() > until:
                raise StackError(f"{self.name} did not answer within {seconds:.0f} s. {self.tail()}")
            time.sleep(POLL_SECONDS)

    def stop(self, how: signal.Signals = signal.SIGTERM, seconds: float = STOP_SECONDS) -> None:
        """Ask the program to end, wait, and kill it only when it does not listen."""
        if self._child is None:
            return
        if self._child.poll() is None:
            self._child.send_signal(how)
            try:
                self._child.wait(seconds)
            except subprocess.TimeoutExpired:
                self.kill()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._child.pid, signal.SIGKILL)  # what it started and forgot
        self._mark.unlink(missing_ok=True)

    def kill(self) -> None:
        """`kill -9` the program and whatever it started, as a power cut would."""
        if self._child is None:
            return
        victims = self._freeze() if self._child.poll() is None else []
        for victim in victims:
            send(victim, signal.SIGKILL)
        self._child.wait()
        wait_gone(victims)
        self._mark.unlink(missing_ok=True)

    def end_leftover(self, how: signal.Signals = signal.SIGTERM, seconds: float = STOP_SECONDS) -> bool:
        """End what an earlier, killed stack left running under this name; True when there was something."""
        pid = self._marked()
        if pid is None:
            return False
        send(pid, how)
        if not wait_gone([pid], seconds):
            send(pid, signal.SIGKILL)
            wait_gone([pid])
        self._mark.unlink(missing_ok=True)
        return True

    def tail(self, lines: int = 5) -> str:
        """The log's last lines, for an error message."""
        text = self.log.read_text(errors="replace").splitlines()[-lines:] if self.log.exists() else []
        return f"See {self.log}: " + (" | ".join(text) if text else "it is empty")

    def _freeze(self) -> list[int]:
        """Stop the program, so that it starts nobody while its descendants are counted."""
        assert self._child is not None
        send(self._child.pid, signal.SIGSTOP)
        return [self._child.pid, *descendants(self._child.pid)]

    def _marked(self) -> int | None:
        if self.running or not self._mark.exists():
            return None
        pid, _, started = self._mark.read_text().strip().partition(" ")
        is_ours = pid.isdigit() and started != "" and alive(int(pid)) and started_at(int(pid)) == started
        return int(pid) if is_ours else None


def send(pid: int, how: signal.Signals) -> None:
    """Signal one process; one that is gone already is no error."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, how)


def wait_gone(pids: Sequence[int], seconds: float = STOP_SECONDS) -> bool:
    """Wait until none of the processes runs; False when time is up."""
    until = time.monotonic() + seconds
    while any(alive(pid) for pid in pids):
        if time.monotonic() > until:
            return False
        time.sleep(POLL_SECONDS)
    return True


def alive(pid: int) -> bool:
    """Whether the process runs. A dead one that nobody has waited for yet (a zombie) does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # it runs, as somebody else
    status = _status(pid)
    return not status or status[0] not in {"Z", "X"}


def started_at(pid: int) -> str:
    """The kernel's mark of the process's start, in ticks since boot; "" where there is no /proc."""
    status = _status(pid)
    return status[19] if status else ""


def descendants(pid: int) -> list[int]:
    """Everything the process started, directly or not; nothing where there is no /proc."""
    parents = {int(entry.name): _parent(int(entry.name)) for entry in PROC.glob("[0-9]*")}
    found = [pid]
    for parent in found:  # grows while it is walked: breadth first
        found.extend(child for child, of in parents.items() if of == parent)
    return found[1:]


def _parent(pid: int) -> int:
    status = _status(pid)
    return int(status[1]) if status else 0


def _status(pid: int) -> list[str]:
    """The fields of /proc/<pid>/stat after the name, which may itself hold spaces and brackets."""
    try:
        return (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []
