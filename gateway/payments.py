"""The routes of money: call-backs of the providers, what a dossier has paid, and refunds."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import structlog
from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from activities.ports import Unavailable
from adapters.intake import Intake
from adapters.payments import HttpPaymentPlatform
from adapters.providers import IPN_PATH, RETURN_PATH
from adapters.together import PaymentTogether, pay_together
from adapters.views import money
from adapters.vnpay import Vnpay, ipn_answer
from domain.errors import DomainError, NotFound
from gateway.callers import KnownCaller, Reference, TheDoor, command_id
from gateway.document import REFUSALS
from gateway.problems import RETRY_AFTER
from schema.messages import Answer
from schema.submissions import ApprovalBody, RefundBody

CALLBACK_PATH = "/v1/payments/callback"

log = structlog.get_logger()
routes = APIRouter(responses=REFUSALS)

_SIGNED = {"content": {"application/json": {"schema": {"type": "object"}}}, "required": True}


@routes.post(CALLBACK_PATH, openapi_extra={"requestBody": _SIGNED})
async def payment_callback(request: Request, door: TheDoor) -> dict[str, str]:
    """The payment platform says what became of an order; answered after the commit, so 2xx means kept."""
    platform: HttpPaymentPlatform = request.app.state.platform
    intake: Intake = request.app.state.intake
    try:
        report = platform.read_callback(await request.body())
        await intake.report_payment(report, received_at=door.now())
    except DomainError as refusal:  # a refused call-back moves nothing, and somebody has to look at who sends it
        log.warning("callback_refused", provider="platform", field=refusal.field)
        raise
    return {"code": "00"}


@routes.get(IPN_PATH)
async def vnpay_ipn(request: Request, door: TheDoor) -> dict[str, str]:
    """VNPAY says what became of an order: answered after the commit, with RspCode and Message as its rules have it."""
    vnpay, intake = _vnpay(request), request.app.state.intake
    try:
        is_new = await intake.report_payment(vnpay.read_ipn(dict(request.query_params)), received_at=door.now())
    except (DomainError, Unavailable) as error:  # after anything but 00 and 02 VNPAY tells it again
        log.warning("callback_refused", provider="vnpay", error=type(error).__name__)
        return ipn_answer(error)
    return ipn_answer(None, is_new=is_new)


@routes.get(RETURN_PATH)
async def vnpay_return(request: Request) -> dict[str, str]:
    """Where VNPAY sends the payer back to: it shows what VNPAY says, and books nothing; that is for IPN."""
    report = _vnpay(request).read_return(dict(request.query_params))
    return {"reference": report.reference, "outcome": report.outcome}


def _vnpay(request: Request) -> Vnpay:
    vnpay: Vnpay | None = request.app.state.vnpay
    if vnpay is None:
        raise NotFound("VNPAY is no provider of this installation", field="path", remedy="set MOTCUA_VNPAY_TMN_CODE")
    return vnpay


@routes.get("/v1/dossiers/{dossier}/payments")
async def payments(dossier: UUID, caller: KnownCaller, door: TheDoor) -> dict[str, Any]:
    """Every attempt to collect the fee and every debit, with its receipt and its refund; nothing is added up."""
    caller.require("read")
    attempts, debits = await door.refunds.of(dossier)
    return money(attempts, debits)


@routes.post("/v1/payments", responses={202: {"description": "not known yet of every dossier: send the same again"}})
async def take_together(
    body: PaymentTogether, reference: Reference, caller: KnownCaller, door: TheDoor, response: Response
) -> dict[str, Any]:
    """Take one payment at the counter for several dossiers; nothing, unless every row is what its dossier owes."""
    answers = await pay_together(door, caller, command_id(reference), body)
    if None in answers.values():
        response.status_code, response.headers["Retry-After"] = 202, RETRY_AFTER
    return {"payments": [{"dossier": str(dossier), "answer": answer} for dossier, answer in answers.items()]}


@routes.post("/v1/dossiers/{dossier}/refunds", status_code=202)
async def ask_refund(
    dossier: UUID, body: RefundBody, reference: Reference, caller: KnownCaller, door: TheDoor
) -> dict[str, str]:
    """Ask to give the fee back, whole. Another officer lets it go; the same Idempotency-Key is the same request."""
    refund = await door.refunds.ask(caller, dossier, command_id(reference), body, door.now())
    return {"refund": refund, "state": "asked"}


@routes.post(
    "/v1/dossiers/{dossier}/refunds/{refund}/approval", responses={202: {"description": "not known yet: ask again"}}
)
async def approve_refund(
    dossier: UUID, refund: str, body: ApprovalBody, reference: Reference, caller: KnownCaller, door: TheDoor
) -> Answer:
    """Let a refund go; at the counter, say that the money was handed over."""
    answer = await door.refunds.approve(caller, dossier, refund, command_id(reference), body, door.now())
    if answer is None:
        pending = {"refund": refund, "remedy": "send the same request again"}
        return JSONResponse(pending, 202, headers={"Retry-After": RETRY_AFTER})  # type: ignore[return-value]  # the other answer of this route
    return answer


@routes.get("/v1/refunds")
async def open_refunds(caller: KnownCaller, door: TheDoor, response: Response) -> dict[str, Any]:
    """Refunds that are not done: those that wait for an approval, and those that a provider refused."""
    caller.require("read")
    return {"refunds": [_plain(row) for row in await door.refunds.open_ones(200)]}


def _plain(row: Any) -> dict[str, Any]:
    shown = ("reference", "provider", "transaction", "dossier", "unit", "amount", "ground", "state", "asked_at")
    return {name: row[name] for name in shown}
