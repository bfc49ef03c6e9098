"""Redating: what another calendar, or a decision that shortens the promise, makes of the dates of an open dossier.

A calendar moves the internal timers: acceptance, forwarding, the statutory term, the steps, the windows. It never
moves an appointment that was printed (form 04 alone does): the promised clock keeps its due instant, its warning and
question go to where they stand now, and the event says what the promise would come to beside what was printed. A
decision moves the promised clock, never to a later date and never into the past; the appointment stays as printed.

All else of the law stays that of the publication to which the dossier is pinned.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from activities.clocks import set_clock, window
from activities.intake import acceptance_clock
from activities.offices import step_due
from activities.receipt import counted_from, dates_of, forwarding_clock
from activities.resumption import ledger
from domain.calendars import Calendar, Hours
from domain.catalogue import Catalogue
from domain.clocks import Policy, both_after_stops
from domain.deadlines import Deadlines, acceptance_due, name_version
from domain.decisions import ShorteningRow, promised_term
from domain.dossier import Business
from domain.errors import NotAllowed
from domain.instants import civil_date, local
from domain.milestones import RUNS_IN, Clock, ClockKind, Rung
from domain.office_time import floor_to_minute, moment_after
from domain.procedures import Channel
from domain.terms import Term
from schema.case import Case
from schema.messages import Event

NOTHING_MOVES = "changes"
"""The field that a refusal names when there is nothing to move."""

Wire = dict[str, Any]


class Subject(StrEnum):
    """What a campaign takes from a new publication."""

    CALENDAR = "calendar"
    CLOSURE = "closure"
    DECISION = "decision"


@dataclass(frozen=True)
class Change:
    """One date of one dossier. `printed` is the appointment that stays, where the date is that of the promise."""

    clock: ClockKind
    step: str
    old: datetime
    new: datetime
    printed: datetime | None = None


@dataclass(frozen=True)
class Moved:
    """What a new publication makes of one dossier: the dates that change, and the clocks set anew, in wire form."""

    changes: tuple[Change, ...]
    clocks: tuple[Wire, ...]
    calendar: tuple[str, str]
    basis: tuple[str, ...] = ()
    promise: Term | None = None

    def data(self) -> dict[str, Any]:
        """Word the data of `dossier.redated`."""
        opened = {each["step"]: each["due"] for each in self.clocks if each["kind"] == ClockKind.STEP}
        return {
            "calendar": {"old": self.calendar[0], "new": self.calendar[1]},
            "changes": [_spell(change) for change in self.changes],
            "clocks": list(self.clocks),
            "basis": list(self.basis),
            **({"opened": opened} if opened else {}),
            **({"promise": _spell_term(self.promise)} if self.promise else {}),
        }


def under(pinned: Catalogue, published: Catalogue, subject: Subject = Subject.CALENDAR) -> Catalogue:
    """The law that a dossier is pinned to, on the days of a newer publication, or under its decisions as well.

    Calendars carry tables that are costly to make: keep what this returns for the next dossier.
    """
    on_days = replace(pinned, calendars=published.calendars, closures=published.closures)
    return replace(on_days, shortenings=published.shortenings) if subject is Subject.DECISION else on_days


def moved(case: Case, law: Catalogue, *, at: datetime, subject: Subject = Subject.CALENDAR) -> Moved | None:
    """What a new publication makes at that instant of an open dossier; None when no date changes.

    `law` is what `under` makes of the publication that the dossier is pinned to and the new one. Raises
    CalendarMissing for a year that the new calendar does not hold, Invalid for a unit that is gone.
    """
    if case.is_closed:
        return None
    began = case.arrived_at or case.accepted_at
    dates = dates_of(case, law, accepted_at=began) if began else None
    if subject is Subject.DECISION:
        return _shortened(case, law, dates, at) if dates else None
    return _recounted(case, law, dates, at)


def redated(case: Case, event: Event, law: Catalogue) -> dict[str, Any]:
    """Make `dossier.redated`, under what `under` makes of its two publications.

    Raises NotAllowed on the field `changes` when there is nothing to move.
    """
    found = moved(case, law, at=event.occurred_at, subject=Subject(event.data["subject"]))
    if found is None:
        raise NotAllowed("no date of the dossier moves", field=NOTHING_MOVES, remedy="nothing is left to do")
    return found.data()


def _recounted(case: Case, law: Catalogue, dates: Deadlines | None, at: datetime) -> Moved | None:
    changes: list[Change] = []
    clocks: list[Wire] = []
    for clock in case.clocks:
        if case.state.business not in _COUNTS_IN[clock.kind]:
            continue
        wire, computed = _COUNTED[clock.kind](case, clock, law, dates)
        if wire is None:
            continue
        printed = clock.due if clock.kind is ClockKind.PROMISED and clock.due == _printed(case, clock) else None
        before = case.recounted or clock.due if printed else clock.due
        if computed != before:
            changes.append(Change(clock.kind, clock.step, before, computed, printed))
        if (again := _armed_anew(clock, wire, at)) is not None:
            clocks.append(again)
    if not changes and not clocks:
        return None
    return Moved(tuple(changes), tuple(clocks), _calendars(case, law, dates))


def _shortened(case: Case, law: Catalogue, dates: Deadlines, at: datetime) -> Moved | None:
    clock = case.clock(ClockKind.PROMISED)
    row = law.shortening(case.procedure, case.case, civil_date(at)) if dates.channel is Channel.ONLINE else None
    if clock is None or row is None or case.state.business not in RUNS_IN[ClockKind.PROMISED]:
        return None
    term = promised_term(row, dates.statutory_term)
    due_at = _after_stops(case, clock, law, replace(dates, promised_term=term))
    if due_at is None or not at < due_at < clock.due:
        return None
    calendar = law.calendar_of(dates.lead)
    anchor = clock.anchor or _accepted(case)
    wire = set_clock(ClockKind.PROMISED, term, anchor, due_at, calendar, law, since=clock.since)
    again = _armed_anew(clock, wire, at)
    assert again is not None  # its due instant is another one
    change = Change(ClockKind.PROMISED, "", clock.due, due_at, _printed(case, clock))
    return Moved((change,), (again,), _calendars(case, law, dates), _bases(row, term), term)


def _armed_anew(clock: Clock, wire: Wire, at: datetime) -> Wire | None:
    """The clock set anew, None when it strikes what it would have struck.

    A rung that was struck and would still lie behind is taken over as struck: nobody is warned twice of one thing.
    """
    struck = {rung for rung, _ in clock.rungs[: clock.climbed]}
    rungs = [(Rung(rung), datetime.fromisoformat(instant)) for rung, instant in wire["rungs"]]
    behind = [each for each in rungs if each[0] in struck and each[1] <= at]
    ahead = [each for each in rungs if each not in behind and not _answered(each[0], clock, behind)]
    if datetime.fromisoformat(wire["due"]) == clock.due and (not clock.rungs or ahead == list(clock.ahead)):
        return None
    spelt = [[str(rung), instant.isoformat()] for rung, instant in (*behind, *ahead)]
    return {**wire, "rungs": spelt, "climbed": len(behind)}


def _answered(rung: Rung, clock: Clock, behind: list[tuple[Rung, datetime]]) -> bool:
    """Whether the question, or what silence would lead to, was taken off the ladder because there is an answer."""
    had = {each for each, _ in clock.rungs}
    if not had or rung not in (Rung.ASK, Rung.SILENCE) or rung in had:
        return False
    return Rung.ASK not in had or any(each is Rung.ASK for each, _ in behind)


# How each clock is counted: the clock as the law words it now, and the instant that its term comes to

_Counted = tuple[Wire | None, datetime]


def _acceptance(case: Case, clock: Clock, law: Catalogue, dates: Deadlines | None) -> _Counted:
    on = civil_date(case.submitted_at)
    procedure, unit = law.procedure(case.procedure, on), law.unit(case.unit, on)
    anchor = clock.anchor or case.submitted_at
    answer = acceptance_due(law, procedure, unit, Channel(case.channel), anchor)
    if answer is None or (clock.anchor is None and case.supplements_at_receipt):
        return None, clock.due
    return acceptance_clock(law, procedure, unit, anchor, answer.instant), answer.instant


def _forwarding(case: Case, clock: Clock, law: Catalogue, dates: Deadlines | None) -> _Counted:
    made = forwarding_clock(dates, clock.anchor or _accepted(case), law) if dates else []
    return (made[0], datetime.fromisoformat(made[0]["due"])) if made else (None, clock.due)


def _promised(case: Case, clock: Clock, law: Catalogue, dates: Deadlines | None) -> _Counted:
    assert dates is not None  # the promise begins with acceptance
    computed = _after_stops(case, clock, law, dates)
    if computed is None:
        return None, clock.due
    printed = _printed(case, clock)
    due_at = printed if clock.due == printed else min(computed, printed)
    anchor, calendar = clock.anchor or _accepted(case), law.calendar_of(dates.lead)
    kept = due_at == computed
    wire = set_clock(
        ClockKind.PROMISED, dates.promised_term, anchor, due_at, calendar, law, counted=kept, since=clock.since
    )
    return wire, computed if clock.due == printed else due_at


def _statutory(case: Case, clock: Clock, law: Catalogue, dates: Deadlines | None) -> _Counted:
    assert dates is not None  # the term begins with acceptance
    due_at = _after_stops(case, clock, law, dates)
    if due_at is None:
        return None, clock.due
    anchor, calendar = clock.anchor or _accepted(case), law.calendar_of(dates.lead)
    term, since = dates.statutory_term, clock.since
    return set_clock(ClockKind.STATUTORY, term, anchor, due_at, calendar, law, since=since), due_at


def _step(case: Case, clock: Clock, law: Catalogue, dates: Deadlines | None) -> _Counted:
    opened = step_due(case, law, clock.step, clock.anchor) if clock.anchor else None
    if clock.anchor is None or opened is None:
        return None, clock.due
    calendar = law.calendar_of(opened.unit)
    due_at = opened.due.instant
    if clock.left is not None:
        due_at = floor_to_minute(moment_after(local(clock.anchor), clock.left, calendar))
    wire = set_clock(
        ClockKind.STEP,
        opened.term,
        clock.anchor,
        due_at,
        calendar,
        law,
        step=clock.step,
        unit=clock.unit,
        left=clock.left,
    )
    return wire, due_at


def _second(case: Case, clock: Clock, law: Catalogue, dates: Deadlines | None) -> _Counted:
    """The second appointment is printed as well: only what follows its breach moves."""
    assert dates is not None  # there was a first one
    if clock.anchor is None:
        return None, clock.due
    calendar = law.calendar_of(dates.lead)
    return set_clock(
        ClockKind.MOVED, dates.promised_term, clock.anchor, clock.due, calendar, law, counted=False
    ), clock.due


def _window(days: str) -> Callable[[Case, Clock, Catalogue, Deadlines | None], _Counted]:
    """What an applicant has time for, in calendar days of the procedure."""

    def counted(case: Case, clock: Clock, law: Catalogue, dates: Deadlines | None) -> _Counted:
        if clock.anchor is None:
            return None, clock.due
        procedure = law.procedure(case.procedure, civil_date(case.accepted_at or case.submitted_at))
        wire = window(clock.kind, getattr(procedure, days), clock.anchor, _receiving(case, law), law)
        return wire, datetime.fromisoformat(wire["due"])

    return counted


_COUNTED: dict[ClockKind, Callable[[Case, Clock, Catalogue, Deadlines | None], _Counted]] = {
    ClockKind.ACCEPTANCE: _acceptance,
    ClockKind.FORWARDING: _forwarding,
    ClockKind.PROMISED: _promised,
    ClockKind.STATUTORY: _statutory,
    ClockKind.STEP: _step,
    ClockKind.MOVED: _second,
    ClockKind.SUPPLEMENT: _window("supplement_days"),
    ClockKind.PAYMENT: _window("payment_days"),
    ClockKind.COLLECTION: _window("collection_days"),
}

_STANDING_STILL = frozenset({Business.SUPPLEMENTING, Business.AWAITING_DUTY, Business.SUSPENDED})
_COUNTS_IN = {**RUNS_IN, ClockKind.STEP: RUNS_IN[ClockKind.STEP] | _STANDING_STILL}
"""A step that stands still goes on with what was left of it, so its due instant must stay right meanwhile."""


def _after_stops(case: Case, clock: Clock, law: Catalogue, dates: Deadlines) -> datetime | None:
    """When the term of a processing clock ends, None while it stands still."""
    stops, calendar = ledger(case, until=case.last_instant), law.calendar_of(dates.lead)
    began = clock.anchor or _accepted(case)
    if stops:  # counted as when it went on: from where it first began
        began = case.arrived_at or _accepted(case)
        if clock.kind is ClockKind.PROMISED:
            began = min(began, counted_from(case, _accepted(case), law))
    terms, policy = (dates.promised_term, dates.statutory_term), Policy(dates.procedure.supplement_policy)
    found = both_after_stops(*terms, began, stops, calendar, policy)
    return found[clock.kind is ClockKind.STATUTORY].instant if found else None


def _accepted(case: Case) -> datetime:
    assert case.accepted_at is not None  # only what was accepted has terms
    return case.accepted_at


def _printed(case: Case, clock: Clock) -> datetime:
    return case.printed or clock.due


def _calendars(case: Case, law: Catalogue, dates: Deadlines | None) -> tuple[str, str]:
    counted_on = law.calendar_of(dates.lead) if dates else _receiving(case, law)
    return case.calendar, name_version(counted_on)


def _receiving(case: Case, law: Catalogue) -> Calendar:
    return law.calendar_of(law.unit(case.unit, civil_date(case.submitted_at)))


def _bases(row: ShorteningRow, term: Term) -> tuple[str, ...]:
    return (f"{row.basis}: {term.amount.normalize():f} {term.unit}",)


def _spell(change: Change) -> dict[str, Any]:
    printed = {"printed": change.printed.isoformat()} if change.printed else {}
    old, new = change.old.isoformat(), change.new.isoformat()
    return {"clock": str(change.clock), "step": change.step, "old": old, "new": new, **printed}


def _spell_term(term: Term) -> dict[str, str]:
    return {"amount": str(term.amount), "unit": str(term.unit), "start": str(term.start)}


def touched(calendars: Iterable[Calendar], closed: Iterable[date] = ()) -> frozenset[date]:
    """The days on which versions of a calendar do not agree, and those closed: no date counted over others can move."""
    by_code: dict[str, list[Calendar]] = {}
    for calendar in calendars:
        by_code.setdefault(calendar.code, []).append(calendar)
    return frozenset({*closed, *(day for versions in by_code.values() for day in _disagreeing(versions))})


def _disagreeing(calendars: list[Calendar]) -> set[date]:
    distinct = list({each.version: each for each in calendars}.values())
    if len(distinct) < 2:
        return set()
    years = {held.year for each in distinct for held in each.years}
    days = (date(year, 1, 1) + timedelta(days=number) for year in years for number in range(366))
    return {day for day in days if len({_hours(each, day) for each in distinct}) > 1}


def _hours(calendar: Calendar, day: date) -> tuple[Any, ...] | None:
    if all(held.year != day.year for held in calendar.years):
        return None
    sessions = [*calendar.sessions_on(day), *calendar.sessions_on(day, Hours.OPENING)]
    return tuple((each.opens, each.closes) for each in sessions)


def may_move(case: Case, days: frozenset[date]) -> bool:
    """Whether one of these days lies where a clock of the dossier counts: cheap, and yes wherever `moved` says more."""
    lasts = [max([clock.due, *(at for _, at in clock.rungs)]) for clock in case.clocks]
    lasts += [case.recounted] if case.recounted else []
    if not days or not lasts:
        return False
    first = min([case.submitted_at, *(clock.anchor for clock in case.clocks if clock.anchor)])
    last = local(max(lasts)).date()
    return any(civil_date(first) <= day <= last for day in days)
