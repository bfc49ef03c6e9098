"""Problems (RFC 9457): every refusal as `application/problem+json`, naming the field and the remedy."""

from __future__ import annotations

from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from activities.ports import Unavailable
from adapters.payments import BadSignature
from domain.errors import Conflict, DomainError, Forbidden, Invalid, MotcuaError, NotAllowed, NotFound
from gateway.wording import worded

log = structlog.get_logger()

RETRY_AFTER = "2"
_NO_JSON, _SEND_JSON = "the body is not valid JSON", "send one JSON object, in UTF-8"
_STATUS: list[tuple[type[Exception], int]] = [
    (BadSignature, 401),
    (Forbidden, 403),
    (NotFound, 404),
    (Conflict, 409),
    (NotAllowed, 409),
    (Invalid, 422),
    (DomainError, 422),
]
_HTTP = {
    400: (_NO_JSON, "body", _SEND_JSON),
    404: ("there is nothing at this path", "path", "see /openapi.json for the paths"),
    405: ("this path does not take this method", "method", "see the header Allow, or /openapi.json"),
}


class Unauthorised(DomainError):
    """No key, or one that we do not know."""


class TooLarge(DomainError):
    """The body is larger than this gateway takes."""


def problem(
    status: int,
    title: str,
    *,
    field: str = "",
    remedy: str = "",
    headers: dict[str, str] | None = None,
    **more: Any,
) -> JSONResponse:
    """Word one problem."""
    body = {"type": "about:blank", "status": status, "title": title, "field": field, "remedy": remedy, **more}
    return JSONResponse(body, status, headers=headers, media_type="application/problem+json")


def _refused(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, DomainError)
    status = next((status for kind, status in _STATUS if isinstance(error, kind)), 422)
    if isinstance(error, Unauthorised):
        return problem(
            401, error.message, field=error.field, remedy=error.remedy, headers={"WWW-Authenticate": "Bearer"}
        )
    if isinstance(error, TooLarge):
        status = 413
    return problem(status, error.message, field=error.field, remedy=error.remedy)


def _invalid(_: Request, error: Exception) -> JSONResponse:
    """The first thing wrong is the title; all of them are listed. Input is not repeated: it may be personal."""
    assert isinstance(error, RequestValidationError)
    if error.errors()[0]["type"] == "json_invalid":
        return problem(422, _NO_JSON, field="body", remedy=_SEND_JSON)
    found = [worded(each) for each in error.errors()]
    first = found[0]
    title = f"{first['field']} {first['message']}"
    return problem(422, title, field=first["field"], remedy=first["remedy"], errors=found)


def _away(_: Request, error: Exception) -> JSONResponse:
    return problem(
        503,
        f"not available now ({error}); it is not known whether anything happened",
        remedy="send the same request again with the same Idempotency-Key",
        headers={"Retry-After": RETRY_AFTER},
    )


def _http(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    title, field, remedy = _HTTP.get(error.status_code, (str(error.detail), "", "see /openapi.json"))
    status = 422 if error.status_code == 400 else error.status_code  # 400: a body that cannot even be decoded
    return problem(status, title, field=field, remedy=remedy, headers=dict(error.headers or {}))


def _fault(_: Request, error: Exception) -> JSONResponse:
    log.error("request_failed", error=type(error).__name__, exc_info=error)
    return problem(500, "a fault on our side; it has been logged", remedy="send the same request again later")


def install(app: FastAPI) -> None:
    """Let the application answer every error as a problem."""
    app.add_exception_handler(DomainError, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(Unavailable, _away)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(MotcuaError, _fault)
    app.add_exception_handler(Exception, _fault)
