"""VNPAY 2.1.0 on our side: signatures against an independent table, IPN answers, what each code is taken for.

The other side is played by hand, and at the end by a process of its own that shares no code with ours.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import tomllib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

from activities.ports import Refused, Unavailable
from adapters.vnpay import BadSignature, Merchant, Vnpay, ipn_answer
from adapters.vnpay_signature import VnpaySignature, plain
from domain.errors import DomainError, Invalid, NotFound
from domain.instants import VIETNAM
from schema.payments import PaymentOrder, PaymentQuery
from schema.refunds import RefundOrder
from tests.deploy.shops import TMN_CODE, VNPAY_SECRET, Partner, until
from tests.deploy.shops import Merchant as Callbacks

SECRET = b"SECRETSECRETSECRETSECRETSECRET12"
TABLE = tomllib.loads(Path(__file__).with_name("vnpay_signatures.toml").read_text(encoding="utf-8"))
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


@pytest.mark.parametrize("case", TABLE["case"], ids=lambda case: case["name"])
def test_a_signature_is_that_of_the_published_rules(case: dict[str, Any]) -> None:
    """Whatever stands in a value: the hash is the one that another program made."""
    assert VnpaySignature(SECRET).of_parameters(case["parameters"]) == case["hash"]
    VnpaySignature(SECRET).check_parameters({**case["parameters"], "vnp_SecureHash": case["hash"].upper()})


@pytest.mark.parametrize("case", [each for each in TABLE["message"] if not each["kind"].endswith("_answer")], ids=str)
def test_a_message_to_the_server_is_signed_by_the_published_rules(case: dict[str, Any]) -> None:
    """Values in the published order, whatever the order in which they were given."""
    message = VnpaySignature(SECRET).signed_message(case["kind"], case["values"])

    assert message == {**case["values"], "vnp_SecureHash": case["hash"]}


@pytest.mark.parametrize("case", [each for each in TABLE["message"] if each["kind"].endswith("_answer")], ids=str)
def test_an_answer_of_the_server_is_checked_by_the_published_rules(case: dict[str, Any]) -> None:
    """Absent values count as empty, and numbers as their figures."""
    checked = VnpaySignature(SECRET).checked_message(case["kind"], {**case["values"], "vnp_SecureHash": case["hash"]})

    assert "|".join(checked.values()) == case["signed"]


@pytest.mark.parametrize("value", ["a|b", 1.5, True, ["a"], {"a": "b"}], ids=str)
def test_an_answer_with_a_value_that_cannot_have_been_signed(value: Any) -> None:
    """Nothing that would move the values behind it, and nothing that different programs write differently."""
    with pytest.raises(Invalid) as refusal:
        VnpaySignature(SECRET).checked_message("querydr_answer", {"vnp_Message": value, "vnp_SecureHash": "0" * 128})
    assert refusal.value.field == "vnp_Message"


def test_there_are_enough_cases() -> None:
    """At least ten, so that the table cannot dwindle."""
    assert len(TABLE["case"]) >= 10
    assert {each["kind"] for each in TABLE["message"]} == {"querydr", "querydr_answer", "refund", "refund_answer"}


async def test_the_payment_address_is_whole_and_signed() -> None:
    """Byte for byte what another program makes of it: hundredths of a đồng, Việt Nam's clock, no marks, no signs."""
    expected, order = TABLE["address"], ORDER.model_copy(update={"description": TABLE["address"]["description"]})
    order = order.model_copy(update={"ordered_at": ORDERED.astimezone(UTC)})
    vnpay = Vnpay(httpx.AsyncClient(), MERCHANT)

    for _ in range(2):  # the same order has the same address
        url = (await vnpay.open(order)).url
        assert url == f"{MERCHANT.pay_url}?{expected['signed']}&vnp_SecureHash={expected['hash']}"
    VnpaySignature(SECRET).check_parameters(dict(parse_qsl(urlsplit(url).query)))


@pytest.mark.parametrize(
    "text, shown",
    [
        ("Lệ phí hộ kinh doanh", "Le phi ho kinh doanh"),
        ("ĐƯỜNG Đống Đa, quận Nguyễn", "DUONG Dong Da quan Nguyen"),
        ("  1.001612 \t(50%) #2 ~*!'  ", "1.001612 50 2"),
        ("\u1ea1 a\u0323 ② ٣ 💰", "a a"),
        ("", ""),
    ],
)
def test_texts_are_sent_plain(text: str, shown: str) -> None:
    """Letters without marks, ASCII figures, dots: what the encoders of all published samples write alike."""
    assert plain(text) == shown


@pytest.mark.parametrize(
    "change", [{"amount": 10**10}, {"ordered_at": None}], ids=["more than twelve figures", "made at no instant"]
)
async def test_an_order_that_vnpay_cannot_have(change: dict[str, Any]) -> None:
    """Refused before anybody is sent there."""
    with pytest.raises(Refused):
        await Vnpay(httpx.AsyncClient(), MERCHANT).open(ORDER.model_copy(update=change))


def test_the_secret_is_not_shown() -> None:
    """Whoever prints or logs the merchant."""
    assert SECRET.decode() not in repr(MERCHANT)


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


@pytest.mark.parametrize(
    "response, status, outcome",
    [
        ("00", "00", "succeeded"),
        *((code, "02", "failed") for code in ("09", "10", "11", "12", "13", "24", "51", "65", "75", "79", "99")),
        ("07", "00", "unknown"),  # debited, and suspected
        ("07", "07", "unknown"),
        ("07", "02", "unknown"),
        ("00", "07", "unknown"),
        ("00", "02", "unknown"),  # they contradict each other
        ("24", "00", "unknown"),
        ("99", "01", "unknown"),  # not completed
        *(("00", status, "unknown") for status in ("01", "04", "05", "06", "09")),
        ("", "00", "unknown"),
        ("", "02", "unknown"),
        ("00", "", "unknown"),
        ("24", "", "unknown"),
    ],
)
def test_what_an_ipn_and_the_return_are_taken_for(response: str, status: str, outcome: str) -> None:
    """Paid or failed only where both codes say so; a payer who was debited is never told "not paid"."""
    told = ipn(vnp_ResponseCode=response, vnp_TransactionStatus=status)
    vnpay = Vnpay(httpx.AsyncClient(), MERCHANT)

    assert vnpay.read_ipn(told).outcome == outcome
    assert vnpay.read_return(told) == vnpay.read_ipn(told)


def test_an_ipn_at_an_address_with_a_parameter_of_ours() -> None:
    """What is not VNPAY's is not signed, and not read."""
    assert Vnpay(httpx.AsyncClient(), MERCHANT).read_ipn({**ipn(), "lang": "vi"}).outcome == "succeeded"


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


@pytest.mark.parametrize(
    "spoil",
    [
        *({"vnp_Amount": "100"}, {"vnp_SecureHash": "00"}, {"vnp_SecureHash": ""}, {"vnp_SecureHash": "é" * 128}),
        *({"vnp_BankCode": ""}, {"vnp_Extra": "1"}, {"vnp_SecureHash": "0" * 128}),
    ],
    ids=str,
)
def test_an_ipn_that_is_not_signed(spoil: dict[str, str]) -> None:
    """A value changed, taken away, added; another hash, none. On the way back of the payer as well."""
    vnpay = Vnpay(httpx.AsyncClient(), MERCHANT)
    for read in (vnpay.read_ipn, vnpay.read_return):
        with pytest.raises(BadSignature):
            read({**ipn(), **spoil})


@pytest.mark.parametrize(
    "refusal, is_new, code",
    [
        (None, True, "00"),
        (None, False, "02"),
        (NotFound("x", field="reference", remedy="x"), True, "01"),
        (Invalid("x", field="amount", remedy="x"), True, "04"),
        (Invalid("x", field="vnp_Amount", remedy="x"), True, "04"),
        (BadSignature("x", field="vnp_SecureHash", remedy="x"), True, "97"),
        (Invalid("x", field="vnp_TxnRef", remedy="x"), True, "01"),
        (Invalid("x", field="vnp_TmnCode", remedy="x"), True, "99"),
        (Invalid("x", field="vnp_PayDate", remedy="x"), True, "99"),
        (Unavailable("the database is away"), True, "99"),
        (ValueError("x"), True, "99"),
    ],
    ids=repr,
)
def test_each_situation_has_its_documented_answer(refusal: Exception | None, is_new: bool, code: str) -> None:
    """00 taken, 01 unknown order, 02 taken before, 04 another amount, 97 wrong hash, 99 anything else."""
    words = {
        "00": "Confirm Success",
        "01": "Order not found",
        "02": "Order already confirmed",
        "04": "Invalid amount",
        "97": "Invalid signature",
        "99": "Unknown error",
    }
    assert ipn_answer(refusal, is_new=is_new) == {"RspCode": code, "Message": words[code]}


@pytest.mark.parametrize(
    "sent, code",
    [
        (ipn(), "00"),
        ({**ipn(), "vnp_Amount": "100"}, "97"),
        ({}, "97"),
        (ipn(vnp_TxnRef=""), "01"),
        (ipn(vnp_TxnRef="no reference of ours!"), "01"),
        (ipn(vnp_Amount="5000001"), "04"),
        (ipn(vnp_TmnCode="SOMEBODY"), "99"),
        (ipn(vnp_PayDate="yesterday"), "99"),
        (ipn(vnp_TransactionNo="0"), "99"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_read_and_what_is_answered_fit_together(sent: dict[str, str], code: str) -> None:
    """From the call to its answer, as far as VNPAY's own rules go; the order is known to whoever keeps the report."""
    refusal: DomainError | None = None
    try:
        Vnpay(httpx.AsyncClient(), MERCHANT).read_ipn(sent)
    except DomainError as error:
        refusal = error
    assert ipn_answer(refusal)["RspCode"] == code


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
        ({"ResponseCode": "91"}, "unknown"),
    ],
)
async def test_what_a_question_is_answered(values: dict[str, str], outcome: str) -> None:
    """Paid, not yet, failed; one that nobody opened there is unknown."""
    vnpay, asked = vnpay_that_says(answered(QUERYDR, **values))

    assert (await vnpay.query(ASKED)).outcome == outcome
    assert asked[0]["vnp_TransactionDate"] == "20261126093000"


async def test_what_was_paid_is_told_as_it_was_debited() -> None:
    """Another amount too: comparing it with the order is for whoever knows the order."""
    vnpay, _ = vnpay_that_says(answered(QUERYDR, **{**PAID, "Amount": "5100000"}))
    report = await vnpay.query(ASKED)

    assert (report.reference, report.provider, report.transaction) == ("a1b2-1", "vnpay", "14")
    assert (report.amount, report.currency) == (51_000, "VND")
    assert report.paid_at == datetime(2026, 11, 26, 9, 35, tzinfo=VIETNAM)


@pytest.mark.parametrize(
    "type_, status",
    [
        *(("01", status) for status in ("04", "05", "06", "07", "09", "")),
        *(("02", status) for status in ("00", "05", "06", "09")),
        *(("03", "00"), ("99", "00")),
    ],
)
async def test_what_is_not_decided_never_expires(type_: str, status: str) -> None:
    """Suspected, reversed, given back in part: neither paid nor failed, and never `unknown`.

    Whoever asks takes an `unknown` after the order's time for "nobody ever opened it"; here somebody was debited.
    """
    vnpay, _ = vnpay_that_says(answered(QUERYDR, **{**PAID, "TransactionType": type_, "TransactionStatus": status}))
    with pytest.raises(Unavailable, match="not decided"):
        await vnpay.query(ASKED)


@pytest.mark.parametrize(
    "answer",
    [
        {**answered(QUERYDR, **PAID), "vnp_Amount": "100"},
        {**answered(QUERYDR, **PAID), "vnp_SecureHash": None},
        answered(QUERYDR, **{**PAID, "TxnRef": "another"}),
        answered(QUERYDR, **{**PAID, "TmnCode": "SOMEBODY"}),
        answered(QUERYDR, **{**PAID, "Amount": "-1"}),
        answered(QUERYDR, **{**PAID, "TransactionNo": "0"}),
        answered(QUERYDR, **{**PAID, "PayDate": "20261326093500"}),
        *(answered(QUERYDR, ResponseCode=code) for code in ("94", "97", "98", "99", "")),
        ["no object"],
        None,
        httpx.Response(200, content=b"no JSON"),
        httpx.Response(200, content=b"[" * 100_000),
        httpx.Response(200, content=b"\xff"),
        *(httpx.Response(status) for status in (302, 403, 500, 503)),
        httpx.ReadTimeout("slow"),
        httpx.ConnectError("away"),
    ],
    ids=str,
)
async def test_an_answer_that_tells_nothing(answer: Any) -> None:
    """Unsigned, of another order, malformed, in trouble, too slow: nothing is known, so it is asked again."""
    vnpay, _ = vnpay_that_says(answer)
    with pytest.raises(Unavailable):
        await vnpay.query(ASKED)


@pytest.mark.parametrize("code", ["02", "03"])
async def test_a_question_that_is_refused(code: str) -> None:
    """Another merchant's code, a malformed question: the same one will never be answered."""
    vnpay, _ = vnpay_that_says(answered(QUERYDR, ResponseCode=code))
    with pytest.raises(Refused):
        await vnpay.query(ASKED)


async def test_an_order_made_at_no_instant_cannot_be_asked_about() -> None:
    """VNPAY finds an order by its reference and the instant at which it was made; nothing is sent without."""
    vnpay, asked = vnpay_that_says()
    with pytest.raises(Refused):
        await vnpay.query(ASKED.model_copy(update={"ordered_at": None}))
    assert asked == []


async def test_each_question_has_a_number_of_its_own() -> None:
    """vnp_RequestId may not come again within a day."""
    vnpay, asked = vnpay_that_says(answered(QUERYDR, **PAID), answered(QUERYDR, **PAID))
    await vnpay.query(ASKED)
    await vnpay.query(ASKED)
    first, second = (each["vnp_RequestId"] for each in asked)
    assert first != second
    assert len(first) == len(second) == 32


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
        *(
            [answered(QUERYDR, **PAID), answered(REFUNDED, ResponseCode=no)]
            for no in ("02", "03", "04", "13", "93", "95")
        ),
        *([answered(QUERYDR, **{**BACK, "TransactionStatus": status})] for status in ("02", "09")),
        [answered(QUERYDR, **{**BACK, "Amount": "4900000"})],
        [answered(QUERYDR, **{**BACK, "Amount": "100", "TransactionType": "03"})],
    ],
)
async def test_a_refund_that_is_refused(answers: list[Any]) -> None:
    """At once, by the bank afterwards, or because somebody gave a part back: an officer has to look."""
    vnpay, _ = vnpay_that_says(*answers)
    with pytest.raises(Refused):
        await vnpay.refund(REFUND)


@pytest.mark.parametrize(
    "answer",
    [
        *(answered(REFUNDED, ResponseCode=code) for code in ("91", "97", "98", "99")),
        {**answered(REFUNDED), "vnp_Amount": "100"},
        answered(REFUNDED, TxnRef="another"),
        httpx.Response(200, content=b"no JSON"),
        httpx.Response(500),
        httpx.ReadTimeout("slow"),
    ],
    ids=str,
)
async def test_a_refund_of_which_nothing_is_known(answer: Any) -> None:
    """Timed out on either side, in trouble, unsigned: it may have happened, so it is neither done nor refused."""
    vnpay, asked = vnpay_that_says(answered(QUERYDR, **PAID), answer)
    with pytest.raises(Unavailable):
        await vnpay.refund(REFUND)
    assert [each["vnp_Command"] for each in asked] == ["querydr", "refund"]


@pytest.mark.parametrize("status", ["01", "04", "05", "06", "07"])
async def test_a_refund_that_is_not_done_yet(status: str) -> None:
    """VNPAY has it, the bank has it: not asked again, and not taken for done."""
    vnpay, asked = vnpay_that_says(answered(QUERYDR, **{**BACK, "TransactionStatus": status}))
    with pytest.raises(Unavailable, match="in progress"):
        await vnpay.refund(REFUND)
    assert len(asked) == 1


# Against the partner's own process


@pytest.fixture
async def partner(tmp_path: Path) -> AsyncIterator[tuple[Partner, Callbacks]]:
    """The partner, and where its call-backs arrive: at an address with a query of its own."""
    callbacks = Callbacks()
    server = await asyncio.start_server(callbacks.serve, "127.0.0.1", 0)
    callbacks.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server, httpx.AsyncClient(timeout=10) as http:
        found = Partner(tmp_path / "partner", callbacks.url, http)
        await found.start()
        yield found, callbacks
        await found.kill()


async def test_a_payment_from_its_address_to_its_refund(partner: tuple[Partner, Callbacks]) -> None:
    """Opened, pressed, told by IPN and by the return, asked about, given back; nobody knows it before."""
    played, callbacks = partner
    door = f"{played.url}/vnpay"
    pay, api = f"{door}/paymentv2/vpcpay.html", f"{door}/merchant_webapi/api/transaction"
    vnpay = Vnpay(played.http, Merchant(TMN_CODE, VNPAY_SECRET.encode(), pay, api, "https://us.example/r?from=vnpay"))
    made = datetime.now(UTC)
    changes = {"ordered_at": made, "expires_at": made + timedelta(days=1), "description": "Lệ phí (đăng ký) & phí: 50%"}
    order, asked = ORDER.model_copy(update=changes), ASKED.model_copy(update={"ordered_at": made})

    assert (await vnpay.query(asked)).outcome == "unknown"
    page = await played.http.get((await vnpay.open(order)).url)
    assert page.status_code == 200, page.text
    assert (await vnpay.query(asked)).outcome == "pending"

    pressed = await played.press(page.text.split('action="')[1].split("?")[0])
    back = dict(parse_qsl(urlsplit(pressed.headers["location"]).query))
    await until(lambda: _is_true(callbacks.told(order.reference)))
    told = vnpay.read_ipn({**callbacks.told(order.reference)[0].fields, "shop": "1"})
    assert (told.outcome, told.amount) == ("succeeded", order.amount)
    assert told == vnpay.read_return(back) == await vnpay.query(asked)

    facts = {"transaction": told.transaction, "ordered_at": made}
    await until(lambda: _is_refunded(vnpay, REFUND.model_copy(update=facts)))
    books = await played.books(order.reference)
    moved = [[each["amount"] for each in books[kind]] for kind in ("debits", "refunds")]
    assert moved == [[order.amount], [order.amount]]


async def _is_true(value: object) -> bool:
    return bool(value)


async def _is_refunded(vnpay: Vnpay, order: RefundOrder) -> bool:
    try:
        await vnpay.refund(order)
    except Unavailable:
        return False
    return True
