"""How much processor time the programs of a stack have used: what a comparison on shared cores can still tell apart."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from deploy.embedded.processes import descendants
from deploy.embedded.stack import Stack

CALLERS = "callers"
"""This process, which plays the gateway."""
_TICKS = os.sysconf("SC_CLK_TCK")


def programs(stack: Stack) -> dict[str, list[int]]:
    """The process ids of each program of the stack, head first, and of this one."""
    found = {name: [piece.pid, *descendants(piece.pid)] for name, piece in stack.pieces().items() if piece.pid}
    return {**found, CALLERS: [os.getpid()]}


def processor_seconds(pids: Iterable[int]) -> float:
    """Seconds that these processes have used, and their children that have ended."""
    return sum(_ticks(pid) for pid in pids) / _TICKS


def _ticks(pid: int) -> int:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:  # a server process that ended meanwhile; its parent has counted it
        return 0
    return sum(int(each) for each in fields[11:15])
