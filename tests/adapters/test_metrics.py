"""The measures: they follow a dossier through its life, count what the log holds, and name nobody."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from prometheus_client.parser import text_string_to_metric_families

from activities.ports import Unavailable
from activities.watching import Patience
from adapters.discrepancies import Discrepancies
from adapters.law import PostgresLaw
from adapters.metrics import FRESH, GRACE, Metrics
from adapters.postgres import Pool
from adapters.watch import PostgresWatch
from domain.instants import VIETNAM
from domain.milestones import ClockKind, Rung
from domain.payments import Provider
from schema.case import Case
from schema.events import EventType
from schema.messages import ENGINE
from schema.submissions import ActorBody, Submission
from schema.watch import Look, LookAsk
from tests.adapters.test_closings import VAULT
from tests.adapters.test_register import FREE, MONDAY, OnDisk, filed, record
from tests.adapters.test_watch import Engine
from tests.reconciled import DAY, NIGHT, Town
from tests.stories import COMMUNE
from workflows.wording import struck

Labels = dict[str, str]
ONLINE: dict[str, Any] = {
    "procedure": "1.001612",
    "unit": COMMUNE,
    "channel": "online",
    "return_method": "online",
    "components": [{"component": "giay-de-nghi"}],
    "applicant": {"name": "Nguyễn Thị Thử"},
}
BLINK = timedelta(milliseconds=1)
UNDECIDED = timedelta(hours=2)


@pytest.fixture
async def desk(pool: Pool) -> OnDisk:
    """A register with its intake, on a fresh database."""
    return OnDisk(pool, await PostgresLaw(pool).latest())


async def measured(pool: Pool, at: datetime, spread: timedelta = timedelta()) -> str:
    """What a gateway that has just started says at this instant."""
    return (await Metrics(pool, lambda: at, spread, UNDECIDED).text()).decode()


def value(text: str, name: str, **labels: str) -> float | None:
    """The one sample of this name that has these labels; None when there is none."""
    found = [number for sample, has, number in samples(text) if sample == name and labels.items() <= has.items()]
    assert len(found) <= 1, found
    return found[0] if found else None


def samples(text: str) -> Iterator[tuple[str, Labels, float]]:
    """Every sample, as a Prometheus reads it."""
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            yield sample.name, sample.labels, sample.value


async def accepted(desk: OnDisk) -> tuple[UUID, Case]:
    """A dossier from the counter with its dates."""
    dossier = await filed(desk, FREE)
    await record(desk, dossier, EventType.ACCEPTED)
    return dossier, await desk.port.load(dossier)


async def strike(desk: OnDisk, dossier: UUID, until: datetime) -> None:
    """Record what the clocks strike up to this instant, as the dossier's workflow does."""
    while event := struck(case := await desk.port.load(dossier), until, until):
        changes = event.model_dump(include={"data", "command"})
        await record(desk, dossier, event.type, at=event.occurred_at, actor=ENGINE, **changes)
        assert (await desk.port.load(dossier)).sequence == case.sequence + 1


async def state(pool: Pool, at: datetime) -> dict[str, float | None]:
    """The measures of the one unit and procedure that these tests use."""
    text = await measured(pool, at)
    names = ("open", "due_soon", "overdue", "overdue_unrecorded", "statutory_overdue")
    found = {name: value(text, f"motcua_dossiers_{name}", unit=COMMUNE, procedure=FREE) for name in names}
    return {name: number for name, number in found.items() if number}


async def test_a_dossier_is_open_then_due_soon_then_overdue(desk: OnDisk, pool: Pool) -> None:
    """By the instants of its own clocks, whether or not anybody has recorded them; overdue at the due instant."""
    _, case = await accepted(desk)
    promised, statutory = case.clock(ClockKind.PROMISED), case.clock(ClockKind.STATUTORY)
    assert promised is not None
    assert statutory is not None
    warning = dict(promised.rungs)[Rung.WARN]

    assert await state(pool, warning - BLINK) == {"open": 1}
    assert await state(pool, warning) == {"open": 1, "due_soon": 1}
    assert await state(pool, promised.due - BLINK) == {"open": 1, "due_soon": 1}
    late = {"open": 1, "overdue": 1} | ({"statutory_overdue": 1} if statutory.due == promised.due else {})
    assert await state(pool, promised.due) == late
    gone = {"open": 1, "overdue": 1, "overdue_unrecorded": 1, "statutory_overdue": 1}
    assert await state(pool, statutory.due + GRACE) == gone


async def test_a_clock_that_was_set_before_there_were_ladders(desk: OnDisk, pool: Pool) -> None:
    """It has a warning of its own, and is due soon from there on."""
    dossier, case = await accepted(desk)
    promised = case.clock(ClockKind.PROMISED)
    assert promised is not None
    warning = promised.due - timedelta(hours=3)
    clock = {"kind": "promised", "due": promised.due.isoformat(), "warn_at": warning.isoformat()}
    # Any event may set a clock.
    await record(desk, dossier, EventType.PAYMENT_REFUNDED, data={"clocks": [clock], "transaction": "T-1"})

    assert await state(pool, warning - BLINK) == {"open": 1}
    assert await state(pool, warning) == {"open": 1, "due_soon": 1}


async def test_a_stopped_dossier_is_not_overdue(desk: OnDisk, pool: Pool) -> None:
    """While the applicant completes the papers no processing clock runs."""
    dossier, case = await accepted(desk)
    await record(desk, dossier, EventType.FORWARDED)
    needed = next(iter(desk.law.procedure(FREE, case.submitted_at.date()).components)).code
    await record(desk, dossier, EventType.SUPPLEMENT_REQUESTED, data={"components": [needed]})

    assert await state(pool, MONDAY + timedelta(days=60)) == {"open": 1}


async def test_a_breach_is_counted_and_stands_until_the_dossier_is_closed(desk: OnDisk, pool: Pool) -> None:
    """Recorded, it is no longer missing; closed, it is no longer open; the counter keeps it for ever."""
    dossier, case = await accepted(desk)
    await record(desk, dossier, EventType.FORWARDED)
    end = max(clock.due for clock in case.clocks)
    await strike(desk, dossier, end)
    text = await measured(pool, end + GRACE)
    here = {"unit": COMMUNE, "procedure": FREE}

    assert await state(pool, end + GRACE) == {"open": 1, "overdue": 1, "statutory_overdue": 1}
    for clock in ("promised", "statutory"):
        assert value(text, "motcua_dossiers_breached", **here, clock=clock) == 1
        assert value(text, "motcua_clock_breaches_total", **here, clock=clock) == 1
    written = await pool.fetchval("SELECT max(recorded_at) FROM event WHERE type = 'clock.breached'")
    last = value(text, "motcua_clock_last_breach_timestamp_seconds", **here, clock="statutory")
    assert last == pytest.approx(written.timestamp())

    await record(desk, dossier, EventType.STOPPED)
    await record(desk, dossier, EventType.RETURNED, data={"method": "counter"})
    text = await measured(pool, end + GRACE)
    assert value(text, "motcua_dossiers_open", **here) is None
    assert value(text, "motcua_clock_breaches_total", **here, clock="promised") == 1


async def test_counting_on_gives_what_counting_anew_gives(desk: OnDisk, pool: Pool) -> None:
    """A gateway that has run for long and one that starts now tell the same; a counter never falls."""
    at = MONDAY
    running = Metrics(pool, lambda: at, timedelta(), UNDECIDED)
    here = {"unit": COMMUNE, "procedure": FREE, "clock": "promised"}
    seen: list[float | None] = []
    for _ in range(3):
        dossier, case = await accepted(desk)
        await strike(desk, dossier, max(clock.due for clock in case.clocks))
        data = {"clock": "promised", "rung": Rung.PROVINCE, "found_at": MONDAY.isoformat()}
        await record(desk, dossier, EventType.CLOCK_ESCALATED, data=data, actor=ENGINE)
        at += FRESH
        text = (await running.text()).decode()
        seen.append(value(text, "motcua_clock_breaches_total", **here))
        assert text == await measured(pool, at)

    assert seen == [1, 2, 3]
    assert value(text, "motcua_clock_escalations_total", **here, rung="province") == 3


async def test_an_online_filing_that_nobody_answers(desk: OnDisk, pool: Pool) -> None:
    """It is measured by the clock of acceptance, and no longer once it is answered."""
    dossier = await desk.submit(Submission.model_validate(ONLINE), MONDAY)
    clock = (await desk.port.load(dossier)).clock(ClockKind.ACCEPTANCE)
    assert clock is not None

    async def overdue(at: datetime) -> float | None:
        return value(await measured(pool, at), "motcua_acceptance_overdue", unit=COMMUNE)

    assert await overdue(clock.due - BLINK) == 0
    assert await overdue(clock.due) == 1
    await record(desk, dossier, EventType.FOUND_COMPLETE)
    assert await overdue(clock.due) == 0


async def test_an_engine_that_does_not_strike_is_seen(desk: OnDisk, pool: Pool) -> None:
    """A rung that nobody records within the grace is late; and what came in and was not handed over waits."""
    dossier, case = await accepted(desk)
    first = case.ahead()[0].at
    text = await measured(pool, first + GRACE + timedelta(seconds=30))

    assert value(text, "motcua_rungs_late") == 1
    assert value(text, "motcua_rungs_oldest_late_seconds") == 150
    assert value(text, "motcua_inbox_waiting") == 1
    assert value(text, "motcua_inbox_oldest_age_seconds") == (first - MONDAY + GRACE).total_seconds() + 30
    assert value(await measured(pool, first + GRACE), "motcua_rungs_late") == 0
    await strike(desk, dossier, first)
    late = await measured(pool, first + GRACE + timedelta(seconds=30))
    assert value(late, "motcua_rungs_late") == 0


async def test_a_clock_is_not_called_late_while_wake_ups_are_spread(desk: OnDisk, pool: Pool) -> None:
    """Otherwise every sound engine would be called silent."""
    _, case = await accepted(desk)
    look, spread = case.ahead()[0].at + GRACE + timedelta(seconds=30), timedelta(minutes=5)

    assert value(await measured(pool, look), "motcua_rungs_late") == 1
    assert value(await measured(pool, look, spread), "motcua_rungs_late") == 0
    assert value(await measured(pool, look + spread, spread), "motcua_rungs_late") == 1


async def test_no_dossier_and_no_person_is_told(desk: OnDisk, pool: Pool) -> None:
    """Labels are units, procedures, clocks, rungs and looks; ids, codes and names occur nowhere in the text."""
    dossier, case = await accepted(desk)
    await strike(desk, dossier, max(clock.due for clock in case.clocks))
    text = await measured(pool, MONDAY + timedelta(days=60))

    names = {name for _, labels, _ in samples(text) for name in labels}
    assert names == {"unit", "procedure", "clock", "rung", "look"}
    assert case.code is not None
    assert not any(secret in text for secret in (str(dossier), dossier.hex, case.code, "Thử", "cb-"))


async def test_many_who_ask_at_once_cost_one_measure(pool: Pool) -> None:
    """However many scrape, the database is asked once for each stretch of time; a clock set back asks again."""
    at = MONDAY
    asked = []

    class Counted(Metrics):
        async def _measure(self, as_of: datetime) -> bytes:
            asked.append(as_of)
            return await super()._measure(as_of)

    metrics = Counted(pool, lambda: at, timedelta(), UNDECIDED)
    texts = await asyncio.gather(*(metrics.text() for _ in range(20)))
    assert (len(set(texts)), len(asked)) == (1, 1)
    for later in (FRESH - BLINK, FRESH, FRESH - BLINK):
        at = MONDAY + later
        await metrics.text()
    assert asked == [MONDAY, MONDAY + FRESH, MONDAY + FRESH - BLINK]


async def test_without_the_database_there_is_no_figure(pool: Pool) -> None:
    """An old figure would say that all is well: the scrape fails instead, and that is an alert of its own."""
    at = MONDAY
    metrics = Metrics(pool, lambda: at, timedelta(), UNDECIDED)
    await metrics.text()
    await pool.close()
    at += FRESH

    with pytest.raises(Unavailable):
        await metrics.text()


async def test_what_the_watch_found_is_counted_by_kind_and_unit_and_its_looks_are_dated(
    desk: OnDisk, pool: Pool
) -> None:
    """A finding is a gauge while it stands; a look that was never had is of the beginning of time."""
    await filed(desk, FREE)
    late = MONDAY + timedelta(hours=1)
    watch = PostgresWatch(pool, PostgresLaw(pool), Engine(), Patience())
    await watch.look(LookAsk(look=Look.INBOX, as_of=late))
    text = await measured(pool, late)

    assert value(text, "motcua_watch_standing", kind="inbox_waiting", unit=COMMUNE) == 1
    assert value(text, "motcua_watch_looked_timestamp_seconds", look="inbox") == late.timestamp()
    assert value(text, "motcua_watch_looked_timestamp_seconds", look="engine") == 0
    await pool.execute("UPDATE inbox SET delivered_at = received_at")
    await watch.look(LookAsk(look=Look.INBOX, as_of=late + BLINK))
    assert value(await measured(pool, late + BLINK), "motcua_watch_standing", kind="inbox_waiting") is None


async def test_money_on_which_somebody_has_to_look(pool: Pool) -> None:
    """An attempt without an end once the sweep had its time, a refund that waits, a discrepancy until it is closed."""
    town = await Town.founded(pool)
    _, reference = await town.ordered()
    expires = await pool.fetchval("SELECT expires_at FROM payment_attempt WHERE reference = $1", reference)
    assert value(await measured(pool, expires + UNDECIDED), "motcua_attempts_undecided", provider="platform") is None
    after = await measured(pool, expires + UNDECIDED + BLINK)
    assert value(after, "motcua_attempts_undecided", provider="platform") == 1

    town.told.days[DAY].append(replace(await town.paid(is_told=False), amount=1))
    await town.book.go_through(Provider.PLATFORM, DAY, NIGHT)
    here = {"provider": "platform", "kind": "amount_differs"}
    text = await measured(pool, NIGHT)
    assert value(text, "motcua_discrepancies_open", **here) == 1
    midnight = datetime.combine(DAY + timedelta(days=1), datetime.min.time(), VIETNAM)
    assert value(text, "motcua_reconciled_up_to_timestamp_seconds", provider="platform") == midnight.timestamp()
    (row,) = await town.found()
    clerk = ActorBody(role="clerk", officer="KT-3")
    await Discrepancies(pool, VAULT).close(row["id"], "accepted", "one-stop", clerk, NIGHT)
    assert value(await measured(pool, NIGHT), "motcua_discrepancies_open", **here) is None

    line = await town.paid()
    facts = {"transaction": line.transaction, "amount": line.amount, "currency": "VND", "reference": line.reference}
    asked = {**facts, "provider": "platform", "means": "platform", "ground": "by_officer"}
    await record(town.desk, await town.dossier_of(line.transaction), EventType.REFUND_ASKED, data=asked)
    assert value(await measured(pool, NIGHT), "motcua_refunds_waiting", provider="platform", state="asked") == 1
