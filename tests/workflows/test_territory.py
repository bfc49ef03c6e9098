"""Received outside its territory: the offices of its own commune resolve it, and its terms run from the arrival."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from domain.deadlines import runs_from_arrival
from domain.errors import Invalid
from domain.instants import VIETNAM
from domain.milestones import ClockKind
from schema.events import EventType
from tests.stories import COMMUNE, World

ELSEWHERE, THEIR_ECONOMY = "000.00.62.H48", "000.01.62.H48"
MOUNTAINS = "000.00.63.H48"


@pytest.mark.parametrize(
    "day, outside, arrival",
    [
        ("2026-08-04", True, False),  # NĐ 309/2026 is not in force yet
        ("2026-08-05", True, True),
        ("2026-08-05", False, False),
        ("2027-01-04", True, True),
    ],
)
def test_from_when_arrival_counts(day: str, outside: bool, arrival: bool) -> None:
    """Since 05/08/2026, and only for what is received outside its territory."""
    accepted = datetime.fromisoformat(f"{day}T09:00:00").replace(tzinfo=VIETNAM)

    assert runs_from_arrival(outside=outside, accepted=accepted) is arrival


async def test_the_terms_run_from_the_arrival(world: World) -> None:
    """Forwarded a day late, the law's term begins a day later; the appointment that was printed stays."""
    dossier = await (await world.a_dossier(territory=ELSEWHERE)).accepted()
    accepted = dossier.last(EventType.ACCEPTED)
    statutory, appointment = dossier.clock(ClockKind.STATUTORY).due, dossier.case.appointment

    assert accepted.data["runs_from"] == "arrival"
    assert {step.unit for stage in dossier.case.stages for step in stage} == {THEIR_ECONOMY, ELSEWHERE}
    await world.skip(days=1)
    await dossier.forward()
    assert dossier.case.arrived_at == dossier.last(EventType.FORWARDED).occurred_at
    assert dossier.clock(ClockKind.STATUTORY).due > statutory
    assert dossier.case.appointment == dossier.clock(ClockKind.PROMISED).due == appointment
    assert dossier.case.unit == COMMUNE
    assert dossier.case.holders() == (THEIR_ECONOMY,)


async def test_a_stop_is_left_out_of_a_term_that_runs_from_the_arrival(world: World) -> None:
    """What stands still later is counted from the arrival, too."""
    dossier = await (await world.a_dossier(procedure="1.013831", territory=ELSEWHERE)).in_review()
    before = dossier.clock(ClockKind.STATUTORY).due
    unit = dossier.case.open_steps()[0].unit
    await dossier.do("require_duty", "officer", unit)
    await world.skip(days=7)
    await dossier.do("resume", "officer", unit)

    assert before + timedelta(days=7) <= dossier.clock(ClockKind.STATUTORY).due <= before + timedelta(days=11)


async def test_a_territory_that_cannot_receive_it(world: World) -> None:
    """The one-stop named must be one that may take such a dossier in."""
    with pytest.raises(Invalid) as refusal:
        await world.submitted(territory="000.00.11.H48")

    assert refusal.value.field == "unit"


async def test_the_place_of_the_land_decides_the_term(world: World) -> None:
    """A mountain commune has ten working days more, wherever its dossier is handed in."""
    plain = await world.submitted(procedure="1.013831")
    difficult = await world.submitted(procedure="1.013831", territory=MOUNTAINS)

    assert (plain.case.case, difficult.case.case) == ("plain", "difficult")
    with pytest.raises(Invalid) as refusal:
        await world.submitted(procedure="1.013831", case="difficult")
    assert (refusal.value.field, refusal.value.remedy) == ("case", "use one of: plain, lease-plain")
