"""Owns the payment platform over HTTP: messages between machines, and the payer's page."""

from __future__ import annotations

import html
from collections.abc import Awaitable, Callable
from typing import Any, Literal

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import HTMLResponse

from deploy.partners.payment_answers import Platform
from deploy.partners.payment_ledger import Order, OrderClosed
from deploy.partners.payment_messages import MALFORMED, OK, BadMessage
from deploy.partners.payment_mischief import Broken
from deploy.partners.payment_world import World

PAGE = """<!doctype html><meta charset="utf-8"><title>Thanh toán</title>
<h1>{amount} {currency}</h1><p>{note}</p><p>{state}</p>
<form method="post" action="{page}?outcome=success"><button>Trả tiền</button></form>
<form method="post" action="{page}?outcome=fail"><button>Từ chối</button></form>"""

Outcome = Literal["success", "fail"]


def messages(world: World, platform: Platform) -> APIRouter:
    """What the merchant's machines ask."""
    routes = APIRouter()

    @routes.post("/init")
    async def init(request: Request) -> dict[str, str]:
        faults = world.faults
        world.faults = faults.model_copy(update={"fail_init_once": False, "lose_init_answer_once": False})
        if faults.fail_init_once:
            raise HTTPException(503, "busy")
        answer = await _answered(request, "INIT_ANSWER", platform.init, platform)
        if answer["code"] == OK:
            await world.opened(answer["reference"])
        if faults.lose_init_answer_once:
            raise HTTPException(503, "the answer was lost")
        return answer

    for path, kind, handle in (
        ("/query", "QUERY_ANSWER", platform.query),
        ("/refund", "REFUND_ANSWER", platform.refund),
        ("/bill", "GET_BILL_ANSWER", platform.bill),
        ("/statement", "STATEMENT_ANSWER", platform.statement),
    ):
        routes.add_api_route(path, _route(kind, handle, platform), methods=["POST"])
    return routes


def _route(kind: str, handle: Callable[[object], Awaitable[dict[str, str]]], platform: Platform) -> Callable[..., Any]:
    async def answer(request: Request) -> dict[str, str]:
        return await _answered(request, kind, handle, platform)

    return answer


async def _answered(
    request: Request, kind: str, handle: Callable[[object], Awaitable[dict[str, str]]], platform: Platform
) -> dict[str, str]:
    message: Any = None
    try:
        message = await request.json()
        return await handle(message)
    except ValueError:  # not JSON at all
        return platform.refusal(kind, MALFORMED, None)
    except BadMessage as no:
        return platform.refusal(kind, no.code, message)
    except Broken as broken:
        raise HTTPException(broken.status, "trouble on demand") from None


def page(world: World) -> APIRouter:
    """What the payer sees."""
    routes = APIRouter()

    @routes.get("/pay/{order_id}", response_class=HTMLResponse)
    async def show(order_id: str) -> str:
        order = world.ledger.by_id(order_id)
        if order is None:
            raise HTTPException(404, "no such order")
        return rendered(world, order)

    @routes.post("/pay/{order_id}")
    async def pay(order_id: str, outcome: Outcome) -> dict[str, str]:
        order = pressed(world, order_id, outcome)
        return {"reference": order.reference, "state": order.state_at(world.clock())}

    return routes


def rendered(world: World, order: Order) -> str:
    """The page with the two buttons."""
    state, note = order.state_at(world.clock()), html.escape(order.note)
    return PAGE.format(amount=order.amount, currency=order.currency, note=note, state=state, page=world.page(order))


def pressed(world: World, order_id: str, outcome: Outcome) -> Order:
    """Press a button; 404 and 409 when that cannot be."""
    try:
        order = world.cashier.press(order_id, paid=outcome == "success")
    except OrderClosed as closed:
        raise HTTPException(409, f"the order is {closed} already") from None
    if order is None:
        raise HTTPException(404, "no such order")
    return order
