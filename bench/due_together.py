"""`python -m bench.due_together`: thousands of open dossiers fall due at the same minute, and work goes on meanwhile.

For each window of the spread, on a stack of its own: the dossiers are sown (`bench/closing_time.py`); while they
fall due, other dossiers live an ordinary day at the counter, two commands a second, and whoever sends them waits for
the answers. Then the register is asked what it holds.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID
from zlib import crc32

import asyncpg
import httpx

from adapters.catalogue_files import read_sound
from adapters.law import publish
from adapters.postgres import Pool, reading
from adapters.settings import load_settings
from adapters.wiring import Entrance, open_entrance
from bench.closing_time import AT_ONCE, closing_at, day_before, minute_after, sow, until_answered
from bench.processor_time import processor_seconds, programs
from bench.stories import Engine, Feed
from deploy.embedded.folder import temporary_folder
from deploy.embedded.stack import Stack
from schema.sql import QUERIES
from schema.submissions import CommandBody

Say = Callable[[str], None]

STORY_EVERY, PAUSE = 3.0, 2.5
"""Seconds from one ordinary story to the next, and before each of its six commands: two commands a second."""
MARGIN = timedelta(seconds=20)
"""How long before the due instant the last dossier must be accepted: late entries are given that grace."""
LEAD_FACTOR = 1.5
"""How much longer sowing them all may take than a trial says."""
PATIENCE = 300.0
"""Seconds without one more breach after which the run is given up."""
LOOK_EVERY = 2.0
MB = 2**20


@dataclass(frozen=True)
class Quantiles:
    """Of a list of seconds: how many, the median, the 99th of a hundred, the longest."""

    count: int
    p50: float
    p99: float
    longest: float


@dataclass(frozen=True)
class Findings:
    """What the register holds of the breaches."""

    breaches: int
    missing: int
    doubled: int
    off_their_instant: int
    unclaimed: int
    told_by_the_watch: int
    """Claimed by the watch, because the dossier's own clock came too late to speak first."""

    @property
    def is_sound(self) -> bool:
        """Whether every breach was recorded once, at its due instant, under a claim: told once, by one of the two."""
        return not (self.missing or self.doubled or self.off_their_instant or self.unclaimed)


@dataclass(frozen=True)
class Outcome:
    """What one run came to. Times are seconds, memory is MB."""

    dossiers: int
    spread: int
    due_at: datetime
    findings: Findings
    delay: Quantiles
    """From the due instant to the one at which the breach was recorded."""
    after_wake_up: Quantiles
    """The same, counted from the instant at which the spread lets the dossier look."""
    calm: Quantiles
    """Latency of ordinary commands sent before the due instant."""
    meanwhile: Quantiles
    """Latency of ordinary commands sent between the due instant and the last breach."""
    asked_again: int
    """Requests whose answer was not known in time, so that the caller asked again with the same id."""
    sown_a_second: float
    cpu: dict[str, float] = field(default_factory=dict)
    """Seconds of processor time from the due instant to the last breach, by program."""
    memory: dict[str, int] = field(default_factory=dict)
    """Resident at the last breach, by program."""


@dataclass
class Ordinary(Engine):
    """Other dossiers: one story every few seconds, whether or not the last is through, each command timed."""

    timed: list[tuple[datetime, float]] = field(default_factory=list)
    """When each command was sent, and after how many seconds its answer came."""
    asked_again: int = 0
    _begun: list[asyncio.Task[str]] = field(default_factory=list)

    async def trickle(self) -> None:
        """Begin stories for ever, at their pace."""
        while True:
            self._begun.append(asyncio.create_task(self.counter()))
            await asyncio.sleep(STORY_EVERY)

    async def ended(self) -> None:
        """Wait until the stories that were begun are through."""
        await asyncio.gather(*self._begun)

    async def _send(self, dossier: UUID, body: CommandBody) -> None:
        await asyncio.sleep(PAUSE)
        sent, started = self.door.now(), time.monotonic()
        self.asked_again += await until_answered(self.door, dossier, body)
        self.timed.append((sent, time.monotonic() - started))


async def fall_due(
    stack: Stack, *, dossiers: int, spread: int, say: Say = lambda _: None
) -> tuple[Outcome, list[UUID]]:
    """Sow the dossiers and let them fall due, as soon as all can be sown; return their ids as well.

    The stack was started with `MOTCUA_CLOCK_SPREAD` = `spread` seconds. Raises TimeoutError when breaches fail to
    come, RuntimeError when sowing took so much longer than a trial had said that some would be late from the start.
    """
    async with open_entrance(load_settings(stack.env_file), "bench") as entrance, httpx.AsyncClient() as http:
        sown, due_at, rate = await _sow(entrance, dossiers, say)
        ordinary = Ordinary(entrance.door, http, Feed(entrance.door))
        trickle = asyncio.create_task(ordinary.trickle())
        await asyncio.sleep((due_at - entrance.door.now()).total_seconds())
        before = _cpu(stack)
        await _all_struck(entrance.pool, sown, say)
        cpu = {name: round(seconds - before[name], 1) for name, seconds in _cpu(stack).items()}
        memory = _memory(stack)
        trickle.cancel()
        await asyncio.wait([trickle])
        await ordinary.ended()
        async with reading(entrance.pool) as connection:
            rows = await connection.fetch(QUERIES["owed_and_struck"], sown)
    delays = _delays(rows, due_at)
    last = due_at + timedelta(seconds=max(delay for _, delay in delays))
    return (
        Outcome(
            dossiers=dossiers,
            spread=spread,
            due_at=due_at,
            findings=findings(rows, due_at),
            delay=quantiles(delay for _, delay in delays),
            after_wake_up=quantiles(delay - _offset(dossier, spread) for dossier, delay in delays),
            calm=quantiles(seconds for sent, seconds in ordinary.timed if sent < due_at),
            meanwhile=quantiles(seconds for sent, seconds in ordinary.timed if due_at <= sent <= last),
            asked_again=ordinary.asked_again,
            sown_a_second=rate,
            cpu=cpu,
            memory=memory,
        ),
        sown,
    )


async def _sow(entrance: Entrance, dossiers: int, say: Say) -> tuple[list[UUID], datetime, float]:
    """Sow them, and return the instant at which they fall due, and how many were sown a second."""
    door, tried = entrance.door, max(AT_ONCE, dossiers // 10)
    started = time.monotonic()
    await sow(door, tried, door.now())  # these fall due under the law as it is: not today
    seconds = LEAD_FACTOR * dossiers * (time.monotonic() - started) / tried
    due_at = minute_after(door.now() + MARGIN + timedelta(seconds=seconds))
    await publish(entrance.pool, closing_at(read_sound(), due_at), door.now())
    say(f"{dossiers} dossiers are sown now, and fall due at {due_at:%H:%M:%S}")
    started = time.monotonic()
    sown = await sow(door, dossiers, day_before(due_at, door.now()))
    took = time.monotonic() - started
    say(f"sown in {took:.0f} s")
    if door.now() > due_at - MARGIN:
        raise RuntimeError(f"sowing took {took:.0f} s, more than {LEAD_FACTOR} times what a trial had said")
    return sown, due_at, dossiers / took


async def _all_struck(pool: Pool, sown: Sequence[UUID], say: Say) -> None:
    struck, wanted, changed = 0, 2 * len(sown), time.monotonic()
    while struck < wanted:
        await asyncio.sleep(LOOK_EVERY)
        async with reading(pool) as connection:
            found = int(await connection.fetchval(QUERIES["count_breached"], sown))
        if found > struck:
            struck, changed = found, time.monotonic()
            say(f"{struck} breaches")
        elif time.monotonic() - changed > PATIENCE:
            raise TimeoutError(f"only {struck} of {wanted} breaches were recorded")


def findings(rows: Iterable[asyncpg.Record], due_at: datetime) -> Findings:
    """Count what stands in the register of what had to, and what does not stand as it had to."""
    rows = list(rows)
    struck = [row for row in rows if row["times"]]
    return Findings(
        breaches=sum(row["times"] for row in rows),
        missing=len(rows) - len(struck),
        doubled=sum(row["times"] > 1 for row in struck),
        off_their_instant=sum({row["due"], row["first"], row["last"]} != {due_at} for row in struck),
        unclaimed=sum(row["claimed_by"] is None for row in struck),
        told_by_the_watch=sum(row["claimed_by"] == "watch" for row in struck),
    )


def quantiles(seconds: Iterable[float]) -> Quantiles:
    """Sort them and take the middle, the 99th of a hundred and the last; 0 where there are none."""
    ordered = sorted(seconds) or [0.0]
    at = [ordered[min(len(ordered) - 1, int(len(ordered) * share))] for share in (0.5, 0.99, 1.0)]
    return Quantiles(len(ordered), *(round(each, 3) for each in at))


def _delays(rows: Iterable[asyncpg.Record], due_at: datetime) -> list[tuple[UUID, float]]:
    return [(row["dossier"], (row["recorded_at"] - due_at).total_seconds()) for row in rows if row["times"]]


def _offset(dossier: UUID, spread: int) -> int:
    """Seconds after the due instant at which this dossier looks, as `workflows/dossier.py` reckons."""
    return crc32(dossier.bytes) % spread if spread else 0


# The machine


def _cpu(stack: Stack) -> dict[str, float]:
    return {name: processor_seconds(pids) for name, pids in programs(stack).items()}


def _memory(stack: Stack) -> dict[str, int]:
    page = os.sysconf("SC_PAGE_SIZE")
    heads = {name: pids[0] for name, pids in programs(stack).items()}
    return {name: int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * page // MB for name, pid in heads.items()}


# The report


def main() -> None:
    """Measure each window in turn and print; ends with 1 if a breach is missing, doubled or off its instant."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dossiers", type=int, default=10_000, help="at most 19,998: two one-stops receive them")
    parser.add_argument("--spread", type=int, nargs="+", default=[0, 60], help="seconds; one run for each")
    parser.add_argument("--workers", type=int, default=2, help="worker processes")
    parser.add_argument("--cached", type=int, default=1_000, help="what a worker keeps warm")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    outcomes = [_measured(spread, options) for spread in options.spread]
    print(json.dumps([asdict(each) for each in outcomes], default=str, indent=2) if options.json else table(outcomes))
    sys.stdout.flush()
    os._exit(not all(each.findings.is_sound for each in outcomes))  # see bench/__main__.py


def _measured(spread: int, options: argparse.Namespace) -> Outcome:
    chosen = {"MOTCUA_CLOCK_SPREAD": str(spread), "MOTCUA_CACHED_WORKFLOWS": str(options.cached)}
    with (
        temporary_folder() as folder,
        Stack(folder / "stack", workers=options.workers, gateways=1, environment=chosen) as stack,
    ):
        outcome, _ = asyncio.run(fall_due(stack, dossiers=options.dossiers, spread=spread, say=_say))
    return outcome


def _say(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


def table(outcomes: Sequence[Outcome]) -> str:
    """Lay the runs side by side, a column each."""
    columns = [_column(each) for each in outcomes]
    names = list(columns[0])
    wide = max(len(name) for name in names)
    return "\n".join(f"{name:<{wide}}" + "".join(f"  {column[name]:>22}" for column in columns) for name in names)


def _column(run: Outcome) -> dict[str, str]:
    found = run.findings
    quantities = {
        "delay, due to recorded": run.delay,
        "delay after the wake-up": run.after_wake_up,
        "commands before the due instant": run.calm,
        "commands while breaches are recorded": run.meanwhile,
    }
    return {
        "spread, s": str(run.spread),
        "dossiers": str(run.dossiers),
        "breaches (missing/doubled/off/unclaimed)": f"{found.breaches} ({found.missing}/{found.doubled}"
        f"/{found.off_their_instant}/{found.unclaimed})",
        "told by the watch first": str(found.told_by_the_watch),
        **{f"{name}: p50/p99/max, s": f"{q.p50:.2f}/{q.p99:.2f}/{q.longest:.2f}" for name, q in quantities.items()},
        "commands timed, before/while": f"{run.calm.count}/{run.meanwhile.count}",
        "requests asked again": str(run.asked_again),
        "breaches a second": f"{found.breaches / max(run.delay.longest, 0.001):.0f}",
        "sown a second": f"{run.sown_a_second:.0f}",
        **{f"CPU of {name}, s": f"{seconds:.0f}" for name, seconds in run.cpu.items()},
        **{f"memory of {name}, MB": str(size) for name, size in run.memory.items()},
    }


if __name__ == "__main__":
    main()
