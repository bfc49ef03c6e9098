"""Owns which faults each order has, in the books: chosen by hand, or drawn from the plan when first asked for."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TypeVar

from deploy.partners.payment_faults import OrderFaults, Plan, Point
from deploy.partners.payment_store import Store

Answer = TypeVar("Answer")


class Broken(Exception):
    """The answer that the machine gives is no answer: an HTTP status."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class Mischief:
    """What goes wrong. A choice stands until the next choice; what was drawn stands whatever the plan becomes."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def of(self, reference: str) -> OrderFaults:
        """The faults of the order under that reference, whether it is open yet or not."""
        row = self._store.row("faults_of", reference=reference)
        if row is not None:
            return OrderFaults.model_validate_json(row["faults"])
        plan = self.plan()
        if plan is None:
            return OrderFaults()
        return self.choose(reference, plan.draw(reference))

    def choose(self, reference: str, faults: OrderFaults) -> OrderFaults:
        """From now on these."""
        self._store.run("faults_write", reference=reference, faults=faults.model_dump_json(exclude_none=True))
        return faults

    def all(self) -> dict[str, dict[str, object]]:
        """The faults of every order that has been asked for, by reference."""
        return {row["reference"]: json.loads(row["faults"]) for row in self._store.rows("faults_all")}

    def plan(self) -> Plan | None:
        """The plan in force."""
        row = self._store.row("setting", name="plan")
        return None if row is None else Plan.model_validate_json(row["value"])

    def follow(self, plan: Plan) -> None:
        """Draw from this plan from now on."""
        self._store.run("setting_write", name="plan", value=plan.model_dump_json())

    def forget(self) -> None:
        """Draw nothing any more."""
        self._store.run("setting_delete", name="plan")

    def disturbed(self, reference: str, point: Point, act: Callable[[], Answer]) -> Answer:
        """Do it, or `Broken` before or after it, as the order's faults say."""
        fault = self.of(reference).error_500
        slips = fault is not None and point in fault.on and self._slips(reference, point, fault.times)
        if slips and fault is not None and not fault.done:
            raise Broken(500)
        answer = act()
        if slips:
            raise Broken(500)
        return answer

    def _slips(self, reference: str, point: Point, most: int) -> bool:
        return self._store.run("slip", reference=reference, point=point, most=most) > 0
