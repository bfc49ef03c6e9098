"""Statements as the providers send them: read from the partner's own process, refused whole when they are not right."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from activities.ports import Refused, Unavailable
from adapters.payment_signature import Signature
from adapters.payments import HttpPaymentPlatform
from adapters.provider_statements import ProviderStatements
from adapters.vnpay import BadSignature, Merchant, Vnpay
from domain.errors import Invalid
from domain.instants import VIETNAM, civil_date
from domain.payments import Provider
from domain.provider_statement import LineKind, StatementLine
from schema.refunds import RefundOrder
from tests.deploy.shops import (
    PLATFORM_SECRET,
    TMN_CODE,
    VNPAY_SECRET,
    Partner,
    PlatformShop,
    VnpayShop,
    now,
)
from tests.deploy.shops import Merchant as Callbacks

DAY = date(2026, 11, 25)
ROW = "T1;r1;debit;100000;VND;20261125120000"
HEADER = "transaction;reference;kind;amount;currency;instant"
Answer = Callable[[httpx.Request], httpx.Response]
AMOUNT = 150_000


def platform(answer: Answer) -> HttpPaymentPlatform:
    """Ours, over a wire that ends here."""
    http = httpx.AsyncClient(transport=httpx.MockTransport(answer))
    return HttpPaymentPlatform(http, "https://platform.example", PLATFORM_SECRET.encode(), "motcua")


def vnpay(answer: Answer, url: str | None = "https://vnpay.example/statement") -> Vnpay:
    http = httpx.AsyncClient(transport=httpx.MockTransport(answer))
    return Vnpay(http, Merchant(TMN_CODE, VNPAY_SECRET.encode(), "https://v/pay", "https://v/api", "https://us/r", url))


def told(rows: str, secret: str = PLATFORM_SECRET, **changes: str) -> Answer:
    """What the platform would answer, rightly signed."""
    fields = {
        "version": "1.0",
        "partner": "motcua",
        "code": "00",
        "day": "20261125",
        "rows": rows,
        "time": "20261126013000",
    }
    message = Signature(secret.encode()).signed("STATEMENT_ANSWER", {**fields, **changes})
    return lambda _: httpx.Response(200, json=message)


def csv(text: str, signature: str | None = None) -> Answer:
    """What VNPAY would answer, rightly signed unless told otherwise."""
    right = hmac.new(VNPAY_SECRET.encode(), text.encode(), hashlib.sha512).hexdigest()
    headers = {"X-Signature": right if signature is None else signature}
    return lambda _: httpx.Response(200, content=text.encode(), headers=headers)


async def test_a_statement_is_asked_for_and_read() -> None:
    """The question is signed and names the day; both providers tell the same in their own ways."""
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return (told(ROW) if request.method == "POST" else csv(f"{HEADER}\n{ROW}\n"))(request)

    lines = [await platform(answer).statement(DAY), await vnpay(answer).statement(DAY)]

    (question, other) = asked
    assert Signature(PLATFORM_SECRET.encode()).checked("STATEMENT", json.loads(question.content))["day"] == "20261125"
    assert (question.url.path, other.url.query) == ("/statement", b"day=20261125")
    facts = ("T1", "r1", LineKind.DEBIT, 100_000, "VND", datetime(2026, 11, 25, 12, tzinfo=VIETNAM))
    assert lines == [(StatementLine(Provider.PLATFORM, *facts),), (StatementLine(Provider.VNPAY, *facts),)]


@pytest.mark.parametrize("rows", ["", "\n".join([ROW, ""])])
async def test_a_quiet_day_and_a_last_line_end(rows: str) -> None:
    """A day without a movement has a statement too."""
    assert len(await platform(told(rows)).statement(DAY)) == len(rows.split("\n")) - 1


UNSIGNED = told(ROW)(httpx.Request("POST", "https://x")).json()
REFUSED = [
    ("of the platform, signed by somebody else", platform(told(ROW, secret="another")), BadSignature, "hash"),
    (
        "of the platform, not signed",
        platform(lambda _: httpx.Response(200, json={**UNSIGNED, "hash": ""})),
        BadSignature,
        "hash",
    ),
    (
        "of the platform, changed on the way",
        platform(lambda _: httpx.Response(200, json={**UNSIGNED, "rows": ""})),
        BadSignature,
        "hash",
    ),
    (
        "of the platform, without its lines",
        platform(lambda _: httpx.Response(200, json={"code": "00"})),
        Invalid,
        "version",
    ),
    ("of the platform, no JSON", platform(lambda _: httpx.Response(200, content=b"<html>")), Invalid, "body"),
    (
        "of the platform, one bad line",
        platform(told(f"{ROW}\n{ROW.replace('T1', 'T2').replace('100000', '-1', 1)}")),
        Invalid,
        "line 2",
    ),
    ("of VNPAY, not signed", vnpay(csv(f"{HEADER}\n{ROW}\n", signature="")), BadSignature, "X-Signature"),
    ("of VNPAY, signed for other lines", vnpay(csv(f"{HEADER}\n", signature="0" * 128)), BadSignature, "X-Signature"),
    ("of VNPAY, without its header", vnpay(csv(ROW)), Invalid, "line 1"),
    (
        "of VNPAY, one bad line",
        vnpay(csv(f"{HEADER}\n{ROW}\n{ROW.replace('T1', 'T2').replace('100000', '1.5', 1)}\n")),
        Invalid,
        "line 3",
    ),
    ("of VNPAY, in no currency", vnpay(csv(f"{HEADER}\n{ROW.replace('VND', 'XXY')}\n")), Invalid, "line 2"),
]


@pytest.mark.parametrize("provider, kind, field", [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
async def test_a_statement_that_is_not_right_is_refused_whole(provider: Any, kind: type[Exception], field: str) -> None:
    """By name, with what would mend it."""
    with pytest.raises(kind) as refusal:
        await provider.statement(DAY)

    assert refusal.value.field == field  # type: ignore[attr-defined]
    assert refusal.value.remedy  # type: ignore[attr-defined]


TROUBLE = [
    ("500 of the platform", platform(lambda _: httpx.Response(500)), Unavailable),
    ("500 of VNPAY", vnpay(lambda _: httpx.Response(500)), Unavailable),
    ("the platform on another day", platform(told(ROW, day="20261124")), Unavailable),
    ("the platform does not know our signature", platform(told("", code="01")), Unavailable),
    ("the platform has none", platform(told("", code="02")), Refused),
    ("VNPAY without an address", vnpay(csv(""), url=None), Refused),
    ("a provider that tells none", ProviderStatements({}), Refused),
]


@pytest.mark.parametrize("provider, kind", [row[1:] for row in TROUBLE], ids=[row[0] for row in TROUBLE])
async def test_trouble_is_tried_again_and_a_no_is_a_no(provider: Any, kind: type[Exception]) -> None:
    """What mends itself is `Unavailable`."""
    asked = (Provider.VNPAY, DAY) if isinstance(provider, ProviderStatements) else (DAY,)
    with pytest.raises(kind):
        await provider.statement(*asked)


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(timeout=10) as client:
        yield client


@pytest.fixture
async def partner(tmp_path: Path, http: httpx.AsyncClient) -> AsyncIterator[Partner]:
    """The partner, whose call-backs reach nobody."""
    found = Partner(tmp_path / "partner", Callbacks("http://127.0.0.1:9").url, http)
    await found.start()
    yield found
    await found.kill()


async def test_what_the_partner_tells_is_what_it_moved(partner: Partner, http: httpx.AsyncClient) -> None:
    """Over HTTP, against a process that shares no code with us: debits and a refund of both protocols."""
    ours = HttpPaymentPlatform(http, partner.url, PLATFORM_SECRET.encode(), "motcua")
    door = f"{partner.url}/vnpay/merchant_webapi/api/transaction"
    merchant = Merchant(
        TMN_CODE, VNPAY_SECRET.encode(), "https://v/pay", door, "https://us/r", f"{partner.url}/vnpay/statement"
    )
    theirs, shop, other = Vnpay(http, merchant), PlatformShop(partner), VnpayShop(partner)
    begun = now()
    for each, reference in ((shop, "a-1"), (shop, "a-2"), (other, "b-1"), (other, "b-2")):
        await partner.press(await each.open(reference, AMOUNT))
    paid = {reference: await each.query(reference) for each, reference in ((shop, "a-1"), (other, "b-1"))}
    back = {"transaction": paid["a-1"].transaction, "amount": AMOUNT}
    await ours.refund(RefundOrder(reference="refund-a", **back))
    created = datetime.strptime(other.created["b-1"], "%Y%m%d%H%M%S").replace(tzinfo=VIETNAM)
    facts = {"provider": "vnpay", "paid_reference": "b-1", "ordered_at": created, "amount": AMOUNT}
    await theirs.refund(
        RefundOrder.model_validate({"reference": "refund-b", "transaction": paid["b-1"].transaction, **facts})
    )

    days = {civil_date(begun), civil_date(now())}  # two, when midnight passes meanwhile
    told_by_platform = [line for day in sorted(days) for line in await ours.statement(day)]
    told_by_vnpay = [line for day in sorted(days) for line in await theirs.statement(day)]
    moved = [(line.reference, line.kind, line.amount, line.currency) for line in (*told_by_platform, *told_by_vnpay)]
    assert sorted(moved) == [
        ("a-1", "debit", AMOUNT, "VND"),
        ("a-2", "debit", AMOUNT, "VND"),
        ("b-1", "debit", AMOUNT, "VND"),
        ("b-1", "refund", AMOUNT, "VND"),
        ("b-2", "debit", AMOUNT, "VND"),
        ("refund-a", "refund", AMOUNT, "VND"),
    ]
    numbers = {(line.reference, line.kind): line.transaction for line in (*told_by_platform, *told_by_vnpay)}
    assert numbers["a-1", LineKind.DEBIT] == numbers["refund-a", LineKind.REFUND] == paid["a-1"].transaction
    assert numbers["b-1", LineKind.DEBIT] == paid["b-1"].transaction != numbers["b-1", LineKind.REFUND]
    assert all(abs(line.at - now()) < timedelta(minutes=5) for line in (*told_by_platform, *told_by_vnpay))
