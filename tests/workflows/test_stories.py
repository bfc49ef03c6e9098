"""The lives of dossiers, told to the real workflow: what happens, in which order, and that it ends."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from temporalio.client import WorkflowExecutionStatus

from domain.dossier import Act
from domain.errors import DomainError, Forbidden, Invalid, NotAllowed
from domain.milestones import ClockKind
from schema import wire
from tests import stories
from tests.stories import COMMUNE, ECONOMY, HOUSE, Dossier, Story, World

AT_THE_COUNTER = [
    "dossier.submitted",
    "dossier.found_complete",
    "payment.received",
    "dossier.accepted",
    "dossier.forwarded",
    "step.proposed",
    "dossier.approved",
    "result.returned",
]
ONLINE = [
    "dossier.submitted",
    "dossier.found_complete",
    "payment.ordered",
    "payment.opened",
    "payment.received",
    "dossier.accepted",
    "dossier.forwarded",
    "step.proposed",
    "dossier.approved",
    "result.returned",
]


@pytest.mark.parametrize(
    "story, status, types",
    [
        (stories.granted_at_the_counter, 10, AT_THE_COUNTER),
        (stories.granted_online, 10, ONLINE),
        (stories.not_accepted, 3, ["dossier.submitted", "dossier.refused"]),
        (stories.refused_after_appraisal, 8, [*AT_THE_COUNTER[:5], "dossier.refused", "result.returned"]),
        (stories.withdrawn, 8, [*AT_THE_COUNTER[:5], "dossier.withdrawn", "dossier.stopped", "result.returned"]),
        (stories.order_failed, 10, [*ONLINE[:4], "payment.failed", *ONLINE[2:]]),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
async def test_a_life_from_submission_to_its_end(world: World, story: Story, status: int, types: list[str]) -> None:
    """Every road through the procedure ends, with the national code and the events of that road."""
    dossier = await story(world)
    await dossier.ended()

    assert dossier.types == types
    assert dossier.case.status == status
    assert dossier.case.is_closed


async def test_register_and_workflow_know_the_same(world: World) -> None:
    """What the workflow answers is the fold of the events in the register."""
    dossier = await stories.granted_after_supplements(world)
    await dossier.ended()

    assert await dossier.is_one_story()


async def test_two_departments_work_side_by_side(world: World) -> None:
    """The steps of one stage are open together, in any order; the next stage waits for all of them."""
    dossier = await (await world.a_dossier(procedure=HOUSE)).in_review()
    while len(dossier.case.open_steps()) == 1:
        only = dossier.case.open_steps()[0]
        await dossier.propose(only.code, only.unit)
    first, second = dossier.case.open_steps()
    await dossier.propose(second.code, second.unit)

    assert [step.code for step in dossier.case.open_steps()] == [first.code]
    with pytest.raises(NotAllowed, match="not before the signer yet"):
        await dossier.do("approve", "leader", first.unit)
    with pytest.raises((NotAllowed, Forbidden)):
        await dossier.propose(second.code, second.unit)
    await dossier.propose(first.code, first.unit)
    assert {step.code for step in dossier.case.open_steps()}.isdisjoint({first.code, second.code})


async def test_a_fee_before_return_blocks_the_result(world: World) -> None:
    """A fee collected before return: the result is ready, but not handed over before it is paid (Art. 20, 22)."""
    dossier = await (await world.a_dossier(procedure=HOUSE)).resolved()

    assert dossier.case.owes
    with pytest.raises(NotAllowed, match="still owed"):
        await dossier.give_back()
    await dossier.pay()
    await dossier.give_back()
    await dossier.ended()
    assert dossier.case.status == 10


async def test_an_online_result_returns_by_itself(world: World) -> None:
    """A dossier filed for online return needs no act after the signature."""
    dossier = await stories.granted_online(world)

    assert dossier.story[-1].actor.role == "engine"
    assert dossier.story[-1].data["method"] == "online"


async def test_a_dossier_filed_online_goes_on_at_once(world: World) -> None:
    """Online dossiers are forwarded with their acceptance (Art. 18); at the counter a clerk forwards."""
    online = await stories.granted_online(world)
    counter = await (await world.a_dossier()).accepted()

    assert online.types[5:7] == ["dossier.accepted", "dossier.forwarded"]
    assert counter.types[-1] == "dossier.accepted"


async def test_papers_asked_for_before_acceptance(world: World) -> None:
    """No processing clock has started; the time to answer an online filing begins afresh with the papers."""
    dossier = await world.online()
    answer_by = dossier.clock(ClockKind.ACCEPTANCE).due
    await dossier.ask_for_papers()

    assert dossier.case.status == 5
    assert dossier.case.clock(ClockKind.PROMISED) is None
    await world.skip(days=1)
    await dossier.hand_in()
    assert (dossier.clock(ClockKind.ACCEPTANCE).due - answer_by).days == 1
    assert dossier.case.status == 1


async def test_papers_asked_for_after_acceptance_restart_the_term(world: World) -> None:
    """The term is counted again from zero once the dossier is complete (Art. 19(4)): Monday, then Wednesday."""
    dossier = await (await world.a_dossier()).in_review()
    due = dossier.clock(ClockKind.STATUTORY).due
    await dossier.ask_for_papers("officer", ECONOMY)
    await world.skip(days=2)
    await dossier.hand_in()

    assert f"{due:%a %H:%M}" == "Thu 17:00"
    assert f"{dossier.clock(ClockKind.STATUTORY).due:%a %H:%M}" == "Mon 17:00"
    assert dossier.case.stops == ((dossier.story[-2].occurred_at, dossier.story[-1].occurred_at),)


@pytest.mark.parametrize("accepted", [False, True], ids=["at receipt", "at appraisal"])
async def test_papers_are_asked_for_once(world: World, accepted: bool) -> None:
    """One complete request at receipt and one at appraisal; a second one is refused (Art. 11(2c), 15(3), 19(4))."""
    dossier = await world.a_dossier()
    asks = ("officer", ECONOMY) if accepted else ("clerk", COMMUNE)
    if accepted:
        await dossier.in_review()
    await dossier.ask_for_papers(*asks)
    await dossier.hand_in()

    with pytest.raises(NotAllowed, match="already asked for once"):
        await dossier.ask_for_papers(*asks)


async def to(dossier: Dossier, where: str) -> None:
    """Take a dossier just filed at the counter that far."""
    if where == "incomplete":
        await dossier.ask_for_papers()
    elif where == "complete":
        await dossier.accept()
    elif where == "accepted":
        await dossier.accepted()
    elif where != "submitted":
        await dossier.in_review()
    if where == "supplementing":
        await dossier.ask_for_papers("officer", ECONOMY)


@pytest.mark.parametrize("where", ["submitted", "incomplete", "complete", "accepted", "processing", "supplementing"])
async def test_a_dossier_is_withdrawn_from_any_open_state(world: World, where: str) -> None:
    """The applicant may take it back until it is decided; the one-stop closes it and gives the papers back."""
    dossier = await world.a_dossier()
    await to(dossier, where)
    assert dossier.case.state.business == where
    await dossier.do("withdraw", "applicant", None)

    assert dossier.case.status == 7
    await dossier.do("stop")
    await dossier.give_back()
    await dossier.ended()
    assert dossier.case.status == 8


async def test_what_is_decided_is_not_withdrawn(world: World) -> None:
    """After the signature the applicant collects the result; there is nothing to take back."""
    dossier = await (await world.a_dossier()).resolved()

    with pytest.raises(NotAllowed) as refusal:
        await dossier.do("withdraw", "applicant", None)
    assert refusal.value.remedy == "possible now: return"


async def test_the_same_command_again_gets_the_same_answer(world: World) -> None:
    """The id of a command is its idempotency key: one event, one answer, also after the end."""
    dossier = await world.a_dossier()
    command = await dossier.command("refuse")
    handle = dossier.handle
    answers = [
        await handle.execute_update(wire.COMMAND_UPDATE, command, id=str(command.id), result_type=dict)
        for _ in range(3)
    ]

    assert answers[0] == answers[1] == answers[2]
    assert dossier.types == ["dossier.submitted", "dossier.refused"]


@pytest.mark.parametrize(
    "name, role, unit, kind",
    [
        ("approve", "leader", COMMUNE, NotAllowed),
        ("accept", "officer", COMMUNE, Forbidden),
        ("accept", "clerk", "000.00.62.H48", Forbidden),
        ("order", "clerk", COMMUNE, Forbidden),
        ("publish", "engine", COMMUNE, Forbidden),
    ],
)
async def test_a_refused_command_leaves_nothing(
    world: World, name: str, role: str, unit: str, kind: type[DomainError]
) -> None:
    """A refusal names field and remedy, and nothing is written; the engine's own acts are nobody's to order."""
    dossier = await world.a_dossier()
    with pytest.raises(kind) as refusal:
        await dossier.do(name, role, unit)

    assert refusal.value.field
    assert refusal.value.remedy
    assert dossier.types == ["dossier.submitted"]
    assert world.register.asked == 0


async def test_money_that_is_not_the_fee_is_refused(world: World) -> None:
    """At the counter the whole amount is taken, no more and no less."""
    dossier = await world.a_dossier()
    await dossier.accept()

    with pytest.raises(Invalid) as refusal:
        await dossier.do("pay", amount=99_999, means="cash")
    assert refusal.value.field == "data.amount"


async def test_a_version_that_is_gone_is_refused(world: World) -> None:
    """Who decides on what he has read says which version; if the dossier moved on, he reads again."""
    dossier = await world.a_dossier()
    await dossier.accept(expected_version=1)

    with pytest.raises(NotAllowed) as refusal:
        await dossier.do("withdraw", "applicant", None, expected_version=1)
    assert refusal.value.field == "expected_version"


async def test_commands_at_once_are_done_one_after_another(world: World) -> None:
    """Five clerks take the same fee in the same instant: one payment; the others are judged by what it left."""
    dossier = await world.a_dossier()
    await dossier.accept()
    found = await asyncio.gather(*(dossier.pay() for _ in range(5)), return_exceptions=True)

    assert sum(isinstance(each, NotAllowed) for each in found) == 4
    assert dossier.types.count("payment.received") == 1


async def test_no_code_left_while_the_engine_accepts(world: World) -> None:
    """The 10,000th acceptance of a day waits, visible, and gets a code of the next day; its clock starts then."""
    dossier = await world.a_dossier()
    await dossier.accept()
    today = (await world.now()).astimezone(stories.VIETNAM).date()
    world.register.counters[f"code/{COMMUNE}", today] = 9_999
    asked = world.register.asked
    await dossier.pay()
    await stories.eventually(lambda: world.register.asked >= asked + 2)

    assert dossier.types[-1] == "payment.received"
    assert world.register.counters[f"code/{COMMUNE}", today] == 9_999
    await world.skip(hours=25)
    accepted = await dossier.until("dossier.accepted")
    tomorrow = today + timedelta(days=1)
    assert accepted.data["code"].endswith(f"-{tomorrow:%y%m%d}-0001")
    assert accepted.occurred_at.astimezone(stories.VIETNAM).date() == tomorrow


async def test_no_code_left_is_told_to_the_clerk(world: World) -> None:
    """Where a clerk accepts, the refusal is the answer: nothing was written, and another day will do."""
    dossier = await world.a_dossier(procedure="2.000908")
    today = (await world.now()).astimezone(stories.VIETNAM).date()
    world.register.counters[f"code/{COMMUNE}", today] = 9_999

    with pytest.raises(Invalid) as refusal:
        await dossier.accept()
    assert "accept on the next day" in refusal.value.remedy
    assert dossier.types == ["dossier.submitted"]
    await dossier.do("refuse")
    await dossier.ended()


async def test_every_act_is_known_to_the_story() -> None:
    """Acts that people may order are told in these stories, so that none is forgotten."""
    told = {"accept", "request_supplement", "supplement", "refuse", "pay", "forward", "propose", "approve"}
    told |= {"withdraw", "stop", "return", "require_duty", "suspend", "resume"}
    told |= {"answer_in_time", "answer_late", "sign_apology", "move_appointment"}
    told |= {"waive", "choose_provider"}  # in test_payments

    assert {str(act) for act in Act} - told == {"find_complete", "order", "settle", "fail", "publish"}


async def test_the_workflow_is_over_when_the_dossier_is(world: World) -> None:
    """A closed dossier needs no engine: its workflow has completed, not merely fallen silent."""
    dossier = await stories.not_accepted(world)
    await dossier.ended()

    assert (await dossier.handle.describe()).status is WorkflowExecutionStatus.COMPLETED
