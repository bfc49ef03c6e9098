"""Owns what all routes of the partner share: books, cashier, payers, call-backs, and the tests' switches."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime

from pydantic import BaseModel

from deploy.partners.payment_callbacks import Callbacks
from deploy.partners.payment_cashier import Cashier
from deploy.partners.payment_ledger import Ledger, Order, OrderClosed
from deploy.partners.payment_mischief import Mischief
from deploy.partners.payment_payers import Payers
from deploy.partners.payment_store import Store


class Faults(BaseModel):
    """What goes wrong on demand with everything, or with the next. Not kept over a restart."""

    hold_callbacks: bool = False  # debits, but tells nobody until released
    fail_init_once: bool = False  # the next INIT is answered 503 and does nothing
    lose_init_answer_once: bool = False  # the next INIT opens the order, and is answered 503


@dataclass
class World:
    """One store, and everything that works on it."""

    store: Store
    callbacks: Callbacks
    clock: Callable[[], datetime]
    public_url: str
    faults: Faults = field(default_factory=Faults)

    def __post_init__(self) -> None:
        self.ledger, self.mischief = Ledger(self.store), Mischief(self.store)
        self.cashier = Cashier(self.store, self.clock, self.callbacks.wake)
        self.payers = Payers(self.store, self.cashier, self.clock)

    def page(self, order: Order) -> str:
        """Where the order's buttons are."""
        prefix = "/vnpay" if order.protocol == "vnpay" else ""
        return f"{self.public_url}{prefix}/pay/{order.id}"

    async def opened(self, reference: str) -> None:
        """An order may be new: let the payers see it, and those pay who pay before the answer."""
        self.payers.look()
        fault, order = self.mischief.of(reference).callback_before_answer, self.ledger.by_reference(reference)
        if fault is None or order is None:
            return
        habits = self.payers.habits()
        with suppress(OrderClosed):
            self.cashier.press(order.id, paid=habits is None or habits.pays(reference))
            if any(callback.reference == reference for callback in self.ledger.owed()):
                await self.callbacks.attempt_at(reference, fault.seconds)

    @asynccontextmanager
    async def at_work(self, failed: Callable[[asyncio.Task[None]], None]) -> AsyncIterator[None]:
        """Deliver, debit and pay meanwhile; then close the books."""
        loops = [asyncio.create_task(each.run()) for each in (self.callbacks, self.cashier, self.payers)]
        for loop in loops:
            loop.add_done_callback(failed)
        yield
        for loop in loops:
            loop.cancel()
        await asyncio.gather(*loops, return_exceptions=True)
        self.store.close()
