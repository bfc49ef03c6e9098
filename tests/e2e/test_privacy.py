"""Nothing personal enters the engine, its ids, the logs, or any column that is not sealed.

Markers are put wherever a caller can put a person, a text, a name or a reference; dossiers go down every path,
the failing ones too. Then every store of the running product is searched for them, in every spelling.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable

import httpx
import pytest

from tests.e2e.sowing import Seeded, sow
from tests.markers import Markers, files, histories, tables
from tests.office import Office


@pytest.fixture(scope="module")
async def seeded(office: Office) -> Seeded:
    """Everything sown, on the running product."""
    return await sow(office)


SPELLINGS: dict[str, Callable[[str], bytes]] = {
    "plain": str.encode,
    "in capitals": lambda text: text.upper().encode(),
    "JSON": lambda text: json.dumps(text).encode(),
    "JSON in JSON": lambda text: json.dumps(json.dumps(text)).encode(),
    "base64": lambda text: base64.b64encode(text.encode()),
    "base64 for URLs, one letter later": lambda text: base64.urlsafe_b64encode(f"x{text}".encode()),
    "base64, two letters later": lambda text: base64.b64encode(f"xy{text}".encode()),
    "hexadecimal": lambda text: text.encode().hex().encode(),
    "URL": lambda text: str(httpx.URL("http://x", params={"q": text})).encode(),
    "Python": lambda text: repr(text.encode()).encode(),
    "UTF-16": lambda text: text.encode("utf-16"),
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_the_hunt_finds_every_needle_in_every_spelling(spelling: str) -> None:
    """A search that finds nothing proves something only if it would have found what it looks for."""
    markers = Markers()
    found = markers.found_in(b"before " + SPELLINGS[spelling](f"{markers.text('sought')} after"))
    for needle in (markers.latin, markers.vietnamese, markers.digits):
        assert [name for name in found if name.casefold().endswith(needle.casefold())], found


def test_no_refusal_repeats_what_was_sent(seeded: Seeded) -> None:
    """Problems travel into other systems' logs: they name the field, never its content."""
    assert len(seeded.refusals) > 50
    for answer in seeded.refusals:
        head = "".join(f"{name}: {value}\n" for name, value in answer.headers.items())
        assert not seeded.markers.found_in(answer.content + head.encode()), answer.text
        assert answer.json()["field"], answer.text


async def test_the_engine_holds_no_marker(seeded: Seeded) -> None:
    """Ids, attributes, memos and histories of all workflows, as the engine keeps them."""
    settings = seeded.stack.settings
    kept = histories(settings["MOTCUA_TEMPORAL_ADDRESS"], settings["MOTCUA_TEMPORAL_NAMESPACE"])
    whole = {place: data async for place, data in kept}

    _assert_clean(seeded, whole)
    for dossier in seeded.dossiers.values():
        assert f"dossier/{dossier}" in " ".join(whole), "the search did not see this dossier's workflow"
    assert any(b"UpdateAccepted" in data or b"UPDATE_ACCEPTED" in data for data in whole.values())


async def test_no_column_of_the_database_shows_a_marker(seeded: Seeded) -> None:
    """Every column of every table; the sealed ones too, for they are encrypted."""
    whole = {place: data async for place, data in tables(seeded.stack.database_url)}

    _assert_clean(seeded, whole)
    assert seeded.dossiers["returned"].encode() in whole["public.event.dossier"]
    assert {"public.sealed.body", "public.officer.body", "public.inbox.body"} <= set(whole)
    assert len(whole["public.officer.body"]) > 100


def test_no_file_of_the_running_product_holds_a_marker(seeded: Seeded) -> None:
    """Logs, the engine's store, the database's files and write-ahead log, the payment platform's books."""
    postgres = seeded.stack.postgres
    assert postgres is not None
    whole = dict(files([seeded.stack.folder, postgres.home]))

    _assert_clean(seeded, whole)
    for name in ("temporal/temporal.db", "payments/ledger.sqlite3"):
        assert any(place.startswith(name) for place in whole), name
    names = " ".join(whole)
    for log in ("postgres.log", "temporal.log", "payments.log", "worker-0.log", "worker-1.log", "gateway-0.log"):
        assert log in names
    store = b"".join(data for place, data in whole.items() if place.startswith("temporal/temporal.db"))
    assert seeded.dossiers["returned"].encode() in store, "the search does not read the engine's store"


def _assert_clean(seeded: Seeded, whole: dict[str, bytes]) -> None:
    found = {place: names for place, data in whole.items() if (names := seeded.markers.found_in(data))}
    assert not found


STORIES = ("returned", "not accepted", "refused", "withdrawn", "stopped", "sent away", "in review", "online")


@pytest.mark.parametrize("story", STORIES)
def test_who_may_read_reads_it_all(seeded: Seeded, story: str) -> None:
    """Kept apart is not lost: the person, the texts and the officers come back to a caller with the right."""
    found = seeded.office.show(seeded.dossiers[story])
    says = seeded.markers.text

    assert found["submission"]["applicant"] == seeded.person()
    assert found["submission"]["note"] == says("note")
    assert found["submission"]["evidence"] in (None, says("evidence"))
    assert (found["submission"]["evidence"] is None) == (found["procedure"] != "2.000908")
    assert found["submission"]["reference"] == f"{seeded.reference}/{story}"
    spoken = [event for event in found["events"][1:] if event["actor"]["system"] == "one-stop"]
    assert len(spoken) == {"sent away": 0, "not accepted": 1}.get(story, len(spoken))
    for event in spoken:
        assert event["texts"]["reason"] == says("reason"), event
        assert event["texts"]["legal_basis"] == says("legal_basis")
        assert event["texts"]["note"] == says("note")
        assert (event["actor"]["officer"], event["actor"]["name"]) == (says("officer"), says("person"))
        assert event["late"] is (story == "returned")
        assert not event["late"] or event["texts"]["late"] == seeded.why_late()
