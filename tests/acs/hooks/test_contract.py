"""What goes into a hook and what may come out of it: acs/hooks/contract.py."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acs.hooks.contract import REASON_MOST, VALUES_MOST, given_facts, values_of, verdict_of
from acs.hooks.views import HookFailed, Verdict


def problems(answer, root="Device"):
    return {each.name: each.problem for each in values_of(answer, root)}


def test_secrets_are_left_out_unless_the_hook_may_see_them():
    values = {"wifi.2g.ssid": "Home", "wifi.2g.passphrase": "hidden", "no.such_name": 1}
    parameters = {"Device.WiFi.SSID.1.SSID": "Home", "Device.WiFi.AccessPoint.1.Security.KeyPassphrase": "hidden", "Device.X_ACME_Password": "x"}
    told = given_facts({"model": "G240"}, ("vip",), values, parameters)
    assert told["values"] == {"wifi.2g.ssid": "Home"}
    assert list(told["parameters"]) == ["Device.WiFi.SSID.1.SSID"]
    assert given_facts({}, (), values, parameters, sees_secrets=True)["values"] == values


def test_values_are_checked_against_the_model():
    found = problems(
        {
            "wifi.2g.channel": 6, "wifi.5g.channel": 36.5, "wifi.2g.ssid": "Home", "wifi.2g.security_mode": "none at all", "no.such_name": 1,
            "optical.rx_power_dbm": -20.0, "Device.WiFi.Radio.1.Channel": 6, "Device.WiFi.Radio.*.Channel": 300, "Device.ManagementServer.URL": "http://x/",
            "Device.DeviceInfo.UpTime": 5, "Device.WiFi.": 1, "Device.X_ACME_Odd": "anything", "InternetGatewayDevice.X": "for the other root",
            "wifi.6g.channel": None,
        },
    )  # fmt: skip
    assert {name for name, problem in found.items() if not problem} == {
        "wifi.2g.channel", "wifi.2g.ssid", "Device.WiFi.Radio.1.Channel", "Device.X_ACME_Odd", "InternetGatewayDevice.X",
    }  # fmt: skip
    assert "whole number" in found["wifi.5g.channel"]
    assert "cannot be written" in found["optical.rx_power_dbm"]
    assert "no.such_name" in found["no.such_name"]
    assert "read only" in found["Device.DeviceInfo.UpTime"]
    assert "move_acs" in found["Device.ManagementServer.URL"]
    assert "object" in found["Device.WiFi."]


@pytest.mark.parametrize("value", [{"a": 1}, [1], ["a", None], "\ud800", "a\x00b", "x" * 40_000])
def test_value_that_cannot_be_written_is_named(value):
    assert problems({"wifi.2g.ssid": value})["wifi.2g.ssid"].startswith("wifi.2g.ssid ")


@pytest.mark.parametrize("answer", [5, "x", True, [], {str(n): 1 for n in range(VALUES_MOST + 1)}])
def test_answer_of_another_shape_is_refused(answer):
    with pytest.raises(HookFailed):
        values_of(answer, "Device")
    assert values_of(None, "Device") == ()


def test_verdicts_are_read():
    assert verdict_of(True) == Verdict(True)
    assert verdict_of({"ok": False, "reason": "rx power", "facts": {"rx": -30}}) == Verdict(False, "rx power", {"rx": -30})
    assert len(verdict_of({"ok": True, "reason": "x" * 9000}).reason) == REASON_MOST
    for answer in (None, 1, "yes", {}, {"ok": 1}, {"ok": True, "facts": [1]}):
        with pytest.raises(HookFailed):
            verdict_of(answer)


JSON = st.recursive(st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner))


@given(JSON)
def test_any_answer_is_read_or_refused(answer):
    for read in (lambda: values_of(answer, "Device"), lambda: verdict_of(answer)):
        try:
            read()
        except HookFailed:
            pass
