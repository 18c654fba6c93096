"""Moving a device to another ACS."""

import pytest

from acs.cwmp import messages as m
from acs.cwmp.faults import CwmpFault
from acs.provisioning.procedure import Done
from acs.provisioning.procedures.moving import move_acs
from tests.acs.provisioning.scripted import Device, context, play

URL = "https://acs.example/cwmp"


@pytest.mark.quirk("K-54")
@pytest.mark.parametrize("root", ["Device", "InternetGatewayDevice"])
def test_the_address_is_written_alone_and_not_read_back(root):
    d = Device()
    outcome = play(move_acs(context(root, args={"url": URL})), d)
    (request,) = d.asked
    assert [(v.name, v.value) for v in request.parameter_list] == [(f"{root}.ManagementServer.URL", URL)]
    assert outcome == Done({"url": URL, "needs_restart": False})


def test_a_refusal_says_that_the_device_stays():
    outcome = play(move_acs(context(args={"url": URL})), Device(answers={m.SetParameterValues: CwmpFault(9007)}))
    assert (outcome.fault.code, "stays with us" in outcome.text) == (9007, True)
