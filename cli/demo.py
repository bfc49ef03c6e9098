"""Owns the demo: a running stack, a key of its own, the stories one after another, and a closing line of figures."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote
from uuid import UUID

import httpx

from activities.ports import Unavailable
from adapters.api_keys import RIGHTS, ROLES, admit, revoke
from adapters.catalogue_files import FOLDER, read_sound
from adapters.postgres import open_pool
from adapters.settings import Settings
from adapters.starting import CannotStart
from adapters.wiring import utc_now
from cli.console import money
from cli.demo_office import Json, Office
from cli.demo_past import received_in_the_past
from cli.demo_stack import running_stack
from cli.demo_stories import STORIES
from cli.story import print_story
from cli.terminal import say
from domain.catalogue import Catalogue
from domain.errors import MotcuaError
from schema.wire import dossier_workflow_id

SYSTEM = "motcua-demo"


def tell(folder: Path) -> int:
    """Play and print every story on the stack of this folder; the exit code. What fails is named on stderr."""
    at = "start"
    began = time.monotonic()
    told: list[Json] = []
    try:
        with running_stack(folder) as settings, _office(settings) as office:
            law = read_sound(FOLDER)
            received = received_in_the_past(utc_now(), law.calendar("state-office"))
            for number, story in enumerate(STORIES, 1):
                at = f"story {number}, {story.title}"
                dossier = story.play(office, received)
                told.append(office.show(dossier))
                say(f"\n── {number}/{len(STORIES)}  {story.title}: {story.look_at}", "bold")
                _print(settings, law, told[-1], office.explanation(dossier))
            _close(settings, folder, told, time.monotonic() - began)
    except (MotcuaError, CannotStart, Unavailable, OSError) as error:
        print(f"demo: {at}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


@contextmanager
def _office(settings: Settings) -> Iterator[Office]:
    """A calling system with a key of its own, which is shut out again at the end."""
    key = asyncio.run(_key(settings))
    headers = {"Authorization": f"Bearer {key}"}
    try:
        with httpx.Client(base_url=settings.gateway_url, headers=headers, timeout=60, trust_env=False) as http:
            yield Office(http)
    finally:
        asyncio.run(_key(settings, end=True))


async def _key(settings: Settings, *, end: bool = False) -> str:
    async with await open_pool(settings.database_url.get_secret_value(), 1) as pool:
        await revoke(pool, SYSTEM, at=utc_now())
        return "" if end else await admit(pool, SYSTEM, RIGHTS, ROLES, at=utc_now())


def _print(settings: Settings, law: Catalogue, found: Json, why: Json) -> None:
    names = {unit.code: unit.name for unit in law.units}
    print_story(found, names)
    _explain(why)
    say(f"  gateway    {settings.gateway_url}/v1/dossiers/{found['dossier']}")
    if settings.ui_url:
        workflow = quote(dossier_workflow_id(UUID(found["dossier"])), safe="")
        say(f"  history    {settings.ui_url}/namespaces/{settings.temporal_namespace}/workflows/{workflow}")


def _explain(why: Json) -> None:
    """In short: the appointment, the stops, and who held the dossier; `motcua explain` has every day of the count."""
    for section in why["sections"]:
        if section["key"] in ("appointment", "stops", "ledger"):
            say(f"  {section['title']}")
            for line in section["lines"]:
                say(f"    {line}")


def _close(settings: Settings, folder: Path, told: list[Json], seconds: float) -> None:
    events = [event for found in told for event in found["events"]]
    paid = sum(event["data"]["amount"] for event in events if event["type"] == "payment.received")
    spared = sum(line["reduced"] for found in told for line in found["fee"]["lines"])
    late = sum(event["type"] == "clock.breached" for event in events)
    say(f"\nThe links work while the stack runs; `motcua up --folder {folder}` starts it with these dossiers.")
    say("The gateway asks for a key: `motcua key add NAME` makes one.")
    say(
        f"{len(told)} dossiers returned, {len(events)} events, {money(paid)} collected, {money(spared)} spared by"
        f" filing online, {late} breaches found late, {seconds:.0f} s.",
        "bold",
    )
