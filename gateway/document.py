"""Owns what the OpenAPI document says beyond the routes themselves: how a refusal looks, and when it comes."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel, Field


class Wrong(BaseModel):
    """One of several things that are wrong with a request."""

    field: str
    message: str
    remedy: str


class Problem(BaseModel):
    """A refusal (RFC 9457): nothing was written, unless it is a 503."""

    type: str
    status: int
    title: str = Field(description="what is wrong; never repeats what was sent")
    field: str = Field(description="where: a field of the body, a header, a parameter; empty when it is none of these")
    remedy: str = Field(description="what would mend it")
    errors: list[Wrong] | None = Field(default=None, description="when several fields are wrong: each of them")


_CONTENT = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
REFUSALS: dict[int | str, dict[str, Any]] = {
    "4XX": {"description": "refused, and nothing was written", "content": _CONTENT},
    "503": {"description": "the database or the engine is away: send the same again", "content": _CONTENT},
}


def describe(app: FastAPI) -> None:
    """Have the application's document include the shape of a problem."""
    written = app.openapi

    def openapi() -> dict[str, Any]:
        document = written()
        whole = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
        document["components"]["schemas"] |= {**whole.pop("$defs", {}), "Problem": whole}
        return document

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way to extend it
