"""`python -m bench.recompute`: counting open dossiers anew on another calendar, beside recording those that move.

In one run, in turns, in one process on one PostgreSQL: a share of the cases is read as they stand in the register and
counted, and those of it that move are recorded through the register, one transaction each. Counted in two ways: as a
campaign does, with its quick look first, and every case in full. What the engine costs beside the record is left out.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

from activities.intake import submitted
from activities.redating import may_move, moved, touched, under
from adapters.catalogue_files import FOLDER, read_sound
from adapters.catalogue_versions import versioned
from adapters.law import PostgresLaw, publish
from adapters.migrate import migrate
from adapters.postgres import Pool, open_pool, transaction
from adapters.register import PostgresRegister
from bench.placing import place, place_case
from deploy.embedded.folder import temporary_folder
from deploy.embedded.postgres import Postgres
from domain.calendars import SpecialDay
from domain.catalogue import Catalogue
from domain.duties import Role
from domain.instants import VIETNAM
from schema.case import Case
from schema.events import EventType
from schema.messages import ENGINE, Actor, Event, RecordAsk
from schema.submissions import Submission
from workflows.wording import engine_event

COMMUNE = "000.00.61.H48"
NOW = datetime(2026, 9, 7, 8, tzinfo=VIETNAM)
SWAPPED, SATURDAY = date(2026, 9, 21), date(2026, 9, 26)
TURNS = 10
AT_ONCE = 10
"""Records under way together."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dossiers", type=int, default=50_000)
    options = parser.parse_args()
    with temporary_folder() as folder, Postgres(folder / "postgres") as server:
        print(json.dumps(asyncio.run(_measure(server.url, options)), indent=2), flush=True)


async def _measure(url: str, options: argparse.Namespace) -> dict[str, object]:
    await migrate(url)
    async with await open_pool(url, AT_ONCE + 2) as pool:
        law = read_sound(FOLDER)
        await publish(pool, law, NOW)
        published = _swapped(law)
        register = PostgresRegister(pool, PostgresLaw(pool), lambda: datetime.now(UTC))
        patterns = await _patterns(pool, register, law)
        joined, days = under(law, published), touched([*law.calendars, *published.calendars])
        warm = [moved(case, joined, at=NOW) for case in patterns]  # the tables of the calendars, once a publication
        print(f"{sum(map(bool, warm))} of {len(warm)} kinds of dossier move", flush=True)
        await publish(pool, published, NOW)
        spent = {"counted as a campaign does": 0.0, "counted in full": 0.0, "recorded": 0.0}
        moving = 0
        for turn in range(TURNS):
            size = options.dossiers // TURNS
            folds = [_copy(patterns[n % len(patterns)]) for n in range(turn * size, (turn + 1) * size)]
            quick, found = _timed(folds, lambda case: may_move(case, days) and moved(case, joined, at=NOW))
            full, again = _timed(folds, lambda case: moved(case, joined, at=NOW))
            assert [case.dossier for case in found] == [case.dossier for case in again]
            seconds = await _record(pool, register, found, published)
            moving += len(found)
            spent = {name: old + new for (name, old), new in zip(spent.items(), (quick, full, seconds), strict=True)}
    ratios = {name: round(each / spent["recorded"], 3) for name, each in spent.items() if name != "recorded"}
    return {
        "open dossiers": options.dossiers,
        "recorded, because they move": moving,
        "seconds": {name: round(each, 2) for name, each in spent.items()},
        "beside recording": ratios,
    }


def _timed(folds: list[str], count: Callable[[Case], object]) -> tuple[float, list[Case]]:
    """Read and count every case, as it stands in its row; seconds, and those that move."""
    started = time.monotonic()
    moving = [case for case in map(Case.model_validate_json, folds) if count(case)]
    return time.monotonic() - started, moving


async def _record(pool: Pool, register: PostgresRegister, cases: list[Case], law: Catalogue) -> float:
    """Seconds for recording the moves of so many dossiers, each placed in the register beforehand."""
    placed = [case.model_copy(update={"code": None}) for case in cases]
    for number in range(0, len(placed), 500):
        async with transaction(pool) as connection:
            for case in placed[number : number + 500]:
                await place_case(connection, case)
    slots, campaign = asyncio.Semaphore(AT_ONCE), str(uuid4())

    async def one(case: Case) -> None:
        async with slots:
            data = {"campaign": campaign, "subject": "calendar", "law": law.version}
            event = engine_event(case, EventType.REDATED, NOW, f"campaign/{campaign}", data)
            await register.record(RecordAsk(event=event, law=case.law))

    started = time.monotonic()
    await asyncio.gather(*(one(case) for case in placed))
    return time.monotonic() - started


async def _patterns(pool: Pool, register: PostgresRegister, law: Catalogue) -> list[Case]:
    """Dossiers in review as the register has them, of several procedures, accepted on the working days before."""
    made = []
    for back in range(28):
        at = NOW - timedelta(days=back)
        for procedure, case in (
            ("1.001612", None),
            ("1.013225", "house"),
            ("1.013225", "works"),
            ("1.013831", None),
            ("1.001612", None),
        ):
            filed = Submission.model_validate(
                {
                    "procedure": procedure,
                    "case": case,
                    "unit": COMMUNE,
                    "channel": "counter",
                    "return_method": "counter",
                    "components": [],
                    "applicant": {"name": "Nguyễn Thị Thử"},
                }
            )
            actor = Actor(system="bench", role=Role.CLERK)
            event = submitted(law, filed, dossier=uuid4(), command=uuid4(), at=at, actor=actor, digest="")
            async with transaction(pool) as connection:
                await place(connection, event, at)
            made.append(await _in_review(register, event.dossier, at))
    return made


async def _in_review(register: PostgresRegister, dossier: UUID, at: datetime) -> Case:
    case = await register.load(dossier)
    types = [EventType.ACCEPTED, EventType.FORWARDED]
    if case.owes and case.fee_timing == "at_receipt":
        types = [EventType.FOUND_COMPLETE, EventType.PAYMENT_RECEIVED, *types]
    for type_ in types:
        data = {"amount": case.fee_total, "means": "cash"} if type_ is EventType.PAYMENT_RECEIVED else {}
        event = Event(
            dossier=dossier,
            sequence=case.sequence + 1,
            type=type_,
            occurred_at=at,
            actor=ENGINE,
            command=uuid4(),
            data=data,
        )
        await register.record(RecordAsk(event=event, law=case.law))
        case = await register.load(dossier)
    return case


def _copy(case: Case) -> str:
    return case.model_copy(update={"dossier": uuid4()}).model_dump_json()


def _swapped(law: Catalogue) -> Catalogue:
    """The law in which a Friday is swapped for the Saturday after it."""
    rows = (
        SpecialDay(SWAPPED, "swapped_off", "Hoán đổi", "invented"),
        SpecialDay(SATURDAY, "working_saturday", "Làm bù", "invented"),
    )
    calendars = tuple(replace(each, special_days=(*each.special_days, *rows)) for each in law.calendars)
    return versioned(replace(law, calendars=calendars))


if __name__ == "__main__":
    main()
