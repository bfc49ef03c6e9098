"""What stands still in one dossier, as of an instant: pure, so that it is raised and closed by the same word.

It reads the fold alone, as it stands in the register, and never asks the dossier's workflow.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from activities.addressees import addressees
from domain.calendars import Calendar
from domain.catalogue import Catalogue
from domain.dossier import Business
from domain.errors import DomainError
from domain.instants import civil_date
from domain.milestones import ClockKind, Rung
from schema.case import Case
from schema.watch import Finding, WatchKind

UNDONE = frozenset({"asked", "late", "signed"})
"""States of form 04 in which somebody has still to act: answer, sign, move the date."""


@dataclass(frozen=True)
class Patience:
    """How long the watch lets things stand before it speaks."""

    rung: timedelta = timedelta(minutes=2)
    """After the legal instant; longer than the spread of the dossiers' own wake-ups, which is a minute."""
    idle_days: int = 2
    """Working days of the office without any event, after a step's due instant."""
    inbox: timedelta = timedelta(minutes=5)
    """Since an inbox row came in."""
    settle: timedelta = timedelta(minutes=2)
    """Since an event was recorded, before its workflow is asked whether it knows it."""


def standing(
    case: Case, as_of: datetime, law: Catalogue, patience: Patience, apology_at: datetime | None = None
) -> list[Finding]:
    """List what stands in this dossier. `apology_at` is when form 04 last moved, if somebody must act on it."""
    if case.is_closed:
        return []
    return [
        *_missed(case, as_of, law, patience),
        *_acceptance(case, as_of, law, patience),
        *_apology(case, as_of, law, apology_at),
        *_steps(case, as_of, law, patience),
    ]


def _missed(case: Case, as_of: datetime, law: Catalogue, patience: Patience) -> Iterator[Finding]:
    """Every rung of a running clock that has passed and is not recorded, in the order of the ladder."""
    for milestone in case.ahead():
        if milestone.at >= as_of - patience.rung:
            return
        clock = case.clock(milestone.kind, milestone.step)
        assert clock is not None  # it is what the milestone stands on
        yield _finding(
            case,
            WatchKind.RUNG,
            milestone.at,
            _told(case, milestone.rung, law, as_of, milestone.step),
            clock=str(milestone.kind),
            step=milestone.step,
            rung=str(milestone.rung),
            arming=clock.arming,
            data={"due": clock.due.isoformat()},
        )


def _acceptance(case: Case, as_of: datetime, law: Catalogue, patience: Patience) -> Iterator[Finding]:
    """The one-stop has not answered a filing within its time, whether or not the breach is recorded."""
    clock = case.clock(ClockKind.ACCEPTANCE)
    if case.state.business is not Business.SUBMITTED or clock is None or clock.due >= as_of - patience.rung:
        return
    told = _told(case, Rung.ONE_STOP, law, as_of)
    yield _finding(case, WatchKind.ACCEPTANCE, clock.due, told, clock=str(clock.kind), arming=clock.arming)


def _apology(case: Case, as_of: datetime, law: Catalogue, moved_at: datetime | None) -> Iterator[Finding]:
    """Form 04 waits: unanswered past the rung of silence, unsigned past the due, the date unmoved a working day."""
    clock = case.clock(ClockKind.PROMISED)
    runs = case.state.business in (Business.ACCEPTED, Business.PROCESSING)
    if case.apology not in UNDONE or moved_at is None or clock is None or not runs:
        return
    day_after = _working_days_after(moved_at, 1, _calendar(law, case.unit, as_of))
    if case.apology == "asked":
        silence = next((at for rung, at in clock.rungs if rung is Rung.SILENCE), clock.due)
        until, rung = silence, Rung.SILENCE
    elif case.apology == "late":  # signed before the expiry where there is time, else within a working day
        until, rung = max(clock.due, day_after), Rung.BREACH
    else:  # the one-stop moves the date and notifies
        until, rung = day_after, Rung.ONE_STOP
    if until < as_of:
        told = _told(case, rung, law, as_of)
        yield _finding(case, WatchKind.APOLOGY, until, told, about=case.apology, clock=str(clock.kind))


def _steps(case: Case, as_of: datetime, law: Catalogue, patience: Patience) -> Iterator[Finding]:
    """Open steps past their due, in a dossier on which nothing has happened for some working days since."""
    for step in case.open_steps():
        if step.due is None or step.due >= as_of:
            continue
        since = max(step.due, case.last_instant)
        if _working_days_after(since, patience.idle_days, _calendar(law, step.unit, as_of)) >= as_of:
            continue
        told = _told(case, Rung.BREACH, law, as_of, step.code)
        data = {"last_event": case.last_instant.isoformat()}
        yield _finding(case, WatchKind.STEP, step.due, told, step=step.code, data=data)


def _told(case: Case, rung: Rung, law: Catalogue, as_of: datetime, step: str = "") -> list[dict[str, str]]:
    return addressees(case, rung, law, civil_date(as_of), step)


def _finding(case: Case, kind: WatchKind, at: datetime, told: list[dict[str, str]], **facts: Any) -> Finding:
    data = {**facts.pop("data", {}), "addressees": told}
    unit = told[0]["unit"] if told else case.unit
    return Finding(kind=kind, dossier=case.dossier, at=at, unit=unit, procedure=case.procedure, data=data, **facts)


def _calendar(law: Catalogue, unit: str, as_of: datetime) -> Calendar | None:
    try:
        return law.calendar_of(law.unit(unit, civil_date(as_of)))
    except DomainError:  # an office that is gone: plain days will do to notice that nothing happens
        return None


def _working_days_after(instant: datetime, days: int, calendar: Calendar | None) -> datetime:
    """The same time of day so many working days later; plain days where no calendar holds the year."""
    if calendar is None:
        return instant + timedelta(days=days)
    day = civil_date(instant)
    try:
        for _ in range(days):
            day = calendar.working_day_after(day)
    except DomainError:
        return instant + timedelta(days=days)
    return instant + (day - civil_date(instant))
