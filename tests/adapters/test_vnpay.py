"""VNPAY 2.1.0 on our side: signatures against an independent table, IPN answers, and what each code is taken for."""

from __future__ import annotations

import hashlib
import hmac
import json
import tomllib
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

from activities.ports import Refused, Unavailable
from adapters.vnpay import BadSignature, Merchant, Vnpay, ipn_answer
from adapters.vnpay_signature import VnpaySignature
from domain.errors import DomainError, Invalid, NotFound
from domain.instants import VIETNAM
from schema.payments import PaymentOrder, PaymentQuery
from schema.refunds import RefundOrder

SECRET = b"SECRETSECRETSECRETSECRETSECRET12"
CASES = tomllib.loads(Path(__file__).with_name("vnpay_signatures.toml").read_text(encoding="utf-8"))["case"]
MERCHANT = Merchant(
    "MOTCUA01", SECRET, "https://vnpay.example/pay", "https://vnpay.example/api", "https://us.example/r"
)
ORDERED = datetime(2026, 11, 26, 9, 30, tzinfo=VIETNAM)
ORDER = PaymentOrder(
    reference="a1b2-1",
    provider="vnpay",
    ordered_at=ORDERED,
    amount=50_000,
    description="1.001612",
    expires_at=datetime(2026, 11, 27, 9, 30, tzinfo=VIETNAM),
)
ASKED = PaymentQuery(reference="a1b2-1", provider="vnpay", ordered_at=ORDERED)
REFUND = RefundOrder(
    reference="refund-vnpay-14",
    transaction="14",
    amount=50_000,
    provider="vnpay",
    paid_reference="a1b2-1",
    ordered_at=ORDERED,
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_a_signature_is_that_of_the_published_rules(case: dict[str, Any]) -> None:
    """Whatever stands in a value: the hash is the one that another program made."""
    assert VnpaySignature(SECRET).of_parameters(case["parameters"]) == case["hash"]
    VnpaySignature(SECRET).check_parameters({**case["parameters"], "vnp_SecureHash": case["hash"].upper()})


def test_there_are_enough_cases() -> None:
    """At least ten, so that the table cannot dwindle."""
    assert len(CASES) >= 10


async def test_the_payment_address_is_whole_and_signed() -> None:
    """The same order has the same address; amounts are in hundredths, times on Việt Nam's clock."""
    vnpay = Vnpay(httpx.AsyncClient(), MERCHANT)
    opened = await vnpay.open(ORDER)
    parameters = dict(parse_qsl(urlsplit(opened.url).query))

    assert (await vnpay.open(ORDER)).url == opened.url
    assert parameters["vnp_Amount"] == "5000000"
    assert (parameters["vnp_CreateDate"], parameters["vnp_ExpireDate"]) == ("20261126093000", "20261127093000")
    assert parameters["vnp_TxnRef"] == ORDER.reference
    VnpaySignature(SECRET).check_parameters(parameters)


def ipn(**changes: str) -> dict[str, str]:
    """An IPN as VNPAY signs it."""
    told = {
        "vnp_TmnCode": "MOTCUA01",
        "vnp_Amount": "5000000",
        "vnp_BankCode": "NCB",
        "vnp_PayDate": "20261126093500",
        "vnp_OrderInfo": "Nop phi 1.001612",
        "vnp_TransactionNo": "14",
        "vnp_ResponseCode": "00",
        "vnp_TransactionStatus": "00",
        "vnp_TxnRef": "a1b2-1",
        **changes,
    }
    return {**told, "vnp_SecureHash": VnpaySignature(SECRET).of_parameters(told)}


def test_an_ipn_of_a_paid_order() -> None:
    """What was debited, under which number, and when."""
    report = Vnpay(httpx.AsyncClient(), MERCHANT).read_ipn(ipn())

    assert (report.provider, report.outcome, report.amount, report.transaction) == ("vnpay", "succeeded", 50_000, "14")
    assert report.paid_at == datetime(2026, 11, 26, 9, 35, tzinfo=VIETNAM)


@pytest.mark.parametrize("changes", [{"vnp_ResponseCode": "24"}, {"vnp_TransactionStatus": "02"}])
def test_an_ipn_of_a_payer_who_did_not_pay(changes: dict[str, str]) -> None:
    """Both codes must say success."""
    assert Vnpay(httpx.AsyncClient(), MERCHANT).read_ipn(ipn(**changes)).outcome == "failed"


@pytest.mark.parametrize(
    "changes, field",
    [
        ({"vnp_TmnCode": "SOMEBODY"}, "vnp_TmnCode"),
        ({"vnp_Amount": "5000001"}, "vnp_Amount"),
        ({"vnp_Amount": "-5000000"}, "vnp_Amount"),
        ({"vnp_Amount": "0"}, "vnp_Amount"),
        ({"vnp_Amount": "9" * 16}, "vnp_Amount"),
        ({"vnp_TransactionNo": ""}, "vnp_TransactionNo"),
        ({"vnp_PayDate": "yesterday"}, "vnp_PayDate"),
        ({"vnp_TxnRef": "no reference of ours!"}, "vnp_TxnRef"),
    ],
)
def test_an_ipn_that_is_none(changes: dict[str, str], field: str) -> None:
    """Rightly signed, and still not one of ours: refused with the field."""
    with pytest.raises(Invalid) as refusal:
        Vnpay(httpx.AsyncClient(), MERCHANT).read_ipn(ipn(**changes))
    assert refusal.value.field == field


@pytest.mark.parametrize("spoil", [{"vnp_Amount": "100"}, {"vnp_SecureHash": "00"}, {"vnp_SecureHash": ""}])
def test_an_ipn_that_is_not_signed(spoil: dict[str, str]) -> None:
    """A value changed, another hash, none."""
    with pytest.raises(BadSignature):
        Vnpay(httpx.AsyncClient(), MERCHANT).read_ipn({**ipn(), **spoil})


@pytest.mark.parametrize(
    "refusal, is_new, code",
    [
        (None, True, "00"),
        (None, False, "02"),
        (NotFound("x", field="reference", remedy="x"), True, "01"),
        (Invalid("x", field="amount", remedy="x"), True, "04"),
        (Invalid("x", field="vnp_Amount", remedy="x"), True, "04"),
        (BadSignature("x", field="vnp_SecureHash", remedy="x"), True, "97"),
        (Invalid("x", field="vnp_TxnRef", remedy="x"), True, "99"),
    ],
)
def test_each_situation_has_its_documented_answer(refusal: DomainError | None, is_new: bool, code: str) -> None:
    """00 taken, 01 unknown order, 02 taken before, 04 another amount, 97 wrong hash, 99 anything else."""
    answer = ipn_answer(refusal, is_new=is_new)
    assert answer["RspCode"] == code
    assert answer["Message"]


# What VNPAY answers from server to server, signed here by hand

QUERYDR = [
    "ResponseId",
    "Command",
    "ResponseCode",
    "Message",
    "TmnCode",
    "TxnRef",
    "Amount",
    "BankCode",
    "PayDate",
    "TransactionNo",
    "TransactionType",
    "TransactionStatus",
    "OrderInfo",
    "PromotionCode",
    "PromotionAmount",
]
REFUNDED = QUERYDR[:-2]


def answered(names: list[str], **values: str) -> dict[str, str]:
    told = {"ResponseCode": "00", "TmnCode": "MOTCUA01", "TxnRef": "a1b2-1", "TransactionType": "01", **values}
    text = "|".join(told.get(name, "") for name in names)
    signed = hmac.new(SECRET, text.encode(), hashlib.sha512).hexdigest()
    return {**{f"vnp_{name}": value for name, value in told.items()}, "vnp_SecureHash": signed}


def vnpay_that_says(*answers: Any) -> tuple[Vnpay, list[dict[str, str]]]:
    """An adapter whose VNPAY gives these answers in turn, and what it was asked."""
    asked: list[dict[str, str]] = []
    left = iter(answers)

    def handle(request: httpx.Request) -> httpx.Response:
        asked.append(json.loads(request.content))
        answer = next(left)
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, httpx.Response) else httpx.Response(200, json=answer)

    return Vnpay(httpx.AsyncClient(transport=httpx.MockTransport(handle)), MERCHANT, lambda: ORDERED), asked


PAID = {"Amount": "5000000", "TransactionNo": "14", "PayDate": "20261126093500", "TransactionStatus": "00"}


@pytest.mark.parametrize(
    "values, outcome",
    [
        (PAID, "succeeded"),
        ({**PAID, "TransactionStatus": "01"}, "pending"),
        ({**PAID, "TransactionStatus": "02"}, "failed"),
        ({**PAID, "TransactionStatus": "04"}, "unknown"),
        ({**PAID, "TransactionStatus": "07"}, "unknown"),
        ({**PAID, "TransactionType": "02"}, "unknown"),
        ({"ResponseCode": "91"}, "unknown"),
    ],
)
async def test_what_a_question_is_answered(values: dict[str, str], outcome: str) -> None:
    """A suspected or reversed transaction is neither paid nor failed; one that nobody knows is unknown."""
    vnpay, asked = vnpay_that_says(answered(QUERYDR, **values))

    assert (await vnpay.query(ASKED)).outcome == outcome
    assert asked[0]["vnp_TransactionDate"] == "20261126093000"


@pytest.mark.parametrize(
    "answer",
    [
        {**answered(QUERYDR, **PAID), "vnp_Amount": "100"},
        answered(QUERYDR, **{**PAID, "TxnRef": "another"}),
        answered(QUERYDR, **{**PAID, "Amount": "-1"}),
        answered(QUERYDR, ResponseCode="97"),
        answered(QUERYDR, ResponseCode="99"),
        ["no object"],
        httpx.Response(200, content=b"no JSON"),
        httpx.Response(500),
        httpx.ReadTimeout("slow"),
    ],
    ids=str,
)
async def test_an_answer_that_tells_nothing(answer: Any) -> None:
    """Unsigned, of another order, malformed, in trouble, too slow: nothing is known, so it is asked again."""
    vnpay, _ = vnpay_that_says(answer)
    with pytest.raises(Unavailable):
        await vnpay.query(ASKED)


async def test_a_question_that_is_refused() -> None:
    """Another merchant's code, say: the same question will never be answered."""
    vnpay, _ = vnpay_that_says(answered(QUERYDR, ResponseCode="02"))
    with pytest.raises(Refused):
        await vnpay.query(ASKED)


BACK = {**PAID, "TransactionType": "02"}


async def test_a_refund_is_done_when_it_is_told_so() -> None:
    """Asked for whole, by the debit's number; accepted is not done."""
    in_progress = answered(QUERYDR, **{**BACK, "TransactionStatus": "05"})
    vnpay, asked = vnpay_that_says(answered(QUERYDR, **PAID), answered(REFUNDED), in_progress)
    with pytest.raises(Unavailable, match="in progress"):
        await vnpay.refund(REFUND)
    assert (asked[1]["vnp_TransactionType"], asked[1]["vnp_Amount"], asked[1]["vnp_TransactionNo"]) == (
        *("02", "5000000"),
        "14",
    )
    done, _ = vnpay_that_says(answered(QUERYDR, **BACK))
    await done.refund(REFUND)


async def test_a_refund_is_not_asked_twice() -> None:
    """After a lost answer VNPAY is asked first; 94 says that it was asked before."""
    vnpay, asked = vnpay_that_says(answered(QUERYDR, **BACK))
    await vnpay.refund(REFUND)
    assert [each["vnp_Command"] for each in asked] == ["querydr"]
    again, _ = vnpay_that_says(
        answered(QUERYDR, **PAID), answered(REFUNDED, ResponseCode="94"), answered(QUERYDR, **BACK)
    )
    await again.refund(REFUND)


async def test_a_refund_that_was_refused_is_asked_again_when_it_is_let_go_again() -> None:
    """The bank's no stands until an officer has looked into it."""
    refused, done = answered(QUERYDR, **{**BACK, "TransactionStatus": "09"}), answered(QUERYDR, **BACK)
    vnpay, asked = vnpay_that_says(refused, answered(REFUNDED), done)
    await vnpay.refund(REFUND.model_copy(update={"refusals": 1}))
    assert [each["vnp_Command"] for each in asked] == ["querydr", "refund", "querydr"]


@pytest.mark.parametrize(
    "answers",
    [
        [answered(QUERYDR, **PAID), answered(REFUNDED, ResponseCode="95")],
        [answered(QUERYDR, **{**BACK, "TransactionStatus": "09"})],
    ],
)
async def test_a_refund_that_is_refused(answers: list[Any]) -> None:
    """At once, or by the bank afterwards: an officer has to look."""
    vnpay, _ = vnpay_that_says(*answers)
    with pytest.raises(Refused):
        await vnpay.refund(REFUND)
