"""A working day is swapped while many dossiers are open: exactly those affected change, once, worker killed or not."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from datetime import datetime, time, timedelta
from itertools import cycle, islice
from pathlib import Path
from shutil import copytree
from typing import Any, TypeVar
from uuid import UUID, uuid4

import asyncpg
import pytest

from activities.law import complete
from activities.redating import under
from adapters.callers import Caller
from adapters.catalogue_files import FOLDER, read_sound
from adapters.door import Door
from adapters.rows import event_of
from adapters.settings import load_settings
from adapters.wiring import open_entrance
from deploy.embedded.processes import StackError
from deploy.embedded.stack import Stack
from domain.catalogue import Catalogue
from domain.instants import VIETNAM, at
from domain.milestones import RUNS_IN, ClockKind
from schema.case import Case, first, fold
from schema.messages import Event
from schema.submissions import CommandBody, Submission
from tests.e2e.equality import equal, finished
from tests.e2e.kills import dying_worker
from tests.office import COMMUNE, eventually
from tests.twins import MemoryRegister, _MemoryDesk

T = TypeVar("T")
NEIGHBOUR = "000.00.62.H48"
INSURANCE = "000.48.98.G12"
CALLER = Caller("one-stop", frozenset({"submit", "command", "read"}), frozenset({"clerk", "officer", "leader"}))
SPEED = {"MOTCUA_CAMPAIGN_RATE": "100", "MOTCUA_CAMPAIGN_SETTLE": "2"}
AT_ONCE = 12
PATIENCE = 900.0
KINDS = ("household", "house", "house", "submitted", "signed", "household")


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """One worker, which is killed, and a campaign that does not dawdle."""
    with Stack(tmp_path_factory.mktemp("busy"), workers=1, gateways=1, environment=SPEED) as running:
        yield running


def swapped(place: Path, offset: int = 4) -> tuple[Path, Catalogue]:
    """A copy of the catalogue in which an ordinary working day soon is swapped for the Saturday after it."""
    law = read_sound(FOLDER)
    calendar = law.calendar("state-office")
    day = datetime.now(VIETNAM).date() + timedelta(days=offset)
    while not calendar.is_working(day) or day.weekday() > 4:
        day += timedelta(days=1)
    saturday = day + timedelta(days=5 - day.weekday())
    folder = copytree(FOLDER, place / "catalogue")
    file, text = folder / "calendars.toml", "special_days = ["
    rows = "".join(
        f'\n    {{ day = {each}, kind = "{kind}", name = "Hoán đổi", basis = "quyết định hoán đổi" }},'
        for each, kind in ((day, "swapped_off"), (saturday, "working_saturday"))
    )
    file.write_text(file.read_text("utf-8").replace(text, text + rows, 1), "utf-8")
    return folder, read_sound(folder)


class Desk:
    """Files dossiers and gives commands through the door of the running stack."""

    def __init__(self, door: Door) -> None:
        self._door = door

    async def file(self, unit: str = COMMUNE, **facts: Any) -> UUID:
        counter = {"unit": unit, "channel": "counter", "return_method": "counter"}
        body = {**counter, "components": [], "applicant": {"name": "Nguyễn Thị Thử"}, **facts}
        return UUID((await self._door.submit(CALLER, uuid4().hex, Submission.model_validate(body))).dossier)

    async def do(self, dossier: UUID, name: str, role: str = "clerk", unit: str = COMMUNE, **data: Any) -> None:
        body = CommandBody.model_validate({"name": name, "actor": {"role": role, "unit": unit}, "data": data})
        id_ = uuid4()
        while await self._door.command(CALLER, dossier, id_, body) is None:
            pass

    async def household(self, unit: str = COMMUNE) -> UUID:
        dossier = await self.file(unit, procedure="1.001612")
        await self.do(dossier, "accept", unit=unit)
        await self.do(dossier, "pay", unit=unit, amount=100_000, means="cash")
        await self.do(dossier, "forward", unit=unit)
        return dossier

    async def house(self) -> UUID:
        dossier = await self.file(procedure="1.013225", case="house")
        await self.do(dossier, "accept")
        await self.do(dossier, "forward")
        return dossier

    async def submitted(self) -> UUID:
        return await self.file(procedure="1.001612")

    async def signed(self) -> UUID:
        dossier = await self.household()
        await self.do(dossier, "propose", "officer", "000.01.61.H48", step="appraise")
        await self.do(dossier, "approve", "leader")
        return dossier

    async def maternity(self) -> UUID:
        """Filed online with the social insurance, free of charge: six working days, promised in 4.5."""
        filed = {"procedure": "2.000693", "case": "employer", "channel": "online", "return_method": "online"}
        dossier = await self.file(INSURANCE, **filed)
        await self.do(dossier, "accept", unit=INSURANCE)
        return dossier


def at_the_desk(stack: Stack, work: Callable[[Desk], Awaitable[T]]) -> T:
    async def run() -> T:
        async with open_entrance(load_settings(stack.env_file), "test") as entrance:
            return await work(Desk(entrance.door))

    return finished(run())


async def populate(desk: Desk, count: int) -> dict[str, str]:
    """So many dossiers on their way, of every kind in turn; their ids, each with its kind."""
    slots, made = asyncio.Semaphore(AT_ONCE), dict[str, str]()

    async def one(kind: str) -> None:
        async with slots:
            made[str(await getattr(desk, kind)())] = kind

    await asyncio.gather(*(one(kind) for kind in islice(cycle(KINDS), count)))
    return made


def stories(stack: Stack, type_: str | None = None) -> dict[str, list[Event]]:
    """Every dossier's events, or those of one type, as they stand in the log."""

    async def ask() -> dict[str, list[Event]]:
        found: dict[str, list[Event]] = {}
        connection = await asyncpg.connect(stack.database_url)
        try:
            rows = await connection.fetch(
                "SELECT * FROM event WHERE $1::text IS NULL OR type = $1 ORDER BY dossier, sequence", type_
            )
        finally:
            await connection.close()
        for row in rows:
            found.setdefault(str(row["dossier"]), []).append(event_of(row))
        return found

    return finished(ask())


async def afresh(story: list[Event], law: Catalogue) -> Case:
    """The dossier as it would stand had the law been this one from the start: its events, made anew one by one."""
    desk = _MemoryDesk(MemoryRegister(law))
    case = first(story[0])
    for event in story[1:]:
        case = case.after(await complete(case, event.model_copy(update={"data": dict(event.data)}), law, desk))
    return case


def running(case: Case) -> dict[tuple[ClockKind, str], Any]:
    return {clock.key: clock.rungs for clock in case.clocks if case.state.business in RUNS_IN[clock.kind]}


def expected(before: dict[str, list[Event]], law: Catalogue) -> dict[str, Case]:
    """Who is affected, and what each would come to, counted by the way every dossier is first counted."""
    joined = under(read_sound(FOLDER), law)

    async def counted() -> dict[str, Case]:
        return {id_: await afresh(story, joined) for id_, story in before.items()}

    new = finished(counted())
    return {id_: new[id_] for id_, story in before.items() if running(fold(story)) != running(new[id_])}


def redated(stack: Stack) -> dict[str, list[Event]]:
    return stories(stack, "dossier.redated")


def shown(stack: Stack, campaign: str) -> Any:
    return json.loads(stack.run("starter.py", "campaign", "show", campaign, "--json"))


@pytest.mark.soak
def test_a_swapped_day(busy: Stack, tmp_path: Path, scale: int) -> None:
    """Dry run, campaign, worker dying after a commit and again in the middle: the outcome is the one computed apart."""
    made = at_the_desk(busy, lambda desk: populate(desk, 2_000 // scale))
    folder, law = swapped(tmp_path)
    busy.run("starter.py", "catalogue", "publish", "--folder", str(folder))
    before = stories(busy)
    wanted = expected(before, law)
    assert 0 < len(wanted) < len(made)

    dry = json.loads(busy.run("starter.py", "campaign", "calendar", "--dry-run", "--json"))
    assert {line["dossier"] for line in dry} == set(wanted)
    assert not redated(busy)

    with dying_worker(busy, "recorded", "dossier.redated"):
        begun = json.loads(busy.run("starter.py", "campaign", "calendar", "--json"))
    assert len(redated(busy)) in range(1, len(wanted))
    busy.workers[0].start()
    eventually(lambda: len(redated(busy)) >= len(wanted) // 3, PATIENCE)
    busy.workers[0].kill()
    halfway = len(redated(busy))
    busy.workers[0].start()
    eventually(lambda: shown(busy, begun["campaign"])["status"] == "done", PATIENCE)

    done, events = shown(busy, begun["campaign"]), redated(busy)
    print(f"{len(made)} open, {len(wanted)} affected, killed after 1 and after {halfway}: {done['outcomes']}")
    assert {id_: len(found) for id_, found in events.items()} == dict.fromkeys(wanted, 1)
    assert done["outcomes"] == {"moved": len(wanted)}
    assert done["scanned"] == len(made)
    for id_, story in stories(busy).items():
        case, new = fold(story), wanted.get(id_)
        if new is None:
            assert story == before[id_]
            continue
        data = events[id_][0].data
        assert data["calendar"]["old"] != data["calendar"]["new"]
        assert data["law"] == law.version
        assert case.appointment == fold(before[id_]).appointment
        for key in running(case):
            if key[0] is not ClockKind.PROMISED:
                assert case.clock(*key).due == new.clock(*key).due
        promised = case.clock(ClockKind.PROMISED)
        if promised is not None:
            assert promised.due == case.appointment
            assert (case.recounted or promised.due) == new.clock(ClockKind.PROMISED).due

    again = json.loads(busy.run("starter.py", "campaign", "resume", begun["campaign"], "--json"))
    assert again["started"]
    eventually(lambda: shown(busy, begun["campaign"])["status"] == "done", PATIENCE)
    assert redated(busy) == events
    equal(busy, next(iter(wanted)))


def cli(stack: Stack, *arguments: str) -> Any:
    return json.loads(stack.run("starter.py", *arguments, "--json"))


def finishes(stack: Stack, campaign: str) -> Any:
    eventually(lambda: shown(stack, campaign)["status"] == "done", PATIENCE)
    return shown(stack, campaign)


def moved_in(ledger: Any) -> set[str]:
    return {item["dossier"] for item in ledger["items"] if item["outcome"] == "moved"}


DECISION = """
[[shortening]]
decision = "77/QĐ-UBND"
procedure = "2.000693"
case = "employer"
source = "annex"
promised = 3
basis = "QĐ 77/QĐ-UBND"
valid_from = {today}

{old}
valid_to = {yesterday}

{new}
valid_from = {today}
"""


def decision(place: Path) -> Path:
    """A file with a decision that promises three days instead of 4.5, and the process that adds up to them."""
    text = (FOLDER / "procedures" / "2.000693.toml").read_text("utf-8")
    old = next(part for part in text.split("\n\n") if 'code = "THAISAN-DV-906"' in part)
    new = old.replace("share = 3.25", "share = 1.75").replace("valid_from = 2023-06-14\n", "")
    today = datetime.now(VIETNAM).date()
    file = place / "decision.toml"
    file.write_text(
        DECISION.format(old=old, new=new, today=today, yesterday=today - timedelta(days=1)), encoding="utf-8"
    )
    return file


def test_a_decision_is_previewed_and_applied(busy: Stack, tmp_path: Path) -> None:
    """The preview is the set that moves; the appointment stays, the basis is in the story, files keep the decision."""

    async def filed(desk: Desk) -> tuple[str, str]:
        return str(await desk.maternity()), str(await desk.household())

    online, counter = at_the_desk(busy, filed)
    eventually(lambda: stories(busy)[online][-1].type == "dossier.forwarded")
    before, file = fold(stories(busy)[online]), str(decision(tmp_path))
    listed = cli(busy, "decision", "preview", file)
    assert not {online, counter} & redated(busy).keys()
    begun = cli(busy, "decision", "apply", file)
    ledger = finishes(busy, begun["campaign"])

    assert {line["dossier"] for line in listed} == moved_in(ledger) == {online}
    (event,) = redated(busy)[online]
    after = fold(stories(busy)[online])
    assert after.appointment == before.appointment
    assert after.clock(ClockKind.PROMISED).due < before.clock(ClockKind.PROMISED).due
    assert listed[0]["changes"] == event.data["changes"]
    assert event.data["basis"] == ["QĐ 77/QĐ-UBND: 3 working_day"]
    assert ledger["legal_basis"] == "QĐ 77/QĐ-UBND"
    made = cli(busy, "catalogue", "publish")
    assert made["version"] != read_sound(FOLDER).version
    back = cli(busy, "campaign", "calendar", "--dry-run")  # the swap of the test before is not in these files
    assert {line["dossier"] for line in back} == moved_in(finishes(busy, cli(busy, "campaign", "calendar")["campaign"]))


def test_an_unforeseen_closure(busy: Stack) -> None:
    """One commune is closed by a storm tomorrow: its dossiers move, the neighbour's have no event."""

    async def filed(desk: Desk) -> tuple[str, str]:
        return str(await desk.household(NEIGHBOUR)), str(await desk.household())

    theirs, others = at_the_desk(busy, filed)
    calendar = read_sound(FOLDER).calendar("state-office")
    day = calendar.working_day_after(datetime.now(VIETNAM).date()).isoformat()
    said = ("closure", NEIGHBOUR, day, "--reason", "Bão số 13", "--basis", "Công điện 1/CĐ-UBND")
    listed = cli(busy, *said, "--dry-run")
    assert theirs not in redated(busy)
    ledger = finishes(busy, cli(busy, *said)["campaign"])

    assert {line["dossier"] for line in listed} == moved_in(ledger)
    assert moved_in(ledger) == {theirs}
    assert others not in redated(busy)
    (event,) = redated(busy)[theirs]
    assert event.data["subject"] == "closure"
    assert ledger["about"] == f"{NEIGHBOUR} {day}"
    assert ledger["reason"] == "Bão số 13"


def test_one_signature_for_a_list(busy: Stack) -> None:
    """Form 04 for several dossiers: dry run first, an outcome for each, and nothing twice when it is repeated."""

    async def filed(desk: Desk) -> tuple[str, str, str]:
        return str(await desk.household()), str(await desk.house()), str(await desk.submitted())

    first_, second, early = at_the_desk(busy, filed)
    day = (
        read_sound(FOLDER).calendar("state-office").working_day_from(datetime.now(VIETNAM).date() + timedelta(days=60))
    )
    new = at(day, time(16))
    said = [
        *("apologise", first_, second, early, "--cause", "natural_disaster", "--appointment", new.isoformat()),
        *("--reason", "Bão số 13", "--legal-basis", "NĐ 61/2018 Điều 19(9)", "--officer", "head-1"),
    ]
    dry = cli(busy, *said, "--dry-run")
    assert [line["outcome"] for line in dry["dossiers"]] == ["would move", "would move", "would not"]
    night = [word.replace("T16:00", "T23:00") for word in said]
    assert {line["outcome"] for line in cli(busy, *night, "--dry-run")["dossiers"]} == {"would not"}
    assert {line["outcome"] for line in cli(busy, *night)["dossiers"]} == {"refused"}
    assert stories(busy)[first_][-1].type == "dossier.forwarded"
    done = cli(busy, *said)
    again = cli(busy, *said, "--batch", done["batch"])

    assert [line["outcome"] for line in done["dossiers"]] == ["moved", "moved", "refused"]
    assert again == done
    for dossier in (first_, second):
        story = stories(busy)[dossier]
        assert [event.type for event in story][-3:] == ["deadline.late", "apology.signed", "appointment.moved"]
        assert fold(story).moved_to == new
    assert shown(busy, done["batch"])["outcomes"] == {"moved": 2, "refused": 1}


def test_bad_input_of_campaigns(busy: Stack, tmp_path: Path) -> None:
    """A day that is none, a file that may not hold it, a campaign that is not there: said with field and remedy."""
    file = tmp_path / "units.toml"
    file.write_text((FOLDER / "units.toml").read_text("utf-8"), encoding="utf-8")
    for arguments, said in (
        (("closure", COMMUNE, "tomorrow", "--reason", "Bão", "--basis", "-"), "is not a day"),
        (("closure", "000.00.99.X99", "2026-12-01", "--reason", "Bão", "--basis", "CĐ"), "unit"),
        (("decision", "preview", str(file)), "may not hold it"),
        (("decision", "apply", str(tmp_path / "none.toml")), "cannot be read"),
        (("campaign", "show", str(uuid4())), "no such campaign"),
        (("apologise", "--cause", "other", "--appointment", "x", "--reason", "r", "--legal-basis", "l"), "either"),
    ):
        with pytest.raises(StackError, match=said) as refusal:
            busy.run("starter.py", *arguments)
        assert "remedy" in str(refusal.value)
