"""Owns the choice of free ports on the loopback, kept on disk so that addresses survive a restart.

Ports come from below the range that the kernel gives to outgoing connections. Otherwise a client that keeps
trying a server which is down may be given that very port as its own, and the server could not take it again.

Between the choice of a port and the moment at which its server listens, seconds may pass: another stack that starts
meanwhile must not choose the same one. So a port is reserved, until this process ends, by a name that the kernel keeps.
"""

from __future__ import annotations

import contextlib
import json
import random
import socket
import sys
from pathlib import Path

HOST = "127.0.0.1"
LOWEST, HIGHEST = 20_000, 30_000
ATTEMPTS = 200

_reserved: dict[int, int] = {}
"""The ports that this process has chosen, each with the descriptor that holds its name."""


def is_free(port: int) -> bool:
    """Whether a server could listen on the port now (connections of an earlier one may still be closing)."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def reserve(port: int) -> bool:
    """Keep other stacks of this machine from choosing the port; False when one of them has it."""
    if port in _reserved:
        return True
    holder = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        if sys.platform == "linux":  # only there is a name without a file, which goes when its process ends
            holder.bind(f"\0motcua/port/{port}")
    except OSError:
        holder.close()
        return False
    _reserved[port] = holder.detach()
    return True


def free_port() -> int:
    """A port that nobody listens on, reserved."""
    for _ in range(ATTEMPTS):
        port = random.randrange(LOWEST, HIGHEST)  # noqa: S311  (no secret)
        if port not in _reserved and is_free(port) and reserve(port):
            return port
    raise OSError(f"no free port between {LOWEST} and {HIGHEST} on {HOST}")


def accepts(port: int) -> bool:
    """Whether somebody listens on the port."""
    with contextlib.suppress(OSError), socket.create_connection((HOST, port), timeout=1):
        return True
    return False


class Ports:
    """The ports of one folder by name: the one used before while it is free, else a new one."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def take(self, name: str) -> int:
        """The port to start `name` on now."""
        kept = self._read()
        port = kept.get(name, 0)
        if not port or not is_free(port) or not reserve(port):
            taken = set(kept.values())
            port = next(each for each in iter(free_port, 0) if each not in taken)
            self._file.write_text(json.dumps({**kept, name: port}, indent=1))
        return port

    def _read(self) -> dict[str, int]:
        return dict(json.loads(self._file.read_text())) if self._file.exists() else {}
