"""Dossiers under way survive this code: every recorded history replays, and a changed order is noticed."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path

import pytest
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer
from temporalio.workflow import NondeterminismError

from adapters.temporal import motcua_plugin
from tests.replay.record import HISTORIES, record
from tests.replay.reordered import Reordered
from workflows.campaign import CampaignWorkflow
from workflows.dossier import DossierWorkflow
from workflows.refund import RefundWorkflow

FILES = sorted(HISTORIES.glob("*.json"))
PAYLOAD = re.compile(r'"data": "([^"]*)"')


def read(file: Path) -> WorkflowHistory:
    kept = json.loads(file.read_text(encoding="utf-8"))
    return WorkflowHistory.from_json(kept.pop("workflow_id"), kept)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
async def test_a_recorded_story_replays(file: Path) -> None:
    """What the engine did then, this code does again, command by command."""
    replayer = Replayer(workflows=[DossierWorkflow, RefundWorkflow, CampaignWorkflow], plugins=[motcua_plugin(None)])
    result = await replayer.replay_workflow(read(file), raise_on_replay_failure=False)

    assert result.replay_failure is None


def test_there_are_histories() -> None:
    """Every road through the procedure is among them, a refund, an outage and a change of runs."""
    stories = {file.name.split(".")[0] for file in FILES}

    assert len(stories) >= 12
    assert {"paid_twice", "database_away", "carried_on_granted_after_supplements"} <= stories


async def test_a_changed_order_is_noticed() -> None:
    """The guard is alive: a workflow that asks for something else first fails the replay of every story."""
    replayer = Replayer(workflows=[Reordered, RefundWorkflow], plugins=[motcua_plugin(None)])
    for file in (each for each in FILES if each.name.startswith("granted")):
        result = await replayer.replay_workflow(read(file), raise_on_replay_failure=False)
        assert isinstance(result.replay_failure, NondeterminismError), file.name


def test_histories_tell_nothing_of_the_machine() -> None:
    """They are read by everybody: no folder of whoever recorded them, in clear or inside a payload."""
    homes = [str(HISTORIES.parents[2]), str(Path.home()), "site-packages"]
    told = [file.read_text(encoding="utf-8") for file in FILES]
    inside = [base64.b64decode(each).decode(errors="replace") for text in told for each in PAYLOAD.findall(text)]

    assert inside
    assert not [each for each in (*told, *inside) for home in homes if home in each]


async def test_a_history_is_not_recorded_anew() -> None:
    """Histories are added: one that stands in the way of a change is a warning, not a file to renew."""
    before = {file: file.read_bytes() for file in FILES}
    with pytest.raises(SystemExit, match="recorded already"):
        await record(FILES[0].name.split(".")[0])

    assert {file: file.read_bytes() for file in FILES} == before
