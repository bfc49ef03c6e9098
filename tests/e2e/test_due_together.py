"""Very many dossiers due at the same minute: each breach once, at its due instant, and work goes on meanwhile."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapters.settings import Settings
from bench.due_together import fall_due, table
from deploy.embedded.folder import temporary_folder
from deploy.embedded.stack import Stack
from domain.milestones import ClockKind
from tests.e2e.equality import equal, finished

DOSSIERS = 10_000
WINDOW: int = Settings.model_fields["clock_spread"].default
SAMPLE = 8


@pytest.mark.soak
def test_very_many_fall_due_at_the_same_minute(scale: int) -> None:
    """With no spread at all, and at full size with the usual window too; what was measured is printed, not judged."""
    for spread in (0, WINDOW) if scale == 1 else (0,):
        with temporary_folder() as folder:
            _fall_due(folder, DOSSIERS // scale, spread)


def _fall_due(folder: Path, dossiers: int, spread: int) -> None:
    chosen = {"MOTCUA_CLOCK_SPREAD": str(spread)}
    with Stack(folder / "stack", workers=2, gateways=1, environment=chosen) as stack:
        outcome, sown = finished(fall_due(stack, dossiers=dossiers, spread=spread))
        print(table([outcome]))

        assert outcome.findings.is_sound, outcome.findings
        assert outcome.findings.breaches == 2 * dossiers
        assert outcome.delay.count == 2 * dossiers
        assert outcome.meanwhile.count  # answered, or the run would not have ended
        for dossier in sown[:: max(1, len(sown) // SAMPLE)]:
            case = equal(stack, str(dossier))
            assert all(case.clock(kind).breached for kind in (ClockKind.PROMISED, ClockKind.STATUTORY))
