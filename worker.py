"""The worker: opens its resources, wires them, and runs the workflows, their activities and the relay.

One process fills one core; `--workers N` (or MOTCUA_WORKERS) starts N of them. `--watch` runs the watch in a
process of its own, which looks on while every other is down. SIGTERM drains for 30 seconds.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import timedelta

import httpx
from temporalio.client import Client
from temporalio.worker import Worker

from activities.campaigns import CampaignActivities
from activities.payments import PaymentActivities
from activities.reconciliation import ReconciliationActivities
from activities.register import RegisterActivities
from activities.stale import StaleActivities
from activities.watch import WatchActivities
from activities.watching import Patience
from adapters.campaigns import PostgresCampaigns
from adapters.engine import Engine
from adapters.garbage import collect_rarely
from adapters.handover import Handover, chosen_for
from adapters.health import health
from adapters.intake import Intake
from adapters.keys import KeyedDigest, KeyRing
from adapters.law import PostgresLaw
from adapters.logs import configure_logs
from adapters.postgres import Pool, open_pool
from adapters.provider_statements import statements_of
from adapters.providers import providers_of
from adapters.reconciliation import Reconciliation
from adapters.register import PostgresRegister
from adapters.relay import Relay
from adapters.schedules import schedule, schedule_reconciliation, schedule_watch
from adapters.settings import Settings, load_settings
from adapters.stale import StaleSweep
from adapters.temporal import DEPLOYMENT, connect, deployment, make_current, motcua_plugin
from adapters.vault import Vault
from adapters.watch import PostgresWatch
from adapters.watch_engine import EngineProbe
from adapters.wiring import utc_now
from schema import wire
from workflows.campaign import CampaignWorkflow
from workflows.dossier import DossierWorkflow
from workflows.reconcile import ReconcileWorkflow
from workflows.refund import RefundWorkflow
from workflows.stale import StaleAttemptsWorkflow
from workflows.watch import WatchWorkflow

PATIENCE = 600.0
"""Seconds that a worker waits for the engine when it starts."""
WATCH_DEPLOYMENT = f"{DEPLOYMENT}-watch"
WATCH_POOL = 4
"""Connections of the watch: its looks come one after the other."""


async def run(settings: Settings, stopping: asyncio.Event) -> None:
    """Run until `stopping` is set, then finish what is under way."""
    ring = KeyRing.parse(settings.keys.get_secret_value())
    client = await connect(settings, motcua_plugin(ring), role="worker", patience=PATIENCE)
    async with AsyncExitStack() as resources:
        pool = await resources.enter_async_context(
            await open_pool(settings.database_url.get_secret_value(), settings.database_pool)
        )
        http = await resources.enter_async_context(httpx.AsyncClient())
        law = PostgresLaw(pool)
        register = PostgresRegister(pool, law, utc_now)
        recording = RegisterActivities(register)
        providers = providers_of(settings, http, pool)
        digest = KeyedDigest.parse(settings.index_key.get_secret_value())
        handover = Handover(pool, client, utc_now, chosen_for(settings))
        intake = Intake(pool, law, Vault(ring, digest), digest, handover)
        stale = StaleActivities(StaleSweep(pool, providers, intake, timedelta(seconds=settings.stale_after)))
        reconciling = ReconciliationActivities(Reconciliation(pool, statements_of(settings, http), intake))
        campaigns = CampaignActivities(PostgresCampaigns(pool, law, Engine(client), utc_now))
        workers = [
            dossier_worker(client, settings, recording),
            outside_worker(client, settings, PaymentActivities(providers), stale, reconciling),
            campaign_worker(client, settings, campaigns),
        ]
        running = health(settings.gateway_host, settings.worker_port, lambda: all(w.is_running for w in workers))
        await resources.enter_async_context(running)
        for worker in workers:
            await resources.enter_async_context(worker)
        await make_current(client, settings.build_id)
        await schedule(client, wire.STALE_SCHEDULE, wire.STALE_WORKFLOW, timedelta(seconds=settings.stale_every))
        await schedule_reconciliation(client)
        relay = asyncio.create_task(Relay(pool, handover, utc_now).run())
        waiting = asyncio.create_task(stopping.wait())
        await asyncio.wait({relay, waiting}, return_when=asyncio.FIRST_COMPLETED)
        relay.cancel()
        if relay.done() and not relay.cancelled():
            relay.result()  # a relay never ends by itself: show why it did


def dossier_worker(client: Client, settings: Settings, recording: RegisterActivities) -> Worker:
    """The worker of the dossiers themselves; its activities are short transactions."""
    return Worker(
        client,
        task_queue=wire.DOSSIER_QUEUE,
        workflows=[DossierWorkflow, RefundWorkflow, StaleAttemptsWorkflow, ReconcileWorkflow],
        activities=[recording.load, recording.record],
        max_concurrent_workflow_tasks=settings.workflow_tasks,
        max_cached_workflows=settings.cached_workflows,
        max_concurrent_local_activities=settings.local_activities,
        max_concurrent_activities=settings.local_activities,
        deployment_config=deployment(settings.build_id),
        graceful_shutdown_timeout=timedelta(seconds=settings.drain_seconds),
    )


def outside_worker(
    client: Client,
    settings: Settings,
    payments: PaymentActivities,
    stale: StaleActivities,
    reconciling: ReconciliationActivities,
) -> Worker:
    """The worker that speaks to other organisations, on its own queue, so that they hold up nobody."""
    return Worker(
        client,
        task_queue=wire.OUTSIDE_QUEUE,
        activities=[
            *(payments.open, payments.query, payments.ask, payments.refund),
            *(stale.ask_all, reconciling.plan, reconciling.run),
        ],
        max_concurrent_activities=settings.activities,
        deployment_config=deployment(settings.build_id),
        graceful_shutdown_timeout=timedelta(seconds=settings.drain_seconds),
    )


async def watch(settings: Settings, stopping: asyncio.Event) -> None:
    """Run the watch until `stopping` is set, in a process that shares nothing with the dossiers' workers."""
    ring = KeyRing.parse(settings.keys.get_secret_value())
    client = await connect(settings, motcua_plugin(ring), role="watch", patience=PATIENCE)
    async with AsyncExitStack() as resources:
        pool = await resources.enter_async_context(
            await open_pool(settings.database_url.get_secret_value(), WATCH_POOL)
        )
        looking = watch_worker(client, settings, pool)
        for resource in (health(settings.gateway_host, settings.worker_port, lambda: looking.is_running), looking):
            await resources.enter_async_context(resource)
        await make_current(client, settings.build_id, WATCH_DEPLOYMENT)
        await schedule_watch(client, timedelta(seconds=settings.watch_every))
        await stopping.wait()


def watch_worker(client: Client, settings: Settings, pool: Pool) -> Worker:
    """The worker of the watch: a deployment of its own, so that dossier workers may be newer or older."""
    patience = Patience(
        rung=timedelta(seconds=settings.clock_spread + settings.watch_tolerance),
        idle_days=settings.watch_idle_days,
        inbox=timedelta(seconds=settings.watch_inbox),
        settle=timedelta(seconds=settings.watch_tolerance),
    )
    watch = PostgresWatch(pool, PostgresLaw(pool), EngineProbe(client), patience)
    return Worker(
        client,
        task_queue=wire.WATCH_QUEUE,
        workflows=[WatchWorkflow],
        activities=[WatchActivities(watch).look],
        deployment_config=deployment(settings.build_id, WATCH_DEPLOYMENT),
        graceful_shutdown_timeout=timedelta(seconds=settings.drain_seconds),
    )


def campaign_worker(client: Client, settings: Settings, campaigns: CampaignActivities) -> Worker:
    """The worker of the campaigns, on its own queue: it goes through thousands of dossiers, each in its turn."""
    return Worker(
        client,
        task_queue=wire.CAMPAIGN_QUEUE,
        workflows=[CampaignWorkflow],
        activities=[campaigns.plan, campaigns.carry_out, campaigns.conclude],
        max_concurrent_activities=2,
        deployment_config=deployment(settings.build_id),
        graceful_shutdown_timeout=timedelta(seconds=settings.drain_seconds),
    )


async def run_one(work: Callable[[Settings, asyncio.Event], Awaitable[None]] = run) -> None:
    """Run this process until SIGTERM or SIGINT."""
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    await work(load_settings(), stopping)


async def run_many(count: int) -> None:
    """Start `count` processes, pass a signal on to each, and end when one of them does."""
    processes = [await asyncio.create_subprocess_exec(sys.executable, __file__, "--workers", "1") for _ in range(count)]

    def stop() -> None:
        for process in processes:
            if process.returncode is None:
                process.terminate()

    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop)
    await asyncio.wait([asyncio.create_task(p.wait()) for p in processes], return_when=asyncio.FIRST_COMPLETED)
    stop()
    await asyncio.gather(*(p.wait() for p in processes))


def main() -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", type=int, default=None, help="processes to run (default: MOTCUA_WORKERS, 1)")
    parser.add_argument("--watch", action="store_true", help="run the watch instead; one process is enough")
    configure_logs()
    collect_rarely()
    options = parser.parse_args()
    if options.watch:
        asyncio.run(run_one(watch))
        return
    count = options.workers or load_settings().workers
    asyncio.run(run_one() if count == 1 else run_many(count))


if __name__ == "__main__":
    main()
