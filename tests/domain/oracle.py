"""Owns a second, independent reading of the law: a prefix sum over a line of minutes.

Nothing of `domain` is imported. Every minute of a stretch of days has a worth (0 when the office is closed);
a term ends at the first minute boundary where the running sum has grown by the term.
"""

from bisect import bisect_left
from datetime import date, datetime, time, timedelta, timezone
from fractions import Fraction
from functools import cached_property
from itertools import accumulate, chain
from math import lcm

ZONE = timezone(timedelta(hours=7))
DAYS_AHEAD = 140
MINUTES = 24 * 60


class Line:
    """The minutes of the days from `first` on. `special` maps a date to its kind of special day."""

    def __init__(
        self,
        first: date,
        sessions: list[tuple[time, time]],
        special: dict[date, str],
        stops: list[tuple[datetime, datetime]] = (),
    ):
        self.start = datetime.combine(first, time(), ZONE)
        self.first = first
        self.spans = [(o.hour * 60 + o.minute, c.hour * 60 + c.minute) for o, c in sessions]
        self.day_worth = lcm(*(c - o for o, c in self.spans)) * len(self.spans)
        self.works = [self._works(first + timedelta(n), special) for n in range(DAYS_AHEAD)]
        self.stops = [(self.minute(begins), self.minute(ends)) for begins, ends in stops]

    @cached_property
    def hours(self) -> list[int]:
        """The sum, at each minute boundary, of the minutes open before it."""
        return self._sums([1] * len(self.spans))

    @cached_property
    def shares(self) -> list[int]:
        """The sum, at each minute boundary, of shares of days: every session of a day is worth the same."""
        return self._sums([self.day_worth // len(self.spans) // (c - o) for o, c in self.spans])

    def _sums(self, worths: list[int]) -> list[int]:
        working, resting = [0] * MINUTES, [0] * MINUTES
        for (opens, closes), worth in zip(self.spans, worths, strict=True):
            working[opens:closes] = [worth] * (closes - opens)
        minutes = list(chain.from_iterable(working if works else resting for works in self.works))
        for begins, ends in self.stops:
            minutes[begins:ends] = [0] * (ends - begins)
        return list(accumulate(minutes, initial=0))

    @staticmethod
    def _works(day: date, special: dict[date, str]) -> bool:
        return special[day] == "working_saturday" if day in special else day.isoweekday() <= 5

    def minute(self, instant: datetime) -> int:
        return int((instant - self.start) // timedelta(minutes=1))

    def at(self, minute: int) -> datetime:
        return self.start + timedelta(minutes=minute)

    def used_up(self, sums: list[int], since: datetime, amount: Fraction) -> datetime:
        """The whole minute at, or just before, which the sum has grown by `amount` since then."""
        minute = self.minute(since)
        into = Fraction((since - self.at(minute)) // timedelta(microseconds=1), 60_000_000)
        target = sums[minute] + into * (sums[minute + 1] - sums[minute]) + amount
        end = bisect_left(sums, target)
        return self.at(end if sums[end] == target else end - 1)

    def next_open_day(self, number: int) -> int:
        return self.works.index(True, number)

    def close(self, number: int) -> datetime:
        return self.at(bisect_left(self.shares, self.shares[(number + 1) * MINUTES]))


def due(
    line: Line, unit: str, start: str, amount: Fraction, anchor: datetime, same_day_until: time = time(15)
) -> datetime:
    """When the term ends, by the reading above; the line begins on the anchor's day."""
    today = (anchor.date() - line.first).days
    accepted = line.next_open_day(today)
    if unit == "working_hour":
        return line.used_up(line.hours, anchor, amount * 60)
    if unit == "same_day":
        in_time = accepted == today and anchor.time() <= same_day_until
        return line.close(today if in_time else line.next_open_day(today + 1))
    if unit == "calendar_day":
        return line.close(line.next_open_day(accepted + int(amount)))
    since = anchor if start == "from_moment" else line.at((accepted + 1) * MINUTES)
    return line.used_up(line.shares, since, amount * line.day_worth)
