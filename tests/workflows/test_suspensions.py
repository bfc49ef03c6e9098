"""The clock stands still for typed reasons, and goes on with what was left of it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from domain.errors import Invalid, NotAllowed
from domain.milestones import ClockKind
from tests import stories
from tests.stories import World

LAND = "1.013831"


async def test_a_financial_duty_stops_the_clock(world: World) -> None:
    """Taxes on land: status 6, nothing strikes for a month, and the appointment moves by what was left out."""
    dossier = await stories.under_land_review(world)
    unit = dossier.case.open_steps()[0].unit
    fee = dossier.case.fee_total
    due, first = dossier.clock(ClockKind.STATUTORY).due, dossier.case.appointment
    await dossier.do("require_duty", "officer", unit, notice="TB-1234", amount=12_500_000)

    assert dossier.case.status == 6
    before = len(dossier.story)
    await world.skip(days=28)
    assert len(dossier.story) == before
    await dossier.do("resume", "officer", unit, proof="GNT-77")
    assert dossier.case.status == 4
    assert dossier.case.fee_total == fee
    assert dossier.clock(ClockKind.STATUTORY).due >= due + timedelta(days=28)
    assert dossier.case.appointment != first
    await dossier.review()
    assert dossier.case.status == 9


async def test_what_was_left_of_a_step_goes_on(world: World) -> None:
    """The step that was open keeps the opening time that it still had."""
    dossier = await stories.under_land_review(world)
    step = dossier.case.open_steps()[0]
    before = dossier.clock(ClockKind.STEP, step.code)
    await dossier.do("require_duty", "officer", step.unit)
    await world.skip(days=7)
    await dossier.do("resume", "officer", step.unit)
    after = dossier.clock(ClockKind.STEP, step.code)

    assert after.due - before.due == timedelta(days=7)
    assert after.arming > before.arming


async def test_only_what_the_law_names_stops_it(world: World) -> None:
    """The land procedures name their work; a household business names nothing."""
    land = await stories.under_land_review(world)
    unit = land.case.open_steps()[0].unit
    await land.do("suspend", "officer", unit, cause="land_work")
    assert land.case.status == 4
    with pytest.raises(Invalid) as wrong:
        await land.do("resume", "officer", unit, proof="GNT-77")
    assert wrong.value.field == "data.proof"

    other = await (await world.a_dossier()).in_review()
    with pytest.raises(NotAllowed) as refusal:
        await other.do("suspend", "officer", stories.ECONOMY, cause="land_work")
    assert refusal.value.field == "data.cause"


async def test_a_term_that_had_run_out_is_not_given_back(world: World) -> None:
    """A stop after the breach changes nothing of it: no rung is struck a second time."""
    dossier = await stories.under_land_review(world)
    unit = dossier.case.open_steps()[0].unit
    await world.skip(days=30)
    await dossier.until("clock.escalated", 3)
    struck = dossier.types.count("clock.breached")
    await dossier.do("require_duty", "officer", unit)
    await world.skip(days=5)
    await dossier.do("resume", "officer", unit)
    await world.skip(days=1)

    assert dossier.types.count("clock.breached") == struck
