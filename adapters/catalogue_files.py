"""Reads the folder `catalogue/` into frozen values, or says file, entry and remedy of what cannot be read.

Any `*.toml` below the folder may hold any kind of entry, as `[[calendar]]`, `[[unit]]`, `[[procedure]]`,
`[[process]]`, `[[fee]]`, `[[shortening]]` and `[[reduction]]`. A key that no entry knows is refused:
misspelt, it would be a rule that silently does not hold.
"""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Iterator
from dataclasses import dataclass, is_dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, get_args, get_type_hints

from pydantic import ValidationError

from adapters.catalogue_versions import ADAPTERS, assemble
from domain.catalogue import Catalogue
from domain.catalogue_check import Finding, check
from domain.entries import TYPES, Entry, name
from domain.errors import Invalid

FOLDER = Path(__file__).parents[1] / "catalogue"


class BadCatalogue(Invalid):
    """The files cannot be read as a catalogue; `findings` lists everything that is wrong with them."""

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        first, more = findings[0], len(findings) - 1
        others = f" (and {more} more: `motcua catalogue check` lists them)" if more else ""
        super().__init__(
            ": ".join(filter(None, (first.file, first.entry, first.message))) + others,
            field="catalogue",
            remedy=first.remedy,
        )
        self.findings = findings


@dataclass(frozen=True)
class Loaded:
    """A catalogue read from files, versions filled in, and the file of each entry by the entry's name."""

    catalogue: Catalogue
    origins: dict[str, str]


def read(folder: Path = FOLDER) -> Loaded:
    """Read every file of the folder. Raises BadCatalogue for what is not a catalogue at all."""
    found: list[tuple[str, Entry]] = []
    origins: dict[str, str] = {}
    findings: list[Finding] = []
    for file in sorted(folder.rglob("*.toml")):
        shown = file.relative_to(folder).as_posix()
        for kind, entry in _entries(file, shown, findings):
            found.append((kind, entry))
            origins[name(kind, entry)] = shown
    if not found and not findings:
        remedy = "give the folder that holds the catalogue's files"
        findings.append(Finding(str(folder), "folder", "it holds no entry", remedy))
    if findings:
        raise BadCatalogue(tuple(findings))
    return Loaded(assemble(found), origins)


def read_rows(file: Path, kinds: Collection[str]) -> tuple[tuple[str, Entry], ...]:
    """Read the entries of one file outside the folder. Raises BadCatalogue for others than of these kinds."""
    findings: list[Finding] = []
    try:
        rows = tuple(_entries(file, file.name, findings))
    except OSError as error:
        rows = ()
        findings.append(
            Finding(file.name, "file", f"it cannot be read: {type(error).__name__}", "name a readable file")
        )
    strange = [(kind, entry) for kind, entry in rows if kind not in kinds]
    remedy = f"use: {', '.join(f'[[{kind}]]' for kind in kinds)}"
    findings += [Finding(file.name, name(*each), "this file may not hold it", remedy) for each in strange]
    if not rows and not findings:
        findings.append(Finding(file.name, "file", "it holds no entry", remedy))
    if findings:
        raise BadCatalogue(tuple(findings))
    return rows


def require_sound(catalogue: Catalogue, today: date) -> Catalogue:
    """Return a catalogue that may be published on that day. Raises BadCatalogue for one that may not."""
    if findings := tuple(check(catalogue, {}, today)):
        raise BadCatalogue(findings)
    return catalogue


def examine(folder: Path = FOLDER, today: date | None = None) -> tuple[Finding, ...]:
    """Everything that is wrong with the files of a folder, empty when they may be published on that day."""
    try:
        loaded = read(folder)
    except BadCatalogue as refused:
        return refused.findings
    return tuple(check(loaded.catalogue, loaded.origins, today))


def read_sound(folder: Path = FOLDER, today: date | None = None) -> Catalogue:
    """Read a catalogue that may be published on that day. Raises BadCatalogue for one that may not."""
    loaded = read(folder)
    findings = tuple(check(loaded.catalogue, loaded.origins, today))
    if findings:
        raise BadCatalogue(findings)
    return loaded.catalogue


def _entries(file: Path, shown: str, findings: list[Finding]) -> Iterator[tuple[str, Entry]]:
    try:
        raw = tomllib.loads(file.read_text(encoding="utf-8"), parse_float=Decimal)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        findings.append(Finding(shown, "file", f"it is not TOML: {error}", "correct the file at that place"))
        return
    for kind, rows in raw.items():
        if kind not in TYPES or not isinstance(rows, list):
            remedy = f"use one of: {', '.join(f'[[{known}]]' for known in TYPES)}"
            findings.append(Finding(shown, kind, "it is not a kind of entry", remedy))
            continue
        for number, row in enumerate(rows, start=1):
            entry = _entry(kind, row, shown, f"{kind} {_label(row, number)}", findings)
            if entry is not None:
                yield kind, entry


def _entry(kind: str, row: Any, shown: str, label: str, findings: list[Finding]) -> Entry | None:
    wrong = [
        Finding(shown, label, f"the field '{path}' is unknown", "correct its spelling, or remove it")
        for path in _unknown(TYPES[kind], row)
    ]
    findings.extend(wrong)
    try:
        entry: Entry = ADAPTERS[kind].validate_python(row)
    except ValidationError as error:
        findings.extend(_refused(each, shown, label) for each in error.errors(include_url=False))
        return None
    return None if wrong else entry


def _refused(error: Any, shown: str, label: str) -> Finding:
    path = ".".join(str(part) for part in error["loc"]) or "entry"
    if error["type"] in ("missing", "missing_argument"):
        return Finding(shown, label, f"the field '{path}' is missing", f"add {path}")
    return Finding(shown, label, f"{path}: {error['msg']}", f"correct {path}; it is {error['input']!r}")


def _unknown(kind: type, row: Any, path: str = "") -> Iterator[str]:
    """The keys that the dataclass does not know; `version` is never written by hand."""
    if not isinstance(row, dict):
        return
    hints = get_type_hints(kind)
    for key, value in row.items():
        if key not in hints or key == "version":
            yield path + key
            continue
        inner = next((each for each in (hints[key], *get_args(hints[key])) if is_dataclass(each)), None)
        for item in value if isinstance(value, list) else [value]:
            if isinstance(inner, type):
                yield from _unknown(inner, item, f"{path}{key}.")


def _label(row: Any, number: int) -> str:
    if not isinstance(row, dict):
        return f"number {number}"
    return str(row.get("code") or row.get("procedure") or row.get("decision") or f"number {number}")
