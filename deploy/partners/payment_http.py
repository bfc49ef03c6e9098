"""Owns the payment platform over HTTP: messages between machines, the payer's page, the tests' handles."""

from __future__ import annotations

import asyncio
import html
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any, Literal

from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import HTMLResponse
from pydantic import BaseModel

from deploy.partners.payment_answers import Platform
from deploy.partners.payment_callbacks import Callbacks
from deploy.partners.payment_ledger import OrderClosed
from deploy.partners.payment_messages import MALFORMED, BadMessage

PAGE = """<!doctype html><meta charset="utf-8"><title>Thanh toán</title>
<h1>{amount} {currency}</h1><p>{note}</p><p>{state}</p>
<form method="post" action="?outcome=success"><button>Trả tiền</button></form>
<form method="post" action="?outcome=fail"><button>Từ chối</button></form>"""


class Faults(BaseModel):
    """What goes wrong on demand. Not kept over a restart."""

    hold_callbacks: bool = False  # debits, but tells nobody until released
    fail_init_once: bool = False  # the next INIT is answered 503 and does nothing
    lose_init_answer_once: bool = False  # the next INIT opens the order, and is answered 503


def application(platform: Platform, callbacks: Callbacks) -> FastAPI:
    """The application; it delivers call-backs as long as it runs, and closes the ledger when it ends."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        delivering = asyncio.create_task(callbacks.run())
        delivering.add_done_callback(_end_if_failed)
        yield
        delivering.cancel()
        with suppress(asyncio.CancelledError):
            await delivering
        platform.ledger.close()

    app = FastAPI(title="Payment platform (partner played for trials)", lifespan=lifespan)
    _add_messages(app, platform)
    _add_page(app, platform, callbacks)
    _add_handles(app, platform, callbacks)
    return app


def _end_if_failed(delivering: asyncio.Task[None]) -> None:
    """A platform that no longer calls back must not look alive: end it, for whoever supervises it."""
    if not delivering.cancelled() and delivering.exception() is not None:
        signal.raise_signal(signal.SIGTERM)


def _add_messages(app: FastAPI, platform: Platform) -> None:
    app.state.faults = Faults()

    @app.post("/init")
    async def init(request: Request) -> dict[str, str]:
        faults: Faults = app.state.faults
        app.state.faults = faults.model_copy(update={"fail_init_once": False, "lose_init_answer_once": False})
        if faults.fail_init_once:
            raise HTTPException(503, "busy")
        answer = await _answered(request, "INIT_ANSWER", platform.init, platform)
        if faults.lose_init_answer_once:
            raise HTTPException(503, "the answer was lost")
        return answer

    @app.post("/query")
    async def query(request: Request) -> dict[str, str]:
        return await _answered(request, "QUERY_ANSWER", platform.query, platform)

    @app.post("/refund")
    async def refund(request: Request) -> dict[str, str]:
        return await _answered(request, "REFUND_ANSWER", platform.refund, platform)


async def _answered(
    request: Request, kind: str, handle: Callable[[object], dict[str, str]], platform: Platform
) -> dict[str, str]:
    message: Any = None
    try:
        message = await request.json()
        return handle(message)
    except ValueError:  # not JSON at all
        return platform.refusal(kind, MALFORMED, None)
    except BadMessage as no:
        return platform.refusal(kind, no.code, message)


def _add_page(app: FastAPI, platform: Platform, callbacks: Callbacks) -> None:
    @app.get("/pay/{order_id}", response_class=HTMLResponse)
    async def page(order_id: str) -> str:
        order = platform.ledger.by_id(order_id)
        if order is None:
            raise HTTPException(404, "no such order")
        state = order.state_at(platform.clock())
        return PAGE.format(amount=order.amount, currency=order.currency, note=html.escape(order.note), state=state)

    @app.post("/pay/{order_id}")
    async def pay(order_id: str, outcome: Literal["success", "fail"]) -> dict[str, str]:
        try:
            order = platform.ledger.settle(order_id, paid=outcome == "success", now=platform.clock())
        except OrderClosed as closed:
            raise HTTPException(409, f"the order is {closed} already") from None
        if order is None:
            raise HTTPException(404, "no such order")
        callbacks.wake()
        return {"reference": order.reference, "state": order.state}


def _add_handles(app: FastAPI, platform: Platform, callbacks: Callbacks) -> None:
    @app.get("/health")
    async def health() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/ledger")
    async def ledger() -> list[dict[str, Any]]:
        return platform.ledger.listing(platform.clock())

    @app.put("/faults")
    async def faults(wanted: Faults) -> Faults:
        app.state.faults = wanted
        callbacks.hold = wanted.hold_callbacks
        callbacks.wake()
        return wanted
