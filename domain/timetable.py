"""Owns a line of opening time: every stretch of it end to end, so that one search answers where an amount of it ends.

A line knows nothing of calendars or terms: it is built from whole microseconds since an instant, and each stretch is
worth so much a microsecond. Two searches by halves answer any question about years of offices.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from datetime import datetime, timedelta

SECOND = 1_000_000
MINUTE = 60 * SECOND
DAY = 86_400 * SECOND

_MICROSECOND = timedelta(microseconds=1)


class OffTheLine(Exception):
    """The question leads outside the days that the line covers."""

    def __init__(self, *, before: bool) -> None:
        super().__init__("before the first day" if before else "after the last day")
        self.before = before


class Line:
    """Stretches in order, each `(opens, closes, worth of a microsecond)`, in microseconds since `start`.

    It covers everything from `start` up to, not including, `length` microseconds later.
    """

    def __init__(self, start: datetime, length: int, stretches: Iterable[tuple[int, int, int]]) -> None:
        self.start, self.length = start, length
        self._opens: list[int] = []
        self._closes: list[int] = []
        self._worth: list[int] = []
        self._before: list[int] = []
        self._after: list[int] = []
        total = 0
        for opens, closes, worth in stretches:
            self._opens.append(opens)
            self._closes.append(closes)
            self._worth.append(worth)
            self._before.append(total)
            total += (closes - opens) * worth
            self._after.append(total)
        self._opens.append(length)  # after the last stretch there is nothing: what has been used is the total
        self._worth.append(0)
        self._before.append(total)

    def place(self, instant: datetime) -> int:
        """Microseconds from the start to the instant. Raises OffTheLine, TypeError for one without an offset."""
        since = instant - self.start
        found = since.days * DAY + since.seconds * SECOND + since.microseconds
        if found < 0 or found >= self.length:
            raise OffTheLine(before=found < 0)
        return found

    def instant(self, place: int) -> datetime:
        """The instant at a place."""
        return self.start + timedelta(0, place // SECOND, place % SECOND)

    def used(self, place: int) -> int:
        """What the opening time before a place is worth."""
        number = bisect_right(self._closes, place)
        opens = self._opens[number]
        done = self._before[number]
        return done + (place - opens) * self._worth[number] if place > opens else done

    def ends(self, worth: int) -> int:
        """The first place by which that much, above nothing, is used up: a close rather than the next opening."""
        number = bisect_left(self._after, worth)
        if number == len(self._after):
            raise OffTheLine(before=False)
        return self._opens[number] + (worth - self._before[number]) // self._worth[number]

    def begins(self, worth: int) -> int:
        """The last place at which no more than that is used up: an opening rather than the close before it."""
        if worth < 0:
            raise OffTheLine(before=True)
        number = bisect_right(self._after, worth)
        if number == len(self._after):
            raise OffTheLine(before=False)
        return self._opens[number] + (worth - self._before[number]) // self._worth[number]

    def opening(self, place: int) -> int:
        """That place if the office is open then, or the next opening; at the close itself the next opening too."""
        number = bisect_right(self._closes, place)
        if number == len(self._closes):
            raise OffTheLine(before=False)
        return max(place, self._opens[number])

    def open_or_closing(self, place: int) -> int:
        """That place if the office is open then or closes just then, else the next opening."""
        number = bisect_left(self._closes, place)
        if number == len(self._closes):
            raise OffTheLine(before=False)
        return max(place, self._opens[number])

    def after(self, place: int, worth: int) -> int:
        """Where so much opening time, above nothing, counted from a place on is used up, down to the minute."""
        end = self.ends(self.used(place) + worth)
        return end - end % MINUTE


def microseconds(stretch: timedelta) -> int:
    """A length of time in whole microseconds."""
    return stretch // _MICROSECOND
