"""Owns every use of a secret key: sealing what is personal, wrapping data keys, keyed and plain digests.

Two kinds of keys. The *key ring* belongs to the installation and rotates: its first key encrypts, all
decrypt. A *data key* belongs to one dossier, is stored wrapped by the ring, and seals that dossier's persons
and texts; destroying it erases them and nothing else. All encryption is AES-256-GCM with a random 96-bit
nonce (NIST SP 800-38D), bound to a context (`aad`) so that a sealed value copied elsewhere does not open. The
ring's keys are never used directly: each purpose has its own, derived with HKDF-SHA256 (RFC 5869).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from pydantic import BaseModel

from adapters.starting import CannotStart
from domain.errors import MotcuaError

KEY_BYTES = 32
NONCE_BYTES = 12
SEALED_V1 = b"\x01"  # the first byte of everything sealed or wrapped, so that the format may grow
_KEY_ID = re.compile(r"[a-z0-9][a-z0-9.-]{0,63}")


class KeyDestroyed(MotcuaError):
    """The data key was destroyed: what it sealed is erased for good, which is no fault."""


class UnknownKey(MotcuaError):
    """The ring lacks the key that this was encrypted with; put it back behind the current one."""


class Tampered(MotcuaError):
    """The sealed bytes, or the place they were found in, are not those that were sealed."""


class BadKey(CannotStart):
    """A configured key is malformed; the message names the setting, never the key."""


@dataclass(frozen=True, repr=False)
class RingKey:
    """One key of the ring, as its two derived ciphers."""

    id: str
    wrapping: AESGCM
    payload: AESGCM

    @classmethod
    def derive(cls, key_id: str, master: bytes) -> RingKey:
        return cls(key_id, _derived(master, "motcua/wrap/1"), _derived(master, "motcua/payload/1"))

    def __repr__(self) -> str:
        return f"RingKey({self.id})"


@dataclass(frozen=True)
class KeyRing:
    """The installation's keys by id. `current` encrypts; the others are there to be read with."""

    current: RingKey
    keys: Mapping[str, RingKey]

    @classmethod
    def parse(cls, text: str) -> KeyRing:
        """From "id:base64,older:base64", 32 bytes each, the current one first; `BadKey` otherwise."""
        keys = [_ring_key(entry.strip()) for entry in text.split(",")]
        by_id = {key.id: key for key in keys}
        if len(by_id) != len(keys):
            raise BadKey("MOTCUA_KEYS names one id twice; give every key its own id")
        return cls(keys[0], by_id)

    def key(self, key_id: str) -> RingKey:
        """The key of that id; `UnknownKey` when the ring does not hold it."""
        if key_id not in self.keys:
            raise UnknownKey(f"key {key_id!r} is not in the ring; add it to MOTCUA_KEYS, behind the first")
        return self.keys[key_id]

    def wrap(self, data_key: bytes, aad: str) -> bytes:
        """The data key under the current key: version, length and text of the key id, then the sealed key."""
        key_id = self.current.id.encode()
        head = SEALED_V1 + bytes([len(key_id)]) + key_id
        return head + _encrypt(self.current.wrapping, data_key, head + aad.encode())

    def unwrap(self, wrapped: bytes | None, aad: str) -> bytes:
        """The data key again; of `None`, an emptied row, `KeyDestroyed`; else `UnknownKey` or `Tampered`."""
        if wrapped is None:
            raise KeyDestroyed("the data key was destroyed; what it sealed is erased")
        if wrapped[:1] != SEALED_V1 or len(wrapped) < 2:
            raise Tampered("this is not a wrapped data key")
        end = 2 + wrapped[1]
        key = self.key(wrapped[2:end].decode("ascii", "replace"))
        return _decrypt(key.wrapping, wrapped[end:], wrapped[:end] + aad.encode())


def new_data_key() -> bytes:
    """Thirty-two random bytes for one dossier."""
    return AESGCM.generate_key(bit_length=256)


def seal(data_key: bytes, plaintext: bytes, aad: str) -> bytes:
    """Encrypt for one place: `aad` says which (dossier and column), and unsealing must say the same."""
    return SEALED_V1 + _encrypt(AESGCM(data_key), plaintext, SEALED_V1 + aad.encode())


def unseal(data_key: bytes | None, sealed: bytes, aad: str) -> bytes:
    """What was sealed. Without a key `KeyDestroyed`; with another key, place or content `Tampered`."""
    if data_key is None:
        raise KeyDestroyed("the data key was destroyed; what it sealed is erased")
    if sealed[:1] != SEALED_V1:
        raise Tampered("this is not a sealed value")
    return _decrypt(AESGCM(data_key), sealed[1:], SEALED_V1 + aad.encode())


class KeyedDigest:
    """Digests that nobody without the key can try names against: HMAC-SHA256, one space per purpose."""

    def __init__(self, index_key: bytes) -> None:
        if len(index_key) < KEY_BYTES:
            raise BadKey(f"MOTCUA_INDEX_KEY has {len(index_key)} bytes; give at least {KEY_BYTES}, in base64")
        self._start = hmac.new(index_key, digestmod=hashlib.sha256)

    @classmethod
    def parse(cls, text: str) -> KeyedDigest:
        """From the base64 text of the setting."""
        return cls(_base64(text, "MOTCUA_INDEX_KEY"))

    def of(self, purpose: str, text: str) -> str:
        """64 hex digits; the same text under another purpose gives another digest."""
        digest = self._start.copy()
        digest.update(len(purpose.encode()).to_bytes(4, "big") + purpose.encode() + text.encode())
        return digest.hexdigest()

    def of_body(self, purpose: str, value: BaseModel | object) -> str:
        """The keyed digest of a whole message: for bodies short enough to be guessed."""
        return self.of(purpose, canonical_json(value))


def digest_of(value: BaseModel | object) -> str:
    """SHA-256 of the canonical JSON, 64 hex digits: equal for equal content, whatever the order of fields."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()


def canonical_json(value: BaseModel | object) -> str:
    """One text for one content: sorted names, no spaces, UTF-8; models inside are written as their JSON."""
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False, default=_as_json
    )


def _as_json(value: object) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    raise TypeError(f"no canonical JSON for {type(value).__name__}")


def _ring_key(entry: str) -> RingKey:
    key_id, colon, text = entry.partition(":")
    if not colon or not _KEY_ID.fullmatch(key_id):
        raise BadKey("MOTCUA_KEYS is not of the form id:base64,older:base64 (ids: a-z, 0-9, dot, hyphen)")
    master = _base64(text, f"MOTCUA_KEYS, key {key_id}")
    if len(master) != KEY_BYTES:
        raise BadKey(f"MOTCUA_KEYS, key {key_id}, has {len(master)} bytes; it needs {KEY_BYTES}")
    return RingKey.derive(key_id, master)


def _base64(text: str, setting: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise BadKey(f"{setting} is not base64") from None


def _derived(master: bytes, purpose: str) -> AESGCM:
    return AESGCM(HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=purpose.encode()).derive(master))


def _encrypt(cipher: AESGCM, plaintext: bytes, aad: bytes) -> bytes:
    nonce = os.urandom(NONCE_BYTES)
    return nonce + cipher.encrypt(nonce, plaintext, aad)


def _decrypt(cipher: AESGCM, sealed: bytes, aad: bytes) -> bytes:
    try:
        return cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], aad)
    except (InvalidTag, ValueError):  # ValueError: cut so short that no nonce or tag is left
        raise Tampered("it does not open: changed, moved elsewhere, or sealed with another key") from None
