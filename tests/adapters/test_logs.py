"""Logs: one JSON line per fact, and whatever is put into them, nothing personal comes out."""

from __future__ import annotations

import io
import json
import logging
import sys
import warnings
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
import structlog
import temporalio.activity
import temporalio.workflow
from hypothesis import given
from hypothesis import strategies as st

from adapters.logs import configure_logs
from adapters.redaction import FIELDS, redact
from adapters.settings import BadSettings

MARKER = "Nguyễn Thị Marker"
DOSSIER = "01938f6e-0000-7000-8000-000000000001"


@pytest.fixture
def out() -> Iterator[io.StringIO]:
    """A stream that gets the whole process's logs; what was set up before is put back afterwards."""
    root, hook = logging.getLogger(), sys.excepthook
    handlers, level = root.handlers, root.level
    stream = io.StringIO()
    configure_logs(stream)
    yield stream
    logging.captureWarnings(capture=False)
    root.handlers, sys.excepthook = handlers, hook
    root.setLevel(level)
    structlog.reset_defaults()


def lines(out: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_an_event_is_one_json_line_with_its_ids(out: io.StringIO) -> None:
    """Ids, statuses and numbers are shown, with time, level and logger."""
    structlog.get_logger("gateway").info("dossier_submitted", dossier=UUID(DOSSIER), status="received", count=2)
    [line] = lines(out)
    assert {"timestamp", "level", "logger"} <= line.keys()
    assert (line["event"], line["dossier"], line["status"], line["count"]) == (
        ("dossier_submitted", DOSSIER, "received", 2)
    )


def test_fields_off_the_list_are_named_without_their_value(out: io.StringIO) -> None:
    """A name, or a sentence where an id belongs, is withheld, and the line says so."""
    structlog.get_logger("x").info("dossier_submitted", applicant=MARKER, status=MARKER, dossier=DOSSIER)
    [line] = lines(out)
    assert "Marker" not in out.getvalue()
    assert line["withheld"] == ["applicant", "status"]


def test_a_sentence_of_ours_is_not_an_event(out: io.StringIO) -> None:
    """A line that is no past-tense name may hold anything, so it is not shown."""
    structlog.get_logger("x").info(f"dossier of {MARKER} came")
    temporalio.activity.logger.info(f"met {MARKER}")
    sentence = f"met {MARKER}"
    logging.getLogger("temporalio.workflow").info(sentence)  # the adapter itself needs a run
    assert [line["event"] for line in lines(out)] == ["badly_named_event"] * 3
    assert "Marker" not in out.getvalue()


def test_an_exception_is_types_and_places_without_texts(out: io.StringIO) -> None:
    """The text of an exception may quote a payload or a parameter: only what and where is kept."""
    try:
        try:
            raise ValueError(MARKER)
        except ValueError as error:
            raise RuntimeError(MARKER) from error
    except RuntimeError:
        structlog.get_logger("x").exception("record_failed", dossier=DOSSIER)
        logging.getLogger("temporalio.activity").warning("Completing activity as failed", exc_info=True)
    for line in lines(out):
        assert line["error"] == "RuntimeError < ValueError"
        assert line["where"][-1].startswith("adapters/test_logs.py:")
    assert "Marker" not in out.getvalue()


def test_a_circle_of_causes_ends(out: io.StringIO) -> None:
    """Two exceptions that name each other as cause are each shown once."""
    one, other = ValueError(), KeyError()
    one.__cause__, other.__cause__ = other, one
    structlog.get_logger("x").error("record_failed", exc_info=one)
    assert lines(out)[0]["error"] == "ValueError < KeyError"


@pytest.mark.parametrize(
    "name, text, args",
    [
        ("asyncio", f"Task exception was never retrieved\nfuture: <Task exception=ValueError({MARKER})>", ()),
        ("uvicorn.error", "served %s in %d ms", (MARKER, 3)),
        ("temporalio.worker", "refused '%s'", (MARKER,)),
        ("some.library", f"could not read '{MARKER}' ({MARKER})", ()),
        ("some.library", f"key {{'name': '{MARKER}'}}", ()),
        ("uvicorn.access", '%s - "GET /v1/dossiers?name=%s"', ("127.0.0.1", MARKER)),
        ("httpx", f"HTTP Request: GET http://x/?name={MARKER}", ()),
    ],
)
def test_a_library_cannot_quote(out: io.StringIO, name: str, text: str, args: tuple[object, ...]) -> None:
    """Of a library's line its first line is kept, without arguments and quoted parts; URLs are not logged."""
    logging.getLogger(name).info(text, *args)
    logging.getLogger("after").warning("still here")
    assert lines(out)[-1]["event"] == "still here"
    assert "Marker" not in out.getvalue()


def test_decrypted_activations_are_never_written(out: io.StringIO) -> None:
    """The SDK's debug level prints whole activations: it stays off whatever level is asked for."""
    configure_logs(out, level="DEBUG")
    logging.getLogger("temporalio.worker._workflow").debug("Received workflow activation:\n%s", MARKER)
    assert out.getvalue() == ""


def test_the_ids_of_a_workflow_are_fields(out: io.StringIO) -> None:
    """What Temporal's logger knows of the run is shown as fields, by the same list."""
    details = {"workflow_id": f"dossier/{DOSSIER}", "attempt": 1, "memo": MARKER}
    logging.getLogger("temporalio.workflow").warning("clock_rearmed", extra={"temporal_workflow": details})
    [line] = lines(out)
    assert (line["event"], line["workflow_id"], line["attempt"]) == ("clock_rearmed", f"dossier/{DOSSIER}", 1)
    assert "Marker" not in out.getvalue()
    assert not temporalio.workflow.logger.workflow_info_on_message
    assert not temporalio.activity.logger.activity_info_on_message


def test_an_extra_cannot_pass_for_a_stamp(out: io.StringIO) -> None:
    """What a caller calls `level`, `logger` or `timestamp` does not take the place of the real one."""
    extra = {"level": MARKER, "logger": MARKER, "timestamp": MARKER}
    logging.getLogger("temporalio.workflow").info("clock_rearmed", extra=extra)
    structlog.get_logger("x").info("clock_rearmed", **extra)
    assert [line["level"] for line in lines(out)] == ["info", "info"]
    assert "Marker" not in out.getvalue()


def test_warnings_are_logged_without_their_sentence(out: io.StringIO) -> None:
    """A Python warning shows its place and category."""
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn(MARKER, stacklevel=1)
    [line] = lines(out)
    assert line["event"].endswith(": UserWarning")
    assert "Marker" not in out.getvalue()


def test_the_end_of_a_process_is_logged_without_text(out: io.StringIO) -> None:
    """An exception that nobody caught does not print its text either."""
    sys.excepthook(ValueError, ValueError(MARKER), None)
    [line] = lines(out)
    assert (line["event"], line["error"]) == ("process_failed", "ValueError")
    assert "Marker" not in out.getvalue()


def test_what_hinders_a_start_is_said_in_one_plain_line(out: io.StringIO, capsys: pytest.CaptureFixture[str]) -> None:
    """A missing setting is for the operator to read: no traceback, nothing withheld."""
    error = BadSettings("missing MOTCUA_KEYS")
    sys.excepthook(BadSettings, error, None)
    assert capsys.readouterr().err == "motcua cannot start: missing MOTCUA_KEYS\n"
    assert out.getvalue() == ""


def test_a_terminal_gets_readable_lines(out: io.StringIO) -> None:
    """For a person the same facts, redacted alike, not as JSON."""
    configure_logs(out, json=False)
    structlog.get_logger("x").info("dossier_submitted", dossier=DOSSIER, applicant=MARKER)
    assert DOSSIER in out.getvalue()
    assert "Marker" not in out.getvalue()
    assert not out.getvalue().startswith("{")


@given(st.dictionaries(st.text() | st.sampled_from(sorted(FIELDS)), st.text() | st.lists(st.text())))
def test_no_text_with_a_space_or_a_letter_outside_ascii_comes_through(fields: dict[str, Any]) -> None:
    """Names and sentences have one or the other: as a value neither is ever shown."""
    shown = redact(None, "info", {**fields, "event": "dossier_submitted"})
    kept = {name: value for name, value in shown.items() if name not in ("withheld", "event")}
    assert all(isinstance(value, str) and value.isascii() and " " not in value for value in kept.values())
