"""A device of a known kind in its first session: logins, then values by name, no discovery."""

import pytest

from acs.cwmp import messages as m
from acs.provisioning.procedure import Done, Failed
from acs.provisioning.procedures.provisioning import provision
from tests.acs.provisioning.scripted import Device, context, play

SERVER = "Device.ManagementServer."
NAMES = [f"Device.X.P{n}" for n in range(8)]
BRIEF = {"request_username": "acs-user", "request_secret": "s3cr3t", "names": NAMES}


@pytest.fixture
def device() -> Device:
    logins = {SERVER + name: "" for name in ("ConnectionRequestUsername", "ConnectionRequestPassword")}
    return Device(logins | dict.fromkeys(NAMES, "1"))


def test_logins_are_handed_out_and_values_read_by_name(device: Device):
    assert play(provision(context(brief=BRIEF)), device) == Done({"set": ["request login"], "count": 8})
    assert [type(asked) for asked in device.asked] == [m.SetParameterValues, m.GetParameterValues]
    assert device.asked_for(m.GetParameterValues)[0].parameter_names == tuple(NAMES)


def test_name_that_a_device_has_not_is_left_out(device: Device):
    del device.values[NAMES[3]]
    outcome = play(provision(context(brief=BRIEF)), device)
    assert isinstance(outcome, Done) and outcome.result["count"] == 7
    assert not device.asked_for(m.GetParameterNames)


def test_device_that_is_not_of_its_kind_is_discovered(device: Device):
    for name in NAMES[2:]:
        del device.values[name]
    outcome = play(provision(context(brief=BRIEF)), device)
    assert isinstance(outcome, Done) and outcome.snapshots
    assert outcome.result["set"] == ["request login"]


def test_forgotten_kind_means_discovery(device: Device):
    outcome = play(provision(context(brief={**BRIEF, "names": []})), device)
    assert isinstance(outcome, Done) and outcome.snapshots


def test_refused_login_fails_though_the_values_are_read(device: Device):
    device.refused = {SERVER + "ConnectionRequestUsername": 9001, SERVER + "ConnectionRequestPassword": 9001}
    assert isinstance(play(provision(context(brief=BRIEF)), device), Failed)
    assert device.asked_for(m.GetParameterValues)
