"""The routes of the treasurer: statements and their rows, closings, receipts, discrepancies; all need `money`."""

from __future__ import annotations

import asyncio
from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response

from adapters.receipt_pdf import pdf
from adapters.statement_views import read_cursor, rows_shown, shown
from adapters.statements import EVERYTHING
from domain.fees import FeeKind
from domain.payments import Provider
from domain.periods import parse_period
from domain.procedures import Channel
from domain.receipts import Copy
from domain.statements import Filters, Movement, Way, What, parse_by
from gateway.callers import KnownCaller, Reference, TheDoor, command_id
from gateway.document import REFUSALS
from schema.closings import Closing, ClosingBody
from schema.messages import Code
from schema.submissions import CancellationBody, ClosingReason, Instant

RIGHT = "money"
PDF = "application/pdf"
MOST = 200
"""Rows of one page."""

routes = APIRouter(responses=REFUSALS)

_Period = Annotated[str, Query(max_length=10, examples=["2026-11", "2026-Q4", "2026-11-26", "2026"])]


def _filters(
    unit: Code | None = None,
    fee: Code | None = None,
    kind: FeeKind | None = None,
    channel: Channel | None = None,
    means: Way | None = None,
) -> Filters:
    return Filters(unit, fee, kind, channel, means)


_Filters = Annotated[Filters, Depends(_filters)]


@routes.get("/v1/statements")
async def statement(
    caller: KnownCaller,
    door: TheDoor,
    filters: _Filters,
    period: _Period,
    by: Annotated[str, Query(max_length=40)] = ",".join(EVERYTHING),
    as_of: Instant | None = None,
) -> dict[str, Any]:
    """What a period of Việt Nam brought, divided by unit, fee, channel, means or day; each figure names its rows.

    It is as it was known at `as_of`, which is now unless it is given. Money that no dossier could use is apart.
    """
    caller.require(RIGHT)
    made = await door.statements.statement(parse_period(period), filters, by=parse_by(by), as_of=as_of or door.now())
    return shown(made)


@routes.get("/v1/statements/rows")
async def rows(
    caller: KnownCaller,
    door: TheDoor,
    filters: _Filters,
    period: _Period,
    what: What = What.FEES,
    movement: Movement | None = None,
    cursor: Annotated[str | None, Query(max_length=1_000)] = None,
    limit: Annotated[int, Query(ge=1, le=MOST)] = 50,
    as_of: Instant | None = None,
) -> dict[str, Any]:
    """The single payments and refunds behind a figure, line by line, in the order in which they happened."""
    caller.require(RIGHT)
    page = await door.statements.rows(
        parse_period(period),
        filters,
        as_of=as_of or door.now(),
        what=what,
        movement=movement,
        after=read_cursor(cursor),
        limit=limit,
    )
    return rows_shown(page, limit)


@routes.post("/v1/closings", status_code=201, responses={200: {"description": "this id was used before"}})
async def close(
    body: ClosingBody, reference: Reference, caller: KnownCaller, door: TheDoor, response: Response
) -> Closing:
    """Close a cashier's day: what was counted beside what the ledger says. The Idempotency-Key is its id, a UUID."""
    caller.require(RIGHT)
    closing = await door.closings.close(caller.system, command_id(reference), body, now=door.now())
    response.status_code = 201 if closing.created else 200
    return closing


@routes.get("/v1/receipts/{series}/{number}", response_class=Response, responses={200: {"content": {PDF: {}}}})
async def receipt(
    series: Code,
    number: int,
    caller: KnownCaller,
    door: TheDoor,
    copy: Copy = Copy.GIVEN,
    tax_code: Annotated[str | None, Query(max_length=14)] = None,
) -> Response:
    """A receipt as PDF, in force or cancelled; the payer stands on it."""
    caller.require(RIGHT)
    caller.require("read")
    content = await door.receipts.content(series, number, tax_code)
    return Response(await asyncio.to_thread(pdf, content, copy), media_type=PDF)


@routes.post("/v1/receipts/{series}/{number}/cancellation", status_code=201)
async def cancel_receipt(
    series: Code, number: int, body: CancellationBody, caller: KnownCaller, door: TheDoor
) -> dict[str, Any]:
    """Cancel a wrong receipt: the next number of its series takes its place, for the same payment."""
    caller.require(RIGHT)
    caller.require_role(body.actor.role)
    following = await door.receipts.cancel(caller.system, series, number, body, door.now())
    return {"series": series, "cancelled": number, "number": following}


@routes.get("/v1/discrepancies")
async def discrepancies(
    caller: KnownCaller,
    door: TheDoor,
    provider: Provider | None = None,
    day: date | None = None,
    only_open: Annotated[bool, Query(alias="open")] = False,
) -> dict[str, Any]:
    """On what the statements of the providers and our books do not agree, the newest first."""
    caller.require(RIGHT)
    return {"discrepancies": await door.discrepancies.listed(only_open=only_open, provider=provider, day=day)}


@routes.post("/v1/discrepancies/{discrepancy}/closing", status_code=201)
async def close_discrepancy(
    discrepancy: UUID, body: ClosingReason, caller: KnownCaller, door: TheDoor
) -> dict[str, Any]:
    """Close a discrepancy that an officer has dealt with; the same facts do not open it again."""
    caller.require(RIGHT)
    caller.require_role(body.actor.role)
    return await door.discrepancies.close(discrepancy, body.reason, caller.system, body.actor, door.now())
