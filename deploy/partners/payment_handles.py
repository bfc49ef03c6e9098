"""Owns the tests' handles on the partner: the books, the faults, the plan, and the payers that need nobody."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, HTTPException

from deploy.partners.payment_books import books
from deploy.partners.payment_faults import OrderFaults, Plan
from deploy.partners.payment_payers import Habits
from deploy.partners.payment_world import Faults, World


def handles(world: World) -> APIRouter:
    """The routes that no real provider has."""
    routes = APIRouter()
    _add_books(routes, world)
    _add_faults(routes, world)
    _add_payers(routes, world)
    return routes


def _add_books(routes: APIRouter, world: World) -> None:
    @routes.get("/health")
    async def health() -> dict[str, str]:
        return {"status": "ok"}

    @routes.get("/ledger")
    async def ledger() -> list[dict[str, Any]]:
        return books(world.store, world.clock())

    @routes.get("/orders")
    async def orders(state: str | None = None) -> list[dict[str, Any]]:
        now = world.clock()
        found = world.ledger.to_pay(now) if state == "created" else world.ledger.all()
        return [
            {"reference": order.reference, "protocol": order.protocol, "state": order.state_at(now)}
            | {"amount": order.amount, "currency": order.currency, "url": world.page(order)}
            for order in found
            if state in (None, order.state_at(now))
        ]


def _add_faults(routes: APIRouter, world: World) -> None:
    @routes.put("/faults")
    async def faults(wanted: Faults) -> Faults:
        world.faults = wanted
        world.callbacks.hold = wanted.hold_callbacks
        world.callbacks.wake()
        return wanted

    @routes.put("/plan")
    async def follow(plan: Plan) -> Plan:
        world.mischief.follow(plan)
        return plan

    @routes.get("/plan")
    async def plan() -> Plan | None:
        return world.mischief.plan()

    @routes.delete("/plan", status_code=204)
    async def forget() -> None:
        world.mischief.forget()

    @routes.post("/orders/{reference:path}/faults", response_model_exclude_none=True)
    async def choose(reference: str, wanted: OrderFaults) -> OrderFaults:
        return world.mischief.choose(reference, wanted)

    @routes.get("/orders/{reference:path}/faults", response_model_exclude_none=True)
    async def chosen(reference: str) -> OrderFaults:
        return world.mischief.of(reference)


def _add_payers(routes: APIRouter, world: World) -> None:
    @routes.post("/payers")
    async def begin(habits: Habits) -> Habits:
        world.payers.begin(habits)
        return habits

    @routes.delete("/payers", status_code=204)
    async def end() -> None:
        world.payers.end()

    @routes.get("/payers")
    async def habits() -> Habits:
        found = world.payers.habits()
        if found is None:
            raise HTTPException(404, "nobody pays by itself")
        return found
