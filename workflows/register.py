"""How a workflow writes its story down: one `record` at a time, and only what came back counts."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError, FailureError, is_cancelled_exception

from activities.refusals import refusal_in
from activities.register import RegisterActivities
from domain.errors import DomainError
from schema.case import Case
from schema.messages import Event, LoadAsk, RecordAsk, Recorded
from workflows.options import LOCAL, NEVER_AGAIN, PATIENT


async def load(dossier: UUID) -> Case:
    """Fold the dossier's events, however many there are: a run may start at any sequence."""
    case: Case = await _patiently(RegisterActivities.load, LoadAsk(dossier=dossier))
    return case


async def record(case: Case, event: Event, then: tuple[Event, ...] = ()) -> Recorded:
    """Ask for `event` under the next number; return what stands there, which may be an earlier event.

    A worker that died after the commit leaves an event that the workflow does not know yet. The caller
    compares `command` with its own, applies what it got, judges again and asks for the next number.
    """
    try:
        ask = RecordAsk(event=event, law=case.law, then=then)
        stored: Recorded = await _patiently(RegisterActivities.record, ask)
    except (ActivityError, ApplicationError) as error:
        raise _refusal(error) from error
    return stored


async def _patiently(method: Any, ask: Any) -> Any:
    """Inside the workflow task if the database answers at once, else as a regular activity for ever.

    A local activity that failed raises its failure bare, one that timed out wraps it, as every regular one does.
    """
    try:
        return await workflow.execute_local_activity_method(method, ask, **LOCAL)
    except (ActivityError, ApplicationError) as error:
        if _is_refusal(error) or is_cancelled_exception(error):
            raise
    return await workflow.execute_activity_method(method, ask, **PATIENT)


def _is_refusal(error: FailureError) -> bool:
    cause = _cause(error)
    return isinstance(cause, ApplicationError) and (cause.non_retryable or cause.type in NEVER_AGAIN)


def _cause(error: FailureError) -> BaseException | None:
    return error.cause if isinstance(error, ActivityError) else error


def _refusal(error: FailureError) -> DomainError | FailureError:
    return refusal_in(_cause(error)) or error
