"""Commands on money at the running product: the graph, the code of a transfer, the platform's own bill."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from deploy.embedded.stack import Stack
from domain.payments import ATTEMPT_MOVES, REFUND_MOVES
from domain.vietqr import Account, payload
from tests.adapters.pictures import codes_in
from tests.cli.test_bad_input import motcua
from tests.office import Office, eventually, submission

VIETQR = {"MOTCUA_VIETQR_BIN": "970436", "MOTCUA_VIETQR_ACCOUNT": "0011000000001", "MOTCUA_VIETQR_NAME": "KBNN THU"}


def test_the_graph_is_drawn_from_the_tables(stack: Stack) -> None:
    """Every state and every move, for Graphviz."""
    drawn = motcua(stack, "payment", "graph").stdout
    assert drawn.startswith("digraph payment {")
    assert drawn.count(" -> ") == sum(len(ways) for moves in (ATTEMPT_MOVES, REFUND_MOVES) for ways in moves.values())


def test_the_code_of_a_transfer(stack: Stack, office: Office, tmp_path: Path) -> None:
    """What the dossier owes, to the account of the settings: as text, and as a picture that a reader reads."""
    dossier = office.submit()
    wanted = payload(Account("970436", "0011000000001", "KBNN THU"), 100_000, f"HS {dossier.replace('-', '')}"[:25])
    assert motcua(stack, "payment", "vietqr", dossier, **VIETQR).stdout.strip() == wanted
    drawn = tmp_path / "code.png"
    told = motcua(stack, "payment", "vietqr", dossier, "--out", str(drawn), **VIETQR).stdout
    assert told.endswith("100.000 đồng to 0011000000001, KBNN THU\n")

    assert codes_in(drawn.read_bytes()) == [wanted]


def test_no_code_without_an_account_or_a_debt(stack: Stack, office: Office) -> None:
    """Said with the settings to make, and for a free dossier that nothing is owed."""
    bare = motcua(stack, "payment", "vietqr", office.submit())
    assert (bare.returncode, "MOTCUA_VIETQR_ACCOUNT" in bare.stderr) == (1, True)
    wrong = motcua(stack, "payment", "vietqr", office.submit(), **{**VIETQR, "MOTCUA_VIETQR_BIN": "97"})
    assert (wrong.returncode, "field: MOTCUA_VIETQR_BIN\n" in wrong.stderr) == (1, True)
    free = motcua(stack, "payment", "vietqr", office.submit(submission("1.001193")), **VIETQR)
    assert (free.returncode, "owes nothing" in free.stderr) == (1, True)


def test_the_platform_s_own_bill(stack: Stack, office: Office, tmp_path: Path) -> None:
    """Of an order that was paid; one that nobody paid has none."""
    online = {"channel": "online", "return_method": "online", "components": [{"component": "giay-de-nghi"}]}
    dossier = office.submit(submission(**online))
    office.do(dossier, "accept")
    payment = eventually(lambda: (office.show(dossier)["payment"] or {}).get("url") and office.show(dossier)["payment"])
    file = tmp_path / "bill.pdf"
    unpaid = motcua(stack, "payment", "bill", payment["reference"], "--out", str(file))
    assert (unpaid.returncode, file.exists()) == (1, False), unpaid.stderr
    httpx.post(payment["url"], params={"outcome": "success"}).raise_for_status()
    paid = motcua(stack, "payment", "bill", payment["reference"], "--out", str(file))

    assert paid.returncode == 0, paid.stderr
    assert file.read_bytes().startswith(b"%PDF")


@pytest.mark.parametrize("words", [("payment", "show", "no-id"), ("refund", "approve", "no-id", "x", "--officer", "o")])
def test_a_wrong_id_is_named(stack: Stack, words: tuple[str, ...]) -> None:
    """The command line says which argument it is."""
    done = motcua(stack, *words)
    assert (done.returncode, "'dossier'" in done.stderr) == (2, True), done.stderr
