"""The providers' statements, asked for by name; every one is signed, or it is refused."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Protocol

import httpx

from activities.ports import Refused
from adapters.providers import platform_of, vnpay_of
from adapters.settings import Settings
from domain.payments import Provider
from domain.provider_statement import StatementLine


class TellsDays(Protocol):
    """A provider that tells what it moved on a day."""

    async def statement(self, day: date) -> tuple[StatementLine, ...]:
        """Its statement, whole."""
        ...


class ProviderStatements:
    """`activities.ports.Statements` over all providers of this installation that tell one."""

    def __init__(self, by_name: Mapping[Provider, TellsDays]) -> None:
        self._by_name = by_name

    @property
    def providers(self) -> tuple[Provider, ...]:
        """Those that can be asked."""
        return tuple(self._by_name)

    async def statement(self, provider: Provider, day: date) -> tuple[StatementLine, ...]:
        """What a provider moved on a day."""
        if provider not in self._by_name:
            raise Refused(f"nobody can be asked for a statement of '{provider}' here: give its file with --statement")
        return await self._by_name[provider].statement(day)


def statements_of(settings: Settings, http: httpx.AsyncClient) -> ProviderStatements:
    """All that the settings name."""
    vnpay = vnpay_of(settings, http) if settings.vnpay_statement_url else None
    found: dict[Provider, TellsDays] = {Provider.PLATFORM: platform_of(settings, http)}
    return ProviderStatements({**found, **({Provider.VNPAY: vnpay} if vnpay else {})})
