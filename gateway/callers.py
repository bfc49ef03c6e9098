"""Who calls, and what the routes work with: shared by all of them."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Header, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from adapters.api_keys import caller_of
from adapters.callers import Caller
from adapters.door import Door
from domain.errors import Invalid
from gateway.problems import Unauthorised


async def _caller(
    request: Request, key: Annotated[HTTPAuthorizationCredentials | None, Security(HTTPBearer(auto_error=False))]
) -> Caller:
    found = await caller_of(request.app.state.pool, key.credentials) if key else None
    if found is None:
        raise Unauthorised(
            "no key, or one that is not known here",
            field="Authorization",
            remedy="send 'Authorization: Bearer <key>' with the key the operator made for your system",
        )
    return found


def _door(request: Request) -> Door:
    door: Door = request.app.state.door
    return door


KnownCaller = Annotated[Caller, Depends(_caller)]
TheDoor = Annotated[Door, Depends(_door)]
Reference = Annotated[str, Header(alias="Idempotency-Key", min_length=1, max_length=200)]


def command_id(reference: str) -> UUID:
    """Read the id of a command, or of what is asked once, out of its header."""
    try:
        return UUID(reference)
    except ValueError:
        raise Invalid(
            "the id of a command must be a UUID",
            field="Idempotency-Key",
            remedy="make one, and keep it for repetitions",
        ) from None
