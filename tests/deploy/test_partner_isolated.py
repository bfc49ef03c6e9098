"""The partners share nothing with us but the protocol on the wire."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OURS = {"domain", "schema", "activities", "workflows", "adapters", "gateway", "cli", "worker", "starter"}
PARTNERS = sorted((ROOT / "deploy" / "partners").rglob("*.py"))


@pytest.mark.parametrize("path", PARTNERS, ids=lambda path: path.name)
def test_a_partner_imports_nothing_of_ours(path: Path) -> None:
    """Not at the top, not inside a function: an error in our protocol must not be made on both sides."""
    imported: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            imported |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "a relative import hides where it leads"
            imported.add(node.module or "")
    assert not {name for name in imported if name.split(".")[0] in OURS}
    assert all(name.startswith("deploy.partners") for name in imported if name.split(".")[0] == "deploy")


def test_nothing_of_ours_imports_a_partner() -> None:
    """The other direction as well: partners are started with `python -m`."""
    for package in [*sorted(OURS - {"worker", "starter"}), "deploy/embedded"]:
        for path in (ROOT / package).rglob("*.py"):
            assert "deploy.partners" not in _imports(path), path


def _imports(path: Path) -> str:
    nodes = ast.walk(ast.parse(path.read_text("utf-8")))
    return " ".join(ast.unparse(node) for node in nodes if isinstance(node, ast.Import | ast.ImportFrom))
