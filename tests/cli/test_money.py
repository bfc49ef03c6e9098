"""The treasurer's commands against the running product: cash is taken, told, drilled down to, and closed."""

from __future__ import annotations

import json
import zipfile
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from deploy.embedded.stack import Stack
from tests.cli.test_bad_input import motcua
from tests.office import COMMUNE, Office


def asked(stack: Stack, *arguments: str) -> Any:
    """What a command answers, as JSON."""
    done = motcua(stack, *arguments, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_cash_is_told_and_closed(stack: Stack, office: Office, tmp_path: Path) -> None:
    """From the counter into the statement, its rows, a workbook and two CSV files, and the cashier's closing."""
    cashier, dossier = f"CB-{uuid4().hex[:8]}", office.submit()
    office.do(dossier, "accept")
    pay = ("--unit", COMMUNE, "--officer", cashier, "--data", '{"amount": 100000, "means": "cash"}')
    asked(stack, "command", dossier, "pay", *pay)
    paid_at = next(each for each in office.show(dossier)["events"] if each["type"] == "payment.received")["occurred_at"]
    day = paid_at[:10]

    chosen = ("--period", day, "--unit", COMMUNE, "--means", "cash")
    told = asked(
        stack, "statement", *chosen, "--by", "unit,fee", "--csv", f"{tmp_path}/t.csv", "--xlsx", f"{tmp_path}/t.xlsx"
    )
    rows = asked(stack, "statement", "rows", *chosen, "--limit", "1000", "--csv", f"{tmp_path}/r.csv")["rows"]
    ours = [row for row in rows if row["dossier"] == dossier]
    assert [(row["amount"], row["receipt"]["number"] > 0) for row in ours] == [(100_000, True)]
    in_ = [row["amount"] for row in rows if row["movement"] == "payment"]  # other tests of the stack give money back
    assert sum(in_) == told["total"]["collected"]
    assert sum(group["net"] for group in told["groups"]) == told["total"]["net"]
    assert zipfile.is_zipfile(tmp_path / "t.xlsx")
    lines = (tmp_path / "r.csv").read_text(encoding="utf-8-sig").splitlines()
    assert (len(lines), "Mã hồ sơ" in lines[0]) == (len(rows) + 1, True)
    assert (tmp_path / "t.csv").read_text(encoding="utf-8-sig").splitlines()[-1].startswith("Tổng cộng;")
    assert "100.000 đồng" in motcua(stack, "statement", "rows", *chosen).stdout

    closing = ("closing", "--unit", COMMUNE, "--cashier", cashier, "--day", day)
    refused = motcua(stack, *closing, "--counted", "99000")
    assert "field: --reason\n" in refused.stderr
    closed = asked(stack, *closing, "--counted", "99000", "--reason", "wrong_change", "--deposit-slip", "GNT-1")
    assert (closed["ledger"], closed["difference"], closed["reason"]) == (100_000, -1_000, "wrong_change")
    assert "field: --day\n" in motcua(stack, *closing, "--counted", "100000").stderr


TOMORROW = (datetime.now().astimezone() + timedelta(days=2)).date().isoformat()
CLOSING = ("closing", "--unit", COMMUNE, "--cashier", "CB-1", "--day")


@pytest.mark.parametrize(
    ("arguments", "field", "remedy"),
    [
        (("statement",), "--period", "2026-Q4"),
        (("statement", "--period", "2026-13"), "--period", "2026-Q4"),
        (("statement", "--period", "2026", "--by", "moon"), "--by", "channel"),
        (("statement", "--period", "2026", "--unit", "000.99"), "--unit", "catalogue"),
        (("statement", "--period", "2026", "--as-of", "now"), "--as-of", "ISO 8601"),
        (("statement", "--period", "2026", "--csv", "/no/such/folder/t.csv"), "FILE", "another file"),
        (("statement", "rows", "--period", "2026", "--after", "mine"), "--after", "next"),
        ((*CLOSING, "2026-11-26", "--counted=-1"), "--counted", "whole đồng"),
        ((*CLOSING, "2026-11-26", "--counted", "1.5"), "--counted", "whole đồng"),
        ((*CLOSING, "2026-11-26", "--counted", "0", "--means", "gold"), "--means", "docs/money.md"),
        ((*CLOSING, TOMORROW, "--counted", "0"), "--day", "or a day before it"),
    ],
)
def test_a_refusal_names_field_and_remedy(stack: Stack, arguments: tuple[str, ...], field: str, remedy: str) -> None:
    """On stderr, with nothing on stdout, and exit code 1."""
    done = motcua(stack, *arguments)

    assert (done.returncode, done.stdout) == (1, "")
    assert f"field: {field}\n" in done.stderr
    assert remedy in done.stderr.split("remedy: ", 1)[1]
