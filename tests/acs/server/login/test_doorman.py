"""The doorman: rules reach the entrance by a hint, refusals and hits reach the database, and nothing is lost at the end."""

from pathlib import Path

import pytest
import pytest_twisted
from twisted.internet.task import Clock

from acs.access import service as access
from acs.access.views import Reason
from acs.cwmp.digest import Nonces
from acs.db.tenancy import DEFAULT_TENANT
from acs.errors import WrongEnvironment
from acs.server.auth import CpeAuthenticator
from acs.server.http import HttpFactory
from acs.server.login.doorman import FLUSH_S, RELOAD_EVERY, Doorman, login_rules, make_entrance
from acs.settings import Settings
from tests.acs.server.house import until
from tests.acs.server.kit import ACTOR, NOW

RULE = {"oui": "00D09E", "reason": "stolen"}


def authenticator(settings):
    async def nobody(_username):
        return None

    return CpeAuthenticator(settings.cpe_auth, "x", Nonces(b"k"), nobody)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def doorman(database, tmp_path, clock):
    settings = Settings(home=tmp_path, trusted_proxies="192.0.2.0/24")
    made = Doorman(clock, settings, database, authenticator(settings), lambda: NOW)
    yield made
    if made._loop.running:
        made._loop.stop()


def add(database):
    with database.write() as unit:
        return access.add_block(unit, ACTOR, RULE, NOW)


def stored(database):
    with database.read() as session:
        return access.refusals(session, DEFAULT_TENANT), access.blocks(session, DEFAULT_TENANT)


@pytest_twisted.ensureDeferred
async def test_rule_holds_after_its_hint(doorman, database):
    add(database)
    assert doorman.entrance.blocks.rules == ()
    doorman.hints([{"kind": "operation", "device": 1}, {"kind": "access"}])
    await until(lambda: doorman.entrance.blocks.rules)


@pytest_twisted.ensureDeferred
async def test_lost_hint_costs_half_a_minute_and_no_more(doorman, database, clock):
    add(database)
    clock.pump([FLUSH_S] * RELOAD_EVERY)
    await until(lambda: doorman.entrance.blocks.rules)


@pytest_twisted.ensureDeferred
async def test_refusals_and_hits_are_written_together(doorman, database, clock):
    number = add(database)
    for _ in range(3):
        doorman.entrance.refusals.note("203.0.113.9", "K", Reason.LOGIN, "as 'x'", NOW)
    doorman.entrance.hits[number] = (2, NOW)
    clock.advance(FLUSH_S)
    await until(lambda: stored(database)[0])
    (refused,), (rule,) = stored(database)
    assert (refused.count, rule.hits) == (3, 2)


@pytest_twisted.ensureDeferred
async def test_what_could_not_be_written_is_written_later(doorman, database, clock, monkeypatch):
    real = access.note_refusals

    def broken(*_args):
        raise OSError("disk full")

    number = add(database)
    monkeypatch.setattr(access, "note_refusals", broken)
    doorman.entrance.refusals.note("203.0.113.9", "K", Reason.LOGIN, "", NOW)
    doorman.entrance.hits[number] = (2, NOW)
    clock.advance(FLUSH_S)
    await until(lambda: doorman._busy is None)
    monkeypatch.setattr(access, "note_refusals", real)
    doorman.entrance.hits[number] = (doorman.entrance.hits[number][0] + 1, NOW)
    clock.advance(FLUSH_S)
    await until(lambda: stored(database)[0])
    assert stored(database)[1][0].hits == 3


@pytest_twisted.ensureDeferred
async def test_rules_that_cannot_be_used_do_not_stop_the_next_reading(doorman, database, clock, monkeypatch):
    def broken(_found):
        raise ValueError("a defect")

    monkeypatch.setattr(doorman.entrance, "load", broken)
    doorman.hints([{"kind": "access"}])
    await until(lambda: doorman._busy is None)
    monkeypatch.undo()
    add(database)
    clock.advance(FLUSH_S)
    await until(lambda: doorman.entrance.blocks.rules)


@pytest_twisted.ensureDeferred
async def test_last_refusals_are_written_before_the_worker_goes(doorman, database):
    doorman.entrance.refusals.note("203.0.113.9", "K", Reason.LOGIN, "", NOW)
    await doorman.stop()
    assert len(stored(database)[0]) == 1


def test_urgent_operation_makes_its_device_awaited(doorman):
    doorman.hints([{"kind": "operation", "device": 7, "urgent": True}, {"kind": "operation", "device": 8}])
    assert list(doorman.entrance._awaited) == [7]


def test_connections_of_a_proxy_are_not_counted_and_failed_handshakes_are_told(doorman, clock):
    factory = HttpFactory(clock, lambda request: None)  # type: ignore[arg-type, return-value]
    doorman.guard(factory)
    assert factory.is_exempt("192.0.2.1")
    assert not factory.is_exempt("198.51.100.1")
    factory.on_handshake_failed("198.51.100.1", "no shared cipher")
    (refused,) = doorman.entrance.refusals.drain()
    assert (refused.address, refused.reason, refused.detail) == ("198.51.100.1", Reason.TLS, "no shared cipher")


# ---- settings --------------------------------------------------------------------------------------------------


async def _never(_key, _identity):
    return False


@pytest.mark.parametrize(("mode", "rate"), [("device", 120.0), ("none", 0)])
def test_laboratory_has_no_rates(tmp_path: Path, mode: str, rate: float):
    settings = Settings(home=tmp_path, cpe_auth=mode)  # type: ignore[arg-type]
    assert make_entrance(settings, authenticator(settings), _never).device_rate.per_minute == rate


def test_authorities_that_cannot_be_read_stop_the_start(tmp_path: Path):
    settings = Settings(home=tmp_path, tls_client_ca=tmp_path / "missing.pem")
    with pytest.raises(WrongEnvironment):
        make_entrance(settings, authenticator(settings), _never)


def test_paths_devices_are_told_count_for_their_digests(tmp_path: Path):
    settings = Settings(home=tmp_path, acs_url="https://acs.example/tr069/acs", cpe_digest_paths="/old", cpe_digest="sha-256")  # type: ignore[arg-type]
    rules = login_rules(settings)
    assert (rules.paths, rules.algorithms, rules.basic_in_clear) == (("/tr069/acs", "/old"), ("SHA-256",), False)
