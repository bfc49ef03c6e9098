"""Owns how a language says things: dates, lengths, numbers and terms; the words themselves are data beside it.

`words_vi` and `words_en` hold one `Words` each, with the same keys; a test holds them to that.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from domain.instants import local
from domain.terms import Term, TermUnit

_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Words:
    """One language. `tables` hold the names of typed values, `names` how names that are data are put into it."""

    language: str
    decimal_point: str
    weekdays: tuple[str, ...]
    sentences: Mapping[str, str]
    tables: Mapping[str, Mapping[str, str]]
    names: tuple[tuple[re.Pattern[str], str], ...]

    def phrase(self, sentence: str, **facts: str) -> str:
        """Fill a phrase with facts that are worded already, to stand within a sentence."""
        return self.sentences[sentence].format(**facts)

    def say(self, sentence: str, **facts: str) -> str:
        """The same as a sentence of its own: it begins with a capital."""
        said = self.phrase(sentence, **facts)
        return said[0].upper() + said[1:]

    def word(self, table: str, key: str) -> str:
        """The name of a typed value; the value itself where nobody has worded it yet."""
        return self.tables[table].get(key, key)

    def data(self, name: str) -> str:
        """A name out of the catalogue (a holiday, a legal source), put into this language as far as it is known."""
        for pattern, instead in self.names:
            name = pattern.sub(instead, name)
        return name

    def day(self, day: date) -> str:
        """A day with its weekday: thứ Hai 27/04/2026."""
        return f"{self.weekdays[day.weekday()]} {day:%d/%m/%Y}"

    def moment(self, instant: datetime) -> str:
        """An instant on Việt Nam's clock: 27/04/2026 08:30."""
        return f"{local(instant):%d/%m/%Y %H:%M}"

    def full(self, instant: datetime) -> str:
        """An instant with its weekday: 08:30, thứ Hai 27/04/2026; 08:30 on Monday 27/04/2026."""
        return self.phrase("time_of_day", time=f"{local(instant):%H:%M}", day=self.day(local(instant).date()))

    def span(self, start: datetime, end: datetime) -> str:
        """From when to when; the day is said once."""
        first, last = local(start), local(end)
        if first.date() == last.date():
            return self.phrase("within_day", day=f"{first:%d/%m/%Y}", start=f"{first:%H:%M}", end=f"{last:%H:%M}")
        return self.phrase("from_to", start=self.moment(start), end=self.moment(end))

    def number(self, amount: Decimal) -> str:
        """A number as the language writes it, to two places at most."""
        short = amount.quantize(Decimal("0.01")).normalize()
        return f"{short:f}".replace(".", self.decimal_point)

    def amount(self, amount: Decimal, unit: str) -> str:
        """So many of a unit: 3 ngày làm việc; 1 working day, 3 working days."""
        return f"{self.number(amount)} {self.word('units' if amount == 1 else 'many_units', unit)}"

    def term(self, term: Term) -> str:
        """A term as the law words it."""
        if term.unit is TermUnit.SAME_DAY:
            return self.word("units", term.unit)
        return self.amount(term.amount, term.unit)

    def length(self, span: timedelta) -> str:
        """A length of time down to the minute: 2 ngày 3 giờ 15 phút."""
        minutes = span // _MINUTE
        parts = ((minutes // 1440, "day"), (minutes // 60 % 24, "hour"), (minutes % 60, "minute"))
        said = [self.amount(Decimal(number), unit) for number, unit in parts if number]
        return " ".join(said) or self.sentences["no_time"]

    def hours(self, span: timedelta) -> str:
        """A length in hours and minutes: days of work are not days on the wall."""
        minutes = span // _MINUTE
        parts = ((minutes // 60, "hour"), (minutes % 60, "minute"))
        said = [self.amount(Decimal(number), unit) for number, unit in parts if number]
        return " ".join(said) or self.sentences["no_time"]

    def lengths(self, wall: timedelta, working: timedelta) -> str:
        """A length on the wall with the working time in it; once where they are the same."""
        if working < _MINUTE <= wall:
            return self.phrase("no_working_time", wall=self.length(wall))
        sentence = "working_time" if wall == working else "of_which_working_time"
        return self.phrase(sentence, wall=self.length(wall), working=self.hours(working))

    def listed(self, names: Iterable[str]) -> str:
        """Names as a list: A, B và C."""
        *most, last = names
        return f"{', '.join(most)} {self.sentences['and']} {last}" if most else last
