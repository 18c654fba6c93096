"""How devices are reached, in the database: tries kept and pruned, logins rewritten once, STUN logins, and the lease of who looks."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from acs.audit import Actor
from acs.cwmp.identity import Identity
from acs.db.engine import Database
from acs.devices import service as devices
from acs.devices.models import Device, DeviceCredential, DeviceReach, ReachWatch
from acs.errors import UnknownDevice
from acs.operations import service as operations
from acs.operations.models import Operation
from acs.provisioning.plan import Trust
from acs.reach import service as reach
from acs.reach.views import Code, Method
from acs.secrets import Vault


class World:
    """One admitted device that speaks from the address it gives."""

    def __init__(self, database: Database, vault: Vault, actor: Actor, now: datetime) -> None:
        self.database, self.vault, self.actor, self.now = database, vault, actor, now
        with database.write() as unit:
            self.id = devices.preregister(unit, actor, Identity("0011AA", "X", "S1"), now)
            device = unit.session.get(Device, self.id)
            assert device is not None
            device.trust, device.root = Trust.ADMITTED.value, "Device"
            device.connection_request_url, device.address = "http://203.0.113.7:7547/cr", "203.0.113.7"
            device.last_inform_at, device.inform_interval_s = now - timedelta(minutes=10), 3600

    def tried(self, result: str, method: Method = Method.HTTP, keep: int = 40, detail: str = "") -> int:
        with self.database.write() as unit:
            return reach.note_attempt(unit, self.vault, self.id, self.now, method, result, detail, 7, self.now, keep)

    def view(self, xmpp: bool = False, udp: bool = True) -> Any:
        with self.database.read() as session:
            return reach.view(session, self.actor.tenant, self.id, self.now, xmpp, udp)

    def kinds(self, *states: str) -> list[str]:
        with self.database.read() as session:
            rows = session.query(Operation).filter(Operation.device_id == self.id).order_by(Operation.id)
            return [row.kind for row in rows if not states or row.state in states]

    def end(self, kind: str, state: str = "done", **result: Any) -> None:
        with self.database.write() as unit:
            row = unit.session.query(Operation).filter_by(device_id=self.id, kind=kind, state="queued").one()
            row.state, row.result, row.finished_at = state, result, self.now

    def watch(self) -> Any:
        with self.database.write() as unit:
            return reach.watch(unit, self.vault, self.actor, self.id, self.now, 45, False, True)

    def end_watches(self) -> int:
        with self.database.write() as unit:
            return reach.end_watches(unit, self.vault, self.now)

    def pass_time(self, **given: float) -> None:
        self.now += timedelta(**given)


@pytest.fixture
def world(any_database: Database, vault: Vault, actor: Actor, now: datetime) -> World:
    return World(any_database, vault, actor, now)


# ---- tries -----------------------------------------------------------------------------------------------------


def test_tries_are_kept_newest_first_and_so_many_per_device(world: World):
    for number in range(7):
        world.tried("timeout", keep=5, detail=str(number))
    assert [one.detail for one in world.view().attempts] == ["6", "5", "4", "3", "2"]


@pytest.mark.cwmp("F-15")
def test_try_is_a_success_when_the_device_came(world: World):
    number = world.tried("ok")
    with world.database.write() as unit:
        reach.settle(unit, number, world.now + timedelta(seconds=2))
    assert (world.view().diagnosis.code, world.view().attempts[0].came_at) == (Code.WORKS, world.now + timedelta(seconds=2))


@pytest.mark.quirk("K-71")
def test_try_after_which_nobody_came_is_told_on_the_device_too(world: World):
    number = world.tried("ok")
    with world.database.write() as unit:
        reach.settle(unit, number, None)
        reach.settle(unit, 12345, None)  # pruned meanwhile
    assert world.view().attempts[0].result == "no_inform"
    with world.database.read() as session:
        assert devices.get(session, world.actor.tenant, world.id, world.now).wake_result == "no_inform"


def test_old_tries_go(world: World):
    world.tried("timeout")
    with world.database.write() as unit:
        assert reach.delete_old(unit, world.now) == 0
        assert reach.delete_old(unit, world.now + timedelta(seconds=1)) == 1


def test_device_of_another_tenant_is_unknown(world: World, other_actor: Actor):
    with world.database.read() as session, pytest.raises(UnknownDevice):
        reach.view(session, other_actor.tenant, world.id, world.now, True, True)


# ---- the request login -----------------------------------------------------------------------------------------


@pytest.mark.cwmp("F-16")
def test_refused_login_is_rewritten_once_until_a_call_is_answered_again(world: World):
    world.tried("unauthorized")
    assert world.kinds() == ["request_login"]
    assert world.view().diagnosis.rewriting
    world.end("request_login")
    for _ in range(3):
        world.tried("unauthorized")
    assert world.kinds() == ["request_login"]  # it did not help: a person decides
    assert not world.view().diagnosis.rewriting
    world.tried("ok")
    world.tried("unauthorized")
    assert world.kinds() == ["request_login", "request_login"]


def test_rewrite_is_asked_by_the_system_and_audited(world: World):
    from acs import audit

    world.tried("unauthorized", Method.XMPP)
    with world.database.read() as session:
        (line,) = [
            line
            for line in audit.lines(session, world.actor.tenant, f"device:{world.id}", None, 50)
            if line.action == "operation.request_login"
        ]
    assert (line.actor, "xmpp" in line.after["reason"]) == ("system:reach", True)


# ---- what the waker asks ---------------------------------------------------------------------------------------


def test_device_that_speaks_from_its_call_address_is_called_without_reading_its_tree(world: World):
    with world.database.read() as session:
        quick = reach.target(session, world.vault, world.id, world.now, False, True, False)
        thorough = reach.target(session, world.vault, world.id, world.now, False, True, True)
    assert quick is not None and thorough is not None
    assert (quick.thorough, thorough.thorough, [way.method for way in quick.ways]) == (False, True, [Method.HTTP])


def test_device_that_is_not_admitted_is_never_called(world: World):
    with world.database.write() as unit:
        devices.set_trust(unit, world.actor, world.id, Trust.BLOCKED, world.now)
    with world.database.read() as session:
        assert reach.target(session, world.vault, world.id, world.now, True, True, True) is None
    assert world.view().diagnosis.code is Code.NOT_ADMITTED


def test_binding_the_device_proved_is_its_udp_address_while_it_is_fresh(world: World):
    with world.database.write() as unit:
        operations.request(unit, world.actor, world.id, "enable_stun", {}, world.now, vault=world.vault)  # type: ignore[arg-type]
        row = unit.session.get(DeviceReach, world.id)
        assert row is not None and row.stun_username
        name = row.stun_username
    with world.database.read() as session:
        secret = reach.stun_secret(session, world.vault, name)
        assert secret is not None and len(secret) == 24 and secret not in row.stun_secret
        assert reach.stun_secret(session, world.vault, "stranger") is None
    with world.database.write() as unit:
        reach.store_bindings(unit, {name: ("203.0.113.7:4000", world.now), "stranger": ("192.0.2.9:1", world.now)})
    assert [(way.method, way.address) for way in world.view().ways] == [
        (Method.HTTP, "http://203.0.113.7:7547/cr"),
        (Method.UDP, "203.0.113.7:4000"),
    ]
    assert [way.method for way in world.view(udp=False).ways] == [Method.HTTP]
    world.pass_time(hours=1)
    assert [way.method for way in world.view().ways] == [Method.HTTP]


def test_accounts_to_make_are_those_of_our_making_that_the_server_lacks(world: World):
    with world.database.write() as unit:
        operations.request(unit, world.actor, world.id, "enable_xmpp", {}, world.now, vault=world.vault)  # type: ignore[arg-type]
    with world.database.read() as session:
        ((number, username, password),) = reach.accounts_to_make(session, world.vault)
    assert (number, username.startswith("cpe-"), len(password)) == (world.id, True, 24)
    with world.database.write() as unit:
        reach.account_made(unit, world.id, world.now)
    with world.database.read() as session:
        assert reach.accounts_to_make(session, world.vault) == ()


# ---- the short interval while somebody looks -------------------------------------------------------------------


def looked_at(world: World) -> None:
    world.tried("timeout")
    assert world.watch() is not None
    world.end("inform_interval", before_s=3600, before_enable=True)


def test_device_that_comes_when_called_needs_no_lease(world: World):
    assert world.watch() is None
    assert world.kinds() == []


def test_device_that_speaks_often_already_needs_no_lease(world: World):
    world.tried("timeout")
    with world.database.write() as unit:
        device = unit.session.get(Device, world.id)
        assert device is not None
        device.inform_interval_s = 60
    assert world.watch() is None


def test_lease_of_another_tenants_device_is_not_lengthened(world: World, other_actor: Actor):
    looked_at(world)
    with world.database.write() as unit, pytest.raises(UnknownDevice):
        reach.watch(unit, world.vault, other_actor, world.id, world.now, 45, True, True)


def test_lease_lasts_while_somebody_looks_and_a_quarter_of_an_hour_at_most(world: World):
    looked_at(world)
    assert world.kinds() == ["inform_interval"]
    for _ in range(30):
        world.pass_time(seconds=60)
        world.watch()
    watch = world.view().watch
    assert watch.applied
    assert watch.until - watch.since == timedelta(minutes=15)


def test_interval_is_put_back_when_nobody_looks_any_more(world: World):
    looked_at(world)
    world.pass_time(seconds=100)
    assert (world.end_watches(), world.kinds("queued")) == (0, [])
    world.pass_time(seconds=100)
    world.end_watches()
    with world.database.read() as session:
        row = session.query(Operation).filter_by(kind="inform_interval", state="queued").one()
        assert (row.args, row.requested_by, row.urgent) == ({"interval_s": 3600, "enable": True}, "system:reach", False)
    assert world.view().watch.ending
    world.end("inform_interval", before_s=45, before_enable=True)
    world.pass_time(seconds=60)
    assert (world.end_watches(), world.view().watch) == (1, None)


def test_interval_that_was_never_set_needs_no_putting_back(world: World):
    """The device did not come while somebody looked."""
    world.tried("timeout")
    world.watch()
    world.pass_time(seconds=200)
    assert world.end_watches() == 1
    assert (world.kinds("cancelled"), world.kinds("queued")) == (["inform_interval"], [])


def test_putting_back_that_failed_is_asked_for_again_later_and_not_in_a_loop(world: World):
    looked_at(world)
    world.pass_time(seconds=200)
    world.end_watches()
    world.end("inform_interval", "failed")
    world.pass_time(seconds=30)
    world.end_watches()
    assert world.kinds() == ["inform_interval"] * 3
    world.end("inform_interval", "failed")
    world.pass_time(minutes=10)
    world.end_watches()
    assert len(world.kinds()) == 3
    world.pass_time(hours=1)
    world.end_watches()
    assert len(world.kinds()) == 4


def test_lease_survives_the_process_that_began_it(world: World):
    """It is a row: upkeep of any process, later, puts the interval back."""
    looked_at(world)
    with world.database.read() as session:
        assert reach.watched(session, world.now) == 1
        assert session.query(ReachWatch).one().until <= world.now + timedelta(minutes=15)
    world.pass_time(hours=5)
    world.end_watches()
    assert world.kinds("queued") == ["inform_interval"]


def test_device_blocked_meanwhile_is_asked_nothing_more(world: World):
    looked_at(world)
    with world.database.write() as unit:
        devices.set_trust(unit, world.actor, world.id, Trust.BLOCKED, world.now)
    world.pass_time(hours=1)
    assert world.end_watches() == 1
    assert world.kinds("queued") == []


def test_login_is_known_once_it_was_made(world: World):
    assert not world.view().login_known
    world.tried("unauthorized")
    assert world.view().login_known
    with world.database.read() as session:
        row = session.get(DeviceCredential, world.id)
        assert row is not None and len(world.vault.open(row.request_secret)) == 24


@pytest.mark.parametrize("interval_s", [0, 15, 90])
def test_lease_never_makes_a_device_speak_more_seldom(world: World, interval_s: int):
    """0: its interval was not read yet."""
    world.tried("timeout")
    with world.database.write() as unit:
        device = unit.session.get(Device, world.id)
        assert device is not None
        device.inform_interval_s = interval_s
    assert world.watch() is None
