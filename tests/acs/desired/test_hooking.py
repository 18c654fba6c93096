"""A hook of a profile: real code in a child process adds values, and what it may not see it is not told."""

from contextlib import closing

from acs.desired import service as desired
from acs.desired.hooking import hooks_of
from acs.hooks import service as hooks
from acs.hooks.service import Running
from tests.acs.desired.conftest import ANNA

CODE = 'function hook(d) { return {"Device.Time.NTPServer1": "ntp-" + d.device.serial_number + ".example", "wifi.2g.channel": 11}; }'


def test_values_of_a_hook_join_those_of_its_profile(homes):
    homes.profile(document={"settings": [{"name": "wifi.2g.channel", "value": 6}], "hook": "by-serial"})
    device = homes.device("A17")
    with homes.database.write() as unit:
        hook = hooks.create(unit, ANNA, homes.now, "by-serial", code=CODE)
        hooks.publish(unit, ANNA, hook, 1, homes.now)
    with closing(Running(homes.database, lambda: homes.now)) as running:
        found = homes.examine(device, hooks=hooks_of(running, homes.vault, lambda: homes.now))
    wanted = {v.path: (v.value, v.claim.title) for v in found.desired.values}
    assert wanted["Device.Time.NTPServer1"] == ("ntp-A17.example", "Basic")
    assert wanted["Device.WiFi.Radio.1.Channel"][0] == "11"
    assert found.desired.cannot == ()


def test_devices_of_profiles_that_name_a_hook_are_marked_when_it_changes(homes):
    homes.profile(document={"settings": [{"name": "wifi.2g.channel", "value": 6}], "hook": "by-serial"})
    with homes.database.write() as unit:
        assert desired.hook_changed(unit, ANNA, "by-serial", homes.now) == 1
        assert desired.hook_changed(unit, ANNA, "another", homes.now) == 0


def test_a_hook_that_is_not_there_says_so_and_the_rest_of_the_profile_holds(homes):
    homes.profile(document={"settings": [{"name": "wifi.2g.channel", "value": 6}], "hook": "nobody"})
    device = homes.device()
    with closing(Running(homes.database, lambda: homes.now)) as running:
        found = homes.examine(device, hooks=hooks_of(running, homes.vault, lambda: homes.now))
    assert [one.name for one in found.desired.cannot] == ["nobody"]
    assert [v.name for v in found.desired.values] == ["wifi.2g.channel"]
