"""Names on the wire, written out so that code can be renamed freely; none of them may ever change."""

from __future__ import annotations

from uuid import UUID

DOSSIER_QUEUE = "dossier"
OUTSIDE_QUEUE = "outside"
CAMPAIGN_QUEUE = "campaign"

DOSSIER_WORKFLOW = "dossier"
REFUND_WORKFLOW = "refund"
CAMPAIGN_WORKFLOW = "campaign"
COMMAND_UPDATE = "command"
REDATE_UPDATE = "redate"
PAYMENT_SIGNAL = "payment-reported"
CASE_QUERY = "case"

LOAD = "register.load"
RECORD = "register.record"
OPEN_ORDER = "payments.open"
QUERY_ORDER = "payments.query"
REFUND_ORDER = "payments.refund"
PLAN_PAGE = "campaign.plan"
CARRY_OUT = "campaign.carry_out"
CONCLUDE = "campaign.conclude"

SEARCH_PROCEDURE = "Procedure"
SEARCH_UNIT = "Unit"
SEARCH_CHANNEL = "Channel"
SEARCH_STATUS = "DossierStatus"
SEARCH_DUE = "DueAt"


def dossier_workflow_id(dossier: UUID) -> str:
    """Name the workflow of a dossier by its internal, immutable id."""
    return f"dossier/{dossier}"


def refund_workflow_id(report: UUID) -> str:
    """Name the workflow that gives back one reported payment, by the inbox row that reported it."""
    return f"refund/{report}"


def campaign_workflow_id(campaign: UUID) -> str:
    """Name the workflow of a campaign: started twice, it is the same one."""
    return f"campaign/{campaign}"
