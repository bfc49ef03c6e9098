"""Owns logging: one line per fact, JSON unless a person watches, redacted as the last step.

structlog outside workflows, `workflow.logger` and `activity.logger` inside; they and the libraries' stdlib
loggers go through one handler. Names are past-tense snake_case with fields, as in
`log.info("dossier_submitted", dossier=…)`; what may be a field is in `adapters/redaction.py`.
"""

from __future__ import annotations

import logging
import sys
from types import TracebackType
from typing import TextIO

import structlog
import temporalio.activity
import temporalio.workflow
from structlog.stdlib import ProcessorFormatter
from structlog.typing import Processor

from adapters.redaction import redact
from adapters.starting import CannotStart

# Quieter than the rest: below these levels they write addresses, query strings or decrypted payloads.
QUIET = {
    "httpx": logging.WARNING,
    "httpcore": logging.WARNING,
    "asyncpg": logging.WARNING,
    "uvicorn.access": logging.WARNING,
    "temporalio": logging.INFO,
}


def configure_logs(stream: TextIO | None = None, *, json: bool | None = None, level: str = "INFO") -> None:
    """Send every log of this process to `stream` (default stderr); JSON unless it is a terminal."""
    out = stream or sys.stderr
    handler = logging.StreamHandler(out)
    handler.setFormatter(_formatter(json=not out.isatty() if json is None else json))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    _calm_libraries()
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_stamps(),
            ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,  # tests configure more than once
    )
    sys.excepthook = _log_the_end


def _formatter(*, json: bool) -> ProcessorFormatter:
    renderer: Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False, default=str) if json else structlog.dev.ConsoleRenderer()
    )
    return ProcessorFormatter(
        processors=[redact, renderer],
        foreign_pre_chain=[structlog.stdlib.ExtraAdder(), *_stamps()],  # no extra passes for a stamp
        use_get_message=False,  # the template alone: arguments may quote data
    )


def _stamps() -> list[Processor]:
    return [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]


def _calm_libraries() -> None:
    for name, level in QUIET.items():
        logging.getLogger(name).setLevel(level)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logging.getLogger(name).handlers = []  # uvicorn's own would write past the redaction
        logging.getLogger(name).propagate = True
    temporalio.workflow.logger.workflow_info_on_message = False
    temporalio.activity.logger.activity_info_on_message = False
    logging.captureWarnings(capture=True)


def _log_the_end(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
    if isinstance(error, CannotStart):
        sys.stderr.write(f"motcua cannot start: {error}\n")
    elif not isinstance(error, KeyboardInterrupt):
        logging.getLogger("motcua").critical("process_failed", exc_info=(kind, error, traceback))
