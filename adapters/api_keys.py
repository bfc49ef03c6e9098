"""Keys of calling systems: shown once when made, kept as a digest, with the rights and roles they carry."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from datetime import datetime

from adapters.callers import Caller
from adapters.postgres import Pool, reading
from domain.duties import Role
from domain.errors import Invalid
from schema.sql import QUERIES

RIGHTS = frozenset({"submit", "command", "read", "late_entry", "metrics", "money"})
ROLES = frozenset(str(role) for role in Role) - {Role.ENGINE}


def digest_of_key(key: str) -> str:
    """The key has 256 random bits, so a plain digest tells nobody anything."""
    return hashlib.sha256(key.encode()).hexdigest()


async def admit(
    pool: Pool,
    system: str,
    rights: Iterable[str],
    roles: Iterable[str],
    *,
    at: datetime,
    key: str | None = None,
) -> str:
    """Make a key for a system and return it: it is not kept and cannot be shown again."""
    rights, roles = frozenset(rights), frozenset(roles)
    for field, given, known in (("rights", rights, RIGHTS), ("roles", roles, ROLES)):
        if given - known:
            strange = ", ".join(sorted(given - known))
            raise Invalid(f"unknown {field}: {strange}", field=field, remedy=f"use: {', '.join(sorted(known))}")
    key = key or secrets.token_urlsafe(32)
    async with reading(pool) as connection:
        await connection.execute(
            QUERIES["insert_api_key"], digest_of_key(key), system, sorted(rights), sorted(roles), at
        )
    return key


async def revoke(pool: Pool, system: str, *, at: datetime) -> int:
    """Shut a system out; return how many keys it had."""
    async with reading(pool) as connection:
        return len(await connection.fetch(QUERIES["revoke_api_keys"], system, at))


async def caller_of(pool: Pool, key: str) -> Caller | None:
    """Recognise a caller by its key."""
    async with reading(pool) as connection:
        row = await connection.fetchrow(QUERIES["find_api_key"], digest_of_key(key))
    return Caller(row["system"], frozenset(row["rights"]), frozenset(row["roles"])) if row else None
