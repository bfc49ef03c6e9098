"""Destroying one dossier's key erases its person and its texts, for ever and for everybody; nobody else notices."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from adapters.keys import KeyRing, Tampered, UnknownKey, unseal
from adapters.vault import _key_place, _place
from deploy.embedded.processes import StackError
from deploy.embedded.stack import Stack
from tests.markers import Markers, tables
from tests.office import Json, Office, submission

ERASED = "(erased)"


@dataclass(frozen=True)
class Erased:
    """A person with two dossiers, of which one was erased in the middle, and a stranger with a third."""

    markers: Markers
    person: Json
    dossier: str
    other: str
    accepting: str
    """The id of the command that accepted the erased dossier."""
    key: bytes
    """What stood in the register before: the erased dossier's wrapped data key."""
    before: dict[str, Json]
    """The two others as they were shown before."""


@pytest.fixture(scope="module")
async def erased(stack: Stack, office: Office) -> Erased:
    """Everything said that can be said, then the operator's command."""
    markers = Markers()
    person = {"name": markers.text("A"), "identity": markers.digits, "address": markers.text("B")}
    dossiers = [office.submit(submission(applicant=person, note=markers.text("note"))) for _ in range(2)]
    dossiers.append(office.submit())
    accepting = str(uuid4())
    for dossier in dossiers:
        id_ = accepting if dossier == dossiers[0] else ""
        office.do(dossier, "accept", id_=id_, note=markers.text("counter"), officer="cán bộ 1", person="Bà Thử")
        office.do(dossier, "pay", data={"amount": 100_000, "means": "cash"}, note=markers.text("paid"))
        office.waits_for(dossier, "dossier.accepted")
    key = await _fetch(stack, "SELECT wrapped FROM dossier_key WHERE dossier = $1", UUID(dossiers[0]))
    before = {dossier: office.show(dossier) for dossier in dossiers[1:]}
    assert stack.run("starter.py", "erase", dossiers[0], "--yes").strip() == "the key is destroyed"
    return Erased(markers, person, dossiers[0], dossiers[1], accepting, key[0]["wrapped"], before)


async def _fetch(stack: Stack, query: str, *values: object) -> list[Any]:
    connection = await asyncpg.connect(stack.database_url)
    try:
        return list(await connection.fetch(query, *values))
    finally:
        await connection.close()


def test_person_and_texts_of_the_dossier_read_erased(office: Office, erased: Erased) -> None:
    """An honest blank instead of the person and of every text; the facts of the case stay."""
    found = office.show(erased.dossier)

    assert found["submission"] == {"kind": "submission", "erased": ERASED}
    texts = [event["texts"] for event in found["events"] if event["texts"]]
    assert texts == [{"kind": "command", "erased": ERASED}] * 2
    assert not erased.markers.found_in(json.dumps(found, ensure_ascii=False).encode())
    assert found["code"]
    assert found["due"]["promised"]


def test_it_is_erased_for_the_operator_too(stack: Stack, erased: Erased) -> None:
    """The command line, which holds every secret of the house, reads no more than a caller; nor does it erase twice."""
    shown = stack.run("starter.py", "show", erased.dossier)
    assert ERASED in shown
    assert not erased.markers.found_in(shown.encode())
    again = stack.run("starter.py", "erase", erased.dossier, "--yes")
    assert again.strip() == "the key had been destroyed before"


def test_a_dossier_that_is_not_there_is_not_erased(stack: Stack) -> None:
    """The operator is told, and the command fails."""
    with pytest.raises(StackError, match="there is no such dossier"):
        stack.run("starter.py", "erase", str(uuid4()), "--yes")


def test_another_dossier_of_the_same_person_is_undisturbed(office: Office, erased: Erased) -> None:
    """Keys belong to dossiers: the second one of the person, and a stranger's, are shown as they were."""
    assert {dossier: office.show(dossier) for dossier in erased.before} == erased.before
    applicant = office.show(erased.other)["submission"]["applicant"]
    assert {name: applicant[name] for name in erased.person} == erased.person


async def test_no_key_in_a_dump_opens_what_was_erased(stack: Stack, erased: Erased) -> None:
    """Every value of the whole database is tried as the key, with the ring of the house in hand."""
    ring = KeyRing.parse(stack.settings["MOTCUA_KEYS"])
    everything = {place: data async for place, data in tables(stack.database_url)}
    assert not [place for place, data in everything.items() if erased.key in data]

    keys = await _fetch(stack, "SELECT dossier, wrapped FROM dossier_key WHERE wrapped IS NOT NULL")
    sealed = await _fetch(stack, "SELECT id, dossier, body FROM sealed WHERE dossier = $1", UUID(erased.dossier))
    assert len(sealed) == 3
    for row in sealed:
        for key in keys:
            assert not _opens(ring, key["wrapped"], key["dossier"], row)
            assert not _opens(ring, key["wrapped"], UUID(erased.dossier), row)
    other = await _fetch(stack, "SELECT id, dossier, body FROM sealed WHERE dossier = $1", UUID(erased.other))
    assert sum(_opens(ring, key["wrapped"], key["dossier"], row) for key in keys for row in other) == len(other) == 3


def _opens(ring: KeyRing, wrapped: bytes, place: UUID, row: Any) -> bool:
    try:
        key = ring.unwrap(wrapped, _key_place(place))
        unseal(key, row["body"], _place(row["dossier"], row["id"]))
    except (Tampered, UnknownKey):
        return False
    return True


def test_no_text_can_be_added_to_an_erased_dossier(office: Office, erased: Erased) -> None:
    """There is no key left to seal it with, so it is refused, and nothing of it is kept."""
    version = office.show(erased.dossier)["version"]
    answer = office.post(erased.dossier, "forward", note=erased.markers.text("one more"))

    assert (answer.status_code, answer.json()["field"]) == (409, "reason")
    assert "without texts" in answer.json()["remedy"]
    assert office.show(erased.dossier)["version"] == version


def test_what_was_carried_out_before_has_its_answer_still(office: Office, erased: Erased) -> None:
    """A caller that repeats a command with its text, knowing of no erasure, hears what it came to."""
    said = {"note": erased.markers.text("counter"), "officer": "cán bộ 1", "person": "Bà Thử"}
    answer = office.post(erased.dossier, "accept", id_=erased.accepting, **said)

    assert (answer.status_code, answer.json()["type"]) == (200, "dossier.found_complete"), answer.text


def test_the_erased_dossier_goes_on_to_its_end(office: Office, erased: Erased) -> None:
    """The engine works on facts of the case: it never needed the person."""
    office.do(erased.dossier, "forward", officer="cán bộ 1")
    office.review(erased.dossier)
    office.do(erased.dossier, "return", data={"method": "counter"})

    assert (office.show(erased.dossier)["status"], office.show(erased.dossier)["closed"]) == (10, True)
