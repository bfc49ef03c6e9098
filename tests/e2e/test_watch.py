"""The watch at a running stack: it reports while the dossiers' workers are down, and nothing is said twice."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from adapters.law import PostgresLaw
from adapters.postgres import open_pool
from adapters.register import PostgresRegister
from adapters.wiring import utc_now
from deploy.embedded.folder import new_key
from deploy.embedded.processes import Process
from deploy.embedded.services import inherited_environment
from deploy.embedded.stack import ROOT, Stack
from domain.instants import VIETNAM
from schema.events import EventType
from tests.adapters.test_register import ask
from tests.e2e.equality import equal, finished
from tests.e2e.kills import dying_worker, free
from tests.office import Json, Office, eventually, submission

SOON = {
    "MOTCUA_WATCH_EVERY": "1",
    "MOTCUA_WATCH_TOLERANCE": "1",
    "MOTCUA_WATCH_INBOX": "1",
}
TWO_FAILURES = {"system.numConsecutiveWorkflowTaskProblemsToTriggerSearchAttribute": 2}


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """A stack whose watch looks every second, and a calling system with every right."""
    folder = tmp_path_factory.mktemp("watched")
    with (
        Stack(folder, workers=1, gateways=1, environment=SOON, dynamic_config=TWO_FAILURES) as stack,
        Office.admitted(stack) as office,
    ):
        yield office


@pytest.fixture
def office(watched: Office) -> Iterator[Office]:
    """Every part running again after each test."""
    yield watched
    watched.stack.revive()


def stream(office: Office) -> list[Json]:
    """The whole stream of the watch, asked page by page of the gateway."""
    found: list[Json] = []
    after = 0
    while page := office.http.get("/v1/watch", params={"after": after, "limit": 50}).json()["events"]:
        found += page
        after = page[-1]["position"]
    assert [each["position"] for each in found] == sorted({each["position"] for each in found})
    return found


def said(office: Office, dossier: str, type_: str, kind: str) -> list[Json]:
    wanted = (dossier, type_, kind)
    return [each for each in stream(office) if (each["dossier"], each["type"], each["kind"]) == wanted]


def long_ago() -> datetime:
    """A morning three weeks back: every due instant of a dossier accepted then lies behind it."""
    return (datetime.now(VIETNAM) - timedelta(weeks=3)).replace(hour=8, minute=0, second=0, microsecond=0)


def standing(office: Office) -> list[Json]:
    """What `motcua watch` lists."""
    found: list[Json] = json.loads(office.stack.run("starter.py", "watch", "--json"))["standing"]
    return found


def test_workers_stopped_over_a_due_instant(office: Office) -> None:
    """The watch reports each rung while they are down; started again, they record each at its instant, once.

    The worker dies right after the commit of an acceptance in the past, so every due instant lies behind it.
    """
    why = {"reason": "mất điện", "paper_number": "SVB-7"}
    start = long_ago()
    dossier = office.submit(free(occurred_at=start.isoformat(), late=why))
    accepted_at = (start + timedelta(minutes=5)).isoformat()
    id_ = str(uuid4())
    with dying_worker(office.stack, "recorded", "dossier.accepted") as dying:
        while dying.running:  # sent until it is carried out, and never after
            assert office.post(dossier, "accept", id_=id_, occurred_at=accepted_at, late=why).status_code in (202, 503)

    events = office.show(dossier)["events"]
    assert [each["type"] for each in events] == ["dossier.submitted", "dossier.accepted"]
    raised = eventually(lambda: said(office, dossier, "raised", "rung_missed"))
    instants = [each["at"] for each in raised]
    assert instants == sorted(instants)
    assert all(at < each["found_at"] for at, each in zip(instants, raised, strict=True))
    assert all(one["post"] for each in raised for one in each["data"]["addressees"])
    assert {each["dossier"] for each in standing(office)} >= {dossier}
    assert [each["type"] for each in office.show(dossier)["events"]] == [each["type"] for each in events]

    office.stack.workers[0].start()
    eventually(lambda: len(said(office, dossier, "closed", "rung_missed")) == len(raised))

    struck = [each for each in office.show(dossier)["events"] if each["type"].startswith("clock.")]
    assert [_instant(each["occurred_at"]) for each in struck] == [_instant(each) for each in instants]
    assert [each["data"]["clock"] for each in struck] == [each["clock"] for each in raised]
    assert len(said(office, dossier, "raised", "rung_missed")) == len(raised)  # and nothing twice


def test_a_workflow_that_never_heard_of_what_was_recorded(office: Office) -> None:
    """Nobody repeats the command: the watch finds the run behind, tells it, and both are one story again."""
    dossier = office.submit(free())
    eventually(lambda: office.http.get("/readyz").json()["inbox_waiting"] == 0)
    finished(_accept_unheard(office.stack, UUID(dossier)))

    (raised,) = eventually(lambda: said(office, dossier, "raised", "workflow_behind"))
    assert (raised["data"]["known"], raised["data"]["recorded"]) == (1, 2)
    eventually(lambda: said(office, dossier, "closed", "workflow_behind"))
    assert equal(office.stack, dossier).is_accepted
    assert office.do(dossier, "forward")["type"] == "dossier.forwarded"


def test_a_workflow_that_was_ended_by_hand(office: Office) -> None:
    """Open in the register, and nothing runs it: reported with what the engine says."""
    dossier = office.submit(free())
    office.do(dossier, "accept")
    _engine(office.stack, "workflow", "terminate", "--workflow-id", f"dossier/{dossier}")

    (raised,) = eventually(lambda: said(office, dossier, "raised", "no_workflow"))
    assert raised["data"]["engine"] == "TERMINATED"


def test_a_workflow_that_the_engine_has_lost(office: Office) -> None:
    """Gone from the engine altogether, as after a power cut: reported, started again, and in step with the register."""
    dossier = office.submit(free())
    office.do(dossier, "accept")
    _engine(office.stack, "workflow", "delete", "--yes", "--workflow-id", f"dossier/{dossier}")

    eventually(lambda: said(office, dossier, "raised", "no_workflow"))
    eventually(lambda: said(office, dossier, "closed", "no_workflow"))
    assert office.do(dossier, "forward")["type"] == "dossier.forwarded"


def test_what_came_in_while_nobody_hands_it_over(office: Office) -> None:
    """Kept while the engine was away; without a worker there is no relay, and the watch says so until it is taken."""
    office.stack.workers[0].stop()
    office.stack.temporal.kill()
    dossier = office.submit(submission())
    office.stack.temporal.start()

    eventually(lambda: said(office, dossier, "raised", "inbox_waiting"))
    office.stack.workers[0].start()
    eventually(lambda: said(office, dossier, "closed", "inbox_waiting"))


def test_a_workflow_whose_tasks_fail(office: Office) -> None:
    """A worker that cannot read the dossier fails each of its tasks; with the right one again, the trouble ends."""
    dossier = office.submit(free())
    office.do(dossier, "accept")
    office.stack.workers[0].stop()
    other = Process("other-keys", office.stack.folder)
    settings = {**office.stack.settings, "MOTCUA_KEYS": f"9:{new_key()}", "MOTCUA_WORKERS": "1"}
    other.launch([sys.executable, "worker.py"], inherited_environment(settings), cwd=ROOT)
    try:
        office.post(dossier, "forward", id_=(id_ := str(uuid4())))
        _engine(office.stack, "workflow", "signal", "--workflow-id", f"dossier/{dossier}", "--name", "no-such-signal")
        (raised,) = eventually(lambda: said(office, dossier, "raised", "engine_trouble"))
        assert raised["about"] == f"dossier/{dossier}"
    finally:
        other.kill()
    office.stack.workers[0].start()
    office.do(dossier, "forward", id_=id_)
    eventually(lambda: said(office, dossier, "closed", "engine_trouble"))


def test_the_watch_killed_is_started_again_and_goes_on(office: Office) -> None:
    """Its Schedule is made once; a fresh process takes it over. A round under way is not overtaken by the next."""
    schedule = json.loads(_engine(office.stack, "schedule", "describe", "--schedule-id", "watch"))["schedule"]
    assert schedule["policies"]["overlapPolicy"] == "SCHEDULE_OVERLAP_POLICY_SKIP"
    assert [each["interval"] for each in schedule["spec"]["interval"]] == ["1s"]
    watch = office.stack.watch
    assert watch is not None
    watch.kill()
    watch.start()
    dossier = office.submit(free())
    office.stack.workers[0].stop()
    office.submit(free())

    eventually(lambda: [each for each in stream(office) if each["kind"] == "inbox_waiting"])
    assert not said(office, dossier, "raised", "no_workflow")


async def _accept_unheard(stack: Stack, dossier: UUID) -> None:
    """Record an acceptance as a worker does that dies right after the commit, with nobody to repeat the command."""
    async with await open_pool(stack.database_url, 2) as pool:
        register = PostgresRegister(pool, PostgresLaw(pool), utc_now)
        await register.record(ask(await register.load(dossier), EventType.ACCEPTED))


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _engine(stack: Stack, *question: str) -> Any:
    done = stack.temporal._command_line(*question, "--namespace", "motcua")
    assert done is not None
    assert done.returncode == 0, done.stderr
    return done.stdout
