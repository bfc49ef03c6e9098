"""`python -m bench`: dossiers a second and CPU a dossier, the engine beside the bare workflow, medians of paired runs.

Both run on the same embedded servers, under the same plugin and worker settings, one worker process each. In each pair
one side runs first and last and the other between, in turn, so that a machine that grows slower is as slow for both.
Before the pairs both run for a while: servers that were just started are slower, and the engine has more to warm.
Processor time is that of all programs; this one plays the gateway.
"""

from __future__ import annotations

import argparse
import asyncio
import functools
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, astuple, dataclass

import httpx
from temporalio.client import Client

from adapters.garbage import collect_rarely
from adapters.settings import load_settings
from adapters.wiring import open_entrance
from bench.processor_time import CALLERS, processor_seconds, programs
from bench.stories import Bare, Engine, Feed, Tell
from deploy.embedded.folder import temporary_folder
from deploy.embedded.services import inherited_environment
from deploy.embedded.stack import ROOT, Stack

Report = dict[str, dict[str, list["Figures"]]]
Used = Callable[[], dict[str, float]]
"""Seconds of processor time so far, by program."""
Run = Callable[[int, Tell], Awaitable["Figures"]]
BARE, ENGINE = "bare", "engine"


@dataclass(frozen=True)
class Figures:
    """What many dossiers came to, each: seconds, processor time in ms, and the length of a history."""

    seconds: float
    cpu: float
    worker: float
    temporal: float
    postgres: float
    callers: float
    events: float
    bytes: float

    @property
    def per_second(self) -> float:
        """Dossiers a second."""
        return 1 / self.seconds


def main() -> None:
    """Measure and print; with `--json` for programs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dossiers", type=int, default=120, help="of each side in one pair, half of them at a time")
    parser.add_argument("--warm-up", type=int, default=240, help="dossiers of each side before the pairs")
    parser.add_argument("--at-once", type=int, default=30, help="dossiers under way together")
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    collect_rarely()
    with (
        temporary_folder() as folder,
        Stack(folder / "stack", workers=1, gateways=1) as stack,
        _bare_worker(stack) as bare_pid,
    ):
        report = asyncio.run(_measure(stack, bare_pid, options))
    print(json.dumps(report, indent=2, default=_plain) if options.json else _table(report), flush=True)
    os._exit(0)  # after the engine's client was used, the interpreter sometimes aborts while exiting


async def _measure(stack: Stack, bare_pid: int, options: argparse.Namespace) -> Report:
    def used() -> dict[str, float]:  # looked up each time: PostgreSQL has a process for each connection
        return {name: processor_seconds(pids) for name, pids in {**programs(stack), BARE: [bare_pid]}.items()}

    async with open_entrance(load_settings(stack.env_file), "bench") as entrance, httpx.AsyncClient() as http:
        feed = Feed(entrance.door)
        engine, bare = Engine(entrance.door, http, feed), Bare(entrance.client)
        run = functools.partial(_run, entrance.client, used, options.at_once)
        counter = await _pairs(run, options, "counter", {BARE: bare.story, ENGINE: engine.counter})
        following = asyncio.create_task(feed.run())
        online = await _pairs(run, options, "online", {BARE: bare.story, ENGINE: engine.online})
        following.cancel()
        await asyncio.wait([following])
    return {"counter": counter, "online": online}


async def _pairs(run: Run, options: argparse.Namespace, story: str, sides: dict[str, Tell]) -> dict[str, list[Figures]]:
    found: dict[str, list[Figures]] = {name: [] for name in sides}
    for tell in sides.values():
        await run(options.warm_up, tell)
    for pair in range(options.pairs):
        outer, inner = (BARE, ENGINE) if pair % 2 else (ENGINE, BARE)
        halves = [(name, await run(options.dossiers // 2, sides[name])) for name in (outer, inner, inner, outer)]
        for name, runs in found.items():
            runs.append(_mean([half for side, half in halves if side == name]))
            print(f"{story} {pair + 1} {name}: {runs[-1]}", file=sys.stderr, flush=True)
    return found


async def _run(client: Client, used: Used, at_once: int, dossiers: int, tell: Tell) -> Figures:
    slots = asyncio.Semaphore(at_once)

    async def one() -> str:
        async with slots:
            return await tell()

    before, started = used(), time.monotonic()
    ids = await asyncio.gather(*(one() for _ in range(dossiers)))
    seconds = time.monotonic() - started
    cost = {name: 1000 * (now - before[name]) / dossiers for name, now in used().items()}
    sample = [await client.get_workflow_handle(each).describe() for each in ids[:20]]
    return Figures(
        seconds=seconds / dossiers,
        cpu=sum(cost.values()),
        worker=cost[BARE] + cost["worker-0"],  # one of them rests
        temporal=cost["temporal"],
        postgres=cost["postgres"],
        callers=cost[CALLERS],
        events=statistics.mean(each.raw_description.workflow_execution_info.history_length for each in sample),
        bytes=statistics.mean(each.raw_description.workflow_execution_info.history_size_bytes for each in sample),
    )


@contextmanager
def _bare_worker(stack: Stack) -> Iterator[int]:
    environment = inherited_environment(stack.settings)
    command = [sys.executable, "-m", "bench.bare_worker"]
    with subprocess.Popen(command, env=environment, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline().strip() == "ready"
            yield process.pid
        finally:
            process.terminate()


def _mean(runs: list[Figures]) -> Figures:
    return Figures(*(statistics.fmean(each) for each in zip(*map(astuple, runs), strict=True)))


def _median(runs: list[Figures], name: str) -> float:
    return float(statistics.median(getattr(each, name) for each in runs))


COLUMNS = {
    "per_second": "dossiers/s",
    "cpu": "CPU ms",
    "worker": "worker",
    "temporal": "Temporal",
    "postgres": "PostgreSQL",
    "callers": "callers",
    "events": "events",
    "bytes": "bytes",
}


def _table(report: Report) -> str:
    lines = [f"{'story':<8} {'side':<7}" + "".join(f"{title:>12}" for title in COLUMNS.values())]
    for story, sides in report.items():
        for side, runs in sides.items():
            figures = "".join(f"{_median(runs, name):>12,.1f}" for name in COLUMNS)
            lines.append(f"{story:<8} {side:<7}{figures}")
        speed, cpu = _ratios(sides, "per_second"), [1 / each for each in _ratios(sides, "cpu")]
        lines.append(f"         engine beside bare: {_medians(speed)}; bare's CPU beside the engine's: {_medians(cpu)}")
    return "\n".join(lines)


def _ratios(sides: dict[str, list[Figures]], name: str) -> list[float]:
    pairs = zip(sides[ENGINE], sides[BARE], strict=True)
    return [getattr(engine, name) / getattr(bare, name) for engine, bare in pairs]


def _medians(ratios: list[float]) -> str:
    return f"{statistics.median(ratios):.2f} ({', '.join(f'{each:.2f}' for each in ratios)})"


def _plain(value: object) -> object:
    return asdict(value) if isinstance(value, Figures) else str(value)


if __name__ == "__main__":
    main()
