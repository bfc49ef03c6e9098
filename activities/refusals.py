"""How a refusal crosses the engine: as an application error that carries message, field and remedy."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from temporalio.exceptions import ApplicationError

from activities.ports import Refused, Unavailable
from domain.errors import DomainError


def as_failure(error: DomainError) -> ApplicationError:
    """Word a refusal so that the caller at the other end can rebuild it; retrying it would change nothing."""
    return ApplicationError(
        error.message,
        [error.message, error.field, error.remedy],
        type=type(error).__name__,
        non_retryable=True,
    )


@contextmanager
def named() -> Iterator[None]:
    """Let only named errors out of an activity: refusals, `Refused` and `Unavailable`; texts stay short."""
    try:
        yield
    except DomainError as error:
        raise as_failure(error) from None
    except Refused as error:
        raise ApplicationError(str(error)[:200], type="Refused", non_retryable=True) from None
    except Unavailable as error:
        raise ApplicationError(str(error)[:200], type="Unavailable") from None
