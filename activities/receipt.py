"""The receipt (form 01): the facts that acceptance makes: code, appointment, clocks, and the offices' stages."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from activities.clocks import set_clock, window
from activities.intake import code_part
from activities.ports import Desk
from domain.catalogue import Catalogue
from domain.codes import issue
from domain.deadlines import Deadlines, deadlines, forwarding_due, runs_from_arrival
from domain.instants import civil_date, local
from domain.milestones import ClockKind
from domain.procedures import Channel, Process, Stage, StepKind
from domain.terms import SAME_DAY_CUT_OFF, Due, Term
from schema.case import Case
from schema.messages import Event


async def accepted(case: Case, event: Event, law: Catalogue, desk: Desk) -> dict[str, Any]:
    """Make the code, pin the law, and compute every date; raises what `domain.deadlines` and `codes` raise."""
    anchor, day = counted_from(case, event.occurred_at, law), civil_date(event.occurred_at)
    dates = dates_of(case, law, accepted_at=anchor, on=day)
    part = code_part(dates.unit)
    made = {
        "law": law.version,
        "calendar": dates.calendar,
        "basis": list(dates.basis),
        "provisional": dates.provisional,
        "terms": {"statutory": _spell(dates.statutory_term), "promised": _spell(dates.promised_term)},
        "appointment": dates.promised.instant.isoformat(),
        "clocks": [
            *_forwarding(dates, event.occurred_at, law),
            *processing_clocks(dates, anchor, dates.statutory, dates.promised, law),
        ],
        **_from_arrival(case, event),
        **_filed_before_cut_off(case, event),
        "stages": [_steps(stage, case, law, day) for stage in office_stages(dates.process)],
    }
    number = await desk.count(f"code/{part}", day)  # last: what is refused uses no code
    return {"code": issue(part, day, number), **made}


def found_complete(case: Case, event: Event, law: Catalogue) -> dict[str, Any]:
    """Open the applicant's time to pay what is asked at receipt."""
    procedure = law.procedure(case.procedure, civil_date(case.submitted_at))
    calendar = law.calendar_of(law.unit(case.unit, civil_date(case.submitted_at)))
    return {"clocks": [window(ClockKind.PAYMENT, procedure.payment_days, event.occurred_at, calendar, law)]}


def dates_of(case: Case, law: Catalogue, *, accepted_at: datetime, on: date | None = None) -> Deadlines:
    """Compute the dossier's dates for terms that count from this instant, under this publication of the law.

    The rows are those of `on`, None for the day of acceptance: an arrival on a later day changes no law.
    """
    return deadlines(
        law,
        case.procedure,
        channel=Channel(case.channel),
        submitted=case.submitted_at,
        accepted=accepted_at,
        unit=case.unit,
        territory=case.home,
        case=case.case,
        on=on or civil_date(case.accepted_at or accepted_at),
    )


def office_stages(process: Process) -> list[Stage]:
    """The stages of the review: what the one-stop does itself is over with forwarding."""
    kept = (tuple(s for s in stage.steps if s.kind is not StepKind.RECEIVE) for stage in process.stages)
    return [Stage(steps) for steps in kept if steps]


def processing_clocks(
    dates: Deadlines,
    anchor: datetime,
    statutory: Due,
    promised: Due,
    law: Catalogue,
    since: datetime | None = None,
) -> list[dict[str, Any]]:
    """Word the two processing clocks; the ladder belongs to the promised one, which people were told."""
    calendar = law.calendar_of(dates.lead)
    counted = (
        (ClockKind.PROMISED, dates.promised_term, promised),
        (ClockKind.STATUTORY, dates.statutory_term, statutory),
    )
    return [set_clock(kind, term, anchor, due.instant, calendar, law, since=since) for kind, term, due in counted]


def counted_from(case: Case, accepted_at: datetime, law: Catalogue) -> datetime:
    """The instant from which the terms on form 01 count: acceptance, or the arrival where they run from that.

    The appointment has to be printed before the dossier arrives: it supposes the latest lawful forwarding.
    """
    is_outside = runs_from_arrival(outside=case.home != case.unit, accepted=accepted_at)
    if not is_outside or case.channel == Channel.ONLINE:  # online the engine forwards at once
        return accepted_at
    return forwarding_due(accepted_at, law.calendar_of(law.unit(case.unit, civil_date(accepted_at))))


def _from_arrival(case: Case, event: Event) -> dict[str, Any]:
    """What form 01 says of the anchor where that is the arrival."""
    if not runs_from_arrival(outside=case.home != case.unit, accepted=event.occurred_at):
        return {}
    return {"runs_from": "arrival", "runs_from_basis": "NĐ 309/2026/NĐ-CP, Điều 17(3)"}


def _forwarding(dates: Deadlines, accepted_at: datetime, law: Catalogue) -> list[dict[str, Any]]:
    """Word the clock of forwarding; online the engine forwards by itself, at once."""
    if dates.channel is Channel.ONLINE:
        return []
    calendar = law.calendar_of(dates.unit)
    due_at = forwarding_due(accepted_at, calendar)
    term = dates.procedure.acceptance
    return [set_clock(ClockKind.FORWARDING, term, accepted_at, due_at, calendar, law, counted=False)]


def _filed_before_cut_off(case: Case, event: Event) -> dict[str, bool]:
    """Say so where a filing before 15:00 was accepted after it: the later hour is what counts, and is reported."""
    filed, accepted = local(case.submitted_at), local(event.occurred_at)
    crossed = filed.date() == accepted.date() and filed.time() <= SAME_DAY_CUT_OFF < accepted.time()
    return {"filed_before_cut_off": True} if crossed else {}


def _steps(stage: Stage, case: Case, law: Catalogue, on: date) -> list[dict[str, Any]]:
    return [
        {"code": step.code, "unit": law.resolve(step.unit, case.home, on).code, "kind": step.kind}
        for step in stage.steps
    ]


def _spell(term: Term) -> str:
    return f"{term.amount.normalize():f} {term.unit}"
