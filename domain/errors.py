"""The tree of refusals: everything the engine may say no to, and what to do about it.

    MotcuaError
    ├── DomainError                 the request cannot be granted; nothing was written
    │   ├── Invalid                 a value is wrong, missing or unknown            (HTTP 422)
    │   ├── NotAllowed              the act does not fit the dossier's state        (HTTP 409)
    │   ├── Forbidden               this role, unit or system may not do it         (HTTP 403)
    │   ├── Conflict                the same id or reference with another body      (HTTP 409)
    │   ├── NotFound                no such dossier                                 (HTTP 404)
    │   └── CalendarMissing         a year that no calendar holds: we do not guess  (HTTP 422)
    └── Unavailable / Refused       what an outside system may say (activities/ports.py)

A message names the field and the remedy and never repeats a person's data: it travels in logs and failures.
"""

from __future__ import annotations


class MotcuaError(Exception):
    """Anything this product raises on purpose."""


class DomainError(MotcuaError):
    """A refusal with the field it concerns and what would mend it."""

    def __init__(self, message: str, *, field: str = "", remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        self.remedy = remedy


class Invalid(DomainError):
    """A value is wrong, missing or unknown."""


class NotAllowed(DomainError):
    """The act does not fit the state the dossier is in."""


class AlreadyMoved(NotAllowed):
    """The appointment was moved once; who wants to move it again is refused, and the one-stop hears of it."""


class Forbidden(DomainError):
    """This role, unit or system may not do it."""


class Conflict(DomainError):
    """The same id or reference was used before with another body."""


class NotFound(DomainError):
    """There is no such thing here."""


class CalendarMissing(DomainError):
    """A date falls in a year that the calendar does not hold, so no term can be computed."""
