"""A round of the watch: every look as of one instant, each failing by itself, and nobody left blind unnoticed."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from uuid import uuid4

import pytest
from temporalio.client import WorkflowFailureError
from temporalio.worker import Worker

from activities.ports import Unavailable
from activities.watch import WatchActivities
from schema import wire
from schema.watch import Look, LookAsk, Looked, WatchRound
from tests.stories import World
from workflows.watch import WatchWorkflow


@dataclass
class Eyes:
    """A twin of the watch that is blind for some looks."""

    blind: frozenset[Look] = frozenset()
    asked: list[Look] = field(default_factory=list)
    instants: set[datetime] = field(default_factory=set)

    async def look(self, ask: LookAsk) -> Looked:
        self.asked.append(ask.look)
        self.instants.add(ask.as_of)
        if ask.look in self.blind:
            raise Unavailable("engine: UNAVAILABLE")
        return Looked(look=ask.look, raised=1)


async def a_round(world: World, eyes: Eyes) -> WatchRound:
    async with Worker(
        world.client,
        task_queue=wire.WATCH_QUEUE,
        workflows=[WatchWorkflow],
        activities=[WatchActivities(eyes).look],
    ):
        found: WatchRound = await world.client.execute_workflow(
            WatchWorkflow.run, id=f"{wire.WATCH_ID}-{uuid4()}", task_queue=wire.WATCH_QUEUE
        )
    return found


async def test_every_look_is_had_as_of_the_instant_at_which_the_round_began(world: World) -> None:
    eyes = Eyes()
    before = await world.now()
    found = await a_round(world, eyes)

    assert eyes.asked == list(Look)
    assert eyes.instants == {found.as_of}
    assert before <= found.as_of
    assert ([each.look for each in found.looked], found.failed) == (list(Look), ())


async def test_a_look_that_fails_is_tried_again_and_keeps_none_of_the_others_from_seeing(world: World) -> None:
    eyes = Eyes(frozenset({Look.DOSSIERS}))
    found = await a_round(world, eyes)

    assert eyes.asked == [Look.DOSSIERS, *Look]
    assert found.failed == (Look.DOSSIERS,)
    assert {each.look for each in found.looked} == set(Look) - {Look.DOSSIERS}


async def test_a_round_that_saw_nothing_at_all_fails(world: World) -> None:
    with pytest.raises(WorkflowFailureError):
        await a_round(world, Eyes(frozenset(Look)))
