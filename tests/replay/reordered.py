"""The dossier's life with a chapter changed, as a careless edit would: only to prove that replay notices."""

from __future__ import annotations

from temporalio import workflow
from temporalio.common import VersioningBehavior

from schema import wire
from schema.case import Start
from workflows.dossier import DossierWorkflow


@workflow.defn(name=wire.DOSSIER_WORKFLOW, versioning_behavior=VersioningBehavior.AUTO_UPGRADE)
class Reordered(DossierWorkflow):
    """Waits for a second before it does anything."""

    @workflow.init
    def __init__(self, start: Start) -> None:
        super().__init__(start)

    @workflow.run
    async def run(self, start: Start) -> None:
        await workflow.sleep(1)
        await super().run(start)
