"""Owns the connection to Temporal: one plugin for workers, gateway, command line, tests and replay.

The plugin makes values Pydantic JSON, encrypts every payload, header and failure text with the
installation's key ring, and runs workflows in the sandbox with our own packages passed through. Encryption
needs no input or output: the ring is in memory, so that a cold worker can read any dossier while the database
is away.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from temporalio.api.common.v1 import Payload
from temporalio.api.workflowservice.v1 import SetWorkerDeploymentCurrentVersionRequest
from temporalio.client import Client, ClientConfig
from temporalio.common import HeaderCodecBehavior, WorkerDeploymentVersion
from temporalio.contrib.pydantic import PydanticPayloadConverter
from temporalio.converter import (
    DataConverter,
    DefaultFailureConverterWithEncodedAttributes,
    PayloadCodec,
    StorageDriverStoreContext,
)
from temporalio.plugin import SimplePlugin
from temporalio.worker import (
    ReplayerConfig,
    WorkerDeploymentConfig,
    WorkflowInstance,
    WorkflowInstanceDetails,
    WorkflowRunner,
)
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

from adapters.keys import NONCE_BYTES, KeyRing, Tampered
from adapters.settings import Settings
from adapters.starting import CannotStart

DEPLOYMENT = "motcua"
ENCODING = b"binary/encrypted"
_AAD = b"motcua/payload/1/"  # without workflow and namespace: an export or a restore must stay readable

PURE = (
    *("domain", "schema", "activities", "structlog", "typing_inspection"),
    *("workflows.judge", "workflows.options", "workflows.register", "workflows.wording"),
)
"""Frozen values, messages, activity declarations, wordings: nothing in them knows the hour or rolls dice, so that a
sandbox needs no copy of its own. (Pydantic passes already.)"""
PASSED_THROUGH = (*PURE, "workflows")
"""What a worker lets pass: the definitions as well, which are else loaded anew for each run and each time one wakes up.
The tests of the workflows let `PURE` alone pass: there a definition that asks the clock or rolls dice is refused."""

FIRST_PAUSE, LONGEST_PAUSE = 0.1, 2.0  # seconds between attempts to connect


class EngineAway(CannotStart):
    """The Temporal server does not answer; start it, or correct MOTCUA_TEMPORAL_ADDRESS."""


class PayloadCipher(PayloadCodec):
    """AES-256-GCM around the whole payload, so that its inner metadata is hidden too.

    Cipher text carries the id of its key; what carries another encoding passes through. An id that the ring
    lacks is `UnknownKey`, which stops the workflow task, not the workflow, until the ring is complete again.
    """

    def __init__(self, ring: KeyRing) -> None:
        self._ring = ring
        self._key_id = ring.current.id.encode()
        self._cipher = ring.current.payload

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        return [self._encrypted(payload) for payload in payloads]

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        return [self._decrypted(payload) for payload in payloads]

    def _encrypted(self, payload: Payload) -> Payload:
        nonce = os.urandom(NONCE_BYTES)
        sealed = self._cipher.encrypt(nonce, payload.SerializeToString(), _AAD + self._key_id)
        metadata = {"encoding": ENCODING, "encryption-key-id": self._key_id}
        return Payload(metadata=metadata, data=nonce + sealed)

    def _decrypted(self, payload: Payload) -> Payload:
        if payload.metadata.get("encoding") != ENCODING:
            return payload
        key_id = payload.metadata.get("encryption-key-id", b"")
        cipher = self._ring.key(key_id.decode("ascii", "replace")).payload
        nonce, sealed = payload.data[:NONCE_BYTES], payload.data[NONCE_BYTES:]
        try:
            return Payload.FromString(cipher.decrypt(nonce, sealed, _AAD + key_id))
        except (InvalidTag, ValueError):  # ValueError: cut so short that no nonce is left
            raise Tampered("a payload in the engine's history does not open: it was changed") from None


class Sandbox(SandboxedWorkflowRunner):
    """The SDK's sandbox, entered to run a workflow and for nothing else.

    The SDK enters it three or four times more for each payload, to ask in what context it is converted and kept. No
    converter or codec of ours has a use for that, and the answer is always the same.
    """

    def create_instance(self, det: WorkflowInstanceDetails) -> WorkflowInstance:
        """Return an instance that answers that question itself."""
        instance = super().create_instance(det)
        instance.get_serialization_context = _no_context  # type: ignore[method-assign]
        instance.get_external_store_context = _no_store  # type: ignore[method-assign]
        return instance


def _no_context(command_info: object) -> None:
    return None


def _no_store(command_info: object) -> StorageDriverStoreContext:
    return _NOWHERE


_NOWHERE = StorageDriverStoreContext(target=None)
"""Payloads are kept in the history itself."""


class MotcuaPlugin(SimplePlugin):
    """What `motcua_plugin` makes; headers go through the codec as well, which SimplePlugin cannot say."""

    def configure_client(self, config: ClientConfig) -> ClientConfig:
        return {**super().configure_client(config), "header_codec_behavior": HeaderCodecBehavior.CODEC}

    def configure_replayer(self, config: ReplayerConfig) -> ReplayerConfig:
        return {**super().configure_replayer(config), "header_codec_behavior": HeaderCodecBehavior.CODEC}


def motcua_plugin(ring: KeyRing | None, passed_through: Sequence[str] = PASSED_THROUGH) -> MotcuaPlugin:
    """The plugin with that key ring, and a sandbox that lets these modules pass.

    Without a ring it is plain: only to replay histories that were stored decrypted.
    """

    def sandboxed(runner: WorkflowRunner | None) -> WorkflowRunner:
        if runner is not None and not isinstance(runner, SandboxedWorkflowRunner):
            return runner  # a debugger or a measurement asked for none
        return Sandbox(restrictions=SandboxRestrictions.default.with_passthrough_modules(*passed_through))

    return MotcuaPlugin("motcua", data_converter=data_converter(ring), workflow_runner=sandboxed)


def data_converter(ring: KeyRing | None) -> DataConverter:
    """Pydantic JSON, encrypted unless there is no ring; failure texts and stack traces are payloads too."""
    return DataConverter(
        payload_converter_class=PydanticPayloadConverter,
        payload_codec=PayloadCipher(ring) if ring else None,
        failure_converter_class=DefaultFailureConverterWithEncodedAttributes,
    )


async def connect(
    settings: Settings,
    plugin: MotcuaPlugin,
    *,
    role: str = "motcua",
    patience: float = 0.0,
    lazy: bool = False,
) -> Client:
    """A client of the namespace; `role` (worker, gateway, cli) is what the history shows as identity.

    Tries again, with a growing pause, for `patience` seconds; then `EngineAway`. A `lazy` client connects at
    its first call, so that the gateway starts, and keeps taking submissions, without Temporal.
    """
    loop = asyncio.get_running_loop()
    deadline, pause = loop.time() + patience, FIRST_PAUSE
    while True:
        try:
            return await Client.connect(
                settings.temporal_address,
                namespace=settings.temporal_namespace,
                plugins=[plugin],
                identity=f"{role}/{os.getpid()}",  # the default holds the machine's name, often its user's
                lazy=lazy,
            )
        except RuntimeError:
            if loop.time() + pause > deadline:
                remedy = "start it (`motcua up`) or set MOTCUA_TEMPORAL_ADDRESS"
                raise EngineAway(
                    f"Temporal does not answer at {settings.temporal_address}. Remedy: {remedy}."
                ) from None
        await asyncio.sleep(pause)
        pause = min(pause * 2, LONGEST_PAUSE)


def deployment(build_id: str, name: str = DEPLOYMENT) -> WorkerDeploymentConfig:
    """Name the code of a worker: each workflow declares that it moves on to the newest (AUTO_UPGRADE)."""
    version = WorkerDeploymentVersion(deployment_name=name, build_id=build_id)
    return WorkerDeploymentConfig(version=version, use_worker_versioning=True)


async def make_current(client: Client, build_id: str, name: str = DEPLOYMENT) -> None:
    """Let the engine give tasks to workers of this build; a build that is current already stays so."""
    await client.workflow_service.set_worker_deployment_current_version(
        SetWorkerDeploymentCurrentVersionRequest(
            namespace=client.namespace,
            deployment_name=name,
            build_id=build_id,
            identity=client.identity,
            ignore_missing_task_queues=True,
            allow_no_pollers=True,
        ),
        retry=True,
    )
