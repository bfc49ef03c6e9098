"""The engine killed in the middle of commands, and away: it learns from the register what it forgot."""

from __future__ import annotations

from uuid import uuid4

from deploy.embedded.stack import Stack
from tests.e2e.equality import equal
from tests.e2e.kills import (
    Background,
    HeldRows,
    awaiting_payment,
    before_signer,
    free,
    grows,
    in_review,
    order_of,
    pay,
    proposal,
    settled,
    signer,
    story,
    types_in_register,
)
from tests.office import COMMUNE, Json, Office, eventually

REASONED = {"reason": "Người nộp xin rút"}
Order = tuple[str, str, Json]


def forgotten(stack: Stack, office: Office, *orders: Order) -> list[int]:
    """Have commands recorded by the register while the engine is killed under them, so that it forgets them.

    Returns how each was answered while the engine was away: a caller who is told 200 asks no second time.
    """
    before = {dossier: len(types_in_register(stack, dossier)) for dossier, _, _ in orders}
    with Background() as background:
        with HeldRows(stack, *before) as held:
            answers = [background.post(office, dossier, name, **body) for dossier, name, body in orders]
            eventually(held.are_awaited)
            stack.temporal.kill()
            held.release()
            for dossier, count in before.items():
                grows(stack, dossier, beyond=count)
        statuses = [answer.result().status_code for answer in answers]
    stack.temporal.start()
    return statuses


def test_the_engine_is_killed_in_the_middle_of_commands(fragile: Stack, counter: Office) -> None:
    """Recorded, then forgotten by the engine: the same id is answered, the next act fits, a contrary one does not."""
    repeated, next_act, contrary, again = (
        in_review(counter),
        in_review(counter),
        in_review(counter),
        before_signer(counter),
    )
    id_ = str(uuid4())
    leader = signer(counter, again)
    opinion = {"id_": id_, **proposal(counter, repeated)}
    forgotten(
        fragile,
        counter,
        (repeated, "propose", opinion),
        (next_act, "propose", proposal(counter, next_act)),
        (contrary, "withdraw", REASONED),
        (again, "approve", leader),
    )

    assert settled(counter, repeated, "propose", **opinion).status_code == 200
    assert settled(counter, next_act, "approve", **signer(counter, next_act)).status_code == 200
    assert settled(counter, contrary, "propose", **proposal(counter, repeated)).status_code == 409
    assert settled(counter, again, "approve", **leader).status_code == 409
    for dossier in (repeated, next_act, contrary, again):
        equal(fragile, dossier)
    assert story(counter, next_act)[-2:] == ["step.proposed", "dossier.approved"]
    assert story(counter, contrary)[-1] == "dossier.withdrawn"
    assert story(counter, again)[-1] == "dossier.approved"


def test_the_engine_goes_on_after_a_command_that_it_forgot(fragile: Stack, counter: Office) -> None:
    """Cash taken and recorded, the engine killed: the caller is told to repeat, and acceptance follows by itself."""
    dossier = counter.submit()
    counter.do(dossier, "accept")
    owed = counter.show(dossier)["fee"]["total"]
    cash = {"id_": str(uuid4()), "data": {"amount": owed, "means": "cash"}}
    (status,) = forgotten(fragile, counter, (dossier, "pay", cash))
    assert status in (202, 503)

    assert settled(counter, dossier, "pay", **cash).status_code == 200
    counter.waits_for(dossier, "dossier.accepted")
    equal(fragile, dossier)


def test_without_the_engine_intake_goes_on_and_catches_up(fragile: Stack, counter: Office) -> None:
    """Engine away: submissions 201, call-backs 200, commands 503 with Retry-After; back, and all is done."""
    paid, url = awaiting_payment(counter)
    commanded = in_review(counter)
    opinion = {"id_": str(uuid4()), **proposal(counter, commanded)}
    fragile.temporal.kill()

    answer = counter.post_submission(free())
    assert answer.status_code == 201
    submitted = answer.json()["dossier"]
    pay(url)
    eventually(lambda: order_of(fragile, paid)["callback_acknowledged"])
    refused = counter.post(commanded, "propose", **dict(opinion))
    assert (refused.status_code, refused.headers["Retry-After"].isdigit()) == (503, True)
    assert counter.http.get("/readyz").json()["engine"] == "away"
    fragile.temporal.start()

    counter.waits_for(paid, "payment.received")
    counter.do(submitted, "accept", unit=COMMUNE)
    assert settled(counter, commanded, "propose", **opinion).status_code == 200
    for dossier in (paid, submitted, commanded):
        equal(fragile, dossier)
    assert story(counter, commanded)[-1] == "step.proposed"
    counter.waits_for(paid, "dossier.forwarded")
