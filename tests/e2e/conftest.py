"""Fixtures of the tests from outside: a stack of their own for those that kill its parts."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from deploy.embedded.stack import Stack
from tests.e2e.kills import hold_callbacks
from tests.office import Office


@pytest.fixture(scope="package")
def unsteady(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """One worker, one gateway, all of which may be killed; use it through `fragile`."""
    with Stack(tmp_path_factory.mktemp("fragile"), workers=1, gateways=1) as running:
        yield running


@pytest.fixture(scope="package")
def counter(unsteady: Stack) -> Iterator[Office]:
    """A calling system with every right at the stack whose parts are killed."""
    with Office.admitted(unsteady) as office:
        yield office


@pytest.fixture
def fragile(unsteady: Stack, counter: Office) -> Iterator[Stack]:
    """The stack with every part running; what a test killed and left is started again after it."""
    yield unsteady
    unsteady.revive()
    hold_callbacks(unsteady, hold=False)
