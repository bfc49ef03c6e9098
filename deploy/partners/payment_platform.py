"""Plays the National Payment Platform as a process of its own: INIT, a page to pay on, CONFIRM and QUERY.

    python -m deploy.partners.payment_platform --port 8471 --data FOLDER \\
        --secret-env MOTCUA_PAYMENTS_SECRET --notify-url http://127.0.0.1:8470/v1/payments/callback

It shares no code with the rest of the product, so that an error in the protocol cannot cancel itself out, and
keeps its books on disk, so that it may be killed like the real one. The protocol is in docs/payments.md.
"""

from __future__ import annotations

import argparse
import os
from datetime import UTC, datetime
from pathlib import Path

import uvicorn

from deploy.partners.payment_answers import Platform
from deploy.partners.payment_callbacks import Callbacks
from deploy.partners.payment_http import application
from deploy.partners.payment_ledger import Ledger
from deploy.partners.payment_messages import Signer


def main() -> None:
    """Read the options, wire, serve until SIGTERM or SIGINT."""
    options = _options()
    secret = os.getenv(options.secret_env)
    if not secret:
        raise SystemExit(f"{options.secret_env} is empty: put the secret shared with the merchant into it")
    signer, ledger = Signer(secret.encode()), Ledger(options.data)
    public = options.public_url or f"http://{options.host}:{options.port}"
    platform = Platform(ledger, signer, options.partner, public.rstrip("/"), _now)
    callbacks = Callbacks(ledger, signer, options.notify_url, options.partner, _now)
    callbacks.hold = options.hold_callbacks
    uvicorn.run(application(platform, callbacks), host=options.host, port=options.port, log_level="warning")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="payment_platform", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--data", type=Path, required=True, help="folder of the ledger")
    parser.add_argument("--secret-env", required=True, help="environment variable that holds the secret")
    parser.add_argument("--notify-url", required=True, help="where the merchant takes call-backs")
    parser.add_argument("--partner", default="motcua", help="the merchant's name")
    parser.add_argument("--public-url", help="what links to the payer's page begin with")
    parser.add_argument("--hold-callbacks", action="store_true", help="start with the fault hold_callbacks")
    return parser.parse_args()


def _now() -> datetime:
    return datetime.now(UTC)


if __name__ == "__main__":
    main()
