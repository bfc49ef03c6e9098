"""Schedules: made when the worker behind them starts, and brought to what the settings say if they are there."""

from __future__ import annotations

from datetime import time, timedelta

from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleAlreadyRunningError,
    ScheduleCalendarSpec,
    ScheduleIntervalSpec,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleRange,
    ScheduleSpec,
    ScheduleUpdate,
    ScheduleUpdateInput,
)

from schema import wire

LONGEST_JITTER = timedelta(seconds=10)
LONGEST_ROUND = timedelta(minutes=15)
"""A round that takes longer is ended, so that the next can begin."""
NIGHT = time(18, 30)
"""In UTC, which is 01:30 in Việt Nam: the statements of the day before are whole by then, and the first hour after
them is told."""
LONGEST_NIGHT = timedelta(hours=22)


async def schedule_watch(client: Client, every: timedelta) -> None:
    """Have a round of the watch every so often, the first at once."""
    await schedule(client, wire.WATCH_SCHEDULE, wire.WATCH_WORKFLOW, every, wire.WATCH_ID, wire.WATCH_QUEUE)


async def schedule(
    client: Client, name: str, workflow: str, every: timedelta, id_: str = "", queue: str = wire.DOSSIER_QUEUE
) -> None:
    """Have a workflow without arguments every so often, the first at once; the same again changes nothing.

    A round that is still under way lets the next be skipped, and rounds missed during an outage are not made
    up for: each looks at everything as of its own instant.
    """
    wanted = Schedule(
        action=ScheduleActionStartWorkflow(
            workflow, id=id_ or f"{name}/round", task_queue=queue, execution_timeout=LONGEST_ROUND
        ),
        spec=ScheduleSpec(intervals=[ScheduleIntervalSpec(every=every)], jitter=min(every / 10, LONGEST_JITTER)),
        policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP, catchup_window=max(every, timedelta(seconds=10))),
    )
    await _make(client, name, wanted, at_once=True)


async def schedule_reconciliation(client: Client) -> None:
    """Have the day before reconciled each night, 01:30 in Việt Nam; one missed by less than a day is made up for."""
    calendar = ScheduleCalendarSpec(hour=[ScheduleRange(NIGHT.hour)], minute=[ScheduleRange(NIGHT.minute)])
    wanted = Schedule(
        action=ScheduleActionStartWorkflow(
            wire.RECONCILE_WORKFLOW,
            id=f"{wire.RECONCILE_SCHEDULE}/round",
            task_queue=wire.DOSSIER_QUEUE,
            execution_timeout=LONGEST_NIGHT,
        ),
        spec=ScheduleSpec(calendars=[calendar]),  # in UTC: the server needs no zone database
        policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP, catchup_window=LONGEST_NIGHT),
    )
    await _make(client, wire.RECONCILE_SCHEDULE, wanted, at_once=False)


async def _make(client: Client, name: str, wanted: Schedule, *, at_once: bool) -> None:
    try:
        await client.create_schedule(name, wanted, trigger_immediately=at_once)
    except ScheduleAlreadyRunningError:
        await client.get_schedule_handle(name).update(lambda known: _brought(known, wanted))


def _brought(known: ScheduleUpdateInput, wanted: Schedule) -> ScheduleUpdate:
    """What the operator did to it by hand (paused it, say) stays."""
    found = known.description.schedule
    found.action, found.spec, found.policy = wanted.action, wanted.spec, wanted.policy
    return ScheduleUpdate(schedule=found)
