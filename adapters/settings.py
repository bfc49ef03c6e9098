"""Owns the settings: everything an installation may choose, read once when a process starts.

Each field is the environment variable `MOTCUA_<FIELD>`, or a line of `.motcua/stack.env`, which the embedded
stack writes; the environment wins. Nothing below an entry point reads the environment: values are handed
down. Secrets are `SecretStr`, so that a settings object can be shown and logged without giving them away.
"""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from adapters.starting import CannotStart

PREFIX = "MOTCUA_"
STACK_ENV = Path(".motcua/stack.env")


class BadSettings(CannotStart):
    """A setting is missing or wrong; the one-line message names the variables and the remedy."""


class Settings(BaseSettings):
    """One frozen value, built in `main()`; tests build it by hand."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_file=STACK_ENV,
        env_file_encoding="utf-8",
        env_ignore_empty=True,
        extra="ignore",  # the stack's own lines (ports, folders) live in the same file
        frozen=True,
        hide_input_in_errors=True,  # a mistyped secret is not repeated in the error
    )

    database_url: SecretStr  # postgresql://…, with its password
    database_pool: int = Field(default=20, ge=1)  # connections a process may hold

    temporal_address: str  # host:port of the frontend
    temporal_namespace: str = "motcua"
    ui_url: str | None = None  # Temporal's web UI, for links only

    keys: SecretStr  # the key ring, "id:base64,older:base64"; the first encrypts, all decrypt
    index_key: SecretStr  # base64, for keyed digests; never rotated, or references would be forgotten

    payments_url: str
    payments_secret: SecretStr  # shared with the payment platform
    payments_partner: str = "motcua"  # who we are to the payment platform

    vnpay_tmn_code: str | None = None  # our code at VNPAY; without it there is no such provider
    vnpay_secret: SecretStr | None = None  # shared with VNPAY
    vnpay_pay_url: str | None = None  # where the payer is sent
    vnpay_api_url: str | None = None  # where questions and refunds go
    vnpay_statement_url: str | None = None  # where its statement of a day is asked for; without it they come as files
    vietqr_bin: str | None = None  # the bank of the account that transfers at the counter go to
    vietqr_account: str | None = None  # its number
    vietqr_name: str | None = None  # in whose name it is
    order_seconds: int = Field(default=24 * 3600, ge=1)  # how long an order may be paid; for new dossiers
    stale_every: int = Field(default=600, ge=1)  # seconds between sweeps of attempts whose time is over
    stale_after: int = Field(default=3600, ge=0)  # seconds after its expiry that an attempt is asked about
    refund_alone: int = Field(default=2_000_000, ge=0)  # đồng up to which the engine needs no officer's approval

    gateway_host: str = "127.0.0.1"
    gateway_port: int = Field(ge=0, le=65535)
    gateway_url: str  # the public base that call-backs and links begin with
    body_limit: int = Field(default=256 * 1024, ge=1)  # bytes of one request

    worker_port: int = Field(default=0, ge=0, le=65535)  # of a worker's /livez and /readyz; 0: any free one
    workers: int = Field(default=1, ge=1)  # processes; one fills one core
    workflow_tasks: int = Field(default=16, ge=1)  # per process: workflow tasks at a time
    cached_workflows: int = Field(default=1000, ge=0)  # per process: dossiers kept warm
    local_activities: int = Field(default=50, ge=1)  # per process: records at a time
    activities: int = Field(default=100, ge=1)  # per process: calls to the outside at a time
    clock_spread: int = Field(default=300, ge=0)  # seconds over which wake-ups of one instant spread; for new dossiers
    campaign_rate: float = Field(default=20.0, gt=0)  # dossiers a second that a campaign moves, at most
    campaign_settle: float = Field(default=15.0, ge=0)  # seconds until every process counts on a new publication
    build_id: str = version("motcua")  # names this code to the engine; dossiers under way move on to the newest

    watch_every: int = Field(default=180, ge=1)  # seconds between rounds of the watch
    watch_tolerance: int = Field(default=120, ge=0)  # seconds after a clock has surely looked, before the watch speaks
    watch_inbox: int = Field(default=300, ge=0)  # seconds that an inbox row may wait for the engine
    watch_idle_days: int = Field(default=2, ge=0)  # working days without an event on an overdue step
    drain_seconds: int = Field(default=30, ge=0)  # what running work is given after SIGTERM


def load_settings(env_file: Path = STACK_ENV) -> Settings:
    """Read the environment and the file; `BadSettings` with one line when something is missing or wrong."""
    reader: type[BaseSettings] = Settings  # its fields come from outside, so it is called without arguments
    try:
        settings = reader(_env_file=env_file)
    except ValidationError as error:
        raise BadSettings(_one_line(error, env_file)) from None
    assert isinstance(settings, Settings)  # tells mypy what `reader` makes
    return settings


def _one_line(error: ValidationError, env_file: Path) -> str:
    found = error.errors(include_input=False, include_url=False, include_context=False)
    names = [(PREFIX + str(each["loc"][0]).upper(), each["type"] == "missing", each["msg"]) for each in found]
    missing = ", ".join(name for name, is_missing, _ in names if is_missing)
    wrong = "; ".join(f"{name}: {message}" for name, is_missing, message in names if not is_missing)
    parts = [f"missing {missing}"] if missing else []
    parts += [f"wrong {wrong}"] if wrong else []
    remedy = f"set them in the environment or in {env_file}, which `motcua up` writes"
    return f"Settings: {'; '.join(parts)}. Remedy: {remedy}."
