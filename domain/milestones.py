"""The clocks of one dossier by legal effect, in which states each runs, and what they strike next.

A clock here is what the story needs of a computed term: its due instant and the rungs of its ladder, each with
its own instant. How the due instant is computed is `terms.py` and `clocks.py`; where the rungs stand, `ladder.py`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from domain.dossier import Business


class ClockKind(StrEnum):
    """The legal effect of a clock."""

    ACCEPTANCE = "acceptance"  # 8 working hours to answer an online filing
    FORWARDING = "forwarding"  # from acceptance to the office that resolves (Decree 118/2025, Art. 18)
    PROMISED = "promised"  # the appointment given: shortened by decision, or equal to the statutory one
    STATUTORY = "statutory"  # the term of the law itself; passing it is the heavier breach
    STEP = "step"  # the time of one office for its step; several may run side by side
    MOVED = "moved"  # the second appointment, given once with an apology (form 04)
    SUPPLEMENT = "supplement"  # how long the applicant has to complete the papers
    PAYMENT = "payment"  # how long the applicant has to pay what is asked at receipt
    COLLECTION = "collection"  # a result that nobody fetches: a reminder, never an end


class Rung(StrEnum):
    """What a clock does when it reaches an instant: one step of its ladder."""

    WARN = "warn"
    ASK = "ask"  # the office must answer: in time, or late (kịp / không kịp)
    SILENCE = "silence"  # it was asked and has not answered
    REMIND = "remind"  # something lies ready, and nobody has come for it
    BREACH = "breach"
    ONE_STOP = "one_stop"  # the breach goes up to the one-stop
    PROVINCE = "province"  # and to the province


_RUNNING = frozenset({Business.ACCEPTED, Business.PROCESSING})

RUNS_IN: dict[ClockKind, frozenset[Business]] = {
    ClockKind.ACCEPTANCE: frozenset({Business.SUBMITTED}),
    ClockKind.FORWARDING: frozenset({Business.ACCEPTED}),
    ClockKind.PROMISED: _RUNNING,
    ClockKind.STATUTORY: _RUNNING,
    ClockKind.STEP: frozenset({Business.PROCESSING}),
    ClockKind.MOVED: _RUNNING,
    ClockKind.SUPPLEMENT: frozenset({Business.INCOMPLETE, Business.SUPPLEMENTING}),
    ClockKind.PAYMENT: frozenset({Business.COMPLETE}),
    ClockKind.COLLECTION: frozenset({Business.RESOLVED}),
}
"""In which states each clock runs: a supplement stops the processing clocks, the decision ends them."""


@dataclass(frozen=True)
class Clock:
    """One clock: its due instant, its ladder, and how far it has climbed it.

    `step` and `unit` say which step of which office a step clock measures, "" for the others. `arming` is the
    number of the event that set the clock, so that a rung is told apart from the same rung of an earlier setting.
    """

    kind: ClockKind
    due: datetime
    warn_at: datetime | None = None
    warned: bool = False
    breached: bool = False
    step: str = ""
    unit: str = ""
    arming: int = 0
    rungs: tuple[tuple[Rung, datetime], ...] = ()
    """In the order in which they strike; empty for a clock set before there were ladders: then warning and breach."""
    climbed: int = 0
    """How many of `rungs` have been recorded."""
    anchor: datetime | None = None
    """Where it counts from, so that it can be counted again; None for a clock set before that was kept."""
    left: timedelta | None = None
    """The opening time it was given at its anchor, for one that goes on after a stop instead of counting a term."""
    since: datetime | None = None
    """When it went on after it stood still: no rung stands before that."""

    @property
    def key(self) -> tuple[ClockKind, str]:
        """What tells a clock apart from the others of its dossier."""
        return self.kind, self.step

    @property
    def ladder(self) -> tuple[tuple[Rung, datetime], ...]:
        """All rungs, in order."""
        warning = ((Rung.WARN, self.warn_at),) if self.warn_at is not None else ()
        return self.rungs or (*warning, (Rung.BREACH, self.due))

    @property
    def ahead(self) -> tuple[tuple[Rung, datetime], ...]:
        """The rungs not recorded yet, in order."""
        if self.rungs:
            return self.rungs[self.climbed :]
        return () if self.breached else self.ladder[int(self.warned) :]

    def struck(self, rung: Rung) -> Clock:
        """Return the clock with this rung recorded, and with it any before it."""
        climbed = max((number for number, (each, _) in enumerate(self.rungs, 1) if each is rung), default=self.climbed)
        return replace(
            self,
            climbed=max(self.climbed, climbed),
            warned=self.warned or rung is Rung.WARN,
            breached=self.breached or rung is Rung.BREACH,
        )

    def without(self, rung: Rung) -> Clock:
        """Return the clock with this rung taken out, if it is still ahead: there is nothing left to say by it."""
        kept = tuple(each for number, each in enumerate(self.rungs) if number < self.climbed or each[0] is not rung)
        return replace(self, rungs=kept)


@dataclass(frozen=True, order=True)
class Milestone:
    """The next thing a clock strikes, at its legal instant."""

    at: datetime
    rung: Rung
    kind: ClockKind
    step: str = ""


_ORDER = {rung: number for number, rung in enumerate(Rung)}


def milestones(clocks: Iterable[Clock], business: Business) -> list[Milestone]:
    """List what the running clocks have still to strike, earliest first."""
    ahead = [
        Milestone(at, rung, clock.kind, clock.step)
        for clock in clocks
        if business in RUNS_IN[clock.kind]
        for rung, at in clock.ahead
    ]
    return sorted(ahead, key=lambda m: (m.at, _ORDER[m.rung], m.kind, m.step))


def next_milestone(clocks: Iterable[Clock], business: Business) -> Milestone | None:
    """The first of them, which is the first rung ahead of some clock: every ladder is in order."""
    first = [
        (at, _ORDER[rung], clock.kind, clock.step, rung)
        for clock in clocks
        if business in RUNS_IN[clock.kind]
        for rung, at in clock.ahead[:1]
    ]
    if not first:
        return None
    at, _, kind, step, rung = min(first)
    return Milestone(at, rung, kind, step)
