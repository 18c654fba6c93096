"""What a device does of its own when a tester says so, as the ACS hears it."""

from __future__ import annotations

import pytest

from acs.cwmp.faults import CwmpFault
from acs.cwmp.messages import (
    AutonomousTransferComplete,
    GetRPCMethods,
    Kicked,
    RequestDownload,
    ScheduleDownload,
    TimeWindowStruct,
)
from acs.errors import WrongEnvironment
from simulators.acts import ACTS, parse, perform, schedule
from simulators.planting import acts_of, faults
from tests.simulators.kit import ScriptedAcs, make_device, pass_time

MS = "Device.ManagementServer."


def running(**given):
    acs = ScriptedAcs(**given)
    device, clock = make_device(acs, inform_interval_s=100_000)
    device.start(0)
    pass_time(clock, 1)
    return acs, device, clock


def calls(acs, kind):
    return [message for message in acs.messages if isinstance(message, kind)]


@pytest.mark.cwmp("C-170", "D-25", "X-4")
def test_kicked():
    acs, device, clock = running()
    perform(device, "kick", "Reboot", "now")
    pass_time(clock, 1)
    assert acs.events() == ["5 KICKED"]
    assert [(kicked.command, kicked.arg) for kicked in calls(acs, Kicked)] == [("Reboot", "now")]


@pytest.mark.cwmp("C-171", "D-29", "C-173")
def test_request_download():
    acs, device, clock = running()
    perform(device, "request-download", "1", "Firmware", "Upgrade", "Image", "Version=3.3")
    pass_time(clock, 1)
    assert acs.events() == ["9 REQUEST DOWNLOAD"]
    (asked,) = calls(acs, RequestDownload)
    assert (asked.file_type, [(a.name, a.value) for a in asked.file_type_arg]) == ("1 Firmware Upgrade Image", [("Version", "3.3")])


@pytest.mark.cwmp("A-43", "C-11")
def test_asks_for_the_methods_of_the_acs():
    acs, device, clock = running()
    perform(device, "ask-methods")
    pass_time(clock, 1)
    assert len(calls(acs, GetRPCMethods)) == 1
    assert "Inform" in device.cpe.acs_methods


@pytest.mark.cwmp("C-124", "E-40")
def test_a_refused_call_is_not_repeated_an_8005_is():
    acs, device, clock = running()
    acs.verdicts = [None, CwmpFault(8005), CwmpFault(8000)]
    perform(device, "kick", "Reboot")
    pass_time(clock, 5)
    assert len(calls(acs, Kicked)) == 2
    assert device.cpe.calls == []


@pytest.mark.cwmp("C-126", "D-30", "I-20")
def test_a_transfer_of_its_own_is_told_if_the_policy_says_so():
    acs, device, clock = running()
    perform(device, "fetch", "http://127.0.0.1:1/x", "3", "Vendor", "Configuration", "File")
    policy = MS + "AutonomousTransferCompletePolicy."
    transfer = device.cpe.transfers[-1]
    transfer.fault_code = 9015
    device.cpe.transfer_ended(transfer)
    assert (device.cpe.transfers, device.cpe.calls) == ([], [])
    device.cpe.tree.put(policy + "Enable", "true")
    for name, value, told in (("ResultTypeFilter", "Success", 0), ("ResultTypeFilter", "Both", 1), ("TransferTypeFilter", "Upload", 1)):
        device.cpe.tree.put(policy + name, value)
        device.cpe.transfers.append(transfer)
        device.cpe.transfer_ended(transfer)
        assert len(device.cpe.calls) == told
    device.wake()
    pass_time(clock, 1)
    assert acs.events() == ["10 AUTONOMOUS TRANSFER COMPLETE"]
    (told,) = calls(acs, AutonomousTransferComplete)
    assert (told.is_download, told.transfer_url, told.fault_struct.fault_code) == (True, "http://127.0.0.1:1/x", 9015)


@pytest.mark.cwmp("D-33", "L-96")
def test_standby_is_silent_and_ends_with_wakeup():
    acs, device, clock = running()
    perform(device, "standby", "60")
    assert not device.listens()
    perform(device, "set", "Device.ManagementServer.ConnectionRequestURL", "http://192.0.2.1/")  # would wake it: active notification
    pass_time(clock, 59, 1)
    assert len(acs.informs) == 1
    pass_time(clock, 2, 1)
    assert acs.events() == ["13 WAKEUP", "4 VALUE CHANGE"]
    device.cpe.tree.put(MS + "StandbyPolicy.CRUnawarenessMaxDuration", "10")
    perform(device, "standby", "60")
    pass_time(clock, 11, 1)
    assert acs.events() == ["13 WAKEUP"]


@pytest.mark.cwmp("C-135", "C-136", "D-38", "I-19")
def test_a_download_that_nobody_confirms_is_reported_as_9020():
    window = TimeWindowStruct(10, 60, "4 Confirmation Needed", "May we?", 0)
    acs, _, clock = running(
        questions=[ScheduleDownload("sd1", "1 Firmware Upgrade Image", "http://127.0.0.1:1/f", "", "", 0, "", (window,))]
    )
    pass_time(clock, 50, 1)
    assert len(acs.informs) == 1
    pass_time(clock, 15, 1)
    assert [(event.event_code, event.command_key) for event in acs.informs[-1].event] == [
        ("7 TRANSFER COMPLETE", ""),
        ("M ScheduleDownload", "sd1"),
    ]
    assert [message.fault_struct.fault_code for message in acs.messages if type(message).__name__ == "TransferComplete"] == [9020]


def test_confirming_lets_it_begin():
    window = TimeWindowStruct(10, 60, "4 Confirmation Needed", "May we?", 0)
    _, device, clock = running(
        questions=[ScheduleDownload("sd1", "1 Firmware Upgrade Image", "http://127.0.0.1:1/f", "", "", 0, "", (window,))]
    )
    begun = []
    device._transfer = begun.append
    perform(device, "confirm", "sd1")
    pass_time(clock, 15, 1)
    assert [transfer.command_key for transfer in begun] == ["sd1"]


def test_acts_of_a_trouble_happen_at_their_time_whatever_else_does():
    acs, device, clock = running()
    schedule(device, [parse(text) for text in acts_of(("kicked",))])
    device.power_cut()
    pass_time(clock, 61, 1)
    assert acs.events() == ["5 KICKED"]


@pytest.mark.parametrize("text", ["", "kick", "x kick Reboot", "5 dance", "5 kick", "5 set Path"])
def test_what_is_no_act_is_refused_with_what_there_is(text):
    with pytest.raises(WrongEnvironment, match="request-download"):
        parse(text)


def test_all_acts_in_the_data_can_be_read():
    assert [parse(act).word for name in faults() for act in acts_of((name,))]
    assert all(known.usage or not known.arguments for known in ACTS.values())
