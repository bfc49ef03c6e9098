"""Commands of the treasurer: statements, the rows behind their figures, and the cashier's end-of-day closing."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import typer
from pydantic import ValidationError
from rich.table import Table

from adapters.door import Door
from adapters.statement_rows import Row
from adapters.statement_sheets import write_csv, write_rows_csv, write_xlsx
from adapters.statement_views import read_cursor, rows_shown, shown
from adapters.statements import EVERYTHING, Statement
from cli.console import JSON, leave, run, show_json
from cli.console import money as spelled
from cli.dossiers import OPERATOR, open_door
from cli.terminal import instant, say, show_table
from domain.closings import parse_counted
from domain.errors import Invalid
from domain.fees import FeeKind
from domain.instants import parse_instant
from domain.periods import Period, parse_period
from domain.procedures import Channel
from domain.statements import By, Filters, Movement, Way, What, parse_by
from schema.closings import Closing, ClosingBody

statement = typer.Typer(
    help="What a period brought, and the payments behind every figure.", invoke_without_command=True
)

_OPTIONS = {
    "instant": "--as-of",
    "cursor": "--after",
    "Idempotency-Key": "--id",
    **{name: f"--{name.replace('_', '-')}" for name in (*ClosingBody.model_fields, "period", "by", "fee", "kind")},
}
_PAGE = 1_000

_PERIOD = typer.Option(None, help="2026-11, 2026-Q4, 2026-11-26 or 2026.")
_UNIT = typer.Option(None, help="The one-stop that collected.")
_FEE = typer.Option(None, help="The code of a fee.")
_KIND = typer.Option(None, help="Which kind of amount.")
_CHANNEL = typer.Option(None, help="How the dossier was filed.")
_MEANS = typer.Option(None, help="How the money came.")
_AS_OF = typer.Option(None, "--as-of", help="As it was known at this instant, ISO 8601 (default: now).")
_CSV = typer.Option(None, "--csv", help="Write CSV to this file: UTF-8 with BOM, cells apart by ';'.")


@statement.callback()
def tell(
    context: typer.Context,
    period: str | None = _PERIOD,
    unit: str | None = _UNIT,
    fee: str | None = _FEE,
    kind: FeeKind | None = _KIND,
    channel: Channel | None = _CHANNEL,
    means: Way | None = _MEANS,
    by: str = typer.Option(",".join(EVERYTHING), help=f"Divide by {', '.join(By)}; several with commas."),
    as_of: str | None = _AS_OF,
    csv: Path | None = _CSV,
    xlsx: Path | None = typer.Option(None, help="Write totals and rows as a workbook to this file."),
    as_json: bool = JSON,
) -> None:
    """Tell what a period brought: collected, refunded, phí and lệ phí, kept and for the treasury."""
    if context.invoked_subcommand is not None:
        return
    filters = Filters(unit, fee, kind, channel, means)

    async def work() -> Statement:
        asked, division, at = _period(period), parse_by(by), _instant(as_of)
        fees: list[Row] = []
        surpluses: list[Row] = []

        def keep(what: What, row: Row) -> None:
            if xlsx:
                (fees if what is What.FEES else surpluses).append(row)

        async with open_door() as door:
            made = await door.statements.statement(asked, filters, by=division, as_of=at or door.now(), sink=keep)
        if csv:
            _written(csv, lambda: write_csv(csv, made))
        if xlsx:
            _written(xlsx, lambda: write_xlsx(xlsx, made, fees, surpluses))
        return made

    made = run(work(), _OPTIONS)
    show_json(shown(made)) if as_json else _print_statement(shown(made))
    leave()


@statement.command("rows")
def list_rows(
    period: str | None = _PERIOD,
    unit: str | None = _UNIT,
    fee: str | None = _FEE,
    kind: FeeKind | None = _KIND,
    channel: Channel | None = _CHANNEL,
    means: Way | None = _MEANS,
    what: What = typer.Option(What.FEES, help="Fees, surpluses that moved, or surpluses held at the end."),
    movement: Movement | None = typer.Option(None, help="Only what came, or only what went back."),
    after: str | None = typer.Option(None, help="Go on after a page: its 'next'."),
    limit: int = typer.Option(50, min=1, max=_PAGE, help="Rows of one page."),
    as_of: str | None = _AS_OF,
    csv: Path | None = _CSV,
    as_json: bool = JSON,
) -> None:
    """List the single payments and refunds behind a figure; to a file, all of them."""
    filters = Filters(unit, fee, kind, channel, means)

    async def work() -> list[Row]:
        asked, at = _period(period), _instant(as_of)
        options: dict[str, Any] = {"what": what, "movement": movement}
        async with open_door() as door:
            options["as_of"] = at or door.now()
            if csv is None:
                place = read_cursor(after)
                return await door.statements.rows(asked, filters, after=place, limit=limit, **options)
            found = await _all_rows(door, asked, filters, options)
        _written(csv, lambda: write_rows_csv(csv, found))
        return found[:limit]

    page = rows_shown(run(work(), _OPTIONS), limit)
    show_json(page) if as_json else _print_rows(page)
    leave()


def closing(
    unit: str = typer.Option(help="The one-stop."),
    cashier: str = typer.Option(help="The cashier's officer id, as in the commands that took the money; kept sealed."),
    day: str = typer.Option(help="The day that is closed, 2026-11-26."),
    counted: str = typer.Option(help="What was counted, in whole đồng."),
    means: str = typer.Option("cash", help="cash, transfer, card or post."),
    reason: str | None = typer.Option(None, help="A code, where it is not what the ledger says."),
    deposit_slip: str | None = typer.Option(None, help="Number of the deposit slip."),
    system: str | None = typer.Option(None, help="The calling system of those commands (default: this command line)."),
    closed_by: str | None = typer.Option(None, help="The officer who closes, where that is not the cashier."),
    corrects: UUID | None = typer.Option(None, help="The closing that this one stands for."),
    id_: UUID | None = typer.Option(None, "--id", help="The closing's id, to repeat one (default: a new one)."),
    as_json: bool = JSON,
) -> None:
    """Close a cashier's day: what was counted beside what the ledger says, the difference with its reason."""
    told = {"unit": unit, "cashier": cashier, "system": system, "day": day, "means": means, "reason": reason}
    told |= {"deposit_slip": deposit_slip, "closed_by": closed_by, "corrects": str(corrects) if corrects else None}

    async def work() -> Closing:
        body = _body({**told, "counted": parse_counted(counted)})
        async with open_door() as door:
            return await door.closings.close(OPERATOR.system, id_ or uuid4(), body, now=door.now())

    closed = run(work(), _OPTIONS)
    show_json(closed.model_dump(mode="json")) if as_json else _print_closing(closed)
    leave()


async def _all_rows(door: Door, period: Period, filters: Filters, options: dict[str, Any]) -> list[Row]:
    found: list[Row] = []
    while True:
        place = found[-1].place if found else None
        page = await door.statements.rows(period, filters, after=place, limit=_PAGE, **options)
        found += page
        if len(page) < _PAGE:
            return found


def _period(text: str | None) -> Period:
    if text is None:
        raise Invalid("for which period?", field="period", remedy="give 2026, 2026-Q4, 2026-11 or 2026-11-26")
    return parse_period(text)


def _instant(text: str | None) -> datetime | None:
    return None if text is None else parse_instant(text)


def _body(told: dict[str, Any]) -> ClosingBody:
    try:
        return ClosingBody.model_validate(told)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        raise Invalid(first["msg"], field=str(first["loc"][0]), remedy="correct it; see docs/money.md") from None


def _written(file: Path, write: Any) -> None:
    try:
        write()
    except OSError as error:
        raise Invalid(
            f"{file} cannot be written: {type(error).__name__}", field="FILE", remedy="name another file"
        ) from None


def _print_statement(found: dict[str, Any]) -> None:
    names = [
        name
        for name in ("unit", "fee", "name", "channel", "means", "day")
        if any(name in row for row in found["groups"])
    ]
    amounts = ("payments", "collected", "refunds", "refunded", "net", "phi", "le_phi", "kept", "treasury")
    table = Table(*names)
    for name in amounts:
        table.add_column(name, justify="right")
    for row in [*found["groups"], found["total"]]:
        place = [str(row.get(name, "")) for name in names]
        table.add_row(*place, *(f"{row[name]:,}".replace(",", ".") for name in amounts))
    show_table(table)
    say(f"{found['period']}, as of {instant(found['as_of'])}{'' if found['final'] else ', the period is not over'}")
    if surplus := found["surplus"]:
        say(
            f"surpluses apart: {spelled(surplus['received_amount'])} came, {spelled(surplus['returned_amount'])} went"
            f" back, {spelled(surplus['held_amount'])} held at the end"
        )


def _print_rows(page: dict[str, Any]) -> None:
    table = Table("at", "movement", "dossier", "provider", "transaction", "line", "fee", "receipt")
    table.add_column("amount", justify="right")
    for row in page["rows"]:
        receipt = f"{row['receipt']['series']} {row['receipt']['number']:07d}" if row["receipt"] else "—"
        place = (row["provider"], row["transaction"], str(row["position"] + 1), row["fee"] or "—", receipt)
        table.add_row(
            instant(row["at"]), row["movement"], row["code"] or row["dossier"], *place, spelled(row["amount"])
        )
    show_table(table)
    if page["next"]:
        say(f"more: --after {page['next']}")


def _print_closing(closed: Closing) -> None:
    say(f"{closed.id}: ledger {spelled(closed.ledger)} ({closed.payments} payments, {closed.refunds} refunds)")
    reason = f" ({closed.reason})" if closed.reason else ""
    say(f"counted {spelled(closed.counted)}, difference {spelled(closed.difference)}{reason}")
    for each in closed.exceptions:
        name = f"{each.movement} {each.transaction} of {each.code or each.dossier}"
        say(f"exception: {name}: {spelled(each.amount)}, {_WHY[each.part]}")


_WHY = {"late": "entered into a closed day", "nobody": "entered without a cashier"}


def register(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.add_typer(statement, name="statement")
    app.command()(closing)
