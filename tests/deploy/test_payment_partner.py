"""The payment partner as a process: both protocols, every fault alone, the plan, the books over a kill."""

from __future__ import annotations

import asyncio
import base64
import itertools
import signal
import sqlite3
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

from deploy.partners.payment_faults import KINDS, OrderFaults, Plan, RefundSlow
from deploy.partners.payment_ledger import Ledger, Order
from deploy.partners.payment_mischief import Mischief
from deploy.partners.payment_store import Store
from deploy.partners.payment_tellings import tellings
from deploy.partners.vnpay_answers import Vnpay
from deploy.partners.vnpay_messages import Signer
from tests.deploy.shops import (
    PATIENCE,
    TMN_CODE,
    VIET_NAM,
    VNPAY_SECRET,
    Json,
    Merchant,
    Partner,
    PlatformShop,
    Shop,
    Told,
    VnpayShop,
    now,
    query_of,
    stamp,
    until,
    vnpay_hash,
)

AMOUNT = 150_000
NEVER = 86_400  # seconds that no test lives to see
_numbers = itertools.count(1)


@pytest.fixture(scope="module")
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(timeout=10) as client:
        yield client


@pytest.fixture(scope="module")
async def merchant() -> AsyncIterator[Merchant]:
    found = Merchant()
    server = await asyncio.start_server(found.serve, "127.0.0.1", 0)
    found.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        yield found


@pytest.fixture(scope="module")
async def partner(
    tmp_path_factory: pytest.TempPathFactory, merchant: Merchant, http: httpx.AsyncClient
) -> AsyncIterator[Partner]:
    """One process for all tests that neither kill it nor plan for all its orders: each has orders of its own."""
    async for started in _started(tmp_path_factory.mktemp("partner"), merchant, http):
        yield started


@pytest.fixture
async def own(tmp_path: Path, merchant: Merchant, http: httpx.AsyncClient) -> AsyncIterator[Partner]:
    """A process for one test alone."""
    async for started in _started(tmp_path / "own", merchant, http):
        yield started


@pytest.fixture
async def twin(tmp_path: Path, merchant: Merchant, http: httpx.AsyncClient) -> AsyncIterator[Partner]:
    """Another one beside it."""
    async for started in _started(tmp_path / "twin", merchant, http):
        yield started


async def _started(folder: Path, merchant: Merchant, http: httpx.AsyncClient) -> AsyncIterator[Partner]:
    found = Partner(folder, merchant.url, http)
    await found.start()
    yield found
    await found.kill()


@pytest.fixture(params=[PlatformShop, VnpayShop], ids=["platform", "vnpay"])
def shop(request: pytest.FixtureRequest, partner: Partner) -> Shop:
    made: Shop = request.param(partner)
    return made


@pytest.fixture
def vnpay(partner: Partner) -> VnpayShop:
    return VnpayShop(partner)


@pytest.fixture
def platform(partner: Partner) -> PlatformShop:
    return PlatformShop(partner)


def fresh() -> str:
    """A reference that no other order has."""
    return f"{next(_numbers):06}/fee-1"


async def bought(shop: Shop, **faults: Json) -> str:
    """An order with those faults, whose payer has pressed; its reference."""
    reference = fresh()
    await shop.partner.choose(reference, **faults)
    answer = await shop.partner.press(await shop.open(reference, AMOUNT))
    assert answer.status_code in (200, 303), answer.text
    return reference


async def acknowledged(shop: Shop, reference: str) -> None:
    async def holds() -> bool:
        return bool((await shop.partner.books(reference))["callback_acknowledged"])

    await until(holds)


async def comes_to(shop: Shop, reference: str, state: str) -> Told:
    found = Told("")

    async def holds() -> bool:
        nonlocal found
        found = await shop.query(reference)
        return found.state == state

    await until(holds)
    return found


# What both protocols promise


async def test_a_payment_is_debited_told_and_known(shop: Shop, merchant: Merchant) -> None:
    """The page, the button, one signed call-back, the same when asked, one debit in the books."""
    reference = fresh()
    page = await shop.open(reference, AMOUNT)
    assert await shop.query(reference) == Told("created", AMOUNT, "" if shop.protocol == "platform" else "0")

    await shop.partner.press(page)
    await acknowledged(shop, reference)

    (call,) = merchant.told(reference)
    assert (call.says, call.amount, call.signed) == ("success", AMOUNT, True)
    books = await shop.partner.books(reference)
    assert [debit["amount"] for debit in books["debits"]] == [AMOUNT]
    assert (books["protocol"], books["state"], books["faults"]) == (shop.protocol, "succeeded", {})
    assert await shop.query(reference) == Told("succeeded", AMOUNT, books["transaction_id"])
    assert (await shop.partner.press(page)).status_code == 409


async def test_a_payer_who_declines_is_told_as_a_failure(shop: Shop, merchant: Merchant) -> None:
    """Nothing is debited, and a failure is called back."""
    reference = fresh()
    await shop.partner.press(await shop.open(reference, AMOUNT), "fail")
    await acknowledged(shop, reference)

    assert [call.says for call in merchant.told(reference)] == ["failure"]
    assert (await shop.query(reference)).state == "failed"
    assert (await shop.partner.books(reference))["debits"] == []


async def test_a_refund_is_asked_for_again_until_it_is_done(shop: Shop) -> None:
    """Given back whole and once, known when asked."""
    reference = await bought(shop)
    assert await shop.refund(reference) == ("done" if shop.protocol == "platform" else "progress")
    assert await shop.refund_state(reference) == "done"
    books = await shop.partner.books(reference)
    assert [(refund["amount"], refund["state"]) for refund in books["refunds"]] == [(AMOUNT, "done")]


async def test_open_orders_are_listed_with_the_page_to_pay_on(shop: Shop) -> None:
    """Whoever drives the payers finds every order that can be paid, of both protocols, and only those."""
    paid, waiting = await bought(shop), fresh()
    page = await shop.open(waiting, AMOUNT)

    listed = (await shop.partner.http.get(f"{shop.partner.url}/orders", params={"state": "created"})).json()
    found = {order["reference"]: order for order in listed}
    assert paid not in found
    assert (found[waiting]["url"], found[waiting]["protocol"]) == (page, shop.protocol)


# Every fault alone


async def test_timeout_after_debit_tells_nobody_for_a_while(shop: Shop, merchant: Merchant) -> None:
    """Debited in the books, but QUERY is 503 and no call-back comes; when the while is over, both are there."""
    silent = await bought(shop, timeout_after_debit={"seconds": NEVER})
    assert await shop.query(silent) == Told("503")
    assert (await shop.partner.books(silent))["state"] == "succeeded"

    short = await bought(shop, timeout_after_debit={"seconds": 0.2})
    await comes_to(shop, short, "succeeded")
    await acknowledged(shop, short)
    assert [call.says for call in merchant.told(short)] == ["success"]
    assert merchant.told(silent) == []


async def test_a_slow_query_answers_when_the_while_is_over(shop: Shop) -> None:
    """The other kind of silence: the question hangs longer than anybody waits."""
    silent = await bought(shop, timeout_after_debit={"seconds": NEVER, "slow": True})
    async with asyncio.timeout(10):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await shop.query(silent)

    short = await bought(shop, timeout_after_debit={"seconds": 0.3, "slow": True})
    assert (await shop.query(short)).state == "succeeded"
    books = await shop.partner.books(short)
    assert now() >= datetime.fromisoformat(books["paid"]) + timedelta(seconds=0.3)


async def test_late_success_after_expiry(shop: Shop, merchant: Merchant) -> None:
    """Pressed in time, debited after the order's time is over, and told then."""
    reference = fresh()
    await shop.partner.choose(reference, late_success_after_expiry={"seconds": 0})
    page = await shop.open(reference, AMOUNT, expires=now() + timedelta(seconds=4))
    await shop.partner.press(page)
    assert (await shop.query(reference)).state != "succeeded"
    assert (await shop.partner.press(page)).status_code == 409

    await comes_to(shop, reference, "succeeded")
    books = await shop.partner.books(reference)
    assert datetime.fromisoformat(books["paid"]) >= datetime.fromisoformat(books["expires"])
    await acknowledged(shop, reference)
    assert [call.says for call in merchant.told(reference)] == ["success"]


async def test_an_order_may_expire_early_for_it(shop: Shop) -> None:
    """For a soak whose orders live for days: the order expires at the press, and succeeds a moment later."""
    expired = await bought(shop, late_success_after_expiry={"seconds": NEVER, "early": True})
    told = await shop.query(expired)
    assert told.state == ("expired" if shop.protocol == "platform" else "failed")
    assert (await shop.partner.books(expired))["state"] == "expired"

    late = await bought(shop, late_success_after_expiry={"seconds": 0.2, "early": True})
    await comes_to(shop, late, "succeeded")


async def test_late_success_after_cancel(shop: Shop, merchant: Merchant) -> None:
    """A failure is told and is the answer; then the payer is debited all the same, and a success is told."""
    cancelled = await bought(shop, late_success_after_cancel={"seconds": NEVER})
    await acknowledged(shop, cancelled)
    assert (await shop.query(cancelled)).state == "failed"
    assert (await shop.partner.books(cancelled))["debits"] == []

    late = await bought(shop, late_success_after_cancel={"seconds": 0.3})
    await comes_to(shop, late, "succeeded")
    await until(lambda: _true(len(merchant.told(late)) == 2))
    assert {call.says for call in merchant.told(late)} == {"failure", "success"}
    assert len((await shop.partner.books(late))["debits"]) == 1


async def test_duplicate_callback(shop: Shop, merchant: Merchant) -> None:
    """The same success several times over, each acknowledged by itself."""
    reference = await bought(shop, duplicate_callback={"times": 3})
    await acknowledged(shop, reference)
    calls = merchant.told(reference)
    assert [(call.says, call.amount, call.signed) for call in calls] == [("success", AMOUNT, True)] * 3
    assert len((await shop.partner.books(reference))["debits"]) == 1


async def test_reordered_callbacks(shop: Shop, merchant: Merchant) -> None:
    """A failure comes after the success was taken; the books and QUERY still say that it was paid."""
    reference = await bought(shop, reordered_callbacks={})
    await acknowledged(shop, reference)
    assert [call.says for call in merchant.told(reference)] == ["success", "failure"]
    assert (await shop.query(reference)).state == "succeeded"


async def test_callback_before_answer(shop: Shop, merchant: Merchant) -> None:
    """The success has arrived before the merchant learns where the page is."""
    reference = fresh()
    await shop.partner.choose(reference, callback_before_answer={"seconds": 20})
    page = await shop.open(reference, AMOUNT)
    assert [(call.says, call.signed) for call in merchant.told(reference)] == [("success", True)]
    assert (await shop.partner.press(page)).status_code == 409
    assert await shop.open(reference, AMOUNT) == page


async def test_no_callback(shop: Shop, merchant: Merchant) -> None:
    """Nobody is told, of a later order neither; QUERY knows."""
    reference = await bought(shop, no_callback={})
    later = await bought(shop)
    await acknowledged(shop, later)
    assert merchant.told(reference) == []
    assert (await shop.partner.books(reference))["callbacks"] == []
    assert (await shop.query(reference)).state == "succeeded"


async def test_wrong_amount_is_told_but_not_debited(shop: Shop, merchant: Merchant) -> None:
    """The call-back says another amount, rightly signed; the books and QUERY have the amount debited."""
    reference = await bought(shop, wrong_amount={"offset": -1})
    await acknowledged(shop, reference)
    assert [(call.amount, call.signed) for call in merchant.told(reference)] == [(AMOUNT - 1, True)]
    assert (await shop.query(reference)).amount == AMOUNT
    assert (await shop.partner.books(reference))["debited"] == AMOUNT


async def test_a_wrong_amount_may_really_be_debited(shop: Shop, merchant: Merchant) -> None:
    """With `debit` everything says the other amount, and that much is given back."""
    reference = await bought(shop, wrong_amount={"offset": 1_000, "debit": True})
    await acknowledged(shop, reference)
    assert [call.amount for call in merchant.told(reference)] == [AMOUNT + 1_000]
    assert (await shop.query(reference)).amount == AMOUNT + 1_000
    await shop.refund(reference)
    assert [refund["amount"] for refund in (await shop.partner.books(reference))["refunds"]] == [AMOUNT + 1_000]


async def test_bad_signature_then_a_right_one(shop: Shop, merchant: Merchant) -> None:
    """The first ones are wrongly signed; refused, they are sent again until a right one is taken."""
    reference = await bought(shop, bad_signature={"times": 2})
    await acknowledged(shop, reference)
    assert [call.signed for call in merchant.told(reference)] == [False, False, True]


async def test_bad_signature_for_good(shop: Shop, merchant: Merchant) -> None:
    """With `final` no right one ever comes: after the wrong ones nobody tries again."""
    reference = await bought(shop, bad_signature={"times": 2, "final": True})
    await until(lambda: _true(len(merchant.told(reference)) == 2))
    later = await bought(shop, bad_signature={"times": 3})  # takes longer than the third attempt would
    await acknowledged(shop, later)
    assert [call.signed for call in merchant.told(reference)] == [False, False]
    (callback,) = (await shop.partner.books(reference))["callbacks"]
    assert (callback["acknowledged"], callback["attempts"]) == (None, 2)
    assert (await shop.query(reference)).state == "succeeded"


@pytest.mark.parametrize("done", [False, True])
async def test_error_500_at_init(platform: PlatformShop, done: bool) -> None:
    """A 500 says nothing: the order was opened or not, and the next asking finds or makes it."""
    reference = fresh()
    await platform.partner.choose(reference, error_500={"times": 2, "done": done, "on": ["init"]})
    assert [(await platform.init(reference, AMOUNT)).status_code for _ in range(2)] == [500, 500]
    assert (reference in [row["reference"] for row in await platform.partner.ledger()]) == done
    await platform.open(reference, AMOUNT)
    assert (await platform.query(reference)).state == "created"


@pytest.mark.parametrize("done", [False, True])
async def test_error_500_at_query_and_refund(shop: Shop, done: bool) -> None:
    """The first asking is 500, whether or not it was done; asked again it is told."""
    reference = await bought(shop, error_500={"done": done, "on": ["query", "refund"]})
    assert await shop.query(reference) == Told("500")
    assert (await shop.query(reference)).state == "succeeded"

    assert await shop.refund(reference) == "500"
    assert len((await shop.partner.books(reference))["refunds"]) == int(done)
    again = await shop.refund(reference)
    assert again == {"platform": "done", "vnpay": "94" if done else "progress"}[shop.protocol]
    assert await shop.refund_state(reference) == "done"
    assert len((await shop.partner.books(reference))["refunds"]) == 1


async def test_refund_refused_then_accepted(shop: Shop) -> None:
    """Refused with a final code at first; asked for again it is done, once."""
    reference = await bought(shop, refund_refused={"times": 2})
    assert [await shop.refund(reference) for _ in range(2)] == ["refused", "refused"]
    assert await shop.refund(reference) in ("done", "progress")
    assert await shop.refund_state(reference) == "done"
    states = [refund["state"] for refund in (await shop.partner.books(reference))["refunds"]]
    assert states == ["refused", "refused", "done"]


async def test_refund_refused_for_good(shop: Shop) -> None:
    """With `final` it is refused however often it is asked for."""
    reference = await bought(shop, refund_refused={"final": True})
    assert [await shop.refund(reference) for _ in range(3)] == ["refused"] * 3
    assert await shop.refund_state(reference) == "refused"
    assert (await shop.partner.books(reference))["refunded"] is None


async def test_refund_slow(shop: Shop) -> None:
    """In progress while it is in progress, and not begun twice; then done."""
    reference = await bought(shop, refund_slow={"seconds": NEVER})
    assert await shop.refund(reference) == "progress"
    assert await shop.refund_state(reference) == "progress"
    assert await shop.refund(reference) == {"platform": "progress", "vnpay": "94"}[shop.protocol]
    assert len((await shop.partner.books(reference))["refunds"]) == 1

    short = await bought(shop, refund_slow={"seconds": 0.3})
    assert await shop.refund(short) == "progress"

    async def done() -> bool:
        return await shop.refund_state(short) == "done"

    await until(done)


async def test_a_slow_refund_may_end_refused(shop: Shop) -> None:
    """Both together: accepted, in progress, and refused in the end."""
    reference = await bought(shop, refund_slow={"seconds": 0.3}, refund_refused={})
    assert await shop.refund(reference) == "progress"

    async def refused() -> bool:
        return await shop.refund_state(reference) == "refused"

    await until(refused)


async def test_success_at_two_providers_at_once(platform: PlatformShop, vnpay: VnpayShop, merchant: Merchant) -> None:
    """Whoever drives the payers pays two open orders together: both are debited, both are told."""
    first, second = fresh(), fresh()
    pages = [await platform.open(first, AMOUNT), await vnpay.open(second, AMOUNT)]
    await asyncio.gather(*(platform.partner.press(page) for page in pages))
    await acknowledged(platform, first)
    await acknowledged(vnpay, second)
    assert [call.says for call in (*merchant.told(first), *merchant.told(second))] == ["success"] * 2


async def test_a_fault_that_does_not_exist_is_refused(partner: Partner) -> None:
    """A misspelt kind or number is no silent order without faults."""
    for wrong in ({"timeout": {}}, {"refund_slow": {"seconds": -1}}, {"refund_slow": {"minutes": 1}}):
        assert (await partner.http.post(f"{partner.url}/orders/x/1/faults", json=wrong)).status_code == 422
    for wrong in ({"seed": 1, "rates": {"timeout": 1}}, {"seed": 1, "rates": {"no_callback": 2}}, {"rates": {}}):
        assert (await partner.http.put(f"{partner.url}/plan", json=wrong)).status_code == 422


# VNPAY's published rules

AWKWARD = [
    "Thanh toan don hang :5",
    "a+b=c&d=e",
    "100% đúng",
    "Lệ phí cấp bản sao, Phường Cẩm Thành",
    "dấu 'nháy' và \"kép\"",
    "x/y?z#w",
    "  hai  cách  ",
    "~tilde_under-dash.dot*star",
    "<b>thẻ</b>",
    "tab\tvà xuống\ndòng",
    "日本語 và 😀",
    "(ngoặc) [vuông] {nhọn} | gạch ; phẩy",
]


@pytest.mark.parametrize("text", AWKWARD)
async def test_signatures_hold_for_awkward_texts(vnpay: VnpayShop, merchant: Merchant, text: str) -> None:
    """What the merchant signs is accepted, what VNPAY signs is right, and the text comes back as it was."""
    reference = fresh()
    answer = await vnpay.partner.http.get(vnpay.url(reference, AMOUNT, vnp_OrderInfo=text))
    assert answer.status_code == 200, answer.text
    await vnpay.partner.press(answer.text.split('action="')[1].split("?")[0])
    await acknowledged(vnpay, reference)
    (call,) = merchant.told(reference)
    assert (call.signed, call.fields["vnp_OrderInfo"]) == (True, text)
    assert (await vnpay.ask("querydr", reference))["vnp_OrderInfo"] == text


async def test_an_altered_payment_address_opens_nothing(vnpay: VnpayShop) -> None:
    """Every parameter is under the signature: change any, add one, and the page is refused."""
    reference = fresh()
    params = dict(parse_qsl(urlsplit(vnpay.url(reference, AMOUNT)).query))
    address = f"{vnpay.partner.url}/vnpay/paymentv2/vpcpay.html"
    changed = [{**params, name: f"{params[name]}0"} for name in params if name != "vnp_TmnCode"]
    for altered in [*changed, {**params, "vnp_BankCode": "NCB"}]:
        answer = await vnpay.partner.http.get(address, params=altered)
        assert answer.status_code == 400
    assert reference not in [row["reference"] for row in await vnpay.partner.ledger()]
    upper = {**params, "vnp_SecureHash": params["vnp_SecureHash"].upper(), "vnp_BankCode": ""}
    assert (await vnpay.partner.http.get(address, params=upper)).status_code == 200


@pytest.mark.parametrize(
    "changes, code",
    [
        pytest.param({"vnp_Amount": ""}, "03", id="no amount"),
        pytest.param({"vnp_Amount": "-100"}, "03", id="a negative amount"),
        pytest.param({"vnp_Amount": "150"}, "03", id="half a đồng"),
        pytest.param({"vnp_CurrCode": "USD"}, "03", id="dollars"),
        pytest.param({"vnp_Version": "2.0.0"}, "03", id="the version before"),
        pytest.param({"vnp_CreateDate": "today"}, "03", id="no time"),
        pytest.param({"vnp_TxnRef": "x" * 101}, "03", id="a reference too long"),
        pytest.param({"vnp_TmnCode": "SOMEBODY"}, "02", id="another website"),
        pytest.param({"vnp_ExpireDate": "20200101000000"}, "15", id="its time is over"),
    ],
)
async def test_a_payment_address_that_is_refused(vnpay: VnpayShop, changes: dict[str, str], code: str) -> None:
    """Rightly signed, but not to be paid: the payer sees why."""
    answer = await vnpay.partner.http.get(vnpay.url(fresh(), AMOUNT, **changes))
    assert (answer.status_code, f"code={code}<" in answer.text) == (400, True), answer.text


async def test_the_payer_returns_with_a_signed_result(vnpay: VnpayShop) -> None:
    """The button leads to the return URL, whose own query stays."""
    for outcome, codes in (("success", ("00", "00")), ("fail", ("24", "02"))):
        answer = await vnpay.partner.press(await vnpay.open(fresh(), AMOUNT), outcome)
        place = answer.headers["location"]
        assert place.startswith("https://shop.example/back?from=vnpay&vnp_")
        params = dict(parse_qsl(urlsplit(place).query))
        del params["from"]
        assert params["vnp_SecureHash"] == vnpay_hash(query_of(params))
        assert (params["vnp_ResponseCode"], params["vnp_TransactionStatus"]) == codes
        assert (params["vnp_Amount"], params["vnp_TmnCode"]) == (str(AMOUNT * 100), TMN_CODE)


async def test_ipn_is_repeated_until_the_merchant_has_it(vnpay: VnpayShop, merchant: Merchant) -> None:
    """01, 04, 97, 99, no JSON and 500 bring it again; 00 and 02 end it."""
    first, second = fresh(), fresh()
    merchant.answers[first] = ["01", "04", "97", "00"]
    merchant.answers[second] = ["99", "500", "", "02"]
    for reference in (first, second):
        await vnpay.partner.press(await vnpay.open(reference, AMOUNT))
    for reference in (first, second):
        await acknowledged(vnpay, reference)
        assert len(merchant.told(reference)) == 4
        assert len({tuple(sorted(call.fields.items())) for call in merchant.told(reference)}) == 1


def test_vnpay_gives_up_after_ten_calls(tmp_path: Path) -> None:
    """The published number of calls; the platform never gives up."""
    for protocol, most in (("vnpay", 10), ("platform", 1_000)):
        store = Store(tmp_path / protocol)
        ledger, at = Ledger(store), now()
        order = Order("r", "id", protocol, AMOUNT, "VND", "note", at.isoformat(), (at + timedelta(1)).isoformat())
        ledger.open(order, at)
        ledger.fail(order, tellings(order, "failure", AMOUNT, OrderFaults(), at.timestamp()))
        tries = 0
        while (owed := ledger.owed()) and tries < most:
            ledger.attempted(owed[0].number, acknowledged_at=None, answer="01")
            tries += 1
        assert (tries, bool(owed)) == (most, protocol == "platform")
        store.close()


@pytest.mark.parametrize("command", ["querydr", "refund"])
@pytest.mark.parametrize(
    "changes, code",
    [
        pytest.param({}, "00", id="in order"),
        pytest.param({"vnp_TmnCode": "SOMEBODY"}, "02", id="another website"),
        pytest.param({"vnp_IpAddr": ""}, "03", id="a field is missing"),
        pytest.param({"vnp_CreateDate": "now"}, "03", id="no time"),
        pytest.param({"vnp_RequestId": "x" * 33}, "03", id="a request id too long"),
        pytest.param({"vnp_Version": "2.0.0"}, "03", id="the version before"),
        pytest.param({"vnp_TxnRef": "nobody's"}, "91", id="no such order"),
        pytest.param({"vnp_TransactionDate": "20200101000000"}, "91", id="not the order's own vnp_CreateDate"),
        pytest.param({"vnp_TransactionNo": "1"}, "91", id="no such transaction"),
        pytest.param({"vnp_SecureHash": "0" * 128}, "97", id="a wrong signature"),
    ],
)
async def test_the_codes_of_the_machines_door(
    vnpay: VnpayShop, command: str, changes: dict[str, str], code: str
) -> None:
    """What each request is answered, as published; every answer is signed."""
    reference = await bought(vnpay)
    assert (await vnpay.ask(command, reference, **changes))["vnp_ResponseCode"] == code
    assert len((await vnpay.partner.books(reference))["refunds"]) == (command == "refund" and code == "00")


async def test_a_request_id_serves_once_a_day(vnpay: VnpayShop) -> None:
    """The same id again is 94, whatever it asks."""
    reference, once = await bought(vnpay), f"once{fresh()[:6]}"
    assert (await vnpay.ask("querydr", reference, vnp_RequestId=once))["vnp_ResponseCode"] == "00"
    assert (await vnpay.ask("refund", reference, vnp_RequestId=once))["vnp_ResponseCode"] == "94"


@pytest.mark.parametrize("body", [b"no json", b"[]", b"{}", b'{"vnp_Command": "pay"}', b'{"vnp_Command": 7}'])
async def test_what_is_no_request_is_malformed(vnpay: VnpayShop, body: bytes) -> None:
    """Answered, not crashed."""
    door = f"{vnpay.partner.url}/vnpay/merchant_webapi/api/transaction"
    assert (await vnpay.partner.http.post(door, content=body)).json()["vnp_ResponseCode"] == "03"


async def test_querydr_tells_the_latest_or_the_named_transaction(vnpay: VnpayShop) -> None:
    """After a refund the bare question is answered with the refund; with a number, with that transaction."""
    reference = await bought(vnpay)
    paid = await vnpay.ask("querydr", reference)
    assert (paid["vnp_TransactionType"], paid["vnp_TransactionStatus"]) == ("01", "00")
    begun = await vnpay.ask("refund", reference)
    assert (begun["vnp_TransactionType"], begun["vnp_TransactionStatus"]) == ("02", "05")

    latest = await vnpay.ask("querydr", reference)
    assert (latest["vnp_TransactionNo"], latest["vnp_TransactionStatus"]) == (begun["vnp_TransactionNo"], "00")
    for each in (paid, latest):
        named = await vnpay.ask("querydr", reference, vnp_TransactionNo=each["vnp_TransactionNo"])
        for name in ("vnp_TransactionType", "vnp_TransactionNo", "vnp_Amount", "vnp_TransactionStatus", "vnp_PayDate"):
            assert named[name] == each[name]


@pytest.mark.parametrize(
    "refunds",
    [
        pytest.param([("02", AMOUNT, "00"), ("02", AMOUNT, "94")], id="whole, once"),
        pytest.param([("02", AMOUNT - 1, "99"), ("02", AMOUNT, "00")], id="whole means the amount debited"),
        pytest.param([("03", AMOUNT + 1, "99")], id="never more than was debited"),
        pytest.param([("03", 50_000, "00"), ("03", 100_000, "00"), ("03", 1, "94")], id="in parts, to the last đồng"),
        pytest.param([("03", 50_000, "00"), ("03", 100_001, "94")], id="never more than is left"),
        pytest.param([("03", AMOUNT, "99")], id="a part is less than the whole"),
        pytest.param([("01", AMOUNT, "03")], id="no kind of refund"),
    ],
)
async def test_how_much_vnpay_gives_back(vnpay: VnpayShop, refunds: list[tuple[str, int, str]]) -> None:
    """Whole (02) or in part (03), together never more than was debited."""
    reference = await bought(vnpay)
    for kind, amount, code in refunds:
        changes = {"vnp_TransactionType": kind, "vnp_Amount": str(amount * 100)}
        assert (await vnpay.ask("refund", reference, **changes))["vnp_ResponseCode"] == code
    given = sum(refund["amount"] for refund in (await vnpay.partner.books(reference))["refunds"])
    assert given == sum(amount for _, amount, code in refunds if code == "00")


async def test_what_was_not_paid_is_not_refunded(vnpay: VnpayShop) -> None:
    """95: the transaction did not succeed."""
    reference = fresh()
    await vnpay.open(reference, AMOUNT)
    assert (await vnpay.ask("refund", reference))["vnp_ResponseCode"] == "95"


async def test_a_refund_passes_through_the_bank(vnpay: VnpayShop, tmp_path: Path) -> None:
    """05 in progress, 06 at the bank, 00 done, in this order; asked by a clock that the test holds."""
    store, at = Store(tmp_path), now()
    order = Order("r", "id", "vnpay", AMOUNT, "VND", "n", at.isoformat(), (at + timedelta(1)).isoformat(), stamp(at))
    Ledger(store).open(order, at)
    Ledger(store).debit(order, "14000001", AMOUNT, at, [])
    Mischief(store).choose("r", OrderFaults(refund_slow=RefundSlow(seconds=100)))
    clock = [at]
    provider = Vnpay(store, Signer(VNPAY_SECRET.encode()), TMN_CODE, lambda: clock[0])
    await provider.transaction(vnpay.request("refund", "r", vnp_TransactionDate=stamp(at)))

    seen = []
    for seconds in (0, 49, 51, 99, 100):
        clock[0] = at + timedelta(seconds=seconds)
        told = await provider.transaction(vnpay.request("querydr", "r", vnp_TransactionDate=stamp(at)))
        seen.append(told["vnp_TransactionStatus"])
    store.close()
    assert seen == ["05", "05", "06", "06", "00"]


async def test_without_its_secret_there_is_no_vnpay(
    tmp_path: Path, merchant: Merchant, http: httpx.AsyncClient
) -> None:
    """The routes are absent, and the platform is there."""
    alone = Partner(tmp_path, merchant.url, http, vnpay=False)
    await alone.start()
    try:
        assert (await VnpayShop(alone).init("r", AMOUNT)).status_code == 404
        await PlatformShop(alone).open("r", AMOUNT)
    finally:
        await alone.kill()


# The platform's bill, both statements


async def test_a_bill_is_a_file_with_a_number_that_stays(platform: PlatformShop) -> None:
    """GET_BILL gives a PDF for a debit, the same number each time, another for another debit."""
    first, second = await bought(platform), await bought(platform)
    bills = [await platform.ask("GET_BILL", "/bill", ("reference", each)) for each in (first, first, second)]
    assert [bill["code"] for bill in bills] == ["00"] * 3
    assert bills[0]["number"] == bills[1]["number"] != bills[2]["number"]
    file = base64.b64decode(bills[0]["bill"], validate=True)
    assert file.startswith(b"%PDF-1.4")
    assert file.endswith(b"%%EOF\n")
    assert all(text.encode() in file for text in (first, bills[0]["number"], str(AMOUNT)))
    place = int(file.split(b"startxref\n")[1].split(b"\n")[0])
    assert file[place:].startswith(b"xref")


@pytest.mark.parametrize("paid, code", [(False, "10"), (None, "05")])
async def test_there_is_no_bill_without_a_debit(platform: PlatformShop, paid: bool | None, code: str) -> None:
    """10 for an order that was not paid, 05 for one that is not there."""
    reference = fresh()
    if paid is not None:
        await platform.open(reference, AMOUNT)
    assert (await platform.ask("GET_BILL", "/bill", ("reference", reference)))["code"] == code


def _statement_rows(text: str, separator: str) -> list[list[str]]:
    return [line.split(separator) for line in text.splitlines()]


async def test_the_platforms_statement_of_a_day(own: Partner) -> None:
    """Each debit and each refund done on the day, to the đồng; nothing failed, refused, in progress or VNPAY's."""
    shop, day = PlatformShop(own), now().astimezone(VIET_NAM).strftime("%Y%m%d")
    paid = await bought(shop)
    given = await bought(shop)
    assert await shop.refund(given) == "done"
    slow = await bought(shop, refund_slow={"seconds": NEVER})
    assert await shop.refund(slow) == "progress"
    await bought(shop, late_success_after_cancel={"seconds": NEVER})
    await bought(VnpayShop(own))

    answer = await shop.ask("STATEMENT", "/statement", ("day", day))
    rows = _statement_rows(answer["rows"], ";")
    number = {row["reference"]: row["transaction_id"] for row in await own.ledger()}
    assert [row[:5] for row in rows] == [
        [number[paid], paid, "debit", str(AMOUNT), "VND"],
        [number[given], given, "debit", str(AMOUNT), "VND"],
        [number[given], f"refund/{given}", "refund", str(AMOUNT), "VND"],
        [number[slow], slow, "debit", str(AMOUNT), "VND"],
    ]
    assert all(row[5].startswith(day) and len(row[5]) == 14 for row in rows)
    assert (await shop.ask("STATEMENT", "/statement", ("day", "20200101")))["rows"] == ""
    assert (await shop.ask("STATEMENT", "/statement", ("day", "yesterday")))["code"] == "02"


async def test_vnpays_statement_of_a_day(own: Partner) -> None:
    """CSV, signed as a whole; a refund is a transaction of its own under the order's reference."""
    shop, day = VnpayShop(own), now().astimezone(VIET_NAM).strftime("%Y%m%d")
    reference = await bought(shop)
    begun = await shop.ask("refund", reference)
    await bought(PlatformShop(own))

    answer = await own.http.get(f"{own.url}/vnpay/statement", params={"day": day})
    assert answer.headers["X-Signature"] == vnpay_hash(answer.text)
    head, *rows = _statement_rows(answer.text, ",")
    assert head == ["transaction", "reference", "kind", "amount", "currency", "instant"]
    paid = (await own.books(reference))["transaction_id"]
    assert [row[:5] for row in rows] == [
        [paid, reference, "debit", str(AMOUNT), "VND"],
        [begun["vnp_TransactionNo"], reference, "refund", str(AMOUNT), "VND"],
    ]
    assert (await own.http.get(f"{own.url}/vnpay/statement", params={"day": "x"})).status_code == 422


# The plan and the payers

REFERENCES = [f"{number:032x}/fee/1" for number in range(12)]
HALF = {"seed": 20260407, "rates": dict.fromkeys(KINDS, 0.5)}


async def test_a_plan_draws_by_reference_whatever_the_order_of_arrival(own: Partner, twin: Partner) -> None:
    """Two processes with one seed, visited in opposite orders, do the same to each order; another seed does other."""
    for partner in (own, twin):
        assert (await partner.http.put(f"{partner.url}/plan", json=HALF)).status_code == 200
    for reference in REFERENCES:
        await PlatformShop(own).init(reference, AMOUNT)
    for reference in reversed(REFERENCES):
        await PlatformShop(twin).init(reference, AMOUNT)

    drawn = [await own.faults(reference) for reference in REFERENCES]
    assert drawn == [await twin.faults(reference) for reference in REFERENCES]
    assert {kind for faults in drawn for kind in faults} == {*KINDS}
    other = Plan.model_validate({**HALF, "seed": 1})
    assert drawn != [other.draw(reference).model_dump(mode="json", exclude_none=True) for reference in REFERENCES]


def test_the_rate_of_one_fault_does_not_change_another() -> None:
    """So that a failing soak can be narrowed down to one fault with everything else as it was."""
    whole = Plan.model_validate(HALF)
    for kind in KINDS:
        alone = Plan.model_validate({**HALF, "rates": {kind: 0.5}})
        for reference in REFERENCES:
            drawn = getattr(alone.draw(reference), kind)
            assert drawn == getattr(whole.draw(reference), kind)
            assert alone.draw(reference).kinds == ([kind] if drawn else [])


@pytest.mark.parametrize("rate, share", [(0.0, 0.0), (1.0, 1.0)])
def test_a_rate_is_a_probability(rate: float, share: float) -> None:
    """Never and always mean it; between them about as often as said."""
    plan = Plan.model_validate({"seed": 7, "rates": {"no_callback": rate, "refund_slow": 0.1}})
    drawn = [plan.draw(f"r/{number}").kinds for number in range(1_000)]
    assert sum("no_callback" in kinds for kinds in drawn) == share * 1_000
    assert 60 < sum("refund_slow" in kinds for kinds in drawn) < 140


async def test_what_was_drawn_stands_and_options_fix_numbers(own: Partner) -> None:
    """A new plan is for new orders; an option is taken instead of the number drawn; without a plan nothing is."""
    shop = PlatformShop(own)
    plan: Json = {"seed": 1, "rates": {"refund_slow": 1}, "options": {"refund_slow": {"seconds": 77}}}
    await own.http.put(f"{own.url}/plan", json=plan)
    await shop.open("first", AMOUNT)
    await own.http.put(f"{own.url}/plan", json={"seed": 1, "rates": {"no_callback": 1}})
    await shop.open("second", AMOUNT)
    await own.http.delete(f"{own.url}/plan")
    await shop.open("third", AMOUNT)
    found = [(await own.books(reference))["faults"] for reference in ("first", "second", "third")]
    assert found == [{"refund_slow": {"seconds": 77}}, {"no_callback": {}}, {}]


async def test_payers_pay_and_decline_every_order_by_their_seed(
    own: Partner, twin: Partner, merchant: Merchant
) -> None:
    """No client presses: on two processes with one seed each order ends alike, some paid and some declined."""
    for partner in (own, twin):
        await _open_all(partner, REFERENCES[:4])  # those that are open already
        habits = {"seed": "spring", "success": 0.5, "delay": 0.1}
        assert (await partner.http.post(f"{partner.url}/payers", json=habits)).status_code == 200
        await _open_all(partner, REFERENCES[4:])

    async def settled() -> bool:
        return {row["state"] for each in (own, twin) for row in await each.ledger()} == {"succeeded", "failed"}

    await until(settled)
    ends = [{row["reference"]: row["state"] for row in await partner.ledger()} for partner in (own, twin)]
    assert ends[0] == ends[1]
    await until(lambda: _true({call.reference for call in merchant.calls} >= {*REFERENCES}))

    await own.http.delete(f"{own.url}/payers")
    await _open_all(own, ["late"])
    listed = (await own.http.get(f"{own.url}/orders", params={"state": "created"})).json()
    assert [order["reference"] for order in listed] == ["late"]


@pytest.mark.parametrize("reference", ["", "a;b", "a\nb"])
async def test_a_reference_fits_into_a_statements_line(platform: PlatformShop, reference: str) -> None:
    """No order can forge a row."""
    answer = (await platform.init(reference, AMOUNT)).json()
    assert answer["code"] == "02"


async def _open_all(partner: Partner, references: list[str]) -> None:
    """The even ones at the platform, the odd ones at VNPAY."""
    for number, reference in enumerate(references):
        await (VnpayShop(partner) if number % 2 else PlatformShop(partner)).open(reference, AMOUNT)


# The process itself


async def test_told_to_stop_it_ends_though_a_question_hangs(own: Partner) -> None:
    """A QUERY that is held back on demand holds up nobody's shutdown."""
    shop = PlatformShop(own)
    reference = await bought(shop, timeout_after_debit={"seconds": NEVER, "slow": True})
    hanging = asyncio.create_task(shop.query(reference))
    await bought(shop)  # answered after the question has arrived
    assert own.process is not None
    own.process.send_signal(signal.SIGTERM)
    async with asyncio.timeout(PATIENCE):
        await own.process.wait()
    await asyncio.wait([hanging])
    assert hanging.exception() is not None or hanging.result() == Told("500")


# The books over a kill


async def test_killed_it_owes_what_it_owed(own: Partner, merchant: Merchant) -> None:
    """After kill -9 the debits stand, what was owed is told, the late debit comes, the refund ends, the plan holds."""
    first, second = PlatformShop(own), VnpayShop(own)
    await own.http.put(f"{own.url}/plan", json={"seed": 1, "rates": {"no_callback": 1}})
    await own.http.put(f"{own.url}/faults", json={"hold_callbacks": True})
    paid, late = await bought(first), await bought(second, late_success_after_cancel={"seconds": 3})
    given = await bought(first, refund_slow={"seconds": 3}, no_callback={})
    assert await first.refund(given) == "progress"
    before = {row["reference"]: row for row in await own.ledger()}
    assert merchant.told(paid) == merchant.told(late) == []

    await own.kill()
    await own.start()

    await acknowledged(first, paid)
    assert [(call.says, call.signed) for call in merchant.told(paid)] == [("success", True)]
    await comes_to(second, late, "succeeded")
    await until(lambda: _true(len(merchant.told(late)) == 2))

    async def given_back() -> bool:
        return await first.refund_state(given) == "done"

    await until(given_back)
    for reference in (paid, given):
        assert (await own.books(reference))["debits"] == before[reference]["debits"] != []
    await first.open("planned", AMOUNT)
    assert (await own.books("planned"))["faults"] == {"no_callback": {}}


async def test_a_struck_fault_stays_struck_over_a_kill(own: Partner) -> None:
    """A 500 that was given is not given again."""
    shop = PlatformShop(own)
    reference = await bought(shop, error_500={"on": ["query"]})
    assert await shop.query(reference) == Told("500")
    await own.kill()
    await own.start()
    assert (await shop.query(reference)).state == "succeeded"


OLD_BOOKS = """
CREATE TABLE orders (
    reference TEXT PRIMARY KEY, id TEXT NOT NULL UNIQUE, amount INTEGER NOT NULL CHECK (amount > 0),
    currency TEXT NOT NULL, note TEXT NOT NULL, expires TEXT NOT NULL, state TEXT NOT NULL DEFAULT 'created',
    transaction_id TEXT NOT NULL DEFAULT '', paid TEXT NOT NULL DEFAULT ''
);
CREATE TABLE callbacks (
    number INTEGER PRIMARY KEY, reference TEXT NOT NULL REFERENCES orders, attempts INTEGER NOT NULL DEFAULT 0,
    acknowledged TEXT
);
CREATE TABLE refunds (refund TEXT PRIMARY KEY, transaction_id TEXT NOT NULL UNIQUE, refunded TEXT NOT NULL);
INSERT INTO orders VALUES
    ('old/open', 'a', 1000, 'VND', 'n', '2090-01-01T00:00:00+07:00', 'created', '', ''),
    ('old/paid', 'b', 2000, 'VND', 'n', '2020-01-01T00:00:00+07:00', 'succeeded', 't1', '2019-12-31T00:00:00+00:00'),
    ('old/back', 'c', 3000, 'VND', 'n', '2020-01-01T00:00:00+07:00', 'succeeded', 't2', '2019-12-31T00:00:00+00:00');
INSERT INTO callbacks VALUES (1, 'old/paid', 3, NULL), (2, 'old/back', 1, '2019-12-31T00:00:01+00:00');
INSERT INTO refunds VALUES ('old/refund', 't2', '2019-12-31T01:00:00+00:00');
"""


async def test_older_books_are_brought_up_to_date(tmp_path: Path, merchant: Merchant, http: httpx.AsyncClient) -> None:
    """A stack from before goes on: open orders can be paid, debits and refunds stand, owed call-backs are told."""
    with sqlite3.connect(tmp_path / "ledger.sqlite3") as old:
        old.executescript(OLD_BOOKS)
    old.close()
    partner = Partner(tmp_path, merchant.url, http)
    await partner.start()
    try:
        shop = PlatformShop(partner)
        await acknowledged(shop, "old/paid")
        assert [(call.says, call.amount) for call in merchant.told("old/paid")] == [("success", 2_000)]
        assert merchant.told("old/back") == []
        assert await shop.query("old/back") == Told("succeeded", 3_000, "t2")
        refunds = (await partner.books("old/back"))["refunds"]
        assert [(each["refund"], each["amount"], each["state"]) for each in refunds] == [("old/refund", 3_000, "done")]
        assert (await partner.press(f"{partner.url}/pay/a")).status_code == 200
    finally:
        await partner.kill()


async def _true(value: bool) -> bool:
    return value
