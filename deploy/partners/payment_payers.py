"""Owns payers that need nobody: each new order is paid or declined after a while, drawn from a seed."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from random import Random

from pydantic import BaseModel, ConfigDict, Field

from deploy.partners.payment_bell import Bell
from deploy.partners.payment_cashier import Cashier
from deploy.partners.payment_ledger import Ledger, Order, OrderClosed
from deploy.partners.payment_store import Store


class Habits(BaseModel):
    """How the payers are: who pays is drawn per reference, and when: between half of `delay` and half as much again."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    seed: int | str
    success: float = Field(ge=0, le=1)
    delay: float = Field(ge=0, le=86_400)

    def pays(self, reference: str) -> bool:
        """Whether the payer of that order pays."""
        return self._random(reference).random() < self.success

    def after(self, reference: str) -> float:
        """How many seconds after the order was opened the payer presses."""
        random = self._random(reference)
        random.random()
        return self.delay * random.uniform(0.5, 1.5)

    def _random(self, reference: str) -> Random:
        return Random(f"payer/{self.seed}/{reference}")  # noqa: S311  (it has to be repeatable, not secret)


class Payers:
    """The loop that presses the buttons, as long as there are habits in the books."""

    def __init__(self, store: Store, cashier: Cashier, clock: Callable[[], datetime]) -> None:
        self._store, self._ledger, self._cashier, self._clock = store, Ledger(store), cashier, clock
        self._bell = Bell()
        self._due: dict[str, float] = {}  # by reference: drawn once, however often the loop looks

    def habits(self) -> Habits | None:
        """How they are, when there are any."""
        row = self._store.row("setting", name="payers")
        return None if row is None else Habits.model_validate_json(row["value"])

    def begin(self, habits: Habits) -> None:
        """Pay every order that is open or will be."""
        self._store.run("setting_write", name="payers", value=habits.model_dump_json())
        self._due.clear()
        self.look()

    def end(self) -> None:
        """Pay nothing any more."""
        self._store.run("setting_delete", name="payers")
        self.look()

    def look(self) -> None:
        """There may be a new order."""
        self._bell.ring()

    async def run(self) -> None:
        """Press for ever."""
        while True:
            await self._bell.wait(self._press_due())

    def _press_due(self) -> float | None:
        """Press what is due; the seconds until the next is."""
        habits, now = self.habits(), self._clock()
        waits: list[float] = []
        for order in self._ledger.to_pay(now) if habits else ():
            assert habits is not None
            remaining = self._due_of(order, habits) - now.timestamp()
            if remaining > 0:
                waits.append(remaining)
                continue
            self._due.pop(order.reference)
            with suppress(OrderClosed):
                self._cashier.press(order.id, paid=habits.pays(order.reference))
        return min(waits, default=None)

    def _due_of(self, order: Order, habits: Habits) -> float:
        if order.reference not in self._due:
            opened = datetime.fromisoformat(order.opened).timestamp()
            self._due[order.reference] = opened + habits.after(order.reference)
        return self._due[order.reference]
