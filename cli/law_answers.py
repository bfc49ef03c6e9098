"""Words what the law says of one dossier: as JSON for programs, as tables for people."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from itertools import zip_longest
from typing import Any

from rich.console import Console
from rich.table import Table

from activities.intake import fee_lines
from cli.console import money
from domain.catalogue import Catalogue
from domain.deadlines import Deadlines
from domain.fees import CUTTABLE, Assessment, FeeKind, FeeLine, FeeRow, SetBy
from domain.procedures import Channel
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


KINDS = {
    FeeKind.PHI: "phí",
    FeeKind.LE_PHI: "lệ phí",
    FeeKind.PRICE: "price",
    FeeKind.FINANCIAL_DUTY: "financial duty",
}


def show_fees(assessment: Assessment, rows: Sequence[FeeRow], channel: Channel, law: Catalogue) -> None:
    """Print the lines, for each what it rests on and why it is what it is, and the sum.

    `rows` are those that were assessed, in their order: the first lines are theirs, the others financial duties.
    """
    console = Console()
    table = Table("fee", "kind", "listed", "exempted", "reduced", "due")
    for line in assessment.lines:
        amounts = (money(amount) for amount in (line.listed, line.exempted, line.reduced, line.due))
        table.add_row(line.name, KINDS[line.kind], *amounts)
    console.print(table if assessment.lines else "no fee")
    for line, row in zip_longest(assessment.lines, rows):
        console.print(f"· {line.name}: {why(line, row, channel)}")
        console.print(f"  by {'; '.join(line.basis)}")
        if row and not row.certain:
            console.print(f"  [yellow]not confirmed:[/] {row.note}")
    console.print(f"total {money(assessment.total)}, law {law.version}")


def why(line: FeeLine, row: FeeRow | None, channel: Channel) -> str:
    """Say in a sentence why a line is what it is; without a row it is a financial duty."""
    if row is None:
        return "what the tax office asks; it is never cut, exempted or given back here"
    if not line.listed:
        return "free as listed"
    if line.exempted == line.listed:
        return "exempt, so that nothing is left to cut"
    begin = "part of it is exempt; " if line.exempted else ""
    if line.reduced:
        return f"{begin}filed {channel}, so the resolution takes its share of {'the rest' if begin else 'it'}"
    return f"{begin}{_why_whole(row, channel)}"


def _why_whole(row: FeeRow, channel: Channel) -> str:
    if row.by_channel:
        return "its own table lists a price for each channel, which is never cut again"
    if row.kind not in CUTTABLE:
        return "a price, which a resolution on phí and lệ phí does not touch"
    if row.set_by is not SetBy.COUNCIL:
        return "fixed by the ministry, whose fees the council's resolution cannot cut"
    if channel is not Channel.ONLINE:
        return "as listed: only what is filed online is cut"
    return "as listed: no resolution in force on that day lists it"
