"""The routes of the treasurer: statements, the rows behind their figures, and closings. All need the right `money`."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Response

from adapters.statement_views import read_cursor, rows_shown, shown
from adapters.statements import EVERYTHING
from domain.fees import FeeKind
from domain.periods import parse_period
from domain.procedures import Channel
from domain.statements import Filters, Movement, Way, What, parse_by
from gateway.callers import KnownCaller, Reference, TheDoor, command_id
from gateway.document import REFUSALS
from schema.closings import Closing, ClosingBody
from schema.messages import Code
from schema.submissions import Instant

RIGHT = "money"
MOST = 200
"""Rows of one page."""

routes = APIRouter(responses=REFUSALS)

_Period = Annotated[str, Query(max_length=10, examples=["2026-11", "2026-Q4", "2026-11-26", "2026"])]


def _filters(
    unit: Code | None = None,
    fee: Annotated[str | None, Query(max_length=64)] = None,
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
