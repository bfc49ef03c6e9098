"""Money on the running product: at the counter, for several dossiers at once, and back again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from deploy.embedded.stack import Stack
from tests.office import COMMUNE, Office, eventually, submission


def paid_in_cash(office: Office) -> tuple[str, dict[str, Any]]:
    """A dossier whose fee was paid at the counter, and its debit."""
    dossier = office.submit()
    office.do(dossier, "accept")
    office.do(dossier, "pay", data={"amount": 100_000, "means": "cash"}, officer="cashier-1")
    (payment,) = shown(office, dossier)["payments"]
    return dossier, payment


def shown(office: Office, dossier: str) -> dict[str, Any]:
    answer = office.http.get(f"/v1/dossiers/{dossier}/payments")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def refund(office: Office, dossier: str, payment: dict[str, Any], id_: str = "", **changes: Any) -> Any:
    """Ask to give a debit back."""
    body = {
        "actor": {"role": "leader", "unit": COMMUNE, "officer": "head-1"},
        "provider": payment["provider"],
        "transaction": payment["transaction"],
        "amount": payment["amount"],
        "reason": "collected by mistake",
        **changes,
    }
    return office.http.post(
        f"/v1/dossiers/{dossier}/refunds", json=body, headers={"Idempotency-Key": id_ or str(uuid4())}
    )


def approve(office: Office, dossier: str, reference: str, officer: str, role: str = "leader") -> Any:
    return office.http.post(
        f"/v1/dossiers/{dossier}/refunds/{reference}/approval",
        json={"actor": {"role": role, "unit": COMMUNE, "officer": officer}},
        headers={"Idempotency-Key": str(uuid4())},
    )


def test_a_payment_has_a_receipt_and_a_row_of_its_own(office: Office) -> None:
    """What was paid, how, and under which receipt: over HTTP and on the command line alike."""
    dossier, payment = paid_in_cash(office)

    assert (payment["provider"], payment["means"], payment["amount"], payment["use"]) == (
        *("counter", "cash"),
        *(100_000, "fee"),
    )
    assert payment["receipt"]["number"] >= 1
    told = json.loads(office.stack.run("starter.py", "payment", "show", dossier, "--json"))
    assert told == shown(office, dossier)


def test_a_fee_goes_back_by_four_eyes(office: Office) -> None:
    """Asked by one officer, let go by another, for a dossier that is closed; asked once more it is refused."""
    dossier, payment = paid_in_cash(office)
    office.do(dossier, "forward")
    office.review(dossier)
    office.do(dossier, "return", data={"method": "counter"})
    id_ = str(uuid4())
    asked = refund(office, dossier, payment, id_)
    assert asked.status_code == 202, asked.text
    assert refund(office, dossier, payment, id_).json() == asked.json()
    assert refund(office, dossier, payment, id_, reason="another").status_code == 409
    reference = asked.json()["refund"]
    eventually(lambda: shown(office, dossier)["payments"][0]["refund"])
    same = approve(office, dossier, reference, "head-1")
    assert (same.status_code, same.json()["field"]) == (403, "actor.officer")
    assert approve(office, dossier, reference, "head-2").status_code == 200
    eventually(lambda: shown(office, dossier)["payments"][0]["refund"]["state"] == "refunded")

    again = refund(office, dossier, payment)
    assert (again.status_code, again.json()["field"]) == (409, "transaction")
    assert [type_ for type_ in office.types(dossier) if "refund" in type_] == [
        "refund.asked",
        "refund.approved",
        "payment.refunded",
    ]


@pytest.mark.parametrize(
    "changes, status, field",
    [
        ({"amount": 100_001}, 422, "amount"),
        ({"amount": 1}, 422, "amount"),
        ({"amount": -5}, 422, "amount"),
        ({"amount": 100_000.5}, 422, "amount"),
        ({"transaction": "nothing-of-the-kind"}, 404, "transaction"),
        ({"transaction": "\0"}, 404, "transaction"),
        ({"actor": {"role": "officer", "unit": COMMUNE, "officer": "o"}}, 403, "actor"),
        ({"actor": {"role": "leader", "unit": COMMUNE}}, 403, "actor"),
        ({"reason": ""}, 422, "reason"),
        ({"currency": "USD"}, 422, "currency"),
    ],
)
def test_a_refund_that_is_wrong_moves_nothing(office: Office, changes: dict[str, Any], status: int, field: str) -> None:
    """More than was paid, a part, nothing, by nobody: refused with the field, and no money moves."""
    dossier, payment = paid_in_cash(office)
    answer = refund(office, dossier, payment, **changes)

    assert (answer.status_code, answer.json()["field"]) == (status, field), answer.text
    assert answer.json()["remedy"]
    assert shown(office, dossier)["payments"] == [payment]


def waiting(office: Office) -> str:
    dossier = office.submit()
    office.do(dossier, "accept")
    return dossier


def together(office: Office, dossiers: list[str], id_: str = "", **changes: Any) -> Any:
    rows = [{"dossier": each, "amount": 100_000} for each in dossiers]
    body = {
        "actor": {"role": "clerk", "unit": COMMUNE, "officer": "cashier-1"},
        "means": "transfer",
        "document": "CK-2026-1188",
        "amount": 100_000 * len(rows),
        "rows": rows,
        **changes,
    }
    return office.http.post("/v1/payments", json=body, headers={"Idempotency-Key": id_ or str(uuid4())})


def test_one_payment_for_several_dossiers(office: Office) -> None:
    """One transfer, three rows: each dossier has its debit under the same paper; sent again, nothing is taken twice."""
    dossiers, id_ = [waiting(office) for _ in range(3)], str(uuid4())
    taken = together(office, dossiers, id_)
    assert taken.status_code == 200, taken.text
    assert together(office, dossiers, id_).json() == taken.json()

    for each in dossiers:
        (payment,) = shown(office, each)["payments"]
        assert (payment["means"], payment["document"], payment["amount"]) == ("transfer", "CK-2026-1188", 100_000)
    numbers = [shown(office, each)["payments"][0]["receipt"]["number"] for each in dossiers]
    assert len(set(numbers)) == 3


@pytest.mark.parametrize(
    "changes, field",
    [
        ({"amount": 250_000}, "amount"),
        ({"amount": 0}, "amount"),
        ({"means": "barter"}, "means"),
        ({"document": "Nguyễn Văn A"}, "document"),
        ({"document": "012345678901"}, "document"),
    ],
)
def test_a_payment_that_does_not_add_up_takes_nothing(office: Office, changes: dict[str, Any], field: str) -> None:
    """The rows are the payment, to the đồng, or nothing is taken."""
    dossiers = [waiting(office) for _ in range(2)]
    answer = together(office, dossiers, **changes)

    assert (answer.status_code, answer.json()["field"]) == (422, field), answer.text
    assert [shown(office, each)["payments"] for each in dossiers] == [[], []]


def test_a_row_that_is_not_owed_takes_nothing_of_the_others(office: Office) -> None:
    """One dossier that owes nothing stops the whole payment, and is named."""
    owing, paid = waiting(office), paid_in_cash(office)[0]
    answer = together(office, [owing, paid])

    assert (answer.status_code, answer.json()["field"]) == (422, "rows.1.amount"), answer.text
    assert shown(office, owing)["payments"] == []


@pytest.mark.parametrize("amount", [0, -100_000, 100_000.5, 99_999, 10**15, "100000"])
def test_an_amount_that_is_not_the_fee_is_no_payment(office: Office, amount: Any) -> None:
    """Negative, fractional, huge, or simply not what is owed."""
    dossier = waiting(office)
    answer = office.post(dossier, "pay", data={"amount": amount, "means": "cash"})

    assert (answer.status_code, answer.json()["field"]) == (422, "data.amount"), answer.text
    assert shown(office, dossier)["payments"] == []


def test_a_counter_payment_needs_the_right(office: Office) -> None:
    """A calling system that may not speak for a clerk takes no money."""
    with Office.admitted(office.stack, "portal", "submit,command,read", "applicant") as portal:
        dossier = portal.submit(submission())
        office.do(dossier, "accept")
        answer = portal.post(dossier, "pay", data={"amount": 100_000, "means": "cash"})
    assert (answer.status_code, answer.json()["field"]) == (403, "actor.role")


def test_a_waiver_needs_reason_and_basis(office: Office) -> None:
    """An officer lets the fee go, with both; the dossier is accepted, and the story says who did it."""
    dossier = waiting(office)
    bare = office.post(dossier, "waive")
    assert (bare.status_code, bare.json()["field"]) == (422, "reason")
    office.do(dossier, "waive", reason="flood relief", legal_basis="NQ 99/2026/NQ-HĐND", officer="cashier-1")
    found = office.waits_for(dossier, "dossier.accepted")

    assert found["finance"] == "waived"
    assert shown(office, dossier)["payments"] == []


@pytest.fixture(scope="module")
def treasury(stack: Stack) -> Iterator[Office]:
    """A calling system that may see money and dossiers, and speak for clerks and leaders."""
    with Office.admitted(stack, "treasury", rights="money,read", roles="clerk,leader") as office:
        yield office


def cancel(office: Office, receipt: dict[str, Any], **changes: Any) -> Any:
    body = {"actor": {"role": "clerk", "unit": COMMUNE, "officer": "CB-9"}, "reason": "misprint"} | changes
    return office.http.post(f"/v1/receipts/{receipt['series']}/{receipt['number']}/cancellation", json=body)


def test_a_receipt_is_set_on_paper_cancelled_and_replaced(office: Office, treasury: Office) -> None:
    """Over HTTP; a wrong one is answered by the next number, and the same again is refused."""
    dossier, payment = paid_in_cash(office)
    receipt = payment["receipt"]
    page = treasury.http.get(
        f"/v1/receipts/{receipt['series']}/{receipt['number']}", params={"tax_code": "4000123456", "copy": "kept"}
    )
    assert (page.status_code, page.headers["content-type"], page.content[:5]) == (200, "application/pdf", b"%PDF-")

    done = cancel(treasury, receipt)
    assert (done.status_code, done.json()["cancelled"]) == (201, receipt["number"]), done.text
    assert shown(office, dossier)["payments"][0]["receipt"]["number"] == done.json()["number"]
    again = cancel(treasury, receipt)
    assert (again.status_code, again.json()["field"]) == (409, "number")


@pytest.mark.parametrize(
    ("changes", "status", "field"),
    [
        ({"reason": "rain"}, 422, "reason"),
        ({"actor": {"role": "officer", "unit": COMMUNE, "officer": "CB-9"}}, 403, "actor.role"),
        ({"actor": {"role": "clerk", "unit": "000.00.63.H48", "officer": "CB-9"}}, 403, "actor"),
        ({"actor": {"role": "clerk", "unit": COMMUNE}}, 422, "officer"),
    ],
)
def test_a_receipt_is_not_cancelled_by_anybody(
    office: Office, treasury: Office, changes: dict[str, Any], status: int, field: str
) -> None:
    """Refused with field and remedy; the receipt stands."""
    dossier, payment = paid_in_cash(office)
    answer = cancel(treasury, payment["receipt"], **changes)

    assert (answer.status_code, answer.json()["field"]) == (status, field), answer.text
    assert shown(office, dossier)["payments"][0]["receipt"] == payment["receipt"]


def test_receipts_and_discrepancies_need_the_right_money(office: Office) -> None:
    """Whoever drives dossiers has no say in the treasurer's books."""
    _, payment = paid_in_cash(office)
    nobody = f"/v1/discrepancies/{uuid4()}/closing"
    closing = {"actor": {"role": "leader", "officer": "KT-1"}, "reason": "accepted"}
    answers = [
        cancel(office, payment["receipt"]),
        office.http.get(f"/v1/receipts/{payment['receipt']['series']}/1"),
        office.http.get("/v1/discrepancies"),
        office.http.post(nobody, json=closing),
    ]

    assert [(answer.status_code, answer.json()["field"]) for answer in answers] == [(403, "Authorization")] * 4


def test_a_discrepancy_is_listed_and_closed(stack: Stack, treasury: Office, tmp_path: Path) -> None:
    """Found in a file of the day, shown to whoever may see money, and closed by a named officer, once."""
    transaction, file = f"T{uuid4().hex[:12]}", tmp_path / "statement.csv"
    file.write_text(
        f"transaction;reference;kind;amount;currency;instant\n{transaction};nobody-1;debit;5000;VND;20260106120000\n",
        encoding="utf-8",
    )
    stack.run("starter.py", "reconcile", "--day", "2026-01-06", "--provider", "platform", "--statement", str(file))
    question = {"open": "true", "day": "2026-01-06"}
    (found,) = treasury.http.get("/v1/discrepancies", params=question).json()["discrepancies"]
    assert (found["transaction"], found["kind"]) == (transaction, "debit_of_no_attempt")

    closing = {"actor": {"role": "leader", "officer": "KT-1"}, "reason": "not_ours"}
    path = f"/v1/discrepancies/{found['id']}/closing"
    refused = [
        treasury.http.post(path, json={**closing, "reason": "gone"}),
        treasury.http.post(path, json={**closing, "actor": {"role": "leader"}}),
        treasury.http.post(path, json={**closing, "actor": {"role": "officer", "officer": "KT-1"}}),
    ]
    assert [(answer.status_code, answer.json()["field"]) for answer in refused] == [
        *((422, "reason"), (422, "officer"), (403, "actor.role")),
    ]
    closed = treasury.http.post(path, json=closing)
    assert (closed.status_code, closed.json()["reason"]) == (201, "not_ours"), closed.text
    assert treasury.http.post(path, json=closing).status_code == 409
    assert treasury.http.get("/v1/discrepancies", params=question).json()["discrepancies"] == []
