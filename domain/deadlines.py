"""Owns the dates of one dossier: the terms the law gives it, computed from the catalogue by one calculator.

The statutory term runs on the calendar of the office that resolves, the acceptance of an online filing on the
receiving office's. The promised date is always there: equal to the statutory one unless shortened.
Sources: Civil Code 2015 Art. 144–148; Decree 61/2018 Art. 17–19; Decision 906/QĐ-UBND.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from domain.calendars import Calendar, Hours
from domain.catalogue import Catalogue
from domain.decisions import ShorteningRow, Source
from domain.errors import Invalid
from domain.instants import at, civil_date, local
from domain.procedures import Case, Channel, Procedure, Process, Stage, Step
from domain.terms import SAME_DAY_CUT_OFF, Due, StartRule, Term, TermUnit, due
from domain.units import Unit


@dataclass(frozen=True)
class Deadlines:
    """Every date of one dossier, with the rows that gave it.

    `acceptance` is None unless the dossier was filed online. `calendar` is the resolving office's, as
    `code@version`. `basis` names the legal sources in the order in which they were applied.
    """

    procedure: Procedure
    case: Case
    channel: Channel
    unit: Unit
    lead: Unit
    process: Process
    statutory_term: Term
    promised_term: Term
    statutory: Due
    promised: Due
    acceptance: Due | None
    calendar: str
    basis: tuple[str, ...]

    @property
    def provisional(self) -> bool:
        """Whether a date lies in a year whose calendar is not announced yet."""
        return self.statutory.provisional or self.promised.provisional


@dataclass(frozen=True)
class StepDue:
    """One step opened for one office, and when it must be done."""

    step: Step
    unit: Unit
    term: Term
    due: Due


def deadlines(
    catalogue: Catalogue,
    procedure_code: str,
    *,
    channel: Channel,
    submitted: datetime,
    accepted: datetime,
    unit: str | None = None,
    territory: str | None = None,
    case: str | None = None,
    on: date | None = None,
) -> Deadlines:
    """Compute the dates of a dossier filed at `submitted` and accepted at `accepted` (aware instants).

    The law is that of `on`, the day of acceptance for None. Without `unit` the procedure's usual receiver is
    meant; `territory` is the one-stop whose offices resolve it, where that is another one. Raises Invalid for an
    unknown or wrong value, CalendarMissing for a year no calendar holds.
    """
    _require_order(submitted, accepted)
    on = on or civil_date(accepted)
    procedure = catalogue.procedure(procedure_code, on)
    require_channel(procedure, channel)
    receiver = catalogue.receiver(unit, procedure, on)
    home = catalogue.receiver(territory, procedure, on) if territory else receiver
    lead = catalogue.resolve(procedure.lead, home.code, on)
    variant = catalogue.case(procedure, case, home)
    promise = catalogue.promised(procedure, variant, channel, on)
    calendar = catalogue.calendar_of(lead)
    shortening = catalogue.shortening(procedure.code, variant.key, on) if channel is Channel.ONLINE else None
    return Deadlines(
        procedure=procedure,
        case=variant,
        channel=channel,
        unit=receiver,
        lead=lead,
        process=catalogue.process(procedure, channel, on, variant.key),
        statutory_term=variant.term,
        promised_term=promise,
        statutory=due(variant.term, accepted, calendar),
        promised=due(promise, accepted, calendar),
        acceptance=acceptance_due(catalogue, procedure, receiver, channel, submitted),
        calendar=name_version(calendar),
        basis=(variant.basis, *_shortened_by(shortening, promise)),
    )


def acceptance_due(
    catalogue: Catalogue, procedure: Procedure, receiver: Unit, channel: Channel, submitted: datetime
) -> Due | None:
    """When an online filing must be answered, in the receiving office's opening hours; else None."""
    if channel is not Channel.ONLINE:
        return None
    return due(procedure.acceptance, submitted, catalogue.calendar_of(receiver), hours=Hours.OPENING)


ARRIVAL_COUNTS_FROM = date(2026, 8, 5)


def runs_from_arrival(*, outside: bool, accepted: datetime) -> bool:
    """Whether the terms run from the arrival at the office that resolves, not from acceptance.

    So it is for a dossier received outside its territory since Decree 309/2026 (Art. 17(3)); form 01 says so.
    """
    return outside and civil_date(accepted) >= ARRIVAL_COUNTS_FROM


def forwarding_due(accepted: datetime, calendar: Calendar) -> datetime:
    """When a dossier of the counter or the post must be with the office that resolves it.

    The same day; accepted later than 15:00:00, or on a rest day, by the end of the first opening hour of the next
    working day (Decree 61/2018 Art. 18, Decree 118/2025 Art. 18(2)).
    """
    accepted = local(accepted)
    day = accepted.date()
    if calendar.is_working(day):
        closes = at(day, calendar.sessions_on(day)[-1].closes)
        if accepted <= min(at(day, SAME_DAY_CUT_OFF), closes):
            return closes
    next_day = calendar.working_day_after(day)
    return at(next_day, calendar.sessions_on(next_day)[0].opens) + timedelta(hours=1)


def step_dues(
    catalogue: Catalogue, stage: Stage, counted_in: TermUnit, *, opened_at: datetime, receiving: str, on: date
) -> tuple[StepDue, ...]:
    """When each step of a stage opened at `opened_at` must be done, on the calendar of its own office.

    `counted_in` is the unit of the term that the process divides; `receiving` and `on` are the dossier's own.
    """
    return tuple(_step_due(catalogue, step, counted_in, opened_at, receiving, on) for step in stage.steps)


def name_version(calendar: Calendar) -> str:
    """Write which version of a calendar an answer rests on."""
    return f"{calendar.code}@{calendar.version or 'unversioned'}"


def _step_due(
    catalogue: Catalogue, step: Step, counted_in: TermUnit, opened_at: datetime, receiving: str, on: date
) -> StepDue:
    unit = catalogue.resolve(step.unit, receiving, on)
    calendar = catalogue.calendar_of(unit)
    if counted_in is TermUnit.SAME_DAY:
        return StepDue(step, unit, _SAME_DAY, _by_close(opened_at, calendar))
    start = StartRule.NEXT_DAY if counted_in in (TermUnit.CALENDAR_DAY, TermUnit.MONTH) else StartRule.FROM_MOMENT
    term = Term(step.share, counted_in, start)
    return StepDue(step, unit, term, due(term, opened_at, calendar))


def _by_close(opened_at: datetime, calendar: Calendar) -> Due:
    """Same-day work accepted in time is due at close, however late one office hands it to the next."""
    day = civil_date(opened_at)
    sessions = calendar.sessions_on(day)
    is_open_day = bool(sessions) and local(opened_at) <= at(day, sessions[-1].closes)
    return due(_SAME_DAY, at(day, time.min) if is_open_day else opened_at, calendar)


_SAME_DAY = Term(amount=Decimal(1), unit=TermUnit.SAME_DAY)


def _shortened_by(row: ShorteningRow | None, promise: Term) -> tuple[str, ...]:
    if row is None:
        return ()
    if row.no_cut:
        return (f"{row.basis}: not shortened, {row.no_cut}",)
    origin = "figure of the annex" if row.source is Source.ANNEX else f"derived from {row.percent}%, rounded down"
    return (f"{row.basis}: {promise.amount.normalize():f} {promise.unit} ({origin})",)


def _require_order(submitted: datetime, accepted: datetime) -> None:
    if local(submitted) > local(accepted):
        raise Invalid(
            "the dossier is accepted before it was submitted",
            field="submitted",
            remedy="give an instant of filing that is not later than the one of acceptance",
        )


def require_channel(procedure: Procedure, channel: Channel) -> None:
    """Refuse with Invalid a channel through which the procedure is not received."""
    if channel not in procedure.channels:
        raise Invalid(
            f"{procedure.code} is not received {channel}",
            field="channel",
            remedy=f"use one of: {', '.join(procedure.channels)}",
        )
