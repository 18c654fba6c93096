"""Watching values: which notifications a device of which protocol version is asked for."""

import pytest

from acs.cwmp.messages import SetParameterAttributes
from acs.provisioning.procedure import Done, Failed
from acs.provisioning.procedures import parameters
from tests.acs.provisioning.scripted import Device, context, play

PATH = "Device.DeviceInfo.UpTime"


@pytest.mark.cwmp("B-28")
@pytest.mark.parametrize(
    ("version", "notification", "asked"), [("1.0", 2, True), ("1.3", 3, False), ("1.2", 6, False), ("1.4", 3, True), ("1.4", 6, True)]
)
def test_notifications_by_datagram_are_asked_of_devices_that_know_them_only(version, notification, asked):
    d = Device({PATH: "7"})
    ctx = context(args={"paths": [PATH], "notification": notification}, version=version)
    outcome = play(parameters.set_notification(ctx), d)
    assert isinstance(outcome, Done if asked else Failed)
    assert [type(request) for request in d.asked] == ([SetParameterAttributes] if asked else [])
