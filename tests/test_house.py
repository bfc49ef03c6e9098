"""The import rules are alive: each one, broken on purpose, turns the check red."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("domain", "schema", "activities", "workflows", "adapters", "gateway", "cli", "deploy")


@pytest.mark.parametrize(
    "file, line",
    [
        pytest.param("domain/fees.py", "import schema.wire", id="the domain imports upwards"),
        pytest.param("domain/fees.py", "import pydantic", id="the domain imports a library"),
        pytest.param("schema/wire.py", "import asyncpg", id="a driver in the schema"),
        pytest.param("workflows/judge.py", "import adapters.postgres", id="a workflow reaches an adapter"),
        pytest.param("activities/ports.py", "import httpx", id="a driver in an activity"),
        pytest.param("deploy/partners/payment_messages.py", "import schema.payments", id="the partner imports ours"),
        pytest.param("adapters/rows.py", "import gateway.app", id="an adapter imports the gateway"),
        pytest.param("gateway/app.py", "import deploy.embedded.stack", id="siblings import each other"),
        pytest.param("cli/console.py", "import starter", id="an entry point is imported"),
        pytest.param("domain/instants.py", "import domain.terms", id="a circle inside a package"),
    ],
)
def test_a_broken_import_rule_turns_the_check_red(file: str, line: str, tmp_path: Path) -> None:
    """Adding one forbidden import to a copy of the house is found by `lint-imports`."""
    _copy(tmp_path)
    with (tmp_path / file).open("a", encoding="utf-8") as source:
        source.write(f"\n{line}\n")

    assert _lint(tmp_path) != 0


def test_the_house_as_it_stands_keeps_every_import_rule(tmp_path: Path) -> None:
    """The same check on an unchanged copy is green, so that red above means what it says."""
    _copy(tmp_path)

    assert _lint(tmp_path) == 0


def _copy(target: Path) -> None:
    for package in PACKAGES:
        shutil.copytree(ROOT / package, target / package, ignore=shutil.ignore_patterns("__pycache__"))
    for file in ("pyproject.toml", "starter.py", "worker.py"):
        shutil.copy(ROOT / file, target)


def _lint(folder: Path) -> int:
    program = Path(sys.executable).with_name("lint-imports")
    environment = {"PYTHONPATH": str(folder), "PATH": "/usr/bin:/bin"}
    return subprocess.run([program, "--no-cache"], cwd=folder, env=environment, capture_output=True).returncode
