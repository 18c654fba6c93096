"""One device looked at: messages without secrets, hooks, what may be old, what changes nothing in the store."""

from acs.db.tenancy import DEFAULT_TENANT
from acs.desired import service
from acs.desired.views import Standing
from acs.errors import HearthlineError
from tests.acs.desired.conftest import CHANNEL, NOW

KEY = "Device.WiFi.AccessPoint.1.Security.KeyPassphrase"


def test_messages_are_told_as_they_would_leave_but_for_secrets(homes):
    homes.profile(document={"settings": [{"name": KEY, "value": "correct horse"}, {"name": "wifi.2g.channel", "value": 6}]})
    device = homes.device(values={KEY: ""})
    found = homes.examine(device)
    assert [name for name, _ in found.messages] == ["SetParameterValues", "GetParameterValues"]
    xml = found.messages[0][1]
    assert CHANNEL in xml
    assert "cwmp:SetParameterValues" in xml
    assert "correct horse" not in repr(found)
    assert found.desired.key in xml
    with homes.database.read() as session:
        (said, _read) = service.rehearsed(session, homes.vault, DEFAULT_TENANT, device, NOW)
    assert {v.name: v.value for v in said.parameter_list}[KEY] == "correct horse"


def test_a_hook_adds_values_to_its_profile_and_says_why_it_gave_none(homes):
    homes.profile(document={"settings": [{"name": "wifi.2g.channel", "value": 6}], "hook": "by serial"})
    device = homes.device("A17")
    assert [one.why for one in homes.examine(device).desired.cannot] == ["hooks do not run here"]

    def hooks(session, device, name):
        return {"Device.Time.NTPServer1": f"{name} {device.serial_number}"}

    def broken(session, device, name):
        raise HearthlineError("it was killed after 50 ms")

    found = homes.examine(device, hooks=hooks)
    assert {v.path: v.value for v in found.desired.values}["Device.Time.NTPServer1"] == "by serial A17"
    assert homes.examine(device, hooks=broken).desired.cannot[0].why == "it was killed after 50 ms"


def test_where_another_key_comes_wanted_values_are_read_first(homes):
    homes.profile()
    device = homes.device()
    homes.configured(device)
    with homes.database.write() as unit:
        head = unit.session.get(type(homes.head(device)), device)
        head.parameter_key, head.last_inform_at = "another ACS", homes.now
    assert [name for name, _ in homes.examine(device).messages] == ["GetParameterValues", "SetParameterValues", "GetParameterValues"]


def test_a_profile_that_is_not_in_force_can_be_looked_at_as_if_it_were(homes):
    profile, device = homes.profile(enabled=False), homes.device()
    assert homes.examine(device).state is Standing.NONE
    assert next(v.path for v in homes.examine(device, with_profile=profile.id).desired.values) == CHANNEL


def test_of_a_device_that_was_never_read_nothing_is_asked(homes):
    from tests.acs.kit import add_device

    homes.profile()
    assert homes.brief(add_device(homes.database, "NEW", root="Device")) == {"unread": True}
