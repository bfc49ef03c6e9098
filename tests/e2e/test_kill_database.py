"""The database killed in the middle of commands, and away for minutes: late, but nothing is lost, double or stuck."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from temporalio.client import Client, WorkflowUpdateStage
from temporalio.common import SearchAttributeKey, WorkflowIDReusePolicy
from temporalio.service import RPCError

from deploy.embedded.stack import Stack
from domain.dossier import Act
from domain.duties import Role
from schema import wire
from schema.case import Start
from schema.messages import Actor, Answer, Command
from schema.payments import PaymentReport
from tests.e2e.equality import engine_of, equal, finished
from tests.e2e.kills import (
    Background,
    HeldRows,
    awaiting_payment,
    before_signer,
    free,
    grows,
    in_review,
    proposal,
    settled,
    signer,
    story,
    types_in_register,
)
from tests.office import COMMUNE, Office, eventually

AWAY_SECONDS = 300
MOST_ATTEMPTS = 3
"""Of one workflow task: the server flags a dossier after a minute of failures, and a short run is over before."""
PROBLEMS = SearchAttributeKey.for_keyword_list("TemporalReportedProblems")


def test_the_database_is_killed_in_the_middle_of_commands(fragile: Stack, counter: Office) -> None:
    """Killed while `record` waits in its transaction: the same id is answered once it is back, and acts once."""
    proposed, approved = in_review(counter), before_signer(counter)
    opinion = {"id_": str(uuid4()), **proposal(counter, proposed)}
    signature = {"id_": str(uuid4()), **signer(counter, approved)}
    assert fragile.postgres is not None
    with Background() as background:
        with HeldRows(fragile, proposed, approved) as held:
            answers = [
                background.post(counter, proposed, "propose", **opinion),
                background.post(counter, approved, "approve", **signature),
            ]
            eventually(held.are_awaited)
            fragile.postgres.kill()
        fragile.postgres.start()
        assert {answer.result().status_code for answer in answers} <= {200, 202, 503}

    assert settled(counter, proposed, "propose", **opinion).status_code == 200
    assert settled(counter, approved, "approve", **signature).status_code == 200
    assert settled(counter, proposed, "approve", **signer(counter, proposed)).status_code == 200
    for dossier in (proposed, approved):
        equal(fragile, dossier)
        assert story(counter, dossier)[-2:] == ["step.proposed", "dossier.approved"]


@pytest.mark.soak
def test_a_long_outage_with_a_cold_cache_leaves_no_dossier_flagged_or_stuck(
    fragile: Stack, counter: Office, scale: int
) -> None:
    """Workers restarted without the database, dossiers with armed clocks, commands, payments and starts arriving."""
    reviewed = [in_review(counter) for _ in range(4)]
    signed = [before_signer(counter) for _ in range(2)]
    accepted = counter.submit(free())
    counter.do(accepted, "accept")
    paid, _ = awaiting_payment(counter)
    opinions = {dossier: proposal(counter, dossier) for dossier in reviewed}
    order = counter.show(paid)["payment"]
    known = {dossier: len(counter.types(dossier)) for dossier in [*reviewed, *signed, paid]}
    fragile.workers[0].kill()
    fragile.temporal.kill()
    fresh = counter.submit(free())  # kept, and not yet in the engine
    fragile.temporal.start()
    assert fragile.postgres is not None
    fragile.postgres.kill()
    fragile.workers[0].start()
    reference = uuid4().hex
    turned_away = counter.post_submission(free(), reference)
    assert (turned_away.status_code, turned_away.headers["Retry-After"].isdigit()) == (503, True)

    orders = [_command(d, Act.PROPOSE, Role.OFFICER, o["unit"], step=o["data"]["step"]) for d, o in opinions.items()]
    orders += [_command(dossier, Act.APPROVE, Role.LEADER, COMMUNE) for dossier in signed]
    report = PaymentReport(
        reference=order["reference"],
        outcome="succeeded",
        amount=order["amount"],
        currency="VND",
        transaction=uuid4().hex,
    )
    everything = [*reviewed, *signed, accepted, paid, fresh]
    flagged = finished(_outage(fragile, AWAY_SECONDS / scale, orders, fresh, paid, report, everything))
    fragile.postgres.start()

    assert flagged == set()
    everything.append(fresh_too := counter.submit(free(), reference))
    for dossier, count in known.items():
        grows(fragile, dossier, beyond=count)
    assert {types_in_register(fragile, dossier)[-1] for dossier in reviewed} == {"step.proposed"}
    assert {types_in_register(fragile, dossier)[-1] for dossier in signed} == {"dossier.approved"}
    for dossier in everything:
        _finish(counter, dossier, fresh=dossier in (fresh, fresh_too), online=dossier == paid)
        equal(fragile, dossier)
    assert finished(_flagged_now(fragile, everything)) == set()


async def _outage(
    stack: Stack,
    seconds: float,
    orders: list[Command],
    fresh: str,
    paid: str,
    report: PaymentReport,
    everything: list[str],
) -> set[str]:
    """Send what arrives by the engine's own roads while the database is away; who was flagged meanwhile."""
    client = await engine_of(stack)
    for order in orders:
        asyncio.get_running_loop().create_task(_send(client, order))
    await client.start_workflow(
        wire.DOSSIER_WORKFLOW,
        Start(dossier=UUID(fresh)),
        id=wire.dossier_workflow_id(UUID(fresh)),
        task_queue=wire.DOSSIER_QUEUE,
        id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
    )
    await client.get_workflow_handle(wire.dossier_workflow_id(UUID(paid))).signal(wire.PAYMENT_SIGNAL, report)
    over, flagged = time.monotonic() + seconds, set[str]()
    while time.monotonic() < over:
        flagged |= await _flagged(client, everything)
        await asyncio.sleep(1)
    return flagged


async def _send(client: Client, command: Command) -> None:
    handle = client.get_workflow_handle(wire.dossier_workflow_id(command.dossier))
    try:
        await handle.start_update(
            wire.COMMAND_UPDATE,
            command,
            id=str(command.id),
            wait_for_stage=WorkflowUpdateStage.ACCEPTED,
            result_type=Answer,
        )
    except RPCError:
        return  # the answer does not matter: the register says what came of it


async def _flagged_now(stack: Stack, dossiers: list[str]) -> set[str]:
    return await _flagged(await engine_of(stack), dossiers)


async def _flagged(client: Client, dossiers: list[str]) -> set[str]:
    found = set()
    for dossier in dossiers:
        try:
            described = await client.get_workflow_handle(wire.dossier_workflow_id(UUID(dossier))).describe()
        except RPCError:
            continue  # not started yet
        attempts = described.raw_description.pending_workflow_task.attempt
        if described.typed_search_attributes.get(PROBLEMS) or attempts > MOST_ATTEMPTS:
            found.add(dossier)
    return found


def _command(dossier: str, act: Act, role: Role, unit: str, **data: str) -> Command:
    return Command(
        id=uuid4(),
        dossier=UUID(dossier),
        name=act,
        actor=Actor(system="one-stop", role=role, unit=unit),
        occurred_at=datetime.now(UTC),
        digest="test",
        data={"outcome": "agree", **data} if act is Act.PROPOSE else {},
    )


def _finish(office: Office, dossier: str, *, fresh: bool, online: bool) -> None:
    if fresh:
        office.do(dossier, "accept")
    if online:
        office.waits_for(dossier, "dossier.forwarded")
    if "dossier.forwarded" not in office.types(dossier):
        office.do(dossier, "forward")
    if "dossier.approved" not in office.types(dossier):
        office.review(dossier)
    if online:
        eventually(lambda: office.show(dossier)["closed"])
    else:
        office.do(dossier, "return", data={"method": "counter"})
    assert office.show(dossier)["status"] == 10
