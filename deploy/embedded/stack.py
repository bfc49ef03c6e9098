"""Owns the embedded stack: all that one machine needs to run motcua, started in order, stopped in reverse.

    with Stack(Path(".motcua")) as stack:      # or `async with`
        stack.gateway_url                      # http://127.0.0.1:…
        stack.workers[0].kill(); stack.workers[0].start()

PostgreSQL and Temporal keep their data in the folder; ports, passwords and keys are made once and kept there.
`stack.env` in the folder tells other programs where the running stack is.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Protocol

from deploy.embedded.folder import Lock, dotenv, kept_secret, new_key, write_private
from deploy.embedded.ports import HOST, Ports
from deploy.embedded.postgres import Postgres
from deploy.embedded.processes import StackError
from deploy.embedded.services import Service, answers_ready, inherited_environment, listens
from deploy.embedded.temporal import NAMESPACE, Temporal

ROOT = Path(__file__).resolve().parents[2]
PAYMENT_CALLBACK = "/v1/payments/callback"
VNPAY_IPN = "/v1/payments/vnpay/ipn"
VNPAY_MERCHANT = "MOTCUA01"
KNOWN_TO_PARTNER = "MOTCUA_PAYMENTS_SECRET"
KNOWN_TO_VNPAY = "MOTCUA_VNPAY_SECRET"
SHARED = (KNOWN_TO_PARTNER, KNOWN_TO_VNPAY)
"""Secrets that the partner knows as well."""
PREPARE_SECONDS = 120
PREPARATIONS: tuple[tuple[str, ...], ...] = (
    ("starter.py", "migrate"),
    ("starter.py", "catalogue", "publish"),
)


class Piece(Protocol):
    """What every part of the stack can do."""

    @property
    def pid(self) -> int | None: ...
    @property
    def running(self) -> bool: ...
    @property
    def log(self) -> Path: ...
    def start(self) -> object: ...
    def stop(self) -> None: ...
    def kill(self) -> None: ...


class Stack:
    """PostgreSQL, Temporal, the payment partner, `workers` worker processes, `gateways` gateways, and the watch.

    With neither workers nor gateways the schema and catalogue are not published either: servers alone.
    `database_url` uses that PostgreSQL instead of starting one; `environment` adds settings for our own
    programs; `say` is told each step.
    """

    def __init__(
        self,
        folder: Path,
        *,
        workers: int = 1,
        gateways: int = 1,
        watch: bool = True,
        partner: bool = True,
        database_url: str = "",
        dynamic_config: Mapping[str, object] | None = None,
        environment: Mapping[str, str] | None = None,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.folder = folder.absolute()
        self.postgres = None if database_url else Postgres(self.folder / "postgres")
        self.temporal = Temporal(self.folder / "temporal", dynamic_config)
        self.partner = self._service("payments", self._partner_command, partner=True) if partner else None
        self.workers = [self._worker(number) for number in range(workers)]
        self.watch = self._watch() if watch and workers else None
        self.gateways = [self._gateway(number) for number in range(gateways)]
        self._database_url = database_url
        self._extra = dict(environment or {})
        self._say = say
        self._lock = Lock(self.folder)
        self._ports = Ports(self.folder / "ports.json")
        self._taken: dict[str, int] = {}

    @property
    def database_url(self) -> str:
        return self.postgres.url if self.postgres else self._database_url

    @property
    def gateway_url(self) -> str:
        """Of the first gateway; where the payment platform calls back."""
        return f"http://{HOST}:{self._port('gateway-0')}"

    @property
    def gateway_urls(self) -> list[str]:
        return [f"http://{HOST}:{self._port(f'gateway-{n}')}" for n in range(len(self.gateways))]

    @property
    def payments_url(self) -> str:
        return f"http://{HOST}:{self._port('payments')}"

    @property
    def env_file(self) -> Path:
        return self.folder / "stack.env"

    @property
    def settings(self) -> dict[str, str]:
        """The settings of a program that works with this stack, by variable name. Secrets among them."""
        return {
            "MOTCUA_DATABASE_URL": self.database_url,
            "MOTCUA_TEMPORAL_ADDRESS": self.temporal.address,
            "MOTCUA_TEMPORAL_NAMESPACE": NAMESPACE,
            "MOTCUA_KEYS": self._secret("keys", f"1:{new_key()}"),
            "MOTCUA_INDEX_KEY": self._secret("index-key", new_key()),
            "MOTCUA_PAYMENTS_URL": self.payments_url,
            KNOWN_TO_PARTNER: self._secret("payments-secret", secrets.token_urlsafe(32)),
            "MOTCUA_VNPAY_TMN_CODE": VNPAY_MERCHANT,
            KNOWN_TO_VNPAY: self._secret("vnpay-secret", secrets.token_urlsafe(32)),
            "MOTCUA_VNPAY_PAY_URL": f"{self.payments_url}/vnpay/paymentv2/vpcpay.html",
            "MOTCUA_VNPAY_API_URL": f"{self.payments_url}/vnpay/merchant_webapi/api/transaction",
            "MOTCUA_VNPAY_STATEMENT_URL": f"{self.payments_url}/vnpay/statement",
            "MOTCUA_GATEWAY_HOST": HOST,
            "MOTCUA_GATEWAY_PORT": str(self._port("gateway-0")),
            "MOTCUA_GATEWAY_URL": self.gateway_url,
            "MOTCUA_UI_URL": self.temporal.ui_url,
            **self._extra,
        }

    def start(self) -> Stack:
        """Start everything that does not run; on failure stop it again. `StackError` says what went wrong."""
        self.folder.mkdir(mode=0o711 if os.geteuid() == 0 else 0o700, parents=True, exist_ok=True)
        self._lock.take()
        try:
            self._start()
        except BaseException:  # an interrupt too may not leave a half-started stack behind
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """Stop everything in reverse order: gateways first, so that nothing new comes in."""
        with contextlib.ExitStack() as stopping:  # goes on to the servers if something fails before them
            for group in (
                *([self.postgres], [self.temporal], [self.partner]),
                *([self.watch], self.workers, self.gateways),
            ):
                stopping.callback(_all, [each.stop for each in group if each is not None])
        self._taken.clear()
        if self._lock.is_held:
            self.env_file.unlink(missing_ok=True)
            self._lock.give_back()

    def remove(self) -> None:
        """Stop, and delete the folder, and the data that had to be placed outside it."""
        self.stop()
        if not self.folder.exists():
            return
        self._lock.take()  # not under another stack's feet
        self._end_leftovers()
        for piece in (self.temporal, self.postgres):
            if piece is not None:
                piece.remove()
        shutil.rmtree(self.folder)
        self._lock.give_back()

    def pieces(self) -> dict[str, Piece]:
        """Every part by name, in the order of starting."""
        servers: dict[str, Piece | None] = {"postgres": self.postgres, "temporal": self.temporal}
        rest = {each.name: each for each in [self.partner, self.watch, *self.workers, *self.gateways] if each}
        return {name: each for name, each in {**servers, **rest}.items() if each is not None}

    def revive(self) -> list[str]:
        """Start again what ended by itself; the names of those."""
        fallen = {name: piece for name, piece in self.pieces().items() if not piece.running}
        for piece in fallen.values():
            piece.start()
        return list(fallen)

    def run(self, *arguments: str, seconds: float = PREPARE_SECONDS) -> str:
        """Run one of our commands to its end with this stack's settings; its output, or `StackError`."""
        done = subprocess.run(
            [sys.executable, *arguments], env=inherited_environment(self.settings), cwd=ROOT, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=seconds, check=False,
        )  # fmt: skip
        if done.returncode != 0:
            text = done.stdout.strip()[-2000:]
            raise StackError(f"`python {' '.join(arguments)}` ended with {done.returncode}: {text}")
        return done.stdout

    def __enter__(self) -> Stack:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    async def __aenter__(self) -> Stack:
        return await asyncio.to_thread(self.start)

    async def __aexit__(self, *_: object) -> None:
        await asyncio.to_thread(self.stop)

    def _start(self) -> None:
        self._end_leftovers()
        for name in ["payments", "gateway-0", "watch", *[each.name for each in [*self.gateways, *self.workers]]]:
            self._port(name)  # all before any starts: they are told each other's, and start side by side
        self._say("PostgreSQL and Temporal …")
        servers: list[Piece | None] = [self.postgres, self.temporal]
        _all([each.start for each in servers if each is not None])
        self._write_env_file()
        if self.workers or self.gateways:
            self._say("schema and catalogue …")
            for arguments in PREPARATIONS:
                self.run(*arguments)
        self._say("payment platform, workers and gateways …")
        services = [self.partner, self.watch, *self.workers, *self.gateways]
        _all([each.start for each in services if each is not None])

    def _end_leftovers(self) -> None:
        """A stack that was killed leaves its programs running; they would write to the same data as ours."""
        for piece in [*self.gateways, *self.workers, self.partner]:
            if piece is not None:
                piece.end_leftover()
        for mark in sorted((self.folder / "run").glob("*")):  # of a start with more workers than this one
            self._service(mark.name, list).end_leftover()

    def _write_env_file(self) -> None:
        write_private(self.env_file, f"# The running stack; written at each start.\n{dotenv(self.settings)}")

    def _secret(self, name: str, made: str) -> str:
        return kept_secret(self.folder / name, made)

    def _port(self, name: str) -> int:
        if name not in self._taken:
            self._taken[name] = self._ports.take(name)
        return self._taken[name]

    def _worker(self, number: int) -> Service:
        name = f"worker-{number}"
        return self._service(
            name,
            lambda: ["worker.py"],
            lambda: answers_ready(f"http://{HOST}:{self._port(name)}/readyz"),
            # We start the processes ourselves, so that each can be killed by itself.
            lambda: {"MOTCUA_WORKERS": "1", "MOTCUA_WORKER_PORT": str(self._port(name))},
        )

    def _watch(self) -> Service:
        return self._service(
            "watch",
            lambda: ["worker.py", "--watch"],
            lambda: answers_ready(f"http://{HOST}:{self._port('watch')}/readyz"),
            lambda: {"MOTCUA_WORKER_PORT": str(self._port("watch"))},
        )

    def _gateway(self, number: int) -> Service:
        name = f"gateway-{number}"
        return self._service(
            name,
            lambda: ["-m", "gateway"],
            lambda: answers_ready(f"http://{HOST}:{self._port(name)}/readyz"),
            lambda: {"MOTCUA_GATEWAY_PORT": str(self._port(name))},
        )

    def _partner_command(self) -> list[str]:
        notify = f"{self.gateway_url}{PAYMENT_CALLBACK}"
        data = ["--port", str(self._port("payments")), "--data", str(self.folder / "payments")]
        names = ["--secret-env", KNOWN_TO_PARTNER, "--notify-url", notify]
        ipn = ["--vnpay-ipn-url", f"{self.gateway_url}{VNPAY_IPN}", "--vnpay-tmn-code", VNPAY_MERCHANT]
        vnpay = ["--vnpay-secret-env", KNOWN_TO_VNPAY, *ipn]
        return ["-m", "deploy.partners.payment_platform", *data, *names, *vnpay]

    def _service(
        self,
        name: str,
        command: Callable[[], list[str]],
        ready: Callable[[], bool] | None = None,
        extra: Callable[[], Mapping[str, str]] = dict,
        *,
        partner: bool = False,
    ) -> Service:
        def environment() -> dict[str, str]:
            own = {**self.settings, **extra()}
            if partner:  # it knows the secrets that we share, and no other of ours
                return inherited_environment({name: own[name] for name in SHARED}, ours=False)
            return inherited_environment(own)

        return Service(name, self.folder, ROOT, command, environment, ready or (lambda: listens(self._port(name))))


def _all(acts: Sequence[Callable[[], object]]) -> None:
    """Do things side by side and wait for all of them; the first failure is raised when all have ended."""
    with ThreadPoolExecutor() as pool:
        running = [pool.submit(act) for act in acts]
    for each in running:
        each.result()
