"""Whoever calls: the system, what it may do here, and for which roles it may speak."""

from __future__ import annotations

from dataclasses import dataclass

from domain.errors import Forbidden


@dataclass(frozen=True)
class Caller:
    """A calling system, what it may do here, and for which roles it may speak."""

    system: str
    rights: frozenset[str]
    roles: frozenset[str]

    def require(self, right: str, field: str = "Authorization") -> None:
        """Refuse with `Forbidden` when this right was not given."""
        if right not in self.rights:
            raise Forbidden(
                f"the system '{self.system}' does not have the right '{right}'",
                field=field,
                remedy="ask the operator for a key with this right",
            )

    def require_role(self, role: str) -> None:
        """Refuse with `Forbidden` when the key does not cover this role."""
        if role not in self.roles:
            raise Forbidden(
                f"the system '{self.system}' may not speak for a '{role}'",
                field="actor.role",
                remedy=f"its key covers: {', '.join(sorted(self.roles)) or 'no role'}",
            )
