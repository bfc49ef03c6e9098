"""Rungs: who is told when a clock strikes, and that nobody is told twice."""

from __future__ import annotations

from typing import Any

from activities.addressees import addressees
from activities.ports import Claim, Desk
from domain.catalogue import Catalogue
from domain.instants import civil_date
from domain.milestones import Rung
from schema.case import STRUCK, Case
from schema.messages import Event


async def struck(case: Case, event: Event, law: Catalogue, desk: Desk) -> dict[str, Any]:
    """Name the addressees, and claim the rung: `sent_by` says who has told them already, if the watch has.

    A clock that was set before there were ladders has no number, and nobody else could have spoken of it.
    """
    data: dict[str, Any] = event.data
    rung, step = Rung(data.get("rung", STRUCK[event.type])), data.get("step", "")
    told = {"to": addressees(case, rung, law, civil_date(event.occurred_at), step)}
    if "arming" not in data:
        return told
    claim = Claim(case.dossier, data["clock"], step, rung, data["arming"], event.occurred_at)
    before = await desk.claim(claim)
    return told | ({"sent_by": before} if before not in (None, "dossier") else {})
