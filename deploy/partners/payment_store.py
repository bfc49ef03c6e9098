"""Owns the file of the partner's books: opens it, brings an older one up to date, runs its statements by name."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_HERE = Path(__file__).parent
_FIRST_TRANSACTION = 14_000_000  # transactions are numbered from here, as a merchant sees them: digits, never 1
_OLD_TABLES = ("refunds", "callbacks", "orders")


def _statements() -> dict[str, str]:
    parts = re.split(r"^-- name: (\w+)\n", _text("payment_statements"), flags=re.M)[1:]
    return dict(zip(parts[::2], (part.strip() for part in parts[1::2]), strict=True))


def _text(name: str) -> str:
    return (_HERE / f"{name}.sql").read_text("utf-8")


class Store:
    """One SQLite file in one folder. A kill leaves a transaction whole or not at all."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._sql = _statements()
        self._db = sqlite3.connect(folder / "ledger.sqlite3", isolation_level=None)
        self._db.row_factory = sqlite3.Row
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = FULL")  # it is money
        self._prepare()

    def run(self, name: str, /, **values: object) -> int:
        """Run a statement that changes the books; how many rows it changed."""
        return self._db.execute(self._sql[name], values).rowcount

    def number(self, name: str, /, **values: object) -> int:
        """Run a statement that inserts one row; the row's number."""
        number = self._db.execute(self._sql[name], values).lastrowid
        assert number is not None
        return number

    def rows(self, name: str, /, **values: object) -> list[sqlite3.Row]:
        """Every row of a question."""
        return self._db.execute(self._sql[name], values).fetchall()

    def row(self, name: str, /, **values: object) -> sqlite3.Row | None:
        """The one row of a question, if any."""
        found: sqlite3.Row | None = self._db.execute(self._sql[name], values).fetchone()
        return found

    def transaction_number(self) -> str:
        """A number that no other debit or refund has."""
        return str(_FIRST_TRANSACTION + self.number("number_take"))

    @contextmanager
    def together(self) -> Iterator[None]:
        """All statements inside, or none of them."""
        with self._db:
            self._db.execute("BEGIN IMMEDIATE")
            yield

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def _prepare(self) -> None:
        if self._db.execute("PRAGMA user_version").fetchone()[0]:
            return
        old = bool(self._db.execute("PRAGMA table_info(orders)").fetchall())
        renames = [f"ALTER TABLE {table} RENAME TO old_{table};" for table in _OLD_TABLES] if old else []
        steps = [*renames, _text("payment_schema"), _text("payment_upgrade") if old else ""]
        self._db.executescript("\n".join(["BEGIN;", *steps, "COMMIT;"]))
