"""The ways to wake devices, put together: one behind a NAT woken by STUN and UDP, one through a real prosody, and the rest of the wiring."""

from pathlib import Path
from typing import Any

import pytest
import pytest_twisted

from acs.db.tenancy import DEFAULT_TENANT
from acs.devices import service as devices
from acs.provisioning.quirks import DeviceQuirks
from acs.quirks import service as quirks
from acs.reach import service as reach
from acs.reach.service import Target
from acs.reach.views import Code, Method, Way
from acs.secrets import Vault
from acs.server.calls import Calls
from acs.server.connection_request import WakeResult
from acs.server.process import open_database, utc_now
from acs.settings import Settings
from simulators.device import Device
from tests.acs.server.house import ACTOR, House, reactor, until
from tests.prosody import DOMAIN, Prosody

INSIDE = "127.200"
"""Nothing listens there, and no test leaves the machine."""


def looked_at(house: House, device: Device) -> Any:
    with house.database.read() as session:
        return reach.view(
            session, DEFAULT_TENANT, house.id_of(device), utc_now(), house.calls.xmpp is not None, bool(house.calls.stun_port)
        )


async def applied(house: House, device: Device, kind: str, args: Any = None) -> Any:
    """An operation that reaches the device by its own next contact."""
    number = await house.request(device, kind, args or {})
    device.trigger("2 PERIODIC")
    view = await house.ended(number)
    assert view.state == "done", (view.error, view.fault)
    await until(lambda: not device.in_session)
    return view


async def behind_nat(house: House) -> Device:
    house.let_in()
    (device,) = (await house.fleet(1, "G240", nat=INSIDE)).devices
    await house.settled(device)
    return device


@pytest.mark.cwmp("F-30", "F-31", "F-32", "F-33", "F-36", "F-37", "F-39", "F-40", "L-74")
@pytest_twisted.ensureDeferred
async def test_device_behind_a_nat_is_woken_by_a_datagram_through_the_binding_it_keeps(house: House):
    device = await behind_nat(house)
    before = looked_at(house, device)
    assert (before.diagnosis.code, before.diagnosis.address, before.can_stun) == (Code.PRIVATE, f"{INSIDE}.1.4", True)

    await applied(house, device, "enable_stun")
    nat_port = device.links[0]._port
    await until(lambda: house.calls.stun.bindings, what="a binding that the device proved")
    (binding,) = house.calls.stun.bindings.values()
    assert binding.address == nat_port.outside
    assert device.value("Device.ManagementServer.NATDetected") == "true"
    assert device.value("Device.ManagementServer.UDPConnectionRequestAddress") == f"127.0.0.1:{nat_port.outside[1]}"
    await until(lambda: looked_at(house, device).facts.udp_address == f"127.0.0.1:{nat_port.outside[1]}", what="the binding in its row")
    await until(lambda: not device.in_session and not house.open_operations(device))

    calls = device.counts.calls
    view = await house.done(device, "wake")
    assert device.counts.calls == calls + 1 and device.links[0].heard == 1
    assert view.state == "done"
    await until(lambda: looked_at(house, device).diagnosis.code is Code.WORKS)
    after = looked_at(house, device)
    assert after.diagnosis.method is Method.UDP
    first = after.attempts[0]
    assert (first.method, first.result, first.came_at is not None) == (Method.UDP, "sent", True)


@pytest.mark.cwmp("F-36")
@pytest_twisted.ensureDeferred
async def test_stun_login_of_a_device_that_is_removed_is_forgotten_at_once(house: House):
    device = await behind_nat(house)
    await applied(house, device, "enable_stun")
    await until(lambda: house.calls.stun.bindings)
    with house.database.write() as unit:
        devices.remove(unit, ACTOR, house.id_of(device), utc_now())
    stun = house.calls.stun  # the device goes on asking: that its name is nobody's may be remembered
    await until(lambda: not stun.bindings and not any(secret for _, secret in stun._secrets.values()))


@pytest.mark.cwmp("F-31", "F-33", "F-36")
@pytest_twisted.ensureDeferred
async def test_new_binding_of_the_nat_is_learned_and_called(house: House):
    device = await behind_nat(house)
    await applied(house, device, "enable_stun")
    await until(lambda: house.calls.stun.bindings)
    port = device.links[0]._port
    old = port.outside
    await port.forget()
    await until(lambda: (port.outside or old) != old and [b.address for b in house.calls.stun.bindings.values()] == [port.outside], 10)
    await until(lambda: not device.in_session and not house.open_operations(device))
    await house.done(device, "wake")
    assert device.links[0].heard == 1


@pytest.mark.cwmp("F-42")
def test_timestamps_of_udp_requests_only_grow_though_the_clock_goes_back(database: Any, vault: Vault, now: Any, actor: Any):
    from datetime import timedelta

    from acs.cwmp.identity import Identity

    with database.write() as unit:
        number = devices.preregister(unit, actor, Identity("0011AA", "X", "S9"), now)
    stamps = []
    for at in (now, now, now - timedelta(days=1), now + timedelta(seconds=10)):
        with database.write() as unit:
            stamps.append(reach.reserve_ts(unit, number, at))
    assert stamps == sorted(set(stamps)) and stamps[-1] == int(now.timestamp()) + 10


@pytest.mark.prosody
@pytest.mark.cwmp("F-50", "F-51", "F-52", "F-53", "F-60", "L-75")
@pytest_twisted.ensureDeferred
async def test_device_is_woken_through_a_real_xmpp_server(make_house: Any, prosody: Prosody):
    house = await make_house(**prosody.settings(), xmpp_accounts=True)
    house.let_in()
    await until(lambda: house.calls.xmpp.is_up, what=house.calls.xmpp.last_error)
    (device,) = (await house.fleet(1, "G240", nat=INSIDE, ca=prosody.ca)).devices
    await house.settled(device)
    assert looked_at(house, device).can_xmpp

    view = await applied(house, device, "enable_xmpp")
    link = device.links[1]
    await until(lambda: link.is_up, 20, "the device on the XMPP server")
    jid = device.value("Device.ManagementServer.ConnReqJabberID")
    assert jid == f"{view.result['account']}/cwmp" and jid.endswith(f"@{DOMAIN}/cwmp")
    await until(lambda: looked_at(house, device).facts.jabber_id == jid, what="an Inform that tells the Jabber ID")
    await until(lambda: not device.in_session and not house.open_operations(device))

    await house.done(device, "wake")
    assert link.heard == 1
    await until(lambda: looked_at(house, device).diagnosis.code is Code.WORKS)
    first = looked_at(house, device).attempts[0]
    assert (first.method, first.result) == (Method.XMPP, "ok")


def known_of_g240(house: House, **knobs: bool) -> None:
    with house.database.write() as unit:
        for knob, value in knobs.items():
            quirks.add(unit, ACTOR, {"product_class": "G240", "knob": knob, "value": value}, utc_now())


@pytest.mark.quirk("K-68")
@pytest_twisted.ensureDeferred
async def test_model_that_knows_only_basic_is_sent_our_login_in_clear_only_where_a_person_said_so(house: House):
    house.let_in()
    (device,) = (await house.fleet(1, "G240", quirks=("cr-basic",))).devices
    await house.settled(device)
    refused = await house.request(device, "wake")
    await until(lambda: looked_at(house, device).attempts, what="a call")
    assert [(one.result, one.detail) for one in looked_at(house, device).attempts] == [
        ("unauthorized", "the device offers no login we may use")
    ]
    assert device.counts.calls == 0
    known_of_g240(house, request_basic=True)
    house.calls.waker.want(house.id_of(device))
    assert (await house.ended(refused)).state == "done"
    assert device.counts.calls == 1


@pytest.mark.quirk("K-72")
@pytest_twisted.ensureDeferred
async def test_model_that_wants_datagrams_signed_over_sorted_fields_gets_them_so(house: House):
    house.let_in()
    known_of_g240(house, udp_sorted=True)
    (device,) = (await house.fleet(1, "G240", nat=INSIDE, quirks=("udp-sorted-hmac",))).devices
    await house.settled(device)
    await applied(house, device, "enable_stun")
    await until(lambda: house.calls.stun.bindings, what="a binding that the device proved")
    await until(lambda: not device.in_session and not house.open_operations(device))
    assert (await house.done(device, "wake")).state == "done"
    assert device.links[0].heard == 1


@pytest.mark.parametrize(("said", "result"), [(False, WakeResult.NO_URL), (True, WakeResult.REFUSED)])
@pytest_twisted.ensureDeferred
async def test_https_address_of_a_model_is_called_where_a_person_said_so_though_the_setting_does_not(
    house: House, said: bool, result: WakeResult
):
    target = Target(
        DEFAULT_TENANT, (), "u", "s", "", in_session=False, wanted=True, informed_at=None, quirks=DeviceQuirks(request_https=said)
    )
    found, _ = await house.calls._send(1, target, Way(Method.HTTP, "https://127.0.0.1:9/cr"))
    assert found is result


@pytest_twisted.ensureDeferred
async def test_waker_reads_and_writes_through_the_database(tmp_path: Path, sqlite_url: str, vault: Vault):
    settings = Settings(home=tmp_path, database_url=sqlite_url, bind="127.0.0.1", stun_port=0)
    database = open_database(settings, publish=False)
    calls = Calls(reactor, settings, vault, database, utc_now)
    calls.start()
    calls.hinted([{"kind": "operation", "device": 99, "urgent": True}, {"kind": "progress", "device": 99}, {"kind": "job", "id": 1}])
    await until(lambda: not calls.waker._efforts)  # nobody's number: read in a thread, and left alone
    await calls._poll()
    await calls.stop()
    database.close()


@pytest_twisted.ensureDeferred
async def test_stun_port_that_is_taken_costs_udp_requests_and_nothing_else(tmp_path: Path, sqlite_url: str, vault: Vault):
    settings = Settings(home=tmp_path, database_url=sqlite_url, bind="127.0.0.1", stun_port=0)
    database = open_database(settings, publish=False)
    first = Calls(reactor, settings, vault, database, utc_now)
    first.start()
    second = Calls(reactor, settings.model_copy(update={"stun_port": first.stun_port}), vault, database, utc_now)
    second.start()
    assert (second.stun_port, first.stun_port > 0) == (0, True)
    await first.stop()
    await second.stop()
    database.close()
