"""Thousands of open dossiers whose promised and statutory terms end at one chosen minute, whatever the day or hour.

For this a law is published in which every day works and the offices close at that minute, with ladders of breaches
only. The dossiers are received and accepted on the day before (so they are entered late), for a procedure of one
working day, and nobody does anything more about them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, time, timedelta
from itertools import count
from typing import TypeVar
from uuid import UUID, uuid4

from activities.ports import Unavailable
from adapters.door import Caller, Door
from bench.stories import COMMUNE
from domain.calendars import Calendar, Session, SpecialDay
from domain.catalogue import Catalogue
from domain.instants import at, local
from domain.milestones import Rung
from schema.submissions import CommandBody, Submission

A = TypeVar("A")
T = TypeVar("T")

PROCEDURE = "1.000894"
"""Marriage: one working day, free of charge, received at every commune."""
COMMUNES = (COMMUNE, "000.00.62.H48")
"""Taken in turn: a one-stop has 9,999 codes a day."""
CALLER = Caller(
    "bench", frozenset({"submit", "command", "read", "late_entry"}), frozenset({"clerk", "officer", "leader"})
)
AT_ONCE = 48
"""Submissions, then commands, under way together."""
OPEN = timedelta(minutes=30)
"""How long the offices are open: the first opening hour ends after the close, so that no forwarding is due at it."""
_LATE = {"reason": "nhập bù", "paper_number": "00"}
_EVENING = time(23)


def closing_at(law: Catalogue, due_at: datetime) -> Catalogue:
    """The law with offices that work every day near `due_at` and close at that minute, and ladders of breaches only."""
    return replace(
        law,
        calendars=tuple(_closing(calendar, local(due_at)) for calendar in law.calendars),
        rungs=tuple(row for row in law.rungs if row.rung is Rung.BREACH),
    )


def minute_after(instant: datetime) -> datetime:
    """The next whole minute, but not midnight: an office cannot close before it opens."""
    minute = local(instant).replace(second=0, microsecond=0) + timedelta(minutes=1)
    return minute if minute.time() > time.min else minute + timedelta(minutes=1)


async def submit(door: Door, dossiers: int) -> list[UUID]:
    """Submit so many, received two days ago; with these the clock has not begun."""
    received = door.now() - timedelta(days=2)

    async def one(number: int) -> UUID:
        submission = Submission.model_validate(
            {
                "procedure": PROCEDURE,
                "unit": _commune(number),
                "channel": "counter",
                "return_method": "counter",
                "components": [],
                "applicant": {"name": "Nguyễn Thị Thử"},
                "occurred_at": received,
                "late": _LATE,
            }
        )
        return UUID((await door.submit(CALLER, uuid4().hex, submission)).dossier)

    return await _side_by_side(one, range(dossiers))


def day_before(due_at: datetime, now: datetime) -> datetime:
    """An instant of the day before the due one, too late in it to be forwarded on that day, and not after now."""
    return min(at(local(due_at).date() - timedelta(days=1), _EVENING), now)


async def accept(door: Door, dossiers: Sequence[UUID], accepted_at: datetime) -> None:
    """Accept them all as at that instant, not later than now, under the law that is published now."""

    async def one(numbered: tuple[int, UUID]) -> None:
        number, dossier = numbered
        actor = {"role": "clerk", "unit": _commune(number), "officer": "clerk"}
        body = {"name": "accept", "actor": actor, "occurred_at": accepted_at, "late": _LATE}
        await until_answered(door, dossier, CommandBody.model_validate(body))

    await _side_by_side(one, enumerate(dossiers))


async def until_answered(door: Door, dossier: UUID, body: CommandBody) -> int:
    """Send one command as a patient caller does, always with the same id; return how often it was asked again."""
    id_ = uuid4()
    for again in count():
        try:
            if await door.command(CALLER, dossier, id_, body) is not None:
                return again
        except Unavailable:
            await asyncio.sleep(0.2)
    raise AssertionError  # a count has no end


def _closing(calendar: Calendar, due_at: datetime) -> Calendar:
    near = {due_at.date() + timedelta(days=n) for n in range(-7, 8)}
    working = (SpecialDay(day, "working_saturday", "every day works", "bench") for day in sorted(near))
    opens = max(due_at - OPEN, at(due_at.date(), time.min))
    return replace(
        calendar,
        sessions=(Session(opens.time(), due_at.time(), "bench"),),
        special_days=(*(each for each in calendar.special_days if each.day not in near), *working),
    )


def _commune(number: int) -> str:
    return COMMUNES[number % len(COMMUNES)]


async def _side_by_side(do: Callable[[A], Awaitable[T]], each: Iterable[A]) -> list[T]:
    slots = asyncio.Semaphore(AT_ONCE)

    async def one(it: A) -> T:
        async with slots:
            return await do(it)

    return await asyncio.gather(*(one(it) for it in each))
