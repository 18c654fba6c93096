"""What changes by itself is not reported at once."""

import pytest

from acs.errors import Invalid
from acs.operations.arguments import checked
from acs.operations.watching import ACTIVE

RESTLESS = (
    "Device.DeviceInfo.UpTime", "Device.DeviceInfo.ProcessStatus.CPUUsage", "Device.DeviceInfo.MemoryStatus.Free",
    "Device.IP.Interface.1.Stats.BytesSent", "Device.Optical.Interface.1.OpticalSignalLevel", "Device.IP.Diagnostics.IPPing.DiagnosticsState",
    "InternetGatewayDevice.WANDevice.1.WANCommonInterfaceConfig.TotalBytesSent", "InternetGatewayDevice.IPPingDiagnostics.DiagnosticsState",
)  # fmt: skip


@pytest.mark.cwmp("K-46", "G-13")
@pytest.mark.parametrize("path", RESTLESS)
@pytest.mark.parametrize("level", sorted(ACTIVE))
def test_a_value_that_changes_by_itself_is_not_watched_actively(path, level):
    with pytest.raises(Invalid, match="changes by itself") as refused:
        checked("set_notification", {"paths": [path], "notification": level})
    assert (refused.value.field, path in str(refused.value)) == ("paths", True)


@pytest.mark.cwmp("C-66")
@pytest.mark.parametrize("path", RESTLESS)
def test_any_value_may_be_reported_with_the_next_contact(path):
    assert checked("set_notification", {"paths": [path], "notification": 1})["notification"] == 1


@pytest.mark.cwmp("K-49", "C-62")
@pytest.mark.parametrize("path", ["Device.Hosts.HostNumberOfEntries", "Device.WiFi.SSID.1.SSID", "Device.X_00A0C5_Own.Value", "Gateway.Odd"])
def test_what_people_change_and_the_growth_of_tables_may_be_watched_actively(path):
    assert checked("set_notification", {"paths": [path], "notification": 2})["paths"] == [path]


def test_a_whole_object_is_not_watched_actively():
    with pytest.raises(Invalid, match="whole object"):
        checked("set_notification", {"paths": ["Device.WiFi."], "notification": 2})
