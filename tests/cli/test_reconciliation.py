"""The reconciliation's commands against the running product: a debit that nobody told of is found, told, and gone."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest
from temporalio.client import Client, ScheduleActionStartWorkflow

from adapters.schedules import NIGHT
from deploy.embedded.stack import NAMESPACE, Stack
from domain.instants import civil_date
from schema import wire
from tests.cli.test_bad_input import NOBODY, motcua
from tests.e2e.kills import awaiting_payment, order_of, pay
from tests.office import Office
from tests.stories import eventually

BY = ("--officer", "KT-3")
HEADER = "transaction;reference;kind;amount;currency;instant"
NEVER = 86_400
"""Seconds that no test lives to see."""


def asked(stack: Stack, *arguments: str) -> Any:
    """What a command answers, as JSON."""
    done = motcua(stack, *arguments, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_debit_that_nobody_told_of_is_found_and_told(stack: Stack, office: Office) -> None:
    """The platform debits, calls nobody back and answers no question; its statement proves it all the same."""
    dossier, page = awaiting_payment(office)
    reference = order_of(stack, dossier)["reference"]
    faults = {"timeout_after_debit": {"seconds": NEVER}}
    assert httpx.post(f"{stack.payments_url}/orders/{reference}/faults", json=faults).status_code == 200
    pay(page)
    day = civil_date(datetime.now(UTC)).isoformat()
    chosen = ("reconcile", "--day", day, "--provider", "platform")

    (dry,) = asked(stack, *chosen, "--dry-run")
    mine = [each for each in dry["discrepancies"] if each["reference"] == reference]
    assert [(each["kind"], each["repair"], each["dossier"]) for each in mine] == [
        ("debit_unknown_to_us", "call_back", dossier)
    ]
    assert (dry["done"], "payment.received" in office.types(dossier)) == (None, False)
    (done,) = asked(stack, *chosen)
    assert done["done"]["repaired"] >= 1
    office.waits_for(dossier, "payment.received")

    (row,) = [row for row in asked(stack, "discrepancies", "--day", day) if row["reference"] == reference]
    assert (row["kind"], row["repair_state"], row["closed_at"]) == ("debit_unknown_to_us", "done", None)
    told = motcua(stack, *chosen)
    assert (told.returncode, f"platform, {day}" in told.stdout) == (0, True)
    (row,) = [row for row in asked(stack, "discrepancies", "--day", day) if row["reference"] == reference]
    assert (row["reason"], row["closed_by"]) == ("gone", "motcua")


def test_a_file_is_gone_through_and_what_it_shows_is_closed_by_a_person(stack: Stack, tmp_path: Path) -> None:
    """A day on which nothing happened, by a statement that knows of a debit under no order of ours."""
    transaction = f"T{uuid4().hex[:12]}"
    file = tmp_path / "statement.csv"
    file.write_text(f"{HEADER}\n{transaction};nobody-1;debit;5000;VND;20260105120000\n", encoding="utf-8")
    chosen = ("reconcile", "--day", "2026-01-05", "--provider", "platform", "--statement", str(file))
    (done,) = asked(stack, *chosen)
    assert (done["lines"], done["done"]["repaired"]) == (1, 0)
    (row,) = [row for row in asked(stack, "discrepancies", "--open") if row["transaction"] == transaction]
    assert (row["kind"], row["repair"], bool(row["why"])) == ("debit_of_no_attempt", None, True)

    refused = motcua(stack, "discrepancy", "close", row["id"], "--reason", "gone", *BY)
    assert (refused.returncode, "field: --reason\n" in refused.stderr) == (1, True)
    closed = asked(stack, "discrepancy", "close", row["id"], "--reason", "not_ours", *BY)
    assert (closed["reason"], len(closed["closed_by"])) == ("not_ours", 32)  # a pseudonym: nobody's name
    assert transaction not in motcua(stack, "discrepancies", "--open").stdout
    assert transaction in motcua(stack, "discrepancies", "--day", "2026-01-05").stdout


def test_a_provider_that_is_away_keeps_nobody_from_the_others(stack: Stack) -> None:
    """The others are gone through all the same; what is missing is said on stderr, with exit code 1."""
    away = {"MOTCUA_PAYMENTS_URL": "http://127.0.0.1:9"}
    done = motcua(stack, "reconcile", "--day", "2026-01-04", **away)

    assert (done.returncode, "field: --provider\n" in done.stderr) == (1, True)
    assert "platform: " in done.stderr
    assert [line.split(",")[0] for line in done.stdout.splitlines() if "2026-01-04" in line] == ["vnpay", "counter"]


TOMORROW = (datetime.now(UTC) + timedelta(days=2)).date().isoformat()
FILE = ("reconcile", "--day", "2026-01-05", "--statement")


@pytest.mark.parametrize(
    ("arguments", "field", "remedy"),
    [
        (("reconcile", "--day", "yesterday"), "--day", "2026-11-25"),
        (("reconcile", "--day", TOMORROW), "--day", "a day up to"),
        ((*FILE, "none.csv"), "--provider", "platform or vnpay"),
        ((*FILE, "none.csv", "--provider", "counter"), "--provider", "platform or vnpay"),
        ((*FILE, "no-such-file.csv", "--provider", "vnpay"), "--statement", "another file"),
        ((*FILE, "pyproject.toml", "--provider", "vnpay"), "line 1", HEADER),
        (("discrepancies", "--day", "x"), "--day", "2026-11-25"),
        (("discrepancy", "close", NOBODY, "--reason", "why not", *BY), "--reason", "accepted"),
        (("discrepancy", "close", NOBODY, "--reason", "accepted", *BY), "ID", "motcua discrepancies"),
    ],
)
def test_a_refusal_names_field_and_remedy(stack: Stack, arguments: tuple[str, ...], field: str, remedy: str) -> None:
    """On stderr, with nothing on stdout, and exit code 1."""
    done = motcua(stack, *arguments)

    assert (done.returncode, done.stdout) == (1, "")
    assert f"field: {field}\n" in done.stderr
    assert remedy in done.stderr.split("remedy: ")[1]


async def test_the_night_has_its_schedule(stack: Stack) -> None:
    """Made when a worker starts: 18:30 in UTC, which is 01:30 in Việt Nam; a round had now goes through yesterday."""
    client = await Client.connect(stack.temporal.address, namespace=NAMESPACE)
    handle = client.get_schedule_handle(wire.RECONCILE_SCHEDULE)
    found = await handle.describe()
    action = found.schedule.action
    assert isinstance(action, ScheduleActionStartWorkflow)
    assert action.workflow == wire.RECONCILE_WORKFLOW
    assert [each.astimezone(UTC).time() for each in found.info.next_action_times[:3]] == [NIGHT] * 3

    yesterday = civil_date(datetime.now(UTC)) - timedelta(days=1)
    await handle.trigger()
    assert await eventually(lambda: _gone_through(stack, yesterday)) == {"platform", "vnpay", "counter"}


async def _gone_through(stack: Stack, day: date) -> set[str] | None:
    """The providers of that day, once there are all of them."""
    connection = await asyncpg.connect(stack.database_url)
    try:
        rows = await connection.fetch("SELECT DISTINCT provider FROM reconciliation WHERE day >= $1", day)
    finally:
        await connection.close()
    return {row["provider"] for row in rows} if len(rows) == 3 else None
