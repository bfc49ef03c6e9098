"""Our side of the payment protocol, against the platform itself: a process of its own, over HTTP."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from activities.ports import Refused, Unavailable
from adapters.payment_signature import Signature
from adapters.payments import BadSignature, HttpPaymentPlatform
from domain.errors import Invalid
from schema.payments import PaymentOrder, PaymentQuery
from schema.refunds import RefundOrder

SECRET = "shared between the two of them"
ROOT = Path(__file__).parents[2]
PATIENCE = 20.0  # seconds; the polls below end as soon as the condition holds


def order(reference: str = "pay/1", amount: int = 150_000) -> PaymentOrder:
    later = datetime.now(UTC) + timedelta(days=1)
    return PaymentOrder(reference=reference, amount=amount, description="Lệ phí, 1.004227", expires_at=later)


@dataclass
class Merchant:
    """The end of the wire where call-backs arrive: keeps the bodies, and answers as told."""

    url: str
    status: int = 200
    deaf_to: str = ""  # a reference that is never acknowledged
    bodies: list[bytes] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = int(head.split("content-length: ")[1].split("\r\n")[0])
        body = await reader.readexactly(length)
        self.bodies.append(body)
        status = 500 if self.deaf_to and self.deaf_to in body.decode() else self.status
        writer.write(f"HTTP/1.1 {status} X\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".encode())
        await writer.drain()
        writer.close()


@dataclass
class Partner:
    """The platform's process in one folder; it can be killed and started again."""

    data: Path
    notify_url: str
    port: int
    process: asyncio.subprocess.Process | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def start(self, *options: str) -> None:
        self.process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "deploy.partners.payment_platform", "--port", str(self.port)),
            *("--data", str(self.data), "--secret-env", "TEST_PAYMENTS_SECRET"),
            *("--notify-url", self.notify_url, *options),
            env={**os.environ, "TEST_PAYMENTS_SECRET": SECRET},
            cwd=ROOT,
        )
        await until(self._answers)

    async def kill(self) -> None:
        assert self.process is not None
        if self.process.returncode is None:
            self.process.send_signal(signal.SIGKILL)
        await self.process.wait()

    async def _answers(self) -> bool:
        assert self.process is not None
        assert self.process.returncode is None, "the partner ended at once"
        async with httpx.AsyncClient() as http:
            try:
                return (await http.get(f"{self.url}/health")).is_success
            except httpx.TransportError:
                return False


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not await holds():  # noqa: ASYNC110  (the condition is another process's, no event tells of it)
            await asyncio.sleep(0.02)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture
async def merchant() -> AsyncIterator[Merchant]:
    found = Merchant("")
    server = await asyncio.start_server(found.serve, "127.0.0.1", 0)
    found.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/callback"
    async with server:
        yield found


@pytest.fixture
async def partner(tmp_path: Path, merchant: Merchant) -> AsyncIterator[Partner]:
    found = Partner(tmp_path / "platform", merchant.url, free_port())
    await found.start()
    yield found
    await found.kill()


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(timeout=10) as client:
        yield client


@pytest.fixture
def platform(partner: Partner, http: httpx.AsyncClient) -> HttpPaymentPlatform:
    return HttpPaymentPlatform(http, partner.url, SECRET.encode(), "motcua")


async def press(http: httpx.AsyncClient, page: str, outcome: str = "success") -> httpx.Response:
    return await http.post(page, params={"outcome": outcome})


async def ledger(http: httpx.AsyncClient, partner: Partner) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await http.get(f"{partner.url}/ledger")).json()
    return found


async def test_a_payment_from_order_to_callback(
    platform: HttpPaymentPlatform, partner: Partner, merchant: Merchant, http: httpx.AsyncClient
) -> None:
    """An order is opened, paid on its page, told to us by a signed call-back, and told again when asked."""
    opened = await platform.open(order())
    assert "150000 VND" in (await http.get(opened.url)).text
    assert (await platform.query(PaymentQuery(reference="pay/1"))).outcome == "pending"

    await press(http, opened.url)
    await until(lambda: _true(len(merchant.bodies) == 1))
    told = platform.read_callback(merchant.bodies[0])
    asked = await platform.query(PaymentQuery(reference="pay/1"))

    assert told == asked
    assert (told.reference, told.outcome, told.amount, told.currency) == (
        "pay/1",
        "succeeded",
        150_000,
        "VND",
    )
    assert told.transaction
    assert told.paid_at is not None
    await until(lambda: _all_acknowledged(http, partner))


async def test_a_payer_who_declines_is_a_failed_order(
    platform: HttpPaymentPlatform, merchant: Merchant, http: httpx.AsyncClient
) -> None:
    """A declined payment is reported as failed, without a transaction, and the order is closed."""
    opened = await platform.open(order())
    await press(http, opened.url, "fail")
    await until(lambda: _true(len(merchant.bodies) == 1))
    told = platform.read_callback(merchant.bodies[0])
    assert (told.outcome, told.transaction, told.paid_at) == ("failed", None, None)
    assert (await press(http, opened.url)).status_code == 409


async def test_the_same_reference_is_the_same_order(
    platform: HttpPaymentPlatform, partner: Partner, http: httpx.AsyncClient
) -> None:
    """INIT may be repeated: one order, one page. With another amount it is refused, and nothing changes."""
    first, again = await platform.open(order()), await platform.open(order())
    assert first == again
    with pytest.raises(Refused, match="another amount"):
        await platform.open(order(amount=1))
    assert [(row["reference"], row["amount"]) for row in await ledger(http, partner)] == [("pay/1", 150_000)]


async def test_an_order_is_debited_once(platform: HttpPaymentPlatform, http: httpx.AsyncClient) -> None:
    """Pressing the button twice pays once."""
    opened = await platform.open(order())
    assert (await press(http, opened.url)).status_code == 200
    paid = await platform.query(PaymentQuery(reference="pay/1"))
    assert (await press(http, opened.url)).status_code == 409
    assert await platform.query(PaymentQuery(reference="pay/1")) == paid


async def test_an_unknown_order_is_unknown_not_unpaid(platform: HttpPaymentPlatform) -> None:
    """The platform's "no such order" is an outcome of its own."""
    assert (await platform.query(PaymentQuery(reference="never/opened"))).outcome == "unknown"


async def test_an_order_whose_time_is_over_is_refused(platform: HttpPaymentPlatform) -> None:
    """No order is opened that nobody could pay any more."""
    over = order().model_copy(update={"expires_at": datetime.now(UTC) - timedelta(minutes=1)})
    with pytest.raises(Refused, match="time is over"):
        await platform.open(over)


async def test_the_platform_refuses_our_wrong_signature(partner: Partner, http: httpx.AsyncClient) -> None:
    """With another secret nothing is opened; it is a fault to mend, no verdict on the order."""
    stranger = HttpPaymentPlatform(http, partner.url, b"another secret", "motcua")
    with pytest.raises(Unavailable, match="MOTCUA_PAYMENTS_SECRET"):
        await stranger.open(order())
    assert await ledger(http, partner) == []


async def test_the_platform_names_a_wrong_signature(partner: Partner, http: httpx.AsyncClient) -> None:
    """The platform's own answer to a wrong signature is code 01, itself rightly signed."""
    message = Signature(b"another secret").signed(
        "QUERY", {"version": "1.0", "partner": "motcua", "reference": "pay/1", "time": "20261123080000"}
    )
    answer = (await http.post(f"{partner.url}/query", json=message)).json()
    assert Signature(SECRET.encode()).checked("QUERY_ANSWER", answer)["code"] == "01"


async def test_an_altered_callback_is_refused(
    platform: HttpPaymentPlatform, merchant: Merchant, http: httpx.AsyncClient
) -> None:
    """Every field of CONFIRM is under the signature: change any one, and it is not accepted."""
    opened = await platform.open(order())
    await press(http, opened.url)
    await until(lambda: _true(len(merchant.bodies) == 1))
    confirm = json.loads(merchant.bodies[0])
    for name in confirm:
        altered = json.dumps({**confirm, name: confirm[name] + "0"}).encode()
        with pytest.raises(BadSignature):
            platform.read_callback(altered)


@pytest.mark.parametrize(
    "body, field",
    [
        (b"no json", "body"),
        (b"[" * 100_000, "body"),
        (b"[]", "body"),
        (b"{}", "version"),
        (b'{"version": 1}', "version"),
        (b'{"version": "1.0|motcua"}', "version"),
    ],
)
def test_a_callback_that_is_no_confirm_names_its_field(body: bytes, field: str) -> None:
    """What cannot be a CONFIRM is refused with the name of the field, whoever sent it."""
    with pytest.raises(Invalid) as caught:
        _unconnected().read_callback(body)
    assert caught.value.field == field
    assert caught.value.remedy


@pytest.mark.parametrize("name, value", [("amount", "many"), ("paid", "today"), ("reference", "")])
def test_a_rightly_signed_callback_is_still_read_with_care(name: str, value: str) -> None:
    """The right secret does not excuse a malformed field."""
    with pytest.raises(Invalid) as caught:
        _unconnected().read_callback(_confirm(**{name: value}))
    assert caught.value.field == name


def test_a_callback_reports_the_amount_that_was_debited() -> None:
    """Another amount than ordered is reported as it is: the comparison belongs to who knows the order."""
    assert _unconnected().read_callback(_confirm(amount="1")).amount == 1


def test_a_callback_for_another_partner_is_refused() -> None:
    """One platform may serve several merchants; what is not for us is not ours."""
    with pytest.raises(Invalid) as caught:
        _unconnected().read_callback(_confirm(partner="someone"))
    assert caught.value.field == "partner"


def test_half_a_character_is_a_wrong_signature_not_a_crash() -> None:
    """JSON can spell a lone surrogate, which UTF-8 cannot."""
    body = json.dumps({**json.loads(_confirm()), "bank": "\ud800"}).encode()
    with pytest.raises(BadSignature):
        _unconnected().read_callback(body)


async def test_a_restart_keeps_the_books_and_delivers_what_is_owed(
    platform: HttpPaymentPlatform, partner: Partner, merchant: Merchant, http: httpx.AsyncClient
) -> None:
    """Debited, call-back held, killed: after the restart the debit stands and the call-back comes."""
    await http.put(f"{partner.url}/faults", json={"hold_callbacks": True})
    opened = await platform.open(order())
    await press(http, opened.url)
    assert (await platform.query(PaymentQuery(reference="pay/1"))).outcome == "succeeded"
    assert [row["callback_attempts"] for row in await ledger(http, partner)] == [0]

    await partner.kill()
    with pytest.raises(Unavailable):
        await platform.query(PaymentQuery(reference="pay/1"))
    assert merchant.bodies == []
    await partner.start()

    await until(lambda: _true(len(merchant.bodies) == 1))
    assert platform.read_callback(merchant.bodies[0]) == await platform.query(PaymentQuery(reference="pay/1"))
    assert await platform.open(order()) == opened


async def test_a_callback_is_repeated_until_it_is_acknowledged(
    platform: HttpPaymentPlatform, partner: Partner, merchant: Merchant, http: httpx.AsyncClient
) -> None:
    """Anything but 2xx is no acknowledgement, and each repetition says the same."""
    merchant.status = 503
    opened = await platform.open(order())
    await press(http, opened.url)
    await until(lambda: _true(len(merchant.bodies) >= 3))
    merchant.status = 200
    await until(lambda: _all_acknowledged(http, partner))
    assert len({platform.read_callback(body) for body in merchant.bodies}) == 1


async def test_one_refused_callback_holds_up_no_other(
    platform: HttpPaymentPlatform, partner: Partner, merchant: Merchant, http: httpx.AsyncClient
) -> None:
    """Each call-back is repeated at its own pace: what we refuse of one order is no loss to the next."""
    merchant.deaf_to = "pay/1"
    for name in ("pay/1", "pay/2"):
        await press(http, (await platform.open(order(name))).url)

    async def only_the_second() -> bool:
        rows = await ledger(http, partner)
        return [bool(row["callback_acknowledged"]) for row in rows] == [False, True]

    await until(only_the_second)
    merchant.deaf_to = ""
    await until(lambda: _all_acknowledged(http, partner))


async def test_a_platform_told_to_stop_ends_cleanly(
    platform: HttpPaymentPlatform, partner: Partner, merchant: Merchant, http: httpx.AsyncClient
) -> None:
    """SIGTERM ends the process by itself, also while a call-back is owed."""
    merchant.status = 503
    await press(http, (await platform.open(order())).url)
    await until(lambda: _true(len(merchant.bodies) >= 1))
    assert partner.process is not None
    partner.process.send_signal(signal.SIGTERM)
    async with asyncio.timeout(PATIENCE):
        assert await partner.process.wait() in (0, -signal.SIGTERM)


async def test_a_lost_answer_leaves_one_order(
    platform: HttpPaymentPlatform, partner: Partner, http: httpx.AsyncClient
) -> None:
    """The order was opened but we did not hear it: trying again finds the same one."""
    await http.put(f"{partner.url}/faults", json={"lose_init_answer_once": True})
    with pytest.raises(Unavailable, match="503"):
        await platform.open(order())
    await platform.open(order())
    assert len(await ledger(http, partner)) == 1


async def test_trouble_at_the_platform_leaves_nothing(
    platform: HttpPaymentPlatform, partner: Partner, http: httpx.AsyncClient
) -> None:
    """A 503 before anything was done is to be tried again, and then works."""
    await http.put(f"{partner.url}/faults", json={"fail_init_once": True})
    with pytest.raises(Unavailable, match="503"):
        await platform.open(order())
    assert await ledger(http, partner) == []
    assert (await platform.open(order())).reference == "pay/1"


@pytest.mark.parametrize(
    "answer, error",
    [
        (httpx.Response(200, content=b"<html>"), Unavailable),
        (httpx.Response(200, json={"code": "00"}), Unavailable),
        (httpx.Response(429), Unavailable),
        (httpx.Response(502), Unavailable),
        (httpx.Response(404), Refused),
    ],
)
async def test_what_the_protocol_does_not_know(answer: httpx.Response, error: type[Exception]) -> None:
    """An answer outside the protocol decides nothing; a plain HTTP refusal is a refusal."""
    async with httpx.AsyncClient(transport=httpx.MockTransport(lambda _: answer)) as http:
        platform = HttpPaymentPlatform(http, "http://platform", SECRET.encode(), "motcua")
        with pytest.raises(error):
            await platform.open(order())


async def test_an_answer_about_another_order_is_no_answer() -> None:
    """A rightly signed answer under another reference is not taken for ours."""
    answer = Signature(SECRET.encode()).signed(
        "INIT_ANSWER",
        {"version": "1.0", "partner": "motcua", "reference": "pay/2", "code": "00"}
        | {"order": "x", "url": "http://x", "time": "20261123080000"},
    )
    transport = httpx.MockTransport(lambda _: httpx.Response(200, json=answer))
    async with httpx.AsyncClient(transport=transport) as http:
        platform = HttpPaymentPlatform(http, "http://platform", SECRET.encode(), "motcua")
        with pytest.raises(Unavailable, match="another order"):
            await platform.open(order())


async def test_a_refund_is_whole_and_happens_once(
    platform: HttpPaymentPlatform, partner: Partner, http: httpx.AsyncClient
) -> None:
    """Repeated it is the same refund; in part, under another reference or of nothing it is refused."""
    await press(http, (await platform.open(order())).url)
    transaction = (await platform.query(PaymentQuery(reference="pay/1"))).transaction
    assert transaction
    refund = RefundOrder(reference="refund/1", transaction=transaction, amount=150_000)
    with pytest.raises(Refused, match="another amount"):
        await platform.refund(refund.model_copy(update={"amount": 1}))
    await platform.refund(refund)
    await platform.refund(refund)
    with pytest.raises(Refused, match="refunded under another reference"):
        await platform.refund(refund.model_copy(update={"reference": "refund/2"}))
    with pytest.raises(Refused, match="no such transaction"):
        await platform.refund(refund.model_copy(update={"reference": "refund/3", "transaction": "none"}))
    assert [row["refund"] for row in await ledger(http, partner)] == ["refund/1"]


async def test_a_refund_reference_stands_for_one_transaction(
    platform: HttpPaymentPlatform, partner: Partner, http: httpx.AsyncClient
) -> None:
    """The reference of a refund cannot be used again for another debit."""
    for name in ("pay/1", "pay/2"):
        await press(http, (await platform.open(order(name))).url)
    one, other = [(await platform.query(PaymentQuery(reference=name))).transaction or "" for name in ("pay/1", "pay/2")]
    await platform.refund(RefundOrder(reference="refund/1", transaction=one, amount=150_000))
    with pytest.raises(Refused):
        await platform.refund(RefundOrder(reference="refund/1", transaction=other, amount=150_000))
    assert [row["refund"] for row in await ledger(http, partner)] == ["refund/1", None]


async def test_two_askings_at_once_are_one_refund(
    platform: HttpPaymentPlatform, partner: Partner, http: httpx.AsyncClient
) -> None:
    """A repetition that does not wait for the first answer gives nothing twice; the payment stays a payment."""
    asked = RefundOrder(reference="refund/1", transaction=await paid(platform, http), amount=150_000)
    before = await platform.query(PaymentQuery(reference="pay/1"))
    await asyncio.gather(*(platform.refund(asked) for _ in range(5)))
    assert [row["refund"] for row in await ledger(http, partner)] == ["refund/1"]
    assert await platform.query(PaymentQuery(reference="pay/1")) == before


@pytest.mark.parametrize("amount", [150_001, 149_999])
async def test_no_more_and_no_less_than_the_debit_is_given_back(
    platform: HttpPaymentPlatform, partner: Partner, http: httpx.AsyncClient, amount: int
) -> None:
    """A refund is of the whole debit, to the đồng; one that is refused leaves nothing in the books."""
    transaction = await paid(platform, http)
    with pytest.raises(Refused, match="another amount"):
        await platform.refund(RefundOrder(reference="refund/1", transaction=transaction, amount=amount))
    assert [row["refund"] for row in await ledger(http, partner)] == [None]


@pytest.mark.parametrize("transaction", ["never-made", ""])
async def test_what_was_never_debited_is_not_given_back(
    platform: HttpPaymentPlatform, partner: Partner, http: httpx.AsyncClient, transaction: str
) -> None:
    """An unknown transaction is refused; so is the empty one that unpaid and declined orders have."""
    await platform.open(order("pay/1"))
    await press(http, (await platform.open(order("pay/2"))).url, "fail")
    with pytest.raises(Refused, match="no such transaction"):
        await platform.refund(RefundOrder(reference="refund/1", transaction=transaction, amount=150_000))
    assert [row["refund"] for row in await ledger(http, partner)] == [None, None]


@pytest.mark.parametrize("change", [{"amount": 0}, {"amount": -1}, {"currency": "USD"}, {"reference": ""}])
async def test_a_refund_of_nothing_or_in_other_money_is_refused(
    platform: HttpPaymentPlatform, partner: Partner, http: httpx.AsyncClient, change: dict[str, Any]
) -> None:
    """A refund takes a reference, a positive amount, and the currency of the debit."""
    asked = RefundOrder(reference="refund/1", transaction=await paid(platform, http), amount=150_000)
    with pytest.raises(Refused):
        await platform.refund(asked.model_copy(update=change))
    assert [row["refund"] for row in await ledger(http, partner)] == [None]


async def test_a_stranger_gets_no_refund(
    platform: HttpPaymentPlatform, partner: Partner, http: httpx.AsyncClient
) -> None:
    """Without the shared secret nothing is given back."""
    asked = RefundOrder(reference="refund/1", transaction=await paid(platform, http), amount=150_000)
    stranger = HttpPaymentPlatform(http, partner.url, b"another secret", "motcua")
    with pytest.raises(Unavailable, match="MOTCUA_PAYMENTS_SECRET"):
        await stranger.refund(asked)
    assert [row["refund"] for row in await ledger(http, partner)] == [None]


async def test_a_restart_keeps_the_refund(
    platform: HttpPaymentPlatform, partner: Partner, http: httpx.AsyncClient
) -> None:
    """A killed platform remembers what it gave back, and gives it no second time."""
    asked = RefundOrder(reference="refund/1", transaction=await paid(platform, http), amount=150_000)
    await platform.refund(asked)
    given = await refunds(http, partner)
    await partner.kill()
    with pytest.raises(Unavailable):
        await platform.refund(asked)
    await partner.start()

    await platform.refund(asked)
    with pytest.raises(Refused, match="refunded under another reference"):
        await platform.refund(asked.model_copy(update={"reference": "refund/2"}))
    assert [name for name, _ in given] == ["refund/1"]
    assert await refunds(http, partner) == given


async def paid(platform: HttpPaymentPlatform, http: httpx.AsyncClient, reference: str = "pay/1") -> str:
    """The transaction of a new order of 150 000 đồng that was paid."""
    await press(http, (await platform.open(order(reference))).url)
    transaction = (await platform.query(PaymentQuery(reference=reference))).transaction
    assert transaction
    return transaction


async def refunds(http: httpx.AsyncClient, partner: Partner) -> list[tuple[str, str]]:
    """Each order's refund and when it was given."""
    return [(row["refund"], row["refunded"]) for row in await ledger(http, partner)]


def _unconnected() -> HttpPaymentPlatform:
    return HttpPaymentPlatform(httpx.AsyncClient(), "http://platform", SECRET.encode(), "motcua")


def _confirm(**changes: str) -> bytes:
    confirm = {"version": "1.0", "partner": "motcua", "reference": "pay/1", "code": "00", "transaction": "t"}
    confirm |= {"bank": "B", "amount": "150000", "currency": "VND"}
    confirm |= {"paid": "20261123080000", "time": "20261123080001"}
    return json.dumps(Signature(SECRET.encode()).signed("CONFIRM", confirm | changes)).encode()


async def _true(value: bool) -> bool:
    return value


async def _all_acknowledged(http: httpx.AsyncClient, partner: Partner) -> bool:
    return all(row["callback_acknowledged"] for row in await ledger(http, partner))
