"""Workers killed between the register's commit and the engine's: what was recorded counts, and counts once."""

from __future__ import annotations

from uuid import uuid4

import httpx
import pytest

from deploy.embedded.stack import Stack
from tests.e2e.equality import equal
from tests.e2e.kills import (
    Background,
    awaiting_payment,
    before_signer,
    dying_gateway,
    dying_worker,
    free,
    order_of,
    pay,
    settled,
    signer,
    story,
    types_in_register,
)
from tests.office import CENTRE, Office, eventually

REASONED = {"reason": "Người nộp xin rút", "unit": CENTRE}
GROUNDED = {"reason": "Không đủ điều kiện", "legal_basis": "NĐ 61/2018 Điều 19"}


def test_a_payment_that_comes_after_a_lost_answer_is_judged_after_the_command(fragile: Stack, counter: Office) -> None:
    """Withdrawn by a worker that died, then paid: both are told, in that order, and the money goes back."""
    dossier, url = awaiting_payment(counter)
    id_ = str(uuid4())
    with Background() as background:
        with dying_worker(fragile, "recorded", "dossier.withdrawn"):
            first = background.post(counter, dossier, "withdraw", id_=id_, **REASONED)
        pay(url)
        eventually(lambda: order_of(fragile, dossier)["callback_acknowledged"])
        fragile.workers[0].start()
        assert first.result().status_code in (200, 202)

    assert settled(counter, dossier, "withdraw", id_=id_, **REASONED).status_code == 200
    counter.waits_for(dossier, "payment.refunded")
    assert equal(fragile, dossier).state.business == "withdrawing"
    assert story(counter, dossier)[-3:] == ["dossier.withdrawn", "payment.surplus", "payment.refunded"]
    assert order_of(fragile, dossier)["refunded"]


def test_a_contrary_command_is_judged_by_the_register_when_engine_and_worker_forgot_the_first(
    fragile: Stack, counter: Office
) -> None:
    """Approved, worker killed, engine killed: a refusal by another clerk meets an approved dossier."""
    dossier = before_signer(counter)
    leader = signer(counter, dossier)
    with Background() as background:
        with dying_worker(fragile, "recorded", "dossier.approved"):
            first = background.post(counter, dossier, "approve", **leader)
        fragile.temporal.kill()
        assert first.result().status_code in (202, 503)
    fragile.temporal.start()
    fragile.workers[0].start()

    assert settled(counter, dossier, "refuse", **leader, **GROUNDED).status_code == 409
    assert equal(fragile, dossier).state.business == "resolved"
    assert story(counter, dossier)[-1] == "dossier.approved"
    counter.do(dossier, "return", data={"method": "counter"})
    assert equal(fragile, dossier).status == 10


@pytest.mark.parametrize("point", ["kept", "started"])
def test_a_submission_reaches_the_engine_though_its_gateway_dies_on_the_way(
    fragile: Stack, counter: Office, point: str
) -> None:
    """Killed after the commit, or when the engine has it but nothing says so: the relay hands it over, once."""
    fragile.workers[0].stop()
    reference = uuid4().hex
    with dying_gateway(fragile, point), pytest.raises(httpx.TransportError):
        counter.submit(free(), reference)
    fragile.gateways[0].start()
    assert counter.http.get("/readyz").json()["inbox_waiting"] == 1
    fragile.workers[0].start()

    dossier = counter.submit(free(), reference)
    eventually(lambda: counter.http.get("/readyz").json()["inbox_waiting"] == 0)
    counter.do(dossier, "accept")
    equal(fragile, dossier)
    assert story(counter, dossier) == ["dossier.submitted", "dossier.accepted"]


@pytest.mark.parametrize("point", ["kept", "started"])
def test_a_submission_reaches_the_engine_though_the_relay_dies_on_the_way(
    fragile: Stack, counter: Office, point: str
) -> None:
    """Left to the relay by an outage, claimed, or even started, by one that died: it is handed over by the next."""
    reference = uuid4().hex
    fragile.temporal.kill()
    dossier = counter.submit(free(), reference)
    fragile.temporal.start()
    with dying_worker(fragile, point):
        assert types_in_register(fragile, dossier) == ["dossier.submitted"]
    fragile.workers[0].start()

    counter.do(dossier, "accept")
    assert counter.submit(free(), reference) == dossier
    equal(fragile, dossier)
    assert story(counter, dossier) == ["dossier.submitted", "dossier.accepted"]


def test_a_submission_waits_for_a_worker(fragile: Stack, counter: Office) -> None:
    """With no worker at all, what was accepted is kept, and goes on once there is one."""
    fragile.workers[0].kill()
    dossier = counter.submit(free())
    fragile.workers[0].start()
    counter.do(dossier, "accept")
    equal(fragile, dossier)
