"""Owns how often a process that lives long looks for garbage."""

from __future__ import annotations

import gc

THRESHOLDS = (10_000, 10, 10)
"""Python's own begin at 700, too few for a process that holds the law, its cases and its workflows in memory, all of
which a full collection goes through."""


def collect_rarely() -> None:
    """Leave what the imports made out of every collection, and collect less often; called once, before the work."""
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
