"""Runs one gateway process: `python -m gateway`."""

from __future__ import annotations

import asyncio

import httpx
import uvicorn

from adapters.logs import configure_logs
from adapters.payments import HttpPaymentPlatform
from adapters.settings import Settings, load_settings
from adapters.wiring import open_entrance
from gateway.app import build

KEEP_ALIVE = 75
"""Seconds that an idle connection stays open: longer than callers keep theirs (most 5 to 60), for a connection that
closes just as a request leaves fails that request."""


async def serve(settings: Settings) -> None:
    """Open the resources, serve until told to stop, close them."""
    secret = settings.payments_secret.get_secret_value().encode()
    async with open_entrance(settings, "gateway") as entrance, httpx.AsyncClient() as http:
        platform = HttpPaymentPlatform(http, settings.payments_url, secret, settings.payments_partner)
        app = build(entrance.door, entrance.intake, platform, entrance.pool, settings.body_limit, settings.clock_spread)
        config = uvicorn.Config(
            app,
            host=settings.gateway_host,
            port=settings.gateway_port,
            log_config=None,
            access_log=False,
            timeout_keep_alive=KEEP_ALIVE,
        )
        await uvicorn.Server(config).serve()


if __name__ == "__main__":
    configure_logs()
    asyncio.run(serve(load_settings()))
