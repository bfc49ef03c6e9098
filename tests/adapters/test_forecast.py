"""The forecast over recorded events: an office with a pace, and the dossier that will not keep its appointment."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from activities.ports import Unavailable
from adapters.forecast import Answer, forecast, shown
from adapters.law import PostgresLaw
from adapters.postgres import Pool, open_pool
from domain.errors import Invalid
from domain.forecast import Meter
from domain.instants import VIETNAM
from domain.milestones import ClockKind
from domain.paces import Scope
from schema.events import EventType
from schema.submissions import Submission
from tests.adapters.test_register import OnDisk, record
from tests.stories import COMMUNE, ECONOMY

SLOW, OTHER = "1.001612", "000.00.62.H48"
"""Registering a household business: three working days, a fee at receipt, appraised by the economy division."""
START = datetime(2026, 3, 2, 7, 30, tzinfo=VIETNAM)


class Year:
    """Dossiers told with their hours: how long each step took, in opening hours from the one before."""

    def __init__(self, pool: Pool, kept: OnDisk) -> None:
        self.pool, self.kept = pool, kept
        self.meter = Meter(kept.law.calendar("state-office"))

    @classmethod
    async def begun(cls, pool: Pool) -> Year:
        return cls(pool, OnDisk(pool, await PostgresLaw(pool).latest()))

    def next_day(self, at: datetime) -> datetime:
        """The same hour of the next working day."""
        return self.meter.later(at + timedelta(minutes=1), self.meter.day) - timedelta(minutes=1)

    async def accepted(self, at: datetime, unit: str = COMMUNE) -> UUID:
        """A dossier with its fee paid in cash."""
        body: dict[str, Any] = {"procedure": SLOW, "unit": unit, "channel": "counter", "return_method": "counter"}
        submission = Submission.model_validate({**body, "components": [], "applicant": {"name": "Nguyễn Thị Thử"}})
        dossier = await self.kept.submit(submission, at)
        await record(self.kept, dossier, EventType.FOUND_COMPLETE)
        await record(self.kept, dossier, EventType.PAYMENT_RECEIVED, data={"amount": 100_000, "means": "cash"})
        await record(self.kept, dossier, EventType.ACCEPTED)
        return dossier

    async def goes_on(self, dossier: UUID, type_: EventType, hours: float, **data: Any) -> None:
        case = await self.kept.port.load(dossier)
        at = self.meter.later(case.last_instant, hours)
        await record(self.kept, dossier, type_, at=at, data=data)

    async def told(self, at: datetime, *, appraisal: float, unit: str = COMMUNE) -> UUID:
        """A dossier from acceptance to the signature: an hour, the appraisal, two hours."""
        dossier = await self.accepted(at, unit)
        await self.goes_on(dossier, EventType.FORWARDED, 1.0)
        await self.goes_on(dossier, EventType.PROPOSED, appraisal, step="appraise")
        await self.goes_on(dossier, EventType.APPROVED, 2.0)
        return dossier

    async def forecast(self, at: datetime, **options: Any) -> Answer:
        return await forecast(self.pool, PostgresLaw(self.pool), as_of=at, **options)


async def slow_office(pool: Pool, unit: str = COMMUNE) -> Year:
    """Ten dossiers, one a working day, whose appraisals took 24 to 42 hours where the term has 22.5 in all."""
    year = await Year.begun(pool)
    at = START
    for number in range(10):
        await year.told(at, appraisal=24.0 + 2 * number, unit=unit)
        at = year.next_day(at)
    return year


AFTER = datetime(2026, 3, 30, 8, 0, tzinfo=VIETNAM)


async def test_a_dossier_that_will_be_late_is_listed_before_its_first_rung(pool: Pool) -> None:
    """Forwarded an hour ago to an office that takes longer than the term: listed, with all that is to be said."""
    year = await slow_office(pool)
    dossier = await year.accepted(AFTER)
    await year.goes_on(dossier, EventType.FORWARDED, 1.0)
    as_of = AFTER + timedelta(hours=2)
    answer = await year.forecast(as_of, unit=COMMUNE)
    case = await year.kept.port.load(dossier)
    clock = case.clock(ClockKind.PROMISED)
    assert clock is not None

    assert (answer.looked_at, answer.without_pace, answer.left_out) == (1, 0, 0)
    (listed,) = answer.listed
    assert listed.case == case
    assert listed.outlook.probability == pytest.approx(0.8)  # 27.5 hours left: the two quickest would have kept it
    assert listed.outlook.pace.scope is Scope.OFFICE
    assert listed.outlook.slowest.age == pytest.approx(1.0)
    assert listed.outlook.pace.usual == 32.0  # half of ten are finished with the fifth
    assert listed.outlook.left == pytest.approx(year.meter.between(as_of, clock.due))
    assert listed.outlook.end == year.meter.later(as_of, listed.outlook.needed)
    assert as_of < listed.first_rung < listed.appointment == clock.due
    (row,) = shown(answer)["dossiers"]
    assert (row["dossier"], row["held_by"], row["probability"]) == (str(dossier), [ECONOMY], 0.8)
    assert "thường cần 4,3 ngày làm việc cho bước “Thẩm định hồ sơ” (10 lượt trong 60 ngày qua)" in row["reason"]


async def test_the_unit_that_holds_it_finds_it_too_and_others_do_not(pool: Pool) -> None:
    """Received here, held there: both look at it; a third office has nothing to do with it."""
    year = await slow_office(pool)
    dossier = await year.accepted(AFTER)
    await year.goes_on(dossier, EventType.FORWARDED, 1.0)
    as_of = AFTER + timedelta(hours=2)
    found = {unit: (await year.forecast(as_of, unit=unit)).listed for unit in (None, COMMUNE, ECONOMY, OTHER)}

    assert [len(each) for each in found.values()] == [1, 1, 1, 0]


async def test_the_past_is_answered_as_it_stood(pool: Pool) -> None:
    """The same question about the same instant, once the dossier was signed and gone: the same answer."""
    year = await slow_office(pool)
    dossier = await year.accepted(AFTER)
    await year.goes_on(dossier, EventType.FORWARDED, 1.0)
    as_of = AFTER + timedelta(hours=2)
    before = {unit: shown(await year.forecast(as_of, unit=unit)) for unit in (COMMUNE, ECONOMY)}
    await year.goes_on(dossier, EventType.PROPOSED, 3.0, step="appraise")
    await year.goes_on(dossier, EventType.APPROVED, 1.0)
    await year.goes_on(dossier, EventType.RETURNED, 1.0, method="counter")

    assert {unit: shown(await year.forecast(as_of, unit=unit)) for unit in before} == before
    assert (await year.forecast(as_of + timedelta(days=1))).looked_at == 0


async def test_from_the_first_rung_on_the_ladder_speaks(pool: Pool) -> None:
    """Listed a minute before it, not at its instant; and not while the dossier stands still."""
    year = await slow_office(pool)
    dossier = await year.accepted(AFTER)
    await year.goes_on(dossier, EventType.FORWARDED, 1.0)
    (listed,) = (await year.forecast(AFTER + timedelta(hours=2))).listed
    rung = listed.first_rung

    assert [(await year.forecast(rung - timedelta(minutes=m))).looked_at for m in (1, 0)] == [1, 0]
    await year.goes_on(dossier, EventType.SUPPLEMENT_REQUESTED, 1.0, components=["giay-de-nghi"])
    assert (await year.forecast(AFTER + timedelta(hours=3))).looked_at == 0


async def test_waits_are_no_work(pool: Pool) -> None:
    """Ten dossiers that waited a week for papers in the middle of eight hours of appraisal: eight hours is the pace."""
    year = await Year.begun(pool)
    at = START
    for _ in range(10):
        dossier = await year.accepted(at)
        await year.goes_on(dossier, EventType.FORWARDED, 1.0)
        await year.goes_on(dossier, EventType.SUPPLEMENT_REQUESTED, 4.0, components=["giay-de-nghi"])
        await year.goes_on(dossier, EventType.SUPPLEMENTED, 40.0, components=["giay-de-nghi"])
        await year.goes_on(dossier, EventType.PROPOSED, 4.0, step="appraise")
        await year.goes_on(dossier, EventType.APPROVED, 2.0)
        at = year.next_day(at)
    dossier = await year.accepted(AFTER)
    await year.goes_on(dossier, EventType.FORWARDED, 1.0)
    answer = await year.forecast(AFTER + timedelta(hours=2), threshold=0.001)

    assert (answer.looked_at, answer.without_pace, answer.listed) == (1, 0, ())


async def test_an_office_without_a_past_is_judged_by_the_province(pool: Pool) -> None:
    """Nothing was ever finished here; another commune has a pace, and until one has, nothing is said."""
    year = await Year.begun(pool)
    dossier = await year.accepted(AFTER, unit=COMMUNE)
    await year.goes_on(dossier, EventType.FORWARDED, 1.0)
    as_of = AFTER + timedelta(hours=2)
    nothing = await year.forecast(as_of, unit=COMMUNE)
    await slow_office(pool, unit=OTHER)
    (listed,) = (await year.forecast(as_of, unit=COMMUNE)).listed

    assert (nothing.looked_at, nothing.without_pace, nothing.listed) == (1, 1, ())
    assert listed.outlook.pace.scope is Scope.PROVINCE
    assert "các đơn vị trong tỉnh thường cần" in listed.reason


@pytest.mark.parametrize("field, options", [("unit", {"unit": "000.99"}), ("threshold", {"threshold": 0.0})])
async def test_what_cannot_be_is_refused(pool: Pool, field: str, options: dict[str, Any]) -> None:
    """With the field, and what would mend it."""
    year = await Year.begun(pool)
    with pytest.raises(Invalid) as refusal:
        await year.forecast(AFTER, **options)

    assert refusal.value.field == field
    assert refusal.value.remedy


async def test_without_a_database_it_is_unavailable() -> None:
    """Nobody is told that all is well."""
    async with await open_pool("postgresql://nobody@127.0.0.1:1/nothing", 1) as away:
        with pytest.raises(Unavailable):
            await forecast(away, PostgresLaw(away), as_of=AFTER)
