"""A device is replaced: its home's own settings on the successor, across makes and roots, previewed, audited."""

import pytest

from acs.db.tenancy import DEFAULT_TENANT
from acs.desired import service
from acs.devices.models import DeviceTag
from acs.errors import Conflict, Invalid
from acs.operations.sealing import open_args
from tests.acs.desired.conftest import ANNA
from tests.acs.kit import add_device

WLAN = "InternetGatewayDevice.LANDevice.1.WLANConfiguration.1."
IP = "InternetGatewayDevice.WANDevice.1.WANConnectionDevice.1.WANIPConnection.1."
OLD = {
    f"{WLAN}SSID": "Annas Netz", f"{WLAN}Channel": "6", f"{WLAN}Enable": "1", f"{WLAN}PreSharedKey.1.KeyPassphrase": "correct horse",
    f"{WLAN}BeaconType": "11i", f"{WLAN}IEEE11iAuthenticationMode": "PSKAuthentication", f"{WLAN}IEEE11iEncryptionModes": "AESEncryption",
    f"{IP}ExternalIPAddress": "203.0.113.9", f"{IP}PortMapping.3.ExternalPort": "8443", f"{IP}PortMapping.3.PortMappingProtocol": "TCP",
    f"{IP}PortMapping.3.InternalPort": "443", f"{IP}PortMapping.3.InternalClient": "192.168.1.9", f"{IP}PortMapping.3.PortMappingEnabled": "1",
    "InternetGatewayDevice.Services.VoiceService.1.VoiceProfile.1.Line.1.SIP.AuthUserName": "4930123",
}  # fmt: skip
NEW = {"Device.WiFi.AccessPoint.1.SSIDReference": "Device.WiFi.SSID.1.", "Device.WiFi.AccessPoint.1.Security.KeyPassphrase": ""}


@pytest.fixture
def pair(homes):
    old = add_device(homes.database, "OLD", product_class="R110", root="InternetGatewayDevice")
    homes.shows(old, OLD, objects=())
    with homes.database.write() as unit:
        unit.session.add(DeviceTag(device_id=old, tag="vip", tenant_id=1))
    return old, homes.device("NEW", NEW)


def preview(homes, old, new):
    with homes.database.read() as session:
        return service.preview_swap(session, homes.vault, DEFAULT_TENANT, old, new)


def test_a_preview_says_what_goes_along_and_what_cannot(homes, pair):
    found = preview(homes, *pair)
    told = {line.name: line for line in found.lines}
    assert (told["wifi.2g.ssid"].old, told["wifi.2g.ssid"].new, told["wifi.2g.ssid"].why) == ("Annas Netz", "Home", "")
    assert told["wifi.2g.passphrase"].old == "•••" or "horse" not in told["wifi.2g.passphrase"].old
    assert "wifi.2g.channel" not in told
    assert "no parameter" in told["voip.username"].why
    assert "external_port 8443" in told["nat.port_mappings"].old
    assert found.tags == ("vip",)
    assert "correct horse" not in repr(found)


def test_the_successor_gets_it_in_its_own_words(homes, pair):
    old, new = pair
    with homes.database.write() as unit:
        asked = service.swap(unit, ANNA, homes.vault, old, new, homes.now)
    write, row = homes.operations(new)
    assert len(asked) == 2
    values = {path: text for path, text, _ in open_args(homes.vault, write.args)["values"]}
    assert values["Device.WiFi.SSID.1.SSID"] == "Annas Netz"
    assert values["Device.WiFi.AccessPoint.1.Security.KeyPassphrase"] == "correct horse"
    assert "correct horse" not in str(write.args)
    assert row.args["table"] == "Device.NAT.PortMapping."
    assert ["ExternalPort", "8443", "unsignedInt"] in row.args["values"]
    assert {"device.replace", "device.succeed", "operation.write", "operation.add_object", "device.tags"} <= set(homes.audit())


def test_what_is_left_out_stays(homes, pair):
    old, new = pair
    with homes.database.write() as unit:
        service.swap(unit, ANNA, homes.vault, old, new, homes.now, leave_out=("wifi.2g.ssid", "nat.port_mappings"), with_tags=False)
    (write,) = homes.operations(new)
    assert "Device.WiFi.SSID.1.SSID" not in {path for path, _, _ in write.args["values"]}
    assert "device.tags" not in homes.audit()


def test_what_the_successor_has_already_is_not_written(homes):
    old, new = homes.device("OLD"), homes.device("NEW")
    assert preview(homes, old, new).restorable == ()
    with homes.database.write() as unit, pytest.raises(Conflict, match="everything already"):
        service.swap(unit, ANNA, homes.vault, old, new, homes.now, with_tags=False)


def test_a_device_does_not_succeed_itself_and_must_have_been_read(homes):
    old = homes.device("OLD")
    with pytest.raises(Invalid):
        preview(homes, old, old)
    with pytest.raises(Conflict, match="Nothing is known"):
        preview(homes, old, add_device(homes.database, "NEW"))
