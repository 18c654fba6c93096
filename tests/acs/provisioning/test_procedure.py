"""The words procedures are written in."""

import dataclasses

import pytest

from acs.cwmp.faults import CwmpFault
from acs.provisioning.procedure import DeviceFacts, Done, Failed, Kind, Refused
from tests.acs.provisioning.scripted import NOW, context, play


@pytest.mark.parametrize("root", ["Device", "InternetGatewayDevice"])
def test_paths_are_below_the_devices_own_root(root):
    assert DeviceFacts(root).path("DeviceInfo.UpTime") == f"{root}.DeviceInfo.UpTime"


def test_a_procedure_that_raises_refused_has_failed_with_its_fault():
    def procedure():
        yield from ()
        raise Refused("no", CwmpFault(9001))

    assert play(procedure()) == Failed("no", CwmpFault(9001))


def test_the_first_phase_is_the_one_declared_first():
    assert Kind("x", "X", {"b": lambda ctx: None, "a": lambda ctx: None}, "p").first_phase == "b"


def test_a_context_cannot_be_changed_by_a_procedure():
    ctx = context()
    with pytest.raises(dataclasses.FrozenInstanceError):
        ctx.now = NOW
    assert Done() == Done({}, (), ())
