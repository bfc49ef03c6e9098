"""Commands on receipts: set one on paper, cancel and replace one, report on the use of a series."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import typer

from adapters.receipt_pdf import pdf as set_as_pdf
from adapters.receipts import open_receipts
from adapters.settings import load_settings
from adapters.wiring import utc_now
from cli.console import JSON, leave, run, show_json
from cli.dossiers import OPERATOR, read_model
from cli.terminal import say
from domain.errors import Invalid
from domain.periods import parse_period
from domain.receipts import CancelReason, Usage, spelled_number
from schema.submissions import ActorBody

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
    tax_code: str = typer.Option(help="The tax code of the office that collected."),
) -> None:
    """Set a receipt on paper, in force or cancelled."""

    async def work() -> int:
        async with open_receipts(load_settings()) as receipts:
            return _written(out, set_as_pdf(await receipts.content(series, number, tax_code)))

    say(f"{out}: {run(work(), _OPTIONS)} bytes")
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
    actor = read_model({"role": "clerk", "officer": officer or None}, ActorBody)

    async def work() -> int:
        async with open_receipts(load_settings()) as receipts:
            pseudonym = await receipts.officer(OPERATOR.system, actor)
            return await receipts.cancel(series, number, reason, pseudonym, utc_now())

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
        async with open_receipts(load_settings()) as receipts:
            return await receipts.usage(series, parse_period(quarter))

    found = run(work(), _USAGE_OPTIONS)
    show_json(_shown(series, found)) if as_json else _print(series, found)
    leave()


def _written(out: Path, made: bytes) -> int:
    try:
        return out.write_bytes(made)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise Invalid(f"{out}: {reason}", field="out", remedy="name a file that can be written") from None


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
