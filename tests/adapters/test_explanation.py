"""Why this date: the texts that a clerk reads, in both languages, and the facts behind them."""

from __future__ import annotations

import re
import string
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any
from uuid import uuid5

import pytest

from adapters.counted_days import Day, Why, measured, runs
from adapters.explanation import Explanation
from adapters.explanation_json import spelled
from adapters.explanation_text import LANGUAGES, language, preferred, worded
from adapters.words_en import EN
from adapters.words_vi import VI
from domain.clocks import StopReason
from domain.dossier import NATIONAL_NAMES
from domain.errors import Invalid
from domain.ledger import Holder
from domain.milestones import ClockKind, Rung
from domain.terms import TermUnit
from schema.events import EventType
from schema.messages import ENGINE, Event
from tests.domain.state_office import STATE_OFFICE, moment
from tests.explained import PAGE, SHOWN, TALES, path_of, text_of
from tests.told import ECONOMY, HOUSEHOLD, ID, LAW, Told


@pytest.mark.parametrize("code", LANGUAGES)
@pytest.mark.parametrize("name", TALES)
async def test_the_text_is_the_one_that_was_read_and_kept(name: str, code: str) -> None:
    """`python -m tests.explained` writes the texts anew; whoever does that reads them as a clerk would."""
    assert text_of(await TALES[name](), code) == path_of(name, code).read_text(encoding="utf-8")


@pytest.mark.parametrize("name, code", SHOWN)
def test_the_page_shows_texts_that_are_true(name: str, code: str) -> None:
    """What docs/explain.md shows is what the product says."""
    assert path_of(name, code).read_text(encoding="utf-8") in PAGE.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", TALES)
async def test_no_text_mixes_the_languages_or_shows_a_name_of_the_code(name: str) -> None:
    """No English in the Vietnamese, no word of the code in either; what is quoted in English stays Vietnamese."""
    explained = await TALES[name]()
    ours = re.compile(r"\b(counted|weekend|working|overdue|due|from|None|[a-z]+_[a-z_]+)\b")

    assert not ours.findall(text_of(explained, "vi"))
    assert not re.findall(r"\b[a-z]+_[a-z_]+\b|\bNone\b", text_of(explained, "en"))
    said = re.sub("egal basis: .*", "", text_of(explained, "en"))  # a legal source is quoted as it is written
    assert not re.search(r"không tính|ngày|giờ|từ|hạn", re.sub("“.*?”", "", said.split("The appointment")[1]))


def test_both_languages_say_the_same_things() -> None:
    """The same sentences with the same facts in them, and a name for the same typed values."""

    def facts(sentence: str) -> set[str]:
        return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}

    assert {key: facts(said) for key, said in VI.sentences.items()} == {
        key: facts(said) for key, said in EN.sentences.items()
    }
    for table in set(VI.tables) - {"statuses"}:
        assert set(VI.tables[table]) == set(EN.tables[table]), table


@pytest.mark.parametrize("words", LANGUAGES.values(), ids=LANGUAGES)
def test_everything_typed_has_a_name(words: Any) -> None:
    """A clock, a rung, a reason or a unit of terms that is added has to be worded."""
    assert set(words.tables["clocks"]) == {str(kind) for kind in ClockKind}
    assert set(words.tables["rungs"]) == {str(rung) for rung in Rung}
    assert set(words.tables["units"]) >= {str(unit) for unit in TermUnit}
    assert set(words.tables["days"]) == {str(why) for why in Why} - {Why.MOVED_ON}
    assert set(words.tables["stops"]) >= {str(reason) for reason in StopReason} & set(VI.tables["stops"])
    assert set(words.tables["accounts"]) == {str(holder) for holder in Holder} - {"one_stop", "unit", "agency"}
    assert set(EN.tables["statuses"]) == {str(code) for code in NATIONAL_NAMES}


@pytest.mark.parametrize("name", TALES)
async def test_the_walk_of_a_counted_term_adds_up_to_the_term(name: str) -> None:
    """Every day that the term took, and no other: the facts say what the text says."""
    explained = await TALES[name]()
    counted = [setting for setting in explained.settings if setting.count.term is not None]

    assert counted
    for setting in counted:
        assert setting.count.term is not None
        assert sum(day.counted for day in setting.count.days) == setting.count.term.amount
        assert setting.count.days[-1].day == setting.clock.due.date()


@pytest.mark.parametrize("name", TALES)
async def test_every_clock_that_the_story_counts_is_explained_by_its_term(name: str) -> None:
    """Only what is no term is measured: forwarding, a second appointment, what was left of a step after a stop."""
    measured_ones = [setting for setting in (await TALES[name]()).settings if setting.count.term is None]

    for setting in measured_ones:
        resumed = setting.clock.kind is ClockKind.STEP and setting.event.type is EventType.RESUMED
        assert resumed or setting.clock.kind in (ClockKind.FORWARDING, ClockKind.MOVED)


@pytest.mark.parametrize("name", TALES)
async def test_the_facts_for_programs_hold_what_the_sentences_say(name: str) -> None:
    """Segments that partition, the same appointment, and the sections of the language asked for."""
    explained = await TALES[name]()
    facts = spelled(explained, EN)
    segments = facts["ledger"]["segments"]

    assert all(one["to"] == other["from"] for one, other in pairwise(segments))
    assert sum(each["seconds"] for each in facts["ledger"]["totals"]) == facts["ledger"]["seconds"]
    assert sum(each["seconds"] for each in segments) == facts["ledger"]["seconds"]
    assert [section["lines"] for section in facts["sections"]] == [list(s.lines) for s in worded(explained, EN)]
    assert facts["language"] == "en"


async def test_a_breach_is_attributed() -> None:
    """After the appointment the department held it all the time, and each of its late steps is its own."""
    explained = await TALES["late_with_apology"]()
    appointment, *steps = explained.overruns

    assert [(total.holder, total.units) for total in appointment.held.totals] == [(Holder.UNIT, ("000.00.03.H48",))]
    assert appointment.held.length == timedelta(days=6, hours=23)
    assert [over.span.step for over in steps if over.span] == ["appraise", "sign"]


async def test_it_can_be_asked_as_of_an_earlier_instant() -> None:
    """Only what had happened by then: before the request for papers the first appointment stands."""
    tale = await _household()
    await tale.do("21/04/2026 09:00", "request_supplement", "officer", ECONOMY, components=["giay-de-nghi"])
    before = tale.explained("21/04/2026 08:00")

    assert before.case.supplements == 0
    assert not before.stops
    assert tale.explained("21/04/2026 10:00").stops[0].ended is None
    with pytest.raises(Invalid) as refusal:
        tale.explained("20/04/2026 07:00")
    assert refusal.value.field == "as_of"


async def test_a_rung_that_is_behind_and_not_recorded_is_said_to_be_missing() -> None:
    """A worker that sleeps over a due instant is visible to whoever asks."""
    tale = await _household()
    rungs = {(r.rung, r.state) for s in tale.explained("30/04/2026 08:00").settings for r in s.rungs}

    assert (Rung.BREACH, "missing") in rungs
    assert "chưa ghi nhận" in text_of(tale.explained("30/04/2026 08:00"), "vi")


async def test_an_internal_date_that_differs_from_the_printed_one_is_shown_beside_it() -> None:
    """A calendar moves the count behind an appointment, never the appointment."""
    explained = await _redated()
    text = text_of(explained, "vi")

    assert explained.first_appointment == moment("23/04/2026 17:00")
    assert explained.internal_due == moment("24/04/2026 17:00")
    assert "Hạn xử lý nội bộ hiện nay là 17:00, thứ Sáu 24/04/2026, khác với ngày hẹn đã in." in text
    assert "cách tính nội bộ từ 23/04/2026 17:00 sang 24/04/2026 17:00; ngày hẹn đã in vẫn là 23/04/2026 17:00" in text
    assert "Phiên bản lịch làm việc: từ state-office@ban-1 sang state-office@ban-2." in text


async def test_a_clock_without_its_term_is_measured_in_opening_hours() -> None:
    """Stories of before events carried the term are explained too: by what was open between the two instants."""
    tale = await _household()
    for event in tale.story:
        for raw in event.data.get("clocks", ()):
            for name in ("term", "anchor", "calendar"):
                raw.pop(name, None)
    promised = tale.explained("21/04/2026 08:00").promised

    assert promised is not None
    assert promised.count.term is None
    assert [day.counted for day in promised.count.days] == [
        Decimal("7.5"),
        Decimal("7.5"),
        Decimal("7.5"),
        Decimal("7.5"),
    ]
    assert "Thời hạn hẹn trả kết quả: tính từ lúc tiếp nhận" in text_of(tale.explained("21/04/2026 08:00"), "vi")


def test_a_day_of_which_nothing_lay_in_opening_hours_says_so() -> None:
    """From after closing on Friday to the next opening hour on Monday."""
    days = measured(moment("Fri 17/04/2026 18:00"), moment("Mon 20/04/2026 08:30"), STATE_OFFICE)

    assert [(day.why, day.counted) for day in days] == [
        (Why.AFTER_HOURS, 0),
        (Why.WEEKEND, 0),
        (Why.WEEKEND, 0),
        (Why.WORKING, 1),
    ]


def test_uncounted_days_are_told_together_and_counted_ones_alone() -> None:
    """A weekend is one line; two working days are two, unless every day counts."""
    days = [
        Day(date(2026, 4, 24), Decimal(1), Why.WORKING),
        Day(date(2026, 4, 25), Decimal(0), Why.WEEKEND),
        Day(date(2026, 4, 26), Decimal(0), Why.WEEKEND),
        Day(date(2026, 4, 27), Decimal(0), Why.COMPENSATION, "Nghỉ bù"),
        Day(date(2026, 4, 28), Decimal(1), Why.WORKING),
        Day(date(2026, 4, 29), Decimal(1), Why.WORKING),
    ]

    assert [(run.first.day.day, run.last.day.day, run.reached) for run in runs(days)] == [
        (24, 24, 1),
        (25, 26, 1),
        (27, 27, 1),
        (28, 28, 2),
        (29, 29, 3),
    ]
    assert len(list(runs(days, every_day=True))) == 4


@pytest.mark.parametrize(
    "header, spoken",
    [(None, "vi"), ("", "vi"), ("fr, de", "vi"), ("en-GB,en;q=0.9", "en"), ("fr, EN;q=0.5, vi", "en"), ("vi-VN", "vi")],
)
def test_the_language_is_the_first_that_is_spoken_here(header: str | None, spoken: str) -> None:
    """Vietnamese unless somebody asks for English."""
    assert preferred(header).language == spoken


def test_a_language_that_nobody_worded_is_refused() -> None:
    """With the field and what would mend it."""
    with pytest.raises(Invalid) as refusal:
        language("fr")
    assert (refusal.value.field, refusal.value.remedy) == ("lang", "use one of: vi, en")


async def _household() -> Told:
    """A household business, accepted and forwarded on a Monday, due on Thursday."""
    tale = Told()
    tale.submit("20/04/2026 07:30", HOUSEHOLD)
    await tale.do("20/04/2026 07:30", "accept")
    await tale.do("20/04/2026 07:30", "pay", amount=tale.case.fee_total, means="cash")
    await tale.do("20/04/2026 07:30", "forward")
    return tale


async def _redated() -> Explanation:
    """The same, after the campaign of a calendar in which the 22nd is no working day any more."""
    tale = await _household()
    old, new = "2026-04-23T17:00:00+07:00", "2026-04-24T17:00:00+07:00"
    data = {
        "subject": "calendar",
        "law": LAW.version,
        "calendar": {"old": "state-office@ban-1", "new": "state-office@ban-2"},
        "changes": [{"clock": "promised", "step": "", "old": old, "new": new, "printed": old}],
    }
    event = Event(
        dossier=ID,
        sequence=len(tale.story) + 1,
        type=EventType.REDATED,
        occurred_at=moment("20/04/2026 10:00"),
        actor=ENGINE,
        command=uuid5(ID, "campaign"),
        data=data,
    )
    tale.story.append(event)
    return tale.explained("20/04/2026 11:00")
