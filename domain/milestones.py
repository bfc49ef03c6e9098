"""The clocks of one dossier by legal effect, in which states each runs, and what they strike next.

A clock here is what the story needs of a computed term: its due instant and, where the law warns, the
instant of the warning. How the due instant is computed is `terms.py` and `clocks.py`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from domain.dossier import Business


class ClockKind(StrEnum):
    """The legal effect of a clock."""

    ACCEPTANCE = "acceptance"  # 8 working hours to answer an online filing
    PROMISED = "promised"  # the appointment given: shortened by decision, or equal to the statutory one
    STATUTORY = "statutory"  # the term of the law itself; passing it is the heavier breach
    SUPPLEMENT = "supplement"  # how long the applicant has to complete the papers


class Stroke(StrEnum):
    """What a clock does when it reaches an instant."""

    WARN = "warn"
    BREACH = "breach"


RUNS_IN: dict[ClockKind, frozenset[Business]] = {
    ClockKind.ACCEPTANCE: frozenset({Business.SUBMITTED}),
    ClockKind.PROMISED: frozenset({Business.ACCEPTED, Business.PROCESSING}),
    ClockKind.STATUTORY: frozenset({Business.ACCEPTED, Business.PROCESSING}),
    ClockKind.SUPPLEMENT: frozenset({Business.INCOMPLETE, Business.SUPPLEMENTING}),
}
"""In which states each clock runs: a supplement stops the processing clocks, the decision ends them."""


@dataclass(frozen=True)
class Clock:
    """One clock: due and warning instants, and which of the two have been recorded."""

    kind: ClockKind
    due: datetime
    warn_at: datetime | None = None
    warned: bool = False
    breached: bool = False

    def struck(self, stroke: Stroke) -> Clock:
        """Return the clock with this stroke recorded."""
        return replace(self, warned=True) if stroke is Stroke.WARN else replace(self, breached=True)


@dataclass(frozen=True, order=True)
class Milestone:
    """The next thing a clock strikes, at its legal instant."""

    at: datetime
    stroke: Stroke
    kind: ClockKind


def milestones(clocks: Iterable[Clock], business: Business) -> list[Milestone]:
    """List what the running clocks have still to strike, earliest first; a warning never follows its breach."""
    ahead: list[Milestone] = []
    for clock in clocks:
        if business not in RUNS_IN[clock.kind] or clock.breached:
            continue
        if clock.warn_at is not None and not clock.warned:
            ahead.append(Milestone(clock.warn_at, Stroke.WARN, clock.kind))
        ahead.append(Milestone(clock.due, Stroke.BREACH, clock.kind))
    return sorted(ahead, key=lambda m: (m.at, m.stroke is Stroke.BREACH, m.kind))
