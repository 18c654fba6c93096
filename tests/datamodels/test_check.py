from __future__ import annotations

import base64
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datamodels.check import Fault, Problem, Rule, check, is_secret, items_of, limits_in_words, wire_type
from datamodels.entry import Entry, EnumValue, Kind, Range, Size, Syntax
from datamodels.tree import ROOTS, for_root


def of(path: str) -> Entry:
    found = for_root(path.partition(".")[0]).lookup(path)
    assert found is not None, path
    return found


def made(**facets) -> Entry:
    return Entry("Device.X.Thing", Kind.PARAMETER, writable=True, syntax=Syntax(**facets))


CHANNEL = "Device.WiFi.Radio.1.Channel"


def told(entry: Entry, text: str) -> tuple[Fault, str] | None:
    problem = check(entry, text)
    return None if problem is None else (problem.code, problem.sentence)


def test_a_value_within_the_rules_has_no_problem():
    assert check(of(CHANNEL), "36") is None


@pytest.mark.cwmp("B-61")
def test_the_sentence_names_parameter_rule_and_value():
    assert told(of(CHANNEL), "300") == (Fault.BAD_VALUE, "Channel must be 1 to 255; 300 is above.")
    assert told(of(CHANNEL), "0") == (Fault.BAD_VALUE, "Channel must be 1 to 255; 0 is below.")
    assert told(of(CHANNEL), "six") == (Fault.WRONG_TYPE, "Channel must be a whole number; six is not.")
    assert told(of("Device.WiFi.SSID.1.SSID"), "x" * 33) == (Fault.BAD_VALUE, f"SSID must have at most 32 characters; {'x' * 33} has 33.")


def test_the_rule_and_its_facets_come_apart_from_the_sentence():
    assert check(of(CHANNEL), "300") == Problem(
        Fault.BAD_VALUE, "Channel must be 1 to 255; 300 is above.", Rule.RANGE, "Channel", "300", ranges=(Range("1", "255"),)
    )
    size = check(of("Device.WiFi.SSID.1.SSID"), "x" * 33)
    assert (size.rule, size.length, size.unit, size.sizes) == (Rule.SIZE, 33, "characters", (Size(0, 32),))
    word = check(of("Device.WiFi.AccessPoint.1.WPS.ConfigMethodsEnabled"), "Magic")
    assert word.rule is Rule.ENUM
    assert "PushButton" in word.words
    assert check(of("Device.WiFi.AccessPoint.1.Security.KeyPassphrase"), "short").shown is None
    assert check(of("Device.DeviceInfo.UpTime"), "5").rule is Rule.READ_ONLY
    assert check(of("Device.WiFi.Radio.1.Enable"), "maybe").rule is Rule.BOOLEAN


def test_fault_codes_are_those_a_device_would_answer():
    assert check(of("Device.DeviceInfo.UpTime"), "5").code == 9008
    assert check(of("Device.WiFi."), "5").code == 9008
    assert check(of(CHANNEL), "").code == 9006
    assert check(of("Device.WiFi.Radio.1.OperatingFrequencyBand"), "7GHz").code == 9007


def test_what_another_parameter_lists_is_the_choice():
    mode = of("Device.WiFi.AccessPoint.1.Security.ModeEnabled")
    assert mode.syntax.enum_ref == "Device.WiFi.AccessPoint.{i}.Security.ModesSupported"
    assert check(mode, "WPA2-Personal") is None
    assert check(mode, "WPA9").code == 9007


def test_a_value_that_is_only_reported_cannot_be_written():
    state = of("Device.IP.Diagnostics.IPPing.DiagnosticsState")
    assert check(state, "Requested") is None
    assert check(state, "Complete").sentence == "DiagnosticsState can report Complete but not be set to it."
    assert check(state, "Complete", writing=False) is None


def test_reading_is_judged_without_access():
    assert check(of("Device.DeviceInfo.UpTime"), "5", writing=False) is None
    assert check(of("Device.DeviceInfo.UpTime"), "-5", writing=False).code == 9006


def test_vendors_may_add_values_to_an_enumeration():
    assert check(of("Device.NAT.PortMapping.1.Protocol"), "X_00AB12_SCTP") is None


def test_alternative_ranges_and_steps():
    entry = made(type="int", ranges=(Range("-1", "-1"), Range("2", "10", "2")))
    assert [text for text in ("-1", "0", "2", "3", "4", "10", "12") if check(entry, text) is None] == ["-1", "2", "4", "10"]
    assert check(entry, "3").sentence == "Thing must be -1 or 2 to 10 in steps of 2; 3 is not."


@pytest.mark.cwmp("B-58")
def test_sizes_of_binary_values_count_decoded_bytes():
    hexadecimal = made(type="hexBinary", sizes=(Size(0, 0), Size(2, 3)))
    assert [text for text in ("", "00", "0011", "001122", "00112233") if check(hexadecimal, text) is None] == ["", "0011", "001122"]
    assert check(hexadecimal, "0").code == 9006
    assert check(hexadecimal, "zz").code == 9006
    encoded = made(type="base64", sizes=(Size(0, 3),))
    assert check(encoded, base64.b64encode(b"abc").decode()) is None
    assert check(encoded, base64.b64encode(b"abcd").decode()).sentence.endswith("has 4.")
    assert check(encoded, "!").code == 9006


@pytest.mark.parametrize("text", ["0", "1", "true", "false"])
def test_booleans_have_four_spellings(text):
    assert check(made(type="boolean"), text) is None


@pytest.mark.parametrize("text", ["TRUE", "yes", "2", ""])
def test_other_booleans_are_of_the_wrong_type(text):
    assert check(made(type="boolean"), text).code == 9006


@pytest.mark.parametrize(
    "text",
    [
        "2024-05-31T08:00:00Z",
        "2024-05-31T08:00:00+02:00",
        "2024-05-31T08:00:00.123456Z",
        "0001-01-01T00:00:00Z",
        "0001-01-03T03:04:05",
        "9999-12-31T23:59:59Z",
    ],
)
def test_dates_of_cwmp(text):
    assert check(made(type="dateTime"), text) is None


@pytest.mark.parametrize("text", ["0", "2024-05-31", "2024-13-31T08:00:00Z", "31.5.2024", ""])
def test_no_dates(text):
    assert check(made(type="dateTime"), text).code == 9006


@pytest.mark.cwmp("B-63")
def test_patterns_are_anchored_and_the_empty_one_allows_the_empty_text():
    mac = of("Device.DHCPv4.Server.Pool.1.StaticAddress.1.Chaddr")
    assert check(mac, "00:11:22:aa:BB:cc") is None
    assert check(mac, "") is None
    assert told(mac, "00:11:22:aa:BB") == (Fault.BAD_VALUE, "Chaddr must have the form MACAddress; 00:11:22:aa:BB has not.")
    assert check(made(type="string", patterns=("a|b",)), "ab").code == 9007


def test_what_xml_schema_spells_differently_is_translated_or_accepted():
    assert check(made(type="string", patterns=("$[0-9]+",)), "$5") is None
    assert check(made(type="string", patterns=(r"[a-z-[aeiou]]",)), "anything") is None
    assert check(made(type="string", patterns=(r"\i\c*",)), "anything") is None
    assert check(made(type="string", patterns=("(",)), "anything") is None


def test_either_an_enumeration_or_a_pattern_may_fit():
    entry = made(type="string", enums=(EnumValue("Auto"),), patterns=("[0-9]+",))
    assert check(entry, "Auto") is None
    assert check(entry, "77") is None
    assert check(entry, "x").code == 9007


@pytest.mark.cwmp("B-54")
def test_lists_are_checked_item_by_item_and_as_a_whole():
    servers = of("Device.DHCPv4.Server.Pool.1.DNSServers")
    assert check(servers, "") is None
    assert check(servers, "192.0.2.1, 192.0.2.2") is None
    assert "192.0.2.x" in check(servers, "192.0.2.1,192.0.2.x").sentence
    limited = made(type="string", is_list=True, list_items=Size(0, 2), list_sizes=(Size(0, 9),))
    assert check(limited, "a,b") is None
    assert "at most 2 items" in check(limited, "a,b,c").sentence
    assert "at most 9 characters in all" in check(limited, "aaaaa,bbbbb").sentence
    assert check(made(type="unsignedInt", is_list=True), "[1,2],[3]") is None


def test_a_secret_is_not_repeated_in_the_sentence():
    secret = of("Device.WiFi.AccessPoint.1.Security.KeyPassphrase")
    assert "hunter2" not in check(secret, "hunter2" * 10).sentence


@pytest.mark.cwmp("B-55")
def test_types_on_the_wire():
    assert wire_type(of(CHANNEL)) == "xsd:unsignedInt"
    assert wire_type(of("Device.DHCPv4.Server.Pool.1.DNSServers")) == "xsd:string"
    assert wire_type(of("Device.DHCPv4.Server.Pool.1.Enable")) == "xsd:boolean"
    with pytest.raises(ValueError, match=r"Device\.WiFi\."):
        wire_type(of("Device.WiFi."))


def test_limits_can_be_shown_beside_a_field():
    assert limits_in_words(of(CHANNEL)) == "1 to 255"
    assert limits_in_words(of("Device.WiFi.SSID.1.SSID")) == "at most 32 characters"
    assert limits_in_words(of("Device.NAT.PortMapping.1.Protocol")) == "one of: TCP, UDP"
    assert limits_in_words(of("Device.DeviceInfo.UpTime")) == ""


@pytest.mark.parametrize(
    "path",
    [
        "Device.ManagementServer.Password",
        "Device.ManagementServer.ConnectionRequestPassword",
        "Device.WiFi.AccessPoint.1.Security.KeyPassphrase",
        "Device.WiFi.AccessPoint.2.Security.SAEPassphrase",
        "Device.WiFi.AccessPoint.2.WPS.PIN",
        "Device.Routing.Babel.MACKeySet.1.MACKey.1.KeyValue",
        "InternetGatewayDevice.LANDevice.1.WLANConfiguration.1.PreSharedKey.1.PreSharedKey",
        "InternetGatewayDevice.LANDevice.1.WLANConfiguration.1.WEPKey.2.WEPKey",
        "InternetGatewayDevice.Services.VoiceService.1.VoiceProfile.1.Line.1.SIP.AuthPassword",
        "Device.Services.StorageService.1.UserAccount.1.Password",
        "InternetGatewayDevice.X_00AB12_Account.AdminPasswd",
        "Device.X_HEARTHLINE_Wifi.Passphrase5",
        "Device.X_HEARTHLINE_Tunnel.Pre_Shared_Key",
    ],
)
def test_secrets_are_known_by_model_and_by_name(path):
    assert is_secret(path)


@pytest.mark.parametrize(
    "path",
    [
        "InternetGatewayDevice.UserInterface.PasswordRequired",
        "InternetGatewayDevice.SmartCardReader.1.Reset",
        "InternetGatewayDevice.LANDevice.1.WLANConfiguration.1.PreSharedKey.1.AssociatedDeviceMACAddress",
        "Device.DeviceInfo.UpTime",
        "Device.WiFi.Radio.1.Channel",
        "Device.Hosts.Host.1.HostName",
        "Device.DHCPv4.Client.1.SentOption.1.Value",
    ],
)
def test_what_may_be_shown(path):
    assert not is_secret(path)


@pytest.mark.parametrize("root", ROOTS)
def test_every_hidden_or_secured_value_is_secret(root):
    flagged = [each for each in for_root(root).parameters(with_services=True) if each.hidden or each.secured]
    assert flagged
    assert [each.template for each in flagged if each.type != "boolean" and not is_secret(each.template)] == []


# Defaults that break the standard's own limits.
ODD_DEFAULTS = {
    "SecurityParameterIndex",
    "BatchTableSecurityParameterIndex",
    "BeaconPNOffset",
    "ReportStartTime",
    "ReportEndTime",
    "RaidType",
}


@pytest.mark.parametrize("root", ROOTS)
def test_the_defaults_of_the_standard_pass_its_own_rules(root):
    for entry in for_root(root).parameters(with_services=True):
        for default in (entry.default, entry.factory_default):
            if default is not None and entry.name not in ODD_DEFAULTS:
                assert check(entry, default, writing=False) is None, entry.template


@pytest.mark.parametrize("root", ROOTS)
def test_every_writable_enumeration_takes_its_own_words(root):
    for entry in for_root(root).parameters(with_services=True):
        if entry.writable and entry.enums:
            assert all(check(entry, each.value) is None for each in entry.enums if each.writable), entry.template


@pytest.mark.cwmp("B-57")
@given(st.integers(-(2**70), 2**70))
def test_whole_numbers_fit_their_type_exactly(number):
    fits = {
        "int": -(2**31) <= number < 2**31,
        "unsignedInt": 0 <= number < 2**32,
        "long": -(2**63) <= number < 2**63,
        "unsignedLong": 0 <= number < 2**64,
    }
    assert {type_: check(made(type=type_), str(number)) is None for type_ in fits} == fits


@given(st.integers(-300, 300), st.integers(-100, 0), st.integers(0, 100))
def test_a_range_holds_its_ends_and_nothing_beyond(number, low, high):
    entry = made(type="int", ranges=(Range(str(low), str(high)),))
    assert (check(entry, str(number)) is None) == (low <= number <= high)


@given(st.text(max_size=40))
def test_a_string_without_rules_takes_anything(text):
    assert check(made(type="string"), text) is None


@given(st.sampled_from(sorted(ROOTS)), st.text(max_size=60), st.integers(0, 5000))
def test_no_text_makes_the_check_fail(root, text, place):
    entries = _parameters(root)
    check(entries[place % len(entries)], text, writing=False)
    check(replace(entries[place % len(entries)], writable=True), text)


@pytest.mark.cwmp("B-54")
@given(st.lists(st.text(alphabet="abc123.:", min_size=1, max_size=8), max_size=6))
def test_a_list_joined_with_commas_comes_back(items):
    assert items_of(", ".join(items)) == items


_CACHE: dict[str, tuple[Entry, ...]] = {}


def _parameters(root: str) -> tuple[Entry, ...]:
    return _CACHE.setdefault(root, tuple(for_root(root).parameters()))
