"""Thousands of open dossiers whose promised and statutory terms end at one chosen minute, whatever the day or hour.

For this a law is published in which every day works and the offices close at that minute, with ladders of breaches
only. The dossiers are received and accepted on the day before (so they are entered late), for a procedure of one
working day, and nobody does anything more about them.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime, time, timedelta
from itertools import count
from uuid import UUID, uuid4

from activities.ports import Unavailable
from adapters.callers import Caller
from adapters.door import Door
from bench.stories import COMMUNE
from domain.calendars import Calendar, Session, SpecialDay
from domain.catalogue import Catalogue
from domain.instants import at, local
from domain.milestones import Rung
from schema.submissions import CommandBody, Submission

PROCEDURE = "1.000894"
"""Marriage: one working day, free of charge, received at every commune."""
COMMUNES = (COMMUNE, "000.00.62.H48")
"""Taken in turn: a one-stop has 9,999 codes a day."""
CALLER = Caller(
    "bench", frozenset({"submit", "command", "read", "late_entry"}), frozenset({"clerk", "officer", "leader"})
)
AT_ONCE = 48
"""Dossiers that are sown together."""
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


def day_before(due_at: datetime, now: datetime) -> datetime:
    """An instant of the day before the due one, too late in it to be forwarded on that day, and not after now."""
    return min(at(local(due_at).date() - timedelta(days=1), _EVENING), now)


async def sow(door: Door, dossiers: int, accepted_at: datetime) -> list[UUID]:
    """Submit so many dossiers, and accept each as at that instant, under the law that is published now."""
    received = accepted_at - timedelta(days=1)

    async def one(number: int) -> UUID:
        commune = COMMUNES[number % len(COMMUNES)]
        submission = {
            "procedure": PROCEDURE,
            "unit": commune,
            "channel": "counter",
            "return_method": "counter",
            "components": [],
            "applicant": {"name": "Nguyễn Thị Thử"},
            "occurred_at": received,
            "late": _LATE,
        }
        acceptance = {
            "name": "accept",
            "actor": {"role": "clerk", "unit": commune, "officer": "clerk"},
            "occurred_at": accepted_at,
            "late": _LATE,
        }
        answer = await door.submit(CALLER, uuid4().hex, Submission.model_validate(submission))
        await until_answered(door, UUID(answer.dossier), CommandBody.model_validate(acceptance))
        return UUID(answer.dossier)

    slots = asyncio.Semaphore(AT_ONCE)

    async def in_turn(number: int) -> UUID:
        async with slots:
            return await one(number)

    return await asyncio.gather(*(in_turn(number) for number in range(dossiers)))


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
