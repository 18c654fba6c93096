"""Profiles and what people wrote become wanted values: who wins, over whom, what is left alone, what cannot be."""

from datetime import UTC, datetime, timedelta
from hashlib import sha256

from acs.provisioning.desired import Hold, KnownTree, Personal, Profile, RowSetting, Setting, Watch, wanted_of
from acs.provisioning.spreading import inform_time
from datamodels.overlay import Overlaid, read
from datamodels.tree import for_root

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
TREE = {
    "Device.ManagementServer.PeriodicInformEnable": "1",
    "Device.ManagementServer.PeriodicInformInterval": "300",
    "Device.WiFi.Radio.1.OperatingFrequencyBand": "2.4GHz",
    "Device.WiFi.Radio.1.Channel": "1",
    "Device.WiFi.Radio.1.Enable": "1",
    "Device.WiFi.Radio.2.OperatingFrequencyBand": "5GHz",
    "Device.WiFi.Radio.2.Channel": "36",
    "Device.WiFi.Radio.2.Enable": "1",
    "Device.WiFi.SSID.1.SSID": "Home",
    "Device.WiFi.SSID.1.LowerLayers": "Device.WiFi.Radio.1.",
    "Device.Time.NTPServer1": "ntp.example.org",
}
OBJECTS = frozenset({"Device.NAT.PortMapping.", "Device.WiFi.Radio.1.", "Device.WiFi.Radio.2."})
KNOWN = KnownTree("Device", TREE, {}, OBJECTS)
SSID = "Device.WiFi.SSID.1.SSID"


def digest(told: bytes) -> str:
    return sha256(told).hexdigest()


def profile(number, *settings, precedence=0, **given):
    return Profile(number, f"profile {number}", 1, precedence, tuple(Setting(*s) for s in settings), **given)


def wanted(*profiles, known=KNOWN, **given):
    return wanted_of(profiles, known, given.pop("personal", ()), digest=digest, **given)


def by_path(desired):
    return {v.path: v for v in desired.values}


def test_without_a_profile_nothing_is_wanted_and_there_is_no_key():
    assert wanted().is_empty
    assert wanted().key == ""


def test_a_canonical_value_becomes_the_parameter_of_this_device():
    found = wanted(profile(1, ("wifi.2g.channel", 6)))
    assert [v.write for v in found.values] == [("Device.WiFi.Radio.1.Channel", "6", "unsignedInt")]
    assert found.values[0].name == "wifi.2g.channel"


def test_the_same_parameter_by_its_canonical_name_and_by_its_path_is_one_claim_of_two():
    found = wanted(
        profile(1, ("wifi.2g.channel", 6)), profile(2, ("Device.WiFi.Radio.1.Channel", "11"), precedence=5), profile(3, ("wifi.2g.channel", 1))
    )
    winner = by_path(found)["Device.WiFi.Radio.1.Channel"]
    assert (winner.value, winner.claim.title) == ("11", "profile 2")
    assert [claim.title for claim in winner.over] == ["profile 3", "profile 1"]


def test_what_is_enforced_wins_over_precedence_and_over_people():
    person = Personal("Device.WiFi.Radio.1.Channel", "3", "unsignedInt", "user:anna", NOW)
    found = wanted(profile(1, ("wifi.2g.channel", 6, Hold.ENFORCE)), profile(2, ("wifi.2g.channel", 11), precedence=9), personal=[person])
    winner = found.values[0]
    assert winner.value == "6"
    assert [(claim.title, claim.is_personal) for claim in winner.over] == [("anna", True), ("profile 2", False)]


def test_what_a_person_wrote_is_left_alone_and_comes_back_after_a_reset():
    person = Personal(SSID, "Anna's", "string", "user:anna", NOW)
    found = wanted(profile(1, (SSID, "Default")), personal=[person])
    assert found.values == ()
    assert (found.left[0].path, found.left[0].claim.title, found.left[0].over[0].title) == (SSID, "anna", "profile 1")
    after = wanted(profile(1, (SSID, "Default")), personal=[person], reset_at=NOW + timedelta(days=1))
    assert by_path(after)[SSID].value == "Anna's"


def test_an_initial_value_is_wanted_of_a_fresh_device_only_and_is_not_part_of_the_key():
    one = profile(1, (SSID, "Welcome", Hold.INITIAL), ("wifi.2g.channel", 6))
    assert SSID in by_path(wanted(one, fresh=True))
    later = wanted(one)
    assert SSID not in by_path(later)
    assert later.left[0].claim.hold is Hold.INITIAL
    assert later.key == wanted(one, fresh=True).key != ""


def test_a_star_stands_for_every_instance():
    found = wanted(profile(1, ("Device.WiFi.Radio.*.Enable", False)))
    assert sorted(v.write for v in found.values) == [(f"Device.WiFi.Radio.{n}.Enable", "0", "boolean") for n in (1, 2)]


def test_a_path_of_the_other_root_does_not_concern_the_device():
    found = wanted(profile(1, ("InternetGatewayDevice.Time.NTPServer1", "x")))
    assert (found.values, found.cannot) == ((), ())
    assert not found.is_empty


def test_what_the_device_cannot_be_given_is_told_with_the_reason():
    found = wanted(
        profile(1, ("wifi.2g.channel", 500), ("voip.username", "x"), ("Device.WiFi.Radio.1.Channel", "many"), ("Device.Foo.Bar", "1")),
        known=KnownTree("Device", TREE, {}, OBJECTS, frozenset({"Device.Time.NTPServer1"})),
    )
    told = {c.name: c.why for c in found.cannot}
    assert "500" in told["wifi.2g.channel"]
    assert "no parameter" in told["voip.username"]
    assert "whole number" in told["Device.WiFi.Radio.1.Channel"]
    assert "no parameter" in told["Device.Foo.Bar"]
    assert found.values == ()


def test_a_read_only_parameter_cannot_be_wanted():
    known = KnownTree("Device", TREE, {}, OBJECTS, frozenset({SSID}))
    assert "read only" in wanted(profile(1, (SSID, "x")), known=known).cannot[0].why


def test_rows_are_wanted_by_their_keys_in_canonical_words_or_by_path():
    row = RowSetting("nat.port_mappings", {"external_port": 8080, "protocol": "tcp"}, {"internal_client": "192.168.1.9", "internal_port": 80})
    found = wanted(Profile(1, "cam", 1, rows=(row,)))
    assert found.rows[0].table == "Device.NAT.PortMapping."
    assert found.rows[0].keys == (("ExternalPort", "8080", "unsignedInt"), ("Protocol", "TCP", "string"))
    raw = RowSetting("Device.NAT.PortMapping.", {"ExternalPort": "8080", "Protocol": "TCP"}, {"InternalPort": "81"})
    both = wanted(Profile(1, "cam", 1, rows=(row,)), Profile(2, "raw", 1, precedence=1, rows=(raw,)))
    assert len(both.rows) == 1
    assert (both.rows[0].claim.title, both.rows[0].over[0].title) == ("raw", "cam")


def test_a_row_with_a_value_against_the_data_model_cannot_be():
    row = RowSetting("Device.NAT.PortMapping.", {"ExternalPort": "90000"})
    assert "ExternalPort" in wanted(Profile(1, "cam", 1, rows=(row,))).cannot[0].why


def test_a_row_below_a_table_of_the_device_under_the_other_root():
    old = {"InternetGatewayDevice.WANDevice.1.WANConnectionDevice.1.WANIPConnection.1.ExternalIPAddress": "203.0.113.9"}
    table = "InternetGatewayDevice.WANDevice.1.WANConnectionDevice.1.WANIPConnection.1.PortMapping."
    row = RowSetting("nat.port_mappings", {"external_port": 8080}, {"enabled": True})
    found = wanted(Profile(1, "cam", 1, rows=(row,)), known=KnownTree("InternetGatewayDevice", old, {}, frozenset({table})))
    assert found.rows[0].table == table
    assert found.rows[0].values[0][:2] == ("PortMappingEnabled", "true")


def test_interval_firmware_and_watches_of_a_profile():
    one = Profile(1, "base", 1, firmware="1.2", inform_interval_s=600, watches=(Watch("wifi.2g.channel", 2), Watch("voip.status", 1)))
    found = wanted(one, Profile(2, "late", 1, precedence=2, firmware="2.0"))
    assert by_path(found)["Device.ManagementServer.PeriodicInformInterval"].value == "600"
    assert (found.firmware, found.firmware_claim.title) == ("2.0", "late")
    assert [w[:2] for w in found.watches] == [("Device.WiFi.Radio.1.Channel", 2)]
    assert [c.name for c in found.cannot] == ["voip.status"]


def test_device_gets_a_place_of_its_own_in_the_interval_where_it_has_a_parameter_for_it():
    time = "Device.ManagementServer.PeriodicInformTime"
    tree = {**TREE, time: "0001-01-01T00:00:00Z", "Device.DeviceInfo.SerialNumber": "S1"}
    one = Profile(1, "base", 1, inform_interval_s=600)
    assert by_path(wanted(one, known=KnownTree("Device", tree, {}, OBJECTS)))[time].value == inform_time("S1", 600)
    without = {path: value for path, value in tree.items() if path != time}
    assert time not in by_path(wanted(one, known=KnownTree("Device", without, {}, OBJECTS)))


def test_the_key_follows_what_is_wanted_and_not_who_wants_it():
    one, other = wanted(profile(1, ("wifi.2g.channel", 6))), wanted(profile(7, ("wifi.2g.channel", 6), precedence=3))
    assert one.key == other.key
    assert one.key != wanted(profile(1, ("wifi.2g.channel", 11))).key
    assert len(one.key) == 31


def test_of_an_unknown_tree_nothing_can_be_said_yet():
    found = wanted(profile(1, ("wifi.2g.channel", 6)), known=KnownTree(""))
    assert "nothing is known" in found.cannot[0].why


def test_a_makers_narrower_rule_counts_for_what_profiles_want_of_its_devices():
    spec = {"name": "narrow", "root": "Device", "parameter": [{"path": "Device.WiFi.Radio.{i}.Channel", "range": [{"max": 5}]}]}
    model = Overlaid(for_root("Device"), (read(spec),))
    settings = [("wifi.2g.channel", 6), ("Device.WiFi.Radio.2.Channel", "36")]
    assert len(wanted(profile(1, *settings)).values) == 2
    found = wanted(profile(1, *settings), model=model)
    assert found.values == ()
    assert ["5 or less" in each.why for each in found.cannot] == [True, True]
