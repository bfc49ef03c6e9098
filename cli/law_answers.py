"""Words what the law says of one dossier: as JSON for programs, as tables for people."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from rich.console import Console
from rich.table import Table

from activities.intake import fee_lines
from cli.console import money
from domain.catalogue import Catalogue
from domain.deadlines import Deadlines
from domain.fees import Assessment
from domain.terms import WalkDay


def spell_dates(dates: Deadlines, law: Catalogue) -> dict[str, Any]:
    """The answer of `deadline --json`."""
    return {
        "statutory_due": dates.statutory.instant.isoformat(),
        "promised_due": dates.promised.instant.isoformat(),
        "acceptance_due": dates.acceptance.instant.isoformat() if dates.acceptance else None,
        "calendar": dates.calendar,
        "provisional": dates.provisional,
        "basis": list(dates.basis),
        "walk": [_spell_day(row) for row in dates.statutory.walk],
        "version": law.version,
    }


def _spell_day(row: WalkDay) -> dict[str, Any]:
    return {"day": row.day.isoformat(), "counted": _number(row.counted), "reason": row.reason}


def _number(value: Decimal) -> int | float:
    return int(value) if value == value.to_integral_value() else float(value)


def spell_fees(assessment: Assessment, law: Catalogue) -> dict[str, Any]:
    """The answer of `fee --json`."""
    return {"lines": fee_lines(assessment), "total": assessment.total, "version": law.version}


def show_dates(dates: Deadlines, law: Catalogue) -> None:
    """Print the dates, what they rest on, and the count day by day."""
    console = Console()
    console.print(f"[bold]{dates.procedure.code}[/] {dates.procedure.name}: {dates.case.name}, {dates.channel}")
    console.print(f"received by {dates.unit.name}, resolved by {dates.lead.name}")
    if dates.acceptance:
        console.print(f"answer due    {dates.acceptance.instant:%d/%m/%Y %H:%M}")
    console.print(f"promised due  {dates.promised.instant:%d/%m/%Y %H:%M}")
    console.print(f"statutory due {dates.statutory.instant:%d/%m/%Y %H:%M}")
    if dates.provisional:
        console.print("[yellow]provisional: it lies in a year whose calendar is not announced yet[/]")
    for basis in dates.basis:
        console.print(f"· {basis}")
    table = Table("day", "counted", "why")
    for row in dates.statutory.walk:
        table.add_row(f"{row.day:%a %d/%m/%Y}", f"{_number(row.counted)}", row.reason)
    console.print(table)
    console.print(f"calendar {dates.calendar}, law {law.version}")


def show_fees(assessment: Assessment, law: Catalogue) -> None:
    """Print the lines, what they rest on, and the sum."""
    console = Console()
    table = Table("fee", "kind", "listed", "exempted", "reduced", "due")
    for line in assessment.lines:
        amounts = (money(amount) for amount in (line.listed, line.exempted, line.reduced, line.due))
        table.add_row(line.name, line.kind, *amounts)
    console.print(table if assessment.lines else "no fee")
    for basis in dict.fromkeys(basis for line in assessment.lines for basis in line.basis):
        console.print(f"· {basis}")
    console.print(f"total {money(assessment.total)}, law {law.version}")
