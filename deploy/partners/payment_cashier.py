"""Owns what happens when a payer presses a button: the debit or the failure, at once or late, as the faults say."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import uuid4

from deploy.partners.payment_bell import Bell
from deploy.partners.payment_ledger import Ledger, Order, OrderClosed
from deploy.partners.payment_mischief import Mischief
from deploy.partners.payment_store import Store
from deploy.partners.payment_tellings import debited, tellings


class Cashier:
    """Takes the payers' money; `run` takes it from those who are debited late."""

    def __init__(self, store: Store, clock: Callable[[], datetime], settled: Callable[[], None]) -> None:
        self._store, self._ledger, self._mischief = store, Ledger(store), Mischief(store)
        self._clock, self._settled = clock, settled
        self._bell = Bell()

    def press(self, order_id: str, *, paid: bool) -> Order | None:
        """The payer pays or declines; the order as it stands then. `None`: no such order. `OrderClosed`."""
        order, now = self._ledger.by_id(order_id), self._clock()
        if order is None:
            return None
        if order.state_at(now) != "created":
            raise OrderClosed(order.state_at(now))
        if self._ledger.is_promised(order):
            raise OrderClosed("being paid")
        if paid:
            self._pay(order, now)
        else:
            self._decline(order, now)
        self._settled()
        self._bell.ring()
        return self._ledger.by_id(order_id)

    async def run(self) -> None:
        """Debit the late ones for ever."""
        while True:
            promise = self._ledger.next_promise()
            remaining = None if promise is None else promise[1] - self._clock().timestamp()
            if promise is not None and remaining is not None and remaining <= 0:
                self._debit(promise[0], self._clock())
                self._settled()
            else:
                await self._bell.wait(remaining)

    def _pay(self, order: Order, now: datetime) -> None:
        faults = self._mischief.of(order.reference)
        cancelled, expired = faults.late_success_after_cancel, faults.late_success_after_expiry
        if cancelled is not None:
            self._decline(order, now, promised=now.timestamp() + cancelled.seconds)
        elif expired is not None:
            over = now if expired.early else datetime.fromisoformat(order.expires)
            self._ledger.promise(order, (over + timedelta(seconds=expired.seconds)).timestamp(), expires=over)
        else:
            self._debit(order, now)

    def _debit(self, order: Order, now: datetime) -> None:
        faults = self._mischief.of(order.reference)
        number = self._store.transaction_number() if order.protocol == "vnpay" else uuid4().hex
        amount = debited(order, faults)
        owed = tellings(order, "success", amount, faults, now.timestamp())
        self._ledger.debit(order, number, amount, now, owed)

    def _decline(self, order: Order, now: datetime, promised: float | None = None) -> None:
        faults = self._mischief.of(order.reference)
        owed = tellings(order, "failure", order.amount, faults, now.timestamp())
        self._ledger.fail(order, owed, promised=promised)
