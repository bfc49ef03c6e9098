"""Puts an explanation into sentences, as a clerk would write them; the words are data in `words_vi`, `words_en`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from adapters.counted_days import Day, Run, Why, runs
from adapters.explanation import Count, Explanation, Moved, Overrun, Setting, StoodStill, Struck, who_held
from adapters.words import Words
from adapters.words_en import EN
from adapters.words_vi import VI
from domain.decisions import Source
from domain.dossier import NATIONAL_NAMES, Business
from domain.errors import DomainError, Invalid
from domain.instants import civil_date
from domain.ledger import Holder, Total
from domain.milestones import Clock, ClockKind
from domain.terms import Term, TermUnit
from domain.units import UnitRole
from schema.messages import Event

LANGUAGES: dict[str, Words] = {words.language: words for words in (VI, EN)}

_DASH = "– "


@dataclass(frozen=True)
class Section:
    """A heading, "" for the first, and the lines below it: what belongs to a line is indented, days have a dash."""

    key: str
    title: str
    lines: tuple[str, ...]


def language(code: str) -> Words:
    """The words of a language. Raises Invalid for one that nobody has worded."""
    if code not in LANGUAGES:
        raise Invalid("this language is not spoken here", field="lang", remedy=f"use one of: {', '.join(LANGUAGES)}")
    return LANGUAGES[code]


def preferred(accept_language: str | None) -> Words:
    """The words for an `Accept-Language` header: the first language in it that is spoken here, else Vietnamese."""
    wanted = [part.partition(";")[0].strip()[:2].lower() for part in (accept_language or "").split(",")]
    return next((LANGUAGES[code] for code in wanted if code in LANGUAGES), VI)


def worded(explained: Explanation, words: Words) -> tuple[Section, ...]:
    """Word everything, section by section; a section with nothing to say is left out."""
    return _Writer(explained, words).sections()


def plain(sections: Sequence[Section]) -> str:
    """The sections as one text."""
    blocks = ("\n".join([*([section.title] if section.title else []), *section.lines]) for section in sections)
    return "\n\n".join(blocks) + "\n"


@dataclass(frozen=True)
class _Writer:
    """One explanation in one language."""

    facts: Explanation
    words: Words

    def sections(self) -> tuple[Section, ...]:
        say = self.words.say
        parts = {
            "appointment": self._appointment(),
            "clocks": self._clocks(),
            "stops": self._stops(),
            "changes": self._changes(),
            "ladder": self._ladder(),
            "ledger": self._ledger(),
        }
        made = (Section(key, say(f"section_{key}"), tuple(lines)) for key, lines in parts.items())
        return (Section("dossier", "", tuple(self._dossier())), *(section for section in made if section.lines))

    # The dossier and its appointment

    def _dossier(self) -> Iterator[str]:
        facts, words = self.facts, self.words
        case, first = facts.case, facts.dossier.events[0]
        title = {"name": str(first.data.get("procedure_name", "")), "procedure": case.procedure}
        yield words.say("title", code=case.code, **title) if case.code else words.say("title_without_code", **title)
        yield words.say(
            "filed",
            channel=words.word("channels", case.channel),
            unit=self._unit(case.unit),
            at=words.full(case.submitted_at),
        )
        if case.accepted_at is not None:
            yield words.say("accepted", at=words.full(case.accepted_at))
        elif facts.ended_at is None:
            yield words.say("not_accepted_yet")
        if case.home != case.unit:
            yield words.say("outside", unit=self._unit(case.home))
        for event in facts.dossier.events:
            if "runs_from_basis" in event.data:
                yield words.say("runs_from_arrival", basis=words.data(str(event.data["runs_from_basis"])))
        status = words.tables["statuses"].get(str(case.status), NATIONAL_NAMES[case.status])
        yield words.say("status", at=words.full(facts.as_of), status=f"{case.status} – {status}")

    def _appointment(self) -> Iterator[str]:
        facts, words = self.facts, self.words
        first, promised = facts.first_appointment, facts.promised
        given = [m.old for m in facts.moves if m.kind is None and m.because is None]
        if first is not None and given:
            yield words.say("appointment_after_stop", at=words.full(first), before=words.full(given[0]))
        elif first is not None:
            yield words.say("first_appointment", at=words.full(first))
        if facts.case.moved_to is not None:
            yield words.say("second_appointment", at=words.full(facts.case.moved_to))
        if facts.internal_due is not None and facts.internal_due != first:
            yield words.say("internal_date", at=words.full(facts.internal_due))
        if promised is not None and promised.count.provisional:
            yield words.say("provisional", year=self._year(promised))
        if facts.stops and facts.stops[-1].ended is None and facts.ended_at is None:
            yield words.say("stands_still")
        yield from self._punctuality()

    def _punctuality(self) -> Iterator[str]:
        facts, words = self.facts, self.words
        appointment, ended_at = facts.first_appointment, facts.ended_at
        ended = {"ended": words.word("ended", self._outcome()), "at": words.full(ended_at)} if ended_at else {}
        if ended_at is not None and (appointment is None or self._outcome() == Business.WITHDRAWING):
            yield words.say("ended", **ended)  # nobody was on time or late with what was taken back
        elif appointment is None:
            return
        elif ended_at is None:
            over = facts.as_of - appointment
            is_late = over.total_seconds() > 0
            yield words.say("not_ended_late" if is_late else "not_ended", span=words.length(abs(over)))
        elif ended_at == appointment:
            yield words.say("ended_on_time", **ended)
        else:
            sentence = "ended_late" if ended_at > appointment else "ended_early"
            yield words.say(sentence, span=words.length(abs(ended_at - appointment)), **ended)

    def _outcome(self) -> str:
        """Which way it ended; a withdrawn dossier that was closed since was withdrawn."""
        types = {event.type for event in self.facts.dossier.events}
        if "dossier.withdrawn" in types:
            return Business.WITHDRAWING
        return self.facts.case.state.business

    # Clocks

    def _clocks(self) -> Iterator[str]:
        settings = self.facts.settings
        calendars = dict.fromkeys(self._calendar(setting, "calendars") for setting in settings)
        if len(calendars) == 1:
            yield from calendars
        told: list[Setting] = []
        for setting in settings:
            same = next((other for other in told if _is_counted_alike(setting, other)), None)
            yield self._counted(setting)
            if len(calendars) > 1:
                yield "  " + self._calendar(setting, "calendar")
            yield from (f"  {line}" for line in self._about(setting, same))
            told.append(setting)

    def _counted(self, setting: Setting) -> str:
        words, count = self.words, setting.count
        facts = {
            "clock": self._clock(setting.clock),
            "anchor": words.word("anchors", count.counts_from),
            "from": words.moment(count.anchor),
            "due": words.full(setting.clock.due),
        }
        if count.term is None:
            return words.say("measured", **facts)
        return words.say("counted", term=words.term(count.term), **facts)

    def _calendar(self, setting: Setting, sentence: str) -> str:
        calendar = setting.count.calendar
        return self.words.say(sentence, calendar=calendar.name, version=calendar.version[:12] or "–")

    def _about(self, setting: Setting, same: Setting | None) -> Iterator[str]:
        words, count = self.words, setting.count
        if same is None or same.basis != setting.basis:
            yield from self._basis(setting)
        if count.provisional:
            yield words.say("provisional_clock", year=self._year(setting))
        if same is not None:
            yield words.say("same_count", other=self._clock(same.clock))
        elif setting.is_last or setting.clock.kind is not ClockKind.STEP:
            yield from (_DASH + self._run(run, setting) for run in runs(count.days, count.every_day))
        if not setting.is_last:
            yield words.say("set_anew_alike" if setting.next_due == setting.clock.due else "set_anew")
        elif setting.ended_at is not None:
            over = setting.ended_at - setting.clock.due
            sentence = "done_late" if over.total_seconds() > 0 else "done"
            yield words.say(sentence, at=words.full(setting.ended_at), span=words.length(abs(over)))

    def _basis(self, setting: Setting) -> Iterator[str]:
        words, row = self.words, self.facts.shortening
        if setting.clock.kind is ClockKind.PROMISED and row is not None:
            yield self._shortened(setting.count.term)
        elif setting.basis:
            yield words.say("basis", basis="; ".join(words.data(each) for each in setting.basis))

    def _shortened(self, promised: Term | None) -> str:
        words, row, statutory = self.words, self.facts.shortening, self.facts.variant.term
        assert row is not None
        if row.no_cut or promised is None:
            return words.say("not_shortened", basis=words.data(row.basis), ground=row.no_cut or "–")
        facts = {
            "statutory": words.term(statutory),
            "promised": words.term(promised),
            "basis": words.data(row.basis),
        }
        if row.source is Source.ANNEX:
            return words.say("shortened_annex", **facts)
        return words.say("shortened_derived", percent=str(row.percent), **facts)

    def _run(self, run: Run, setting: Setting) -> str:
        words, first, last = self.words, run.first.day, run.last.day
        why = self._why(run, setting)
        if first == last:
            return words.say("day", day=words.day(first), why=why)
        sentence = "two_days" if (last - first).days == 1 else "days"
        return words.say(sentence, first=words.day(first), last=words.day(last), why=why)

    def _why(self, run: Run, setting: Setting) -> str:
        words, day, count = self.words, run.first, setting.count
        if day.why is Why.MOVED_ON:
            return words.phrase("moved_on")
        why = self._reason(day, count.counts_from)
        if not day.counted:
            return words.phrase("counts_not", why=why)
        if count.term is not None and count.term.unit is TermUnit.SAME_DAY:
            return words.phrase("counts_same_day", why=why)
        if run.first != run.last:
            first = run.reached - (run.last.day - run.first.day).days
            return words.phrase("counts_every_day", first=words.number(first), last=words.number(run.reached))
        if not count.in_hours and day.counted == 1 and run.reached == int(run.reached):
            return words.phrase("counts_whole", why=why, number=words.number(run.reached))
        return self._counted_part(why, run, count)

    def _counted_part(self, why: str, run: Run, count: Count) -> str:
        words = self.words
        part = self._part(run.first.counted, count)
        if count.term is None or run.reached == run.first.counted:
            return words.phrase("counts_first_part", why=why, part=part)
        sentence = "counts_last_part" if run.reached == count.term.amount else "counts_part"
        return words.phrase(sentence, why=why, part=part, reached=self._part(run.reached, count))

    def _reason(self, day: Day, counts_from: str) -> str:
        words = self.words
        if day.why is Why.RECEIVED:
            return words.tables["first_days"].get(counts_from, words.word("days", day.why))
        name = words.word("stops", day.name) if day.why is Why.STOPPED else words.data(day.name)
        return words.word("days", day.why).format(name=name)

    def _part(self, amount: Decimal, count: Count) -> str:
        if count.in_hours:
            return self.words.hours(timedelta(minutes=round(amount * 60)))
        return self.words.amount(amount, "day")

    # Stops, changes, the ladder

    def _stops(self) -> Iterator[str]:
        for stop in self.facts.stops:
            yield self._stop(stop)
            if stop.ended is not None and (policy := stop.ended.data.get("policy")):
                is_anew = policy == "restart" and stop.reason == "supplement"
                yield "  " + self.words.say("restarted" if is_anew else "resumed")
            yield from self._texts(stop.began)

    def _stop(self, stop: StoodStill) -> str:
        words = self.words
        facts = {
            "from": words.full(stop.began.occurred_at),
            "reason": words.word("stops", stop.reason),
            "basis": words.data(stop.basis),
        }
        if stop.ended is None:
            return words.say("stands_still_since", **facts)
        return words.say("stood_still", to=words.full(stop.ended.occurred_at), **facts)

    def _changes(self) -> Iterator[str]:
        words = self.words
        for event in {moved.event.sequence: moved.event for moved in self.facts.moves}.values():
            moves = [moved for moved in self.facts.moves if moved.event is event]
            at, why = words.full(event.occurred_at), words.word("changes", _cause(event))
            yield words.say("changed", at=at, who=self._who(event), why=why)
            yield from (f"  {_DASH}{self._moved(moved)}" for moved in moves)
            yield from self._texts(event)
            yield from self._recounted(event)
            for because in {moved.because.sequence: moved.because for moved in moves if moved.because}.values():
                yield from self._signed(because)

    def _moved(self, moved: Moved) -> str:
        words = self.words
        what = self._named_clock(moved.kind, moved.step, moved.unit) if moved.kind else words.phrase("appointment")
        facts = {"what": what, "old": words.moment(moved.old), "new": words.moment(moved.new)}
        if moved.printed is None:
            return words.phrase("moved", **facts)
        return words.phrase("moved_inside", printed=words.moment(moved.printed), **facts)

    def _recounted(self, event: Event) -> Iterator[str]:
        """Which version of the calendar took the place of which."""
        calendar = event.data.get("calendar")
        if isinstance(calendar, dict):
            yield "  " + self.words.say("calendar_changed", old=str(calendar["old"]), new=str(calendar["new"]))

    def _signed(self, event: Event) -> Iterator[str]:
        """Who signed form 04, when, for which cause, and whether that was after the breach."""
        words = self.words
        facts = {"who": self._who(event), "at": words.full(event.occurred_at)}
        yield "  " + words.say("signed", cause=words.word("causes", str(event.data.get("cause"))), **facts)
        if event.data.get("after_breach"):
            yield "  " + words.say("signed_after_breach")
        yield from self._texts(event)

    def _who(self, event: Event) -> str:
        role = self.words.word("roles", event.actor.role)
        if event.actor.unit is None:
            return role
        return self.words.phrase("who_at", role=role, unit=self._unit(event.actor.unit))

    def _texts(self, event: Event) -> Iterator[str]:
        """What people wrote about an act: why, by which law, and by which paper it was entered afterwards."""
        texts = self.facts.dossier.sealed.get(event.sealed, {}) if event.sealed else {}
        for name in ("reason", "legal_basis"):
            if texts.get(name):
                yield "  " + self.words.say(name, text=str(texts[name]).rstrip("."))
        if isinstance(late := texts.get("late"), dict):
            paper, text = str(late["paper_number"]), str(late["reason"]).rstrip(".")
            yield "  " + self.words.say("entered_late", paper=paper, text=text)

    def _ladder(self) -> Iterator[str]:
        words = self.words
        for setting in self.facts.settings:
            rungs = [rung for rung in setting.rungs if rung.state != "dropped"]
            if rungs:
                yield words.say("ladder_of", clock=self._clock(setting.clock), due=words.moment(setting.clock.due))
            yield from (f"  {_DASH}{self._rung(rung)}" for rung in rungs)

    def _rung(self, rung: Struck) -> str:
        words = self.words
        at, named = words.full(rung.at), words.word("rungs", rung.rung)
        return words.phrase("rung", at=at, rung=named, state=self._state(rung))

    def _state(self, rung: Struck) -> str:
        words, found = self.words, rung.found_late
        if rung.event is None:
            return words.phrase(rung.state)
        told = [str(each["name"]) for each in rung.event.data.get("to", ())]
        units = words.listed(told) if told else words.phrase("whoever_held_it")
        if found is None:
            return words.phrase("struck", units=units)
        return words.phrase("struck_late", units=units, found=words.full(found))

    # The ledger

    def _ledger(self) -> Iterator[str]:
        words, book = self.words, self.facts.ledger
        for segment in book.segments:
            yield words.say(
                "segment",
                span=words.span(segment.start, segment.end),
                who=self._holder(segment.holder, segment.units, who_held(self.facts, segment)),
                what=words.word("holding", segment.reason),
                lengths=words.lengths(segment.length, segment.working),
            )
        for total in book.totals:
            yield words.say("total", who=self._account(total), lengths=words.lengths(total.length, total.working))
        if book.segments:
            yield words.say("whole", lengths=words.lengths(book.length, book.working))
        for over in self.facts.overruns:
            yield from self._over(over)

    def _over(self, over: Overrun) -> Iterator[str]:
        words, span = self.words, over.span
        lengths = words.lengths(over.until - over.due, over.held.working)
        holders = words.listed(
            words.phrase("share", who=self._account(total), length=words.length(total.length))
            for total in over.held.totals
        )
        if span is None:
            yield words.say("over_appointment", due=words.moment(over.due), holders=holders, lengths=lengths)
            return
        done = words.phrase("done_at", at=words.moment(span.done)) if span.done else words.phrase("not_done")
        facts = {"unit": self._unit(span.unit), "step": self._step(span.step), "due": words.moment(over.due)}
        yield words.say("over_step", **facts, done=done, lengths=lengths)
        if {total.units for total in over.held.totals} - {(span.unit,)}:
            yield "  " + words.say("over_step_held", holders=holders)

    def _account(self, total: Total) -> str:
        return self._holder(total.holder, total.units) if total.units else self.words.word("accounts", total.holder)

    def _holder(self, holder: Holder, units: Sequence[str], names: Sequence[str] = ()) -> str:
        words = self.words
        if not units:
            return words.word("holders", holder)
        spelled = [self._one_stop(unit) if holder is Holder.ONE_STOP else self._unit(unit) for unit in units]
        who = words.listed(spelled)
        who = words.phrase("together", units=who) if len(units) > 1 else who
        return words.phrase("named", who=who, names=", ".join(names)) if names else who

    # Names

    def _one_stop(self, code: str) -> str:
        """The one-stop of a unit; a centre is one by itself."""
        name = self._unit(code)
        try:
            role = self.facts.law.unit(code, civil_date(self.facts.case.submitted_at)).role
        except DomainError:
            return name
        return name if role is UnitRole.PROVINCIAL_CENTRE else self.words.phrase("one_stop", unit=name)

    def _unit(self, code: str) -> str:
        return self.facts.unit_name(code)

    def _step(self, code: str) -> str:
        step = self.facts.steps.get(code)
        return step.name if step else code

    def _clock(self, clock: Clock) -> str:
        return self._named_clock(clock.kind, clock.step, clock.unit)

    def _named_clock(self, kind: ClockKind, step: str, unit: str) -> str:
        return self.words.word("clocks", kind).format(step=self._step(step), unit=self._unit(unit))

    def _year(self, setting: Setting) -> str:
        """The first year of a count whose calendar is not announced."""
        calendar = setting.count.calendar
        return str(min(each.day.year for each in setting.count.days if calendar.is_provisional(each.day)))


def _is_counted_alike(setting: Setting, other: Setting) -> bool:
    mine, theirs = setting.count, other.count
    return (mine.anchor, mine.term, mine.days) == (theirs.anchor, theirs.term, theirs.days)


def _cause(event: Event) -> str:
    """What the words for a change go by: the type of its event, and what a redating took from the new law."""
    subject = event.data.get("subject")
    return f"{event.type}.{subject}" if subject else str(event.type)
