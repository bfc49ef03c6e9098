"""Runs the bare workflow in a worker process of its own: `python -m bench.bare_worker`."""

from __future__ import annotations

import asyncio
import signal
from datetime import timedelta

from temporalio.client import Client
from temporalio.worker import Worker

from adapters.garbage import collect_rarely
from adapters.keys import KeyRing
from adapters.settings import Settings, load_settings
from adapters.temporal import PASSED_THROUGH, connect, deployment, make_current, motcua_plugin
from bench.bare import BARE_QUEUE, BareWorkflow, nothing


def bare_worker(client: Client, settings: Settings) -> Worker:
    """The worker of `worker.dossier_worker`, for the bare workflow."""
    return Worker(
        client,
        task_queue=BARE_QUEUE,
        workflows=[BareWorkflow],
        activities=[nothing],
        max_concurrent_workflow_tasks=settings.workflow_tasks,
        max_cached_workflows=settings.cached_workflows,
        max_concurrent_local_activities=settings.local_activities,
        max_concurrent_activities=settings.local_activities,
        deployment_config=deployment("1", BARE_QUEUE),
        graceful_shutdown_timeout=timedelta(seconds=1),
    )


async def main() -> None:
    """Run until told to stop."""
    collect_rarely()
    settings = load_settings()
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    ring = KeyRing.parse(settings.keys.get_secret_value())
    plugin = motcua_plugin(ring, (*PASSED_THROUGH, BareWorkflow.__module__))
    client = await connect(settings, plugin, role="bare", patience=30)
    async with bare_worker(client, settings):
        await make_current(client, "1", BARE_QUEUE)
        print("ready", flush=True)
        await stopping.wait()


if __name__ == "__main__":
    asyncio.run(main())
