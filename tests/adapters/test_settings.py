"""Settings: read once, from the environment or the stack's file; what is missing is said in one line."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from adapters.settings import BadSettings, Settings, load_settings

WHOLE = {
    "DATABASE_URL": "postgresql://motcua:hidden@/motcua",
    "TEMPORAL_ADDRESS": "127.0.0.1:7233",
    "KEYS": "2026:hidden",
    "INDEX_KEY": "hidden",
    "PAYMENTS_URL": "http://127.0.0.1:1",
    "PAYMENTS_SECRET": "hidden",
    "GATEWAY_PORT": "8470",
    "GATEWAY_URL": "http://127.0.0.1:8470",
}


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(f"MOTCUA_{name.upper()}", raising=False)


def stack_env(folder: Path, **changes: str | None) -> Path:
    path = folder / "stack.env"
    wanted = {name: value for name, value in {**WHOLE, **changes}.items() if value is not None}
    path.write_text("".join(f"MOTCUA_{name}={value}\n" for name, value in wanted.items()), "utf-8")
    return path


def test_the_file_of_the_stack_is_enough(tmp_path: Path) -> None:
    """A line that is no setting is passed over; what may be left out has its default."""
    settings = load_settings(stack_env(tmp_path, POSTGRES_PORT="5432"))
    assert settings.gateway_port == 8470
    assert (settings.temporal_namespace, settings.workers, settings.body_limit) == ("motcua", 1, 262_144)


def test_the_environment_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One variable overrides one line; an empty one counts as not set."""
    monkeypatch.setenv("MOTCUA_WORKERS", "3")
    monkeypatch.setenv("MOTCUA_GATEWAY_PORT", "")
    settings = load_settings(stack_env(tmp_path, WORKERS="2"))
    assert (settings.workers, settings.gateway_port) == (3, 8470)


def test_what_is_missing_is_said_in_one_line(tmp_path: Path) -> None:
    """Every missing variable by its full name, and where to put it."""
    with pytest.raises(BadSettings) as caught:
        load_settings(stack_env(tmp_path, KEYS=None, GATEWAY_URL=None))
    message = str(caught.value)
    assert "missing MOTCUA_KEYS, MOTCUA_GATEWAY_URL" in message
    assert "stack.env" in message
    assert "\n" not in message


def test_what_is_wrong_is_named_and_not_repeated(tmp_path: Path) -> None:
    """A value in the wrong place may be a secret: the refusal names the variable alone."""
    with pytest.raises(BadSettings, match="MOTCUA_GATEWAY_PORT") as caught:
        load_settings(stack_env(tmp_path, GATEWAY_PORT="hidden"))
    assert "hidden" not in str(caught.value)


def test_secrets_do_not_show_themselves(tmp_path: Path) -> None:
    """Settings may be printed and dumped; a secret has to be asked for."""
    settings = load_settings(stack_env(tmp_path))
    assert "hidden" not in f"{settings!r} {settings} {settings.model_dump()}"
    assert settings.payments_secret.get_secret_value() == "hidden"


def test_settings_are_frozen(tmp_path: Path) -> None:
    """Nobody changes a setting under way."""
    settings = load_settings(stack_env(tmp_path))
    with pytest.raises(ValidationError):
        settings.workers = 2  # type: ignore[misc]  # the very thing that must not work
