"""Records the history of a story on a real server, to be replayed for ever: `python -m tests.replay.record NAME…`.

Histories are added, never recorded anew: one that no longer replays tells that running dossiers would break. Then
the change belongs behind `workflow.patched()`, and a new history is added beside the old one. People are invented.
"""

from __future__ import annotations

import asyncio
import base64
import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from temporalio.client import WorkflowHandle

from tests import campaigns, stories
from tests.real_world import real_world
from tests.stories import Dossier, Story, World

HISTORIES = Path(__file__).parent / "histories"

STORIES: dict[str, Story] = {
    each.__name__: each
    for each in (
        stories.granted_at_the_counter,
        stories.granted_online,
        stories.granted_after_supplements,
        stories.granted_by_two_departments,
        stories.not_accepted,
        stories.refused_after_appraisal,
        stories.withdrawn,
        stories.order_failed,
        stories.paid_twice,
        stories.entered_late,
        stories.database_away,
        stories.foreign_event,
        stories.started_behind,
        stories.under_every_clock,
        campaigns.redated,
        campaigns.campaign_over_two,
        stories.stood_still,
        stories.apologised_late,
        stories.paid_elsewhere,
        stories.waived,
        stories.fee_back,
        stories.uncertain,
        stories.ordered_with_completeness,
    )
}
"""The stories that can be recorded; with `carried_on_` before the name, by fresh runs of `LONGEST` events."""

CARRIED_ON = ("carried_on_granted_after_supplements", "carried_on_order_failed")
LONGEST = 30


async def record(name: str, folder: Path = HISTORIES) -> list[Path]:
    """Live one story and keep the history of each workflow and run that took part; refuses to overwrite."""
    _refuse_what_is_there(name, folder)
    carries_on = name.startswith("carried_on_")
    story = STORIES[name.removeprefix("carried_on_")]
    config = {"limit.historyCount.suggestContinueAsNew": LONGEST} if carries_on else None
    with tempfile.TemporaryDirectory() as temporary:
        async with real_world(Path(temporary) / "temporal", dynamic_config=config) as world:
            dossier = await story(world)
            await dossier.ended()
            found = [each async for each in _workflows(world, dossier)]
            return [await _keep(handle, folder / f"{name}.{number}.json") for number, handle in enumerate(found, 1)]


def _refuse_what_is_there(name: str, folder: Path) -> None:
    if taken := sorted(each.name for each in folder.glob(f"{name}.*json")):
        raise SystemExit(f"{', '.join(taken)}: recorded already. Histories are added: tell the story under a new name.")


async def _workflows(world: World, dossier: Dossier) -> Any:
    """Every run of the story: the dossier's, first to last, then the refunds that it started."""
    await stories.eventually(lambda: _all_visible(world))
    runs = [each async for each in world.client.list_workflows()]
    for each in sorted(runs, key=lambda run: (run.workflow_type, run.start_time)):
        yield world.client.get_workflow_handle(each.id, run_id=each.run_id)


async def _all_visible(world: World) -> bool:
    return all([each.close_time is not None async for each in world.client.list_workflows()])


async def _keep(handle: WorkflowHandle[Any, Any], file: Path) -> Path:
    history = await handle.fetch_history()
    kept = json.loads(history.to_json())
    for attributes in _failures(kept):
        attributes["data"] = _without_stack(attributes["data"])
    return _write(file, {"workflow_id": handle.id, **kept})


def _write(file: Path, history: dict[str, Any]) -> Path:
    file.write_text(json.dumps(history, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return file


def _failures(value: Any) -> Iterator[dict[str, Any]]:
    """The encoded attributes of every failure in a history."""
    if isinstance(value, dict):
        if "encodedAttributes" in value:
            yield value["encodedAttributes"]
        for each in value.values():
            yield from _failures(each)
    elif isinstance(value, list):
        for each in value:
            yield from _failures(each)


def _without_stack(data: str) -> str:
    """The attributes without the stack trace, which holds the folders of the machine that recorded it."""
    attributes = json.loads(base64.b64decode(data))
    return base64.b64encode(json.dumps({**attributes, "stack_trace": ""}).encode()).decode()


def missing() -> list[str]:
    """The stories of which no history is kept yet."""
    return [name for name in (*STORIES, *CARRIED_ON) if not list(HISTORIES.glob(f"{name}.*json"))]


def main() -> None:
    """Record the stories named on the command line, or all that are missing."""
    names = sys.argv[1:]
    if not names:
        raise SystemExit(f"Which story? One of: {', '.join(STORIES)}, carried_on_ before one of them, or: missing.")
    for name in missing() if names == ["missing"] else names:
        for file in asyncio.run(record(name)):
            print(file.name)


if __name__ == "__main__":
    main()
