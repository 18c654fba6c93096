from __future__ import annotations

import pytest
from flask_babel import force_locale

from care.devices import limits
from datamodels import canonical
from datamodels.canonical import Resolver
from datamodels.check import Rule, check
from datamodels.entry import Entry, Kind, Range, Size, Syntax
from datamodels.tree import for_root
from tests.datamodels.trees import root_of, tree


def of(path: str) -> Entry:
    return for_root(path.partition(".")[0]).lookup(path)


def made(**facets) -> Entry:
    return Entry("Device.X.Thing", Kind.PARAMETER, writable=True, syntax=Syntax(**facets))


CASES = [
    (of("Device.WiFi.Radio.1.Channel"), "300", "Channel must be 1 to 255; “300” is outside."),
    (of("Device.WiFi.Radio.1.Channel"), "six", "Channel must be a whole number; “six” is none."),
    (made(type="unsignedInt"), "-1", "Channel must be a whole number, 0 to 4294967295; “-1” is not."),
    (of("Device.WiFi.SSID.1.SSID"), "x" * 33, f"Channel must have at most 32 characters; “{'x' * 33}” has 33."),
    (of("Device.WiFi.AccessPoint.1.Security.KeyPassphrase"), "abc", "Channel must have 8 to 63 characters; the value given has 3."),
    (of("Device.WiFi.Radio.1.OperatingFrequencyBand"), "7GHz", "Channel must be one of 2.4GHz, 5GHz, 6GHz; “7GHz” is none of them."),
    (of("Device.DeviceInfo.UpTime"), "7", "Channel is read only."),
    (of("Device.WiFi.Radio.1.Enable"), "", "Channel must be true or false; an empty value is neither."),
    (made(type="decimal"), "x", "Channel must be a number; “x” is none."),
    (made(type="dateTime"), "x", "Channel must be a date and time such as 2024-05-31T08:00:00Z; “x” is none."),
    (made(type="hexBinary"), "x", "Channel must be an even number of hexadecimal digits; “x” is not."),
    (made(type="base64"), "x", "Channel must be base64; “x” is not."),
    (made(type="string", patterns=("a+",)), "b", "Channel must have the form a+; “b” has not."),
    (made(type="string", is_list=True, list_items=Size(0, 1)), "a,b", "Channel must have at most 1 items; “a,b” has 2."),
    (made(type="int", ranges=(Range("-1", "-1"), Range("2", None, "2"))), "1", "Channel must be -1 or 2 or more in steps of 2; “1” is outside."),
]


@pytest.mark.parametrize(("entry", "text", "said"), CASES)
def test_each_rule_is_a_sentence_of_its_own(app, entry, text, said):
    with app.test_request_context():
        assert limits.broken(check(entry, text), "Channel") == said


def test_every_rule_of_the_models_has_its_words(app):
    told = {check(entry, text).rule for entry, text, _ in CASES}
    assert set(Rule) - told == {Rule.IS_OBJECT, Rule.REPORTED_ONLY, Rule.LIST_SIZE}


def test_in_german_the_whole_sentence_is_german(app):
    with app.test_request_context(), force_locale("de"):
        said = [limits.broken(check(entry, text), "Kanal") for entry, text, _ in CASES]
        allowed = limits.allowed(of("Device.WiFi.Radio.1.Channel"))
    assert all("must" not in sentence for sentence in said), said
    assert said[0] == "Kanal muss 1 bis 255 sein; „300“ liegt außerhalb."
    assert allowed == "1 bis 255"


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("wifi.2g.channel", 300, "must be 1 to 233; “300” is outside."),
        ("wifi.2g.channel", "six", "must be a whole number; “six” is none."),
        ("wifi.2g.channel", 14, "must be one of those that this device takes ("),
        ("wifi.2g.enabled", "on", "must be true or false; “on” is neither."),
        ("wifi.2g.passphrase", "abc", "must have at least 8 characters."),
        ("wifi.2g.ssid", "x" * 33, "must have at most 32 characters."),
        ("wifi.2g.security_mode", "magic", "must be one of open, wep"),
        ("lan.ip_address", "here", "must be an IP address; “here” is none."),
        ("dhcp.dns_servers", "a", "must be a list; “a” is none."),
        ("wan.ip_address", "1.2.3.4", "can only be read."),
        ("wan.vlan_priority", 9, "must be -1 to 7; “9” is outside."),
    ],
)
def test_a_canonical_value_is_refused_in_words(app, name, value, said):
    with pytest.raises(canonical.Refused) as refused:
        canonical.to_raw(Resolver(tree("tr181-gateway"), root_of("tr181-gateway")), name, value)
    with app.test_request_context():
        assert said in limits.refused(refused.value, name)


def test_what_is_allowed_is_told_beforehand(app):
    with app.test_request_context():
        assert limits.allowed(of("Device.WiFi.SSID.1.SSID")) == "at most 32 characters"
        assert limits.allowed(of("Device.WiFi.Radio.1.OperatingFrequencyBand")) == "one of: 2.4GHz, 5GHz, 6GHz"
        assert limits.allowed(made(type="string")) == ""
