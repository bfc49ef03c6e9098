"""Keys: what is sealed opens only with its key, in its place, unchanged; a destroyed key erases one thing."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from adapters.keys import (
    BadKey,
    KeyDestroyed,
    KeyedDigest,
    KeyRing,
    Tampered,
    UnknownKey,
    canonical_json,
    digest_of,
    new_data_key,
    seal,
    unseal,
)


def entry(key_id: str, fill: int) -> str:
    return f"{key_id}:{base64.b64encode(bytes([fill]) * 32).decode()}"


OLD, NEW = entry("2025", 1), entry("2026", 2)
PLACE = "0190/person.name"
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(st.binary(), st.text(st.characters(exclude_categories=["Cs"])))
def test_what_is_sealed_opens_again(plaintext: bytes, place: str) -> None:
    """Any bytes, for any place."""
    key = new_data_key()
    assert unseal(key, seal(key, plaintext, place), place) == plaintext


@given(st.binary(min_size=1), st.data())
def test_any_changed_bit_is_noticed(plaintext: bytes, data: st.DataObject) -> None:
    """No bit of what is stored may be changed, the version byte included."""
    key = new_data_key()
    sealed = bytearray(seal(key, plaintext, PLACE))
    sealed[data.draw(st.integers(0, len(sealed) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(Tampered):
        unseal(key, bytes(sealed), PLACE)


@pytest.mark.parametrize("length", range(30))
def test_any_cut_is_noticed(length: int) -> None:
    """A value cut short, even to nothing, is tampered with; it never opens in part."""
    key = new_data_key()
    with pytest.raises(Tampered):
        unseal(key, seal(key, b"two", PLACE)[:length], PLACE)


def test_a_value_moved_to_another_place_does_not_open() -> None:
    """One person's sealed name cannot be shown under another dossier or column."""
    key = new_data_key()
    with pytest.raises(Tampered):
        unseal(key, seal(key, b"Lan", PLACE), "0191/person.name")


def test_sealing_twice_never_looks_the_same() -> None:
    """Equal names are not visible as equal in the database."""
    key = new_data_key()
    assert seal(key, b"Lan", PLACE) != seal(key, b"Lan", PLACE)


def test_destroying_one_key_erases_one_person() -> None:
    """Without its data key a value is erased, and says so; the neighbour's opens as before."""
    hers, his = new_data_key(), new_data_key()
    lan, minh = seal(hers, b"Lan", PLACE), seal(his, b"Minh", PLACE)
    with pytest.raises(KeyDestroyed):
        unseal(None, lan, PLACE)
    with pytest.raises(KeyDestroyed):
        KeyRing.parse(NEW).unwrap(None, "0190")
    with pytest.raises(Tampered):
        unseal(his, lan, PLACE)
    assert unseal(his, minh, PLACE) == b"Minh"


def test_a_data_key_survives_the_rotation_of_the_ring() -> None:
    """Wrapped under the old key it opens with the new ring; what is wrapped now needs the new key."""
    data_key = new_data_key()
    rotated = KeyRing.parse(f"{NEW},{OLD}")
    assert rotated.unwrap(KeyRing.parse(OLD).wrap(data_key, "0190"), "0190") == data_key
    with pytest.raises(UnknownKey, match=r"2026.*MOTCUA_KEYS"):
        KeyRing.parse(OLD).unwrap(rotated.wrap(data_key, "0190"), "0190")


@given(st.data())
def test_any_changed_bit_of_a_wrapped_key_is_noticed(data: st.DataObject) -> None:
    """Not even the key id in front of it may be changed."""
    ring = KeyRing.parse(f"{NEW},{OLD}")
    wrapped = bytearray(ring.wrap(new_data_key(), "0190"))
    wrapped[data.draw(st.integers(0, len(wrapped) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises((Tampered, UnknownKey)):
        ring.unwrap(bytes(wrapped), "0190")


def test_a_wrapped_key_belongs_to_its_dossier() -> None:
    """The row of one dossier cannot be used for another."""
    ring = KeyRing.parse(NEW)
    with pytest.raises(Tampered):
        ring.unwrap(ring.wrap(new_data_key(), "0190"), "0191")


@pytest.mark.parametrize(
    "text, said",
    [
        ("", "form"),
        ("2026", "form"),
        ("Ü:AAAA", "form"),
        ("2026:***", "not base64"),
        ("2026:c2hvcnQ=", "5 bytes"),
        (f"{OLD},{OLD}", "twice"),
        (f"{OLD},", "form"),
    ],
)
def test_a_malformed_ring_is_refused_at_the_start(text: str, said: str) -> None:
    """The refusal names the setting and never repeats the key."""
    with pytest.raises(BadKey, match=said) as caught:
        KeyRing.parse(text)
    assert "MOTCUA_KEYS" in str(caught.value)
    assert "c2hvcnQ" not in str(caught.value)


def test_no_key_shows_itself() -> None:
    """A ring that is printed or logged shows ids alone."""
    assert repr(KeyRing.parse(NEW).current) == "RingKey(2026)"
    assert base64.b64encode(b"\2" * 32).decode() not in repr(KeyRing.parse(NEW))


def test_a_keyed_digest_depends_on_key_purpose_and_text() -> None:
    """The same text is found again; another key, purpose or boundary between the two gives another digest."""
    digest = KeyedDigest(b"k" * 32)
    assert digest.of("reference", "A-1") == KeyedDigest.parse(base64.b64encode(b"k" * 32).decode()).of(
        "reference", "A-1"
    )
    others = {
        KeyedDigest(b"j" * 32).of("reference", "A-1"),
        digest.of("officer", "A-1"),
        digest.of("referenceA", "-1"),
        digest.of("reference", "A-2"),
    }
    assert len(others | {digest.of("reference", "A-1")}) == 5


@pytest.mark.parametrize("text", ["", "c2hvcnQ=", "no base64!"])
def test_a_weak_index_key_is_refused(text: str) -> None:
    """A short key would let names be tried."""
    with pytest.raises(BadKey, match="MOTCUA_INDEX_KEY"):
        KeyedDigest.parse(text)


@given(st.dictionaries(st.text(), values, max_size=5))
def test_the_order_of_fields_does_not_matter(value: dict[str, Any]) -> None:
    """The same submission from another client's serializer is the same submission."""
    backwards = dict(reversed(value.items()))
    assert digest_of(value) == digest_of(backwards)
    assert KeyedDigest(b"k" * 32).of_body("command", value) == KeyedDigest(b"k" * 32).of_body("command", backwards)


@given(values, values)
def test_other_content_is_another_digest(one: Any, other: Any) -> None:
    """Two bodies are told apart exactly when their canonical JSON differs."""
    assert (digest_of(one) == digest_of(other)) == (canonical_json(one) == canonical_json(other))


def test_a_model_is_digested_as_its_json() -> None:
    """A message and the JSON that it travels as have one digest."""

    class Body(BaseModel):
        amount: int
        note: str = "đồng"

    assert digest_of(Body(amount=1)) == digest_of({"note": "đồng", "amount": 1})
    assert digest_of([Body(amount=1)]) != digest_of([Body(amount=2)])


@pytest.mark.parametrize("value", [float("nan"), {1, 2}, object()])
def test_what_has_no_canonical_json_is_refused(value: object) -> None:
    """No digest is made of something that would be written differently tomorrow."""
    with pytest.raises((TypeError, ValueError)):
        digest_of(value)
