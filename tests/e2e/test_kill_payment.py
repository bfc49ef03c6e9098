"""Killed around a payment: what the platform debited is recorded once, however late we hear of it."""

from __future__ import annotations

import pytest

from deploy.embedded.stack import Stack
from tests.e2e.equality import equal
from tests.e2e.kills import (
    WORK_PERMIT,
    Background,
    awaiting_payment,
    dying_worker,
    hold_callbacks,
    order_of,
    pay,
    story,
    whole,
)
from tests.office import CENTRE, Office, eventually

PAID_STORY = [
    "dossier.submitted",
    "dossier.found_complete",
    "payment.ordered",
    "payment.opened",
    "payment.received",
    "dossier.accepted",
    "dossier.forwarded",
]


def test_a_debit_is_recorded_though_gateway_and_worker_died_before_they_heard_of_it(
    fragile: Stack, counter: Office
) -> None:
    """Debited, then both killed: the platform calls back until the gateway keeps it, and a worker takes it over."""
    dossier, url = awaiting_payment(counter)
    hold_callbacks(fragile, hold=True)
    pay(url)
    fragile.gateways[0].kill()
    fragile.workers[0].kill()
    hold_callbacks(fragile, hold=False)
    eventually(lambda: order_of(fragile, dossier)["callback_attempts"])
    assert order_of(fragile, dossier)["callback_acknowledged"] is None

    fragile.gateways[0].start()
    eventually(lambda: order_of(fragile, dossier)["callback_acknowledged"])
    assert "payment.received" not in story(counter, dossier)
    fragile.workers[0].start()
    counter.waits_for(dossier, "dossier.forwarded")
    equal(fragile, dossier)
    assert story(counter, dossier) == PAID_STORY


def test_a_payment_is_recorded_once_though_the_worker_died_after_recording_it(fragile: Stack, counter: Office) -> None:
    """The engine tells the next worker of the call-back again; the register knows it already."""
    dossier, url = awaiting_payment(counter)
    with dying_worker(fragile, "recorded", "payment.received"):
        pay(url)
    fragile.workers[0].start()
    counter.waits_for(dossier, "dossier.forwarded")
    equal(fragile, dossier)
    assert story(counter, dossier) == PAID_STORY


@pytest.mark.parametrize("lost", ["payment.ordered", "payment.opened"])
def test_an_order_is_opened_once_though_the_worker_died_over_it(fragile: Stack, counter: Office, lost: str) -> None:
    """Died with the attempt noted, or with its page known and paid since: it stays one order, paid once."""
    dossier = counter.submit(whole(WORK_PERMIT, CENTRE, channel="online", return_method="online"))
    with Background() as background:
        with dying_worker(fragile, "recorded", lost):
            background.post(counter, dossier, "accept", unit=CENTRE)
        if lost == "payment.opened":
            pay(order_url(counter, dossier))
            eventually(lambda: order_of(fragile, dossier)["callback_acknowledged"])
    fragile.workers[0].start()
    counter.waits_for(dossier, "payment.opened")
    if lost == "payment.ordered":
        pay(order_url(counter, dossier))
    counter.waits_for(dossier, "dossier.forwarded")
    assert order_of(fragile, dossier)["state"] == "succeeded"
    equal(fragile, dossier)
    assert story(counter, dossier) == PAID_STORY


def order_url(office: Office, dossier: str) -> str:
    """The page to pay on, as the gateway shows it."""
    return str(office.show(dossier)["payment"]["url"])
