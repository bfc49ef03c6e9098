"""Opens the entrance: the resources of whoever submits, commands and looks up, in one place."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from temporalio.client import Client

from adapters.door import Door
from adapters.engine import Engine
from adapters.handover import Handover, chosen_for
from adapters.intake import Intake
from adapters.keys import KeyedDigest, KeyRing
from adapters.law import PostgresLaw
from adapters.postgres import Pool, open_pool
from adapters.settings import Settings
from adapters.temporal import connect, motcua_plugin
from adapters.vault import Vault


def utc_now() -> datetime:
    """The clock of the entry points; below them the instant is passed."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Entrance:
    """What a process that faces callers has open."""

    door: Door
    intake: Intake
    pool: Pool
    law: PostgresLaw
    client: Client


@asynccontextmanager
async def open_entrance(settings: Settings, role: str) -> AsyncIterator[Entrance]:
    """Open the door for a process that needs PostgreSQL now and the engine only when it commands."""
    ring = KeyRing.parse(settings.keys.get_secret_value())
    digest = KeyedDigest.parse(settings.index_key.get_secret_value())
    vault = Vault(ring, digest)
    async with await open_pool(settings.database_url.get_secret_value(), settings.database_pool) as pool:
        law = PostgresLaw(pool)
        client = await connect(settings, motcua_plugin(ring), role=role, lazy=True)
        handover = Handover(pool, client, utc_now, chosen_for(settings))
        intake = Intake(pool, law, vault, digest, handover)
        try:
            yield Entrance(Door(pool, law, intake, vault, digest, Engine(client), utc_now), intake, pool, law, client)
        finally:
            await handover.mark()
