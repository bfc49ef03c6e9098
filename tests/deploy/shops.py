"""A merchant of the payment partner, written from the published rules alone: it shares no code with either side.

`PlatformShop` and `VnpayShop` speak the two protocols and answer in the same few words: one test holds for both.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import itertools
import json
import os
import signal
import socket
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote_plus, urlsplit

import httpx

ROOT = Path(__file__).parents[2]
PATIENCE = 20.0  # seconds; every wait ends as soon as its condition holds
PLATFORM_SECRET, VNPAY_SECRET, TMN_CODE = "the platform's secret", "vnpay's secret, for tests", "DEMOV210"
VIET_NAM = timezone(timedelta(hours=7))
Json = dict[str, Any]


def platform_hash(kind: str, message: Mapping[str, str]) -> str:
    """HMAC-SHA256 over the kind and the values in the order in which they stand."""
    joined = "|".join([kind, *(value for name, value in message.items() if name != "hash")])
    return hmac.new(PLATFORM_SECRET.encode(), joined.encode(), hashlib.sha256).hexdigest()


def query_of(params: Mapping[str, str]) -> str:
    """Sorted, encoded, without empty values and signatures."""
    kept = {name: value for name, value in params.items() if value and not name.startswith("vnp_SecureHash")}
    return "&".join(f"{quote_plus(name)}={quote_plus(kept[name])}" for name in sorted(kept))


def vnpay_hash(text: str) -> str:
    """HMAC-SHA512 in hex."""
    return hmac.new(VNPAY_SECRET.encode(), text.encode(), hashlib.sha512).hexdigest()


def stamp(instant: datetime) -> str:
    """yyyyMMddHHmmss in Việt Nam."""
    return instant.astimezone(VIET_NAM).strftime("%Y%m%d%H%M%S")


def now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Call:
    """One call-back as it arrived, in the words of both protocols."""

    reference: str
    says: str  # success or failure
    amount: int
    signed: bool
    fields: Mapping[str, str]


@dataclass
class Merchant:
    """The end of the wire where call-backs arrive: keeps them, and answers 2xx or RspCode 00 unless told otherwise."""

    url: str = ""
    calls: list[Call] = field(default_factory=list)
    answers: dict[str, list[str]] = field(default_factory=dict)  # by reference: the next answers, each once

    def told(self, reference: str) -> list[Call]:
        return [call for call in self.calls if call.reference == reference]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
        except asyncio.IncompleteReadError:  # the partner was killed before it said anything
            writer.close()
            return
        method, target, _ = head.split("\r\n")[0].split(" ")
        if method == "POST":
            length = int(head.lower().split("content-length: ")[1].split("\r\n")[0])
            status, body = self._confirmed(json.loads(await reader.readexactly(length)))
        else:
            params = dict(parse_qsl(urlsplit(target).query, keep_blank_values=True))
            assert params.pop("shop") == "1", "the IPN address has lost its own query"
            status, body = self._notified(params)
        writer.write(f"HTTP/1.1 {status} X\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n{body}".encode())
        await writer.drain()
        writer.close()

    def _confirmed(self, message: Json) -> tuple[int, str]:
        signed = message["hash"] == platform_hash("CONFIRM", message)
        says = "success" if message["code"] == "00" else "failure"
        self.calls.append(Call(message["reference"], says, int(message["amount"]), signed, message))
        return int(self._next(message["reference"], "200" if signed else "401")), ""

    def _notified(self, params: dict[str, str]) -> tuple[int, str]:
        signed = params["vnp_SecureHash"] == vnpay_hash(query_of(params))
        paid = (params["vnp_ResponseCode"], params["vnp_TransactionStatus"]) == ("00", "00")
        amount, rest = divmod(int(params["vnp_Amount"]), 100)
        assert rest == 0
        says = "success" if paid else "failure"
        self.calls.append(Call(params["vnp_TxnRef"], says, amount, signed, params))
        code = self._next(params["vnp_TxnRef"], "00" if signed else "97")
        return (500, "") if code == "500" else (200, json.dumps({"RspCode": code, "Message": "as told"}))

    def _next(self, reference: str, otherwise: str) -> str:
        answers = self.answers.get(reference)
        return answers.pop(0) if answers else otherwise


@dataclass
class Partner:
    """The partner's process in one folder; it can be killed and started again."""

    data: Path
    merchant_url: str
    http: httpx.AsyncClient
    vnpay: bool = True
    port: int = 0
    process: asyncio.subprocess.Process | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> None:
        self.port = self.port or free_port()
        vnpay = ("--vnpay-secret-env", "TEST_VNPAY", "--vnpay-tmn-code", TMN_CODE)
        ipn = ("--vnpay-ipn-url", f"{self.merchant_url}/ipn?shop=1")
        self.process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "deploy.partners.payment_platform", "--port", str(self.port)),
            *("--data", str(self.data), "--secret-env", "TEST_PLATFORM"),
            *("--notify-url", f"{self.merchant_url}/confirm", *((*vnpay, *ipn) if self.vnpay else ())),
            env={**os.environ, "TEST_PLATFORM": PLATFORM_SECRET, "TEST_VNPAY": VNPAY_SECRET},
            cwd=ROOT,
        )
        await until(self._answers)

    async def kill(self) -> None:
        assert self.process is not None
        if self.process.returncode is None:
            self.process.send_signal(signal.SIGKILL)
        await self.process.wait()

    async def choose(self, reference: str, **faults: Json) -> None:
        answer = await self.http.post(f"{self.url}/orders/{reference}/faults", json=faults)
        assert answer.status_code == 200, answer.text

    async def faults(self, reference: str) -> Json:
        found: Json = (await self.http.get(f"{self.url}/orders/{reference}/faults")).json()
        return found

    async def ledger(self) -> list[Json]:
        found: list[Json] = (await self.http.get(f"{self.url}/ledger")).json()
        return found

    async def books(self, reference: str) -> Json:
        (found,) = [row for row in await self.ledger() if row["reference"] == reference]
        return found

    async def press(self, page: str, outcome: str = "success") -> httpx.Response:
        return await self.http.post(page, params={"outcome": outcome})

    async def _answers(self) -> bool:
        assert self.process is not None
        assert self.process.returncode is None, "the partner ended at once"
        try:
            return (await self.http.get(f"{self.url}/health")).is_success
        except httpx.TransportError:
            return False


@dataclass(frozen=True)
class Told:
    """What a question was answered: a state in the platform's words, or an HTTP status that is no answer."""

    state: str
    amount: int = 0
    transaction: str = ""


class PlatformShop:
    """Speaks the National Payment Platform's pattern."""

    protocol = "platform"

    def __init__(self, partner: Partner) -> None:
        self.partner = partner

    async def send(self, kind: str, path: str, *values: tuple[str, str]) -> httpx.Response:
        message = {"version": "1.0", "partner": "motcua", **dict(values), "time": stamp(now())}
        message["hash"] = platform_hash(kind, message)
        return await self.partner.http.post(f"{self.partner.url}{path}", json=message)

    async def ask(self, kind: str, path: str, *values: tuple[str, str]) -> Json:
        answer = await self.send(kind, path, *values)
        assert answer.status_code == 200, answer.text
        found: Json = answer.json()
        assert found["hash"] == platform_hash(f"{kind}_ANSWER", found), "the answer is wrongly signed"
        return found

    async def init(self, reference: str, amount: int, expires: datetime | None = None) -> httpx.Response:
        head = (("reference", reference), ("type", "PAY"), ("amount", str(amount)), ("currency", "VND"))
        until_then = stamp(expires or now() + timedelta(days=1))
        return await self.send("INIT", "/init", *head, ("note", "Lệ phí; đường Phố"), ("expires", until_then))

    async def open(self, reference: str, amount: int = 150_000, expires: datetime | None = None) -> str:
        answer = (await self.init(reference, amount, expires)).json()
        assert answer["code"] == "00", answer
        page: str = answer["url"]
        return page

    async def query(self, reference: str) -> Told:
        answer = await self.send("QUERY", "/query", ("reference", reference))
        if answer.status_code != 200:
            return Told(str(answer.status_code))
        found = answer.json()
        assert found["hash"] == platform_hash("QUERY_ANSWER", found)
        if found["code"] != "00":
            return Told("unknown")
        return Told(found["state"], int(found["amount"]), found["transaction"])

    async def refund(self, reference: str) -> str:
        """In the words of both: done, progress, refused, or an HTTP status."""
        paid = await self.partner.books(reference)
        values = (("transaction", paid["transaction_id"]), ("amount", str(paid["debited"])), ("currency", "VND"))
        answer = await self.send("REFUND", "/refund", ("reference", f"refund/{reference}"), *values)
        if answer.status_code != 200:
            return str(answer.status_code)
        code: str = answer.json()["code"]
        return {"00": "done", "09": "progress", "08": "refused"}.get(code, code)

    async def refund_state(self, reference: str) -> str:
        states = {"created": "progress", "succeeded": "done", "failed": "refused"}
        return states[(await self.query(f"refund/{reference}")).state]


class VnpayShop:
    """Speaks VNPAY 2.1.0."""

    protocol = "vnpay"
    _requests = itertools.count(1)

    def __init__(self, partner: Partner) -> None:
        self.partner = partner
        self.created: dict[str, str] = {}

    def url(self, reference: str, amount: int = 150_000, expires: datetime | None = None, **changes: str) -> str:
        created = self.created.setdefault(reference, stamp(now()))
        params = {
            "vnp_Version": "2.1.0",
            "vnp_Command": "pay",
            "vnp_TmnCode": TMN_CODE,
            "vnp_CurrCode": "VND",
            "vnp_Amount": str(amount * 100),
            "vnp_CreateDate": created,
            "vnp_IpAddr": "127.0.0.1",
            "vnp_Locale": "vn",
            "vnp_OrderInfo": "Le phi",
            "vnp_OrderType": "other",
            "vnp_TxnRef": reference,
            "vnp_ReturnUrl": "https://shop.example/back?from=vnpay",
            "vnp_ExpireDate": stamp(expires or now() + timedelta(days=1)),
            **changes,
        }
        signed = query_of(params)
        return f"{self.partner.url}/vnpay/paymentv2/vpcpay.html?{signed}&vnp_SecureHash={vnpay_hash(signed)}"

    async def init(self, reference: str, amount: int, expires: datetime | None = None) -> httpx.Response:
        return await self.partner.http.get(self.url(reference, amount, expires))

    async def open(self, reference: str, amount: int = 150_000, expires: datetime | None = None) -> str:
        answer = await self.init(reference, amount, expires)
        assert answer.status_code == 200, answer.text
        (page,) = {part.split("?")[0] for part in answer.text.split('action="')[1:]}
        return page

    async def send(self, command: str, reference: str, **changes: str) -> httpx.Response:
        door = f"{self.partner.url}/vnpay/merchant_webapi/api/transaction"
        return await self.partner.http.post(door, json=self.request(command, reference, **changes))

    def request(self, command: str, reference: str, **changes: str) -> dict[str, str]:
        """querydr or refund, signed; a changed signature stands as it is, what is no field of it goes unsigned."""
        message = {"vnp_RequestId": f"r{os.getpid()}{next(self._requests)}", "vnp_Version": "2.1.0"}
        message |= {"vnp_Command": command, "vnp_TmnCode": TMN_CODE}
        if command == "refund":
            message |= {"vnp_TransactionType": "02"}
        message |= {"vnp_TxnRef": reference}
        if command == "refund":
            message |= {"vnp_Amount": "15000000", "vnp_TransactionNo": ""}
        message |= {"vnp_TransactionDate": self.created.get(reference, stamp(now()))}
        if command == "refund":
            message |= {"vnp_CreateBy": "motcua"}
        message |= {"vnp_CreateDate": stamp(now()), "vnp_IpAddr": "127.0.0.1", "vnp_OrderInfo": "Hoi giao dich"}
        unsigned = {name: changes.pop(name) for name in ("vnp_SecureHash",) if name in changes}
        extra = {name: value for name, value in changes.items() if name not in message}
        message |= {name: value for name, value in changes.items() if name in message}
        return message | {"vnp_SecureHash": vnpay_hash("|".join(message.values())), **extra, **unsigned}

    async def ask(self, command: str, reference: str, **changes: str) -> Json:
        return self.checked(command, await self.send(command, reference, **changes))

    def checked(self, command: str, answer: httpx.Response) -> Json:
        assert answer.status_code == 200, answer.text
        found: Json = answer.json()
        names = ["ResponseId", "Command", "ResponseCode", "Message", "TmnCode", "TxnRef", "Amount", "BankCode"]
        names += ["PayDate", "TransactionNo", "TransactionType", "TransactionStatus", "OrderInfo"]
        names += ["PromotionCode", "PromotionAmount"] if command == "querydr" else []
        joined = "|".join(found.get(f"vnp_{name}", "") for name in names)
        assert found["vnp_SecureHash"] == vnpay_hash(joined), "the answer is wrongly signed"
        return found

    async def query(self, reference: str) -> Told:
        answer = await self.send("querydr", reference)
        if answer.status_code != 200:
            return Told(str(answer.status_code))
        found = self.checked("querydr", answer)
        if found["vnp_ResponseCode"] == "91":
            return Told("unknown")
        states = {"00": "succeeded", "01": "created", "02": "failed"}
        amount, number = int(found["vnp_Amount"]) // 100, found["vnp_TransactionNo"]
        return Told(states[found["vnp_TransactionStatus"]], amount, number)

    async def refund(self, reference: str) -> str:
        amount = (await self.partner.books(reference))["debited"] * 100
        answer = await self.send("refund", reference, vnp_Amount=str(amount))
        if answer.status_code != 200:
            return str(answer.status_code)
        code: str = self.checked("refund", answer)["vnp_ResponseCode"]
        return {"00": "progress", "95": "refused"}.get(code, code)

    async def refund_state(self, reference: str) -> str:
        found = await self.ask("querydr", reference)
        assert found["vnp_TransactionType"] == "02"
        return {"05": "progress", "06": "progress", "00": "done", "09": "refused"}[found["vnp_TransactionStatus"]]


Shop = PlatformShop | VnpayShop


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    """Wait for a condition that only another process can bring about."""
    async with asyncio.timeout(PATIENCE):
        while not await holds():  # noqa: ASYNC110  (the condition is another process's, no event tells of it)
            await asyncio.sleep(0.02)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
