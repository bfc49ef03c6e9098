"""The vault: persons, free texts and officers' names, sealed in PostgreSQL before anything else sees them.

A person and the texts of one dossier lie under that dossier's own data key: destroying it erases them and
disturbs nobody else. Officers belong to no dossier: theirs lie under the key ring, behind a pseudonym.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from adapters.keys import KeyDestroyed, KeyedDigest, KeyRing, new_data_key, seal, unseal
from adapters.postgres import Connection
from domain.errors import Invalid
from schema.sql import QUERIES
from schema.submissions import ActorBody

Json = dict[str, Any]
ERASED = "(erased)"


class Vault:
    """Seals and opens; what reads or writes works on the caller's connection, so that it shares its transaction."""

    def __init__(self, ring: KeyRing, digest: KeyedDigest) -> None:
        self._ring = ring
        self._digest = digest
        self._known_officers: set[str] = set()

    def begin(self, dossier: UUID, id_: UUID, body: Json) -> tuple[bytes, bytes]:
        """Make the data key of a new dossier and seal `body` under it; return both as they are kept."""
        key = new_data_key()
        return self._ring.wrap(key, _key_place(dossier)), seal(key, _text(body), _place(dossier, id_))

    async def put(self, connection: Connection, dossier: UUID, id_: UUID, kind: str, body: Json, key: bytes) -> None:
        """Seal `body` under the dossier's key."""
        sealed = seal(key, _text(body), _place(dossier, id_))
        await connection.execute(QUERIES["insert_sealed"], id_, dossier, kind, sealed)

    async def key_of(self, connection: Connection, dossier: UUID) -> bytes:
        """Unwrap the dossier's key; `KeyDestroyed` once it is gone."""
        return self._ring.unwrap(await connection.fetchval(QUERIES["find_key"], dossier), _key_place(dossier))

    async def open_all(self, connection: Connection, dossier: UUID) -> dict[UUID, Json]:
        """Open everything sealed of one dossier; a destroyed key leaves an honest blank."""
        rows = await connection.fetch(QUERIES["sealed_of"], dossier)
        try:
            key = await self.key_of(connection, dossier)
        except KeyDestroyed:
            return {row["id"]: {"kind": row["kind"], "erased": ERASED} for row in rows}
        return {
            row["id"]: {
                "kind": row["kind"],
                **json.loads(unseal(key, row["body"], _place(dossier, row["id"]))),
            }
            for row in rows
        }

    async def destroy(self, connection: Connection, dossier: UUID, at: datetime) -> bool:
        """Forget the dossier's key for ever; False when that had happened before."""
        return await connection.fetchval(QUERIES["destroy_key"], dossier, at) is not None

    def pseudonym(self, system: str, actor: ActorBody) -> str | None:
        """Name an officer by a keyed digest; None where nobody is named."""
        return self._digest.of("officer", f"{system}/{actor.officer}")[:32] if actor.officer else None

    async def remember(self, connection: Connection, system: str, actor: ActorBody) -> None:
        """Keep, sealed, who stands behind a pseudonym that has entered the log."""
        pseudonym = self.pseudonym(system, actor)
        if pseudonym is None or pseudonym in self._known_officers:
            return
        await self._keep(connection, system, actor, pseudonym)
        self._known_officers.add(pseudonym)

    async def officer(self, connection: Connection, system: str, actor: ActorBody) -> str:
        """The pseudonym of an officer of a calling system, whose name is kept, sealed, if this transaction is."""
        pseudonym = self.pseudonym(system, actor)
        if pseudonym is None:
            raise Invalid("nobody is named", field="officer", remedy="name the officer who does this")
        await self._keep(connection, system, actor, pseudonym)
        return pseudonym

    def remembers(self, system: str, actor: ActorBody) -> bool:
        """Whether `remember` would have nothing to do, as far as this process knows."""
        pseudonym = self.pseudonym(system, actor)
        return pseudonym is None or pseudonym in self._known_officers

    async def officers(self, connection: Connection, pseudonyms: Iterable[str]) -> dict[str, Json]:
        """Say who stands behind these pseudonyms."""
        rows = await connection.fetch(QUERIES["officers"], sorted(set(pseudonyms)))
        opened = ((r["pseudonym"], self._ring.unwrap(r["body"], f"officer/{r['pseudonym']}")) for r in rows)
        return {pseudonym: json.loads(body) for pseudonym, body in opened}

    async def _keep(self, connection: Connection, system: str, actor: ActorBody, pseudonym: str) -> None:
        body = _text({"officer": actor.officer, "name": actor.name})
        sealed = self._ring.wrap(body, f"officer/{pseudonym}")
        await connection.execute(QUERIES["insert_officer"], pseudonym, system, sealed)


def _text(body: Json) -> bytes:
    return json.dumps(body, ensure_ascii=False).encode()


def _key_place(dossier: UUID) -> str:
    return f"dossier_key/{dossier}"


def _place(dossier: UUID, id_: UUID) -> str:
    return f"sealed/{dossier}/{id_}"
