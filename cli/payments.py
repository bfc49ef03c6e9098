"""Commands on money: the graph, what a dossier has paid, one payment for several, refunds."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import typer
from rich.table import Table

from activities.ports import Refused
from adapters.payments import Bill
from adapters.providers import platform_of
from adapters.settings import load_settings
from adapters.together import PaymentTogether, pay_together
from adapters.transfers import transfer_code
from adapters.vietqr_image import vietqr_png
from adapters.views import money
from adapters.wiring import open_entrance
from cli.console import JSON, leave, run, show_json, write_file
from cli.console import money as spelled
from cli.dossiers import OPERATOR, open_door, read_model
from cli.terminal import instant, say, show_table
from domain.errors import Invalid
from domain.payments import graph as drawn
from schema.submissions import ActorBody, ApprovalBody, RefundBody

payment = typer.Typer(help="Attempts, debits and receipts.", no_args_is_help=True)
refund = typer.Typer(help="Money that goes back.", no_args_is_help=True)

_OPTIONS = {
    "Idempotency-Key": "--id",
    "actor": "--officer",
    "actor.role": "--role",
    "actor.officer": "--officer",
    "transaction": "--transaction",
    "amount": "--amount",
}
_ROLE = typer.Option("leader", help="clerk or leader.")
_UNIT = typer.Option(None, help="The unit of the officer.")
_OFFICER = typer.Option(help="The officer's id; kept sealed.")
_ID = typer.Option(None, "--id", help="To repeat one (default: a new one).")


@payment.command()
def graph() -> None:
    """Draw the states of an attempt and of a refund, for Graphviz (`| dot -Tsvg`)."""
    typer.echo(drawn())
    leave()


@payment.command("show")
def show_payments(dossier: UUID = typer.Argument(help="The dossier's id."), as_json: bool = JSON) -> None:
    """Show every attempt to collect a dossier's fee, and every debit with its receipt and its refund."""

    async def work() -> dict[str, Any]:
        async with open_door() as door:
            attempts, debits = await door.refunds.of(dossier)
            return money(attempts, debits)

    found = run(work())
    show_json(found) if as_json else _print(found)
    leave()


_VIETQR = {"bin": "MOTCUA_VIETQR_BIN", "number": "MOTCUA_VIETQR_ACCOUNT", "name": "MOTCUA_VIETQR_NAME"}
"""The settings behind the fields of an account."""


@payment.command()
def vietqr(
    dossier: str = typer.Argument(help="Id or code."),
    out: Path | None = typer.Option(None, help="Draw the code into this PNG file."),
) -> None:
    """Print the text of the VietQR code by which a dossier's fee is transferred at the counter, or draw it."""

    async def work() -> tuple[str, str]:
        settings = load_settings()
        async with open_entrance(settings, "cli") as entrance:
            case = (await entrance.door.look_up(dossier)).case
            code = transfer_code(settings, case)
            return code, f"{spelled(case.fee_total)} to {settings.vietqr_account}, {settings.vietqr_name}"

    text, told = run(work(), _VIETQR)
    if out is None:
        say(text)
    else:
        write_file(out, vietqr_png(text))
        say(f"{out}: {told}")
    leave()


@payment.command()
def bill(
    reference: str = typer.Argument(help="The attempt that was paid, as `motcua payment show` names it."),
    out: Path = typer.Option(help="Write the PDF to this file."),
) -> None:
    """Fetch the platform's own receipt of a paid order."""

    async def work() -> Bill:
        async with httpx.AsyncClient(timeout=30) as http:
            try:
                return await platform_of(load_settings(), http).bill(reference)
            except Refused as error:
                raise Invalid(str(error), field="reference", remedy="name an attempt that was paid there") from None

    fetched = run(work(), {"reference": "REFERENCE"})
    write_file(out, fetched.content)
    say(f"{out}: bill {fetched.number}")
    leave()


@payment.command()
def together(
    file: Path = typer.Argument(help="The payment and its rows, as JSON (docs/payments.md)."),
    id_: UUID | None = _ID,
    as_json: bool = JSON,
) -> None:
    """Take one payment at the counter for several dossiers, with a row for each."""
    paid = read_model(file, PaymentTogether)

    async def work() -> dict[UUID, Any]:
        async with open_door() as door:
            return await pay_together(door, OPERATOR, id_ or uuid4(), paid)

    answers = run(work(), {"Idempotency-Key": "--id"})
    rows = [{"dossier": str(dossier), "type": str(each.type) if each else None} for dossier, each in answers.items()]
    if as_json:
        show_json(rows)
    else:
        say("\n".join(f"{row['dossier']}  {row['type'] or 'not known yet'}" for row in rows))
    leave(3 if None in answers.values() else 0)


@refund.command("list")
def list_refunds(as_json: bool = JSON) -> None:
    """List refunds that wait for an approval, are under way, or were refused by the provider."""

    async def work() -> list[dict[str, Any]]:
        async with open_door() as door:
            return [dict(row) for row in await door.refunds.open_ones(1000)]

    rows = run(work())
    if as_json:
        show_json([{name: str(value) for name, value in row.items()} for row in rows])
    else:
        table = Table("asked", "refund", "dossier", "đồng", "ground", "state")
        for row in rows:
            named = (row["reference"], str(row["dossier"]), f"{row['amount']:,}", row["ground"], row["state"])
            table.add_row(instant(row["asked_at"].isoformat()), *named)
        show_table(table) if rows else say("no refund is open")
    leave()


@refund.command()
def ask(
    dossier: UUID = typer.Argument(help="The dossier's id."),
    provider: str = typer.Option(help="platform, vnpay or counter."),
    transaction: str = typer.Option(help="The debit, as `motcua payment show` names it."),
    amount: int = typer.Option(help="The whole amount, in đồng."),
    reason: str = typer.Option(help="Why; kept sealed."),
    officer: str = _OFFICER,
    role: str = _ROLE,
    unit: str | None = _UNIT,
    id_: UUID | None = _ID,
) -> None:
    """Ask to give a fee back, whole; another officer lets it go."""
    actor = {"role": role, "unit": unit, "officer": officer}
    facts = {"provider": provider, "transaction": transaction, "amount": amount, "reason": reason, "actor": actor}
    body = read_model(facts, RefundBody)

    async def work() -> str:
        async with open_door() as door:
            return await door.refunds.ask(OPERATOR, dossier, id_ or uuid4(), body, door.now())

    say(f"{run(work(), _OPTIONS)}: asked; another officer approves it")
    leave()


@refund.command()
def approve(
    dossier: UUID = typer.Argument(help="The dossier's id."),
    reference: str = typer.Argument(help="The refund, as `motcua refund list` names it."),
    officer: str = _OFFICER,
    role: str = _ROLE,
    unit: str | None = _UNIT,
    reason: str | None = typer.Option(None, help="Anything to say; kept sealed."),
    id_: UUID | None = _ID,
) -> None:
    """Let a refund go; at the counter, say that the money was handed over."""
    chosen = id_ or uuid4()
    body = ApprovalBody(actor=read_model({"role": role, "unit": unit, "officer": officer}, ActorBody), reason=reason)

    async def work() -> Any:
        async with open_door() as door:
            return await door.refunds.approve(OPERATOR, dossier, reference, chosen, body, door.now())

    answered = run(work(), _OPTIONS)
    say(f"{answered.type}, version {answered.sequence}" if answered else f"not known yet; repeat with --id {chosen}")
    leave(0 if answered else 3)


def _print(found: dict[str, Any]) -> None:
    for row in found["attempts"]:
        say(f"attempt {row['number']}  {row['provider']}  {spelled(row['amount'])}  {row['state']}  {row['reference']}")
    for row in found["payments"]:
        issued = row["receipt"]
        receipt = f"receipt {issued['series']} {issued['number']:07d}" if issued else "no receipt"
        back = f", refund {row['refund']['state']} ({row['refund']['ground']})" if row["refund"] else ""
        say(f"{row['use']}  {row['means']}  {spelled(row['amount'])}  {row['transaction']}  {receipt}{back}")
    if not found["attempts"] and not found["payments"]:
        say("nothing was paid, and nothing ordered")


def register(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.add_typer(payment, name="payment")
    app.add_typer(refund, name="refund")
