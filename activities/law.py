"""The law at work: completes an event with what only the law in force, or the dossier's pinned law, can make.

Called by the register inside the transaction of `record`, so that what is computed is what is stored; the
workflow reads it back and never computes it again.
"""

from __future__ import annotations

from activities import offices, receipt, results, supplements
from activities.receipt import Count
from domain.catalogue import Catalogue
from schema.case import Case
from schema.events import EventType
from schema.messages import Event

PINS_NEWEST = frozenset({EventType.ACCEPTED})
"""Events made under the newest publication; every other one is made under the publication the dossier has."""

_MADE = {
    EventType.FORWARDED: offices.forwarded,
    EventType.PROPOSED: offices.proposed,
    EventType.SUPPLEMENT_REQUESTED: supplements.requested,
    EventType.SUPPLEMENTED: supplements.completed,
    EventType.RETURNED: results.returned,
}

NEEDS_LAW = PINS_NEWEST | frozenset(_MADE)


async def complete(case: Case, event: Event, law: Catalogue | None, count: Count) -> Event:
    """Return the event with its computed facts; raises a `DomainError` where the law cannot make them."""
    if event.type not in NEEDS_LAW:
        return event
    assert law is not None  # the register fetched it because the type is in NEEDS_LAW
    if event.type is EventType.ACCEPTED:
        made = await receipt.accepted(case, event, law, count)
    else:
        made = _MADE[event.type](case, event, law)
    return event.model_copy(update={"data": {**event.data, **made}})
