"""Owns how these tests get the office calendar: from the catalogue file itself, not by the engine's loader.

Beside it, short ways to write, and to draw, instants and terms.
"""

import tomllib
from dataclasses import replace
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from pathlib import Path

from hypothesis import strategies as st

from domain.calendars import Calendar, CalendarYear, Session, SpecialDay
from domain.terms import StartRule, Term, TermUnit
from tests.domain import oracle

FILE = Path(__file__).parents[2] / "catalogue" / "calendars.toml"
RAW = next(c for c in tomllib.loads(FILE.read_text("utf-8"))["calendar"] if c["code"] == "state-office")

STATE_OFFICE = Calendar(
    code=RAW["code"],
    name=RAW["name"],
    sessions=tuple(Session(**session) for session in RAW["sessions"]),
    years=tuple(CalendarYear(**year) for year in RAW["years"]),
    special_days=tuple(SpecialDay(**special) for special in RAW["special_days"]),
)


def without(calendar: Calendar, year: int) -> Calendar:
    """The same calendar before anybody had written that year."""
    return replace(calendar, years=tuple(held for held in calendar.years if held.year != year))


def day(text: str) -> date:
    """'24/04/2024' as people write it, or 'Wed 24/04/2024', whose weekday is checked."""
    found = datetime.strptime(text.split()[-1], "%d/%m/%Y").date()
    assert text == text.split()[-1] or f"{found:%a}" == text.split()[0], f"{text} is a {found:%A}"
    return found


def moment(text: str) -> datetime:
    """'Wed 24/04/2024 09:15' or '24/04/2024 15:00:01' in Vietnam."""
    date_part, clock = text.rsplit(" ", 1)
    hour, minute, second = (int(part) for part in f"{clock}:00".split(":")[:3])
    zone = timezone(timedelta(hours=7))
    on = day(date_part)
    return datetime(on.year, on.month, on.day, hour, minute, second, tzinfo=zone)


def term(text: str) -> Term:
    """'10 wd' from the next day, '10 wd from moment', '5 cd' calendar days, '1 mo', '8 h', '24 wall h', 'same day'."""
    if text == "same day":
        return Term(Decimal(1), TermUnit.SAME_DAY)
    amount, unit, *rest = text.split()
    units = {
        "wd": TermUnit.WORKING_DAY,
        "cd": TermUnit.CALENDAR_DAY,
        "mo": TermUnit.MONTH,
        "h": TermUnit.WORKING_HOUR,
        "wall": TermUnit.HOUR,
    }
    if unit == "wall":
        return Term(Decimal(amount), units[unit])
    return Term(Decimal(amount), units[unit], StartRule.FROM_MOMENT if rest else StartRule.NEXT_DAY)


def read_by_the_oracle(calendar: Calendar) -> oracle.Office:
    """The same office as the oracle wants it: plain times and dates."""
    return oracle.Office(
        _plain(calendar.sessions),
        {special.day: special.kind for special in calendar.special_days},
        _plain(calendar.saturday),
        [(each.first, each.last, each.every_year, _plain(each.sessions)) for each in calendar.seasons],
    )


def _plain(sessions: tuple[Session, ...]) -> list[tuple[time, time]]:
    return [(session.opens, session.closes) for session in sessions]


FIRST, LAST = moment("01/01/2023 00:00"), moment("31/12/2026 23:59")
SECONDS = int((LAST - FIRST).total_seconds())


@st.composite
def terms(draw):
    """A term of any unit and start rule, in the quarters that the unit allows."""
    unit = draw(st.sampled_from(TermUnit))
    if unit is TermUnit.SAME_DAY:
        return Term(Decimal(1), unit)
    if unit is TermUnit.CALENDAR_DAY:
        return Term(Decimal(draw(st.integers(1, 60))), unit)
    if unit is TermUnit.MONTH:
        return Term(Decimal(draw(st.integers(1, 3))), unit)
    return Term(Decimal(draw(st.integers(1, 160))) / 4, unit, draw(st.sampled_from(StartRule)))
