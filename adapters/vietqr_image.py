"""Draws the code of a transfer, for a screen at the counter or a page of the portal."""

from __future__ import annotations

from io import BytesIO

import segno

DOT = 8
"""Pixels of one module."""


def vietqr_png(payload: str) -> bytes:
    """Draw the text of `domain.vietqr.payload` as a PNG, with the quiet zone that readers need."""
    drawn = BytesIO()
    segno.make(payload, error="m", micro=False).save(drawn, kind="png", scale=DOT, border=4)
    return drawn.getvalue()
