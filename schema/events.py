"""Event types: what can happen to a dossier, in the past tense, and the act each one records.

The data of an event is facts of the case only: codes, amounts, instants. Persons and free text are sealed.
"""

from __future__ import annotations

from enum import StrEnum

from domain.dossier import Act


class EventType(StrEnum):
    """The types of a dossier's events; subscribers know them by these names."""

    SUBMITTED = "dossier.submitted"
    FOUND_COMPLETE = "dossier.found_complete"
    ACCEPTED = "dossier.accepted"
    SUPPLEMENT_REQUESTED = "dossier.supplement_requested"
    SUPPLEMENTED = "dossier.supplemented"
    REFUSED = "dossier.refused"
    FORWARDED = "dossier.forwarded"
    PROPOSED = "step.proposed"
    DUTY_REQUIRED = "dossier.duty_required"
    SUSPENDED = "dossier.suspended"
    RESUMED = "dossier.resumed"
    REDATED = "dossier.redated"
    ANSWERED_IN_TIME = "deadline.in_time"
    ANSWERED_LATE = "deadline.late"
    APOLOGY_SIGNED = "apology.signed"
    APPOINTMENT_MOVED = "appointment.moved"
    APPROVED = "dossier.approved"
    WITHDRAWN = "dossier.withdrawn"
    STOPPED = "dossier.stopped"
    RETURNED = "result.returned"
    PAYMENT_ORDERED = "payment.ordered"
    PAYMENT_OPENED = "payment.opened"
    PAYMENT_RECEIVED = "payment.received"
    PAYMENT_FAILED = "payment.failed"
    PAYMENT_SURPLUS = "payment.surplus"
    PAYMENT_REFUNDED = "payment.refunded"
    PROVIDER_CHOSEN = "payment.provider_chosen"
    PAYMENT_UNCERTAIN = "payment.uncertain"
    PAYMENT_LAPSED = "payment.lapsed"
    FEE_WAIVED = "fee.waived"
    REFUND_ASKED = "refund.asked"
    REFUND_APPROVED = "refund.approved"
    REFUND_REFUSED = "refund.refused"
    CLOCK_WARNED = "clock.warned"
    CLOCK_ASKED = "clock.asked"
    CLOCK_BREACHED = "clock.breached"
    CLOCK_ESCALATED = "clock.escalated"


MOVES: dict[EventType, Act] = {
    EventType.FOUND_COMPLETE: Act.FIND_COMPLETE,
    EventType.ACCEPTED: Act.ACCEPT,
    EventType.SUPPLEMENT_REQUESTED: Act.REQUEST_SUPPLEMENT,
    EventType.SUPPLEMENTED: Act.SUPPLEMENT,
    EventType.REFUSED: Act.REFUSE,
    EventType.FORWARDED: Act.FORWARD,
    EventType.PROPOSED: Act.PROPOSE,
    EventType.DUTY_REQUIRED: Act.REQUIRE_DUTY,
    EventType.SUSPENDED: Act.SUSPEND,
    EventType.RESUMED: Act.RESUME,
    EventType.ANSWERED_IN_TIME: Act.ANSWER_IN_TIME,
    EventType.ANSWERED_LATE: Act.ANSWER_LATE,
    EventType.APOLOGY_SIGNED: Act.SIGN_APOLOGY,
    EventType.APPOINTMENT_MOVED: Act.MOVE_APPOINTMENT,
    EventType.APPROVED: Act.APPROVE,
    EventType.WITHDRAWN: Act.WITHDRAW,
    EventType.STOPPED: Act.STOP,
    EventType.RETURNED: Act.RETURN,
    EventType.PAYMENT_ORDERED: Act.ORDER,
    EventType.PAYMENT_FAILED: Act.FAIL,
    EventType.PROVIDER_CHOSEN: Act.CHOOSE_PROVIDER,
    EventType.FEE_WAIVED: Act.WAIVE,
}
"""The act that each event records. A received payment is `pay` or `settle` by its means; the rest move no state."""
