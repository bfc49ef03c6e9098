"""Fixtures: one PostgreSQL for the run, a fresh database per test, and one whole stack for tests from outside."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from uuid import uuid4

import asyncpg
import pytest

from adapters.catalogue_files import FOLDER, read_sound
from adapters.law import publish
from adapters.migrate import migrate
from adapters.postgres import Pool, open_pool
from deploy.embedded.folder import temporary_folder
from deploy.embedded.postgres import Postgres
from deploy.embedded.stack import Stack
from tests.office import Office

for name in [each for each in os.environ if each.startswith("MOTCUA_") and each != "MOTCUA_TEST_SCALE"]:
    del os.environ[name]  # a developer's shell must not change a result


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The long ones first: two files at a time then end at about the same time."""
    items.sort(key=lambda item: item.path.parent.name != "e2e")


@pytest.fixture(scope="session")
def scale() -> int:
    """How many times smaller than `make soak` the long runs are."""
    return 1 if os.environ.get("MOTCUA_TEST_SCALE") == "full" else 10


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A real PostgreSQL for the whole run."""
    with temporary_folder() as folder, Postgres(folder / "postgres") as server:
        yield server


@pytest.fixture(scope="session")
async def template(postgres: Postgres) -> str:
    """A database with the schema and the published catalogue, cloned for each test."""
    name = "template_motcua"
    await _admin(postgres, f"CREATE DATABASE {name}")
    await migrate(postgres.url_for(name))
    async with await open_pool(postgres.url_for(name), 2) as pool:
        await publish(pool, read_sound(FOLDER), datetime(2026, 1, 1, tzinfo=UTC))
    return name


@pytest.fixture
async def database(postgres: Postgres, template: str) -> AsyncIterator[str]:
    """The address of a fresh database: the schema and the catalogue, nothing else."""
    name = f"test_{uuid4().hex}"
    await _admin(postgres, f"CREATE DATABASE {name} TEMPLATE {template}")
    yield postgres.url_for(name)
    # Without FORCE: it would want more rights than ours over an autovacuum worker, which a plain DROP sends away.
    await _admin(postgres, f"DROP DATABASE {name}")


@pytest.fixture
async def pool(database: str) -> AsyncIterator[Pool]:
    """A pool on a fresh database."""
    async with await open_pool(database, 10) as pool:
        yield pool


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """The whole product running, with two workers and two gateways; tests that kill have stacks of their own."""
    with temporary_folder() as folder, Stack(folder / "stack", workers=2, gateways=2) as running:
        yield running


@pytest.fixture(scope="session")
def office(stack: Stack) -> Iterator[Office]:
    """A calling system with every right at the running stack."""
    with Office.admitted(stack) as office:
        yield office


async def _admin(postgres: Postgres, statement: str) -> None:
    connection = await asyncpg.connect(postgres.url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
