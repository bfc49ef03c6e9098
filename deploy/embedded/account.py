"""Owns the question under which user a program of the stack runs, and what that user can reach.

PostgreSQL refuses to run as root. When root starts the stack, the server runs as an unprivileged user, who
often cannot enter the checkout (say, below /root). Nothing is loosened for that: what it needs is put
elsewhere.
"""

from __future__ import annotations

import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from domain.errors import MotcuaError

UNPRIVILEGED = "nobody"


class NoSuchAccount(MotcuaError):
    """The user that PostgreSQL is to run as does not exist."""


@dataclass(frozen=True)
class Account:
    """A user to run programs as; without ids, the user who runs us."""

    uid: int | None = None
    gid: int | None = None

    def as_arguments(self) -> dict[str, Any]:
        """The arguments of `subprocess` that run a program as this user, with no group of root's kept."""
        base: dict[str, Any] = {"umask": 0o077}
        if self.uid is None:
            return base
        return {**base, "user": self.uid, "group": self.gid, "extra_groups": []}

    def can_use(self, *paths: Path) -> bool:
        """Whether the user can reach and read each of the paths: asked of the kernel, not worked out."""
        if self.uid is None:
            return all(os.access(path, os.R_OK) for path in paths)
        script = 'for each; do test -r "$each" || exit 1; done'
        command = ["/bin/sh", "-c", script, "sh", *map(str, paths)]
        return subprocess.run(command, cwd="/", check=False, **self.as_arguments()).returncode == 0

    def give(self, path: Path) -> None:
        """Make the user the owner of one path that we just made."""
        if self.uid is not None and self.gid is not None:
            os.chown(path, self.uid, self.gid, follow_symlinks=False)


def account_for_servers(name: str = "") -> Account:
    """The user `name`; when empty, ourselves, or `nobody` when we are root. Unknown: `NoSuchAccount`."""
    if not name and os.geteuid() != 0:
        return Account()
    try:
        entry = pwd.getpwnam(name or UNPRIVILEGED)
    except KeyError:
        remedy = "name an unprivileged user of this machine, or start the stack as an ordinary user"
        raise NoSuchAccount(f"user: there is no {name or UNPRIVILEGED!r} here. Remedy: {remedy}.") from None
    return Account(entry.pw_uid, entry.pw_gid)
