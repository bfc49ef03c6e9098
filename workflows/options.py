"""Time-outs and retry policies, named for their use, in one place."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from temporalio.common import RetryPolicy
from temporalio.workflow import ActivityCancellationType

from schema import wire

NEVER_AGAIN = ["Refused", "CodesExhausted", "Invalid", "NotFound", "CalendarMissing"]
"""Failures that another attempt would only repeat."""

LOCAL: dict[str, Any] = {
    "start_to_close_timeout": timedelta(seconds=2),
    "schedule_to_close_timeout": timedelta(seconds=4),
    "retry_policy": RetryPolicy(
        initial_interval=timedelta(milliseconds=50),
        maximum_attempts=3,
        non_retryable_error_types=NEVER_AGAIN,
    ),
}
"""A short transaction inside the workflow task: a few quick attempts, well below the task's ten seconds."""

PATIENT: dict[str, Any] = {
    "task_queue": wire.DOSSIER_QUEUE,
    "start_to_close_timeout": timedelta(seconds=10),
    "retry_policy": RetryPolicy(
        initial_interval=timedelta(seconds=1),
        maximum_interval=timedelta(seconds=20),
        non_retryable_error_types=NEVER_AGAIN,
    ),
}
"""The same transaction as a regular activity, for ever: an outage of the database is waited out, not failed."""

OUTSIDE: dict[str, Any] = {
    "task_queue": wire.OUTSIDE_QUEUE,
    "start_to_close_timeout": timedelta(seconds=15),
    "retry_policy": RetryPolicy(
        initial_interval=timedelta(seconds=1),
        maximum_interval=timedelta(minutes=5),
        non_retryable_error_types=["Refused"],
    ),
    "cancellation_type": ActivityCancellationType.ABANDON,
}
"""A call to another organisation's system: patient, on its own queue, so that it holds up nobody."""

ONE_QUESTION: dict[str, Any] = {
    **OUTSIDE,
    "retry_policy": RetryPolicy(maximum_attempts=2, non_retryable_error_types=["Refused"]),
}
"""A question that is asked again later anyway."""

ONE_SWEEP: dict[str, Any] = {
    "task_queue": wire.OUTSIDE_QUEUE,
    "start_to_close_timeout": timedelta(minutes=5),
    "retry_policy": RetryPolicy(initial_interval=timedelta(seconds=5), maximum_attempts=3),
}
"""Many questions one after the other: the next sweep is another attempt anyway."""

PATIENT_OUTSIDE: dict[str, Any] = {**PATIENT, "task_queue": wire.OUTSIDE_QUEUE}
"""A short question to the database, asked by a workflow whose activities are on that queue."""

ONE_STATEMENT: dict[str, Any] = {
    "task_queue": wire.OUTSIDE_QUEUE,
    "start_to_close_timeout": timedelta(minutes=5),
    "schedule_to_close_timeout": timedelta(hours=20),
    "retry_policy": RetryPolicy(
        initial_interval=timedelta(seconds=10),
        maximum_interval=timedelta(minutes=10),
        non_retryable_error_types=NEVER_AGAIN,
    ),
}
"""A provider's statement of a day: asked for until shortly before the next night's round begins."""

LOOKING: dict[str, Any] = {
    "task_queue": wire.WATCH_QUEUE,
    "start_to_close_timeout": timedelta(minutes=2),
    "retry_policy": RetryPolicy(
        initial_interval=timedelta(seconds=2), maximum_attempts=2, non_retryable_error_types=NEVER_AGAIN
    ),
}
"""One look of the watch: the next round is another attempt anyway."""

IN_THE_LEDGER: dict[str, Any] = {
    "task_queue": wire.CAMPAIGN_QUEUE,
    "start_to_close_timeout": timedelta(minutes=2),
    "heartbeat_timeout": timedelta(seconds=20),
    "retry_policy": RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(seconds=30)),
}
"""A page of a campaign: a worker that died with one in hand is found out by its silence, and another takes it up."""

ONE_BY_ONE: dict[str, Any] = {**IN_THE_LEDGER, "start_to_close_timeout": timedelta(minutes=30)}
"""Dossiers moved at the rate that was set: as long as it takes, while the heart beats."""
