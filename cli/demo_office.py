"""Owns the software of a one-stop as the demo plays it: it files dossiers and sends acts to the gateway over HTTP."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import httpx

from domain.errors import MotcuaError

PATIENCE = 90.0
"""Seconds for something that must happen; nothing is timed by it."""
POLL_SECONDS = 0.1

Json = dict[str, Any]


class StepFailed(MotcuaError):
    """A step of a story could not be taken; the message names the step and what came back."""


class Office:
    """One calling system. Each method is one step, names it when it fails, and repeats what is safe to repeat."""

    def __init__(self, http: httpx.Client) -> None:
        self._http = http

    def submit(self, **submission: Any) -> str:
        """File a dossier and return its id."""
        headers = {"Idempotency-Key": uuid4().hex}
        with _step(f"submit {submission['procedure']}"):
            answer = self._insist(lambda: self._http.post("/v1/dossiers", json=submission, headers=headers))
            return str(answer["dossier"])

    def do(self, dossier: str, name: str, role: str, unit: str, officer: str = "", **body: Any) -> Json:
        """Order one act for a person of that role and unit; return the answer once it is known."""
        actor = {"role": role, "unit": unit, **({"name": officer, "officer": officer} if officer else {})}
        order = {"name": name, "actor": actor, **body}
        headers = {"Idempotency-Key": str(uuid4())}
        with _step(f"{name} at {unit}"):
            path = f"/v1/dossiers/{dossier}/commands"
            return self._insist(lambda: self._http.post(path, json=order, headers=headers))

    def show(self, dossier: str) -> Json:
        """The dossier as it is now."""
        return self._get("look up", f"/v1/dossiers/{dossier}")

    def explanation(self, dossier: str) -> Json:
        """Why each of its dates is what it is, and who held it."""
        return self._get("explain the dates", f"/v1/dossiers/{dossier}/explanation?lang=en")

    def wait(self, dossier: str, what: str, reached: Callable[[Json], bool]) -> Json:
        """Look until it is so, and return the dossier."""
        deadline = time.monotonic() + PATIENCE
        while not reached(found := self.show(dossier)):
            if time.monotonic() > deadline:
                last = found["events"][-1]["type"]
                raise StepFailed(f"step 'wait until {what}': it did not happen; the last event is {last}")
            time.sleep(POLL_SECONDS)
        return found

    def wait_for(self, dossier: str, event: str) -> Json:
        """Wait until an event of this type is in the story."""
        return self.wait(dossier, event, lambda found: any(e["type"] == event for e in found["events"]))

    def _get(self, what: str, path: str) -> Json:
        with _step(what):
            return self._insist(lambda: self._http.get(path))

    def _insist(self, ask: Callable[[], httpx.Response]) -> Json:
        """Ask again while the answer is "not yet"; the request has an id, so that it is done once."""
        deadline = time.monotonic() + PATIENCE
        while (answer := ask()).status_code in (202, 503) and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)
        if answer.status_code not in (200, 201):
            raise StepFailed(f"HTTP {answer.status_code}: {answer.text}")
        body: Json = answer.json()
        return body


def pay_as_the_payer(url: str) -> None:
    """Press the button on the payment platform's page, as the payer's browser would."""
    with _step("pay at the payment platform"):
        answer = httpx.post(url, params={"outcome": "success"}, trust_env=False)
        if not answer.is_success:
            raise StepFailed(f"HTTP {answer.status_code}: {answer.text}")


@contextmanager
def _step(name: str) -> Iterator[None]:
    try:
        yield
    except (StepFailed, httpx.TransportError) as error:
        raise StepFailed(f"step '{name}': {type(error).__name__ if not str(error) else error}") from error
