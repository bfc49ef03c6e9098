"""The index of Decision 766 from the command line: every figure names its dossiers."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from domain.instants import civil_date
from tests.office import Office


def test_the_index_names_who_was_on_time_and_who_was_asked_twice(office: Office) -> None:
    """Finished at once: on time. Asked for papers at the counter and again by the office: overdue all the same."""
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
    day = civil_date(datetime.now(UTC)).isoformat()
    told = json.loads(office.stack.run("starter.py", "punctuality", "--from", day, "--to", day, "--json"))
    grounds = {row["dossier"]: row["ground"] for row in told["dossiers"]}

    assert grounds[quick] == "in_time"
    assert grounds[asked] == "asked_again"
    assert sum(told["counts"].values()) == len(told["dossiers"])
