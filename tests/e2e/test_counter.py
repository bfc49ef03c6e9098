"""A dossier from the counter to the returned result, over HTTP, on the running product."""

from __future__ import annotations

from tests.office import Office


def test_a_dossier_at_the_counter_with_cash_goes_from_submission_to_returned_result(office: Office) -> None:
    """Found complete, paid in cash, accepted with code and dates, forwarded, proposed, approved, returned."""
    dossier = office.submit()
    office.finish(dossier)
    found = office.show(dossier)

    assert found["status"] == 10
    assert found["closed"]
    assert [event["type"] for event in found["events"]] == [
        "dossier.submitted",
        "dossier.found_complete",
        "payment.received",
        "dossier.accepted",
        "dossier.forwarded",
        "step.proposed",
        "dossier.approved",
        "result.returned",
    ]
