"""The measures for Prometheus: what is open, due, late and stuck, counted in SQL at the moment of the scrape.

Labels are codes of units and procedures and names of clocks and rungs: no dossier and no person can be told from
them. Each gateway tells the same truth, so whoever adds up takes one of them (`max without (instance)`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import asyncpg
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.registry import Collector

from adapters.postgres import Connection, Pool, reading, row_of
from adapters.watch_book import WatchBook
from domain.milestones import ClockKind
from domain.periods import Span, period_with
from schema.events import EventType
from schema.sql import QUERIES
from schema.watch import Look

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
"""The text format that every Prometheus reads."""
FRESH = timedelta(seconds=5)
"""How long one answer serves everybody who asks: however many scrape, the database is asked once."""
GRACE = timedelta(minutes=2)
"""How long after its instant a rung may be recorded, once the spread of the wake-ups is over."""

_PLACE = ("unit", "procedure")
_GAUGES = {
    "open": ("motcua_dossiers_open", "Dossiers whose story is not over"),
    "due_soon": ("motcua_dossiers_due_soon", "In processing, past the warning and not yet due: by working time"),
    "overdue": ("motcua_dossiers_overdue", "In processing and past the promised due"),
    "overdue_unrecorded": (
        "motcua_dossiers_overdue_unrecorded",
        f"In processing, past the promised due by {GRACE.seconds} s and the spread, and no breach is recorded",
    ),
    "statutory_overdue": ("motcua_dossiers_statutory_overdue", "In processing and past the due of the law itself"),
    "acceptance_overdue": ("motcua_acceptance_overdue", "Filed online and not answered within the acceptance term"),
}
"""Column of `measure_dossiers`, then the name and the meaning of its gauge."""
_BREACHED = {ClockKind.PROMISED: "promised_breached", ClockKind.STATUTORY: "statutory_breached"}


class _Rung(NamedTuple):
    """What events of the ladder are told apart by."""

    type: str
    unit: str
    procedure: str
    clock: str
    rung: str


class Metrics:
    """Measures at most once in `FRESH`, under the clock `now`; `spread` is that of the dossiers' wake-ups.

    `undecided` is how long after its expiry an attempt to collect must have an end, by the sweep's own settings.

    Breaches and escalations are counted on from where the last measure ended: the log is append-only and its
    positions are commit order, so the tally equals a count of the whole log and only ever grows.
    """

    def __init__(self, pool: Pool, now: Callable[[], datetime], spread: timedelta, undecided: timedelta) -> None:
        self._pool = pool
        self._now = now
        self._book = WatchBook(pool)
        self._grace = GRACE + spread
        self._undecided = undecided
        self._lock = asyncio.Lock()
        self._measured: tuple[datetime, bytes] | None = None
        self._tally: dict[_Rung, tuple[int, datetime]] = {}
        self._read_up_to = 0

    async def text(self) -> bytes:
        """Everything in the text format; `Unavailable` when the database does not answer, never an old figure."""
        async with self._lock:
            as_of = self._now()
            if self._measured is None or not timedelta(0) <= as_of - self._measured[0] < FRESH:
                self._measured = as_of, await self._measure(as_of)
            return self._measured[1]

    async def _measure(self, as_of: datetime) -> bytes:
        async with reading(self._pool) as connection:
            places = await connection.fetch(QUERIES["measure_dossiers"], as_of, as_of - self._grace)
            engine = await row_of(connection, QUERIES["measure_engine"], as_of - self._grace)
            inbox = await row_of(connection, QUERIES["count_waiting"])
            await self._count_on(connection)
            money = await connection.fetch(QUERIES["measure_money"], as_of - self._undecided)
            days = await connection.fetch(QUERIES["last_reconciled"])
        watch = list(_watch(await self._book.counts(as_of), await self._book.looks()))
        registry = CollectorRegistry()
        registry.register(
            _Collected(
                [*_dossiers(places), *self._ladder(), *_engine(as_of, engine, inbox), *_money(money, days), *watch]
            )
        )
        return generate_latest(registry)

    async def _count_on(self, connection: Connection) -> None:
        for row in await connection.fetch(QUERIES["tally_ladder"], self._read_up_to):
            key = _Rung(*(row[name] for name in _Rung._fields))
            events, recorded_at = self._tally.get(key, (0, row["recorded_at"]))
            self._tally[key] = events + row["events"], max(recorded_at, row["recorded_at"])
            self._read_up_to = max(self._read_up_to, row["position"])

    def _ladder(self) -> Iterator[Metric]:
        breaches = CounterMetricFamily(
            "motcua_clock_breaches", "Breaches recorded since the beginning", labels=(*_PLACE, "clock")
        )
        last = GaugeMetricFamily(
            "motcua_clock_last_breach_timestamp_seconds", "When the last was recorded", labels=(*_PLACE, "clock")
        )
        escalations = CounterMetricFamily(
            "motcua_clock_escalations", "Escalations recorded since the beginning", labels=(*_PLACE, "clock", "rung")
        )
        for key, (events, recorded_at) in self._tally.items():
            if key.type == EventType.CLOCK_BREACHED:
                breaches.add_metric((key.unit, key.procedure, key.clock), events)
                last.add_metric((key.unit, key.procedure, key.clock), recorded_at.timestamp())
            else:
                escalations.add_metric((key.unit, key.procedure, key.clock, key.rung), events)
        yield from (breaches, last, escalations)


def _dossiers(places: list[asyncpg.Record]) -> Iterator[Metric]:
    for column, (name, meaning) in _GAUGES.items():
        gauge = GaugeMetricFamily(name, meaning, labels=_PLACE)
        for row in places:
            gauge.add_metric((row["unit"], row["procedure"]), row[column])
        yield gauge
    breached = GaugeMetricFamily(
        "motcua_dossiers_breached", "Open dossiers whose clock stands breached in the record", labels=(*_PLACE, "clock")
    )
    for row in places:
        for kind, column in _BREACHED.items():
            breached.add_metric((row["unit"], row["procedure"], str(kind)), row[column])
    yield breached


def _engine(as_of: datetime, engine: asyncpg.Record, inbox: asyncpg.Record) -> Iterator[Metric]:
    def waits(since: datetime | None) -> float:
        return max(0.0, (as_of - since).total_seconds()) if since else 0.0

    yield GaugeMetricFamily(
        "motcua_rungs_late",
        f"Dossiers with a rung that should have been recorded {GRACE.seconds} s and the spread ago",
        value=engine["late"],
    )
    yield GaugeMetricFamily("motcua_rungs_oldest_late_seconds", "How late the latest is", value=waits(engine["oldest"]))
    yield GaugeMetricFamily("motcua_inbox_waiting", "What came in and waits for the engine", value=inbox["waiting"])
    yield GaugeMetricFamily(
        "motcua_inbox_oldest_age_seconds", "How long the first of it waits", value=waits(inbox["oldest"])
    )
    yield GaugeMetricFamily(
        "motcua_as_of_timestamp_seconds", "The instant that these measures are of", value=as_of.timestamp()
    )


def _money(standing: list[asyncpg.Record], days: list[asyncpg.Record]) -> Iterator[Metric]:
    attempts = GaugeMetricFamily(
        "motcua_attempts_undecided",
        "Attempts to collect past their time, of which nobody can say how they ended",
        labels=("provider",),
    )
    refunds = GaugeMetricFamily(
        "motcua_refunds_waiting",
        "Refunds that wait for an officer, or that the provider refused",
        labels=("provider", "state"),
    )
    differ = GaugeMetricFamily(
        "motcua_discrepancies_open", "On what statements and books do not agree", labels=("provider", "kind")
    )
    for row in standing:
        family = {"attempt": attempts, "refund": refunds, "discrepancy": differ}[row["what"]]
        labels = (row["provider"], row["kind"]) if row["kind"] else (row["provider"],)
        family.add_metric(labels, row["standing"])
    reconciled = GaugeMetricFamily(
        "motcua_reconciled_up_to_timestamp_seconds", "The end of the last day gone through", labels=("provider",)
    )
    for row in days:
        reconciled.add_metric((row["provider"],), period_with(row["day"], Span.DAY).ends.timestamp())
    yield from (attempts, refunds, differ, reconciled)


def _watch(counts: list[dict[str, Any]], looks: dict[str, datetime]) -> Iterator[Metric]:
    standing = GaugeMetricFamily(
        "motcua_watch_standing", "What the watch found and still stands", labels=("kind", "unit")
    )
    for row in counts:
        standing.add_metric((row["kind"], row["unit"]), row["standing"])
    looked = GaugeMetricFamily(
        "motcua_watch_looked_timestamp_seconds", "As of when the watch last had this look; 0: never", labels=("look",)
    )
    for look in Look:
        looked.add_metric((look,), looks[look].timestamp() if look in looks else 0)
    yield from (standing, looked)


class _Collected(Collector):
    """What was measured already, in the shape that the library writes out."""

    def __init__(self, families: list[Metric]) -> None:
        self._families = families

    def collect(self) -> list[Metric]:
        return self._families
