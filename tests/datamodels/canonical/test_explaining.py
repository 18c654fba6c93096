from __future__ import annotations

import pytest

from datamodels.canonical import Correction, Fate, Resolver, Turn, explain, names
from tests.datamodels.trees import NAMES, root_of, tree


def told(device: str, name: str, **changed: str):
    return explain(Resolver(tree(device) | changed, root_of(device)), name)


def test_the_path_the_rule_and_the_raw_value_are_told():
    found = told("tr181-gateway", "wifi.5g.channel")
    step = found.taken
    assert (step.template, step.path, step.raw) == ("{radio.5g}.Channel", "Device.WiFi.Radio.1.Channel", "36")
    assert (step.anchored.name, step.anchored.row, step.anchored.rule) == ("radio.5g", "Device.WiFi.Radio.1.", 1)
    assert step.anchored.says == "Device.WiFi.Radio.{i}. with OperatingFrequencyBand is 5ghz"


def test_what_was_passed_over_and_why_is_told():
    found = told("tr181-gateway", "wan.status")
    assert [step.fate for step in found.steps] == [Fate.TAKEN, Fate.PASSED]
    empty = told("tr181-gateway", "system.model", **{"Device.DeviceInfo.ModelName": ""})
    assert next(step.fate for step in empty.steps) is Fate.EMPTY
    assert empty.taken.path == "Device.DeviceInfo.ModelNumber"
    gone = told("tr098-dsl", "optical.rx_power_dbm")
    assert gone.resolved is None
    assert {step.fate for step in gone.steps} <= {Fate.NO_ROW, Fate.NOT_THERE}
    assert "The device has no value for it below InternetGatewayDevice." in gone.lines()
    noise = told("tr181-gateway", "wifi.6g.noise_dbm")
    assert noise.taken.raw in ("0", "255")


@pytest.mark.parametrize(
    ("device", "name", "turn"),
    [
        ("tr181-gateway", "optical.rx_power_dbm", (Turn.SCALE, "0.1")),
        ("tr181-gateway", "wan.connection_type", (Turn.CONSTANT, "pppoe")),
        ("tr181-gateway", "wifi.6g.bandwidth", (Turn.WORDS, "320MHz-1 → 320")),
        ("tr098-ont", "wifi.5g.security_mode", (Turn.CASES, "BeaconType '11i'")),
        ("tr181-gateway", "wan.dns_servers", (Turn.GATHERED, "Device.DNS.Client.Server.{i}.")),
    ],
)
def test_how_the_raw_text_was_turned_is_told(device, name, turn):
    turns = told(device, name).turns
    assert any(each[0] is turn[0] and each[1].startswith(turn[1]) for each in turns), turns


def test_what_is_known_of_the_model_is_told():
    resolver = Resolver(tree("tr181-gateway"), "Device", {"optical.voltage_v": Correction(scale=1.0), "time.enabled": Correction(inverted=True)})
    assert explain(resolver, "optical.voltage_v").turns == ((Turn.CORRECTED, "times 1"),)
    assert explain(resolver, "time.enabled").turns == ((Turn.CORRECTED, "the other way round"), (Turn.INVERTED, ""))
    assert "Turned: true and false are the other way round" in explain(resolver, "time.enabled").lines()


def test_a_secret_stays_out_of_the_lines():
    found = told("tr098-ont", "management.acs_password", **{"InternetGatewayDevice.ManagementServer.Password": "tops3cret"})
    assert "tops3cret" not in "\n".join(found.lines())


@pytest.mark.parametrize("device", NAMES)
def test_what_is_explained_is_what_is_read(device):
    resolver = Resolver(tree(device), root_of(device))
    for name in names():
        found, resolved = explain(resolver, name), resolver.get(name)
        assert found.resolved == resolved
        assert (found.taken is None) == (resolved is None), name
        if resolved is not None:
            assert (found.taken.path, found.taken.raw) == (resolved.path, resolved.raw)
        assert found.lines()
