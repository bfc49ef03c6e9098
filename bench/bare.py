"""The thing compared: a workflow that takes the same commands, each a no-op local activity, and nothing else.

It runs under the same plugin (Pydantic, encryption, sandbox) and the same worker settings as the engine.
"""

from __future__ import annotations

from datetime import timedelta

from temporalio import activity, workflow
from temporalio.common import VersioningBehavior

from schema.events import EventType
from schema.messages import Answer, Command

BARE_QUEUE = "bare"


@activity.defn(name="bare.nothing")
async def nothing(command: Command) -> Command:
    """Do nothing."""
    return command


@workflow.defn(name="bare", versioning_behavior=VersioningBehavior.AUTO_UPGRADE)
class BareWorkflow:
    """Waits for so many commands and ends."""

    @workflow.init
    def __init__(self, expected: int) -> None:
        self._expected = expected
        self._taken = 0

    @workflow.run
    async def run(self, expected: int) -> None:
        """Wait for the commands."""
        await workflow.wait_condition(lambda: self._taken == self._expected and workflow.all_handlers_finished())

    @workflow.update(name="command")
    async def command(self, command: Command) -> Answer:
        """Take one command through a no-op local activity."""
        await workflow.execute_local_activity(nothing, command, start_to_close_timeout=timedelta(seconds=5))
        self._taken += 1
        return Answer(
            command=command.id,
            digest=command.digest,
            dossier=command.dossier,
            sequence=self._taken,
            type=EventType.ACCEPTED,
            occurred_at=command.occurred_at,
            status=1,
        )

    @command.validator
    def _may_command(self, command: Command) -> None:
        return
