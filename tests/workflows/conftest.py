"""Fixtures: a world under skipped time, on a Monday morning in any year."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest
from temporalio.testing import WorkflowEnvironment

from adapters.temporal import PURE, motcua_plugin
from deploy.embedded.temporal import SEARCH_ATTRIBUTES
from tests.stories import World, monday_after

TEST_SERVER = Path(sys.executable).parent / "temporal-test-server"

INDEXED = {
    "Keyword": IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
    "Datetime": IndexedValueType.INDEXED_VALUE_TYPE_DATETIME,
}


@pytest.fixture
async def world() -> AsyncIterator[World]:
    """The engine over fresh twins: Monday, eight o'clock, and no holiday near."""
    env = await WorkflowEnvironment.start_time_skipping(
        test_server_existing_path=str(TEST_SERVER), plugins=[motcua_plugin(None, PURE)], identity="tests"
    )
    async with env:
        await env.client.operator_service.add_search_attributes(
            AddSearchAttributesRequest(
                namespace=env.client.namespace,
                search_attributes={name: INDEXED[kind] for name, kind in SEARCH_ATTRIBUTES.items()},
            )
        )
        world = World(env)
        async with world.workers():
            await world.skip_to(monday_after(await world.now()))
            yield world
