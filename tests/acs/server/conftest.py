"""Fixtures of the server's tests: the ACS in memory (`bench`), and on sockets with a fleet (`house`)."""

from collections.abc import Iterator
from typing import Any

import pytest
from twisted.internet.task import Clock

from acs.db.engine import Database
from acs.secrets import Vault
from tests.acs.server.kit import Bench


@pytest.fixture
def clock() -> Clock:
    clock = Clock()
    clock.rightNow = 1000.0
    return clock


@pytest.fixture
def make_bench(database: Database, vault: Vault, clock: Clock) -> Iterator[Any]:
    """Benches of one database and one clock; `number` tells workers apart."""

    def make(**given: Any) -> Bench:
        return Bench(database, vault, clock, **given)

    return make


@pytest.fixture
def bench(make_bench: Any) -> Bench:
    """An ACS that asks for no login."""
    return make_bench()


@pytest.fixture
def guarded(make_bench: Any) -> Bench:
    """An ACS where every device logs in with its own secret."""
    return make_bench(cpe_auth="device")
