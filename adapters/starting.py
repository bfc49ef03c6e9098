"""Owns the refusal to start: what an operator must mend before a process can run."""

from __future__ import annotations

from domain.errors import MotcuaError


class CannotStart(MotcuaError):
    """One line with the remedy. It names settings and addresses only, so it may be shown unredacted."""
