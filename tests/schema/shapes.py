"""Freezes the shape of every message: `python -m tests.schema.shapes` keeps what is new, and refuses what shrank.

A shape is the JSON schema of a message as dossiers under way hold it. It may only grow: a new field has a
default, an enumeration gets a new value. Titles and descriptions are not part of it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import schema.campaigns
import schema.case
import schema.closings
import schema.commands
import schema.payments
import schema.reconciliation
import schema.refunds
import schema.submissions
import schema.watch
from schema.messages import Message

FOLDER = Path(__file__).parent / "shapes"
MODULES = (
    schema.campaigns,
    schema.case,
    schema.closings,
    schema.commands,
    schema.payments,
    schema.reconciliation,
    schema.refunds,
    schema.submissions,
    schema.watch,
)

Shape = dict[str, Any]


def shapes() -> dict[str, Shape]:
    """The present shape of every message, by its name."""
    assert MODULES  # imported, so that all messages are known
    ours = [each for each in _below(Message) if each.__module__.startswith("schema.")]
    return {each.__name__: plain(each.model_json_schema()) for each in sorted(ours, key=lambda m: m.__name__)}


def frozen() -> dict[str, Shape]:
    """The shapes that were kept."""
    return {file.stem: json.loads(file.read_text(encoding="utf-8")) for file in sorted(FOLDER.glob("*.json"))}


def plain(value: Any) -> Any:
    """A schema without what only people read."""
    if isinstance(value, dict):
        return {
            key: {name: plain(each) for name, each in part.items()} if key in ("properties", "$defs") else plain(part)
            for key, part in value.items()
            if not (key in ("title", "description") and isinstance(part, str))
        }
    return [plain(each) for each in value] if isinstance(value, list) else value


def shrunk(old: Any, new: Any, where: str) -> Iterator[str]:
    """Say what of the old shape is gone, or asks for more than before."""
    if not isinstance(old, dict) or not isinstance(new, dict):
        if old != new:
            yield f"{where}: {old!r} became {new!r}"
        return
    for key in old.keys() | new.keys():
        if key in ("properties", "$defs"):
            yield from _parts(old.get(key, {}), new.get(key, {}), where)
        elif key == "required":
            more = set(new.get(key, ())) - set(old.get(key, ()))
            yield from (f"{where}.{name}: has no default, and older messages lack it" for name in sorted(more))
        elif key == "enum":
            gone = [each for each in old.get(key, ()) if each not in new.get(key, ())]
            yield from (f"{where}: the value {each!r} is gone" for each in gone)
        else:
            yield from shrunk(old.get(key), new.get(key), f"{where}.{key}")


def _parts(old: Shape, new: Shape, where: str) -> Iterator[str]:
    for name, part in old.items():
        if name in new:
            yield from shrunk(part, new[name], f"{where}.{name}")
        else:
            yield f"{where}.{name}: is gone; messages under way have it"


def _below(kind: type[Message]) -> set[type[Message]]:
    return {each for direct in kind.__subclasses__() for each in (direct, *_below(direct))}


def main() -> None:
    """Keep every shape that is new or has grown."""
    kept = frozen()
    for name, shape in shapes().items():
        if complaints := list(shrunk(kept[name], shape, name) if name in kept else ()):
            raise SystemExit("\n".join(complaints))
        text = json.dumps(shape, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
        (FOLDER / f"{name}.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
