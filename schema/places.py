"""Owns how the place of a fault in a message is named to whoever sent it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_LIKE_OURS = re.compile(r"[a-z][a-z_]{0,39}")
UNKNOWN = "(unknown)"


def place(error: Mapping[str, Any]) -> str:
    """Name the field of one of Pydantic's errors, dotted; empty for the message as a whole.

    The name of a field that we do not have is the sender's own, and may be a person's: it is told only when it
    looks like a slip of the pen.
    """
    names = [str(part) for part in error["loc"]]
    if error["type"] == "extra_forbidden" and not _LIKE_OURS.fullmatch(names[-1]):
        names[-1] = UNKNOWN
    return ".".join(names)
