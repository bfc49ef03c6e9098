"""Owns the stack's folder on disk: private to its user, one stack at a time, secrets made once and kept."""

from __future__ import annotations

import base64
import contextlib
import fcntl
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO

from deploy.embedded.processes import StackError

KEY_BYTES = 32


def write_private(file: Path, text: str) -> None:
    """Write a file that only its owner may read, whole or not at all."""
    descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")  # mkstemp makes it 0600
    with os.fdopen(descriptor, "w", encoding="utf-8") as output:
        output.write(text)
    Path(name).replace(file)


def make_private(folder: Path) -> Path:
    """The folder, made for its owner alone; the mode of one that is there already is left as it is."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def kept_secret(file: Path, made: str) -> str:
    """The secret in the file; `made` is written when there is none yet."""
    if not file.exists():
        write_private(file, made)
    return file.read_text().strip()


def new_key() -> str:
    """A fresh 256-bit key in base64."""
    return base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()


def dotenv(values: Mapping[str, str]) -> str:
    """Lines that a shell and a dotenv reader understand alike; values are quoted, and hold no quote."""
    return "".join(f"{name}='{value}'\n" for name, value in values.items())


class Lock:
    """The right to run a stack in a folder. The kernel gives it back however the holder ends."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "lock"
        self._held: IO[str] | None = None

    @property
    def is_held(self) -> bool:
        return self._held is not None

    def take(self) -> None:
        """`StackError` when another stack runs in this folder."""
        held = self._file.open("a+")
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            held.seek(0)
            holder = held.read().strip() or "unknown"
            held.close()
            remedy = f"use that one, stop it (Ctrl-C, or `kill {holder}`), or choose another folder"
            running = f"folder: a stack runs in {self._file.parent} already, as process {holder}"
            raise StackError(f"{running}. Remedy: {remedy}.") from None
        held.truncate(0)
        held.write(f"{os.getpid()}\n")
        held.flush()
        self._held = held

    def give_back(self) -> None:
        if self._held is not None:
            self._held.close()
            self._held = None


@contextlib.contextmanager
def temporary_folder() -> Iterator[Path]:
    """A folder for a stack of a test: other users may pass through it to what is theirs, and it is removed.

    It lies in /var/tmp, which is on disk: /tmp is often memory, where `fsync` proves nothing.
    """
    folder = Path(tempfile.mkdtemp(prefix="motcua-", dir="/var/tmp"))
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
