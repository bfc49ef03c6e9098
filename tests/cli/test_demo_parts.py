"""What the demo decides before it starts anything, and what it says when a step fails."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import httpx
import pytest

from adapters.catalogue_files import FOLDER, read_sound
from cli.demo_office import Office, StepFailed
from cli.demo_past import received_in_the_past
from domain.catalogue_check import check
from domain.deadlines import deadlines
from domain.instants import at, civil_date
from domain.procedures import Channel

EVERY_DAY = [date(2026, 1, 1) + timedelta(n) for n in range((date(2028, 1, 1) - date(2026, 1, 1)).days)]
CLOCKS = (time(0, 0), time(14, 59, 59), time(23, 59, 59))


def test_on_every_day_of_two_years_the_late_paper_was_received_on_an_open_day_and_is_overdue() -> None:
    """Whatever the day, it was received within 2023 to 2026, weeks ago, and its term, with a holiday in it, is over."""
    law = read_sound(FOLDER, date(2026, 11, 23))
    calendar = law.calendar("state-office")
    for now in [at(day, clock) for day in EVERY_DAY for clock in CLOCKS]:
        received = received_in_the_past(now, calendar)
        dates = deadlines(law, "2.000004", channel=Channel.COUNTER, submitted=received, accepted=received)

        assert 2023 <= received.year <= 2026
        assert calendar.is_working(civil_date(received))
        assert received < now - timedelta(weeks=6)
        assert dates.statutory.instant < now - timedelta(weeks=1)
        assert any(calendar.special(row.day) and not row.counted for row in dates.statutory.walk)


PLAYED_NOW = {
    "1.014199": Channel.ONLINE,
    "1.001193": Channel.COUNTER,
    "1.001612": Channel.COUNTER,
    "1.013225": Channel.COUNTER,
    "2.001628": Channel.COUNTER,
    "2.000004": Channel.COUNTER,
}


def test_until_the_end_of_2027_every_story_can_be_dated_on_every_day() -> None:
    """The files may be published and each dossier accepted at any hour, whatever year its term ends in."""
    law = read_sound(FOLDER, date(2026, 11, 23))
    for day in EVERY_DAY[EVERY_DAY.index(date(2026, 11, 23)) :]:
        assert not list(check(law, today=day))
        for now in [at(day, clock) for clock in CLOCKS]:
            for procedure, channel in PLAYED_NOW.items():
                dates = deadlines(law, procedure, channel=channel, submitted=now, accepted=now)

                assert dates.statutory.instant > now


def test_the_choice_reads_no_clock() -> None:
    """The same instant gives the same day."""
    calendar = read_sound(FOLDER, date(2026, 11, 23)).calendar("state-office")
    now = datetime.fromisoformat("2026-12-31T23:59:59+07:00")

    assert received_in_the_past(now, calendar) == datetime.fromisoformat("2026-08-28T09:15:00+07:00")


def test_a_refused_step_is_named_with_what_came_back() -> None:
    """Who reads the failure knows which step it was and why."""
    answers = httpx.MockTransport(lambda _: httpx.Response(422, text='{"field": "data.amount"}'))
    office = Office(httpx.Client(transport=answers, base_url="http://gateway"))

    with pytest.raises(StepFailed, match=r"step 'pay at 000\.00\.61\.H48': HTTP 422: .*data\.amount"):
        office.do("any", "pay", "clerk", "000.00.61.H48")


def test_a_step_without_an_answer_is_named_too() -> None:
    """A gateway that is away fails the step, not the reader."""

    def away(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    office = Office(httpx.Client(transport=httpx.MockTransport(away), base_url="http://gateway"))

    with pytest.raises(StepFailed, match=r"step 'look up': refused"):
        office.show("any")
