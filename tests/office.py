"""A one-stop's software, as tests play it: it files dossiers and sends acts over HTTP, in the words of the counter."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx

from deploy.embedded.stack import Stack

COMMUNE = "000.00.61.H48"
CENTRE = "000.00.01.H48"
PATIENCE = 60.0
"""Seconds that a test waits for something that must happen; nothing is timed by it."""

Json = dict[str, Any]


def submission(procedure: str = "1.001612", unit: str = COMMUNE, **changes: Any) -> Json:
    """A household business, filed at the counter of a commune by an invented person, unless told otherwise."""
    return {
        "procedure": procedure,
        "unit": unit,
        "channel": "counter",
        "return_method": "counter",
        "components": [],
        "applicant": {"name": "Nguyễn Thị Thử"},
        **changes,
    }


def eventually(probe: Callable[[], Any], patience: float = PATIENCE) -> Any:
    """Ask until the answer is true, and return it."""
    deadline = time.monotonic() + patience
    while not (found := probe()):
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.05)
    return found


@dataclass
class Office:
    """One calling system with its key. `http` may be pointed at another gateway."""

    stack: Stack
    key: str
    http: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        self.http = httpx.Client(
            base_url=self.stack.gateway_url, headers={"Authorization": f"Bearer {self.key}"}, timeout=60
        )

    @classmethod
    def admitted(
        cls, stack: Stack, system: str = "one-stop", rights: str = "submit,command,read,late_entry", roles: str = ""
    ) -> Office:
        """Have the operator make a key."""
        roles = roles or "applicant,clerk,officer,leader"
        options = ("--rights", rights, "--roles", roles, "--json")
        return cls(stack, json.loads(stack.run("starter.py", "key", "add", system, *options))["key"])

    def __enter__(self) -> Office:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def post_submission(self, body: Json, reference: str = "") -> httpx.Response:
        """Send a submission and return whatever comes back."""
        return self.http.post("/v1/dossiers", json=body, headers={"Idempotency-Key": reference or uuid4().hex})

    def submit(self, body: Json | None = None, reference: str = "") -> str:
        """Send a submission that must be kept; return the dossier's id."""
        answer = self.post_submission(body or submission(), reference)
        assert answer.status_code in (200, 201), answer.text
        return str(answer.json()["dossier"])

    def post(self, dossier: str, name: str, *, id_: str = "", **body: Any) -> httpx.Response:
        """Send a command and return whatever comes back. `role`, `unit` and `officer` make the actor."""
        actor = {"role": body.pop("role", "clerk"), "unit": body.pop("unit", COMMUNE)}
        actor |= {key: body.pop(key) for key in ("officer", "person") if key in body}
        if "person" in actor:
            actor["name"] = actor.pop("person")
        return self.http.post(
            f"/v1/dossiers/{dossier}/commands",
            json={"name": name, "actor": actor, **body},
            headers={"Idempotency-Key": id_ or str(uuid4())},
        )

    def do(self, dossier: str, name: str, *, id_: str = "", **body: Any) -> Json:
        """Send a command that must be done, with patience for an engine that is just coming back."""
        id_ = id_ or str(uuid4())

        def done() -> Json | None:
            answer = self.post(dossier, name, id_=id_, **dict(body))
            assert answer.status_code in (200, 202, 503), answer.text
            return answer.json() if answer.status_code == 200 else None

        result: Json = eventually(done)
        return result

    def show(self, dossier: str) -> Json:
        """Look a dossier up."""
        answer = self.http.get(f"/v1/dossiers/{dossier}")
        assert answer.status_code == 200, answer.text
        found: Json = answer.json()
        return found

    def types(self, dossier: str) -> list[str]:
        """The types of the dossier's events, in order."""
        return [event["type"] for event in self.show(dossier)["events"]]

    def waits_for(self, dossier: str, type_: str) -> Json:
        """Wait until an event of this type is in the story; return the dossier."""
        eventually(lambda: type_ in self.types(dossier))
        return self.show(dossier)

    def review(self, dossier: str) -> None:
        """Let every office of the review do its step, the signer last."""
        while open_steps := [s for s in self.show(dossier)["steps"] if not s["done"] and s["due"]]:
            step = open_steps[0]
            if step["step"] == self.show(dossier)["steps"][-1]["step"]:
                self.do(dossier, "approve", role="leader", unit=step["unit"])
                return
            self.do(dossier, "propose", role="officer", unit=step["unit"], data={"step": step["step"]})

    def finish(self, dossier: str, unit: str = COMMUNE) -> None:
        """Take a dossier that was just submitted at the counter to its returned result."""
        self.do(dossier, "accept", unit=unit)
        owed = self.show(dossier)["fee"]
        if owed["total"] and owed["timing"] == "at_receipt":
            self.do(dossier, "pay", unit=unit, data={"amount": owed["total"], "means": "cash"})
            self.waits_for(dossier, "dossier.accepted")
        self.do(dossier, "forward", unit=unit)
        self.review(dossier)
        if owed["total"] and owed["timing"] == "before_return":
            self.do(dossier, "pay", unit=unit, data={"amount": owed["total"], "means": "cash"})
        self.do(dossier, "return", unit=unit, data={"method": "counter"})
