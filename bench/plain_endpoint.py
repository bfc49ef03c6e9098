"""The thing compared: an HTTP endpoint that inserts one row and nothing else: `python -m bench.plain_endpoint PORT`."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

import uvicorn
from fastapi import FastAPI, Request

from adapters.postgres import open_pool
from adapters.settings import load_settings
from schema.sql import QUERIES


@asynccontextmanager
async def _open(app: FastAPI) -> AsyncIterator[None]:
    settings = load_settings()
    async with await open_pool(settings.database_url.get_secret_value(), settings.database_pool) as pool:
        app.state.pool = pool
        yield


app = FastAPI(lifespan=_open)


@app.post("/plain")
async def plain(request: Request) -> dict[str, str]:
    """Insert the body, answer after the commit."""
    await request.app.state.pool.execute(QUERIES["insert_officer"], uuid4().hex, "bench", await request.body())
    return {"code": "00"}


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_config=None, access_log=False, timeout_keep_alive=75)
