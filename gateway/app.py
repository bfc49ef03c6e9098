"""The routes: submit, command, look up, list, follow the events, measure, say how one is; money is in `payments`."""

from __future__ import annotations

import base64
import binascii
from datetime import date, timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, FastAPI, Header, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import AwareDatetime

from adapters.door import LAST_POSITION, Door
from adapters.explanation import look_into
from adapters.explanation_json import spelled
from adapters.explanation_text import language, preferred
from adapters.forecast import shown
from adapters.intake import Intake
from adapters.metrics import CONTENT_TYPE, Metrics
from adapters.payments import HttpPaymentPlatform
from adapters.postgres import Pool
from adapters.punctuality import Question, dossier_shown, question
from adapters.punctuality import shown as punctuality_shown
from adapters.views import brief, due_span, full
from adapters.vnpay import Vnpay
from adapters.watch_book import WatchBook
from domain.errors import Invalid
from domain.forecast import THRESHOLD
from domain.punctuality import Outcome
from gateway import money, payments
from gateway.body_limit import BodyLimit
from gateway.callers import KnownCaller, Reference, TheDoor, command_id
from gateway.document import REFUSALS, describe
from gateway.problems import RETRY_AFTER, install
from schema.events import EventType
from schema.messages import Answer, Code
from schema.submissions import CommandBody, Instant, Received, Submission

MOST = 200
"""Rows of one page."""

_Limit = Annotated[int, Query(ge=1, le=MOST)]


def _book(request: Request) -> WatchBook:
    return WatchBook(request.app.state.pool)


_Book = Annotated[WatchBook, Depends(_book)]
routes = APIRouter(responses=REFUSALS)


@routes.post("/v1/dossiers", status_code=201, responses={200: {"description": "this reference was used before"}})
async def submit(
    submission: Submission, reference: Reference, caller: KnownCaller, door: TheDoor, response: Response
) -> Received:
    """Hand in a dossier. The Idempotency-Key is your own reference: the same again returns the same dossier."""
    received = await door.submit(caller, _utf8(reference), submission)
    response.status_code = 201 if received.created else 200
    response.headers["Location"] = f"/v1/dossiers/{received.dossier}"
    return received


@routes.post("/v1/dossiers/{dossier}/commands", responses={202: {"description": "not known yet: ask again"}})
async def command(
    dossier: UUID,
    body: CommandBody,
    reference: Reference,
    caller: KnownCaller,
    door: TheDoor,
    if_match: Annotated[str | None, Header()] = None,
) -> Answer:
    """Order one act. The Idempotency-Key is the command's id, a UUID: the same again returns the same answer."""
    if if_match is not None:
        body = body.model_copy(update={"expected_version": _version(if_match)})
    answer = await door.command(caller, dossier, command_id(reference), body)
    if answer is None:
        pending = {"command": reference, "dossier": str(dossier), "remedy": "send the same request again"}
        return JSONResponse(pending, 202, headers={"Retry-After": RETRY_AFTER})  # type: ignore[return-value]  # the other answer of this route
    return answer


@routes.get("/v1/dossiers/{key}")
async def show(key: str, caller: KnownCaller, door: TheDoor, response: Response) -> dict[str, Any]:
    """One dossier, by its id or by the code on the receipt, with its whole story."""
    caller.require("read")
    found = await door.look_up(key)
    response.headers["ETag"] = f'"{found.case.sequence}"'
    return full(found)


@routes.get("/v1/dossiers/{key}/explanation")
async def explain(
    key: str,
    caller: KnownCaller,
    door: TheDoor,
    response: Response,
    lang: str | None = None,
    accept_language: Annotated[str | None, Header()] = None,
    as_of: Instant | None = None,
) -> dict[str, Any]:
    """Why each date of the dossier is what it is, who changed it, and who held the dossier how long.

    Facts for programs, and `sections` of sentences in Vietnamese, or in English for `lang=en` or `Accept-Language`.
    """
    caller.require("read")
    words = language(lang) if lang is not None else preferred(accept_language)
    response.headers["Content-Language"], response.headers["Vary"] = words.language, "Accept-Language"
    return spelled(await look_into(door, key, as_of), words)


@routes.get("/v1/dossiers")
async def list_dossiers(
    caller: KnownCaller,
    door: TheDoor,
    status: Annotated[int | None, Query(ge=1, le=10)] = None,
    unit: Code | None = None,
    overdue: bool = False,
    due_within: Annotated[str | None, Query(max_length=8, examples=["2d"])] = None,
    cursor: str | None = None,
    limit: _Limit = 50,
) -> dict[str, Any]:
    """Dossiers by national status, unit (receiving it, or holding it now) and appointment, newest first."""
    caller.require("read")
    span = timedelta(0) if overdue else due_span(due_within) if due_within else None
    cases = await door.page(status=status, unit=unit, due_within=span, after=_read_cursor(cursor), limit=limit)
    following = _cursor(cases[-1].dossier) if len(cases) == limit else None
    return {"dossiers": [brief(case) for case in cases], "next": following}


@routes.get("/v1/forecast")
async def forecast(
    caller: KnownCaller,
    door: TheDoor,
    unit: Code | None = None,
    as_of: AwareDatetime | None = None,
    threshold: Annotated[float, Query(gt=0, le=1)] = THRESHOLD,
) -> dict[str, Any]:
    """Open dossiers that will miss their appointment at this pace, before any warning is due; most urgent first."""
    caller.require("read")
    return shown(await door.forecast(unit=unit, as_of=as_of, threshold=threshold))


def _question(
    door: TheDoor,
    first: Annotated[date, Query(alias="from")],
    last: Annotated[date, Query(alias="to")],
    unit: Code | None = None,
    procedure: Code | None = None,
    as_of: Instant | None = None,
) -> Question:
    now = door.now()
    return question(first, last, as_of=min(as_of or now, now), unit=unit, procedure=procedure)


_Question = Annotated[Question, Depends(_question)]


@routes.get("/v1/punctuality")
async def punctuality(caller: KnownCaller, door: TheDoor, asked: _Question) -> dict[str, Any]:
    """How many dossiers were early, on time and late by the index of Decision 766, by receiving unit and procedure.

    Those decided on the days from `from` to `to`, and those open at the end, or at `as_of` if that is earlier.
    """
    caller.require("read")
    return punctuality_shown(await door.index.report(asked))


@routes.get("/v1/punctuality/dossiers")
async def punctuality_dossiers(
    caller: KnownCaller,
    door: TheDoor,
    asked: _Question,
    outcome: Outcome | None = None,
    cursor: str | None = None,
    limit: _Limit = 50,
) -> dict[str, Any]:
    """The dossiers behind a figure, page by page; send the `as_of` of the report to see what it counted."""
    caller.require("read")
    page = await door.index.dossiers(asked, outcome=outcome, after=_read_cursor(cursor), limit=limit)
    following = _cursor(page[-1].dossier) if len(page) == limit else None
    return {"dossiers": [dossier_shown(each) for each in page], "next": following}


@routes.get("/v1/events")
async def events(
    caller: KnownCaller,
    door: TheDoor,
    after: Annotated[int, Query(ge=0, le=LAST_POSITION)] = 0,
    limit: _Limit = 100,
    types: Annotated[str | None, Query(max_length=500)] = None,
) -> dict[str, Any]:
    """Everything that happened, in commit order; keep `next` and ask again after it. Gaps mean nothing.

    `types` chooses: names of types or beginnings of names, with commas (`clock.,deadline.late`). Then a page may be
    short, or empty, before the end of the log: the end is where `next` stays as it was.
    """
    caller.require("read")
    if types is None:
        page = await door.events(after, limit)
        following = page[-1][0] if page else after
    else:
        page, following = await door.events_of(_types(types), after, limit)
    rows = [{"position": position, **event.model_dump(mode="json")} for position, event in page]
    return {"events": rows, "next": following}


@routes.get("/v1/watch")
async def watch(
    caller: KnownCaller, book: _Book, after: Annotated[int, Query(ge=0, le=LAST_POSITION)] = 0, limit: _Limit = 100
) -> dict[str, Any]:
    """What the watch found standing still, and what is gone, in commit order; keep `next` and ask again after it."""
    caller.require("read")
    page = await book.events(after, limit)
    return {"events": page, "next": page[-1]["position"] if page else after}


@routes.get("/livez")
async def livez() -> dict[str, str]:
    """This process runs."""
    return {"status": "alive"}


@routes.get("/readyz")
async def readyz(door: TheDoor) -> dict[str, Any]:
    """Ready to take submissions and call-backs: the database alone is needed; the engine is reported beside it."""
    waiting, oldest = await door.waiting()
    engine = "alive" if await door.engine_is_alive() else "away"
    return {"status": "ready", "engine": engine, "inbox_waiting": waiting, "inbox_oldest": oldest}


@routes.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
async def metrics(request: Request, caller: KnownCaller) -> Response:
    """The measures for Prometheus: counts by unit and procedure, never a dossier. Needs the right `metrics`."""
    caller.require("metrics")
    measures: Metrics = request.app.state.metrics
    return Response(await measures.text(), media_type=CONTENT_TYPE)


def _types(chosen: str) -> list[str]:
    """The event types that a caller chose by name or by beginning."""
    beginnings = chosen.split(",")
    for each in beginnings:
        if not each or not any(type_.startswith(each) for type_ in EventType):
            raise Invalid(
                f"no event type is called or begins with '{each}'",
                field="types",
                remedy="send names or beginnings with commas, such as clock. or clock.breached,deadline.late",
            )
    return [type_ for type_ in EventType if type_.startswith(tuple(beginnings))]


def _utf8(header: str) -> str:
    """Read the letters of a header: it is bytes, which the framework takes for Latin-1."""
    try:
        return header.encode("latin-1").decode()
    except UnicodeDecodeError:
        return header


def _version(if_match: str) -> int:
    try:
        return int(if_match.strip().strip('"'))
    except ValueError:
        raise Invalid("this is no ETag of ours", field="If-Match", remedy="send the ETag of the dossier") from None


def _cursor(dossier: UUID) -> str:
    return base64.urlsafe_b64encode(dossier.bytes).decode().rstrip("=")


def _read_cursor(cursor: str | None) -> UUID | None:
    if cursor is None:
        return None
    try:
        return UUID(bytes=base64.urlsafe_b64decode(cursor + "=="))
    except (ValueError, binascii.Error):
        raise Invalid("this is no cursor of ours", field="cursor", remedy="send 'next' of the page before") from None


def build(
    door: Door,
    intake: Intake,
    platform: HttpPaymentPlatform,
    vnpay: Vnpay | None,
    pool: Pool,
    body_limit: int,
    measures: Metrics,
) -> FastAPI:
    """Put the application together over resources that are open already."""
    app = FastAPI(
        title="motcua",
        version="1",
        summary="Administrative dossiers, from receipt to returned result",
        docs_url=None,  # the pages that FastAPI offers load programs from elsewhere
        redoc_url=None,
    )
    app.state.door, app.state.intake, app.state.platform, app.state.pool = door, intake, platform, pool
    app.state.vnpay = vnpay
    app.state.metrics = measures
    app.include_router(routes)
    app.include_router(payments.routes)
    app.include_router(money.routes)
    app.add_middleware(BodyLimit, limit=body_limit)
    install(app)
    describe(app)
    return app
