"""Owns the periods that money is told by: days, months, quarters and years of Việt Nam, as half-open instants."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from domain.errors import Invalid
from domain.instants import at

_DAY = timedelta(days=1)


class Span(StrEnum):
    """How long a period is."""

    DAY = "day"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


@dataclass(frozen=True)
class Period:
    """A day, month, quarter or year of Việt Nam: the instants from `begins` up to, and without, `ends`."""

    span: Span
    first: date
    after: date

    @property
    def begins(self) -> datetime:
        """Midnight in Việt Nam at its beginning."""
        return at(self.first, time())

    @property
    def ends(self) -> datetime:
        """Midnight in Việt Nam after its last day, which is the next period's."""
        return at(self.after, time())

    @property
    def name(self) -> str:
        """As it is asked for: 2026-11-26, 2026-11, 2026-Q4, 2026."""
        if self.span is Span.QUARTER:
            return f"{self.first.year:04d}-Q{_quarter(self.first)}"
        return self.first.isoformat()[: {Span.DAY: 10, Span.MONTH: 7, Span.YEAR: 4}[self.span]]

    def parts(self, span: Span) -> Iterator[Period]:
        """The shorter periods that it consists of, in order: each instant of it lies in exactly one."""
        day = self.first
        while day < self.after:
            part = period_with(day, span)
            yield part
            day = part.after


def period_with(day: date, span: Span) -> Period:
    """The period of this length in which a day lies."""
    if span is Span.DAY:
        return Period(span, day, day + _DAY)
    month, months = {
        Span.MONTH: (day.month, 1),
        Span.QUARTER: (3 * _quarter(day) - 2, 3),
        Span.YEAR: (1, 12),
    }[span]
    first = date(day.year, month, 1)
    over = month + months > 12
    return Period(span, first, date(day.year + over, (month + months - 1) % 12 + 1, 1))


_WRITTEN = re.compile(r"(?P<year>(19|2[0-9])[0-9]{2})(-Q(?P<quarter>[1-4])|-(?P<month>[0-9]{2})(-(?P<day>[0-9]{2}))?)?")


def parse_period(text: str) -> Period:
    """Read 2026, 2026-Q4, 2026-11 or 2026-11-26; Invalid for anything else."""
    try:
        found = _WRITTEN.fullmatch(text.strip())
        if found is None:
            raise ValueError(text)
        quarter, month = found["quarter"], found["month"]
        span = Span.DAY if found["day"] else Span.MONTH if month else Span.QUARTER if quarter else Span.YEAR
        first = 3 * int(quarter) - 2 if quarter else int(month or 1)
        return period_with(date(int(found["year"]), first, int(found["day"] or 1)), span)
    except (ValueError, OverflowError):
        raise Invalid("this is no period", field="period", remedy="give 2026, 2026-Q4, 2026-11 or 2026-11-26") from None


def _quarter(day: date) -> int:
    return (day.month + 2) // 3
