"""The index of Decision 766 over recorded events: what is judged, how it is counted, and who is behind a figure."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

import pytest

from activities.ports import Unavailable
from adapters import punctuality
from adapters.law import PostgresLaw
from adapters.postgres import Pool, open_pool
from adapters.punctuality import Index766, Judged, Question, dossier_shown, question, shown
from domain.errors import Invalid
from domain.instants import local
from domain.punctuality import Ground, Outcome
from schema.events import EventType as E
from schema.submissions import Submission
from tests.adapters.test_register import OnDisk, record
from tests.domain.state_office import moment
from tests.stories import COMMUNE

HOUSEHOLD, LAND, OTHER = "1.001612", "2.000908", "000.00.62.H48"
"""Registering a household business has three working days: accepted on Monday 02/03, promised for Thursday 05/03."""
ACCEPTED, GIVEN = "02/03/2026 08:00", "05/03/2026 17:00"
PAPERS = {"components": ["giay-de-nghi"]}

Acts = list[tuple[str, E, dict[str, Any]]]


def asks(at: str) -> Acts:
    return [(at, E.SUPPLEMENT_REQUESTED, PAPERS)]


def brings(at: str) -> Acts:
    return [(at, E.SUPPLEMENTED, PAPERS)]


def signs(at: str) -> Acts:
    return [(at, E.APPROVED, {})]


def form_04(at: str, to: str) -> Acts:
    signed = {"appointment": moment(to).isoformat(), "cause": "workload"}
    return [(at, E.APOLOGY_SIGNED, signed), (at, E.APPOINTMENT_MOVED, {})]


WAITED = [*asks("03/03/2026 09:00"), *brings("05/03/2026 09:00")]
"""Two working days. The law counts three anew, to Tuesday 10/03; the index adds two to Thursday 05/03: Monday 09/03."""

TABLE: dict[str, tuple[Acts, Acts, Outcome, Ground, bool, str]] = {
    "a day early": ([], signs("04/03/2026 17:00"), Outcome.EARLY, Ground.IN_TIME, False, GIVEN),
    "on the day": ([], signs("05/03/2026 17:00"), Outcome.ON_TIME, Ground.IN_TIME, False, GIVEN),
    "a minute late": ([], signs("05/03/2026 17:01"), Outcome.LATE, Ground.LATE, False, GIVEN),
    "refused in time": ([], [("05/03/2026 09:00", E.REFUSED, {})], Outcome.ON_TIME, Ground.IN_TIME, False, GIVEN),
    "the wait subtracted": (
        [],
        [*WAITED, *signs("09/03/2026 16:00")],
        Outcome.ON_TIME,
        Ground.IN_TIME,
        False,
        "09/03/2026 17:00",
    ),
    "on time by the law alone": (
        [],
        [*WAITED, *signs("10/03/2026 09:00")],
        Outcome.LATE,
        Ground.LATE,
        False,
        "09/03/2026 17:00",
    ),
    "asked at receipt and again": (
        [*asks("27/02/2026 09:00"), *brings("27/02/2026 10:00")],
        [*asks("03/03/2026 09:00"), *brings("03/03/2026 10:00"), *signs("03/03/2026 11:00")],
        Outcome.LATE,
        Ground.ASKED_AGAIN,
        False,
        "06/03/2026 08:30",
    ),
    "moved with form 04": (
        [],
        [*form_04("04/03/2026 09:00", "12/03/2026 11:00"), *signs("09/03/2026 09:00")],
        Outcome.LATE,
        Ground.LATE,
        False,
        GIVEN,
    ),
    "open and past due": ([], [], Outcome.LATE, Ground.LATE, True, GIVEN),
    "open, asked in time": ([], asks("04/03/2026 09:00"), Outcome.ON_TIME, Ground.IN_TIME, True, GIVEN),
    "open, asked too late": ([], asks("06/03/2026 09:00"), Outcome.LATE, Ground.LATE, True, GIVEN),
    "decided after the period": ([], signs("16/03/2026 08:00"), Outcome.LATE, Ground.LATE, True, GIVEN),
}


class Desk:
    """A register to tell stories in, and the index over it."""

    def __init__(self, pool: Pool, kept: OnDisk) -> None:
        self.kept, self.index = kept, Index766(pool, PostgresLaw(pool))

    @classmethod
    async def opened(cls, pool: Pool) -> Desk:
        return cls(pool, OnDisk(pool, await PostgresLaw(pool).latest()))

    async def told(
        self, before: Acts, after: Acts, *, accepted: str = ACCEPTED, unit: str = COMMUNE, procedure: str = HOUSEHOLD
    ) -> UUID:
        """A dossier that was accepted at an instant, with what happened before and after that."""
        body: dict[str, Any] = {"procedure": procedure, "unit": unit, "channel": "counter", "return_method": "counter"}
        submission = Submission.model_validate({**body, "components": [], "applicant": {"name": "Nguyễn Thị Thử"}})
        dossier = await self.kept.submit(submission, moment(before[0][0] if before else accepted))
        await self._happens(dossier, before)
        if procedure == HOUSEHOLD:
            await record(self.kept, dossier, E.FOUND_COMPLETE, at=moment(accepted))
            await record(self.kept, dossier, E.PAYMENT_RECEIVED, data={"amount": 100_000, "means": "cash"})
        await self._happens(dossier, [(accepted, E.ACCEPTED, {}), (accepted, E.FORWARDED, {}), *after])
        return dossier

    async def _happens(self, dossier: UUID, acts: Acts) -> None:
        for at, type_, data in acts:
            await record(self.kept, dossier, type_, at=moment(at), data=data)


def march(as_of: str = "15/03/2026 23:59", **options: Any) -> Question:
    """The first half of March 2026."""
    return question(date(2026, 3, 1), date(2026, 3, 15), as_of=moment(as_of), **options)


async def everyone(index: Index766, asked: Question) -> dict[UUID, Judged]:
    return {each.dossier: each async for each in index.judged(asked)}


@pytest.mark.parametrize("name", TABLE)
async def test_the_golden_table(pool: Pool, name: str) -> None:
    """By the appointment that the acceptance gave and the wait for papers, whatever the law made of it since."""
    before, after, *expected = TABLE[name]
    desk = await Desk.opened(pool)
    dossier = await desk.told(before, after)
    each = (await everyone(desk.index, march()))[dossier]
    found = each.found

    assert [found.outcome, found.ground, not found.is_over, found.allowed] == [*expected[:3], moment(str(expected[3]))]
    assert local(each.appointment) == moment(GIVEN)


async def test_every_figure_names_its_dossiers(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    """By unit and procedure, over pages of stories and pages of answers: nothing twice, nothing left out."""
    monkeypatch.setattr(punctuality, "PAGE", 3)
    desk = await Desk.opened(pool)
    for before, after, *_ in TABLE.values():
        await desk.told(before, after)
    other = await desk.told([], signs("02/03/2026 09:00"), unit=OTHER)
    same_day = await desk.told([], signs("03/03/2026 09:00"), procedure=LAND)
    report = await desk.index.report(march())
    answer = shown(report)

    assert answer["figures"] == [
        {"unit": COMMUNE, "procedure": HOUSEHOLD, "early": 1, "on_time": 4, "late": 7, "asked_again": 1, "open": 4},
        {"unit": COMMUNE, "procedure": LAND, "early": 0, "on_time": 0, "late": 1, "asked_again": 0, "open": 0},
        {"unit": OTHER, "procedure": HOUSEHOLD, "early": 1, "on_time": 0, "late": 0, "asked_again": 0, "open": 0},
    ]
    assert answer["total"] == {"early": 2, "on_time": 4, "late": 8, "asked_again": 1, "open": 4}
    for (unit, procedure), figure in report.figures.items():
        for outcome in Outcome:
            asked, seen = march(unit=unit, procedure=procedure), list[Judged]()
            while page := await desk.index.dossiers(
                asked, outcome=outcome, after=seen[-1].dossier if seen else None, limit=2
            ):
                seen += page
            assert {each.found.outcome for each in seen} <= {outcome}
            assert len({each.dossier for each in seen}) == len(seen) == figure[outcome]
    assert set(await everyone(desk.index, march(unit=OTHER))) == {other}
    assert set(await everyone(desk.index, march(procedure=LAND))) == {same_day}


async def test_a_period_has_what_was_decided_in_it_and_what_was_open_at_its_end(pool: Pool) -> None:
    """Midnight in Việt Nam divides two periods; what was not accepted yet, or never, is in none."""
    desk = await Desk.opened(pool)
    await desk.told([], signs("28/02/2026 23:59"), accepted="26/02/2026 08:00")
    first = await desk.told([], signs("01/03/2026 00:00"), accepted="26/02/2026 08:00")
    last = await desk.told([], signs("15/03/2026 23:59"), accepted="12/03/2026 08:00")
    following = await desk.told([], signs("16/03/2026 00:00"), accepted="12/03/2026 08:00")
    await desk.told([], [], accepted="16/03/2026 08:00")
    body = {"procedure": HOUSEHOLD, "unit": COMMUNE, "channel": "counter", "return_method": "counter"}
    waits = Submission.model_validate({**body, "components": [], "applicant": {"name": "Nguyễn Thị Thử"}})
    await desk.kept.submit(waits, moment("04/03/2026 08:00"))
    found = await everyone(desk.index, march("31/03/2026 12:00"))

    assert {dossier: each.found.is_over for dossier, each in found.items()} == {
        first: True,
        last: True,
        following: False,
    }


async def test_the_past_is_answered_as_it_stood(pool: Pool) -> None:
    """Whatever happened since, the same question about the same instant has the same answer."""
    desk = await Desk.opened(pool)
    dossier = await desk.told([], asks("04/03/2026 09:00"))
    before = dossier_shown((await everyone(desk.index, march()))[dossier])
    for at, type_ in (("16/03/2026 09:00", E.SUPPLEMENTED), ("17/03/2026 09:00", E.SUPPLEMENT_REQUESTED)):
        await record(desk.kept, dossier, type_, at=moment(at), data=PAPERS)
    await record(desk.kept, dossier, E.REFUSED, at=moment("18/03/2026 09:00"))

    assert dossier_shown((await everyone(desk.index, march("01/06/2026 08:00")))[dossier]) == before
    assert before["open"]


async def test_both_appointments_are_shown(pool: Pool) -> None:
    """The second is told beside the first, and does not count."""
    desk = await Desk.opened(pool)
    dossier = await desk.told(*TABLE["moved with form 04"][:2])
    row = dossier_shown((await everyone(desk.index, march()))[dossier])

    assert datetime.fromisoformat(row["appointment"]) == moment(GIVEN)
    assert datetime.fromisoformat(row["moved_to"]) == moment("12/03/2026 11:00")
    assert row["outcome"] == "late"


@pytest.mark.parametrize(
    "field, first, last, as_of, options",
    [
        ("to", date(2026, 3, 2), date(2026, 3, 1), "15/03/2026 08:00", {}),
        ("to", date(2026, 3, 2), date.max, "15/03/2026 08:00", {}),
        ("from", date(2026, 3, 2), date(2026, 3, 3), "01/03/2026 23:59", {}),
        ("unit", date(2026, 3, 1), date(2026, 3, 3), "15/03/2026 08:00", {"unit": "000.99"}),
        ("procedure", date(2026, 3, 1), date(2026, 3, 3), "15/03/2026 08:00", {"procedure": "9.999999"}),
    ],
)
async def test_what_cannot_be_is_refused(
    pool: Pool, field: str, first: date, last: date, as_of: str, options: dict[str, str]
) -> None:
    """With the field, and what would mend it."""
    with pytest.raises(Invalid) as refusal:
        await Index766(pool, PostgresLaw(pool)).report(question(first, last, as_of=moment(as_of), **options))

    assert refusal.value.field == field
    assert refusal.value.remedy


async def test_without_a_database_it_is_unavailable() -> None:
    """Nobody is told that all were on time."""
    async with await open_pool("postgresql://nobody@127.0.0.1:1/nothing", 1) as away:
        with pytest.raises(Unavailable):
            await Index766(away, PostgresLaw(away)).report(march())
