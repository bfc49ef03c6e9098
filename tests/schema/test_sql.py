"""Named SQL: every statement fits the migrated database, has a purpose, and is used; no statement stands elsewhere."""

from __future__ import annotations

import re
from pathlib import Path

import asyncpg
import pytest

from adapters.postgres import Pool
from schema import sql
from schema.sql import QUERIES

ROOT = Path(__file__).parents[2]
PRODUCT = [
    file
    for package in ("domain", "schema", "activities", "workflows", "adapters", "gateway", "cli", "deploy", "bench")
    for file in sorted((ROOT / package).rglob("*.py"))
] + [ROOT / "worker.py", ROOT / "starter.py"]
SOURCES = {file.relative_to(ROOT).as_posix(): file.read_text(encoding="utf-8") for file in PRODUCT}


@pytest.mark.parametrize("name", QUERIES)
async def test_a_query_fits_the_schema(pool: Pool, name: str) -> None:
    """PostgreSQL can plan it against the tables that the migrations make."""
    async with pool.acquire() as connection:
        await connection.prepare(QUERIES[name])


@pytest.mark.parametrize("name", QUERIES)
def test_a_query_is_used(name: str) -> None:
    """A statement that nobody runs is deleted."""
    assert any(f'QUERIES["{name}"]' in text for text in SOURCES.values())


@pytest.mark.parametrize("name", QUERIES)
def test_a_query_says_its_purpose(name: str) -> None:
    """One line under the name; and the engine passes instants in, so no statement asks the database for the hour."""
    purpose, *statement = QUERIES[name].splitlines()

    assert re.match(r"-- [A-Z].*[.:;]", purpose)
    assert not re.search(r"\bnow\s*\(|current_timestamp|clock_timestamp|current_date", "\n".join(statement), re.I)


def test_every_name_that_is_asked_for_is_there() -> None:
    """A misspelt name is found here, not by the clerk who meets it first."""
    asked = {name for text in SOURCES.values() for name in re.findall(r'QUERIES\["(\w+)"\]', text)}

    assert asked <= set(QUERIES)


def test_statements_stand_in_files() -> None:
    """Which SQL runs is read in `schema/queries`; migrations, server and partner have theirs apart."""
    spoken = re.compile(r'"(?:""\s*)?(SELECT|INSERT INTO|UPDATE|DELETE FROM|WITH)\s', re.M)
    elsewhere = {name for name, text in SOURCES.items() if spoken.search(text)}

    assert elsewhere <= {"adapters/migrate.py", "deploy/embedded/postgres.py", "deploy/partners/payment_ledger.py"}


def test_a_name_stands_once() -> None:
    """Two statements of one name would silently be one."""
    names = re.findall(
        r"^-- name: (\w+)",
        "\n".join(file.read_text(encoding="utf-8") for file in (Path(sql.__file__).parent / "queries").glob("*.sql")),
        re.M,
    )

    assert len(names) == len(set(names)) == len(QUERIES)


async def test_a_misfit_would_be_noticed(pool: Pool) -> None:
    """The guard is alive: a statement about a column that is not there cannot be prepared."""
    async with pool.acquire() as connection:
        with pytest.raises(asyncpg.UndefinedColumnError):
            await connection.prepare("SELECT colour FROM dossier")
