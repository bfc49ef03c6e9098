"""Markers that stand for what is personal, and the hunt for them: in every spelling, in every store.

A marker holds three needles that occur nowhere else: Latin letters, Vietnamese letters, and digits. So a
store is clean when no spelling of any needle lies in its bytes.
"""

from __future__ import annotations

import base64
import json
import random
import unicodedata
import urllib.parse
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import asyncpg
from temporalio.client import Client

LETTERS = "ảãạắằẳẵặấầẩẫậẻẽẹếềểễệỉĩịỏõọốồổỗộớờởỡợủũụứừửữựỷỹỵ"


@dataclass(frozen=True)
class Markers:
    """One run's needles, and texts that hold them."""

    latin: str = field(default_factory=lambda: "mk" + "".join(random.choices("bcdfghjkqvwxz", k=10)))
    vietnamese: str = field(default_factory=lambda: "".join(random.sample(LETTERS, 8)))
    digits: str = field(default_factory=lambda: "07" + "".join(random.choices("0123456789", k=12)))

    def text(self, what: str) -> str:
        """A text such as people write, with every needle in it."""
        return f"Nguyễn Thị {what} {self.vietnamese}, số {self.digits}, {self.latin}"

    @property
    def code(self) -> str:
        """What a code may look like, but a person all the same."""
        return f"{self.latin}-{self.digits}"

    @cached_property
    def spellings(self) -> dict[bytes, str]:
        """Every way in which a needle may lie somewhere, each with its name."""
        texts = [self.digits, *_cases(self.latin), *_cases(self.vietnamese)]
        return {spelt: f"{name} of {text}" for text in texts for name, spelt in _spellings(text)}

    def found_in(self, data: bytes) -> list[str]:
        """What of them lies in these bytes."""
        return [name for spelt, name in self.spellings.items() if spelt in data]


def _cases(text: str) -> set[str]:
    return {unicodedata.normalize(form, cased) for form in ("NFC", "NFD") for cased in (text, text.upper())}


def _spellings(text: str) -> Iterator[tuple[str, bytes]]:
    utf8 = text.encode()
    yield "UTF-8", utf8
    yield "UTF-16", text.encode("utf-16-le")
    yield "UTF-16, the other end first", text.encode("utf-16-be")
    escaped = json.dumps(text)[1:-1]
    yield "JSON escapes", escaped.encode()
    yield "JSON escapes in capitals", _capital_escapes(text).encode()
    yield "JSON in JSON", json.dumps(escaped)[1:-1].encode()
    yield "URL", urllib.parse.quote(text).encode()
    yield "URL in small letters", urllib.parse.quote(text).lower().encode()
    yield "Python's bytes", repr(utf8)[2:-1].encode()
    yield "hexadecimal", utf8.hex().encode()
    yield "hexadecimal in capitals", utf8.hex().upper().encode()
    for shift in range(3):  # base64 of a longer text spells it in one of three ways, but for its ends
        inner = base64.b64encode(b"\0" * shift + utf8)[-(-shift * 4 // 3) : len(utf8) * 4 // 3 - 2]
        yield "base64", inner
        yield "base64 for URLs", inner.translate(bytes.maketrans(b"+/", b"-_"))


def _capital_escapes(text: str) -> str:
    return "".join(letter if letter.isascii() else f"\\u{ord(letter):04X}" for letter in text)


async def tables(url: str) -> AsyncIterator[tuple[str, bytes]]:
    """Every column of every table of a database, its values as text and, where it holds bytes, raw."""
    connection = await asyncpg.connect(url)
    try:
        for table, column, type_ in await connection.fetch(
            "SELECT format('%I.%I', table_schema, table_name), quote_ident(column_name), data_type"
            "  FROM information_schema.columns JOIN information_schema.tables USING (table_schema, table_name)"
            " WHERE table_schema NOT IN ('pg_catalog', 'information_schema') AND table_type = 'BASE TABLE'"
        ):
            cast = column if type_ == "bytea" else f"{column}::text"
            rows = await connection.fetch(f"SELECT {cast} AS value FROM {table} WHERE {column} IS NOT NULL")
            values = [each["value"] for each in rows]
            yield f"{table}.{column}", b"\n".join(v if isinstance(v, bytes) else v.encode() for v in values)
    finally:
        await connection.close()


async def histories(address: str, namespace: str) -> AsyncIterator[tuple[str, bytes]]:
    """Every workflow as the engine keeps it: ids, attributes, memo and history, raw and as JSON, not decrypted."""
    client = await Client.connect(address, namespace=namespace)
    async for each in client.list_workflows():
        handle = client.get_workflow_handle(each.id, run_id=each.run_id)
        described = await handle.describe()
        yield f"{each.id} described", described.raw_description.SerializeToString()
        yield f"{each.id} listed", each.raw_info.SerializeToString()
        history = await handle.fetch_history()
        yield f"{each.id} history", history.to_json().encode()
        for event in history.events:
            yield f"{each.id} event {event.event_id}", event.SerializeToString()


def files(folders: Iterable[Path]) -> Iterator[tuple[str, bytes]]:
    """Every file below these folders: logs, the engine's store, the database's own files, a partner's books."""
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            try:
                if path.is_file():
                    yield str(path.relative_to(folder)), path.read_bytes()
            except FileNotFoundError:  # a server tidied up meanwhile
                continue
