"""Names on the wire, written out so that code can be renamed freely; none of them may ever change."""

from __future__ import annotations

from uuid import UUID

DOSSIER_QUEUE = "dossier"
OUTSIDE_QUEUE = "outside"
CAMPAIGN_QUEUE = "campaign"
WATCH_QUEUE = "watch"
"""Served by a process of its own, so that the watch looks while every dossier worker is down."""

DOSSIER_WORKFLOW = "dossier"
REFUND_WORKFLOW = "refund"
CAMPAIGN_WORKFLOW = "campaign"
WATCH_WORKFLOW = "watch"
WATCH_SCHEDULE = "watch"
STALE_WORKFLOW = "stale-attempts"
STALE_SCHEDULE = "stale-attempts"
RECONCILE_WORKFLOW = "reconcile"
RECONCILE_SCHEDULE = "reconcile"
WATCH_ID = "watch/round"
"""The engine adds the instant of each round."""
COMMAND_UPDATE = "command"
REDATE_UPDATE = "redate"
APPROVE_UPDATE = "approve"
PAYMENT_SIGNAL = "payment-reported"
CASE_QUERY = "case"

LOAD = "register.load"
RECORD = "register.record"
OPEN_ORDER = "payments.open"
QUERY_ORDER = "payments.query"
ASK_PROVIDER = "payments.ask"
REFUND_ORDER = "payments.refund"
ASK_STALE = "payments.ask_stale"
RECONCILE_PLAN = "reconciliation.plan"
RECONCILE_DAY = "reconciliation.run"
HAVE_A_LOOK = "watch.look"
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


def dossier_of(workflow_id: str) -> UUID | None:
    """Read the dossier out of its workflow's id; None for a workflow of another kind."""
    kind, _, dossier = workflow_id.partition("/")
    try:
        return UUID(dossier) if kind == "dossier" else None
    except ValueError:  # started by hand under a name of somebody's own
        return None


def refund_workflow_id(report: UUID) -> str:
    """Name the workflow that gives back one reported payment, by the inbox row that reported it."""
    return f"refund/{report}"


def campaign_workflow_id(campaign: UUID) -> str:
    """Name the workflow of a campaign: started twice, it is the same one."""
    return f"campaign/{campaign}"
