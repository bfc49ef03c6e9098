"""`motcua demo`, run as a person would run it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from deploy.embedded.folder import temporary_folder
from deploy.embedded.services import inherited_environment
from deploy.embedded.stack import ROOT, Stack

STORIES = 7
SECONDS = 300


def demo(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run it to its end."""
    command = [sys.executable, "starter.py", "demo", "--folder", str(folder)]
    environment = inherited_environment({})
    return subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=SECONDS, check=False
    )


def chapters(output: str) -> list[str]:
    """The stories as they were told, one text each."""
    return re.split(rf"\n── \d/{STORIES}  ", output)[1:]


def test_the_demo_tells_its_stories_and_exits_0_twice_in_a_row() -> None:
    """Every dossier goes from submission to a returned result, and the same folder serves again."""
    with temporary_folder() as folder:
        once, again = demo(folder / "stack"), demo(folder / "stack")
        Stack(folder / "stack").remove()

    for done in (once, again):
        assert done.returncode == 0, done.stdout + done.stderr
        told = chapters(done.stdout)
        assert len(told) == STORIES
        assert all("result.returned" in story and "closed" in story and "The appointment" in story for story in told)
        assert all("/v1/dossiers/" in story and "/workflows/dossier%2F" in story for story in told)
        assert f"{STORIES} dossiers returned" in done.stdout
        assert "motcua: stopped" in done.stdout


def test_each_story_shows_what_it_was_told_for(stack: Stack) -> None:
    """Half the fee online, no fee, cash, two departments, late strokes in order, a supplement, a refusal.

    A stack that runs already is used, and left running.
    """
    done = demo(stack.folder)
    assert done.returncode == 0, done.stdout + done.stderr
    online, free, cash, side_by_side, late, supplement, refused = chapters(done.stdout)

    assert "listed 600.000 đồng, reduced 300.000 đồng, due 300.000 đồng" in online
    assert "300.000 đồng by platform" in online
    assert "free of charge" in free
    assert "trong ngày" in free
    assert cash.index("100.000 đồng by cash") < cash.index("dossier.accepted ")
    assert side_by_side.count("step consult-") == 2
    assert side_by_side.index("dossier.approved") < side_by_side.index("75.000 đồng by cash")
    assert re.search(
        r"clock\.warned.*found late.*promised.*clock\.breached.*found late.*promised.*clock\.breached.*statutory",
        late,
        re.DOTALL,
    )
    assert "SVB-" in late
    assert "After that the term was counted from the start again." in supplement
    assert "legal_basis: " in refused
    assert "stopping" not in done.stdout
    assert all(piece.running for piece in stack.pieces().values())
