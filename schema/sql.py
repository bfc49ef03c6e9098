"""Named SQL: every statement the product runs, loaded once from `schema/queries/*.sql`.

A file holds statements, each introduced by `-- name: verb_noun` and one line that says its purpose.
"""

from __future__ import annotations

import re
from pathlib import Path

_HERE = Path(__file__).parent
MIGRATIONS = _HERE / "migrations"


def _read(text: str) -> dict[str, str]:
    parts = re.split(r"^-- name: (\w+)\s*$", text, flags=re.MULTILINE)
    return {name: body.strip() for name, body in zip(parts[1::2], parts[2::2], strict=True)}


def _load() -> dict[str, str]:
    queries: dict[str, str] = {}
    for file in sorted((_HERE / "queries").glob("*.sql")):
        for name, statement in _read(file.read_text(encoding="utf-8")).items():
            if name in queries:
                raise ValueError(f"{file.name}: the query name '{name}' is used twice")
            queries[name] = statement
    return queries


QUERIES = _load()
