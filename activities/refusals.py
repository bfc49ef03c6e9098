"""How a refusal crosses the engine: as an application error that carries message, field and remedy."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from temporalio.exceptions import ApplicationError

import domain.errors
from activities.ports import Refused, Unavailable
from domain.errors import DomainError, Invalid


def as_failure(error: DomainError) -> ApplicationError:
    """Word a refusal so that the caller at the other end can rebuild it; retrying it would change nothing."""
    return ApplicationError(
        error.message,
        [error.message, error.field, error.remedy],
        type=type(error).__name__,
        non_retryable=True,
    )


def refusal_in(error: BaseException | None) -> DomainError | None:
    """Rebuild the refusal that an application error carries, None when it carries none."""
    if not isinstance(error, ApplicationError) or len(error.details) != 1 or len(error.details[0]) != 3:
        return None
    message, field, remedy = error.details[0]
    kind = getattr(domain.errors, error.type or "", Invalid)
    return (kind if issubclass(kind, DomainError) else Invalid)(message, field=field, remedy=remedy)


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
