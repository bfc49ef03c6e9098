"""Owns what a version of the law is: the digest of an entry's content, and of a whole catalogue's versions.

The digest is taken over canonical JSON (sorted keys, no spaces, decimals as written), so equal content has
an equal version whether read from files or from the database. The order of entries belongs to the content of
the whole: of several offices that may receive a procedure, the first is the usual one.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from pydantic import TypeAdapter

from domain.catalogue import Catalogue
from domain.entries import FIELDS, TYPES, Entry, code, entries

ADAPTERS: dict[str, TypeAdapter[Any]] = {kind: TypeAdapter(each) for kind, each in TYPES.items()}

_LENGTH = 16  # hexadecimal digits of SHA-256: enough to tell versions apart, short enough to print


def content(kind: str, entry: Entry) -> str:
    """An entry as canonical JSON, without its version."""
    plain = ADAPTERS[kind].dump_python(entry, mode="json")
    plain.pop("version")
    return _canonical(plain)


def version_of(kind: str, entry: Entry) -> str:
    """The digest of an entry's content."""
    return _digest(content(kind, entry))


def restore(rows: Iterable[tuple[str, str]]) -> Catalogue:
    """The catalogue that these kinds and contents were published as.

    A version is the digest of what was written then: fields that entries have gained since are not part of it.
    """
    return _sorted_out(
        (kind, replace(ADAPTERS[kind].validate_json(text), version=_digest(_canonical(json.loads(text)))))
        for kind, text in rows
    )


def assemble(rows: Iterable[tuple[str, Entry]]) -> Catalogue:
    """A catalogue of these entries (each with its kind), every version filled in."""
    return versioned(_sorted_out(rows))


def above(catalogue: Catalogue, rows: Iterable[tuple[str, Entry]]) -> Catalogue:
    """The same catalogue with these entries in the place of those with their codes, or behind the others."""
    new = {(kind, code(entry)): (kind, entry) for kind, entry in rows}
    kept = [new.pop((kind, code(entry)), (kind, entry)) for kind, entry in entries(catalogue)]
    return assemble([*kept, *new.values()])


def versioned(catalogue: Catalogue) -> Catalogue:
    """The same catalogue with the version of every entry, and its own, filled in."""
    return _sorted_out((kind, replace(entry, version=version_of(kind, entry))) for kind, entry in entries(catalogue))


def _sorted_out(rows: Iterable[tuple[str, Entry]]) -> Catalogue:
    found: dict[str, list[Any]] = {field: [] for field in FIELDS.values()}
    for kind, entry in rows:
        found[FIELDS[kind]].append(entry)
    fields: dict[str, Any] = {field: tuple(each) for field, each in found.items()}
    whole = Catalogue(**fields)
    lines = [f"{kind} {code(entry)} {entry.version}" for kind, entry in entries(whole)]
    return replace(whole, version=_digest("\n".join(lines)))


def _canonical(plain: Any) -> str:
    return json.dumps(plain, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:_LENGTH]
