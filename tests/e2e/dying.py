"""A worker or gateway that kills itself at a named point, as a power cut would: the product's own, with one fuse in it.

    python -m tests.e2e.dying worker recorded dossier.approved    # right after the commit of such an event
    python -m tests.e2e.dying worker kept                         # with an inbox row claimed, before the start
    python -m tests.e2e.dying gateway kept                        # right after the commit of an inbox row
    python -m tests.e2e.dying gateway started                     # after the start, before it is marked (a worker, too)

The product has no hook for this: the fuse is put around its methods from outside, in this process alone.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys

import gateway.__main__
import worker
from adapters.handover import Arrival, Handover
from adapters.logs import configure_logs
from adapters.register import PostgresRegister
from adapters.settings import load_settings
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
    """Die while handing over a row of the inbox, with the workflow started, or not yet."""
    take = Handover.take

    async def fused(self: Handover, arrival: Arrival) -> bool:
        if started:
            await take(self, arrival)
        die()
        raise AssertionError

    Handover.take = fused  # type: ignore[method-assign]  # the fuse


def main() -> None:
    """Put the fuse in and run."""
    program, point = sys.argv[1:3]
    if point == "recorded":
        die_recorded(sys.argv[3])
    else:
        die_handing_over(started=point == "started")
    configure_logs()
    asyncio.run(worker.run_one() if program == "worker" else gateway.__main__.serve(load_settings()))


if __name__ == "__main__":
    main()
