"""Intake: checks a submission against the law in force and words event 1, with its fee and acceptance clock."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, datetime
from typing import Any
from uuid import UUID

from activities.clocks import set_clock
from domain.catalogue import Catalogue
from domain.deadlines import acceptance_due, name_version
from domain.decisions import ShorteningRow
from domain.duties import Role
from domain.errors import Invalid
from domain.fees import Assessment, Exemption, assess
from domain.instants import civil_date
from domain.milestones import ClockKind
from domain.procedures import Case, Channel, FeeTiming, Procedure
from domain.units import Unit
from domain.validity import in_force
from schema.events import EventType
from schema.messages import Actor, Event
from schema.submissions import Submission


def submitted(
    law: Catalogue,
    submission: Submission,
    *,
    dossier: UUID,
    command: UUID,
    at: datetime,
    actor: Actor,
    digest: str,
) -> Event:
    """Word `dossier.submitted`, or refuse with `Invalid` naming the field and what would mend it.

    Fee rows and channel are those of this first submission; later changes of the law do not touch them.
    """
    on = civil_date(at)
    procedure = law.procedure(submission.procedure, on)
    unit = law.receiver(submission.unit, procedure, on)
    home = law.receiver(submission.territory, procedure, on) if submission.territory else unit
    case = law.case(procedure, submission.case, home)
    _channel(procedure, submission)
    _pilot(law.shortening(procedure.code, case.key, on), submission)
    _components(procedure, submission)
    exemption = _exemption(law, submission, unit, on)
    assessment = _assess(law, procedure, case, home, submission, exemption, on)
    due = acceptance_due(law, procedure, unit, submission.channel, at)
    data: dict[str, Any] = {
        "procedure": procedure.code,
        "procedure_name": procedure.name,
        "unit": unit.code,
        **({"territory": home.code} if home != unit else {}),
        "channel": submission.channel,
        "case": case.key,
        "return_method": submission.return_method,
        "components": {each.component: each.quantity for each in submission.components},
        "quantity": submission.quantity,
        "copies": submission.copies,
        "law": law.version,
        "calendar": name_version(law.calendar_of(unit)),
        "fee": fee_facts(procedure, assessment, exemption),
        "exemption": submission.exemption.kind if submission.exemption else None,
        "clocks": [acceptance_clock(law, procedure, unit, at, due.instant)] if due else [],
    }
    return Event(
        dossier=dossier,
        sequence=1,
        type=EventType.SUBMITTED,
        occurred_at=at,
        actor=actor,
        command=command,
        digest=digest,
        data=data,
        late=submission.occurred_at is not None,
    )


def acceptance_clock(
    law: Catalogue, procedure: Procedure, unit: Unit, anchor: datetime, due_at: datetime
) -> dict[str, Any]:
    """Word the clock of the answer to an online filing, on the receiving office's calendar."""
    calendar = law.calendar_of(unit)
    return set_clock(ClockKind.ACCEPTANCE, procedure.acceptance, anchor, due_at, calendar, law)


def fee_facts(procedure: Procedure, assessment: Assessment, exemption: Exemption | None = None) -> dict[str, Any]:
    """Word the assessment: each line with its legal basis; the lines add up to the total, in đồng.

    An exemption is there with its kind and who granted it, never with its evidence.
    """
    timing = procedure.fee_timing if assessment.total else FeeTiming.NONE
    granted = {"kind": str(exemption.kind), "granted_by": exemption.granted_by} if exemption else None
    facts = {"total": assessment.total, "timing": timing, "lines": fee_lines(assessment)}
    return {**facts, "exemption": granted} if granted else facts


def fee_lines(assessment: Assessment) -> list[dict[str, Any]]:
    """Word the lines of an assessment, in đồng, with all that later bookkeeping asks of the law."""
    return [
        {**asdict(line), "kind": str(line.kind), "basis": list(line.basis), "refund": str(line.refund)}
        for line in assessment.lines
    ]


def code_part(unit: Unit) -> str:
    """The part of the dossier code that names the receiving unit."""
    if unit.code_part is None:
        raise Invalid(f"unit {unit.code} has no code of its own", field="unit", remedy="receive at a one-stop")
    return unit.code_part


def _assess(
    law: Catalogue,
    procedure: Procedure,
    case: Case,
    home: Unit,
    submission: Submission,
    exemption: Exemption | None,
    on: date,
) -> Assessment:
    """Assess the case that the dossier has, which at its place may be another than the procedure's usual one."""
    return assess(
        law.fee_rows(procedure, on, case.key),
        law.reductions,
        channel=submission.channel,
        on=on,
        place=case.place or home.place,
        exemption=exemption,
        quantity=submission.quantity,
        copies=submission.copies,
    )


_GRANTING = frozenset({Role.CLERK, Role.OFFICER, Role.LEADER})


def _exemption(law: Catalogue, submission: Submission, unit: Unit, on: date) -> Exemption | None:
    """The exemption claimed; its evidence, which is personal, only as something that was given."""
    claimed = submission.exemption
    if claimed is None:
        return None
    granted_by = claimed.granted_by or unit.code
    if granted_by not in _GRANTING and granted_by not in {each.code for each in in_force(law.units, on)}:
        raise Invalid(
            "nobody known granted the exemption",
            field="exemption.granted_by",
            remedy=f"give a unit's code or one of: {', '.join(sorted(_GRANTING))}; or leave it out",
        )
    return Exemption(claimed.kind, "given" if claimed.evidence.strip() else "", granted_by)


def _channel(procedure: Procedure, submission: Submission) -> None:
    if submission.channel not in procedure.channels:
        raise Invalid(
            f"{procedure.code} is not received through '{submission.channel}'",
            field="channel",
            remedy=f"use one of: {', '.join(procedure.channels)}",
        )
    if submission.return_method not in procedure.return_methods:
        raise Invalid(
            f"the result of {procedure.code} is not returned by '{submission.return_method}'",
            field="return_method",
            remedy=f"use one of: {', '.join(procedure.return_methods)}",
        )


def _pilot(row: ShorteningRow | None, submission: Submission) -> None:
    if row and row.online_only and submission.channel is Channel.ONLINE and submission.return_method != "online":
        raise Invalid(
            f"{row.procedure} is in the pilot of {row.decision}: filed online, its result comes back online",
            field="return_method",
            remedy="use 'online', or file at the counter",
        )


def _components(procedure: Procedure, submission: Submission) -> None:
    given = {each.component for each in submission.components}
    known(procedure, given)
    if len(given) < len(submission.components):
        raise Invalid("a component is listed twice", field="components", remedy="list each once, with its quantity")
    missing = [each for each in procedure.components if each.required and each.code not in given]
    # At the counter the clerk looks at the papers and asks once for what is missing; a machine checks online.
    if missing and submission.channel is Channel.ONLINE:
        raise Invalid(
            f"missing component: {', '.join(f'{each.code} ({each.name})' for each in missing)}",
            field="components",
            remedy="add each of them with its quantity",
        )


def known(procedure: Procedure, components: set[str]) -> None:
    """Refuse components that the procedure does not list: nothing else may be asked for (NĐ 61/2018 Art. 4)."""
    listed = [each.code for each in procedure.components]
    strange = sorted(components - set(listed))
    if strange:
        raise Invalid(
            f"{procedure.code} has no such component",
            field="components",
            remedy=f"use those of the procedure: {', '.join(listed)}",
        )
