"""On a real server: long histories go over into fresh runs, cold workers replay, refusals leave no trace."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from temporalio.client import WorkflowExecutionStatus

from adapters.engine import NotThere
from domain.errors import NotAllowed
from schema.case import Start
from schema.messages import Answer
from tests import stories
from tests.real_world import real_world
from tests.stories import ECONOMY, Dossier, World, eventually

LONGEST = 30
"""Events after which the server of these tests suggests a fresh run; otherwise it is 4,096."""


@pytest.fixture(scope="module")
async def hasty(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """A real server that suggests fresh runs early; nothing is cached, so every task replays its history."""
    config = {"limit.historyCount.suggestContinueAsNew": LONGEST}
    async with real_world(tmp_path_factory.mktemp("temporal"), cached=0, dynamic_config=config) as world:
        yield world


async def runs(dossier: Dossier) -> list[str]:
    """The ids of the runs of this dossier's workflow, newest first."""
    query = f'WorkflowId = "{dossier.handle.id}"'
    return [each.run_id async for each in dossier.world.client.list_workflows(query)]


async def all_runs(dossier: Dossier) -> list[str]:
    """The same, once more than one can be seen; empty before."""
    found = await runs(dossier)
    return found if len(found) > 1 else []


async def has_changed_runs(dossier: Dossier, times: int = 1) -> bool:
    return len(await runs(dossier)) > times


async def test_a_refused_command_leaves_no_trace(hasty: World) -> None:
    """A validator that refuses leaves no event behind, so nobody can fill a history with nonsense."""
    dossier = await hasty.a_dossier()
    await (
        dossier.ask_for_papers()
    )  # what comes before the first task of a cold run is judged under the lock, in history
    before = len((await dossier.handle.fetch_history()).events)
    for _ in range(3):
        with pytest.raises(NotAllowed):
            await dossier.forward()

    assert len((await dossier.handle.fetch_history()).events) == before


@pytest.mark.parametrize(
    "story",
    [stories.granted_after_supplements, stories.granted_by_two_departments, stories.order_failed, stories.paid_twice],
)
async def test_a_long_story_goes_over_into_fresh_runs(hasty: World, story: stories.Story) -> None:
    """A run that has grown long ends quietly and another begins from the fold: the story itself shows no seam."""
    dossier = await story(hasty)
    await dossier.ended()
    await eventually(lambda: has_changed_runs(dossier))

    assert dossier.case.status == 10
    assert [event.sequence for event in dossier.story] == [*range(1, len(dossier.story) + 1)]
    assert len({event.command for event in dossier.story}) == len(dossier.story)
    assert await dossier.is_one_story()


async def test_a_fresh_run_keeps_the_window_of_the_first(hasty: World) -> None:
    """The installation chose it when the dossier was handed over; nobody is there to choose it again."""
    dossier = await hasty.submitted()
    await dossier.start(spread=7)
    await dossier.in_review()
    await dossier.ask_for_papers("officer", ECONOMY)
    await dossier.hand_in()
    await dossier.review()
    await dossier.give_back()
    await dossier.ended()
    newest, *earlier = await eventually(lambda: all_runs(dossier))
    start = (await hasty.client.get_workflow_handle(dossier.handle.id, run_id=newest).fetch_history()).events[0]
    given = start.workflow_execution_started_event_attributes.input.payloads

    assert earlier
    assert await hasty.client.data_converter.decode(given, [Start]) == [
        Start(dossier=dossier.id, spread=7, patient=True)
    ]


async def test_commands_in_flight_are_not_lost_with_a_run(hasty: World) -> None:
    """Commands keep coming while a run goes over into the next: each is done once or refused, none vanishes."""
    dossier = await (await hasty.a_dossier()).accepted()
    first = (await dossier.handle.describe()).run_id

    async def forward() -> None:
        while "dossier.forwarded" not in dossier.types:
            try:
                await dossier.forward()
            except NotAllowed:
                return

    async def again() -> str | None:
        return (await dossier.handle.describe()).run_id

    await asyncio.gather(*(forward() for _ in range(4)))
    await dossier.ask_for_papers("officer", ECONOMY)
    await dossier.hand_in()
    await dossier.review()
    await dossier.give_back()
    await dossier.ended()

    assert await again() != first
    assert dossier.types.count("dossier.forwarded") == 1
    assert dossier.case.status == 10


async def test_handlers_finish_before_a_run_leaves(hasty: World) -> None:
    """The last act and others in the same instant: every caller gets an answer or a refusal, none is cut off."""
    dossier = await (await hasty.a_dossier()).resolved()
    found = await asyncio.gather(*(dossier.give_back() for _ in range(4)), return_exceptions=True)
    await dossier.ended()

    assert sum(isinstance(each, Answer) for each in found) == 1
    assert all(isinstance(each, Answer | NotAllowed | NotThere) for each in found)
    assert dossier.types.count("result.returned") == 1
    assert (await dossier.handle.describe()).status is WorkflowExecutionStatus.COMPLETED
