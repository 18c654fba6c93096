"""Whole flows over real HTTP, on both data models: simulated CPEs, the ACS of one process, SQLite.

What an operation did is looked at on both sides: in the store, and in the simulated device.
"""

import io
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_twisted
from twisted.internet.threads import deferToThread

from acs.cwmp.faults import CwmpFault
from acs.cwmp.messages import FaultStruct, RebootResponse, TransferComplete
from acs.db.tenancy import DEFAULT_TENANT
from acs.devices import canonicals
from acs.devices import service as devices
from acs.firmware import service as firmware
from acs.provisioning.kinds import KINDS
from acs.provisioning.plan import Trust
from acs.server.process import utc_now
from simulators.device import Device
from simulators.firmware import make_image
from tests.acs.server.house import ACTOR, ONBOARDING, House, pause, until
from tests.acs.server.kit import digest_line, envelope, inform, post, values

NEW, OLD = "Norvik G240", "Norvik R110"
MODELS = pytest.mark.parametrize("model", [NEW, OLD])
SECRET = re.compile(rb"(?:Password|Passphrase)</(?:\w+:)?Name>\s*<(?:\w+:)?Value[^>]*>(?!\xe2\x80\xa2)[^<]")


def ssid(device: Device) -> str:
    below = "WiFi.SSID.1.SSID" if device.cpe.tree.root == "Device." else "LANDevice.1.WLANConfiguration.1.SSID"
    return device.cpe.tree.root + below


def version(device: Device) -> str:
    return f"{device.cpe.tree.root}DeviceInfo.SoftwareVersion"


def rpc_log(device: Device) -> list[str]:
    return list(device.rpcs)


async def image_for(house: House, model: str, number: str, size: int = 100_000) -> int:
    def add() -> int:
        _, sha, length = firmware.store_upload(io.BytesIO(make_image(model, number, size)), house.settings.files_dir, 10**8)
        with house.database.write() as unit:
            return firmware.add(unit, ACTOR, utc_now(), sha, length, "image.bin", number, model)

    found: int = await deferToThread(add)
    return found


# ---- first contact ---------------------------------------------------------------------------------------------


@MODELS
@pytest.mark.cwmp("F-19", "J-3", "L-22", "L-30", "C-4")
@pytest_twisted.ensureDeferred
async def test_first_contact_ends_with_logins_of_its_own_and_everything_read(house: House, model: str):
    device = await house.home_with(model)
    view, management = house.view(device), device.cpe.management
    assert (view.trust, view.model, view.software_version) == (Trust.ADMITTED, model, device.value(version(device)))
    assert device.value(management("Password")) != ONBOARDING
    assert len(device.value(management("Password"))) == 24
    assert device.value(management("Username")) == view.key
    assert len(device.value(management("ConnectionRequestPassword"))) == 24

    stored = house.stored(device)
    assert stored[ssid(device)].value == device.value(ssid(device))
    assert len(stored) == sum(not name.endswith(".") for name in device.cpe.tree.under(device.cpe.tree.root))
    parameter = stored[ssid(device)]
    assert parameter.origin == "session"
    assert datetime.now(UTC) - parameter.at < timedelta(seconds=30)
    assert parameter.writable is True


@MODELS
@pytest_twisted.ensureDeferred
async def test_second_device_of_a_kind_is_set_up_without_discovery(house: House, model: str):
    """Its logins, and by name what people care about: "provision". The first one taught what there is."""
    await house.home_with(model)
    second = (await house.fleet(2, model)).devices[1]
    await house.settled(second)
    asked = rpc_log(second)
    assert "GetParameterNames" not in asked and asked.count("GetParameterValues") <= 6
    assert len(second.value(second.cpe.management("Password"))) == 24
    stored = house.stored(second)
    assert stored[ssid(second)].value == second.value(ssid(second))
    assert stored[ssid(second)].writable is True
    with house.database.read() as session:
        found = canonicals.of_device(session.connection(), house.id_of(second))
    assert found["wifi.2g.ssid"].text in {stored[name].value for name in stored if name.endswith("SSID")}
    second.trigger("2 PERIODIC")
    await until(lambda: second.counts.sessions >= 2 and not second.in_session)
    assert rpc_log(second) == asked, "and nothing is due afterwards"


@pytest_twisted.ensureDeferred
async def test_next_session_logs_in_with_the_new_secret_and_the_old_one_is_void(house: House):
    device = await house.home_with(NEW)
    own = device.value(device.cpe.management("Password"))
    device.trigger("2 PERIODIC")
    await until(lambda: device.counts.sessions >= 2 and not device.in_session)
    assert device.counts.failed == 0

    device_id = house.id_of(device)
    with house.database.write() as unit:  # a change of secret: both count until the new one is used
        from acs.operations.briefing import Briefing

        Briefing(house.vault, "", "device").prepare_credentials(unit.connection, [(1, device_id, house.view(device).key, utc_now())])
    renewed = await _secret(house, device_id)
    assert renewed != own
    await pause(0.01)
    key = house.view(device).key
    assert [await _login(house, device, key, secret) for secret in (own, renewed, own, renewed)] == [200, 200, 401, 200]


async def _secret(house: House, device_id: int) -> str:
    from acs.devices.models import DeviceCredential

    with house.database.read() as session:
        row = session.get(DeviceCredential, device_id)
        assert row is not None
        return house.vault.open(row.next_secret or row.secret)


async def _login(house: House, device: Device, user: str, secret: str) -> int:
    """The status an Inform gets with this login, by a bare client that says it is the device."""
    raw = await house.connect()
    identity = device.cpe.identity
    body = envelope(inform(identity.serial_number, oui=identity.oui, product=identity.product_class))
    challenge = (await raw.ask(post(body))).one("www-authenticate")
    answer = await raw.ask(post(body, authorization=digest_line(challenge, user, secret)))
    await raw.hang_up()
    return answer.status


@pytest.mark.cwmp("J-7", "A-108")
@pytest_twisted.ensureDeferred
async def test_device_in_quarantine_is_answered_but_asked_nothing_until_it_is_let_in(house: House):
    (device,) = (await house.fleet(1, NEW)).devices
    await until(lambda: device.counts.sessions == 1 and not device.in_session)
    view = house.view(device)
    assert (view.trust, view.has_tree, rpc_log(device)) == (Trust.QUARANTINE, False, [])
    assert device.value(device.cpe.management("Password")) == ONBOARDING

    def admit() -> None:
        with house.database.write() as unit:
            devices.set_trust(unit, ACTOR, view.id, Trust.ADMITTED, utc_now())

    await deferToThread(admit)
    device.trigger("2 PERIODIC")
    await house.settled(device)
    assert "SetParameterValues" in rpc_log(device)
    assert house.view(device).has_tree


@pytest_twisted.ensureDeferred
async def test_blocked_device_is_asked_nothing(house: House):
    device = await house.home_with(NEW)

    def block() -> None:
        with house.database.write() as unit:
            devices.set_trust(unit, ACTOR, house.id_of(device), Trust.BLOCKED, utc_now())

    await deferToThread(block)
    asked = len(rpc_log(device))
    device.trigger("2 PERIODIC")
    await until(lambda: device.counts.sessions + device.counts.failed >= 2 and not device.in_session)
    assert len(rpc_log(device)) == asked


@pytest_twisted.ensureDeferred
async def test_wrong_secret_stores_nothing(house: House):
    house.let_in()
    (device,) = (await house.fleet(1, NEW, password="a guess")).devices
    await until(lambda: device.counts.failed >= 1)
    with house.database.read() as session:
        assert devices.search(session, DEFAULT_TENANT, utc_now()) == ()


# ---- every kind of operation -----------------------------------------------------------------------------------


@MODELS
@pytest_twisted.ensureDeferred
async def test_read_and_refresh_keep_what_the_device_says(house: House, model: str):
    device = await house.home_with(model)
    device.set_local(ssid(device), "Orchard")
    view = await house.done(device, "read", {"paths": [ssid(device)]})
    assert view.result["values"] == {ssid(device): "Orchard"}
    assert house.stored(device)[ssid(device)].value == "Orchard"

    table = ssid(device).rpartition("1.SSID")[0]
    device.set_local(ssid(device), "Pond")
    view = await house.done(device, "refresh", {"prefixes": [table]})
    assert view.result["values"] > 10
    assert house.stored(device)[ssid(device)].value == "Pond"


@MODELS
@pytest_twisted.ensureDeferred
async def test_discover_reads_the_tree_anew(house: House, model: str):
    device = await house.home_with(model)
    view = await house.done(device, "discover")
    assert view.result["parameters"] == view.result["values"] == len(house.stored(device))


@MODELS
@pytest_twisted.ensureDeferred
async def test_write_is_read_back_in_the_same_session(house: House, model: str):
    device = await house.home_with(model)
    sessions, asked = device.counts.sessions, len(rpc_log(device))
    view = await house.done(device, "write", {"values": [[ssid(device), "Hill & <Dale>", "string"]]})
    assert (view.result["not_held"], view.result["needs_restart"]) == ([], False)
    assert device.value(ssid(device)) == "Hill & <Dale>"
    assert rpc_log(device)[asked:] == ["SetParameterValues", "GetParameterValues"]
    assert device.counts.sessions == sessions + 1
    assert house.stored(device)[ssid(device)].value == "Hill & <Dale>"


@MODELS
@pytest.mark.cwmp("L-34")
@pytest_twisted.ensureDeferred
async def test_refused_write_names_each_parameter_and_changes_nothing(house: House, model: str):
    device = await house.home_with(model)
    root, before = device.cpe.tree.root, device.value(ssid(device))
    view = await house.run(
        device, "write",
        {"values": [[ssid(device), "Changed", "string"], [f"{root}No.Such.Thing", "1", "string"], [version(device), "9", "string"]]},
        override=True, reason="to hear the device say it",
    )  # fmt: skip
    assert view.state == "failed"
    assert view.fault["code"] == 9003
    assert {p["name"]: p["code"] for p in view.fault["parameters"]} == {f"{root}No.Such.Thing": 9005, version(device): 9008}
    assert device.value(ssid(device)) == before
    assert view.result["written"] == []


@MODELS
@pytest.mark.quirk("K-54")
@pytest_twisted.ensureDeferred
async def test_credentials_never_travel_with_other_values(house: House, model: str):
    device = await house.home_with(model)
    management = device.cpe.management
    wanted = [
        [ssid(device), "Meadow", "string"], [management("ConnectionRequestUsername"), "u", "string"],
        [management("ConnectionRequestPassword"), "p", "string"], [management("PeriodicInformInterval"), "900", "unsignedInt"],
    ]  # fmt: skip
    asked = len(rpc_log(device))
    await house.done(device, "write", {"values": wanted})
    assert rpc_log(device)[asked:].count("SetParameterValues") == 2
    record = house.records(device)[0]
    writes = [m.body.decode() for m in record.messages if not m.from_cpe and b"<cwmp:SetParameterValues>" in m.body]
    for body in writes:
        assert ("ConnectionRequest" in body) != ("PeriodicInformInterval" in body)
    first = next(m.body.decode() for r in house.records(device)[::-1] for m in r.messages if b"<cwmp:SetParameterValues>" in m.body)
    assert "ConnectionRequestPassword" in first
    assert "ManagementServer.Password" not in first


@pytest.mark.cwmp("L-87", "H-76")
@pytest_twisted.ensureDeferred
async def test_row_is_added_with_its_values_and_deleted(house: House):
    device = await house.home_with(NEW)
    table = "Device.NAT.PortMapping."
    added = await house.done(device, "add_object", {"table": table, "values": [["ExternalPort", "8080", "unsignedInt"]]})
    row = added.result["path"]
    assert device.value(row + "ExternalPort") == "8080"
    assert house.stored(device, row)[row + "ExternalPort"].value == "8080"
    await house.done(device, "delete_object", {"path": row})
    assert not device.cpe.tree.is_object(row)
    assert house.stored(device, row) == {}


@pytest_twisted.ensureDeferred
async def test_row_is_added_on_the_older_model(house: House):
    device = await house.home_with(OLD)
    tables = sorted({name for name in device.cpe.tree.under("InternetGatewayDevice.") if ".PortMapping." in name})
    assert tables or device.cpe.tree.is_object("InternetGatewayDevice.WANDevice.1.WANConnectionDevice.1.WANPPPConnection.1.PortMapping.")
    table = next(
        path
        for path in (
            "InternetGatewayDevice.WANDevice.1.WANConnectionDevice.1.WANPPPConnection.1.PortMapping.",
            "InternetGatewayDevice.WANDevice.1.WANConnectionDevice.1.WANIPConnection.1.PortMapping.",
        )
        if device.cpe.tree.is_object(path)
    )
    added = await house.done(device, "add_object", {"table": table, "values": [["ExternalPort", "8081", "unsignedInt"]]})
    assert device.value(added.result["path"] + "ExternalPort") == "8081"
    await house.done(device, "delete_object", {"path": added.result["path"]})


@pytest_twisted.ensureDeferred
async def test_row_whose_values_are_refused_is_taken_away_again(house: House):
    device = await house.home_with(NEW)
    rows = device.cpe.tree.rows("Device.NAT.PortMapping.")
    view = await house.run(
        device, "add_object", {"table": "Device.NAT.PortMapping.", "values": [["ExternalPort", "99999999", "unsignedInt"]]},
        override=True, reason="to hear the device say it",
    )  # fmt: skip
    assert (view.state, "taken away again" in view.error) == ("failed", True)
    assert device.cpe.tree.rows("Device.NAT.PortMapping.") == rows


@MODELS
@pytest.mark.cwmp("L-50")
@pytest_twisted.ensureDeferred
async def test_watched_value_is_reported_when_it_changes(house: House, model: str):
    device = await house.home_with(model)
    await house.done(device, "set_notification", {"paths": [ssid(device)], "notification": 2})
    device.set_local(ssid(device), "Harbour")
    await until(lambda: any(ssid(device) in e.detail for e in _events(house, device) if e.code == "4 VALUE CHANGE"))
    await until(lambda: house.stored(device)[ssid(device)].value == "Harbour", 3, "the reported value in the store")


def _events(house: House, device: Device) -> Any:
    with house.database.read() as session:
        return devices.events(session, DEFAULT_TENANT, house.id_of(device))


@MODELS
@pytest.mark.cwmp("L-51")
@pytest_twisted.ensureDeferred
async def test_restart_is_done_when_the_device_is_back(house: House, model: str):
    device = await house.home_with(model)
    view = await house.done(device, "reboot")
    assert (device.counts.boots, rpc_log(device).count("Reboot"), view.result["reported"]) == (2, 1, True)


@MODELS
@pytest.mark.cwmp("L-52")
@pytest_twisted.ensureDeferred
async def test_factory_reset_begins_anew_with_logins_of_its_own(house: House, model: str):
    device = await house.home_with(model)
    await house.done(device, "write", {"values": [[ssid(device), "Changed", "string"]]})
    before = device.value(device.cpe.management("Password"))
    await house.done(device, "factory_reset")
    await house.settled(device)
    assert device.value(ssid(device)) != "Changed"
    assert rpc_log(device).count("FactoryReset") == 1
    assert device.value(device.cpe.management("Password")) not in (before, ONBOARDING)
    assert house.stored(device)[ssid(device)].value == device.value(ssid(device))


@MODELS
@pytest.mark.cwmp("L-60", "I-5", "I-9", "I-11", "C-4")
@pytest_twisted.ensureDeferred
async def test_firmware_is_fetched_installed_and_reported(house: House, model: str):
    device = await house.home_with(model)
    old = device.value(version(device))
    view = await house.done(device, "firmware", {"image": await image_for(house, model, "9.9.1")})
    assert (view.result["before"], view.result["version"], view.result["reported"]) == (old, "9.9.1", True)
    assert (device.value(version(device)), device.download_count, device.counts.boots) == ("9.9.1", 1, 2)
    assert house.view(device).software_version == "9.9.1"
    reports = [m for r in house.records(device) for m in r.messages if m.from_cpe and b"TransferComplete>" in m.body]
    assert len(reports) == 1
    assert view.command_key.encode() in reports[0].body


@pytest_twisted.ensureDeferred
async def test_firmware_the_device_runs_already_is_not_loaded_again(house: House):
    device = await house.home_with(NEW)
    view = await house.done(device, "firmware", {"image": await image_for(house, NEW, device.value(version(device)))})
    assert (view.result["already"], device.download_count) == (True, 0)


@pytest.mark.cwmp("L-61", "I-8")
@pytest_twisted.ensureDeferred
async def test_broken_image_is_told_and_the_old_version_runs_on(house: House):
    device = await house.home_with(NEW, faults=("download-corrupt",))
    old = device.value(version(device))
    view = await house.run(device, "firmware", {"image": await image_for(house, NEW, "9.9.2")})
    assert (view.state, view.fault["code"], view.result["version"]) == ("failed", 9018, old)
    assert device.download_count == 1


@MODELS
@pytest.mark.feature("U-16")
@pytest.mark.cwmp("L-64", "I-30", "I-31", "I-34")
@pytest_twisted.ensureDeferred
async def test_restored_backup_brings_the_old_values_back(house: House, model: str):
    device = await house.home_with(model)
    await house.done(device, "write", {"values": [[ssid(device), "Before", "string"]]})
    kept = {name: device.value(name) for name in (ssid(device), ssid(device).replace("1.SSID", "2.SSID"))}
    backup = await house.done(device, "backup")
    with house.database.read() as session:
        (file,) = firmware.files_of(session, DEFAULT_TENANT, house.id_of(device))
    assert (file.id, file.kind, file.size) == (backup.result["file"], "config", backup.result["size"])
    await house.done(device, "write", {"values": [[name, "After", "string"] for name in kept]})
    assert {device.value(name) for name in kept} == {"After"}
    await house.done(device, "restore", {"file": file.id})
    assert {name: device.value(name) for name in kept} == kept
    assert rpc_log(device).count("Upload") == 1


@MODELS
@pytest.mark.cwmp("I-40")
@pytest_twisted.ensureDeferred
async def test_log_is_fetched(house: House, model: str):
    device = await house.home_with(model)
    view = await house.done(device, "log_upload")
    with house.database.read() as session:
        (file,) = firmware.files_of(session, DEFAULT_TENANT, house.id_of(device))
    assert (file.kind, file.id) == ("log", view.result["file"])
    assert b"boot" in firmware.read_sealed(house.vault, house.settings.files_dir, file.sha256)


@MODELS
@pytest.mark.cwmp("L-80", "X-7")
@pytest_twisted.ensureDeferred
async def test_ping_tells_what_the_device_measured(house: House, model: str):
    device = await house.home_with(model)
    view = await house.done(device, "ping", {"host": "192.0.2.1", "count": 2})
    result = view.result
    assert result["received"] + result["lost"] == 2
    assert result["minimum_ms"] <= result["average_ms"] <= result["maximum_ms"]
    assert device.counts.diagnoses == 1


@MODELS
@pytest.mark.cwmp("L-83", "G-24")
@pytest_twisted.ensureDeferred
async def test_throughput_is_measured_both_ways_against_our_files_server(house: House, model: str):
    device = await house.home_with(model)
    down = await house.done(device, "download_test", {"bytes": 400_000})
    up = await house.done(device, "upload_test", {"bytes": 300_000})
    assert down.result["bytes"] >= 400_000
    assert up.result["bytes"] >= 300_000
    assert down.result["mbps"] > 0
    assert up.result["mbps"] > 0


@MODELS
@pytest.mark.cwmp("L-82")
@pytest_twisted.ensureDeferred
async def test_route_and_name_are_told_alike_for_both_models(house: House, model: str):
    device = await house.home_with(model)
    trace = await house.done(device, "traceroute", {"host": "example.net"})
    assert trace.result["hops"]
    assert all(hop["address"] or hop["host"] for hop in trace.result["hops"][-1:])
    name = await house.done(device, "nslookup", {"host": "example.net"})
    assert name.result["answered"] >= 1
    assert name.result["answers"][0]["addresses"]


@pytest.fixture
def _quick_scan(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simulators.diagnostics.SCAN_S", (0.1, 0.2))


@pytest.mark.usefixtures("_quick_scan")
@pytest_twisted.ensureDeferred
async def test_neighbours_are_told_where_the_model_can(house: House):
    device = await house.home_with(NEW)
    view = await house.done(device, "wifi_scan")
    assert {n["ssid"] for n in view.result["neighbours"]} == {n.ssid for n in device.cpe.facts.neighbours}


@pytest.mark.usefixtures("_quick_scan")
@pytest_twisted.ensureDeferred
async def test_neighbours_of_the_older_model_are_told_or_said_to_be_missing(house: House):
    device = await house.home_with(OLD)
    view = await house.run(device, "wifi_scan")
    assert view.state == "done" or view.error == "This device offers no such test."


@MODELS
@pytest.mark.cwmp("L-81")
@pytest_twisted.ensureDeferred
async def test_name_that_does_not_resolve_is_told_in_words(house: House, model: str):
    device = await house.home_with(model)
    view = await house.run(device, "ping", {"host": "no-such-name.invalid"})
    assert (view.state, view.error) == ("failed", "The name could not be resolved.")


@pytest.mark.cwmp("G-26", "G-27", "G-33")
@pytest_twisted.ensureDeferred
async def test_the_rarer_tests_measure_where_the_model_can(house: House):
    device = await house.home_with(NEW)
    echo = await house.done(device, "udp_echo", {"host": "192.168.1.10", "count": 3})
    assert (echo.result["received"], echo.result["lost"]) == (3, 0)
    assert 0 < echo.result["minimum_us"] <= echo.result["average_us"] <= echo.result["maximum_us"]
    selected = await house.done(device, "server_selection", {"hosts": ["192.168.1.10", "240.0.0.1"], "count": 1, "timeout_ms": 100})
    assert selected.result["fastest"] == "192.168.1.10"
    assert "flash ok" in (await house.done(device, "self_test")).result["text"]


@pytest.mark.cwmp("G-31", "G-32")
@MODELS
@pytest.mark.parametrize("kind", ["line_test", "atm_loopback"])
@pytest_twisted.ensureDeferred
async def test_a_test_of_a_line_the_device_does_not_have_says_so(house: House, model: str, kind: str):
    device = await house.home_with(model)
    assert (await house.run(device, kind)).error == "This device offers no such test."


def test_every_kind_of_operation_has_a_flow_here_or_beside():
    beside = (
        *Path(__file__).parent.glob("test_*.py"),
        *Path(__file__).parents[1].glob("*/test_reach.py"),
        *Path(__file__).parents[1].glob("acs/server/test_calls.py"),
    )
    text = "".join(file.read_text(encoding="utf-8") for file in beside)
    missing = [name for name in KINDS if name != "secure" and f'"{name}"' not in text]
    assert missing == []


# ---- when the device comes -------------------------------------------------------------------------------------


@pytest_twisted.ensureDeferred
async def test_offline_device_keeps_its_operation_and_gets_it_at_its_next_inform(house: House):
    device = await house.home_with(NEW)
    device.reboot()
    device._timers.stop()  # it stays off
    number = await house.request(device, "write", {"values": [[ssid(device), "Later", "string"]]})
    await until(lambda: house.operation(number).wake_result, 5)
    assert house.operation(number).state == "queued"
    assert house.operation(number).wake_result in ("busy", "refused")
    device._booted()
    view = await house.ended(number)
    assert (view.state, device.value(ssid(device))) == ("done", "Later")


@pytest.mark.cwmp("L-71")
@pytest_twisted.ensureDeferred
async def test_urgent_operation_calls_the_device_which_comes_at_once(house: House):
    device = await house.home_with(NEW)
    view = await house.done(device, "read", {"paths": [ssid(device)]}, seconds=5)
    assert device.counts.calls == 1
    assert view.wake_result == "ok"
    assert house.records(device)[0].row.events == "6 CONNECTION REQUEST"
    assert list(view.stations) == ["queued", "waking", "session", "done"] or set(view.stations) >= {"queued", "session", "done"}


@pytest.mark.quirk("K-67")
@pytest_twisted.ensureDeferred
async def test_device_that_challenges_in_the_old_form_is_called_too(house: House):
    device = await house.home_with(OLD, quirks=("cr-rfc2069",))
    await house.done(device, "read", {"paths": [ssid(device)]}, seconds=5)
    assert device.counts.calls == 1


@pytest_twisted.ensureDeferred
async def test_operation_cancelled_before_it_was_sent_is_never_sent(house: House):
    device = await house.home_with(NEW)
    number = await house.request(device, "reboot", urgent=False)
    assert str(await house.cancel(number)) == "cancelled"
    device.trigger("2 PERIODIC")
    await until(lambda: device.counts.sessions >= 2 and not device.in_session)
    assert ("Reboot" in rpc_log(device), house.operation(number).state) == (False, "cancelled")


@pytest_twisted.ensureDeferred
async def test_operation_cancelled_after_it_was_sent_still_shows_how_it_ended(house: House):
    device = await house.home_with(NEW)
    boots = device.counts.boots
    number = await house.request(device, "reboot")
    await until(lambda: house.operation(number).state == "waiting")
    assert str(await house.cancel(number)) == "waiting"
    assert house.operation(number).cancel_wanted
    view = await house.ended(number)
    assert (view.state, device.counts.boots) == ("done", boots + 1)


# ---- records ---------------------------------------------------------------------------------------------------


@MODELS
@pytest.mark.cwmp("J-11")
@pytest_twisted.ensureDeferred
async def test_sessions_are_recorded_and_hold_no_secret(house: House, model: str):
    device = await house.home_with(model)
    below = "WiFi.AccessPoint.1.Security.KeyPassphrase" if model == NEW else "LANDevice.1.WLANConfiguration.1.PreSharedKey.1.KeyPassphrase"
    passphrase = device.cpe.tree.root + below
    await house.done(device, "write", {"values": [[passphrase, "correct horse battery", "string"]]})
    assert device.value(passphrase) == "correct horse battery"
    records = house.records(device)
    assert records
    assert {r.row.outcome for r in records} == {"ok"}
    bodies = b"\n".join(m.body for r in records for m in r.messages)
    secrets = [ONBOARDING, "correct horse battery"]
    secrets += [device.value(device.cpe.management(leaf)) for leaf in ("Password", "ConnectionRequestPassword")]
    secrets += [device.cpe.facts.passphrase, device.cpe.facts.ppp_password, device.cpe.facts.web_password]
    assert [secret for secret in secrets if secret.encode() in bodies] == []
    assert SECRET.search(bodies) is None
    assert b"KeyPassphrase" in bodies
    assert [secret for secret in secrets if secret.encode() in _at_rest(house)] == []


def _at_rest(house: House) -> bytes:
    stored = Path(house.database.url.removeprefix("sqlite:///"))
    return stored.read_bytes() + stored.with_name(stored.name + "-wal").read_bytes()


# ---- bare clients ----------------------------------------------------------------------------------------------


@pytest.mark.cwmp("C-125", "L-62", "I-15")
@pytest_twisted.ensureDeferred
async def test_repeated_transfer_complete_is_answered_and_changes_nothing(house: House):
    device = await house.home_with(NEW)
    view = await house.done(device, "firmware", {"image": await image_for(house, NEW, "9.9.4")})
    raw = await house.connect()
    identity = device.cpe.identity
    runs = {"Device.DeviceInfo.SoftwareVersion": "9.9.4"}
    body = envelope(inform(identity.serial_number, "7 TRANSFER COMPLETE", oui=identity.oui, product=identity.product_class, values=runs))
    challenge = (await raw.ask(post(body))).one("www-authenticate")
    own = device.value(device.cpe.management("Password"))
    cookie = (await raw.ask(post(body, authorization=digest_line(challenge, str(identity.key), own)))).cookie
    report = TransferComplete(view.command_key, FaultStruct(9010, "once more"), "0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z")
    for _ in range(2):
        answer = await raw.ask(post(envelope(report, "7"), cookie))
        assert type(answer.message).__name__ == "TransferCompleteResponse"
    assert (await raw.ask(post(cookie=cookie))).status == 204
    again = house.operation(view.id)
    assert (again.state, again.result, again.fault) == (view.state, view.result, view.fault)


async def _come(house: House, worker: int = 0, serial: str = "S1") -> tuple[Any, str]:
    raw = await house.connect(house.workers[worker].number)
    answer = await raw.ask(post(envelope(inform(serial))))
    assert answer.status == 200
    return raw, answer.cookie


async def _bare(house: House, serial: str = "S1") -> str:
    """A bare client's device whose first contact is over; its key."""
    raw = await house.connect()
    cookie = (await raw.ask(post(envelope(inform(serial, "0 BOOTSTRAP"))))).cookie
    answer = await raw.ask(post(cookie=cookie))
    while answer.status == 200:
        answer = await raw.ask(post(envelope(_reply(answer.message), answer.envelope.id), cookie))
    assert answer.status == 204
    await raw.hang_up()
    return f"02A5C1-Box-{serial}"


def _reply(question: Any) -> Any:
    from tests.acs.server.kit import reply

    return reply({"Device.DeviceInfo.SoftwareVersion": "1.0", "Device.DeviceInfo.HardwareVersion": "A1"}, question)


@pytest.mark.cwmp("A-21", "L-12")
@pytest_twisted.ensureDeferred
async def test_session_survives_a_new_connection_for_every_post(open_house: House):
    key = await _bare(open_house)
    number = await open_house.request(key, "read", {"paths": ["Device.DeviceInfo.SoftwareVersion"]}, urgent=False)
    raw, cookie = await _come(open_house)
    await raw.hang_up()
    raw = await open_house.connect()
    question = await raw.ask(post(cookie=cookie))
    await raw.hang_up()
    raw = await open_house.connect()
    assert (await raw.ask(post(envelope(values({"Device.DeviceInfo.SoftwareVersion": "4"}), question.envelope.id), cookie))).status == 204
    assert open_house.operation(number).result["values"] == {"Device.DeviceInfo.SoftwareVersion": "4"}


@pytest.mark.quirk("K-7")
@MODELS
@pytest_twisted.ensureDeferred
async def test_simulated_device_with_a_new_connection_for_every_post(house: House, model: str):
    device = await house.home_with(model, quirks=("new-connection",))
    await house.done(device, "write", {"values": [[ssid(device), "Bridge", "string"]]})
    assert device.counts.failed == 0


@pytest.mark.cwmp("L-12", "L-15")
@pytest_twisted.ensureDeferred
async def test_session_moves_to_another_worker_and_nothing_irreversible_is_repeated(make_house: Any):
    house = await make_house(cpe_auth="none", workers=2)
    key = await _bare(house)
    number = await house.request(key, "reboot", urgent=False)
    read = await house.request(key, "read", {"paths": ["Device.DeviceInfo.SoftwareVersion"]}, urgent=False)
    raw, cookie = await _come(house, 0)
    first = await raw.ask(post(cookie=cookie))
    asked = [type(first.message).__name__]
    answer, place = first, 0
    while answer.status == 200:
        place = 1 - place
        raw = await house.connect(house.workers[place].number)
        message = RebootResponse() if asked[-1] == "Reboot" else values({"Device.DeviceInfo.SoftwareVersion": "1.0"})
        answer = await raw.ask(post(envelope(message, answer.envelope.id), cookie))
        if answer.status == 200:
            asked.append(type(answer.message).__name__)
    assert answer.status == 204
    assert sorted(asked) == ["GetParameterValues", "Reboot"]
    assert (house.operation(read).state, house.operation(number).state) == ("done", "waiting")

    raw = await house.connect(house.workers[1].number)
    cookie = (await raw.ask(post(envelope(inform("S1", "1 BOOT", f"M Reboot|{house.operation(number).command_key}"))))).cookie
    assert (await raw.ask(post(cookie=cookie))).status == 204
    assert house.operation(number).state == "done"


@pytest_twisted.ensureDeferred
async def test_lost_answer_to_something_irreversible_is_settled_and_not_asked_again(open_house: House):
    key = await _bare(open_house)
    number = await open_house.request(key, "reboot", urgent=False)
    raw, cookie = await _come(open_house)
    assert type((await raw.ask(post(cookie=cookie))).message).__name__ == "Reboot"
    await raw.hang_up()  # the device restarts before it answers
    raw = await open_house.connect()
    answer = await raw.ask(post(envelope(inform("S1", "1 BOOT"))))
    assert (await raw.ask(post(cookie=answer.cookie))).status == 204
    assert open_house.operation(number).state == "done"


@pytest_twisted.ensureDeferred
async def test_refused_answer_of_a_device_is_shown_as_it_was(open_house: House):
    key = await _bare(open_house)
    number = await open_house.request(key, "reboot", urgent=False)
    raw, cookie = await _come(open_house)
    question = await raw.ask(post(cookie=cookie))
    assert (await raw.ask(post(envelope(CwmpFault(9001, "Not now"), question.envelope.id), cookie))).status == 204
    view = open_house.operation(number)
    assert (view.state, view.fault["code"], view.fault["text"]) == ("failed", 9001, "Not now")


# ---- quirks of whole devices -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "quirk",
    [
        pytest.param(name, marks=pytest.mark.quirk(number))
        for name, number in (
            ("previous-cookie", "K-1"), ("no-cookie", "K-5"), ("new-connection", "K-7"), ("http10", "K-8"), ("expect-continue", "K-10"),
            ("odd-content-type", "K-11"), ("no-soapaction", "K-12"), ("chunked", "K-13"), ("retry-thousands", "K-20"),
        )
    ],
)  # fmt: skip
@pytest_twisted.ensureDeferred
async def test_device_with_a_quirk_is_provisioned_like_any_other(house: House, quirk: str):
    device = await house.home_with(NEW, quirks=(quirk,))
    await house.done(device, "write", {"values": [[ssid(device), "Quirky", "string"]]})
    assert (device.value(ssid(device)), device.counts.failed) == ("Quirky", 0)
    assert {r.row.outcome for r in house.records(device)} == {"ok"}


@pytest.mark.quirk("K-34")
@pytest_twisted.ensureDeferred
async def test_device_that_says_bootstrap_at_each_boot_is_known_again(house: House):
    device = await house.home_with(NEW, quirks=("bootstrap-each-boot",))
    await house.done(device, "reboot")
    await house.settled(device)
    with house.database.read() as session:
        assert len(devices.search(session, DEFAULT_TENANT, utc_now())) == 1


@pytest_twisted.ensureDeferred
async def test_twenty_devices_at_once_are_all_provisioned(house: House):
    house.let_in()
    fleet = await house.fleet(20)
    await house.settled(*fleet.devices)
    assert fleet.totals().failed == 0
    with house.database.read() as session:
        assert len(devices.search(session, DEFAULT_TENANT, utc_now(), limit=100)) == 20


# ---- when the device is called ---------------------------------------------------------------------------------


@pytest.mark.cwmp("F-7", "F-19")
@pytest_twisted.ensureDeferred
async def test_request_login_the_device_refuses_is_written_anew_by_itself_and_then_it_comes(house: House):
    device = await house.home_with(NEW)
    device.cpe.tree.put("Device.ManagementServer.ConnectionRequestPassword", "spoiled")
    first = await house.request(device, "read", {"paths": ["Device.DeviceInfo.UpTime"]})
    await until(lambda: house.operation(first).wake_result == "unauthorized", 10, "the device refuses the call")
    device.trigger("2 PERIODIC")
    assert (await house.ended(first)).state == "done"
    await until(lambda: [op.state for op in house.of_kind(device, "request_login")] == ["done"], 10, "the login was written anew")
    informs = device.counts.sessions
    await house.done(device, "read", {"paths": ["Device.DeviceInfo.UpTime"]})
    assert device.counts.sessions > informs  # it came because it was called: no timer of its own is due for an hour


@pytest_twisted.ensureDeferred
async def test_how_often_a_device_speaks_is_changed_and_put_back(house: House):
    device = await house.home_with(NEW)
    server = "Device.ManagementServer."
    before = device.value(server + "PeriodicInformInterval")
    view = await house.done(device, "inform_interval", {"interval_s": 30})
    assert (device.value(server + "PeriodicInformInterval"), device.value(server + "PeriodicInformEnable")) == ("30", "true")
    assert str(view.result["before_s"]) == before
    await house.done(device, "inform_interval", {"interval_s": int(before)})
    assert device.value(server + "PeriodicInformInterval") == before
