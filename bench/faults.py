"""`python -m bench.faults`: fees that meet every fault of the payment world, while workers and gateway are killed.

Payers pay or decline by themselves (the partner plays them), some go over to the other provider with the first page
still open, some withdraw with an order under way. Afterwards the two ledgers are asked, ours and the partner's, and
compared dossier by dossier: what was debited, what went back, what was kept. Everything is drawn from one seed.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import re
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx

from activities.ports import Unavailable
from adapters.callers import Caller
from adapters.door import Door
from adapters.settings import load_settings
from adapters.wiring import open_entrance
from deploy.embedded.folder import temporary_folder
from deploy.embedded.stack import Stack
from domain.errors import DomainError
from domain.instants import civil_date
from domain.payments import OPEN
from schema.sql import QUERIES
from schema.submissions import CommandBody, Submission

RATES = {
    "timeout_after_debit": 0.1,
    "late_success_after_expiry": 0.1,
    "late_success_after_cancel": 0.1,
    "duplicate_callback": 0.15,
    "reordered_callbacks": 0.1,
    "callback_before_answer": 0.1,
    "no_callback": 0.1,
    "wrong_amount": 0.08,
    "bad_signature": 0.1,
    "error_500": 0.15,
    "refund_refused": 0.1,
    "refund_slow": 0.15,
}
"""How often each fault strikes an order; several may come together."""
OPTIONS = {"late_success_after_expiry": {"early": True}}
ELSEWHERE, WITHDRAWN = 0.3, 0.08
"""Which part of the payers go over to the other provider, or withdraw, with the first order still open."""
CHOSEN = {"MOTCUA_ORDER_SECONDS": "20", "MOTCUA_STALE_EVERY": "5", "MOTCUA_STALE_AFTER": "5"}
"""Orders live twenty seconds here, so that what happens after their time happens within the run."""
COMMUNE, PROCEDURE, FEE = "000.00.61.H48", "1.001612", 50_000
CALLER = Caller("bench", frozenset({"submit", "command", "read"}), frozenset({"clerk", "leader", "applicant"}))
AT_ONCE = 24
PATIENCE = 420.0
"""Seconds without any change after which the run is given up; nothing is timed by it."""


@dataclass
class Outcome:
    """What the two ledgers say, and where they differ."""

    seed: int
    dossiers: int
    kills: int
    orders: int = 0
    debits: int = 0
    debited: int = 0
    kept: int = 0
    refunds: int = 0
    refunded: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def told(self) -> str:
        """One line for a reader, and one for each difference."""
        struck = ", ".join(f"{name} {count}" for name, count in sorted(self.faults.items()))
        head = (
            f"seed {self.seed}: {self.dossiers} dossiers, {self.kills} kills, {self.orders} orders, "
            f"{self.debits} debits of {self.debited:,} đồng; kept {self.kept:,}, gave back {self.refunded:,} in "
            f"{self.refunds} refunds; {len(self.wrong)} differences; {self.seconds:.0f} s\n  faults: {struck}"
        )
        return "\n".join([head, *(f"  {each}" for each in self.wrong)])


async def under_faults(
    stack: Stack, *, dossiers: int, seed: int, say: Callable[[str], None] = lambda _: None
) -> Outcome:
    """Take so many dossiers through it, and compare the ledgers once nothing moves any more."""
    draw, started = random.Random(seed), time.monotonic()
    async with (
        httpx.AsyncClient(base_url=stack.payments_url, timeout=30) as partner,
        open_entrance(load_settings(stack.env_file), "bench") as entrance,
    ):
        await _told(partner, "PUT", "/plan", {"seed": seed, "rates": RATES, "options": OPTIONS})
        await _told(partner, "POST", "/payers", {"seed": seed, "success": 0.85, "delay": 1.0})
        struck = asyncio.Event()
        mischief = asyncio.create_task(_kill(stack, random.Random(f"{seed}/kills"), struck))
        slots = asyncio.Semaphore(AT_ONCE)
        plans = [(draw.random() < ELSEWHERE, draw.random() < WITHDRAWN) for _ in range(dossiers)]

        async def one(goes: bool, withdraws: bool) -> UUID:
            async with slots:
                return await _live(entrance.door, partner, goes, withdraws)

        ids = await asyncio.gather(*(one(*plan) for plan in plans))
        say(f"{dossiers} dossiers lived")
        await struck.wait()  # on a quick machine all may have lived before the first kill
        mischief.cancel()
        kills = await _ended(mischief)
        stack.revive()
        outcome = Outcome(seed, dossiers, kills)
        await _until_still(stack, partner, say)
        await _compare(stack, partner, ids, outcome)
        outcome.seconds = time.monotonic() - started
        return outcome


async def _live(door: Door, partner: httpx.AsyncClient, goes: bool, withdraws: bool) -> UUID:
    """File online, be found complete, and meet whatever comes."""
    body = {
        "procedure": PROCEDURE,
        "unit": COMMUNE,
        "channel": "online",
        "return_method": "online",
        "components": [{"component": "giay-de-nghi"}],
        "applicant": {"name": "Nguyễn Thị Thử"},
    }
    reference = uuid4().hex
    received = await _patiently(lambda: door.submit(CALLER, reference, Submission.model_validate(body)))
    dossier = UUID(received.dossier)
    await _do(door, dossier, "accept", "clerk", COMMUNE)
    if goes and await _opened(door, dossier):
        await _do(door, dossier, "choose_provider", "applicant", None, provider="vnpay")
        if url := await _opened(door, dossier, 2):
            await _visit(partner, url)
    if withdraws:
        await _do(door, dossier, "withdraw", "applicant", None, reason="changed my mind")
    return dossier


async def _do(door: Door, dossier: UUID, name: str, role: str, unit: str | None, reason: str = "", **data: Any) -> None:
    """Send one act until it is answered; one that the story has gone past meanwhile is let be."""
    id_, actor = uuid4(), {"role": role, "unit": unit}
    body = CommandBody.model_validate({"name": name, "actor": actor, "data": data, "reason": reason or None})
    try:
        while await _patiently(lambda: door.command(CALLER, dossier, id_, body)) is None:
            pass
    except DomainError:
        return


async def _patiently(work: Callable[[], Any]) -> Any:
    while True:
        try:
            return await work()
        except Unavailable:
            await asyncio.sleep(0.2)


async def _opened(door: Door, dossier: UUID, number: int = 1) -> str:
    """Wait for the page of the n-th order; "" when the fee is settled before there is one."""
    for _ in range(600):
        case = (await _patiently(lambda: door.look_up(str(dossier)))).case
        if case.payment and case.payment.number == number and case.payment.url:
            return str(case.payment.url)
        if not case.owes or (case.payment and case.payment.number > number):
            return ""
        await asyncio.sleep(0.1)
    return ""


async def _visit(partner: httpx.AsyncClient, url: str) -> None:
    """Open the page as the payer's browser does; whatever comes of it."""
    try:
        await partner.get(url)
    except httpx.HTTPError:
        return


async def _told(partner: httpx.AsyncClient, method: str, path: str, body: Any) -> Any:
    answer = await partner.request(method, path, json=body)
    answer.raise_for_status()
    return answer.json()


async def _kill(stack: Stack, draw: random.Random, struck: asyncio.Event) -> int:
    """Kill a worker or a gateway every few seconds and start it again; how often is what the cancelled task says."""
    count = 0
    try:
        while True:
            await asyncio.sleep(draw.uniform(2, 6))
            victim = draw.choice([*stack.workers, *stack.gateways])
            await asyncio.to_thread(victim.kill)
            count += 1
            await asyncio.sleep(draw.uniform(0.1, 1.0))
            await asyncio.to_thread(victim.start)
            struck.set()
    except asyncio.CancelledError:
        return count


async def _ended(task: asyncio.Task[int]) -> int:
    return await task


async def _until_still(stack: Stack, partner: httpx.AsyncClient, say: Callable[[str], None]) -> None:
    """Wait until nothing is on its way; reconcile and let refused refunds go meanwhile, as operators would."""
    deadline, before, still = time.monotonic() + PATIENCE, None, 0
    connection = await asyncpg.connect(stack.database_url)
    try:
        while True:
            (found,) = await connection.fetch(QUERIES["still_moving"])
            row = dict(found)
            if row["refused"]:
                await _let_go(stack, connection)
            ledger = (await partner.get("/ledger")).json()
            now = (row, sum(len(each["debits"]) for each in ledger), sum(len(each["refunds"]) for each in ledger))
            if now != before:
                deadline, before, still = time.monotonic() + PATIENCE, now, 0
                say(f"open {row['open']}, refunds {row['refunds']}, inbox {row['waiting']}")
            else:
                still += 1
            if still >= 5 and not (row["open"] or row["refunds"] or row["refused"] or row["waiting"]):
                if not await _reconcile(stack):
                    return
                still = 0
            if time.monotonic() > deadline:
                say("given up: something does not come to rest")
                return
            await asyncio.sleep(2)
    finally:
        await connection.close()


async def _let_go(stack: Stack, connection: asyncpg.Connection[asyncpg.Record]) -> None:
    """Refunds that the provider refused: an officer has looked, and approves once more."""
    rows = [row for row in await connection.fetch(QUERIES["open_refunds"], 10_000) if row["state"] == "refused"]
    for row in rows:
        words = ("refund", "approve", str(row["dossier"]), row["reference"], "--officer", "head-1", "--unit", COMMUNE)
        await asyncio.to_thread(_quietly, stack, *words)


async def _reconcile(stack: Stack) -> int:
    """The daily job for today, at both providers; how many repairs it made."""
    day = civil_date(datetime.now(UTC))
    repairs = 0
    for provider in ("platform", "vnpay"):
        words = ("reconcile", "--day", str(day), "--provider", provider, "--json")
        told = await asyncio.to_thread(_quietly, stack, *words)
        repairs += sum(int(count) for count in re.findall(r'"repaired": (\d+)', told))
    return repairs


def _quietly(stack: Stack, *words: str) -> str:
    try:
        return stack.run("starter.py", *words)
    except Exception as error:  # noqa: BLE001  # what it says is part of what is compared afterwards
        return str(error)


async def _compare(stack: Stack, partner: httpx.AsyncClient, ids: list[UUID], outcome: Outcome) -> None:
    """Hold both ledgers beside each other, dossier by dossier."""
    ledger = (await partner.get("/ledger")).json()
    theirs: dict[str, list[dict[str, Any]]] = {}
    for order in ledger:
        outcome.orders += 1
        outcome.faults.update(list(order["faults"] or ()))
        theirs.setdefault(order["reference"].split("-")[0], []).append(order)
    connection = await asyncpg.connect(stack.database_url)
    try:
        for dossier in ids:
            ours = await connection.fetch(QUERIES["payments_of"], dossier)
            attempts = await connection.fetch(QUERIES["attempts_of"], dossier)
            open_ = [row for row in attempts if row["state"] in OPEN]
            outcome.wrong += [f"{row['reference']} is still {row['state']}" for row in open_]
            _hold(dossier, ours, theirs.get(dossier.hex, []), outcome)
    finally:
        await connection.close()


def _hold(dossier: UUID, ours: list[asyncpg.Record], orders: list[dict[str, Any]], outcome: Outcome) -> None:
    debits = {str(d["transaction"]): d["amount"] for order in orders for d in order["debits"]}
    backs = Counter(str(r["transaction_id"]) for order in orders for r in order["refunds"] if r["state"] == "done")
    mine = {row["transaction"]: row["amount"] for row in ours}
    back = {row["transaction"] for row in ours if row["refund_state"] == "refunded"}
    kept = [row for row in ours if row["use"] == "fee" and row["refund_state"] != "refunded"]
    outcome.debits += len(debits)
    outcome.debited += sum(debits.values())
    outcome.kept += sum(row["amount"] for row in kept)
    outcome.refunds += len(back)
    outcome.refunded += sum(mine[each] for each in back)
    differences = {
        "debits differ": debits != mine,
        "refunds differ": dict.fromkeys(back, 1) != dict(backs),
        "more than one fee is kept": len(kept) > 1,
        "a surplus was not given back": any(row["use"] == "surplus" and row["transaction"] not in back for row in ours),
        "the fee kept is not the fee": any(row["amount"] != FEE for row in kept),
    }
    outcome.wrong += [
        f"{dossier}: {what} (ours {mine}, theirs {debits})" for what, is_so in differences.items() if is_so
    ]


def main() -> None:
    """Run once for each seed and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dossiers", type=int, default=200)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    options = parser.parse_args()
    wrong = 0
    for seed in options.seeds:
        with temporary_folder() as folder, Stack(folder / "stack", workers=2, gateways=1, environment=CHOSEN) as stack:
            said = lambda text: print(text, file=sys.stderr, flush=True)  # noqa: E731  # said once
            outcome = asyncio.run(under_faults(stack, dossiers=options.dossiers, seed=seed, say=said))
        print(outcome.told(), flush=True)
        wrong += len(outcome.wrong)
    sys.stdout.flush()
    os._exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
