"""Desired state over real HTTP: an unknown device is identified, fits a profile, is provisioned; a rehearsal is what is then sent."""

from typing import Any

import pytest
import pytest_twisted
from twisted.internet.threads import deferToThread

from acs import jobs
from acs.db.tenancy import DEFAULT_TENANT
from acs.desired import service as desired
from acs.desired.views import Standing
from acs.devices import service as devices
from acs.server.process import utc_now
from simulators import rpc
from tests.acs.server.house import ACTOR, House, until

NEW, OLD = "Norvik G240", "Norvik R110"
MODELS = pytest.mark.parametrize("model", [NEW, OLD])
MAPPING = {
    "table": "nat.port_mappings", "keys": {"external_port": 8443, "protocol": "tcp"},
    "values": {"internal_client": "192.168.1.77", "internal_port": 443, "enabled": True, "description": "camera"},
}  # fmt: skip
BASIC = {
    "settings": [{"name": "wifi.2g.ssid", "value": "Provisioned", "hold": "initial"}, {"name": "dhcp.lease_time_s", "value": 7200}],
    "rows": [MAPPING], "watches": [{"name": "wan.ip_address", "notification": 2}], "inform_interval_s": 1800,
}  # fmt: skip


async def with_profile(house: House, **given: Any) -> Any:
    profile = {"name": "Basic", "selection": "", "enabled": True, "document": BASIC, **given}

    def add() -> Any:
        with house.database.write() as unit:
            return desired.add(unit, ACTOR, house.vault, profile, utc_now())

    view = await deferToThread(add)
    for worker in house.workers:
        await until(lambda w=worker: w.worker._profiles.any(int(DEFAULT_TENANT)) == view.in_force, 5, "the worker knows of profiles")  # type: ignore[misc]
    return view


def look(house: House, device: Any) -> Any:
    with house.database.read() as session:
        return desired.examine(session, house.vault, DEFAULT_TENANT, house.id_of(device), utc_now())


def rehearsed(house: House, device: Any) -> list[Any]:
    with house.database.read() as session:
        return list(desired.rehearsed(session, house.vault, DEFAULT_TENANT, house.id_of(device), utc_now()))


def events(house: House, device: Any) -> list[str]:
    with house.database.read() as session:
        return [event.code for event in devices.events(session, DEFAULT_TENANT, house.id_of(device))]


@pytest.fixture
def heard(monkeypatch) -> list[Any]:
    """What simulated devices are asked, in order."""
    said: list[Any] = []
    answer = rpc.answer

    def listen(cpe: Any, message: Any) -> Any:
        said.append(message)
        return answer(cpe, message)

    monkeypatch.setattr(rpc, "answer", listen)
    return said


@MODELS
@pytest_twisted.ensureDeferred
async def test_an_unknown_device_is_identified_fits_a_profile_and_is_provisioned_in_its_first_session(house: House, model: str):
    await with_profile(house)
    device = await house.home_with(model)
    assert device.counts.sessions == 1
    found = look(house, device)
    assert found.state is Standing.IN_STEP, (found.plan, found.desired.cannot, found.standing)
    root = device.cpe.tree.root
    assert device.value(f"{root}ManagementServer.PeriodicInformInterval") == "1800"
    assert device.value(f"{root}ManagementServer.ParameterKey") == found.desired.key == found.standing.key
    ssid = "WiFi.SSID.1.SSID" if root == "Device." else "LANDevice.1.WLANConfiguration.1.SSID"
    assert device.value(root + ssid) == "Provisioned"
    rows = [path for path in device.cpe.tree.under(root) if path.endswith(".ExternalPort") and device.value(path) == "8443"]
    assert len(rows) == 1
    assert "configured" in events(house, device)
    assert [view.state for view in house.of_kind(device, "configure")] == ["done"]


@pytest_twisted.ensureDeferred
async def test_a_device_in_step_is_asked_nothing_at_its_next_contact(house: House, heard: list[Any]):
    await with_profile(house)
    device = await house.home_with(NEW)
    heard.clear()
    sessions = device.counts.sessions
    device.trigger("2 PERIODIC")
    await until(lambda: device.counts.sessions > sessions and not device.in_session, 10, "another contact")
    assert heard == []


@MODELS
@pytest_twisted.ensureDeferred
async def test_what_a_dry_run_says_is_what_is_then_sent_message_by_message(house: House, heard: list[Any], model: str):
    device = await house.home_with(model)
    await with_profile(house)

    def mark() -> None:
        with house.database.write() as unit:
            desired.mark(unit, DEFAULT_TENANT, [house.id_of(device)], utc_now())

    await deferToThread(mark)
    before = look(house, device)
    assert before.state is Standing.PENDING
    wanted = rehearsed(house, device)
    assert [type(m).__name__ for m in wanted] == ["AddObject", "SetParameterValues", "GetParameterValues", "SetParameterAttributes"]
    heard.clear()
    sessions = device.counts.sessions
    device.trigger("2 PERIODIC")
    await until(lambda: device.counts.sessions > sessions and not device.in_session, 10, "another contact")
    assert heard == wanted
    assert look(house, device).state is Standing.IN_STEP


@pytest_twisted.ensureDeferred
async def test_what_was_changed_at_the_device_is_found_where_it_is_read_explained_and_repaired(house: House, heard: list[Any]):
    await with_profile(house)
    device = await house.home_with(NEW)
    lease = next(v.path for v in look(house, device).desired.values if v.name == "dhcp.lease_time_s")
    device.set_local(lease, "60")
    await house.done(device, "read", {"paths": [lease]})

    def check() -> str:
        with house.database.read() as session:
            asked = [job for job in jobs.listed(session, DEFAULT_TENANT) if job.name == "desired.check"]
        return desired.check_device(house.database, house.vault, asked[0].args["device"], utc_now())

    assert await deferToThread(check) == "1 values in drift"
    found = look(house, device)
    (difference,) = found.plan.differences
    assert (found.state, difference.path, difference.wanted, difference.shown, difference.claim.title) == (Standing.DRIFT, lease, "7200", "60", "Basic")
    wanted = rehearsed(house, device)
    heard.clear()
    await house.done(device, "configure")
    assert heard == wanted
    assert (device.value(lease), look(house, device).state) == ("7200", Standing.IN_STEP)


@pytest_twisted.ensureDeferred
async def test_a_device_is_replaced_by_one_of_another_make_and_root(house: House):
    old, new = await house.home_with(OLD), await house.home_with(NEW)
    network = ssid(old)
    await house.done(old, "write", {"values": [[network, "Annas Netz", "string"]]})

    def swap() -> Any:
        with house.database.write() as unit:
            return desired.swap(unit, ACTOR, house.vault, house.id_of(old), house.id_of(new), utc_now())

    for number in await deferToThread(swap):
        view = await house.ended(number)
        assert view.state == "done", (view.kind, view.error)
    assert new.value(ssid(new)) == "Annas Netz"
    with house.database.read() as session:
        assert ssid(new) in {own.path for own in desired.personal_values(session, DEFAULT_TENANT, house.id_of(new))}


def ssid(device: Any) -> str:
    root = device.cpe.tree.root
    return str(root) + ("WiFi.SSID.1.SSID" if root == "Device." else "LANDevice.1.WLANConfiguration.1.SSID")
