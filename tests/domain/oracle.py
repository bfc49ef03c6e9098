"""Owns a second, independent reading of the law: a prefix sum over a line of minutes, and days taken one by one.

Nothing of `domain` is imported. Every minute of a stretch of days has a worth (0 when the office is closed, or when
the clock stands still); a term ends at the first minute boundary where the running sum has grown by the term.
"""

from bisect import bisect_left
from datetime import date, datetime, time, timedelta, timezone
from fractions import Fraction
from functools import cached_property
from itertools import accumulate, chain
from math import lcm

ZONE = timezone(timedelta(hours=7))
DAYS_AHEAD = 170
MINUTES = 24 * 60


class Office:
    """What a line needs to know of an office. `special` maps a date to its kind of special day.

    `saturday` are the sessions of ordinary Saturdays, `seasons` lists (first, last, every year, sessions).
    """

    def __init__(self, sessions, special, saturday=(), seasons=()):
        self.sessions, self.special, self.saturday, self.seasons = sessions, special, saturday, seasons
        patterns = [sessions, *(season[3] for season in seasons)]
        self.day_worth = lcm(*(len(each) * (c - o) for each in patterns for o, c in spans(each)))

    def works(self, day: date) -> bool:
        return self.special[day] == "working_saturday" if day in self.special else day.isoweekday() <= 5

    def spans_on(self, day: date, opening: bool) -> list[tuple[int, int]]:
        if self.works(day):
            return spans(next((s[3] for s in self.seasons if in_season(day, *s[:3])), self.sessions))
        return spans(self.saturday) if opening and day.isoweekday() == 6 and day not in self.special else []


def spans(sessions: list[tuple[time, time]]) -> list[tuple[int, int]]:
    return [(o.hour * 60 + o.minute, c.hour * 60 + c.minute) for o, c in sessions]


def in_season(day: date, first: date, last: date, every_year: bool) -> bool:
    """Written out year by year: a season that returns is its first stretch, moved on by whole years."""
    later = range(50) if every_year else [0]
    return any(_years_on(first, n) <= day <= _years_on(last, n) for n in later)


def _years_on(day: date, years: int) -> date:
    return day.replace(year=day.year + years)


class Line:
    """The minutes of the days from `first` on."""

    def __init__(
        self,
        first: date,
        office: Office,
        stops: list[tuple[datetime, datetime]] = (),
        opening: bool = False,
        days: int = DAYS_AHEAD,
    ):
        self.start = datetime.combine(first, time(), ZONE)
        self.first, self.office = first, office
        self.days = [first + timedelta(n) for n in range(days)]
        self.works = [office.works(day) for day in self.days]
        self.spans = [office.spans_on(day, opening) for day in self.days]
        self.written_stops = stops
        self.stops = [(self.minute(begins), self.minute(ends)) for begins, ends in stops]

    @cached_property
    def open(self) -> list[int]:
        """One for each minute in which the office is open, whether or not the clock stands still."""
        return self._minutes(lambda _: 1)

    @cached_property
    def hours(self) -> list[int]:
        """The sum, at each minute boundary, of the minutes open before it."""
        return self._sums(self.open)

    @cached_property
    def shares(self) -> list[int]:
        """The sum, at each minute boundary, of shares of days: every session of a day is worth the same."""
        return self._sums(self._share_minutes)

    @cached_property
    def _share_minutes(self) -> list[int]:
        return self._minutes(lambda day: [self.office.day_worth // len(day) // (c - o) for o, c in day])

    def _minutes(self, worths) -> list[int]:
        minutes = [0] * (MINUTES * len(self.days))
        for number, day in enumerate(self.spans):
            found = worths(day) if day else []
            for (opens, closes), worth in zip(day, found if isinstance(found, list) else [1] * len(day), strict=True):
                midnight = number * MINUTES
                minutes[midnight + opens : midnight + closes] = [worth] * (closes - opens)
        return minutes

    def _sums(self, minutes: list[int]) -> list[int]:
        minutes = list(minutes)
        for begins, ends in self.stops:
            minutes[begins:ends] = [0] * (ends - begins)
        return list(accumulate(minutes, initial=0))

    def wall_clock(self, since: datetime) -> list[int]:
        """The sum of the minutes the wall clock has run: from `since`, and after each stop, once the office opens."""
        stopped = set(chain.from_iterable(range(*stop) for stop in self.stops))
        ran, waits = [0] * self.minute(since), True
        for minute in range(self.minute(since), len(self.open)):
            if minute in stopped or any(minute == begins == ends for begins, ends in self.stops):
                waits = True
            if waits and minute not in stopped and self.open[minute]:
                waits = False
            ran.append(0 if waits or minute in stopped else 1)
        return list(accumulate(ran, initial=0))

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

    def while_open(self, instant: datetime) -> datetime:
        """That moment, or the next opening if the office is neither open then nor closing just then."""
        minute = self.minute(instant)
        return instant if self.open[minute] or self.open[minute - 1] else self.at(self.open.index(1, minute))

    def next_open_day(self, number: int) -> int:
        return self.works.index(True, number)

    def close(self, number: int) -> datetime:
        return self.at(number * MINUTES + self.spans[number][-1][1])

    def number(self, instant: datetime) -> int:
        return (instant.astimezone(ZONE).date() - self.first).days

    @cached_property
    def left_out(self) -> set[int]:
        """The days on which a count of days stood still: from the request, not on the day of completion."""
        found = set()
        for begins, ends in self.written_stops:
            found |= set(range(self.next_open_day(self.number(begins)), self.next_open_day(self.number(ends))))
        return found


def due(
    line: Line, unit: str, start: str, amount: Fraction, anchor: datetime, same_day_until: time = time(15)
) -> datetime:
    """When the term ends, by the reading above; the line begins on the anchor's day."""
    if unit == "working_hour":
        return line.used_up(line.hours, anchor, amount * 60)
    if unit == "hour":
        end = line.used_up(line.wall_clock(anchor), anchor, amount * 60)
        return line.while_open(max([end, *(ended for _, ended in line.written_stops)]))
    if unit == "same_day":
        return _same_day(line, line.written_stops[-1][1] if line.written_stops else anchor, same_day_until)
    if start == "from_moment":
        return line.used_up(line.shares, anchor, amount * line.office.day_worth)
    return _days(line, unit, amount, anchor)


def _same_day(line: Line, anchor: datetime, until: time) -> datetime:
    today = line.number(anchor)
    in_time = line.works[today] and anchor.time() <= min(until, line.close(today).time())
    return line.close(today if in_time else line.next_open_day(today + 1))


def _days(line: Line, unit: str, amount: Fraction, anchor: datetime) -> datetime:
    """Take day after day; the last one is the first that is no rest day and later than the completion."""
    uncounted = line.next_open_day(line.number(anchor))
    while uncounted in line.left_out:
        uncounted += 1
    complete = line.written_stops[-1][1] if line.written_stops else anchor
    day, part = uncounted, Fraction(1)
    if unit == "month":
        day = _month_end(line, uncounted, int(amount))
    else:
        left = amount
        while left > 0:
            day += 1
            if day not in line.left_out and (unit == "calendar_day" or line.works[day]):
                part = min(left, Fraction(1))
                left -= part
    while not line.works[day] or _part_over(line, day, part) <= complete:
        day += 1
    return _part_over(line, day, part)


def _month_end(line: Line, uncounted: int, months: int) -> int:
    first = line.days[uncounted]
    year, month, number = first.year, first.month, first.day
    for _ in range(months):
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    while True:
        try:
            base = (date(year, month, number) - line.first).days
            break
        except ValueError:
            number -= 1
    end = base
    while end != (longer := base + sum(uncounted < day <= end for day in line.left_out)):
        end = longer
    return end


def _part_over(line: Line, day: int, part: Fraction) -> datetime:
    """The whole minute at which that part of the day is over; a day off has no such minute, so never later."""
    sessions = line.spans[day]
    worth = Fraction(0)
    for opens, closes in sessions:
        each = Fraction(1, len(sessions))
        if worth + each >= part:
            return line.at(day * MINUTES + opens + int((part - worth) / each * (closes - opens)))
        worth += each
    return line.at(day * MINUTES)


def due_after(
    office: Office, unit: str, start: str, amount: Fraction, anchor: datetime, ledger: list, opening: bool = False
) -> datetime | None:
    """When the term ends after `ledger`, of (started, ended, 'stops' or 'restarts'), in order, None while it waits.

    A wait that begins after the end changes nothing.
    """
    waits = []
    current = _long_enough(office, unit, start, amount, anchor, waits, opening)
    for started, ended, effect in ledger:
        if started > current:
            break
        if ended is None:
            return None
        if effect == "restarts":
            anchor, waits = ended, []
        else:
            waits = [*waits, (started, ended)]
        current = _long_enough(office, unit, start, amount, anchor, waits, opening)
    return current


def _long_enough(office, unit, start, amount, anchor, waits, opening) -> datetime:
    """Count on a short line first, and on longer ones while the term does not end on it; days are counted days."""
    opening = opening and unit in ("working_hour", "hour")
    for days in (16, 64, DAYS_AHEAD, 3 * DAYS_AHEAD):
        try:
            return due(Line(anchor.date(), office, waits, opening, days), unit, start, amount, anchor)
        except (IndexError, ValueError):
            continue
    raise AssertionError("the term ends nowhere")
