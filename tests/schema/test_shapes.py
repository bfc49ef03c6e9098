"""What crosses a process boundary may only grow: messages against their frozen shapes, and the names on the wire."""

from __future__ import annotations

from copy import deepcopy
from typing import Any
from uuid import UUID

import pytest

from domain.dossier import Act, Business, Delivery, Finance, Synchronisation
from domain.milestones import ClockKind, Rung
from schema import wire
from schema.events import EventType
from schema.watch import Look, WatchKind
from tests.schema.shapes import frozen, shapes, shrunk

KEPT, PRESENT = frozen(), shapes()

NAMES = {
    "DOSSIER_QUEUE": "dossier",
    "OUTSIDE_QUEUE": "outside",
    "WATCH_QUEUE": "watch",
    "DOSSIER_WORKFLOW": "dossier",
    "REFUND_WORKFLOW": "refund",
    "WATCH_WORKFLOW": "watch",
    "WATCH_SCHEDULE": "watch",
    "WATCH_ID": "watch/round",
    "CAMPAIGN_QUEUE": "campaign",
    "CAMPAIGN_WORKFLOW": "campaign",
    "REDATE_UPDATE": "redate",
    "APPROVE_UPDATE": "approve",
    "ASK_PROVIDER": "payments.ask",
    "ASK_STALE": "payments.ask_stale",
    "STALE_WORKFLOW": "stale-attempts",
    "STALE_SCHEDULE": "stale-attempts",
    "RECONCILE_WORKFLOW": "reconcile",
    "RECONCILE_SCHEDULE": "reconcile",
    "RECONCILE_PLAN": "reconciliation.plan",
    "RECONCILE_DAY": "reconciliation.run",
    "COMMAND_UPDATE": "command",
    "PAYMENT_SIGNAL": "payment-reported",
    "CASE_QUERY": "case",
    "LOAD": "register.load",
    "RECORD": "register.record",
    "OPEN_ORDER": "payments.open",
    "QUERY_ORDER": "payments.query",
    "REFUND_ORDER": "payments.refund",
    "HAVE_A_LOOK": "watch.look",
    "PLAN_PAGE": "campaign.plan",
    "CARRY_OUT": "campaign.carry_out",
    "CONCLUDE": "campaign.conclude",
    "SEARCH_PROCEDURE": "Procedure",
    "SEARCH_UNIT": "Unit",
    "SEARCH_CHANNEL": "Channel",
    "SEARCH_STATUS": "DossierStatus",
    "SEARCH_DUE": "DueAt",
}
STORED = {
    Business: "submitted incomplete complete not_accepted accepted processing supplementing awaiting_duty"
    " suspended withdrawing resolved refused stopped",
    Finance: "nothing_due owed ordered paid",
    Delivery: "not_ready ready returned",
    Synchronisation: "unpublished due published",
    Act: "find_complete accept request_supplement supplement refuse forward propose require_duty suspend"
    " resume answer_in_time answer_late sign_apology move_appointment approve withdraw stop return pay order settle"
    " fail publish",
    ClockKind: "acceptance forwarding promised statutory step moved supplement payment collection",
    Rung: "warn ask silence remind breach one_stop province",
    WatchKind: "rung_missed acceptance_overdue apology_undone step_stuck inbox_waiting engine_trouble no_workflow"
    " workflow_behind row_differs",
    Look: "dossiers inbox register engine",
    EventType: "dossier.submitted dossier.found_complete dossier.accepted dossier.supplement_requested"
    " dossier.supplemented dossier.refused dossier.forwarded step.proposed dossier.duty_required dossier.suspended"
    " dossier.resumed dossier.redated deadline.in_time deadline.late apology.signed appointment.moved dossier.approved"
    " dossier.withdrawn"
    " dossier.stopped result.returned payment.ordered payment.opened payment.received payment.failed payment.surplus"
    " payment.refunded clock.warned clock.asked clock.breached clock.escalated",
}


@pytest.mark.parametrize("name", KEPT)
def test_a_message_only_grows(name: str) -> None:
    """Nothing is renamed, retyped or removed, and what is new has a default: dossiers under way hold the old shape."""
    assert name in PRESENT, f"{name} is gone, but messages under way may be of its kind"
    assert list(shrunk(KEPT[name], PRESENT[name], name)) == []


@pytest.mark.parametrize("name", PRESENT)
def test_the_frozen_shape_is_of_today(name: str) -> None:
    """What has grown is kept too, so that it cannot shrink again: `python -m tests.schema.shapes`."""
    assert KEPT.get(name) == PRESENT[name]


def test_names_on_the_wire_stay() -> None:
    """Workflows, queues, updates and search attributes are found by these names by everything that runs."""
    assert {name: value for name, value in vars(wire).items() if isinstance(value, str) and name.isupper()} == NAMES
    dossier = UUID("0190f5c0-0000-7000-8000-000000000000")
    assert wire.dossier_workflow_id(dossier) == f"dossier/{dossier}"
    assert wire.refund_workflow_id(dossier) == f"refund/{dossier}"
    assert wire.campaign_workflow_id(dossier) == f"campaign/{dossier}"


@pytest.mark.parametrize("kind", STORED, ids=lambda kind: kind.__name__)
def test_stored_words_stay(kind: Any) -> None:
    """States, acts, clocks and event types stand in rows and events: a word may be added, never changed."""
    assert set(STORED[kind].split()) <= {str(each) for each in kind}


BENT = [
    ("removed", lambda s: s["properties"].pop("digest"), "is gone"),
    ("retyped", lambda s: s["properties"]["digest"].update(type="integer"), "became"),
    ("made required", lambda s: s["required"].append("late"), "has no default"),
    ("another default", lambda s: s["properties"]["late"].update(default=True), "became"),
    ("a word less", lambda s: s["$defs"]["Act"]["enum"].remove("withdraw"), "is gone"),
]


@pytest.mark.parametrize("bend, complaint", [row[1:] for row in BENT], ids=[row[0] for row in BENT])
def test_a_bent_shape_is_noticed(bend: Any, complaint: str) -> None:
    """The guard is alive: each way to break older messages is complained of."""
    bent = deepcopy(KEPT["Command"])
    bend(bent)

    assert [each for each in shrunk(KEPT["Command"], bent, "Command") if complaint in each]


def test_growth_is_welcome() -> None:
    """A new field with a default and a new word of an enumeration are no complaint."""
    grown = deepcopy(KEPT["Command"])
    grown["properties"]["priority"] = {"default": 0, "type": "integer"}
    grown["$defs"]["Act"]["enum"].append("apologise")

    assert list(shrunk(KEPT["Command"], grown, "Command")) == []
