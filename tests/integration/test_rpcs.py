"""Every RPC of CWMP end to end, over real HTTP, against the simulator: what we ask of devices, and what they call us with.

What happened is looked at on both sides, in the store and in the simulated device.
"""

import uuid
from typing import Any

import pytest
import pytest_twisted
from twisted.internet import reactor as installed
from twisted.internet.threads import deferToThread
from twisted.web.resource import Resource
from twisted.web.server import Site
from twisted.web.static import Data

from acs.db.tenancy import DEFAULT_TENANT
from acs.devices import service as devices
from acs.redirects import service as redirects
from acs.server.process import utc_now
from simulators import acts
from simulators.device import Device
from simulators.modules import make_module
from simulators.options import make_voucher
from tests.acs.server.house import ACTOR, House, pause, until
from tests.integration.test_flows import NEW, OLD, image_for, ssid, version

reactor: Any = installed
MODELS = pytest.mark.parametrize("model", [NEW, OLD])
UNITS = "Device.SoftwareModules.DeploymentUnit."


def told(house: House, device: Device, *codes: str) -> list[Any]:
    """What the device called us with, the newest first."""
    with house.database.read() as session:
        return list(devices.events(session, DEFAULT_TENANT, house.id_of(device), codes=codes))


@pytest.fixture
def shelf():
    """A file server with whatever is put on it; its address."""
    root = Resource()
    site = Site(root)
    site.noisy = False
    port = reactor.listenTCP(0, site, interface="127.0.0.1")
    channels: list[Any] = []
    build = site.buildProtocol
    site.buildProtocol = lambda address: channels.append(build(address)) or channels[-1]

    def put(name: str, content: bytes) -> str:
        root.putChild(name.encode(), Data(content, "application/octet-stream"))
        return f"http://127.0.0.1:{port.getHost().port}/{name}"

    yield put
    for channel in channels:
        if getattr(channel, "transport", None) is not None:
            channel.transport.abortConnection()
    pytest_twisted.blockon(port.stopListening())
    pytest_twisted.blockon(pause(0.02))


# ---- what we ask -----------------------------------------------------------------------------------------------


@MODELS
@pytest.mark.cwmp("C-10", "C-11", "C-5", "C-2")
@pytest_twisted.ensureDeferred
async def test_a_device_tells_what_it_can_do_and_is_not_asked_for_the_rest(house: House, model: str):
    device = await house.home_with(model)
    view = await house.done(device, "rpc_methods")
    assert {"GetParameterValues", "Reboot", "Download"} <= set(view.result["methods"])
    if "ChangeDUState" not in view.result["methods"]:
        before = len(device.rpcs)
        refused = await house.run(device, "uninstall_module", {"uuid": str(uuid.uuid4())})
        assert (refused.state, refused.fault["code"]) == ("failed", 9000)
        assert "ChangeDUState" not in list(device.rpcs)[before:]


@MODELS
@pytest.mark.cwmp("C-137", "D-23", "D-36", "L-53")
@pytest_twisted.ensureDeferred
async def test_a_device_comes_at_the_appointed_time(house: House, model: str):
    device = await house.home_with(model)
    operation = await house.request(device, "schedule_inform", {"delay_s": 1})
    await until(lambda: house.operation(operation).state == "waiting")
    sessions = device.counts.sessions
    view = await house.ended(operation)
    assert (view.state, view.result) == ("done", {"reported": True})
    await until(lambda: device.counts.sessions > sessions, 5, "the end of the session it came for")
    assert "3 SCHEDULED" in [event.code for event in devices_events(house, device)]


def devices_events(house: House, device: Device) -> Any:
    with house.database.read() as session:
        return devices.events(session, DEFAULT_TENANT, house.id_of(device))


@pytest.mark.cwmp("I-19", "C-134", "C-136", "D-38")
@pytest_twisted.ensureDeferred
async def test_firmware_is_loaded_within_its_window(house: House):
    device = await house.home_with(NEW)
    image = await image_for(house, NEW, "9.9.1")
    windows = [{"start_s": 1, "end_s": 60, "mode": "any", "retries": 1}]
    operation = await house.request(device, "schedule_download", {"image": image, "windows": windows})
    await until(lambda: house.operation(operation).state == "waiting")
    assert device.value(version(device)) != "9.9.1", "nothing before its window"
    view = await house.ended(operation, 30)
    assert (view.state, view.result["version"], view.result["reported"]) == ("done", "9.9.1", True)
    assert device.value(version(device)) == "9.9.1"


@pytest.mark.cwmp("C-131", "C-133", "I-19", "L-55")
@pytest_twisted.ensureDeferred
async def test_a_download_that_waits_is_listed_and_called_off(house: House):
    device = await house.home_with(NEW)
    image = await image_for(house, NEW, "9.9.2")
    windows = [{"start_s": 3600, "end_s": 7200, "mode": "idle"}]
    operation = await house.request(device, "schedule_download", {"image": image, "windows": windows})
    await until(lambda: house.operation(operation).state == "waiting" and not device.in_session)
    (listed,) = (await house.done(device, "queued_transfers")).result["transfers"]
    assert listed["command_key"] == house.operation(operation).command_key
    assert (listed["state"], listed["download"], listed["file_type"]) == ("waiting", True, "1 Firmware Upgrade Image")

    assert await house.cancel(operation) == "waiting"
    view = await house.ended(operation)
    assert (view.state, view.error) == ("cancelled", "Called off: the device dropped the transfer.")
    await until(lambda: not device.in_session)
    assert (await house.done(device, "queued_transfers")).result["transfers"] == []
    assert device.value(version(device)) != "9.9.2"
    assert (await house.done(device, "cancel_transfer", {"command_key": "nobody's"})).result["operation"] == 0  # success, and nothing done


@pytest.mark.cwmp("C-155", "C-160", "C-161", "C-164", "D-31", "D-40", "L-54")
@pytest_twisted.ensureDeferred
async def test_a_module_is_installed_updated_and_taken_away(house: House, shelf: Any):
    device = await house.home_with(NEW)
    first = await house.done(device, "install_module", {"url": shelf("meter-1.0.0.bin", make_module("meter", "1.0.0"))})
    (unit,) = first.result["units"]
    assert (unit["version"], unit["state"], unit["fault"]) == ("1.0.0", "Installed", 0)
    shown = {p.path.rpartition(".")[2]: p.value for p in house.stored(device, unit["unit"].rstrip(".") + ".").values()}
    assert (shown["UUID"], shown["Version"], shown["Status"]) == (unit["uuid"], "1.0.0", "Installed")

    await until(lambda: not device.in_session)
    newer = {"uuid": unit["uuid"], "url": shelf("meter-2.0.0.bin", make_module("meter", "2.0.0"))}
    assert (await house.done(device, "update_module", newer)).result["units"][0]["version"] == "2.0.0"
    await until(lambda: not device.in_session)
    gone = await house.done(device, "uninstall_module", {"uuid": unit["uuid"]})
    assert gone.result["units"][0]["state"] == "Uninstalled"
    stored = house.stored(device, UNITS)
    assert not any(
        p.value == unit["uuid"] and stored[path.rpartition(".")[0] + ".Status"].value == "Installed" for path, p in stored.items()
    )
    assert len(told(house, device, "modules")) == 3


@pytest.mark.cwmp("C-160", "C-163")
@pytest_twisted.ensureDeferred
async def test_a_module_that_cannot_be_had_fails_with_the_reason_of_its_unit(house: House):
    device = await house.home_with(NEW)
    view = await house.run(device, "uninstall_module", {"uuid": str(uuid.uuid4())})
    assert (view.state, view.fault["code"], view.fault["transient"]) == ("failed", 9028, False)
    assert view.error == "The unit was not changed: the device has no such unit."
    missing = await house.run(device, "install_module", {"url": house.files_url + "/nothing-here"})
    assert (missing.state, missing.fault["code"]) == ("failed", 9016)


@pytest.mark.cwmp("C-150")
@pytest_twisted.ensureDeferred
async def test_vouchers_bring_options(house: House):
    device = await house.home_with(NEW)
    assert (await house.done(device, "options")).result == {"options": []}
    await house.done(device, "vouchers", {"vouchers": [make_voucher("voip", 7, device.cpe.serial)]})
    (option,) = (await house.done(device, "options", {"name": "voip"})).result["options"]
    assert (option["name"], option["voucher"], option["enabled"], option["set_up"]) == ("voip", 7, True, True)
    refused = await house.run(device, "vouchers", {"vouchers": [make_voucher("voip", 8, "somebody else's")]})
    assert refused.fault["code"] == 9001


@pytest.mark.cwmp("C-6")
@pytest_twisted.ensureDeferred
async def test_a_vendors_own_call_goes_both_ways_and_one_it_has_not_is_refused(house: House):
    device = await house.home_with(NEW)
    view = await house.done(device, "raw_rpc", {"xml": "<X_HEARTHLINE_Blink><Seconds>3</Seconds></X_HEARTHLINE_Blink>"})
    assert "X_HEARTHLINE_BlinkResponse" in view.result["xml"]
    refused = await house.run(device, "raw_rpc", {"xml": "<X_HEARTHLINE_Sing/>"})
    assert (refused.state, refused.fault["code"]) == ("failed", 9000)


@pytest.mark.cwmp("C-61", "C-67")
@pytest_twisted.ensureDeferred
async def test_how_a_value_is_watched_is_read(house: House):
    device = await house.home_with(NEW)
    await house.done(device, "set_notification", {"paths": [ssid(device)], "notification": 1})
    told = (await house.done(device, "attributes", {"paths": [ssid(device), version(device)]})).result["attributes"]
    assert {each["path"]: each["notification"] for each in told} == {
        ssid(device): 1,
        version(device): 2,
    }  # a version is always told at once


@pytest.mark.cwmp("I-18")
@pytest_twisted.ensureDeferred
async def test_firmware_is_stored_beside_the_running_one_and_then_started(house: House):
    device = await house.home_with(NEW)
    image = await image_for(house, NEW, "9.9.3")
    stored = await house.done(device, "stored_image", {"image": image}, 30)
    assert (stored.result["active"], device.value(version(device)) == "9.9.3") == (False, False)
    image = await image_for(house, NEW, "9.9.4")
    started = await house.done(device, "stored_image", {"image": image, "activate": True}, 30)
    assert (started.result["active"], device.value(version(device))) == (True, "9.9.4")


@MODELS
@pytest.mark.quirk("K-54")
@pytest_twisted.ensureDeferred
async def test_a_device_is_moved_to_another_acs_for_good(make_house: Any, model: str):
    house = await make_house(workers=2)
    device = await house.home_with(model)
    other = house.workers[1].url
    view = await house.done(device, "move_acs", {"url": other})
    assert view.result["url"] == other
    assert device.value(device.cpe.management("URL")) == other
    await until(lambda: not device.in_session)
    count = house.view(device).inform_count
    device.trigger("2 PERIODIC")
    await until(lambda: house.view(device).inform_count > count)


@pytest.mark.cwmp("A-30", "A-32", "A-33")
@pytest_twisted.ensureDeferred
async def test_a_group_is_sent_on_while_a_rule_says_so_and_comes_back_afterwards(make_house: Any):
    house = await make_house(workers=2)
    device = await house.home_with(NEW)
    own = device.value(device.cpe.management("URL"))
    here, there = (worker.worker.handler for worker in house.workers)

    def rule() -> int:
        with house.database.write() as unit:
            return redirects.add(unit, ACTOR, "", NEW, house.workers[1].url + "other", "", utc_now())

    number = await deferToThread(rule)
    await until(lambda: here.redirects.target(house.view(device).key) is not None)
    there.redirects.replace({})  # the other worker plays the other ACS
    count = house.view(device).inform_count
    device.trigger("2 PERIODIC")
    await until(lambda: house.view(device).inform_count > count and not device.in_session)
    assert device.value(device.cpe.management("URL")) == own, "the device keeps our address"

    def gone() -> None:
        with house.database.write() as unit:
            redirects.remove(unit, ACTOR, number, utc_now())

    await deferToThread(gone)
    await until(lambda: here.redirects.target(house.view(device).key) is None)


# ---- what they call us with ------------------------------------------------------------------------------------


@pytest.mark.cwmp("C-170", "D-25")
@pytest_twisted.ensureDeferred
async def test_a_kicked_device_is_answered_and_its_history_says_so(make_house: Any):
    house = await make_house(kicked_url="https://portal.example/thanks")
    device = await house.home_with(NEW)
    acts.perform(device, "kick", "Reboot", "now")
    (event,) = await until(lambda: told(house, device, "kicked"))
    assert (event.detail, event.data["arg"]) == ("Reboot", "now")
    await until(lambda: not device.in_session)
    assert b"https://portal.example/thanks" in b"".join(message.body for message in house.records(device)[0].messages)


@pytest.mark.cwmp("C-171", "C-173", "D-29")
@pytest_twisted.ensureDeferred
async def test_a_device_that_asks_for_a_file_is_answered_and_sent_nothing_by_itself(house: House):
    device = await house.home_with(NEW)
    before = len(device.rpcs)
    acts.perform(device, "request-download", "1", "Firmware", "Upgrade", "Image", "Version=4")
    (event,) = await until(lambda: told(house, device, "request_download"))
    assert event.data == {"file_type": "1 Firmware Upgrade Image", "args": {"Version": "4"}}
    await until(lambda: not device.in_session)
    assert len(device.rpcs) == before


@pytest.mark.cwmp("C-126", "D-30", "I-20")
@pytest_twisted.ensureDeferred
async def test_a_transfer_of_the_devices_own_is_told(house: House, shelf: Any):
    device = await house.home_with(NEW)
    policy = "Device.ManagementServer.AutonomousTransferCompletePolicy."
    wanted = [[policy + "Enable", "1", "boolean"], [policy + "TransferTypeFilter", "Both", "string"]]
    await house.done(device, "write", {"values": wanted})
    acts.perform(device, "send", shelf("log", b"x"))
    (event,) = await until(lambda: told(house, device, "autonomous_transfer"))
    assert (event.data["download"], event.data["file_type"]) == (False, "2 Vendor Log File")


@pytest.mark.cwmp("C-162", "D-32")
@pytest_twisted.ensureDeferred
async def test_a_module_that_changed_by_itself_is_told(house: House, shelf: Any):
    device = await house.home_with(NEW)
    policy = "Device.ManagementServer.DUStateChangeComplPolicy."
    await house.done(device, "write", {"values": [[policy + "Enable", "1", "boolean"]]})
    acts.perform(device, "install", shelf("own-1.0.0.bin", make_module("own", "1.0.0")))
    (event,) = await until(lambda: told(house, device, "autonomous_modules"))
    assert (event.data["units"][0]["did"], event.data["units"][0]["version"]) == ("Install", "1.0.0")


@pytest.mark.cwmp("C-11", "C-3")
@pytest_twisted.ensureDeferred
async def test_a_device_learns_what_we_can_be_asked(house: House):
    device = await house.home_with(NEW)
    acts.perform(device, "ask-methods")
    await until(lambda: any(b"GetRPCMethodsResponse" in m.body for r in house.records(device)[:1] for m in r.messages))
    said = next(m.body for m in house.records(device)[0].messages if b"GetRPCMethodsResponse" in m.body)
    for method in ("Inform", "TransferComplete", "AutonomousTransferComplete", "RequestDownload", "Kicked", "DUStateChangeComplete"):
        assert f">{method}<".encode() in said
