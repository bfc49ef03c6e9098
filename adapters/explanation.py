"""Owns the facts of "why this date": each clock with its count, each change of a date, the ladder, the time ledger.

All of it is read off the events of one dossier and the publications of the law that they name: no clock kind is
known here by name beyond where its legal basis stands, so that a new one appears by itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from adapters.counted_days import Day, is_provisional, measured, walked
from adapters.door import Door, Dossier
from domain.calendars import Calendar, Hours
from domain.catalogue import Catalogue
from domain.deadlines import name_version
from domain.decisions import ShorteningRow
from domain.errors import DomainError, Invalid
from domain.instants import civil_date, local
from domain.ledger import Calendars, Ledger, Segment, ledger
from domain.milestones import RUNS_IN, Clock, ClockKind, Rung
from domain.office_time import StandStill
from domain.procedures import Case as Variant
from domain.procedures import Channel, Process, Step
from domain.stops import TABLE, ClockColumn, StopReason
from domain.terms import StartRule, Term, TermUnit, due
from schema.case import STRUCK, Case
from schema.events import EventType
from schema.holding import Span, Stage, changes, closed_at, decided_at, spans, told
from schema.messages import Event

FOUND_LATE = timedelta(minutes=2)
"""A rung that was found this much after its instant says so."""


@dataclass(frozen=True)
class Count:
    """How a due instant came about. `term` is None where it is no term, only measured in opening hours."""

    term: Term | None
    anchor: datetime
    anchored_by: Event
    calendar: Calendar
    days: tuple[Day, ...]
    provisional: bool

    @property
    def counts_from(self) -> str:
        """The type of the event at the anchor; `arrival` where the dossier was still to arrive by then."""
        is_there = self.anchored_by.occurred_at == self.anchor or "runs_from" not in self.anchored_by.data
        return str(self.anchored_by.type) if is_there else str(self.anchored_by.data["runs_from"])

    @property
    def in_hours(self) -> bool:
        """Whether its days are told in hours, not in shares of a day."""
        return self.term is None or self.term.unit.endswith("hour")

    @property
    def every_day(self) -> bool:
        """Whether rest days count like any other."""
        return self.term is not None and self.term.unit is TermUnit.CALENDAR_DAY


@dataclass(frozen=True)
class Struck:
    """One rung of a ladder: when it stands, and the event that recorded it, if one has."""

    rung: Rung
    at: datetime
    event: Event | None
    state: str
    """`struck`; `ahead`; `missing` when it is behind and nobody has recorded it; `waiting` while its clock stands
    still; `dropped` when the clock ended or was set anew."""

    @property
    def found_late(self) -> datetime | None:
        """When it was found, if that was long after it stood."""
        found = self.event.data.get("found_at") if self.event else None
        found_at = datetime.fromisoformat(found) if found else None
        return found_at if found_at is not None and found_at - self.at > FOUND_LATE else None


@dataclass(frozen=True)
class Setting:
    """One clock as one event set it."""

    clock: Clock
    event: Event
    count: Count
    basis: tuple[str, ...]
    rungs: tuple[Struck, ...]
    next_due: datetime | None
    """What a later event that set the same clock anew made of its due instant; None for the clock as it stands."""
    ended_at: datetime | None
    """When what it waited for happened, or it was no longer waited for; None while it runs or stands still."""

    @property
    def is_last(self) -> bool:
        """Whether this is the clock as it stands."""
        return self.next_due is None


@dataclass(frozen=True)
class Moved:
    """One change of a date: of which clock (None: of the printed appointment), from what to what, by which event."""

    kind: ClockKind | None
    step: str
    unit: str
    old: datetime
    new: datetime
    event: Event
    because: Event | None = None
    """The signature on form 04 that a new appointment follows from."""
    printed: datetime | None = None
    """The appointment that stays as it was printed, where only the count behind it moved."""


@dataclass(frozen=True)
class StoodStill:
    """A stretch in which the processing clocks stood still, with the events that began and ended it."""

    reason: StopReason
    began: Event
    ended: Event | None
    basis: str


@dataclass(frozen=True)
class Overrun:
    """What came after a due instant, and who held the dossier then. `span` is None for the appointment."""

    due: datetime
    until: datetime
    held: Ledger
    span: Span | None = None


@dataclass(frozen=True)
class Explanation:
    """Everything that explains the dates of one dossier, as known at `as_of`."""

    dossier: Dossier
    case: Case
    law: Catalogue
    as_of: datetime
    variant: Variant
    shortening: ShorteningRow | None
    settings: tuple[Setting, ...]
    moves: tuple[Moved, ...]
    stops: tuple[StoodStill, ...]
    steps: Mapping[str, Step]
    spans: tuple[Span, ...]
    ledger: Ledger
    overruns: tuple[Overrun, ...]
    ended_at: datetime | None
    """When the processing clocks ended: decided, withdrawn or not accepted."""

    @property
    def first_appointment(self) -> datetime | None:
        """Appointment 1; of a dossier accepted before it was kept apart, the promised due of its acceptance."""
        if self.case.appointment is not None or not self.case.is_accepted:
            return self.case.appointment
        promised = [s for s in self.settings if s.clock.kind is ClockKind.PROMISED]
        return promised[-1].clock.due if promised else None

    @property
    def internal_due(self) -> datetime | None:
        """What the promise comes to by the newest count, which may differ from the printed appointment."""
        setting = self.promised
        if setting is None:
            return None
        since = [m for m in self.moves if m.printed and m.event.sequence >= setting.event.sequence]
        return since[-1].new if since else setting.clock.due

    @property
    def promised(self) -> Setting | None:
        """The promised clock as it stands."""
        return next((s for s in self.settings if s.clock.kind is ClockKind.PROMISED and s.is_last), None)

    def unit_name(self, code: str) -> str:
        """What a unit is called on the day of acceptance, or of filing; its code where the law does not know it."""
        try:
            return self.law.unit(code, civil_date(self.case.accepted_at or self.case.submitted_at)).name
        except DomainError:
            return code

    def officer_name(self, pseudonym: str) -> str:
        """The name behind an officer's pseudonym, "" where none was given."""
        return str(self.dossier.officers.get(pseudonym, {}).get("name") or "")


async def look_into(door: Door, key: str, as_of: datetime | None = None) -> Explanation:
    """Find a dossier and explain its dates as known at `as_of`, now for None. Raises what `explain` raises."""
    dossier = await door.look_up(key)
    laws = await door.laws(dossier.events)
    return explain(dossier, laws, as_of or max(door.now(), dossier.case.last_instant))


def explain(dossier: Dossier, laws: Mapping[str, Catalogue], as_of: datetime) -> Explanation:
    """Explain the dates of a dossier by what had happened up to `as_of`; `laws` holds each publication it names.

    Raises Invalid when `as_of` lies before its filing, CalendarMissing for a year that no calendar holds.
    """
    if as_of < dossier.events[0].occurred_at:
        raise Invalid("the dossier was not filed yet", field="as_of", remedy="give an instant after its filing")
    events = tuple(event for event in dossier.events if event.occurred_at <= as_of)
    stages = told(events)
    case = stages[-1][1]
    law = laws[case.law]
    on = civil_date(case.accepted_at or case.submitted_at)
    procedure = law.procedure(case.procedure, on)
    variant = law.case(procedure, case.case)
    channel = Channel(case.channel)
    shortening = law.shortening(case.procedure, variant.key, on) if channel is Channel.ONLINE else None
    process = law.process(procedure, channel, on, case.case)
    calendars = _calendars(stages, law)
    end = closed_at(stages) or as_of
    book = ledger([change for change in changes(stages) if change.at <= end], end, calendars)
    steps = spans(stages)
    settings = tuple(_settings(stages, laws, variant, shortening, process, as_of))
    explained = Explanation(
        dossier=replace(dossier, case=case, events=events, recorded_at=dossier.recorded_at[: len(events)]),
        case=case,
        law=law,
        as_of=as_of,
        variant=variant,
        shortening=shortening,
        settings=settings,
        moves=tuple(_moves(stages)),
        stops=tuple(_stops(stages)),
        steps={step.code: step for stage in process.stages for step in stage.steps},
        spans=steps,
        ledger=book,
        overruns=(),
        ended_at=decided_at(stages),
    )
    return replace(explained, overruns=tuple(_overruns(explained, end)))


def who_held(explained: Explanation, segment: Segment) -> tuple[str, ...]:
    """The officers of a segment whose names are known, each once."""
    parts = sorted(segment.parts, key=lambda part: part.unit)
    names = (explained.officer_name(part.officer) for part in parts if part.officer)
    return tuple(dict.fromkeys(name for name in names if name))


# Clocks


def _settings(
    stages: Sequence[Stage],
    laws: Mapping[str, Catalogue],
    variant: Variant,
    shortening: ShorteningRow | None,
    process: Process,
    as_of: datetime,
) -> Iterator[Setting]:
    events = [event for event, _ in stages]
    case = stages[-1][1]
    publication = ""
    for number, (event, after) in enumerate(stages):
        publication = str(event.data.get("law") or publication)
        for raw in event.data.get("clocks", ()):
            key = (ClockKind(raw["kind"]), raw.get("step", ""))
            clock = after.clock(*key)
            assert clock is not None  # the fold has just read it
            later = next((e for e in events[number + 1 :] if _sets(e, key)), None)
            until = later.sequence if later else len(events) + 1
            told_of = [e for e in events[number + 1 :] if e.sequence < until]
            yield Setting(
                clock=clock,
                event=event,
                count=_count(raw, clock, stages[: number + 1], laws[publication]),
                basis=_basis(clock, laws[publication], event.occurred_at, variant, shortening, process),
                rungs=tuple(_rungs(clock, told_of, case, as_of, is_last=later is None)),
                next_due=_due_by(later, key) if later else None,
                ended_at=None if later else _ended_at(clock, stages[number:]),
            )


_PROCESSING = {ClockKind.PROMISED, ClockKind.STATUTORY, ClockKind.MOVED}


def _ended_at(clock: Clock, stages: Sequence[Stage]) -> datetime | None:
    """A processing clock ends with the decision, a step's with the step, any other with the state it runs in."""
    if clock.kind in _PROCESSING:
        return decided_at(stages)
    if clock.kind is ClockKind.STEP:
        return next((span.done for span in spans(stages) if span.step == clock.step), None)
    return next((e.occurred_at for e, case in stages if case.state.business not in RUNS_IN[clock.kind]), None)


def _due_by(event: Event, key: tuple[ClockKind, str]) -> datetime:
    raws = event.data["clocks"]
    return next(datetime.fromisoformat(r["due"]) for r in raws if (r["kind"], r.get("step", "")) == key)


def _sets(event: Event, key: tuple[ClockKind, str]) -> bool:
    return any((raw["kind"], raw.get("step", "")) == key for raw in event.data.get("clocks", ()))


def _count(raw: dict[str, Any], clock: Clock, stages: Sequence[Stage], law: Catalogue) -> Count:
    """The count that led to the due instant; where no term leads there exactly, the opening hours up to it."""
    event, case = stages[-1]
    calendar = _calendar(raw, clock, case, law)
    anchor = datetime.fromisoformat(raw["anchor"]) if "anchor" in raw else event.occurred_at
    found = next((e for e, _ in reversed(stages) if e.occurred_at == anchor and not e.data.get("clock")), event)
    term = _term(raw)
    if term is not None:
        hours = Hours.OPENING if clock.kind is ClockKind.ACCEPTANCE else Hours.COUNTED
        counted = due(term, anchor, calendar, _still(case, anchor), hours)
        if counted.instant == clock.due:
            days = walked(counted, term.unit, calendar)
            return Count(term, anchor, found, calendar, days, counted.provisional)
    days = measured(anchor, clock.due, calendar)
    return Count(None, anchor, found, calendar, days, is_provisional(days, calendar))


def _term(raw: dict[str, Any]) -> Term | None:
    spelled = raw.get("term")
    if not spelled:
        return None
    return Term(Decimal(spelled["amount"]), TermUnit(spelled["unit"]), StartRule(spelled["start"]))


def _calendar(raw: dict[str, Any], clock: Clock, case: Case, law: Catalogue) -> Calendar:
    """The calendar that the event names, of the office that works by it: offices that were closed have their own."""
    on = civil_date(case.accepted_at or case.submitted_at)
    steps = (step.unit for steps in case.stages for step in steps)
    offices = dict.fromkeys((*((clock.unit,) if clock.unit else ()), *steps, case.unit))
    known = [law.calendar_of(law.unit(code, on)) for code in offices]
    named = str(raw.get("calendar", ""))
    code = named.partition("@")[0] or law.calendar_of(law.unit(clock.unit or case.unit, on)).code
    fitting = [each for each in known if each.code == code] or [law.calendar(code)]
    return next((each for each in fitting if name_version(each) == named), fitting[0])


def _still(case: Case, anchor: datetime) -> list[StandStill]:
    """The stretches after the anchor in which the clocks stood still, in order; one that lasts has no count yet."""
    waits = [(start, end, StopReason.SUPPLEMENT.value) for start, end in case.stops]
    waits += [(each.started, each.ended, each.reason) for each in case.suspensions]
    return [
        StandStill(local(start), local(end), reason)
        for start, end, reason in sorted(waits, key=lambda wait: wait[0])
        if end is not None and start >= anchor
    ]


def _basis(
    clock: Clock,
    law: Catalogue,
    at: datetime,
    variant: Variant,
    shortening: ShorteningRow | None,
    process: Process,
) -> tuple[str, ...]:
    if clock.kind is ClockKind.STATUTORY or (clock.kind is ClockKind.PROMISED and shortening is None):
        return (variant.basis,)
    if clock.kind is ClockKind.PROMISED and shortening is not None:
        return (shortening.basis,)
    if clock.kind is ClockKind.STEP:
        return (process.decision,)
    rows = law.ladder(clock.kind, civil_date(at))
    ends = [row.basis for row in rows if row.rung in (Rung.BREACH, Rung.REMIND)]
    return tuple(dict.fromkeys(ends))


def _rungs(clock: Clock, told_of: Sequence[Event], case: Case, as_of: datetime, *, is_last: bool) -> Iterator[Struck]:
    now = case.clock(*clock.key) if is_last else None
    runs = now is not None and case.state.business in RUNS_IN[clock.kind]
    planned = clock.rungs or clock.ahead
    for rung, at in planned:
        event = next((e for e in told_of if _strikes(e, clock, rung)), None)
        if event is not None:
            yield Struck(rung, at, event, "struck")
        elif now is not None and (rung, at) in now.ahead and not case.is_closed and _may_run_again(case, clock):
            yield Struck(rung, at, None, "waiting" if not runs else "missing" if at <= as_of else "ahead")
        else:
            yield Struck(rung, at, None, "dropped")


def _may_run_again(case: Case, clock: Clock) -> bool:
    """Whether the clock runs, or will again: the processing clocks and those of the steps can stand still."""
    stands_still = bool(case.stops and case.stops[-1][1] is None) or any(s.ended is None for s in case.suspensions)
    can_wait = clock.kind in _PROCESSING or clock.kind is ClockKind.STEP
    return case.state.business in RUNS_IN[clock.kind] or (stands_still and can_wait)


def _strikes(event: Event, clock: Clock, rung: Rung) -> bool:
    if event.type not in STRUCK:
        return False
    data = event.data
    return (data["clock"], data.get("step", "")) == clock.key and data.get("rung", STRUCK[event.type]) == rung


# Changes of dates, stops


def _moves(stages: Sequence[Stage]) -> Iterator[Moved]:
    dues: dict[tuple[ClockKind, str], datetime] = {}
    appointment: datetime | None = None
    signed: Event | None = None
    for event, after in stages:
        yield from (_recounted(raw, event) for raw in event.data.get("changes", ()))
        signed = event if event.type is EventType.APOLOGY_SIGNED else signed
        for raw in event.data.get("clocks", ()):
            key = (ClockKind(raw["kind"]), raw.get("step", ""))
            new = datetime.fromisoformat(raw["due"])
            if key in dues and dues[key] != new and "changes" not in event.data:
                yield Moved(key[0], key[1], raw.get("unit", ""), dues[key], new, event)
            dues[key] = new
        given = after.moved_to or after.appointment
        if appointment is not None and given is not None and given != appointment:
            because = signed if event.type is EventType.APPOINTMENT_MOVED else None
            yield Moved(None, "", "", appointment, given, event, because)
        appointment = given


def _recounted(raw: dict[str, Any], event: Event) -> Moved:
    """One of the changes that a redating names."""
    old, new = datetime.fromisoformat(raw["old"]), datetime.fromisoformat(raw["new"])
    printed = datetime.fromisoformat(raw["printed"]) if "printed" in raw else None
    return Moved(ClockKind(raw["clock"]), raw.get("step", ""), "", old, new, event, printed=printed)


_BEGINS = {EventType.SUPPLEMENT_REQUESTED, EventType.DUTY_REQUIRED, EventType.SUSPENDED}
_ENDS = {EventType.SUPPLEMENTED, EventType.RESUMED}


def _stop_basis(reason: StopReason) -> str:
    """Why the law lets the clocks stand still; of a supplement only where it says so, for policies differ."""
    basis = TABLE[reason][ClockColumn.PROMISED].basis
    return basis.partition(":")[0] if reason is StopReason.SUPPLEMENT else basis


def _stops(stages: Sequence[Stage]) -> Iterator[StoodStill]:
    began: tuple[Event, StopReason] | None = None
    for event, after in stages:
        if event.type in _BEGINS and after.is_accepted:
            began = (event, _reason(event))
        elif began is not None and (event.type in _ENDS or decided_at([(event, after)]) is not None):
            yield StoodStill(began[1], began[0], event, _stop_basis(began[1]))
            began = None
    if began is not None:
        yield StoodStill(began[1], began[0], None, _stop_basis(began[1]))


def _reason(event: Event) -> StopReason:
    if event.type is EventType.SUPPLEMENT_REQUESTED:
        return StopReason.SUPPLEMENT
    return StopReason(event.data.get("cause", StopReason.FINANCIAL_DUTY))


# The ledger


def _calendars(stages: Sequence[Stage], law: Catalogue) -> Calendars:
    case = stages[-1][1]
    on = civil_date(case.accepted_at or case.submitted_at)
    units = {case.unit} | {step.unit for steps in case.stages for step in steps}
    calendars = {unit: law.calendar_of(law.unit(unit, on)) for unit in units}
    return Calendars(calendars[case.unit], calendars)


def _overruns(explained: Explanation, end: datetime) -> Iterator[Overrun]:
    """Attribute the time after the appointment, and after each step's own due instant, to whoever held it then."""
    appointment, until = explained.first_appointment, explained.ended_at or end
    if appointment is not None and until > appointment:
        yield Overrun(appointment, until, explained.ledger.between(appointment, until))
    for span in explained.spans:
        until = span.done or end
        if span.due is not None and until > span.due:
            yield Overrun(span.due, until, explained.ledger.between(span.due, until), span)
