"""What sessions teach: simulated devices that are odd in one way, the registry that learns it, and the next session that knows."""

from datetime import timedelta

import pytest
import pytest_twisted
from twisted.internet.threads import deferToThread

from acs.db.tenancy import DEFAULT_TENANT
from acs.devices.models import Device as Head
from acs.quirks import exchange
from acs.quirks import service as quirks
from acs.server.process import utc_now
from simulators.device import Device
from tests.acs.server.house import ACTOR, House, until

MODEL = "Norvik R110"


def knows(house: House, device: Device):
    number = house.id_of(device)
    with house.database.read() as session:
        return quirks.of_device(session, DEFAULT_TENANT, number)


def entries(house: House):
    with house.database.read() as session:
        return quirks.listed(session, DEFAULT_TENANT)


def said(house: House, device: Device) -> list[bytes]:
    """What the device said in its last recorded session."""
    return [message.body for message in house.records(device)[0].messages if message.from_cpe]


def started_long_ago(house: House, device: Device) -> None:
    """What it refuses from now on is not for having just started (K-57)."""
    number = house.id_of(device)
    with house.database.write() as unit:
        unit.session.get(Head, number).last_boot_at = utc_now() - timedelta(hours=1)  # type: ignore[union-attr]


def faults(house: House, device: Device) -> int:
    return sum(b"FaultCode" in body for body in said(house, device))


@pytest.mark.quirk("K-50")
@pytest_twisted.ensureDeferred
async def test_the_batch_a_device_takes_is_learned_and_the_next_session_begins_with_it(house: House):
    device = await house.home_with(MODEL, quirks=("at-most-32",))
    learned = knows(house, device).quirks
    assert 16 <= learned.read_batch <= 32 < learned.read_batch_fails
    assert len(house.stored(device)) == sum(not name.endswith(".") for name in device.cpe.tree.under(device.cpe.tree.root))
    for _ in range(5):
        await house.done(device, "discover")
    assert (knows(house, device).quirks.read_batch, knows(house, device).quirks.read_batch_fails) == (32, 33)
    await house.done(device, "discover")
    assert faults(house, device) == 0
    (seen,) = [one for one in knows(house, device).own if one.knob == "read_batch_fails"]
    assert (seen.answered[:4], seen.serial_number) == ("9004", device.serial)


@pytest.mark.quirk("K-49")
@pytest_twisted.ensureDeferred
async def test_names_that_are_listed_and_refused_are_left_out_and_a_new_firmware_is_asked_again(house: House):
    device = await house.home_with(MODEL, quirks=("listed-but-unreadable",))
    names = knows(house, device).quirks.refused_names
    assert {name.rpartition(".")[2] for name in names} == {"ModelName", "PossibleChannels"}
    await house.done(device, "discover")
    assert faults(house, device) == 0
    (first, *_rest) = names
    view = await house.run(device, "read", {"paths": [first]})
    assert view.state == "failed", "who asks for it by name is told the device's own word"
    device.cpe.facts.version = "99.1"
    device.trigger("2 PERIODIC")
    await until(lambda: house.view(device).software_version == "99.1" and not device.in_session)
    await house.done(device, "discover")
    assert faults(house, device) > 0
    assert {one.firmware for one in knows(house, device).own} == {"99.1"}


@pytest_twisted.ensureDeferred
async def test_three_devices_teach_us_their_model_and_the_fourth_is_known_before_it_says_a_word(house: House):
    house.let_in()
    three = await house.fleet(3, MODEL, quirks=("full-tree-exhausts",))
    await house.settled(*three.devices)
    (entry,) = [one for one in entries(house) if one.knob == "deep_names_refused"]
    assert (entry.state, entry.devices, entry.origin) == ("active", 3, "learned")
    await until(lambda: house.workers[0].worker._reloading is None)
    fourth = (await house.fleet(1, MODEL, quirks=("full-tree-exhausts",), first_number=50)).devices[0]
    await house.settled(fourth)
    first = house.records(fourth)[-1]
    assert all(b"FaultCode" not in message.body for message in first.messages if message.from_cpe)
    assert knows(house, fourth).own == ()


@pytest.mark.quirk("K-45", "K-47", "R-7", "R-8")
@pytest.mark.parametrize(
    ("profile", "knob"),
    [("root-names-refused", ""), ("next-level-nothing", ""), ("partial-path-9002", "partial_reads_refused"), ("lists-itself", "")],
)
@pytest_twisted.ensureDeferred
async def test_a_device_that_lists_oddly_is_read_as_a_whole(house: House, profile: str, knob: str):
    device = await house.home_with(MODEL, quirks=(profile,))
    assert house.view(device).has_tree
    root = device.cpe.tree.root
    view = await house.done(device, "read", {"paths": [root + "ManagementServer."]})
    assert view.result["count"] > 5
    if knob:
        assert getattr(knows(house, device).quirks, knob) is True


@pytest.mark.cwmp("C-33")
@pytest.mark.quirk("K-55")
@pytest.mark.parametrize("profile", ["no-parameter-faults", "no-fault-detail", "several-faults"])
@pytest_twisted.ensureDeferred
async def test_a_refused_write_is_told_per_value_and_with_partial_the_rest_is_written(house: House, profile: str):
    device = await house.home_with(MODEL, quirks=(profile,))
    root = device.cpe.tree.root
    code, ssid = root + "DeviceInfo.ProvisioningCode", root + "LANDevice.1.WLANConfiguration.1.SSID"
    values = [[code, "x1", "string"], [ssid, "Anna", "string"]]
    before = device.value(ssid)
    await deferToThread(started_long_ago, house, device)
    failed = await house.run(device, "write", {"values": values})
    assert failed.state == "failed"
    assert device.value(ssid) == before
    done = await house.done(device, "write", {"values": values, "partial": True})
    assert {item["path"]: item["state"] for item in done.result["each"]} == {code: "refused", ssid: "written"}
    assert device.value(ssid) == "Anna"
    assert house.stored(device)[ssid].value == "Anna"


@pytest.mark.quirk("K-40")
@pytest_twisted.ensureDeferred
async def test_the_spelling_of_booleans_is_found_out_once(house: House):
    device = await house.home_with(MODEL, quirks=("only-word-booleans",))
    await deferToThread(started_long_ago, house, device)
    path = device.cpe.tree.root + "LANDevice.1.WLANConfiguration.1.SSIDAdvertisementEnabled"
    await house.done(device, "write", {"values": [[path, "0", "boolean"]]})
    assert knows(house, device).quirks.boolean_literal == "words"
    await house.done(device, "write", {"values": [[path, "1", "boolean"]]})
    assert faults(house, device) == 0


@pytest.mark.quirk("K-57")
@pytest_twisted.ensureDeferred
async def test_a_device_that_is_not_ready_is_read_when_it_is(house: House):
    house.let_in()
    (device,) = (await house.fleet(1, MODEL, quirks=("not-ready",))).devices
    await until(lambda: house._is_known(device) and not device.in_session)
    assert [(op.kind, op.state) for op in house.open_operations(device) if op.kind == "discover"] == [("discover", "waiting")]
    await until(lambda: device.cpe.facts.now() - device.cpe.facts.booted > 4.2, 10)
    device.trigger("2 PERIODIC")
    await house.settled(device)
    assert house.view(device).has_tree


@pytest.mark.quirk("K-61")
@pytest_twisted.ensureDeferred
async def test_the_registry_as_a_file_makes_a_simulated_device_behave_like_what_was_learned(house: House, tmp_path):
    device = await house.home_with(MODEL, quirks=("full-tree-exhausts",))

    def confirm() -> str:
        with house.database.write() as unit:
            for one in quirks.listed(unit.session, DEFAULT_TENANT):
                quirks.change(unit, ACTOR, one.id, {"state": "active"}, utc_now())
        return exchange.written(entries(house), utc_now())

    path = tmp_path / "learned.toml"
    path.write_text(await deferToThread(confirm))
    twin = (await house.fleet(1, MODEL, quirks=(str(path),), first_number=50)).devices[0]
    await house.settled(twin)
    assert twin.cpe.quirks.before == device.cpe.quirks.before
    assert house.view(twin).has_tree
