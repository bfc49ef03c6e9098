"""Other publications of the law for stories: a day taken away, one office shut, a decision that shortens."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from functools import cache

from adapters.catalogue_versions import versioned
from domain.calendars import Closure, SpecialDay
from domain.catalogue import Catalogue
from domain.decisions import ShorteningRow, Source
from tests.stories import HOUSEHOLD, LAW


@cache
def closed(*days: date, law: Catalogue = LAW) -> Catalogue:
    """The law in which the offices rest on these days."""
    rests = tuple(SpecialDay(day, "swapped_off", "Nghỉ hoán đổi", "invented") for day in days)
    calendars = tuple(replace(each, special_days=(*each.special_days, *rests)) for each in law.calendars)
    return versioned(replace(law, calendars=calendars))


def shut(unit: str, day: date, law: Catalogue = LAW) -> Catalogue:
    """The law in which one office stays closed unforeseen."""
    return versioned(replace(law, closures=(*law.closures, Closure(unit, day, "Bão", "invented"))))


def decided(amount: str, law: Catalogue = LAW) -> Catalogue:
    """The law with a new decision in force from today."""
    row = ShorteningRow(
        decision="1/QĐ-UBND",
        procedure=HOUSEHOLD,
        case="standard",
        source=Source.ANNEX,
        basis="QĐ 1/QĐ-UBND",
        valid_from=date(2026, 9, 7),
        promised=Decimal(amount),
    )
    others = tuple(each for each in law.shortenings if each.procedure != HOUSEHOLD)
    return versioned(replace(law, shortenings=(*others, row)))
