"""The acts of clerks, officers and leaders that the demo's stories share."""

from __future__ import annotations

from cli.demo_office import Json, Office

CLERK, OFFICER, LEADER = "Phạm Thị Tiếp Nhận", "Lê Văn Thẩm Định", "Võ Thị Ký Duyệt"


def papers(*codes: str) -> list[Json]:
    """Components, as they stand in a submission."""
    return [{"component": code} for code in codes]


def at_the_counter(office: Office, dossier: str, unit: str) -> None:
    """All that follows a submission at the counter, to the returned result."""
    accepted_and_paid(office, dossier, unit)
    from_acceptance(office, dossier, unit)


def accepted_and_paid(office: Office, dossier: str, unit: str) -> None:
    """Find it complete, collect what is due at receipt, and see it accepted."""
    office.do(dossier, "accept", "clerk", unit, CLERK)
    collect(office, dossier, unit, "at_receipt")
    office.wait_for(dossier, "dossier.accepted")


def from_acceptance(office: Office, dossier: str, unit: str) -> None:
    """Forward it, have it reviewed, collect what is due before return, and hand the result over."""
    office.do(dossier, "forward", "clerk", unit, CLERK)
    review(office, dossier)
    collect(office, dossier, unit, "before_return")
    office.do(dossier, "return", "clerk", unit, CLERK, data={"method": "counter"})


def collect(office: Office, dossier: str, unit: str, timing: str) -> None:
    """Take the fee in cash, if one is due at this point."""
    fee = office.show(dossier)["fee"]
    if fee["total"] and fee["timing"] == timing:
        office.do(dossier, "pay", "clerk", unit, CLERK, data={"amount": fee["total"], "means": "cash"})


def review(office: Office, dossier: str) -> None:
    """Let every office do the step that waits for it; the last step is the signer's."""
    last = office.show(dossier)["steps"][-1]["step"]
    while waiting := open_steps(office.show(dossier)):
        step = waiting[0]
        if step["step"] == last:
            office.do(dossier, "approve", "leader", step["unit"], LEADER)
            return
        office.do(dossier, "propose", "officer", step["unit"], OFFICER, data={"step": step["step"]})


def open_steps(found: Json) -> list[Json]:
    """The steps that somebody is working on now."""
    return [step for step in found["steps"] if step["due"] and not step["done"]]
