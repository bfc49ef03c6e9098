"""A round of the reconciliation: each day of each provider by itself, patiently, and nobody left out unnoticed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from uuid import uuid4

import pytest
from temporalio.client import WorkflowFailureError
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from activities.ports import Refused, Unavailable
from activities.reconciliation import ReconciliationActivities
from adapters.temporal import PURE, motcua_plugin
from domain.errors import Invalid
from domain.instants import civil_date
from schema import wire
from schema.reconciliation import ReconcileAsk, Reconciled, ReconcilePlan, ReconcilePlanAsk, ReconcileRound
from tests.workflows.conftest import TEST_SERVER
from workflows.reconcile import ReconcileWorkflow

PROVIDERS = ("platform", "vnpay", "counter")


@dataclass
class Books:
    """A twin of the reconciliation; `troubles` are what it says of a provider, one after the other."""

    troubles: dict[str, list[Exception]] = field(default_factory=dict)
    asked: list[tuple[str, date]] = field(default_factory=list)
    instants: set[datetime] = field(default_factory=set)

    async def plan(self, ask: ReconcilePlanAsk) -> ReconcilePlan:
        yesterday = civil_date(ask.as_of) - timedelta(days=1)
        days = [{"provider": each, "day": yesterday, "as_of": ask.as_of} for each in PROVIDERS]
        return ReconcilePlan(days=tuple(ReconcileAsk.model_validate(each) for each in days))

    async def run(self, ask: ReconcileAsk) -> Reconciled:
        self.asked.append((ask.provider, ask.day))
        self.instants.add(ask.as_of)
        if troubles := self.troubles.get(ask.provider):
            raise troubles.pop(0)
        return Reconciled(provider=ask.provider, day=ask.day, found=1)


@pytest.fixture
async def world() -> AsyncIterator[WorkflowEnvironment]:
    """The engine under skipped time, without anybody's workers."""
    env = await WorkflowEnvironment.start_time_skipping(
        test_server_existing_path=str(TEST_SERVER), plugins=[motcua_plugin(None, PURE)], identity="tests"
    )
    async with env:
        yield env


async def a_round(world: WorkflowEnvironment, books: Books) -> ReconcileRound:
    activities = ReconciliationActivities(books)
    async with (
        Worker(world.client, task_queue=wire.DOSSIER_QUEUE, workflows=[ReconcileWorkflow]),
        Worker(world.client, task_queue=wire.OUTSIDE_QUEUE, activities=[activities.plan, activities.run]),
    ):
        found: ReconcileRound = await world.client.execute_workflow(
            ReconcileWorkflow.run, id=f"{wire.RECONCILE_SCHEDULE}-{uuid4()}", task_queue=wire.DOSSIER_QUEUE
        )
    return found


async def test_every_day_that_is_due_is_gone_through_as_of_one_instant(
    world: WorkflowEnvironment,
) -> None:
    books = Books()
    found = await a_round(world, books)

    assert sorted(provider for provider, _ in books.asked) == sorted(PROVIDERS)
    assert {each.provider for each in found.done} == set(PROVIDERS)
    assert books.instants == {found.as_of}
    assert found.failed == ()


async def test_a_provider_that_is_away_for_hours_is_waited_for(world: WorkflowEnvironment) -> None:
    """Skipped time: thirty attempts, ten minutes apart at last."""
    books = Books({"vnpay": [Unavailable("away") for _ in range(30)]})
    before = await world.get_current_time()
    found = await a_round(world, books)

    assert len([provider for provider, _ in books.asked if provider == "vnpay"]) == 31
    assert (await world.get_current_time()) - before > timedelta(hours=3)
    assert found.failed == ()


@pytest.mark.parametrize("trouble", [Invalid("line 7", field="line 7"), Refused("no statement here")])
async def test_a_statement_that_is_refused_keeps_none_of_the_others_from_theirs(
    world: WorkflowEnvironment, trouble: Exception
) -> None:
    """Asked for once: it is due again in the next round."""
    books = Books({"platform": [trouble]})
    found = await a_round(world, books)

    assert [each.provider for each in found.failed] == ["platform"]
    assert {each.provider for each in found.done} == {"vnpay", "counter"}
    assert len(books.asked) == len(PROVIDERS)


async def test_a_round_in_which_nothing_could_be_gone_through_fails(world: WorkflowEnvironment) -> None:
    with pytest.raises(WorkflowFailureError):
        await a_round(world, Books({each: [Refused("no")] for each in PROVIDERS}))


async def test_a_provider_that_stays_away_ends_with_the_night(world: WorkflowEnvironment) -> None:
    """Twenty hours, ten minutes apart at last; the next round begins anew, with the same day once more."""
    for _ in range(2):  # the test server takes an end that falls on a whole second for none: one round in a thousand
        books = Books({"platform": [Unavailable("away") for _ in range(1_000)]})
        found = await a_round(world, books)
        if books.troubles["platform"]:
            break

    assert [each.provider for each in found.failed] == ["platform"]
    assert 20 * 6 <= len(books.asked) - 2 <= 20 * 6 + 10
