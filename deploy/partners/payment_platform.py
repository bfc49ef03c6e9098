"""Plays the payment providers as a process of its own: the National Payment Platform's pattern, and VNPAY 2.1.0.

    python -m deploy.partners.payment_platform --port 8471 --data FOLDER \\
        --secret-env MOTCUA_PAYMENTS_SECRET --notify-url http://127.0.0.1:8470/v1/payments/callback \\
        --vnpay-secret-env VNPAY_SECRET --vnpay-tmn-code MOTCUA01 --vnpay-ipn-url http://127.0.0.1:8470/…

It shares no code with the rest of the product, so that an error in the protocol cannot cancel itself out, and
keeps its books on disk, so that it may be killed like the real ones. The protocol is in docs/payments.md.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import uvicorn
from fastapi import FastAPI

from deploy.partners.payment_answers import Platform
from deploy.partners.payment_callbacks import Callbacks, Channel
from deploy.partners.payment_confirm import Confirm
from deploy.partners.payment_handles import handles
from deploy.partners.payment_http import messages, page
from deploy.partners.payment_ledger import Ledger
from deploy.partners.payment_messages import Signer
from deploy.partners.payment_store import Store
from deploy.partners.payment_world import Faults, World
from deploy.partners.vnpay_answers import Vnpay
from deploy.partners.vnpay_http import vnpay_routes
from deploy.partners.vnpay_messages import Signer as VnpaySigner
from deploy.partners.vnpay_results import Results

DRAIN_SECONDS = 2


def main() -> None:
    """Read the options, wire, serve until SIGTERM or SIGINT."""
    options = _options()
    uvicorn.run(
        _application(options),
        host=options.host,
        port=options.port,
        log_level="warning",
        timeout_graceful_shutdown=DRAIN_SECONDS,  # a QUERY that is held back on demand would hold up the end
    )


def _application(options: argparse.Namespace) -> FastAPI:
    public = (options.public_url or f"http://{options.host}:{options.port}").rstrip("/")
    signer, store = Signer(_secret(options.secret_env)), Store(options.data)
    channels: dict[str, Channel] = {"platform": Confirm(signer, options.notify_url, options.partner, _now)}
    callbacks = Callbacks(Ledger(store), channels, _now)
    callbacks.hold = options.hold_callbacks
    world = World(store, callbacks, _now, public, Faults(hold_callbacks=options.hold_callbacks))
    app = FastAPI(title="Payment providers (partner played for trials)", lifespan=_lifespan(world))
    app.include_router(messages(world, Platform(store, signer, options.partner, public, _now)))
    app.include_router(page(world))
    app.include_router(handles(world))
    if options.vnpay_secret_env:
        _add_vnpay(app, world, channels, options)
    return app


def _add_vnpay(app: FastAPI, world: World, channels: dict[str, Channel], options: argparse.Namespace) -> None:
    if not options.vnpay_ipn_url:
        raise SystemExit("--vnpay-secret-env needs --vnpay-ipn-url: where the merchant takes IPN")
    signer = VnpaySigner(_secret(options.vnpay_secret_env))
    results = Results(signer, options.vnpay_tmn_code, options.vnpay_ipn_url, _now)
    channels["vnpay"] = results
    vnpay = Vnpay(world.store, signer, options.vnpay_tmn_code, _now)
    app.include_router(vnpay_routes(world, vnpay, results, signer))


def _lifespan(world: World) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with world.at_work(_end_if_failed):
            yield

    return lifespan


def _end_if_failed(loop: asyncio.Task[None]) -> None:
    """A provider that no longer calls back must not look alive: end it, for whoever supervises it."""
    if not loop.cancelled() and loop.exception() is not None:
        signal.raise_signal(signal.SIGTERM)


def _secret(variable: str) -> bytes:
    secret = os.getenv(variable)
    if not secret:
        raise SystemExit(f"{variable} is empty: put the secret shared with the merchant into it")
    return secret.encode()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="payment_platform", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--data", type=Path, required=True, help="folder of the ledger")
    parser.add_argument("--secret-env", required=True, help="environment variable that holds the secret")
    parser.add_argument("--notify-url", required=True, help="where the merchant takes call-backs")
    parser.add_argument("--partner", default="motcua", help="the merchant's name")
    parser.add_argument("--public-url", help="what links to the payer's page begin with")
    parser.add_argument("--hold-callbacks", action="store_true", help="start with the fault hold_callbacks")
    parser.add_argument("--vnpay-secret-env", help="environment variable of VNPAY's secret; without it no VNPAY")
    parser.add_argument("--vnpay-ipn-url", help="where the merchant takes IPN")
    parser.add_argument("--vnpay-tmn-code", default="MOTCUA01", help="the merchant's website at VNPAY")
    return parser.parse_args()


def _now() -> datetime:
    return datetime.now(UTC)


if __name__ == "__main__":
    main()
