"""Fixtures of the server's tests: the ACS in memory (`bench`), and on sockets with a fleet (`house`)."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_twisted
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from acs.db.engine import Database
from acs.secrets import Vault
from tests.acs.server.house import House
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


@pytest.fixture
def make_house(sqlite_url: str, tmp_path: Path, vault: Vault) -> Iterator[Any]:
    """Houses on SQLite, stopped at the end."""
    houses: list[House] = []

    async def make(**given: Any) -> House:
        house = House(given.pop("database_url", sqlite_url), tmp_path, vault, **given)
        houses.append(house)
        return await house.start()

    yield make
    for house in houses:
        pytest_twisted.blockon(Deferred.fromCoroutine(house.stop()))


@pytest.fixture
def house(make_house: Any) -> House:
    """The ACS as it stands by default: every device has its own login."""
    started: House = pytest_twisted.blockon(Deferred.fromCoroutine(make_house()))
    return started


@pytest.fixture
def open_house(make_house: Any) -> House:
    """An ACS that asks for no login: for bare clients."""
    started: House = pytest_twisted.blockon(Deferred.fromCoroutine(make_house(cpe_auth="none")))
    return started
