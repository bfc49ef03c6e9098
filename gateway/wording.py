"""Owns how a field that cannot be read is put to the caller: what is wrong with it, and what would mend it.

Nothing of what was sent is repeated: it may be personal.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from schema.places import place

_BY_TYPE: Mapping[str, tuple[str, str]] = {
    "missing": ("is missing", "add it"),
    "extra_forbidden": ("is no field here", "leave it out, or correct its name"),
    "string_pattern_mismatch": ("is not a code", "use letters, digits, '.', '_' and '-', as the catalogue writes it"),
    "model_attributes_type": ("is not an object", "send one JSON object, as application/json"),
    "uuid_parsing": ("is not a UUID", "send the id that the submission was answered with"),
    "timezone_aware": ("has no offset from UTC", "write it out, as in 2026-11-23T09:00:00+07:00"),
    "string_unicode": ("holds half a character", "send text in UTF-8"),
}
_DESCRIBED = "/openapi.json describes each field"


def worded(error: Mapping[str, Any]) -> dict[str, str]:
    """Word one error of Pydantic's as field, message and remedy."""
    message, remedy = _BY_TYPE.get(error["type"], (f"is not right: {error['msg']}", "correct it"))
    _, _, field = place(error).partition(".")  # without where it was: body, header, query or path
    return {"field": field or error["loc"][0], "message": message, "remedy": f"{remedy}; {_DESCRIBED}"}
