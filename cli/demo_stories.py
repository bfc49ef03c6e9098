"""The demo's stories: real procedures of the catalogue, invented people, each from submission to returned result.

Each function plays one and returns the dossier's id. All of it goes through the gateway, as a one-stop's
software would do it; nothing here writes anywhere else.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from cli.demo_acts import (
    CLERK,
    LEADER,
    OFFICER,
    accepted_and_paid,
    at_the_counter,
    from_acceptance,
    open_steps,
    papers,
    review,
)
from cli.demo_office import Office, pay_as_the_payer

COMMUNE, CENTRE = "000.00.61.H48", "000.00.01.H48"


@dataclass(frozen=True)
class Story:
    """One story: its headline, what is worth looking at, and how it is played."""

    title: str
    look_at: str
    play: Callable[[Office, datetime], str]


def work_permit_online(office: Office, _: datetime) -> str:
    """Wholly online: filed, paid on the platform's page, forwarded and returned by the engine itself."""
    dossier = office.submit(
        procedure="1.014199",
        unit=CENTRE,
        channel="online",
        return_method="online",
        components=papers("mau-03", "suc-khoe", "ly-lich-tu-phap", "ho-chieu", "chuyen-mon"),
        applicant={"kind": "organisation", "name": "Công ty TNHH Ví Dụ Dung Quất", "email": "ho-so@example.com"},
    )
    office.do(dossier, "accept", "clerk", CENTRE, CLERK)
    ordered = office.wait(dossier, "the payment order is open", lambda d: bool(d["payment"] and d["payment"]["url"]))
    pay_as_the_payer(ordered["payment"]["url"])
    office.wait_for(dossier, "dossier.forwarded")
    review(office, dossier)
    office.wait(dossier, "the result is returned online", lambda d: bool(d["closed"]))
    return dossier


def birth(office: Office, _: datetime) -> str:
    """Free, and due the same day: a birth registered at the commune."""
    dossier = office.submit(
        procedure="1.001193",
        unit=COMMUNE,
        channel="counter",
        return_method="counter",
        components=papers("000.00.00.G15-KQ003204", "000.00.00.G15-KQ004389"),
        applicant={"name": "Nguyễn Thị Thử"},
    )
    at_the_counter(office, dossier, COMMUNE)
    return dossier


def household_business(office: Office, _: datetime) -> str:
    """At the counter with cash: found complete, paid, and only then accepted."""
    dossier = office.submit(
        procedure="1.001612",
        unit=COMMUNE,
        channel="counter",
        return_method="counter",
        components=papers("giay-de-nghi"),
        applicant={"name": "Trần Văn Mẫu", "phone": "0900000000"},
    )
    at_the_counter(office, dossier, COMMUNE)
    return dossier


def house_permit(office: Office, _: datetime) -> str:
    """Two departments are asked at the same time; the fee is collected before the permit is handed over."""
    dossier = office.submit(
        procedure="1.013225",
        case="house",
        unit=COMMUNE,
        channel="counter",
        return_method="counter",
        components=papers("000.00.00.G17-KQ002668", "G17-KQ003215", "G17-KQ003219"),
        applicant={"name": "Đỗ Thị Nhà Mới", "address": "Thôn Ví Dụ"},
    )
    at_the_counter(office, dossier, COMMUNE)
    return dossier


def found_in_a_drawer(office: Office, received: datetime) -> str:
    """Received on paper weeks ago and entered now: warning and breach lie behind it, and are found late."""
    late = {
        "reason": "Nhận bản giấy khi hệ thống mất kết nối, nay nhập bù",
        "paper_number": f"SVB-{received:%d%m%Y}-07",
    }
    dossier = office.submit(
        procedure="2.000004",
        unit=CENTRE,
        channel="counter",
        return_method="counter",
        components=papers("mau-02", "the-le"),
        applicant={"kind": "organisation", "name": "Siêu thị Ví Dụ"},
        occurred_at=received.isoformat(),
        late=late,
    )
    office.do(dossier, "accept", "clerk", CENTRE, CLERK, occurred_at=received.isoformat(), late=late)
    office.wait(dossier, "both breaches are found", lambda d: {"promised", "statutory"} <= set(d["breached"]))
    from_acceptance(office, dossier, CENTRE)
    return dossier


def tour_operator_with_supplement(office: Office, _: datetime) -> str:
    """Asked once for a missing paper: the clock stands still, and the term runs anew when it is there."""
    dossier = office.submit(
        procedure="2.001628",
        unit=CENTRE,
        channel="counter",
        return_method="counter",
        components=papers("don-de-nghi", "ky-quy"),
        applicant={"kind": "organisation", "name": "Công ty Lữ hành Ví Dụ"},
    )
    accepted_and_paid(office, dossier, CENTRE)
    office.do(dossier, "forward", "clerk", CENTRE, CLERK)
    department = open_steps(office.show(dossier))[0]["unit"]
    missing = {"components": ["nguoi-phu-trach"]}
    reason = "Thiếu văn bằng của người phụ trách kinh doanh"
    office.do(dossier, "request_supplement", "officer", department, OFFICER, data=missing, reason=reason)
    office.do(dossier, "supplement", "clerk", CENTRE, CLERK, data=missing)
    review(office, dossier)
    office.do(dossier, "return", "clerk", CENTRE, CLERK, data={"method": "counter"})
    return dossier


def promotion_refused(office: Office, _: datetime) -> str:
    """Refused by the department with reason and legal basis; the applicant gets the papers back."""
    dossier = office.submit(
        procedure="2.000004",
        unit=CENTRE,
        channel="counter",
        return_method="counter",
        components=papers("mau-02", "the-le"),
        applicant={"kind": "organisation", "name": "Cửa hàng Mẫu"},
    )
    office.do(dossier, "accept", "clerk", CENTRE, CLERK)
    office.do(dossier, "forward", "clerk", CENTRE, CLERK)
    department = open_steps(office.show(dossier))[0]["unit"]
    texts = {
        "reason": "Giải thưởng vượt mức giá trị được phép",
        "legal_basis": "NĐ 81/2018/NĐ-CP",
    }
    office.do(dossier, "refuse", "leader", department, LEADER, **texts)
    office.do(dossier, "return", "clerk", CENTRE, CLERK, data={"method": "counter"})
    return dossier


STORIES = (
    Story(
        "wholly online, at half the fee",
        "the payer pays on the platform; the result leaves by itself",
        work_permit_online,
    ),
    Story("free, and due the same day", "the 15:00 rule decides which day that is", birth),
    Story("at the counter, with cash", "unpaid it is not accepted, and no processing clock runs", household_business),
    Story("two departments side by side", "both are asked at once; the fee comes before the return", house_permit),
    Story("received weeks ago, entered now", "warning and breach at their own instants, found late", found_in_a_drawer),
    Story(
        "one paper missing",
        "asked for once; the clock stands still, then the term runs anew",
        tour_operator_with_supplement,
    ),
    Story("refused", "with reason and legal basis; the papers are given back", promotion_refused),
)
