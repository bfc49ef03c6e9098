"""`python -m bench`: dossiers a second and CPU a dossier, the engine beside the bare workflow, medians of paired runs.

Both run on the same embedded servers, under the same plugin and worker settings, one worker process each, in
turn: bare, engine, bare, engine. CPU is that of the worker process and of this one, which plays the gateway.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import httpx
from temporalio.client import Client

from adapters.settings import load_settings
from adapters.wiring import open_entrance
from bench.stories import Bare, Engine, Feed, Tell
from deploy.embedded.folder import temporary_folder
from deploy.embedded.services import inherited_environment
from deploy.embedded.stack import ROOT, Stack

Report = dict[str, dict[str, list["Figures"]]]
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Figures:
    """What one run of many dossiers came to."""

    per_second: float
    cpu_ms: float
    events: float
    bytes: float


def main() -> None:
    """Measure and print; with `--json` for programs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dossiers", type=int, default=120, help="in one run")
    parser.add_argument("--at-once", type=int, default=30, help="dossiers under way together")
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with (
        temporary_folder() as folder,
        Stack(folder / "stack", workers=1, gateways=1) as stack,
        _bare_worker(stack) as bare_pid,
    ):
        report = asyncio.run(_measure(stack, bare_pid, options))
    print(json.dumps(report, indent=2, default=_plain) if options.json else _table(report), flush=True)
    os._exit(0)  # after the engine's client was used, the interpreter sometimes aborts while exiting


async def _measure(stack: Stack, bare_pid: int, options: argparse.Namespace) -> Report:
    engine_pid = stack.workers[0].pid
    assert engine_pid is not None
    async with open_entrance(load_settings(stack.env_file), "bench") as entrance, httpx.AsyncClient() as http:
        client, feed = entrance.client, Feed(entrance.door)
        engine, bare = Engine(entrance.door, http, feed), ("bare", Bare(client).story, bare_pid)
        counter = await _pairs(client, "counter", [bare, ("engine", engine.counter, engine_pid)], options)
        following = asyncio.create_task(feed.run())
        online = await _pairs(client, "online", [bare, ("engine", engine.online, engine_pid)], options)
        following.cancel()
        await asyncio.wait([following])
    return {"counter": counter, "online": online}


async def _pairs(
    client: Client, story: str, sides: list[tuple[str, Tell, int]], options: argparse.Namespace
) -> dict[str, list[Figures]]:
    found: dict[str, list[Figures]] = {name: [] for name, _, _ in sides}
    for pair in range(options.pairs + 1):
        for name, tell, pid in sides:
            figures = await _run(client, tell, pid, options)
            if pair:  # the first pair warms up
                found[name].append(figures)
                print(f"{story} {pair} {name}: {figures}", file=sys.stderr, flush=True)
    return found


async def _run(client: Client, tell: Tell, pid: int, options: argparse.Namespace) -> Figures:
    slots = asyncio.Semaphore(options.at_once)

    async def one() -> str:
        async with slots:
            return await tell()

    before, started = _cpu(pid) + time.process_time(), time.monotonic()
    ids = await asyncio.gather(*(one() for _ in range(options.dossiers)))
    seconds, cpu = time.monotonic() - started, _cpu(pid) + time.process_time() - before
    sample = [await client.get_workflow_handle(each).describe() for each in ids[:20]]
    return Figures(
        per_second=options.dossiers / seconds,
        cpu_ms=1000 * cpu / options.dossiers,
        events=statistics.mean(each.raw_description.workflow_execution_info.history_length for each in sample),
        bytes=statistics.mean(each.raw_description.workflow_execution_info.history_size_bytes for each in sample),
    )


def _cpu(pid: int) -> float:
    """Seconds of processor time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


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


def _median(runs: list[Figures], name: str) -> float:
    return float(statistics.median(getattr(each, name) for each in runs))


def _table(report: Report) -> str:
    lines = ["story    kind     dossiers/s   CPU ms   events    bytes   ratio of the pairs (median)"]
    for story, kinds in report.items():
        ratios = [e.per_second / b.per_second for e, b in zip(kinds["engine"], kinds["bare"], strict=True)]
        for kind, runs in kinds.items():
            figures = [_median(runs, name) for name in ("per_second", "cpu_ms", "events", "bytes")]
            row = "{:>10.1f} {:>8.1f} {:>8.0f} {:>8.0f}".format(*figures)
            ratio = f"   {statistics.median(ratios):.2f}  ({', '.join(f'{r:.2f}' for r in ratios)})"
            lines.append(f"{story:<8} {kind:<8} {row}{ratio if kind == 'engine' else ''}")
    return "\n".join(lines)


def _plain(value: object) -> object:
    return asdict(value) if isinstance(value, Figures) else str(value)


if __name__ == "__main__":
    main()
