"""Runs one gateway process: `python -m gateway`."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import httpx
import uvicorn

from adapters.garbage import collect_rarely
from adapters.logs import configure_logs
from adapters.metrics import Metrics
from adapters.providers import platform_of, vnpay_of
from adapters.settings import Settings, load_settings
from adapters.wiring import open_entrance
from gateway.app import build

KEEP_ALIVE = 75
"""Seconds that an idle connection stays open: longer than callers keep theirs (most 5 to 60), for a connection that
closes just as a request leaves fails that request."""

SWEEPS = 6
"""Sweeps after which somebody should have said how an attempt to collect ended."""


async def serve(settings: Settings) -> None:
    """Open the resources, serve until told to stop, close them."""
    async with open_entrance(settings, "gateway") as entrance, httpx.AsyncClient() as http:
        platform, vnpay = platform_of(settings, http), vnpay_of(settings, http)
        spread = timedelta(seconds=settings.clock_spread)
        undecided = timedelta(seconds=settings.stale_after + SWEEPS * settings.stale_every)
        measures = Metrics(entrance.pool, entrance.door.now, spread, undecided)
        app = build(entrance.door, entrance.intake, platform, vnpay, entrance.pool, settings.body_limit, measures)
        config = uvicorn.Config(
            app,
            host=settings.gateway_host,
            port=settings.gateway_port,
            log_config=None,
            access_log=False,
            timeout_keep_alive=KEEP_ALIVE,
            http="h11",  # the quicker parser takes headers without end, from anybody
        )
        await uvicorn.Server(config).serve()


if __name__ == "__main__":
    configure_logs()
    collect_rarely()
    asyncio.run(serve(load_settings()))
