"""Owns what an instant is: an aware datetime, read on Vietnam's clock (UTC+7 all year, no summer time)."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta, timezone

from domain.errors import Invalid

VIETNAM = timezone(timedelta(hours=7), "+07:00")
"""A fixed offset: Vietnam has had no other since 1975, and zone databases differ from machine to machine."""


def local(instant: datetime) -> datetime:
    """The same instant on Vietnam's clock. Raises Invalid for a datetime that names no offset."""
    if instant.tzinfo is None or instant.utcoffset() is None:
        raise Invalid(
            f"the instant {instant.isoformat()} names no offset from UTC",
            field="instant",
            remedy="write the offset, such as 2026-11-23T08:15:00+07:00",
        )
    try:
        return instant.astimezone(VIETNAM)
    except OverflowError:
        raise Invalid(
            f"the instant {instant.isoformat()} lies at the edge of the years",
            field="instant",
            remedy="give an instant within the years of the calendar",
        ) from None


def civil_date(instant: datetime) -> date:
    """The day on which the instant falls in Vietnam."""
    return local(instant).date()


def at(day: date, clock: time) -> datetime:
    """That time of that day in Vietnam."""
    return datetime.combine(day, clock, tzinfo=VIETNAM)


def parse_instant(text: str) -> datetime:
    """An ISO 8601 instant with its offset, on Vietnam's clock. Raises Invalid for anything else."""
    try:
        instant = datetime.fromisoformat(text.strip())
    except ValueError:
        raise Invalid(
            f"{text!r} is not an instant",
            field="instant",
            remedy="write ISO 8601, such as 2026-11-23T08:15:00+07:00",
        ) from None
    return local(instant)
