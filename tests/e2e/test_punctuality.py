"""The index of Decision 766 from outside: every figure names its dossiers, at the gateway and on the command line."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import httpx
import pytest

from deploy.embedded.stack import Stack
from domain.instants import civil_date
from tests.office import COMMUNE, Json, Office

HOUSEHOLD = "1.001612"


@pytest.fixture(scope="module")
def told(office: Office) -> dict[str, str]:
    """Finished at once; and asked for papers at the counter and again by the office, which is still at work."""
    quick, asked = (office.submit() for _ in range(2))
    office.finish(quick)
    components = {"components": ["giay-de-nghi"]}
    office.do(asked, "request_supplement", data=components, reason="the form is missing")
    office.do(asked, "supplement", data=components)
    office.do(asked, "accept")
    office.do(asked, "pay", data={"amount": 100_000, "means": "cash"})
    office.do(asked, "forward")
    step = next(each for each in office.show(asked)["steps"] if each["due"])
    office.do(asked, "request_supplement", role="officer", unit=step["unit"], data=components, reason="and once more")
    return {"quick": quick, "asked": asked}


@pytest.fixture
def asked(told: dict[str, str]) -> Json:
    """The question about today, as of an instant after these stories."""
    now = datetime.now(UTC)
    day = civil_date(now).isoformat()
    return {"from": day, "to": day, "unit": COMMUNE, "procedure": HOUSEHOLD, "as_of": now.isoformat()}


def ask(office: Office, question: Json, path: str = "") -> httpx.Response:
    return office.http.get(f"/v1/punctuality{path}", params=question)


def test_the_gateway_counts_and_names_them(office: Office, told: dict[str, str], asked: Json) -> None:
    """Early the one, overdue and open the other; the pages behind a figure hold as many as it says, and no person."""
    answer = ask(office, asked)
    assert answer.status_code == 200, answer.text
    (figure,) = answer.json()["figures"]
    assert (figure["unit"], figure["procedure"]) == (COMMUNE, HOUSEHOLD)
    seen: dict[str, Json] = {}
    for outcome in ("early", "on_time", "late"):
        cursor: Json = {}
        while True:
            page = ask(office, {**asked, "outcome": outcome, "limit": 1, **cursor}, "/dossiers")
            assert "Nguyễn Thị Thử" not in page.text
            rows = page.json()["dossiers"]
            assert {row["outcome"] for row in rows} <= {outcome}
            seen |= {row["dossier"]: row for row in rows}
            if (following := page.json()["next"]) is None:
                break
            cursor = {"cursor": following}
        assert sum(row["outcome"] == outcome for row in seen.values()) == figure[outcome]

    assert (seen[told["quick"]]["ground"], seen[told["quick"]]["open"]) == ("in_time", False)
    assert (seen[told["asked"]]["ground"], seen[told["asked"]]["open"]) == ("asked_again", True)


def test_the_command_line_says_the_same(office: Office, told: dict[str, str], asked: Json) -> None:
    """Figures alone, with the dossiers behind them, and as text."""
    options = ("--from", asked["from"], "--to", asked["to"], "--unit", COMMUNE, "--procedure", HOUSEHOLD)
    with_dossiers = json.loads(office.stack.run("starter.py", "punctuality", *options, "--dossiers", "--json"))
    grounds = {row["dossier"]: row["ground"] for row in with_dossiers["dossiers"]}
    total = with_dossiers["total"]

    assert (grounds[told["quick"]], grounds[told["asked"]]) == ("in_time", "asked_again")
    assert total["early"] + total["on_time"] + total["late"] == len(grounds)
    assert "dossiers" not in json.loads(office.stack.run("starter.py", "punctuality", *options, "--json"))
    text = office.stack.run("starter.py", "punctuality", *options, "--dossiers")
    assert office.show(told["asked"])["code"] in text
    assert "late (asked_again, open)" in text


def test_what_cannot_be_is_refused(office: Office, stack: Stack, asked: Json) -> None:
    """With field and remedy, at both doors; and reading needs the right."""
    for field, wrong in (("to", {"to": "2020-01-01"}), ("unit", {"unit": "000.99"}), ("from", {"from": "hôm"})):
        refused = ask(office, {**asked, **wrong})
        assert refused.status_code == 422
        assert field in refused.json()["field"]
        assert refused.json()["remedy"]
        options = [
            part for name, value in {**asked, **wrong}.items() if name != "as_of" for part in (f"--{name}", value)
        ]
        with pytest.raises(Exception, match=f"field: --{field}"):
            stack.run("starter.py", "punctuality", *options)
    with Office.admitted(stack, "scanner", rights="submit") as scanner:
        assert ask(scanner, asked).status_code == 403
        assert ask(scanner, asked, "/dossiers").status_code == 403
