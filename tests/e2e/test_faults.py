"""Fees under every fault of the payment world, with workers and gateway killed: both ledgers agree to the đồng."""

from __future__ import annotations

import pytest

from bench.faults import CHOSEN, under_faults
from deploy.embedded.folder import temporary_folder
from deploy.embedded.stack import Stack
from tests.e2e.equality import finished

DOSSIERS = 2_000
SEEDS = (1, 2, 3)


@pytest.mark.soak
def test_both_ledgers_agree_whatever_goes_wrong(scale: int) -> None:
    """Dossier by dossier: what was debited is known, one fee is kept or none, every surplus went back once."""
    dossiers = DOSSIERS // scale // len(SEEDS) if scale > 1 else DOSSIERS
    for seed in SEEDS:
        with temporary_folder() as folder, Stack(folder / "stack", workers=2, gateways=1, environment=CHOSEN) as stack:
            outcome = finished(under_faults(stack, dossiers=dossiers, seed=seed))
        print(outcome.told())

        assert outcome.wrong == [], outcome.told()
        assert outcome.kills
        assert outcome.refunds
        assert outcome.faults
