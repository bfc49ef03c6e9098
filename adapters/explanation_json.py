"""Spells an explanation for programs: every fact typed, and beside the facts the sentences for people."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from adapters.explanation import Explanation, Moved, Overrun, Setting, StoodStill, who_held
from adapters.explanation_text import worded
from adapters.views import brief, spell
from adapters.words import Words
from domain.deadlines import name_version
from domain.ledger import Ledger, Segment, Total
from schema.messages import Event


def spelled(explained: Explanation, words: Words) -> dict[str, Any]:
    """The answer of the gateway and of `explain --json`; lengths of time are seconds."""
    return {
        **brief(explained.case),
        "as_of": spell(explained.as_of),
        "law": explained.law.version,
        "appointments": {"first": spell(explained.first_appointment), "second": spell(explained.case.moved_to)},
        "ended_at": spell(explained.ended_at),
        "clocks": [_setting(setting) for setting in explained.settings],
        "stops": [_stop(stop) for stop in explained.stops],
        "changes": [_moved(moved, explained) for moved in explained.moves],
        "ledger": {
            "segments": [_segment(segment, explained) for segment in explained.ledger.segments],
            **_sum(explained.ledger),
        },
        "overruns": [_overrun(overrun) for overrun in explained.overruns],
        "language": words.language,
        "sections": [
            {"key": section.key, "title": section.title, "lines": list(section.lines)}
            for section in worded(explained, words)
        ],
    }


def _setting(setting: Setting) -> dict[str, Any]:
    clock, count = setting.clock, setting.count
    term = {"amount": f"{count.term.amount:f}", "unit": str(count.term.unit)} if count.term else None
    return {
        "clock": str(clock.kind),
        "step": clock.step or None,
        "unit": clock.unit or None,
        "due": spell(clock.due),
        "is_current": setting.is_last,
        "term": term,
        "anchor": {"at": spell(count.anchor), "event": count.counts_from},
        "set_by": {"sequence": setting.event.sequence, "event": str(setting.event.type)},
        "calendar": name_version(count.calendar),
        "provisional": count.provisional,
        "basis": list(setting.basis),
        "walk": [
            {"day": day.day.isoformat(), "counted": f"{day.counted:f}", "why": str(day.why), "name": day.name or None}
            for day in count.days
        ],
        "rungs": [
            {
                "rung": str(rung.rung),
                "at": spell(rung.at),
                "state": rung.state,
                "event": rung.event.sequence if rung.event else None,
                "found_late": spell(rung.found_late),
            }
            for rung in setting.rungs
        ],
    }


def _stop(stop: StoodStill) -> dict[str, Any]:
    return {
        "reason": str(stop.reason),
        "from": spell(stop.began.occurred_at),
        "to": spell(stop.ended.occurred_at) if stop.ended else None,
        "basis": stop.basis,
    }


def _moved(moved: Moved, explained: Explanation) -> dict[str, Any]:
    return {
        "clock": str(moved.kind) if moved.kind else None,
        "step": moved.step or None,
        "old": spell(moved.old),
        "new": spell(moved.new),
        "printed": spell(moved.printed),
        "form_04": moved.because.sequence if moved.because else None,
        **_act(moved.event),
        "texts": explained.dossier.sealed.get(moved.event.sealed) if moved.event.sealed else None,
    }


def _act(event: Event) -> dict[str, Any]:
    return {
        "sequence": event.sequence,
        "event": str(event.type),
        "at": spell(event.occurred_at),
        "role": str(event.actor.role),
        "by_unit": event.actor.unit,
    }


def _segment(segment: Segment, explained: Explanation) -> dict[str, Any]:
    return {
        "from": spell(segment.start),
        "to": spell(segment.end),
        "holder": str(segment.holder),
        "units": list(segment.units),
        "steps": [part.step for part in segment.parts if part.step],
        "officers": list(who_held(explained, segment)),
        "reason": segment.reason,
        "phase": str(segment.phase),
        **_lengths(segment.length, segment.working),
    }


def _overrun(overrun: Overrun) -> dict[str, Any]:
    span = overrun.span
    return {
        "of": "step" if span else "appointment",
        "step": span.step if span else None,
        "unit": span.unit if span else None,
        "due": spell(overrun.due),
        "until": spell(overrun.until),
        **_sum(overrun.held),
    }


def _sum(book: Ledger) -> dict[str, Any]:
    return {**_lengths(book.length, book.working), "totals": [_total(total) for total in book.totals]}


def _total(total: Total) -> dict[str, Any]:
    return {"holder": str(total.holder), "units": list(total.units), **_lengths(total.length, total.working)}


def _lengths(length: timedelta, working: timedelta) -> dict[str, float]:
    return {"seconds": length.total_seconds(), "working_seconds": working.total_seconds()}
