"""Migrations on a real PostgreSQL: once each, in order, under a lock, and never changed afterwards."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest

from adapters.migrate import MigrationChanged, migrate
from deploy.embedded.postgres import Postgres
from schema.sql import MIGRATIONS


@pytest.fixture
async def empty(postgres: Postgres) -> AsyncIterator[str]:
    """The address of a database with nothing in it."""
    name = f"empty_{uuid4().hex}"
    admin = await asyncpg.connect(postgres.url)
    await admin.execute(f"CREATE DATABASE {name}")
    yield postgres.url_for(name)
    await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await admin.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two small migrations."""
    (tmp_path / "0001_first.sql").write_text("CREATE TABLE one (number integer); INSERT INTO one VALUES (1);")
    (tmp_path / "0002_second.sql").write_text("INSERT INTO one VALUES (2);")
    return tmp_path


async def numbers(url: str) -> list[int]:
    connection = await asyncpg.connect(url)
    try:
        return [row["number"] for row in await connection.fetch("SELECT number FROM one ORDER BY number")]
    finally:
        await connection.close()


async def test_in_order_and_once(empty: str, folder: Path) -> None:
    """What is missing is applied in the order of the names; a second time there is nothing to do."""
    assert await migrate(empty, folder) == ["0001_first.sql", "0002_second.sql"]
    assert await migrate(empty, folder) == []
    (folder / "0003_third.sql").write_text("INSERT INTO one VALUES (3);")

    assert await migrate(empty, folder) == ["0003_third.sql"]
    assert await numbers(empty) == [1, 2, 3]


async def test_several_at_once(empty: str, folder: Path) -> None:
    """Of several operators who migrate in the same instant one does each step; the others find it done."""
    done = await asyncio.gather(*(migrate(empty, folder) for _ in range(5)))

    assert sorted(name for each in done for name in each) == ["0001_first.sql", "0002_second.sql"]
    assert await numbers(empty) == [1, 2]


async def test_one_that_fails_leaves_nothing_behind(empty: str, folder: Path) -> None:
    """Each file is a transaction: a broken one is undone whole, what came before stays, and mended it goes on."""
    broken = folder / "0003_broken.sql"
    broken.write_text("INSERT INTO one VALUES (3); INSERT INTO nowhere VALUES (1);")
    with pytest.raises(asyncpg.UndefinedTableError):
        await migrate(empty, folder)

    assert await numbers(empty) == [1, 2]
    broken.write_text("INSERT INTO one VALUES (3);")
    assert await migrate(empty, folder) == ["0003_broken.sql"]


async def test_one_that_was_applied_is_not_changed(empty: str, folder: Path) -> None:
    """What ran somewhere cannot be made to have run otherwise: refused, naming the file and the remedy."""
    await migrate(empty, folder)
    (folder / "0001_first.sql").write_text("CREATE TABLE one (number bigint);")
    with pytest.raises(MigrationChanged, match=r"0001_first\.sql .* add a new migration"):
        await migrate(empty, folder)

    assert await numbers(empty) == [1, 2]


async def test_the_product_s_own(empty: str) -> None:
    """Every file of the product applies to an empty database, and is numbered without a gap."""
    applied = await migrate(empty)

    assert applied == sorted(file.name for file in MIGRATIONS.glob("*.sql"))
    assert [int(name[:4]) for name in applied] == [*range(1, len(applied) + 1)]
