"""Why this date, from outside: over HTTP and from the command line, in both languages, on the running product."""

from __future__ import annotations

import json
from itertools import pairwise

from deploy.embedded.stack import Stack
from tests.office import COMMUNE, Office


def test_a_dossier_explains_itself_over_http_and_on_the_command_line(stack: Stack, office: Office) -> None:
    """One dossier taken to its result: the same facts and sentences through both faces, Vietnamese unless asked."""
    dossier = office.submit()
    office.finish(dossier)
    code = office.show(dossier)["code"]

    found = office.http.get(f"/v1/dossiers/{code}/explanation").json()
    english = office.http.get(f"/v1/dossiers/{code}/explanation", headers={"Accept-Language": "en-GB"})
    printed = stack.run("starter.py", "explain", code)
    printed_english = stack.run("starter.py", "explain", dossier, "--lang", "en")
    as_json = json.loads(stack.run("starter.py", "explain", dossier, "--json"))

    assert english.headers["Content-Language"] == "en"
    assert {clock["clock"] for clock in found["clocks"]} >= {"forwarding", "promised", "statutory", "step"}
    segments = found["ledger"]["segments"]
    assert segments[0]["from"] == found["submitted_at"]
    assert all(one["to"] == other["from"] for one, other in pairwise(segments))
    for body, text in ((found, printed), (english.json(), printed_english)):
        appointment = next(section for section in body["sections"] if section["key"] == "appointment")
        assert appointment["title"] in text
        assert all(line in text for line in appointment["lines"])
    assert "Ngày hẹn trả kết quả" in printed
    assert "on time" in printed_english
    assert as_json["appointments"] == found["appointments"]
    assert as_json["ledger"] == found["ledger"]


def test_what_was_known_earlier_can_be_asked(office: Office) -> None:
    """As of its acceptance the dossier was not forwarded yet; before its filing there is nothing to explain."""
    dossier = office.submit()
    office.finish(dossier)
    accepted = next(e for e in office.show(dossier)["events"] if e["type"] == "dossier.accepted")["occurred_at"]

    def ask(as_of: str) -> tuple[int, dict[str, object]]:
        answer = office.http.get(f"/v1/dossiers/{dossier}/explanation", params={"as_of": as_of})
        return answer.status_code, answer.json()

    status, found = ask(accepted)
    assert (status, found["status"], found["held_by"]) == (200, 2, [COMMUNE])
    status, problem = ask("2024-01-01T00:00:00+07:00")
    assert (status, problem["field"]) == (422, "as_of")
