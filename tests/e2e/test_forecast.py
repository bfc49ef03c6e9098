"""The forecast from outside: what the gateway and the command line say of one commune whose papers lie about."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import httpx
import pytest

from adapters.catalogue_files import FOLDER, read_sound
from cli.demo_past import received_in_the_past
from deploy.embedded.stack import Stack
from domain.instants import VIETNAM
from tests.office import Json, Office, submission

COMMUNE, ECONOMY = "000.00.62.H48", "000.01.62.H48"
"""A commune that no other test fills."""
STORIES = 8
WEEK = timedelta(weeks=1)


class Past:
    """Papers of some weeks ago, entered now: everything carries its own instant."""

    def __init__(self, office: Office) -> None:
        self.office = office
        calendar = read_sound(FOLDER).calendar("state-office")
        self.start = received_in_the_past(datetime.now(VIETNAM) - 6 * WEEK, calendar)

    def do(self, dossier: str, name: str, at: datetime, unit: str = COMMUNE, **body: object) -> None:
        self.office.do(dossier, name, unit=unit, occurred_at=at.isoformat(), late=self.why(), **body)

    def why(self) -> Json:
        return {"reason": "mất mạng", "paper_number": "SVB-17"}

    def accepted(self, at: datetime) -> str:
        """Received on paper and paid in cash."""
        dossier = self.office.submit(submission(unit=COMMUNE, occurred_at=at.isoformat(), late=self.why()))
        self.do(dossier, "accept", at)
        self.do(dossier, "pay", at, data={"amount": 100_000, "means": "cash"})
        self.office.waits_for(dossier, "dossier.accepted")
        return dossier

    def slow(self, at: datetime) -> str:
        """Forwarded two weeks after it was accepted, though the term is three days; signed a week later."""
        dossier = self.accepted(at)
        self.do(dossier, "forward", at + 2 * WEEK)
        self.do(dossier, "propose", at + 3 * WEEK, role="officer", unit=ECONOMY, data={"step": "appraise"})
        self.do(dossier, "approve", at + 3 * WEEK + timedelta(hours=2), role="leader")
        return dossier


@pytest.fixture(scope="module")
def past(office: Office) -> Past:
    """Eight slow stories, all over by the time at which a ninth dossier is accepted."""
    past = Past(office)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(past.slow, [past.start - timedelta(days=7 * (number % 4)) for number in range(STORIES)]))
    return past


def ask(office: Office, **parameters: str) -> httpx.Response:
    return office.http.get("/v1/forecast", params=parameters)


def test_a_dossier_is_listed_before_any_rung_at_the_pace_of_its_offices(office: Office, past: Past) -> None:
    """Accepted half an hour ago where the papers lie for two weeks: late for certain, and the warning is days away."""
    accepted = past.start + 4 * WEEK
    dossier = past.accepted(accepted)
    as_of = (accepted + timedelta(minutes=30)).isoformat()
    answer = ask(office, unit=COMMUNE, as_of=as_of)

    assert answer.status_code == 200, answer.text
    (row,) = answer.json()["dossiers"]
    assert (row["dossier"], row["held_by"], row["probability"]) == (dossier, [COMMUNE], 1.0)
    assert as_of < row["first_rung"] < row["appointment"] < row["expected_end"]
    assert f"({STORIES} lượt trong 60 ngày qua)" in row["reason"]
    assert "Nguyễn Thị Thử" not in answer.text

    printed = office.stack.run("starter.py", "forecast", "--unit", COMMUNE, "--as-of", as_of, "--json")
    assert json.loads(printed) == answer.json()
    read = office.stack.run("starter.py", "forecast", "--unit", COMMUNE, "--as-of", as_of)
    assert row["reason"] in read
    assert "1 of 1 open dossiers" in read


def test_the_threshold_and_the_unit_decide_who_is_listed(office: Office, past: Past) -> None:
    """Another unit has none of them; what cannot be is refused with field and remedy."""
    as_of = (past.start + 4 * WEEK + timedelta(hours=1)).isoformat()

    assert ask(office, unit="000.00.03.H48", as_of=as_of).json()["dossiers"] == []
    for field, wrong in (("unit", {"unit": "000.99"}), ("threshold", {"threshold": "2"}), ("as_of", {"as_of": "hôm"})):
        refused = ask(office, **wrong)
        assert refused.status_code == 422
        assert field in refused.json()["field"]
        assert refused.json()["remedy"]


def test_reading_needs_the_right(stack: Stack) -> None:
    """As for listing."""
    with Office.admitted(stack, "scanner", rights="submit") as scanner:
        assert ask(scanner).status_code == 403


@pytest.mark.parametrize("option, value", [("--unit", "000.99"), ("--threshold", "7"), ("--as-of", "hôm qua")])
def test_the_command_line_names_the_option(stack: Stack, option: str, value: str) -> None:
    """A refusal says which option to mend."""
    with pytest.raises(Exception, match=f"field: {option}"):
        stack.run("starter.py", "forecast", option, value)
