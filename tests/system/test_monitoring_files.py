"""What deploy/monitoring ships is accepted by the programs it is for, tested alert by alert, and explained."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "deploy" / "monitoring"
RULES = (FOLDER / "motcua.rules.yml").read_text(encoding="utf-8")
ALERTS = re.findall(r"- alert: (\w+)", RULES)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy with the key that an operator adds."""
    copy = tmp_path / "monitoring"
    shutil.copytree(FOLDER, copy)
    (copy / "motcua.key").write_text("a key", encoding="utf-8")
    return copy


def run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.parametrize(
    "command",
    [
        ("promtool", "check", "config", "prometheus.yml"),
        ("promtool", "check", "rules", "motcua.rules.yml"),
        ("promtool", "test", "rules", "motcua.rules.test.yml"),
        ("amtool", "check-config", "alertmanager.yml"),
    ],
    ids=" ".join,
)
def test_the_files_are_accepted(folder: Path, command: tuple[str, ...]) -> None:
    """Prometheus and Alertmanager read them, and the rules do what their tests say."""
    done = run(folder, *command)

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("alert", ALERTS)
def test_an_alert_that_never_fires_is_noticed(folder: Path, alert: str) -> None:
    """Each alert has a test that fails without it."""
    blind = re.sub(
        rf"(- alert: {alert}\n(?:\s+#.*\n)*\s+expr:)(?: \|\n(?:\s{{10}}.*\n)+| .*\n)", r"\1 vector(0) > 1\n", RULES
    )
    assert blind != RULES
    (folder / "motcua.rules.yml").write_text(blind, encoding="utf-8")

    assert run(folder, "promtool", "check", "rules", "motcua.rules.yml").returncode == 0
    assert run(folder, "promtool", "test", "rules", "motcua.rules.test.yml").returncode != 0


@pytest.mark.parametrize("alert", ALERTS)
def test_an_alert_says_what_to_do(alert: str) -> None:
    """Its runbook is a heading of docs/monitoring.md, and its summary is Vietnamese with English beside it."""
    rule = RULES.split(f"- alert: {alert}\n", 1)[1].split("- alert:")[0]
    page = (ROOT / "docs" / "monitoring.md").read_text(encoding="utf-8")

    assert f"runbook: docs/monitoring.md#{alert.lower()}\n" in rule
    assert f"\n### {alert}\n" in page
    assert re.search(r'summary: ".*[ăâđêôơưạảấầẩậắằặẹẻếềểệỉịọỏốồổộớờởợụủứừửựỳỷỹỵ].* / [ -~]+"', rule)


ROUTES = [
    ("MotcuaBreach", "one-stop"),
    ("MotcuaAcceptanceOverdue", "one-stop"),
    ("MotcuaDueSoonPilingUp", "one-stop"),
    ("MotcuaStatutoryOverdue", "province"),
    ("MotcuaDiscrepancy", "operators"),
    ("MotcuaReconciliationAsleep", "operators"),
    ("MotcuaAttemptUndecided", "operators"),
    ("MotcuaRefundRefused", "operators"),
    ("MotcuaOverdueUnrecorded", "operators"),
    ("MotcuaEngineSilent", "operators"),
    ("MotcuaInboxStuck", "operators"),
    ("MotcuaStandstill", "operators"),
    ("MotcuaWatchAsleep", "operators"),
    ("MotcuaGatewayDown", "operators"),
    ("MotcuaUnwatched", "operators"),
]


@pytest.mark.parametrize("alert, receiver", ROUTES)
def test_an_alert_is_routed(folder: Path, alert: str, receiver: str) -> None:
    """Offices hear of dossiers, the province of the law being broken, operators of the engine."""
    labels = re.search(rf"- alert: {alert}\n.*?labels: {{severity: (\w+), team: (\w+)}}", RULES, re.DOTALL)
    assert labels is not None
    given = (f"alertname={alert}", "unit=U1", f"severity={labels[1]}", f"team={labels[2]}")
    done = run(folder, "amtool", "config", "routes", "test", "--config.file=alertmanager.yml", *given)

    assert done.stdout.strip() == receiver, done.stderr


def test_every_alert_has_a_route() -> None:
    """A new alert is added to the rows above."""
    assert sorted(ALERTS) == sorted(alert for alert, _ in ROUTES)
