"""Bad input on the command line: nothing but a message that names field and remedy, and a code that is not 0."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import pytest

from deploy.embedded.services import inherited_environment
from deploy.embedded.stack import ROOT, Stack
from tests.office import COMMUNE, submission

NOBODY = "00000000-0000-0000-0000-000000000000"


def motcua(stack: Stack, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run the command with the settings of a stack; `settings` win over them."""
    command = [sys.executable, "starter.py", *arguments]
    environment = inherited_environment({**stack.settings, **settings})
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False)


APOLOGY = ("apologise", "--appointment", "2030-01-02T09:00:00+07:00", "--reason", "r", "--legal-basis", "b")


def file(folder: Path, body: object, name: str = "dossier.json") -> str:
    """Write a submission and return its path."""
    path = folder / name
    path.write_text(body if isinstance(body, str) else json.dumps(body), encoding="utf-8")
    return str(path)


@pytest.mark.parametrize(
    ("arguments", "field", "remedy"),
    [
        (("show", NOBODY), "dossier", "the code on the receipt"),
        (("explain", "nonsense"), "dossier", "the code on the receipt"),
        (("explain", NOBODY, "--lang", "fr"), "--lang", "use one of: vi, en"),
        (("list", "--due-within", "soon"), "--due-within", "2d, 12h"),
        ((*APOLOGY, "--cause", "rain", "--unit", COMMUNE), "--cause", "use one of: workload"),
        (("erase", NOBODY, "--yes"), "dossier", "the code on the receipt"),
        (("command", NOBODY, "accept", "--unit", COMMUNE), "dossier", "the code on the receipt"),
        (("command", NOBODY, "fly"), "name", "use one of: accept"),
        (("command", NOBODY, "accept", "--role", "king"), "--role", "correct the field"),
        (("command", NOBODY, "accept", "--data", "{"), "--data", "one JSON object"),
        (("command", NOBODY, "accept", "--data", "[]"), "--data", "correct the field"),
        (("command", NOBODY, "refuse", "--unit", COMMUNE), "--reason", "sealed"),
        (("submit", "no-such-file.json"), "FILE", "readable"),
        (("submit", "a.json", "b.json", "--reference", "mine"), "--reference", "one by one"),
        (("key", "add", "x", "--rights", "fly"), "rights", "use: command"),
        (("key", "add", "x", "--roles", "king"), "roles", "use: applicant"),
        (("deadline", "--procedure", "1.001612", "--channel", "counter"), "received", "ISO 8601"),
        (("watch", "--as-of", "yesterday"), "--as-of", "ISO 8601"),
        (("fee", "--procedure", "9.9", "--channel", "counter"), "procedure", "catalogue"),
    ],
)
def test_a_refusal_names_field_and_remedy(stack: Stack, arguments: tuple[str, ...], field: str, remedy: str) -> None:
    """On stderr, with nothing on stdout, and exit code 1."""
    done = motcua(stack, *arguments)

    assert done.returncode == 1
    assert done.stdout == ""
    assert f"field: {field}\n" in done.stderr
    assert remedy in done.stderr.split("remedy: ", 1)[1]
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("list", "--bogus"), "--bogus"),
        (("list", "--status", "11"), "--status"),
        (("command", "nonsense", "accept"), "UUID"),
        (("submit",), "files"),
        (("bogus",), "bogus"),
        (("fee", "--procedure", "1.001612", "--channel", "fax"), "--channel"),
    ],
)
def test_a_wrong_option_is_named(stack: Stack, arguments: tuple[str, ...], says: str) -> None:
    """The command line itself refuses what it does not know, with exit code 2."""
    done = motcua(stack, *arguments)

    assert done.returncode == 2
    assert done.stdout == ""
    assert says in done.stderr


@pytest.mark.parametrize(
    ("body", "field"),
    [('{"procedure": ', "dossier.json"), ("[1]", "dossier.json"), ({"procedure": "1.001612"}, "unit")],
)
def test_a_file_that_is_no_submission_is_named(stack: Stack, tmp_path: Path, body: object, field: str) -> None:
    """Not JSON, no object, or a field that is missing."""
    done = motcua(stack, "submit", file(tmp_path, body))

    assert done.returncode == 1
    assert f"{field}\n" in done.stderr.split("field: ", 1)[1]


def test_what_was_kept_before_a_refused_file_is_told(stack: Stack, tmp_path: Path) -> None:
    """Of several files those before the refused one are handed in, and their ids are not lost."""
    good = file(tmp_path, submission(), "good.json")
    bad = file(tmp_path, submission("9.999999"), "bad.json")
    done = motcua(stack, "submit", good, bad, good, "--json")

    assert done.returncode == 1
    assert [each["file"] for each in json.loads(done.stdout)] == [good]
    assert f"{bad} is refused; neither it nor what follows it was handed in" in done.stderr
    assert "field: procedure\n" in done.stderr


def test_the_same_reference_with_another_body_is_refused(stack: Stack, tmp_path: Path) -> None:
    """It names the option of the command line, not the header of HTTP."""
    reference = uuid4().hex
    first = file(tmp_path, submission(), "first.json")
    other = file(tmp_path, submission(return_method="post"), "other.json")
    kept = motcua(stack, "submit", first, "--reference", reference)
    done = motcua(stack, "submit", other, "--reference", reference)

    assert kept.returncode == 0
    assert done.returncode == 1
    assert "field: --reference\n" in done.stderr


@pytest.mark.parametrize("arguments", [("migrate",), ("catalogue", "publish")])
def test_a_database_that_is_away_is_said(stack: Stack, arguments: tuple[str, ...]) -> None:
    """No traceback: what is away, and what to do."""
    done = motcua(stack, *arguments, MOTCUA_DATABASE_URL="postgresql://motcua:x@127.0.0.1:1/motcua")

    assert done.returncode == 1
    assert "error: database: " in done.stderr
    assert "remedy: start the servers" in done.stderr
    assert "Traceback" not in done.stderr
