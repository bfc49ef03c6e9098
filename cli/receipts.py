"""Commands on receipts: set one on paper, verify, cancel and replace one, report on the use of a series."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import typer

from adapters.receipt_pdf import pdf as set_as_pdf
from adapters.receipts import Verified
from cli.console import JSON, leave, run, show_json, write_file
from cli.dossiers import OPERATOR, open_door, read_model
from cli.terminal import say
from domain.periods import parse_period
from domain.receipts import CancelReason, Copy, Usage, spelled_number
from schema.submissions import CancellationBody

receipt = typer.Typer(help="Electronic receipts.", no_args_is_help=True)

_OPTIONS = {
    "number": "NUMBER",
    "series": "SERIES",
    "tax_code": "--tax-code",
    "reason": "--reason",
    "officer": "--officer",
    "out": "--out",
}
_USAGE_OPTIONS = {"series": "--series", "quarter": "--quarter", "period": "--quarter"}
_SERIES = typer.Argument(help="The series, such as 000.00.61.H48-26E.")
_NUMBER = typer.Argument(help="The number, with or without its leading zeros.")


@receipt.command()
def pdf(
    series: str = _SERIES,
    number: int = _NUMBER,
    out: Path = typer.Option(help="Write the PDF to this file."),
    tax_code: str | None = typer.Option(None, help="Instead of the one that the catalogue has of the unit."),
    copy: Copy = typer.Option(Copy.GIVEN, help="The copy that is kept, or the one that is given."),
) -> None:
    """Set a receipt on paper, in force or cancelled."""

    async def work() -> bytes:
        async with open_door() as door:
            return set_as_pdf(await door.receipts.content(series, number, tax_code), copy)

    made = run(work(), _OPTIONS)
    write_file(out, made)
    say(f"{out}: {len(made)} bytes")
    leave()


@receipt.command()
def verify(
    code: str = typer.Argument(help="What the QR code of the receipt says."),
    as_json: bool = JSON,
) -> None:
    """Say whether a receipt was made here, and whether it is in force."""

    async def work() -> Verified:
        async with open_door() as door:
            return await door.receipts.verify(code)

    found = run(work(), {"code": "CODE", "number": "CODE"})
    told = {
        "series": found.code.series,
        "number": found.code.number,
        "amount": found.code.amount,
        "dossier": found.code.dossier,
        "day": found.day.isoformat(),
        "standing": found.standing,
        "replaced_by": found.cancelled_by_number,
    }
    if as_json:
        show_json(told)
    else:
        say("\n".join(f"{name:<12} {value}" for name, value in told.items() if value is not None))
    leave()


@receipt.command()
def cancel(
    series: str = _SERIES,
    number: int = _NUMBER,
    reason: str = typer.Option(help=f"One of: {', '.join(CancelReason)}."),
    officer: str = typer.Option(help="The officer's id; kept sealed."),
    as_json: bool = JSON,
) -> None:
    """Cancel a wrong receipt and issue the next number of its series for the same payment."""
    actor = {"role": "clerk", "unit": series.rpartition("-")[0] or None, "officer": officer or None}
    body = read_model({"actor": actor, "reason": reason}, CancellationBody)

    async def work() -> int:
        async with open_door() as door:
            return await door.receipts.cancel(OPERATOR.system, series, number, body, door.now())

    following = run(work(), _OPTIONS)
    if as_json:
        show_json({"series": series, "cancelled": number, "number": following})
    else:
        say(f"{series} {spelled_number(number)} is cancelled; {spelled_number(following)} stands in its place")
    leave()


@receipt.command("usage")
def report(
    series: str = typer.Option(help="The series, such as 000.00.61.H48-26E."),
    quarter: str = typer.Option(help="The quarter, such as 2026-Q4."),
    as_json: bool = JSON,
) -> None:
    """Report on the use of a series in a quarter, as the tax office wants it."""

    async def work() -> Usage:
        async with open_door() as door:
            return await door.receipts.usage(series, parse_period(quarter))

    found = run(work(), _USAGE_OPTIONS)
    show_json(_shown(series, found)) if as_json else _print(series, found)
    leave()


def _shown(series: str, found: Usage) -> dict[str, Any]:
    return {"series": series, **asdict(found), "quarter": found.quarter.name}


def _print(series: str, found: Usage) -> None:
    say(f"{series}  {found.quarter.name}  due by {found.due:%d/%m/%Y}")
    say(f"opening    {spelled_number(found.opening)}")
    say(f"issued     {len(found.issued)}")
    say(f"cancelled  {len(found.cancelled)}  {_listed(found.cancelled)}".rstrip())
    say(f"closing    {spelled_number(found.closing)}")
    say(f"gaps       {len(found.gaps)}  {_listed(found.gaps)}".rstrip())


def _listed(numbers: tuple[int, ...]) -> str:
    return ", ".join(spelled_number(number) for number in numbers)


def register(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.add_typer(receipt, name="receipt")
