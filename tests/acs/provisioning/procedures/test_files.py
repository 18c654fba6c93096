"""Backup, restore and log upload."""

import pytest

from acs.cwmp import messages as m
from acs.cwmp.faults import CwmpFault
from acs.cwmp.messages import Download, GetParameterNames, Upload
from acs.provisioning.procedure import Done, Failed, Trigger, Wait
from acs.provisioning.procedures import files
from acs.provisioning.procedures.files import GRACE
from tests.acs.provisioning.scripted import NOW, UNKNOWN, Device, context, play

ROWS = {
    "Device.DeviceInfo.VendorConfigFile.3.Name": "b",
    "Device.DeviceInfo.VendorConfigFile.2.Name": "a",
    "Device.DeviceInfo.VendorLogFile.1.Name": "syslog",
}
PUT = {"url": "https://files/put/x"}


def asked_type(phase, device, **given):
    play(phase(context(brief=PUT, command_key="u1", **given)), device)
    (request,) = device.asked_for(Upload)
    return request.file_type


@pytest.mark.cwmp("I-30", "I-40", "C-111")
@pytest.mark.parametrize(
    ("phase", "file_type"), [(files.backup, "3 Vendor Configuration File 2"), (files.log_upload, "4 Vendor Log File 1")]
)
@pytest.mark.parametrize("version", ["1.2", "1.4"])
def test_from_1_2_on_the_first_file_the_device_lists_is_asked_for(phase, file_type, version):
    assert asked_type(phase, Device(dict(ROWS)), version=version) == file_type


@pytest.mark.cwmp("I-30", "I-40", "C-111")
@pytest.mark.parametrize(("phase", "file_type"), [(files.backup, "1 Vendor Configuration File"), (files.log_upload, "2 Vendor Log File")])
@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_before_1_2_the_device_picks_the_file(phase, file_type, version):
    d = Device(dict(ROWS))
    assert asked_type(phase, d, version=version) == file_type
    assert d.asked_for(GetParameterNames) == []


@pytest.mark.parametrize("values", [{}, {"Device.DeviceInfo.VendorConfigFile.²": "x"}])
def test_a_device_that_lists_no_file_picks_it_itself(values):
    assert asked_type(files.backup, Device(values)) == "1 Vendor Configuration File"


def test_an_upload_has_its_own_key_and_address_and_waits_for_the_report():
    d = Device(dict(ROWS))
    outcome = play(files.backup(context(brief=PUT, command_key="u1")), d)
    assert d.asked[-1] == Upload("u1", "3 Vendor Configuration File 2", "https://files/put/x", "", "", 0)
    assert (outcome.phase, outcome.on, outcome.until) == ("verify", {Trigger.TRANSFER}, NOW + GRACE)


@pytest.mark.cwmp("C-113")
@pytest.mark.quirk("R-20")
def test_a_refused_upload_fails_with_the_fault():
    outcome = play(files.log_upload(context(brief=PUT)), Device(answers={Upload: CwmpFault(9001)}))
    assert outcome.fault == CwmpFault(9001)
    assert "log" in outcome.text


@pytest.mark.parametrize("phase", [files.backup, files.log_upload, files.restore])
def test_a_transfer_that_may_have_been_asked_for_is_waited_for_and_not_asked_again(phase):
    d = Device()
    assert isinstance(play(phase(context(brief={**PUT, "size": 1}, maybe_sent=True)), d), Wait)
    assert d.asked == []


ARRIVED = {"file_id": 9, "size": 100}


@pytest.mark.cwmp("I-32")
@pytest.mark.parametrize(("transfer", "reported"), [(0, True), (None, False)])
def test_a_file_that_arrived_is_a_success_reported_or_not(transfer, reported):
    assert play(files.upload_verify(context(brief=ARRIVED, transfer=transfer))) == Done({"file": 9, "size": 100, "reported": reported})


@pytest.mark.cwmp("I-32")
def test_a_report_of_success_without_a_file_is_a_failure():
    outcome = play(files.upload_verify(context(transfer=0)))
    assert isinstance(outcome, Failed)
    assert "no file arrived" in outcome.text


@pytest.mark.cwmp("I-31")
@pytest.mark.parametrize("brief", [{}, ARRIVED])
def test_a_reported_failure_is_one_even_if_bytes_came(brief):
    assert play(files.upload_verify(context(brief=brief, transfer=9011))).fault.code == 9011


def test_silence_without_a_file_is_a_failure():
    assert isinstance(play(files.upload_verify(context())), Failed)


# ---- restore ---------------------------------------------------------------------------------------------------

GET = {"url": "https://files/get/x", "size": 100}


def restore(device):
    return play(files.restore(context(brief=GET, args={"file": 9}, command_key="d1")), device)


@pytest.mark.cwmp("I-34")
def test_a_restore_downloads_a_configuration_file_and_waits():
    d = Device()
    outcome = restore(d)
    assert d.asked == [Download("d1", "3 Vendor Configuration File", "https://files/get/x", file_size=100)]
    assert (outcome.phase, outcome.on, outcome.until) == ("verify", {Trigger.TRANSFER}, NOW + GRACE)


@pytest.mark.cwmp("C-93")
def test_a_restore_done_at_once_waits_for_no_report():
    assert restore(Device(answers={Download: m.DownloadResponse(0, UNKNOWN, UNKNOWN)})) == Done({"file": 9, "reported": True})


def test_a_refused_restore_changed_nothing():
    outcome = restore(Device(answers={Download: CwmpFault(9013)}))
    assert "Nothing was changed" in outcome.text
    assert outcome.fault.code == 9013


@pytest.mark.parametrize(("transfer", "kind"), [(0, Done), (9018, Failed), (None, Failed)])
def test_a_restore_ends_as_the_device_reports(transfer, kind):
    assert isinstance(play(files.restore_verify(context(args={"file": 9}, transfer=transfer))), kind)
