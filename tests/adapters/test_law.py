"""Published law on a real PostgreSQL: immutable versions, publications that are read back as they were written."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime

import asyncpg
import pytest

from activities.ports import Refused, Unavailable
from adapters.catalogue_files import read
from adapters.catalogue_versions import version_of
from adapters.law import PostgresLaw, publish
from adapters.postgres import open_pool
from domain.entries import entries

LAW = read().catalogue
AT = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)


def dearer(amount):
    """The same law with another price for its first fee."""
    return replace(LAW, fees=(replace(LAW.fees[0], amount=amount), *LAW.fees[1:]))


@pytest.fixture
async def pool(database):
    """A pool on a database in which no law was ever published."""
    async with await open_pool(database, 4) as opened:
        await opened.execute("TRUNCATE law_decided, law_published, law_publication, law_entry RESTART IDENTITY")
        yield opened


async def test_read_back_as_written(pool):
    """The newest publication is the catalogue that was published, versions and order included."""
    made = await publish(pool, LAW, AT)

    assert made.is_new
    assert made.version == LAW.version
    assert await PostgresLaw(pool).latest() == LAW
    assert await PostgresLaw(pool).at(LAW.version) == LAW


async def test_same_content_same_publication(pool):
    """Publishing the same content again is no new publication and writes nothing."""
    first = await publish(pool, LAW, AT)
    again = await publish(pool, LAW, datetime(2026, 12, 1, tzinfo=UTC))

    assert again == replace(first, is_new=False)
    assert await pool.fetchval("SELECT count(*) FROM law_publication") == 1


async def test_new_content_new_version(pool):
    """A changed entry is a new version beside the old one; the others are shared; the old law stays readable."""
    await publish(pool, LAW, AT)
    law = PostgresLaw(pool)
    assert await law.latest() == LAW
    await publish(pool, dearer(2_500), AT)

    assert (await law.latest()).fees[0].amount == 2_500
    assert await law.at(LAW.version) == LAW
    assert await pool.fetchval("SELECT count(*) FROM law_entry") == len(list(entries(LAW))) + 1


async def test_old_law_published_again(pool):
    """Going back to an older content is a publication of its own with the older digest."""
    for catalogue in (LAW, dearer(2_500), LAW):
        last = await publish(pool, catalogue, AT)

    assert (last.number, last.version, last.is_new) == (3, LAW.version, True)
    assert await PostgresLaw(pool).latest() == LAW


async def test_published_at_once(pool):
    """Of several processes that publish the same content at once, one makes the publication."""
    made = await asyncio.gather(*(publish(pool, LAW, AT) for _ in range(4)))

    assert sorted(each.is_new for each in made) == [False, False, False, True]
    assert {each.number for each in made} == {made[0].number}


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE law_entry SET content = '{}'",
        "DELETE FROM law_entry",
        "UPDATE law_publication SET published_at = published_at + interval '1 day'",
        "DELETE FROM law_published",
    ],
)
async def test_published_law_is_immutable(pool, statement):
    """The database itself refuses to change or remove what was published."""
    await publish(pool, LAW, AT)

    with pytest.raises(asyncpg.RaiseError, match="immutable"):
        await pool.execute(statement)


async def test_content_is_checked_against_its_digest(pool):
    """A publication whose content is not what its digest names is refused, not used."""
    await publish(pool, LAW, AT)
    await pool.execute("ALTER TABLE law_entry DISABLE TRIGGER law_entry_is_immutable")
    await pool.execute("UPDATE law_entry SET content = content || '{\"amount\": 1}' WHERE code LIKE 'LP-HKD/%'")

    with pytest.raises(Refused):
        await PostgresLaw(pool).latest()


async def test_nothing_published_yet(pool):
    """Before the first publication there is no law to work with: try later, and what to do about it."""
    with pytest.raises(Unavailable, match="motcua catalogue publish"):
        await PostgresLaw(pool).latest()


async def test_unknown_publication(pool):
    """A digest that was never published is refused for good."""
    await publish(pool, LAW, AT)

    with pytest.raises(Refused, match="0123456789abcdef"):
        await PostgresLaw(pool).at("0123456789abcdef")


def test_version_is_of_the_content():
    """A version depends on the content alone: not on the version written before, and on every field."""
    fee = LAW.fees[0]

    assert version_of("fee", replace(fee, version="other")) == fee.version
    assert version_of("fee", replace(fee, note=fee.note + "!")) != fee.version
