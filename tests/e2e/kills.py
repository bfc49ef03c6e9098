"""What the tests that kill have in common: a worker with a fuse, a held row, dossiers on their way, the partner."""

from __future__ import annotations

import asyncio
import sys
import tomllib
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from types import TracebackType
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx

from deploy.embedded.processes import Process
from deploy.embedded.services import answers_ready, inherited_environment
from deploy.embedded.stack import ROOT, Stack
from tests.e2e.equality import finished
from tests.office import CENTRE, COMMUNE, Json, Office, eventually, submission

FREE = "1.001193"
"""Birth registration: free, so that nothing but people moves it."""
WORK_PERMIT = "1.014199"
"""Wholly online, its fee at receipt."""
SHORT = ("clock.warned", "clock.breached")


@contextmanager
def dying_worker(stack: Stack, *point: str) -> Iterator[Process]:
    """Replace the stack's worker by one that dies at `point`; the block ends when it has. None runs afterwards."""
    stack.workers[0].stop()
    with _dying(stack, "worker", *point) as dying:
        yield dying


@contextmanager
def dying_gateway(stack: Stack, point: str) -> Iterator[Process]:
    """Replace the stack's gateway, at its address, by one that dies at `point`. None runs afterwards."""
    stack.gateways[0].stop()
    with _dying(stack, "gateway", point) as dying:
        eventually(lambda: answers_ready(f"{stack.gateway_url}/readyz"))
        yield dying


@contextmanager
def _dying(stack: Stack, program: str, *point: str) -> Iterator[Process]:
    dying = Process(f"dying-{program}", stack.folder)
    settings = {**stack.settings, "MOTCUA_WORKERS": "1"}
    command = [sys.executable, "-m", "tests.e2e.dying", program, *point]
    dying.launch(command, inherited_environment(settings), cwd=ROOT)
    try:
        yield dying
        eventually(lambda: not dying.running)
        assert dying.exit_code == -9, dying.tail()
    finally:
        dying.kill()


class HeldRows:
    """The rows of some dossiers, locked by the test, so that their next `record` waits in its transaction."""

    def __init__(self, stack: Stack, *dossiers: str) -> None:
        self._url = stack.database_url
        self._dossiers = [UUID(each) for each in dossiers]
        self._runner = asyncio.Runner(loop_factory=asyncio.new_event_loop)

    def __enter__(self) -> HeldRows:
        self._connection = self._runner.run(asyncpg.connect(self._url))
        self._run("BEGIN")
        self._run("SELECT FROM dossier WHERE id = ANY($1) FOR UPDATE", self._dossiers)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._connection.terminate()
        self._runner.close()

    def are_awaited(self) -> bool:
        """Whether somebody waits for every row."""
        # Asked of pg_locks, because pg_stat_activity stands still within a transaction.
        blocked = "NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))"
        waiting = self._connection.fetchval(f"SELECT count(DISTINCT pid) FROM pg_locks WHERE {blocked}")
        return bool(self._runner.run(waiting) >= len(self._dossiers))

    def release(self) -> None:
        """Let those who wait go on."""
        self._run("ROLLBACK")

    def _run(self, statement: str, *values: Any) -> None:
        self._runner.run(self._connection.execute(statement, *values))


class Background:
    """Requests under way while the test does something else."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(16)

    def __enter__(self) -> Background:
        return self

    def __exit__(self, *_: object) -> None:
        self._threads.shutdown()

    def post(self, office: Office, dossier: str, name: str, **body: Any) -> Future[httpx.Response]:
        """Send a command once, and come back for the answer later."""
        return self._threads.submit(office.post, dossier, name, **body)


def settled(office: Office, dossier: str, name: str, **body: Any) -> httpx.Response:
    """Send a command until it is answered for good: done or refused, not "later"."""
    body = {"id_": str(uuid4()), **body}

    def answered() -> httpx.Response | None:
        answer = office.post(dossier, name, **dict(body))
        return None if answer.status_code in (202, 503) else answer

    found: httpx.Response = eventually(answered)
    return found


def grows(stack: Stack, dossier: str, *, beyond: int) -> None:
    """Wait until the log holds more events of the dossier than that."""
    eventually(lambda: len(types_in_register(stack, dossier)) > beyond)


def story(office: Office, dossier: str) -> list[str]:
    """The types of the dossier's events, without the strokes of its clocks, which depend on the hour."""
    return [type_ for type_ in office.types(dossier) if type_ not in SHORT]


def whole(procedure: str, unit: str = COMMUNE, **changes: Any) -> Json:
    """A submission with every component that the procedure requires."""
    seed = tomllib.loads((ROOT / "catalogue" / "procedures" / f"{procedure}.toml").read_text())
    required = [each["code"] for each in seed["procedure"][0]["components"] if each["required"]]
    return submission(procedure, unit, components=[{"component": each} for each in required], **changes)


def free(**changes: Any) -> Json:
    """A birth registration at the counter of a commune."""
    return whole(FREE, **changes)


def in_review(office: Office) -> str:
    """A dossier that waits for its first opinion."""
    dossier = office.submit(free())
    office.do(dossier, "accept")
    office.do(dossier, "forward")
    return dossier


def step_of(office: Office, dossier: str) -> Json:
    """The step that is open now: its code as `step`, its `unit`."""
    step: Json = next(each for each in office.show(dossier)["steps"] if each["due"] and not each["done"])
    return step


def proposal(office: Office, dossier: str) -> Json:
    """The body of the opinion that the dossier waits for."""
    step = step_of(office, dossier)
    return {"role": "officer", "unit": step["unit"], "data": {"step": step["step"]}}


def before_signer(office: Office) -> str:
    """A dossier that waits for nothing but the signature."""
    dossier = in_review(office)
    while step_of(office, dossier)["step"] != office.show(dossier)["steps"][-1]["step"]:
        office.do(dossier, "propose", **proposal(office, dossier))
    return dossier


def signer(office: Office, dossier: str) -> Json:
    """Who signs: role and unit."""
    return {"role": "leader", "unit": office.show(dossier)["steps"][-1]["unit"]}


def awaiting_payment(office: Office) -> tuple[str, str]:
    """A work permit filed online whose order is open at the platform: its id, and the page to pay on."""
    dossier = office.submit(whole(WORK_PERMIT, CENTRE, channel="online", return_method="online"))
    office.do(dossier, "accept", unit=CENTRE)
    found = office.waits_for(dossier, "payment.opened")
    return dossier, found["payment"]["url"]


def pay(url: str) -> None:
    """Press the button on the payer's page."""
    assert httpx.post(url, params={"outcome": "success"}).status_code == 200


def hold_callbacks(stack: Stack, *, hold: bool) -> None:
    """Have the platform debit and tell nobody, or tell what it has held back."""
    assert httpx.put(f"{stack.payments_url}/faults", json={"hold_callbacks": hold}).status_code == 200


def order_of(stack: Stack, dossier: str) -> Json:
    """The one order that the platform's books have for the dossier."""
    books = httpx.get(f"{stack.payments_url}/ledger").json()
    (order,) = (each for each in books if each["reference"].startswith(UUID(dossier).hex))
    found: Json = order
    return found


def types_in_register(stack: Stack, dossier: str) -> list[str]:
    """The types of the dossier's events as they stand in the log, asked of the database itself."""

    async def ask() -> list[str]:
        connection = await asyncpg.connect(stack.database_url)
        try:
            found = await connection.fetch("SELECT type FROM event WHERE dossier = $1 ORDER BY sequence", UUID(dossier))
        finally:
            await connection.close()
        return [each["type"] for each in found]

    return finished(ask())
