"""Every quirk profile of the simulator against our own ACS: first contact, a read, a write, and quiet again; or refused as the profile says.

What a profile expects stands in simulators/quirks/profiles.toml. The first profile of each row is played always, the others in long runs.
"""

from typing import Any

import pytest
import pytest_twisted
from prometheus_client import REGISTRY

from acs.db.tenancy import DEFAULT_TENANT
from acs.devices import service as devices
from acs.operations import service as operations
from acs.server.process import utc_now
from simulators.device import Device, Power
from simulators.quirks import named
from tests.acs.server.house import House, until

MODEL = "Norvik G240"


def profiles(expect: str) -> list[Any]:
    """All of them; the first of each row always, the others in long runs."""
    found: list[Any] = []
    seen: set[str] = set()
    for name, about in named().items():
        if about["expect"] != expect:
            continue
        marks = [pytest.mark.quirk(*about["rows"])]
        if seen.issuperset(about["rows"]):
            marks.append(pytest.mark.soak)
        seen.update(about["rows"])
        found.append(pytest.param(name, about, id=name, marks=marks))
    return found


class Odd:
    """One odd device at a house, found by whatever it says it is."""

    def __init__(self, house: House, device: Device) -> None:
        self.house, self.device = house, device

    @property
    def key(self) -> str:
        with self.house.database.read() as session:
            return next((row.key for row in devices.search(session, DEFAULT_TENANT, utc_now())), "")

    def operations(self) -> list[Any]:
        """The oldest first."""
        number = self.house.id_of(self.key)
        with self.house.database.read() as session:
            return list(reversed(operations.listed(session, DEFAULT_TENANT, utc_now(), device_id=number)))

    def is_quiet(self) -> bool:
        device = self.device
        return bool(device.counts.sessions and not device.in_session and device.power is Power.RUNNING and self.key) and not (
            self.house.open_operations(self.key)
        )

    async def becomes_quiet(self, seconds: float = 40.0) -> None:
        """It comes by itself every second: not every odd device can be called."""
        for _ in range(int(seconds)):
            try:
                await until(self.is_quiet, 1.0)
                return
            except AssertionError:
                if not self.device.in_session:
                    self.device.trigger("2 PERIODIC")
        open_now = self.house.open_operations(self.key) if self.key else "unknown"
        raise AssertionError(f"not quiet: {self.device.counts}, open: {open_now}, asked: {self.device.rpcs[-8:]}")

    async def asked(self, kind: str, args: dict[str, Any]) -> Any:
        number = await self.house.request(self.key, kind, args)
        await self.becomes_quiet()
        return self.house.operation(number)

    def path(self, new: str, old: str) -> str:
        return self.device.cpe.tree.root + (new if self.device.cpe.tree.root == "Device." else old)


@pytest.mark.parametrize(("name", "about"), profiles("session"))
@pytest_twisted.ensureDeferred
async def test_an_odd_device_is_provisioned_read_and_written(house: House, name: str, about: dict[str, Any]):
    house.let_in()
    fleet = await house.fleet(1, about.get("model", MODEL), quirks=(name,), hangs_s=0.5)
    odd = Odd(house, fleet.devices[0])
    await odd.becomes_quiet()
    assert {view.kind: view.state for view in odd.operations() if view.kind in ("secure", "discover")} == {
        "secure": "done",
        "discover": "done",
    }
    ssid = odd.path("WiFi.SSID.1.SSID", "LANDevice.1.WLANConfiguration.1.SSID")
    for kind, args in (("read", {"paths": [ssid]}), ("write", {"values": [[ssid, "Odd Street", "string"]]})):
        view = await odd.asked(kind, args)
        assert view.state == "done", (kind, view.state, view.error, view.fault, view.result)
    assert odd.device.value(ssid) == "Odd Street"


COUNTERS = ("hearthline_cwmp_refused_total", "hearthline_http_refused_total", "hearthline_refused_total", "hearthline_cpe_login_total")
LOGINS = ("no-login", "broken-login", "login-wrong-digest", "basic-unasked")
LOST = ("no-empty-post", "new-connection-no-cookie")


def refused() -> float:
    """All that the server counts as refused, wherever it does."""
    samples = [each for metric in REGISTRY.collect() for each in metric.samples if each.name in COUNTERS]
    return sum(each.value for each in samples if each.labels.get("result") not in ("ok", "none"))


@pytest.mark.parametrize(("name", "about"), profiles("refusal"))
@pytest_twisted.ensureDeferred
async def test_a_device_that_cannot_be_served_is_refused_visibly(house: House, name: str, about: dict[str, Any]):
    house.let_in()
    before = refused()
    fleet = await house.fleet(1, about.get("model", MODEL), quirks=(name,))
    odd = Odd(house, fleet.devices[0])
    await until(lambda: odd.device.counts.failed >= 2 or odd.device.counts.sessions >= 1 or None)
    if not odd.device.in_session:
        odd.device.trigger("2 PERIODIC")
    await until(lambda: odd.device.counts.failed + odd.device.counts.sessions >= 2 and not odd.device.in_session)
    if name in LOST:
        await until(house.records)
        assert {record.row.outcome for record in house.records()} == {"lost"}
        assert odd.device.rpcs == []
        assert {view.state for view in odd.operations() if view.kind == "secure"} == {"queued"}
        return
    assert refused() - before >= 2
    assert (odd.key, odd.device.counts.sessions) == ("", 0)
    assert ("401" if name in LOGINS[1:] else "login" if name in LOGINS else "400") in odd.device.counts.last_failure


@pytest.mark.quirk("R-15")
@pytest_twisted.ensureDeferred
async def test_basic_sent_unasked_counts_where_the_operator_allows_it(make_house: Any):
    house = await make_house(cpe_basic_in_clear=True)
    house.let_in()
    odd = Odd(house, (await house.fleet(1, MODEL, quirks=("basic-unasked",))).devices[0])
    await odd.becomes_quiet()
    assert odd.device.counts.failed == 0
    assert {view.kind: view.state for view in odd.operations()}["secure"] == "done"


@pytest.mark.quirk("K-54")
@pytest_twisted.ensureDeferred
async def test_a_device_that_keeps_the_name_it_is_called_by_is_called_by_that_name(house: House):
    house.let_in()
    odd = Odd(house, (await house.fleet(1, MODEL, quirks=("one-refused-rolls-back",))).devices[0])
    await odd.becomes_quiet()
    assert odd.device.value("Device.ManagementServer.ConnectionRequestPassword") != ""
    before = odd.device.counts.calls
    await house.request(odd.key, "wake", {})
    await until(lambda: odd.device.counts.calls > before, what="it is called, and takes the login")


@pytest.mark.quirk("K-36")
@pytest_twisted.ensureDeferred
async def test_the_root_a_device_leaves_out_is_learned_and_put_before_what_it_informs(house: House):
    house.let_in()
    odd = Odd(house, (await house.fleet(1, MODEL, quirks=("short-names",))).devices[0])
    await odd.becomes_quiet()
    odd.device.trigger("2 PERIODIC")
    await until(lambda: odd.device.counts.sessions >= 2 and odd.is_quiet())
    with house.database.read() as session:
        head = devices.get(session, DEFAULT_TENANT, house.id_of(odd.key), utc_now())
        names = devices.tree(session, DEFAULT_TENANT, house.id_of(odd.key)).values
    assert (head.root, head.software_version) == ("Device", odd.device.value("Device.DeviceInfo.SoftwareVersion"))
    assert {name.partition(".")[0] for name in names} == {"Device"}
