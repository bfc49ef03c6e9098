"""Any life of a dossier, drawn at random from the acts that are possible: what holds of its clocks at every event.

Real calendars, with holidays, Tết and a working Saturday; the acts are judged and completed as the engine would,
and the clock strikes before each of them what lies behind.
"""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.catalogue_files import FOLDER, read_sound
from adapters.catalogue_versions import versioned
from domain.dossier import Act
from domain.instants import VIETNAM
from domain.milestones import Clock, ClockKind, Rung
from schema.events import MOVES, EventType
from tests.activities.on_paper import LAND, Paper
from tests.stories import HOUSE, HOUSEHOLD
from workflows.judge import possible

LAW = versioned(read_sound(FOLDER))
TYPES = {act: type_ for type_, act in MOVES.items()} | {Act.PAY: EventType.PAYMENT_RECEIVED}
ELSEWHERE = "000.00.62.H48"
FIRST = datetime(2026, 8, 3, 8, 0, tzinfo=VIETNAM)
MINUTES = st.sampled_from([0, 1, 20, 45, 240, 480, 900, 1440, 2880, 4320, 8640, 20160]).flatmap(
    lambda n: st.integers(n, n + n // 4)
)
ENDS = ("refuse", "stop", "withdraw", "approve")
"""Acts that a life is long without."""
LIVES = settings(derandomize=True, max_examples=80, deadline=None)


def facts(paper: Paper, act: Act, at: datetime, days: int) -> dict[str, Any]:
    """What the act carries, as somebody would fill it in."""
    case = paper.case
    if act in (Act.REQUEST_SUPPLEMENT, Act.SUPPLEMENT):
        return {"components": [LAW.procedure(case.procedure, at.date()).components[0].code]}
    if act is Act.PROPOSE:
        return {"step": next(step.code for step in case.open_steps() if step.kind != "sign")}
    if act is Act.PAY:
        return {"amount": case.fee_total, "means": "cash"}
    if act is Act.RETURN:
        return {"method": case.return_method}
    if act is Act.SUSPEND:
        return {"cause": "land_work"}
    if act is Act.ANSWER_LATE:
        return {"cause": "other"}
    if act is Act.SIGN_APOLOGY:
        assert case.printed is not None
        calendar = LAW.calendar("state-office")
        day = calendar.working_day_from((max(case.printed, at) + timedelta(days=1 + days)).date())
        closes = datetime.combine(day, calendar.sessions[-1].closes, tzinfo=VIETNAM)
        return {"cause": "other", "appointment": closes.isoformat()}
    return {}


def check(paper: Paper) -> None:
    """What holds whatever has happened."""
    case = paper.case
    assert case.is_closed or possible(case), f"{case.state} is a dead end"
    promised, statutory = case.clock(ClockKind.PROMISED), case.clock(ClockKind.STATUTORY)
    if promised is not None and statutory is not None:
        assert promised.due <= statutory.due
        assert case.printed is not None
        assert promised.due <= case.printed
    for clock in case.clocks:
        sound(clock, paper.story[clock.arming - 1].occurred_at)
    assert [each.at for each in case.ahead()] == sorted(each.at for each in case.ahead())
    assert case.next_milestone == next(iter(case.ahead()), None)
    for step in case.open_steps():
        at = case.clock(ClockKind.STEP, step.code)
        assert at is not None
        assert step.due == at.due


def sound(clock: Clock, armed: datetime) -> None:
    """In order, in whole minutes, with time to answer, and up the ladder only after the due instant."""
    rungs = dict(clock.rungs)
    assert list(rungs.values()) == sorted(rungs.values())
    assert all(at.replace(second=0, microsecond=0) == at for at in rungs.values())
    assert clock.due in rungs.values()
    if Rung.SILENCE in rungs and Rung.SILENCE in [rung for rung, _ in clock.ahead]:
        assert rungs[Rung.ASK] <= rungs[Rung.SILENCE] <= clock.due
        assert armed < rungs[Rung.SILENCE]
    for rung in (Rung.ONE_STOP, Rung.PROVINCE):
        assert rungs.get(rung, clock.due + timedelta(1)) > clock.due


async def lives(data: st.DataObject) -> None:
    at = FIRST + timedelta(
        days=data.draw(st.sampled_from(range(200)), "day"),
        minutes=data.draw(st.sampled_from(range(-60, 600, 10)), "minute"),
    )
    more: dict[str, Any] = {"procedure": data.draw(st.sampled_from([HOUSEHOLD, LAND, HOUSE]), "procedure")}
    if data.draw(st.booleans(), "outside"):
        more["territory"] = ELSEWHERE
    if data.draw(st.booleans(), "online"):  # shortened by decision, so promise and law differ
        components = LAW.procedure(more["procedure"], at.date()).components
        more |= {"channel": "online", "components": [{"component": each.code} for each in components]}
    paper = Paper(LAW)
    paper.submit(f"{at:%d/%m/%Y %H:%M}", **more)
    if paper.case.fee_timing == "at_receipt" and paper.case.owes:
        await paper.happens(EventType.FOUND_COMPLETE, at)
        await paper.happens(EventType.PAYMENT_RECEIVED, at, amount=paper.case.fee_total, means="cash")
    await paper.happens(EventType.ACCEPTED, at)
    struck: set[tuple[str, str, str, int]] = set()
    for number in range(14):
        check(paper)
        acts = [Act(name) for name in possible(paper.case) if number > 9 or name not in ENDS]
        acts = acts or [Act(name) for name in possible(paper.case)]
        if not acts:
            break
        act = data.draw(st.sampled_from(acts), "act")
        at += timedelta(minutes=data.draw(MINUTES, "later"))
        if act is Act.SUSPEND and more["procedure"] != LAND:
            act = Act.REQUIRE_DUTY
        await paper.strikes(f"{at:%d/%m/%Y %H:%M}")
        if act not in [Act(name) for name in possible(paper.case)]:
            continue  # its turn was over when the clock had struck
        await paper.happens(TYPES[act], at, **facts(paper, act, at, data.draw(st.integers(0, 20), "days")))
    for event in paper.story:
        if event.type.startswith("clock."):
            key = (event.data["clock"], event.data.get("step", ""), event.data["rung"], event.data["arming"])
            assert key not in struck, "struck twice"
            struck.add(key)
            assert event.data["to"]


@LIVES
@given(st.data())
def test_what_holds_of_any_life(data: st.DataObject) -> None:
    """No dead end, no rung twice, nobody untold; the promise never after the law, nor after what was printed."""
    asyncio.run(lives(data))
