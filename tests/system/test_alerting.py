"""A breach reaches a person: the running product is scraped by Prometheus, and Alertmanager tells a webhook.

Rules, routes and scrape configuration are those of deploy/monitoring; only addresses and waiting times are the test's.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from deploy.embedded.folder import temporary_folder
from deploy.embedded.ports import HOST, free_port
from deploy.embedded.processes import Process
from deploy.embedded.services import answers_ready
from deploy.embedded.stack import Stack
from tests.office import Json, Office, eventually, submission

SHIPPED = Path(__file__).parents[2] / "deploy" / "monitoring"
HOUSE, UNIT = "2.000908", "000.00.63.H48"
"""A procedure without a fee, and a commune where no other test lets a dossier be late."""
LATE: Json = {"reason": "mất điện", "paper_number": "SVB-17"}
APPLICANT = "Lê Thị Giấu Tên"


@dataclass
class Webhook:
    """Whoever is told: keeps every message with the path that it came to."""

    server: ThreadingHTTPServer = field(init=False)
    messages: list[tuple[str, bytes]] = field(default_factory=list)

    def __enter__(self) -> Webhook:
        messages = self.messages

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                messages.append((self.path, self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *args: object) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer((HOST, 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()

    @property
    def address(self) -> str:
        return f"{HOST}:{self.server.server_port}"

    def told(self, alert: str, **labels: str) -> list[tuple[str, Json]]:
        """The firing alerts of this name that have these labels, each with the path it came to."""
        return [
            (path, each)
            for path, body in self.messages
            for each in json.loads(body)["alerts"]
            if each["status"] == "firing" and {"alertname": alert, **labels}.items() <= each["labels"].items()
        ]


@dataclass(frozen=True)
class Watched:
    """A stack that is watched, and whoever is told."""

    office: Office
    webhook: Webhook
    prometheus: str


def rendered(file: str, changes: dict[str, str]) -> str:
    """A shipped file with the test's addresses and times; every change must find its place."""
    text = (SHIPPED / file).read_text(encoding="utf-8")
    for old, new in changes.items():
        assert old in text, f"{file} does not say {old} any more"
        text = text.replace(old, new)
    return text


def serve(running: ExitStack, folder: Path, ready: str, *command: str) -> None:
    """Run a program in the folder until the test is over."""
    process = Process(Path(command[0]).name, folder)
    process.launch(command, os.environ, cwd=folder)
    running.callback(process.stop)
    process.wait_until(lambda: answers_ready(ready))


@pytest.fixture(scope="module")
def watched(stack: Stack, office: Office) -> Iterator[Watched]:
    """Prometheus and Alertmanager beside the running stack, both gateways scraped, and a webhook at the end."""
    options = ("--rights", "metrics", "--roles", "", "--json")
    key = json.loads(stack.run("starter.py", "key", "add", "prometheus", *options))["key"]
    prometheus, alertmanager = (f"{HOST}:{free_port()}" for _ in range(2))
    gateways = ", ".join(f'"{url.removeprefix("http://")}"' for url in stack.gateway_urls)
    scrape = {
        "_interval: 30s": "_interval: 500ms",
        '"127.0.0.1:9093"': f'"{alertmanager}"',
        '"127.0.0.1:8080"': gateways,
    }
    with temporary_folder() as folder, Webhook() as webhook, ExitStack() as running:
        routes = {
            "127.0.0.1:9095": webhook.address,
            "group_wait: 30s": "group_wait: 100ms",
            "group_interval: 5m": "group_interval: 500ms",
        }
        (folder / "motcua.key").write_text(key, encoding="utf-8")
        (folder / "motcua.rules.yml").write_bytes((SHIPPED / "motcua.rules.yml").read_bytes())
        (folder / "prometheus.yml").write_text(rendered("prometheus.yml", scrape), encoding="utf-8")
        (folder / "alertmanager.yml").write_text(rendered("alertmanager.yml", routes), encoding="utf-8")
        own = (f"--web.listen-address={alertmanager}", "--cluster.listen-address=", "--storage.path=alerts")
        ready = f"http://{alertmanager}/-/ready"
        serve(running, folder, ready, "prometheus-alertmanager", "--config.file=alertmanager.yml", *own)
        own = (f"--web.listen-address={prometheus}", "--storage.tsdb.path=series")
        serve(running, folder, f"http://{prometheus}/-/ready", "prometheus", "--config.file=prometheus.yml", *own)
        yield Watched(office, webhook, f"http://{prometheus}")


def targets(watched: Watched) -> list[str]:
    """How each gateway answered when it was scraped last."""
    found = httpx.get(f"{watched.prometheus}/api/v1/targets").json()["data"]["activeTargets"]
    return [each["health"] for each in found]


def test_a_breach_reaches_the_webhook_without_the_dossier(watched: Watched) -> None:
    """Accepted weeks ago and entered now: recorded, scraped, fired, routed, told, by unit and procedure alone."""
    eventually(lambda: targets(watched) == ["up", "up"])
    assert watched.webhook.told("MotcuaBreach", unit=UNIT, procedure=HOUSE) == []
    then = (datetime.now(UTC) - timedelta(weeks=6)).isoformat()
    filed = submission(HOUSE, UNIT, occurred_at=then, late=LATE, applicant={"name": APPLICANT})
    dossier = watched.office.submit(filed)
    watched.office.do(dossier, "accept", unit=UNIT, occurred_at=then, late=LATE)
    watched.office.do(dossier, "forward", unit=UNIT)  # an act of today: what lies behind it is recorded first
    assert "clock.breached" in watched.office.types(dossier)

    path, alert = eventually(
        lambda: watched.webhook.told("MotcuaBreach", unit=UNIT, procedure=HOUSE, clock="promised")
    )[0]
    assert path == "/one-stop"
    assert alert["labels"] == {
        "alertname": "MotcuaBreach",
        "severity": "warning",
        "team": "offices",
        "job": "motcua",
        "unit": UNIT,
        "procedure": HOUSE,
        "clock": "promised",
    }
    assert UNIT in alert["annotations"]["summary"]

    path, alert = eventually(lambda: watched.webhook.told("MotcuaStatutoryOverdue", unit=UNIT, procedure=HOUSE))[0]
    assert (path, alert["labels"]["severity"], alert["labels"]["procedure"]) == ("/province", "critical", HOUSE)

    code = watched.office.show(dossier)["code"]
    told = b"".join(body for _, body in watched.webhook.messages).decode()
    assert UNIT in told
    assert not any(secret in told for secret in (dossier, dossier.replace("-", ""), code, APPLICANT))
