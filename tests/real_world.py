"""Owns a `World` on a real Temporal server: what skipped time cannot show, and what histories are recorded from."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from temporalio.client import Client
from temporalio.testing import WorkflowEnvironment

from adapters.temporal import deployment, make_current, motcua_plugin
from deploy.embedded.temporal import NAMESPACE, Temporal
from tests.stories import World

BUILD = "tests"


@asynccontextmanager
async def real_world(
    folder: Path, *, cached: int = 100, dynamic_config: Mapping[str, object] | None = None
) -> AsyncIterator[World]:
    """The engine over fresh twins on a server of its own, with payloads in clear: invented people only."""
    with Temporal(folder, dynamic_config) as server:
        plugin = motcua_plugin(None)
        client = await Client.connect(server.address, namespace=NAMESPACE, plugins=[plugin], identity="tests")
        world = World(WorkflowEnvironment.from_client(client))
        async with world.workers(deployment(BUILD), cached):
            await make_current(client, BUILD)
            yield world
