"""The one Temporal plugin: what reaches the server is unreadable without the ring, and readable with it."""

from __future__ import annotations

import base64
import importlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from temporalio.api.common.v1 import Payload
from temporalio.api.failure.v1 import Failure
from temporalio.common import HeaderCodecBehavior
from temporalio.contrib.pydantic import PydanticPayloadConverter
from temporalio.converter import WithSerializationContext
from temporalio.worker import UnsandboxedWorkflowRunner
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner

from adapters.keys import KeyRing, Tampered, UnknownKey
from adapters.settings import Settings
from adapters.temporal import PURE, EngineAway, MotcuaPlugin, PayloadCipher, connect, data_converter, motcua_plugin
from schema.payments import OpenedOrder

OLD = "2025:" + base64.b64encode(b"1" * 32).decode()
NEW = "2026:" + base64.b64encode(b"2" * 32).decode()
RING = KeyRing.parse(f"{NEW},{OLD}")
payloads = st.builds(Payload, metadata=st.dictionaries(st.text(max_size=5), st.binary()), data=st.binary())


@given(st.lists(payloads, max_size=4))
async def test_every_payload_comes_back(given_payloads: list[Payload]) -> None:
    """Whatever its encoding, metadata and content, in its order."""
    cipher = PayloadCipher(RING)
    assert await cipher.decode(await cipher.encode(given_payloads)) == given_payloads


async def test_content_and_inner_metadata_are_hidden() -> None:
    """What the server keeps names the key and nothing else."""
    payload = Payload(metadata={"encoding": b"json/plain", "type": b"Marker"}, data=b'"Marker"')
    [hidden] = await PayloadCipher(RING).encode([payload])
    assert dict(hidden.metadata) == {"encoding": b"binary/encrypted", "encryption-key-id": b"2026"}
    assert b"Marker" not in hidden.SerializeToString()


async def test_the_same_value_never_looks_the_same() -> None:
    """Equal commands of two dossiers cannot be recognised as equal."""
    payload = Payload(data=b"same")
    one, other = await PayloadCipher(RING).encode([payload, payload])
    assert one != other


@given(st.data())
async def test_any_changed_bit_is_noticed(data: st.DataObject) -> None:
    """A changed history is refused, not half read."""
    cipher = PayloadCipher(RING)
    [hidden] = await cipher.encode([Payload(data=b"content")])
    changed = bytearray(hidden.data)
    changed[data.draw(st.integers(0, len(changed) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    hidden.data = bytes(changed)
    with pytest.raises(Tampered):
        await cipher.decode([hidden])


@pytest.mark.parametrize("length", range(28))
async def test_any_cut_is_noticed(length: int) -> None:
    """Cut into the nonce or the tag, it is tampered with as well."""
    cipher = PayloadCipher(RING)
    [hidden] = await cipher.encode([Payload(data=b"content")])
    hidden.data = hidden.data[:length]
    with pytest.raises(Tampered):
        await cipher.decode([hidden])


async def test_the_key_id_cannot_be_swapped() -> None:
    """The id is bound to the content, even between two keys of the ring."""
    [hidden] = await PayloadCipher(RING).encode([Payload(data=b"content")])
    hidden.metadata["encryption-key-id"] = b"2025"
    with pytest.raises(Tampered):
        await PayloadCipher(RING).decode([hidden])


async def test_rotation_keeps_old_histories_readable() -> None:
    """Written under the old key, read by the new ring, and the new ring writes under the new key."""
    payload = Payload(data=b"content")
    old = await PayloadCipher(KeyRing.parse(OLD)).encode([payload])
    assert await PayloadCipher(RING).decode(old) == [payload]
    [new] = await PayloadCipher(RING).encode([payload])
    assert new.metadata["encryption-key-id"] == b"2026"


async def test_an_unknown_key_is_named() -> None:
    """A ring that lost a key says which, and where to put it back."""
    new = await PayloadCipher(RING).encode([Payload(data=b"content")])
    with pytest.raises(UnknownKey, match=r"2026.*MOTCUA_KEYS"):
        await PayloadCipher(KeyRing.parse(OLD)).decode(new)


async def test_what_is_not_encrypted_passes_through() -> None:
    """Histories that were stored decrypted replay with the same plugin."""
    plain = Payload(metadata={"encoding": b"json/plain"}, data=b"1")
    assert await PayloadCipher(RING).decode([plain]) == [plain]


async def test_a_failure_keeps_only_its_type_in_clear() -> None:
    """Message and stack trace of a failure may quote anything: both are encrypted."""
    converter, failure = data_converter(RING), Failure()
    try:
        raise ValueError("Marker")
    except ValueError as error:
        await converter.encode_failure(error, failure)
    assert b"Marker" not in failure.SerializeToString()
    assert failure.application_failure_info.type == "ValueError"
    assert "Marker" in str(await converter.decode_failure(failure))


@pytest.mark.parametrize("ring", [RING, None], ids=["encrypted", "plain"])
async def test_our_messages_travel_as_themselves(ring: KeyRing | None) -> None:
    """A frozen Pydantic message arrives as an equal one, with a ring and without."""
    order = OpenedOrder(reference="pay/1", platform_id="x", url="http://x")
    converter = data_converter(ring)
    sent = await converter.encode([order])
    assert (b"pay/1" in sent[0].SerializeToString()) is (ring is None)
    assert await converter.decode(sent, [OpenedOrder]) == [order]


async def test_headers_are_encrypted_for_clients_and_in_replay() -> None:
    """Nothing goes past the codec: headers are handled like payloads everywhere."""
    client = await connect(_settings("127.0.0.1:1"), motcua_plugin(RING), lazy=True)
    assert client.config(active_config=True)["header_codec_behavior"] is HeaderCodecBehavior.CODEC
    assert client.data_converter.payload_codec is not None
    replayer = motcua_plugin(RING).configure_replayer({})
    assert replayer["header_codec_behavior"] is HeaderCodecBehavior.CODEC


def test_workflows_are_sandboxed_with_our_packages_passed_through() -> None:
    """A worker shares all that is ours; the workflows' own tests load each definition for each run, and so guard it."""
    worker, tests = _passed_through(motcua_plugin(RING)), _passed_through(motcua_plugin(None, PURE))
    assert {"domain", "schema", "activities", "pydantic", "workflows"} <= worker
    assert tests == worker - {"workflows"}
    assert not {"workflows.dossier", "workflows.refund"} & tests
    bare = UnsandboxedWorkflowRunner()
    assert motcua_plugin(RING).configure_replayer({"workflow_runner": bare})["workflow_runner"] is bare


def test_nothing_of_ours_is_converted_by_its_context() -> None:
    """`Sandbox` answers that there is none, so whoever begins to use one has to look there first."""
    converter = data_converter(RING)
    ours = [converter.payload_codec, converter.failure_converter, *PydanticPayloadConverter().converters.values()]
    assert not any(isinstance(each, WithSerializationContext) for each in ours)
    assert converter.payload_converter_class is PydanticPayloadConverter
    assert converter.external_storage is None


def _passed_through(plugin: MotcuaPlugin) -> set[str]:
    runner = plugin.configure_replayer({"workflow_runner": SandboxedWorkflowRunner()})["workflow_runner"]
    assert isinstance(runner, SandboxedWorkflowRunner)
    return set(runner.restrictions.passthrough_modules)


@pytest.mark.parametrize("name", PURE)
def test_what_is_passed_through_exists_and_defines_no_workflow(name: str) -> None:
    """A renamed module would quietly be loaded for each run again; what defines a workflow is guarded by its tests."""
    module = importlib.import_module(name)
    defined = [value for value in vars(module).values() if getattr(value, "__module__", "") == name]
    assert not [value for value in defined if hasattr(value, "__temporal_workflow_definition")]


async def test_a_server_that_is_away_is_named_with_the_remedy() -> None:
    """A start without Temporal ends, after its patience, with one line that says what to do."""
    with pytest.raises(EngineAway, match=r"127\.0\.0\.1:1\..*MOTCUA_TEMPORAL_ADDRESS"):
        await connect(_settings("127.0.0.1:1"), motcua_plugin(RING), patience=0.15)


def _settings(address: str) -> Settings:
    return Settings.model_validate(
        {"database_url": "postgresql://", "temporal_address": address, "keys": NEW, "index_key": "eA=="}
        | {"payments_url": "http://x", "payments_secret": "s", "gateway_port": 0, "gateway_url": "http://x"}
    )
