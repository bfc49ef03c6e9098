"""Owns what may be seen in a log: the last step before a line is written, so that nothing personal gets in.

The rule is an allow list, not a hunt for names. Our own lines are an event in past-tense snake_case with
fields; a field is shown when `FIELDS` lists it and its value is a number or looks like an id. Everything else
is named under `withheld`, without its value, so that whoever misses it sees what to add. Lines of libraries
keep their first line without quoted parts and arguments. Of an exception only types and places in the code
are kept: its text may quote anything, a payload or an SQL parameter.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Iterator, Mapping, MutableMapping
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any
from uuid import UUID

Event = MutableMapping[str, Any]

FRAME = ("timestamp", "level", "logger")  # what our own processors put in
_NAMES = """
    dossier workflow_id workflow_type run_id act command kind procedure unit catalogue version
    signal_name update_name activity_type task_queue namespace queue subscriber system
    stage step office clock rung role method route

    status outcome code reason_code error signal process pid host port address

    sequence position count total attempt seconds milliseconds size rows due_at as_of retry_in
    migration worker workers
"""  # ids and kinds; how it went and where; numbers and instants
FIELDS = frozenset(_NAMES.split())
_EVENT = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)+")
_IDLIKE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./:+-]{0,99}")
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"|`[^`]*`|<[^>]*>|\{.*\}|\(.*\)")
_WARNING = re.compile(r"(\S+:\d+: \w+): .*", re.DOTALL)  # file, line and category; the sentence may hold values
_PLACEHOLDER = re.compile(r"%(\(\w+\))?[-#0-9 +.]*[a-zA-Z]")
_DETAILS = ("temporal_workflow", "temporal_activity")  # dicts of ids which the Temporal loggers attach
_OWN = ("_record", "_from_structlog", "event", "exc_info", "stack_info", "stack", "positional_args", *FRAME)
LONGEST_TEXT = 160
FRAMES_SHOWN = 4


def redact(_logger: Any, _method: str, event: Event) -> Event:
    """The structlog processor: what came in, less everything that is not known to be harmless."""
    fields = dict(_flattened(event))
    shown = {name: value for name, value in fields.items() if name in FIELDS and _is_harmless(value)}
    withheld = sorted(name for name in fields if name not in shown and _IDLIKE.fullmatch(name))
    line: dict[str, Any] = {"event": _headline(event), **shown}
    line |= {name: event[name] for name in FRAME if name in event and _is_harmless(event[name])}
    if withheld:
        line["withheld"] = withheld
    return line | _fault(event.get("exc_info"))


def _flattened(event: Event) -> Iterator[tuple[str, Any]]:
    for name, value in event.items():
        if name in _DETAILS and isinstance(value, Mapping):
            yield from ((key, inner) for key, inner in value.items() if key in FIELDS)
        elif name not in _OWN and name not in _DETAILS and not name.startswith("__"):
            yield name, value


def _is_harmless(value: Any) -> bool:
    if value is None or isinstance(value, bool | int | float | UUID | datetime):
        return True
    return isinstance(value, str) and _IDLIKE.fullmatch(value) is not None


def _headline(event: Event) -> str:
    """Our event name; of a library's line its first line, without what was put into it."""
    text = str(event.get("event", ""))
    if _EVENT.fullmatch(text):
        return text
    if event.get("_from_structlog", True) or _is_ours(event.get("_record")):
        return "badly_named_event"  # a sentence of ours may hold values: it is not shown
    text = _WARNING.sub(r"\1", text)
    lines = _QUOTED.sub("…", _PLACEHOLDER.sub("…", text)).splitlines() or [""]
    return lines[0][:LONGEST_TEXT]


def _is_ours(record: logging.LogRecord | None) -> bool:
    """A line that our workflows or activities wrote through Temporal's loggers, not the SDK's own."""
    if record is None or not record.name.startswith(("temporalio.workflow", "temporalio.activity")):
        return False
    return "temporalio" not in Path(record.pathname).parts


def _fault(exc_info: Any) -> dict[str, Any]:
    error = _exception(exc_info)
    if error is None:
        return {}
    return {"error": " < ".join(_types(error)), "where": _places(error.__traceback__)}


def _exception(exc_info: Any) -> BaseException | None:
    if exc_info is True:
        exc_info = sys.exc_info()
    if isinstance(exc_info, tuple):
        exc_info = exc_info[1]
    return exc_info if isinstance(exc_info, BaseException) else None


def _types(error: BaseException | None) -> Iterator[str]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield type(error).__name__
        error = error.__cause__ or error.__context__


def _places(traceback: TracebackType | None) -> list[str]:
    places: list[str] = []
    while traceback is not None:
        code = traceback.tb_frame.f_code
        places.append(f"{'/'.join(Path(code.co_filename).parts[-2:])}:{traceback.tb_lineno} {code.co_name}")
        traceback = traceback.tb_next
    return places[-FRAMES_SHOWN:]
