"""A worker that kills itself at a named point, as a power cut would: the product's own, with one fuse in it.

    python -m tests.e2e.dying_worker recorded dossier.approved    # right after the commit of such an event
    python -m tests.e2e.dying_worker claimed                      # with an inbox row claimed, before the start
    python -m tests.e2e.dying_worker started                      # after the start, before the row is marked

The product has no hook for this: the fuse is put around its methods from outside, in this process alone.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from typing import Any

import worker
from adapters.logs import configure_logs
from adapters.register import PostgresRegister
from adapters.relay import Relay
from schema.messages import RecordAsk, Recorded


def die() -> None:
    """Be gone at once: nothing is flushed, closed or told to anybody."""
    os.kill(os.getpid(), signal.SIGKILL)


def die_recorded(type_: str) -> None:
    """Die when an event of that type has been committed, before the engine hears of it."""
    record = PostgresRegister.record

    async def fused(self: PostgresRegister, ask: RecordAsk) -> Recorded:
        stored = await record(self, ask)
        if type_ in {event.type for event in (stored, *stored.followed_by)}:
            die()
        return stored

    PostgresRegister.record = fused  # type: ignore[method-assign]  # the fuse


def die_handing_over(*, started: bool) -> None:
    """Die in the relay, with the row claimed and the workflow started, or not yet."""
    start = Relay._start

    async def fused(self: Relay, *arguments: Any) -> None:
        if started:
            await start(self, *arguments)
        die()

    Relay._start = fused  # type: ignore[assignment,method-assign]  # the fuse


def main() -> None:
    """Put the fuse in and run."""
    point = sys.argv[1]
    if point == "recorded":
        die_recorded(sys.argv[2])
    else:
        die_handing_over(started=point == "started")
    configure_logs()
    asyncio.run(worker.run_one())


if __name__ == "__main__":
    main()
