"""`python -m bench.callbacks`: how long a call-back takes to be durable, beside an endpoint that inserts one row.

Twenty a second, in turn to the gateway's call-back and to the plain endpoint, while dossiers live their life in the
same database and engine. Every call-back is one that was not told before, and is answered after its commit.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from statistics import median, quantiles
from uuid import UUID, uuid4

import httpx

from adapters.payment_signature import Signature, stamp
from adapters.settings import load_settings
from adapters.wiring import Entrance, open_entrance
from bench.stories import CALLER, COMMUNE, Engine, Feed
from deploy.embedded.folder import temporary_folder
from deploy.embedded.ports import free_port
from deploy.embedded.services import inherited_environment, listens
from deploy.embedded.stack import ROOT, Stack
from schema.sql import QUERIES
from schema.submissions import Submission

RATE = 20
Send = Callable[[int], Awaitable[httpx.Response]]


async def measured(stack: Stack, url: str, options: argparse.Namespace) -> list[tuple[list[float], list[float]]]:
    """The seconds of each answer, pair by pair: call-backs, then plain rows."""
    settings = load_settings(stack.env_file)
    signature = Signature(settings.payments_secret.get_secret_value().encode())
    limits = httpx.Limits(max_connections=200)
    async with open_entrance(settings, "bench") as entrance, httpx.AsyncClient(timeout=60, limits=limits) as http:
        many = RATE * options.seconds * (options.pairs + 1)
        dossiers = await _waiting(entrance, many)
        living = [asyncio.create_task(_live(entrance, http)) for _ in range(options.living)]

        async def call_back(number: int) -> httpx.Response:
            message = signature.signed("CONFIRM", _confirm(dossiers[number], settings.payments_partner))
            return await http.post(f"{stack.gateway_url}/v1/payments/callback", json=message)

        async def plain(number: int) -> httpx.Response:
            message = signature.signed("CONFIRM", _confirm(dossiers[number], settings.payments_partner))
            return await http.post(url, json=message)

        pairs = []
        for pair in range(options.pairs + 1):
            first = pair * RATE * options.seconds
            told = [await _paced(each, range(first, first + RATE * options.seconds)) for each in (call_back, plain)]
            if pair:  # the first pair warms up
                pairs.append((told[0], told[1]))
        for each in living:
            each.cancel()
        return pairs


async def _waiting(entrance: Entrance, many: int) -> list[UUID]:
    """So many dossiers with an order open, all of them taken over by the engine."""
    body = {"procedure": "1.001612", "unit": COMMUNE, "channel": "counter", "return_method": "counter"}
    submission = Submission.model_validate({**body, "components": [], "applicant": {"name": "Nguyễn Thị Thử"}})
    slots = asyncio.Semaphore(20)

    async def one() -> UUID:
        async with slots:
            return UUID((await entrance.door.submit(CALLER, uuid4().hex, submission)).dossier)

    dossiers = await asyncio.gather(*(one() for _ in range(many)))
    await entrance.pool.execute(QUERIES["order_for_all"], dossiers, datetime.now(UTC))
    while (await entrance.door.waiting())[0]:  # noqa: ASYNC110  # nobody rings when the relay has handed over the last
        await asyncio.sleep(0.5)
    return list(dossiers)


async def _live(entrance: Entrance, http: httpx.AsyncClient) -> None:
    engine = Engine(entrance.door, http, Feed(entrance.door))
    while True:
        await engine.counter()


async def _paced(send: Send, numbers: range) -> list[float]:
    """Send at the rate, whether or not the last was answered; the seconds of each."""

    async def one(number: int) -> float:
        started = time.monotonic()
        answer = await send(number)
        answer.raise_for_status()
        return time.monotonic() - started

    tasks = []
    for number in numbers:
        tasks.append(asyncio.create_task(one(number)))
        await asyncio.sleep(1 / RATE)
    return list(await asyncio.gather(*tasks))


def _confirm(dossier: UUID, partner: str) -> dict[str, str]:
    now = stamp(datetime.now(UTC))
    order = {"version": "1.0", "partner": partner, "reference": f"{dossier.hex}-9", "code": "24", "transaction": ""}
    return {**order, "bank": "", "amount": "100000", "currency": "VND", "paid": "", "time": now}


def _p99(seconds: list[float]) -> float:
    return quantiles(seconds, n=100)[98]


def main() -> None:
    """Measure and print medians, p99 and the ratio of each pair."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=15, help="of one side of a pair")
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--living", type=int, default=2, help="dossiers living beside at any moment")
    options = parser.parse_args()
    with temporary_folder() as folder, Stack(folder / "stack", workers=1, gateways=1) as stack:
        port = free_port()
        command = [sys.executable, "-m", "bench.plain_endpoint", str(port)]
        with subprocess.Popen(command, env=inherited_environment(stack.settings), cwd=ROOT) as plain:
            while not listens(port):
                time.sleep(0.1)
            pairs = asyncio.run(measured(stack, f"http://127.0.0.1:{port}/plain", options))
            plain.terminate()
    for name, index in (("call-back", 0), ("plain row", 1)):
        every = [second for pair in pairs for second in pair[index]]
        print(f"{name}: p50 {1000 * median(every):.1f} ms, p99 {1000 * _p99(every):.1f} ms ({len(every)} answers)")
    ratios = [_p99(ours) / _p99(theirs) for ours, theirs in pairs]
    print(f"p99 beside p99: {median(ratios):.2f} ({', '.join(f'{ratio:.2f}' for ratio in ratios)})", flush=True)
    os._exit(0)


if __name__ == "__main__":
    main()
