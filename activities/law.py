"""The law at work: completes an event with what only the law in force, or the dossier's pinned law, can make.

Called by the register inside the transaction of `record`, so that what is computed is what is stored; the
workflow reads it back and never computes it again.
"""

from __future__ import annotations

from activities import appointments, money, offices, receipt, redating, results, rungs, supplements, suspensions
from activities.ports import Desk
from domain.catalogue import Catalogue
from schema.case import STRUCK, Case
from schema.events import EventType
from schema.messages import Event

PINS_NEWEST = frozenset({EventType.ACCEPTED})
"""Events made under the newest publication; every other one is made under the publication the dossier has."""

_MADE = {
    EventType.FOUND_COMPLETE: receipt.found_complete,
    EventType.FORWARDED: offices.forwarded,
    EventType.PROPOSED: offices.proposed,
    EventType.SUPPLEMENT_REQUESTED: supplements.requested,
    EventType.SUPPLEMENTED: supplements.completed,
    EventType.SUSPENDED: suspensions.suspended,
    EventType.RESUMED: suspensions.resumed,
    EventType.REDATED: redating.redated,
    EventType.APOLOGY_SIGNED: appointments.signed,
    EventType.APPOINTMENT_MOVED: appointments.moved,
    EventType.APPROVED: results.approved,
    EventType.RETURNED: results.returned,
}
_MADE_AT_THE_DESK = {EventType.ACCEPTED: receipt.accepted, **dict.fromkeys(STRUCK, rungs.struck)}

NEEDS_DESK = frozenset(_MADE_AT_THE_DESK) | {EventType.PAYMENT_RECEIVED}
"""Events that need what only the transaction can give: a number, a claim."""
NEEDS_LAW = frozenset(_MADE_AT_THE_DESK) | frozenset(_MADE)


async def complete(case: Case, event: Event, law: Catalogue | None, desk: Desk) -> Event:
    """Return the event with its computed facts; raises a `DomainError` where the law cannot make them."""
    if event.type is EventType.PAYMENT_RECEIVED:
        return event.model_copy(update={"data": {**event.data, **await money.received(case, event, desk)}})
    if event.type not in NEEDS_LAW:
        return event
    assert law is not None  # the register fetched it because the type is in NEEDS_LAW
    if event.type in _MADE_AT_THE_DESK:
        made = await _MADE_AT_THE_DESK[event.type](case, event, law, desk)
    else:
        made = _MADE[event.type](case, event, law)
    return event.model_copy(update={"data": {**event.data, **made}})
