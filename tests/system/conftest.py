"""Every test here needs Debian packages: where they are absent it is skipped with the reason, but never in CI."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

PROGRAMS = {
    "prometheus": "prometheus",
    "promtool": "prometheus",
    "prometheus-alertmanager": "prometheus-alertmanager",
    "amtool": "prometheus-alertmanager",
}
"""Each program, and the package that brings it; `.ci/run` installs them."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what lies in this folder, so that `-m system` chooses it."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker("system")


@pytest.fixture(autouse=True, scope="session")
def programs() -> None:
    """Skip without the programs; in CI that is a failure, for `.ci/run` has installed them."""
    missing = sorted({package for program, package in PROGRAMS.items() if shutil.which(program) is None})
    if not missing:
        return
    reason = f"needs Debian's {' and '.join(missing)}: apt-get install --no-install-recommends {' '.join(missing)}"
    pytest.fail(reason) if os.environ.get("CI") == "true" else pytest.skip(reason)
