"""Sows markers wherever a caller can put a person, a text, a name or a reference, and takes the dossiers to their ends.

The paths are those of the life of a dossier and those of refusal: by the gateway, by the workflow, by the
register, by the payment platform.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx

from adapters.payment_signature import FIELDS, Signature
from adapters.payments import HttpPaymentPlatform
from deploy.embedded.stack import Stack
from schema.payments import PaymentOrder
from tests.markers import Markers
from tests.office import COMMUNE, Json, Office, eventually, submission

ECONOMY = "000.01.61.H48"
REFUSED = (401, 403, 404, 405, 409, 413, 422)


@dataclass
class Seeded:
    """What was sown: the markers, the dossiers by their story, and every answer that was a refusal."""

    office: Office
    markers: Markers
    dossiers: dict[str, str] = field(default_factory=dict)
    refusals: list[httpx.Response] = field(default_factory=list)

    @property
    def reference(self) -> str:
        """What every reference of a submission begins with: somebody's name."""
        return f"hồ sơ của {self.markers.code}"

    @property
    def stack(self) -> Stack:
        return self.office.stack

    def person(self) -> Json:
        """Every field of an applicant, each with a marker."""
        says = self.markers.text
        fields = ("name", "identity", "phone", "email", "address")
        return {"kind": "organisation", **{name: says(name) for name in fields}}

    def submit(self, story: str, **changes: Any) -> str:
        """Hand in a dossier that is full of markers, under a reference that is one."""
        says = self.markers.text
        body = submission(
            applicant=self.person(),
            note=says("note"),
            **changes,
        )
        first, again = (self.post_submission(body, f"{self.reference}/{story}") for _ in range(2))
        assert (first.status_code, again.status_code) == (201, 200), first.text
        assert first.json()["dossier"] == again.json()["dossier"]
        self.dossiers[story] = first.json()["dossier"]
        return self.dossiers[story]

    def post_submission(self, body: Json, reference: str = "") -> httpx.Response:
        """Send a submission; a reference may hold any letters, which a header carries as bytes."""
        headers = [(b"Idempotency-Key", (reference or uuid4().hex).encode())]
        return self.office.http.post("/v1/dossiers", json=body, headers=headers)

    def say(self, **body: Any) -> Json:
        """A command's texts, all of them, each with a marker, and the officer's id and name."""
        texts = {name: self.markers.text(name) for name in ("reason", "legal_basis", "note", "officer", "person")}
        return {**texts, **body}

    def do(self, story: str, name: str, **body: Any) -> None:
        """Send a command with a marker in every field that takes one."""
        self.office.do(self.dossiers[story], name, **self.say(**body))

    def late(self, story: str, name: str, **body: Any) -> None:
        """The same, entered after the fact: a second after the dossier's last event."""
        last = self.office.show(self.dossiers[story])["events"][-1]["occurred_at"]
        instant = datetime.fromisoformat(last) + timedelta(seconds=1)
        self.do(story, name, occurred_at=instant.isoformat(), late=self.why_late(), **body)

    def why_late(self) -> Json:
        return {"reason": self.markers.text("late"), "paper_number": self.markers.text("paper")}

    def refused(self, answer: httpx.Response) -> None:
        """Keep an answer that must be a refusal."""
        assert answer.status_code in REFUSED, (answer.request.url, answer.text)
        self.refusals.append(answer)

    def refused_command(self, story: str, name: str, **body: Any) -> None:
        self.refused(self.office.post(self.dossiers[story], name, **self.say(**body)))


async def sow(office: Office) -> Seeded:
    """Sow markers everywhere and take the dossiers to their ends."""
    sown = Seeded(office, Markers())
    for story in (_returned, _not_accepted, _refused, _withdrawn, _stopped, _sent_away):
        story(sown)
    await _paid_online(sown)
    _bad_requests(sown)
    eventually(lambda: office.http.get("/readyz").json()["inbox_waiting"] == 0)
    return sown


def _returned(sown: Seeded) -> None:
    """Counter and cash, entered late throughout, with a supplement before acceptance and one after it."""
    start = datetime.now().astimezone() - timedelta(minutes=5)
    sown.submit("returned", occurred_at=start.isoformat(), late=sown.why_late())
    sown.late("returned", "request_supplement", data={"components": ["uy-quyen"]})
    sown.late("returned", "supplement", role="applicant", data={"components": ["uy-quyen"]})
    sown.late("returned", "accept")
    sown.late("returned", "pay", data={"amount": 100_000, "means": "cash"})
    sown.office.waits_for(sown.dossiers["returned"], "dossier.accepted")
    sown.late("returned", "forward")
    economy = {"role": "officer", "unit": ECONOMY}
    sown.late("returned", "request_supplement", **economy, data={"components": ["uy-quyen"]})
    sown.late("returned", "supplement", data={"components": ["uy-quyen"]})
    sown.late("returned", "propose", **economy, data={"step": "appraise"})
    sown.late("returned", "approve", role="leader")
    sown.late("returned", "return", data={"method": "counter"})


def _not_accepted(sown: Seeded) -> None:
    sown.submit("not accepted")
    sown.do("not accepted", "refuse")


def _in_review(sown: Seeded, story: str) -> None:
    """Free of charge; an exemption is claimed with evidence all the same."""
    exemption = {"kind": "child", "evidence": sown.markers.text("evidence")}
    sown.submit(story, procedure="2.000908", exemption=exemption)
    sown.do(story, "accept")
    sown.do(story, "forward")


def _refused(sown: Seeded) -> None:
    _in_review(sown, "refused")
    sown.do("refused", "refuse", role="leader", unit=_open_unit(sown, "refused"))
    sown.do("refused", "return", data={"method": "counter"})


def _withdrawn(sown: Seeded) -> None:
    sown.submit("withdrawn")
    sown.do("withdrawn", "withdraw", role="applicant")
    sown.do("withdrawn", "stop")
    sown.do("withdrawn", "return", data={"method": "counter"})


def _stopped(sown: Seeded) -> None:
    _in_review(sown, "stopped")
    sown.do("stopped", "stop", role="officer", unit=_open_unit(sown, "stopped"))
    sown.do("stopped", "return", data={"method": "counter"})


def _open_unit(sown: Seeded, story: str) -> str:
    steps = sown.office.show(sown.dossiers[story])["steps"]
    return str(next(step["unit"] for step in steps if step["due"] and not step["done"]))


def _sent_away(sown: Seeded) -> None:
    """Commands that are refused by the gateway, by the workflow, and by the register itself."""
    code, story = sown.markers.code, "sent away"
    sown.submit(story)
    for name in ("approve", "return", "stop"):  # not now
        sown.refused_command(story, name, data={"method": "post"} if name == "return" else {})
    sown.refused_command(story, code)
    sown.refused_command(story, "accept", id_=code)
    sown.refused_command(story, "accept", id_=sown.markers.digits)
    sown.refused_command(story, "accept", unit=code)
    sown.refused_command(story, "refuse", unit=code)
    sown.refused_command(story, "withdraw", role="applicant", unit=code)
    sown.refused_command(story, "withdraw", role=code)
    sown.refused_command(story, "accept", data={code: code})
    sown.refused_command(story, "accept", occurred_at=code)
    sown.refused_command(story, "accept", late={sown.markers.text("field"): 1})
    sown.refused_command(story, "accept", expected_version=sown.markers.text("version"))
    sown.refused_command(story, "request_supplement", data={"components": [code]})  # the register says no
    sown.refused_command(story, "pay", data={"amount": sown.markers.text("amount"), "means": code})
    _in_review(sown, "in review")
    sown.refused_command("in review", "propose", role="officer", unit=code, data={"step": "appraise"})
    unit = _open_unit(sown, "in review")
    sown.refused_command("in review", "propose", role="officer", unit=unit, data={"step": code})


async def _paid_online(sown: Seeded) -> None:
    """The platform refuses the first order, strangers forge call-backs, then the second order is paid."""
    office, markers, story = sown.office, sown.markers, "online"
    dossier = sown.submit(
        story, channel="online", return_method="online", components=[{"component": "giay-de-nghi", "quantity": 1}]
    )
    settings = sown.stack.settings
    secret = settings["MOTCUA_PAYMENTS_SECRET"].encode()
    in_the_way = PaymentOrder(
        reference=f"{dossier.replace('-', '')}-1",
        amount=1,
        description="-",
        expires_at=datetime.now().astimezone() + timedelta(days=1),
    )
    async with httpx.AsyncClient() as http:
        await HttpPaymentPlatform(http, settings["MOTCUA_PAYMENTS_URL"], secret, "motcua").open(in_the_way)
    sown.do(story, "accept")
    sown.office.waits_for(dossier, "payment.failed")
    payment: Json = eventually(lambda: _open_payment(office, dossier))

    confirm = dict.fromkeys(FIELDS["CONFIRM"].split(), markers.text("poison")) | {"reference": payment["reference"]}
    sown.refused(office.http.post("/v1/payments/callback", json=Signature(b"guessed").signed("CONFIRM", confirm)))
    confirm |= {"partner": "motcua", "code": "00", "paid": "20261120093000", "currency": "VND"}
    sown.refused(office.http.post("/v1/payments/callback", json=Signature(secret).signed("CONFIRM", confirm)))

    office.http.post(payment["url"], params={"outcome": "success"}).raise_for_status()
    office.waits_for(dossier, "dossier.forwarded")
    office.do(dossier, "propose", **sown.say(role="officer", unit=ECONOMY, data={"step": "appraise"}))
    office.do(dossier, "approve", **sown.say(role="leader"))
    office.waits_for(dossier, "result.returned")


def _open_payment(office: Office, dossier: str) -> Json | None:
    payment: Json | None = office.show(dossier)["payment"]
    return payment if payment and payment["url"] else None


def _bad_requests(sown: Seeded) -> None:
    """Markers where they have no business: codes, paths, questions, headers, bodies that are no submission."""
    http, code, text = sown.office.http, sown.markers.code, sown.markers.text("path")
    post = sown.post_submission
    for field_ in ("procedure", "unit", "case", "channel", "return_method", "quantity", "occurred_at", code):
        sown.refused(post(submission(**{field_: code}), f"{sown.reference}/{field_}"))
        sown.refused(post(submission(**{field_: text}), f"{sown.reference}/{field_}"))
    sown.refused(post(submission(components=[{"component": code}])))
    sown.refused(post(submission(exemption={"kind": code, "evidence": text})))
    sown.refused(post(submission(applicant={**sown.person(), "kind": code, text: text})))
    sown.refused(post(submission(note=sown.person())))
    sown.refused(post(submission(note=text), f"{sown.reference}/not accepted"))  # another body
    sown.refused(http.post("/v1/dossiers", content=text.encode(), headers={"Idempotency-Key": uuid4().hex}))
    sown.refused(http.post("/v1/dossiers", content=text.encode("utf-16"), headers={"Idempotency-Key": uuid4().hex}))
    sown.refused(http.post("/v1/dossiers", json=sown.person(), headers={"Authorization": f"Bearer {code}"}))
    sown.refused(http.post("/v1/dossiers", content=f'{{"note": "{text * 4_000}"}}'.encode()))
    for path in (f"/v1/dossiers/{text}", f"/v1/dossiers/{code}/explanation", f"/v1/{text}", f"/v1/events?after={text}"):
        sown.refused(http.get(path))
    for name in ("status", "cursor", "limit"):
        sown.refused(http.get("/v1/dossiers", params={name: text}))
    sown.refused(http.get("/v1/dossiers", params={"unit": text}))
    sown.refused(http.put("/v1/dossiers", params={"unit": text}))
    sown.refused(http.post(f"/v1/dossiers/{text}/commands", json={}))
    dossier = sown.dossiers["sent away"]
    body = {"name": "accept", "actor": {"role": "clerk", "unit": COMMUNE}}
    headers = {"Idempotency-Key": str(uuid4()), "If-Match": code}
    sown.refused(http.post(f"/v1/dossiers/{dossier}/commands", json=body, headers=headers))
    sown.refused(http.post("/v1/payments/callback", content=text.encode()))
    sown.refused(http.post("/v1/payments/callback", json={"version": text}))
