"""Owns VNPAY over HTTP: the payment page and its buttons, querydr and refund, the statement."""

from __future__ import annotations

import csv
import html
import io
from contextlib import suppress
from typing import Any

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse

from deploy.partners.payment_http import Outcome, pressed, rendered
from deploy.partners.payment_messages import BadMessage, day_of
from deploy.partners.payment_mischief import Broken
from deploy.partners.payment_refunds import Refunds
from deploy.partners.payment_statement import Row, rows
from deploy.partners.payment_world import World
from deploy.partners.vnpay_answers import Vnpay
from deploy.partners.vnpay_messages import BadRequest, Signer, once
from deploy.partners.vnpay_results import Results


def vnpay_routes(world: World, vnpay: Vnpay, results: Results, signer: Signer) -> APIRouter:
    """Everything under `/vnpay`."""
    routes = APIRouter(prefix="/vnpay")
    _add_pages(routes, world, vnpay, results)
    _add_machines(routes, world, vnpay, signer)
    return routes


def _add_pages(routes: APIRouter, world: World, vnpay: Vnpay, results: Results) -> None:
    @routes.get("/paymentv2/vpcpay.html", response_class=HTMLResponse)
    async def open_page(request: Request) -> Response:
        try:
            order = vnpay.page(once(request.query_params.multi_items()))
        except BadRequest as no:
            return HTMLResponse(f"<p>code={no.code}</p><p>{html.escape(no.message)}</p>", 400)
        await world.opened(order.reference)
        return HTMLResponse(rendered(world, world.ledger.by_id(order.id) or order))

    @routes.get("/pay/{order_id}", response_class=HTMLResponse)
    async def show(order_id: str) -> str:
        order = world.ledger.by_id(order_id)
        if order is None:
            raise HTTPException(404, "no such order")
        return rendered(world, order)

    @routes.post("/pay/{order_id}")
    async def pay(order_id: str, outcome: Outcome) -> Response:
        """A browser goes on to the merchant; who only presses reads the state."""
        order = pressed(world, order_id, outcome)
        told = {"reference": order.reference, "state": order.state_at(world.clock())}
        return JSONResponse(told, 303, {"Location": results.return_url(order)})


def _add_machines(routes: APIRouter, world: World, vnpay: Vnpay, signer: Signer) -> None:
    @routes.post("/merchant_webapi/api/transaction")
    async def transaction(request: Request) -> dict[str, str]:
        message: Any = None
        with suppress(ValueError):  # no JSON is answered as malformed
            message = await request.json()
        try:
            return await vnpay.transaction(message)
        except Broken as broken:
            raise HTTPException(broken.status, "trouble on demand") from None

    @routes.get("/statement")
    async def statement(day: str) -> Response:
        try:
            wanted = day_of(day)
        except BadMessage:
            raise HTTPException(422, "day is no yyyyMMdd") from None
        found = rows(world.ledger, Refunds(world.store), "vnpay", wanted, world.clock())
        text = _csv(found)
        return Response(text, media_type="text/csv", headers={"X-Signature": signer.body(text)})


def _csv(found: list[Row]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(Row.__dataclass_fields__)
    writer.writerows(row.texts() for row in found)
    return text.getvalue()
