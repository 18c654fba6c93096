"""Scheduled contacts and downloads, the device's queue, and calling transfers off."""

from datetime import timedelta

import pytest

from acs.cwmp import messages as m
from acs.cwmp.faults import CwmpFault
from acs.provisioning.procedure import Done, Failed, Trigger, Wait
from acs.provisioning.procedures import scheduling
from acs.provisioning.procedures.scheduling import INFORM_GRACE, WINDOW_GRACE
from tests.acs.provisioning.scripted import NOW, Device, context, play

VERSION = "Device.DeviceInfo.SoftwareVersion"
IMAGE = {"url": "http://files/get/x", "size": 100, "version": "2.0", "file_name": "f.bin"}
FILE = {"url": "http://files/get/c", "size": 9}
NIGHT = {"start_s": 3600, "end_s": 7200, "mode": "idle", "message": "", "retries": 2}
LATER = {"start_s": 7200, "end_s": 9000, "mode": "confirm", "message": "May we?", "retries": -1}


# ---- a contact at a time ---------------------------------------------------------------------------------------


@pytest.mark.cwmp("C-137")
def test_an_appointment_is_made_with_its_own_key_and_waited_for():
    d = Device()
    outcome = play(scheduling.schedule_inform(context(args={"delay_s": 600}, command_key="k1")), d)
    assert d.asked == [m.ScheduleInform(600, "k1")]
    assert (outcome.phase, outcome.on, outcome.until) == ("verify", {Trigger.SCHEDULED}, NOW + timedelta(seconds=600) + INFORM_GRACE)


@pytest.mark.cwmp("C-138")
@pytest.mark.parametrize("code", [9000, 9001, 9002, 9003])
def test_a_refused_appointment_fails_with_the_fault(code):
    outcome = play(scheduling.schedule_inform(context(args={"delay_s": 1})), Device(answers={m.ScheduleInform: CwmpFault(code)}))
    assert outcome == Failed("The device takes no appointment.", CwmpFault(code))


def test_an_appointment_that_may_have_been_made_is_not_made_twice():
    d = Device()
    assert isinstance(play(scheduling.schedule_inform(context(args={"delay_s": 1}, maybe_sent=True)), d), Wait)
    assert d.asked == []


@pytest.mark.parametrize(("memo", "state"), [({"scheduled": True}, Done), ({}, Failed)])
def test_an_appointment_is_kept_by_the_contact_that_carries_its_key(memo, state):
    assert isinstance(play(scheduling.schedule_inform_verify(context(memo=memo))), state)


# ---- a download within time windows ------------------------------------------------------------------------------


def scheduled(device=None, brief=IMAGE, windows=(NIGHT, LATER), **given):
    return play(
        scheduling.schedule_download(context(args={"image": 3, "windows": list(windows)}, brief=brief, command_key="k1", **given)), device
    )


@pytest.mark.cwmp("I-19", "C-134", "C-135")
def test_a_download_is_appointed_for_its_windows():
    d = Device({VERSION: "1.0"})
    outcome = scheduled(d)
    (request,) = d.asked_for(m.ScheduleDownload)
    assert (request.command_key, request.file_type, request.url, request.file_size) == ("k1", "1 Firmware Upgrade Image", IMAGE["url"], 100)
    assert request.time_window_list == (
        m.TimeWindowStruct(3600, 7200, "3 When Idle", "", 2),
        m.TimeWindowStruct(7200, 9000, "4 Confirmation Needed", "May we?", -1),
    )
    assert outcome.until == NOW + timedelta(seconds=9000) + WINDOW_GRACE
    assert (outcome.phase, outcome.on, outcome.memo["before"]) == ("verify", {Trigger.TRANSFER}, "1.0")


@pytest.mark.parametrize(("mode", "told"), [("any", "1 At Any Time"), ("now", "2 Immediately")])
@pytest.mark.cwmp("C-135")
def test_modes_are_told_in_the_words_of_the_standard(mode, told):
    (window,) = scheduling.windows_of([{**NIGHT, "mode": mode}])
    assert window.window_mode == told


def test_settings_are_appointed_as_a_vendor_file_and_judged_by_the_report():
    d = Device()
    outcome = scheduled(d, FILE)
    assert d.asked_for(m.ScheduleDownload)[0].file_type == "3 Vendor Configuration File"
    args = {"file": 7, "windows": [NIGHT]}
    verify = scheduling.schedule_download_verify
    assert play(verify(context(args=args, brief=FILE, memo=outcome.memo, transfer=0))) == Done({"file": 7, "reported": True})
    assert play(verify(context(args=args, brief=FILE, memo=outcome.memo, transfer=9018))).fault.code == 9018


def test_a_device_that_runs_the_version_is_left_alone():
    d = Device({VERSION: "2.0"})
    assert scheduled(d) == Done({"version": "2.0", "before": "2.0", "already": True})
    assert d.asked_for(m.ScheduleDownload) == []


@pytest.mark.cwmp("C-136")
@pytest.mark.parametrize("code", [9000, 9001, 9002, 9003, 9004, 9010, 9013])
def test_a_refused_appointment_for_a_download_changed_nothing(code):
    outcome = scheduled(Device({VERSION: "1.0"}, answers={m.ScheduleDownload: CwmpFault(code)}))
    assert outcome.fault == CwmpFault(code)
    assert outcome.text.endswith("Nothing was changed.")


def test_a_download_that_may_have_been_appointed_is_waited_for():
    d = Device({VERSION: "1.0"})
    assert isinstance(scheduled(d, maybe_sent=True), Wait)
    assert d.asked == []


def verified(version, after_s=4000, **given):
    memo = scheduled(Device({VERSION: "1.0"})).memo
    at = NOW + timedelta(seconds=after_s)
    return play(scheduling.schedule_download_verify(context(brief=IMAGE, memo=memo, now=at, **given)), Device({VERSION: version}))


def test_a_report_and_the_wanted_version_are_a_success():
    assert isinstance(verified("2.0", transfer=0), Done)


@pytest.mark.cwmp("C-136")
def test_no_time_within_the_windows_is_told_in_plain_words():
    outcome = verified("1.0", transfer=9020)
    assert outcome.fault.code == 9020
    assert "no time for it within its time windows" in outcome.text
    assert "still runs 1.0" in outcome.text


def test_a_contact_before_the_window_ends_changes_nothing_and_silence_after_it_fails():
    waiting = verified("1.0")
    assert (waiting.phase, waiting.until) == ("verify", NOW + timedelta(seconds=9000) + WINDOW_GRACE)
    late = verified("1.0", after_s=9000 + WINDOW_GRACE.total_seconds())
    assert "never reported" in late.text


def test_success_without_the_version_waits_for_a_restart():
    assert isinstance(verified("1.0", transfer=0), Wait)


# ---- the device's queue ------------------------------------------------------------------------------------------

QUEUE = m.GetAllQueuedTransfersResponse(
    (
        m.AllQueuedTransferStruct("k1", 1, True, "1 Firmware Upgrade Image", 100, "f.bin"),
        m.AllQueuedTransferStruct("", 2, False, "4 Vendor Log File 1", 0, ""),
        m.AllQueuedTransferStruct("k3", 7, True, "X", 0, ""),
    )
)


@pytest.mark.cwmp("C-131", "C-130")
def test_all_queued_transfers_are_told_with_their_state():
    told = play(scheduling.queued_transfers(context()), Device(answers={m.GetAllQueuedTransfers: QUEUE})).result
    assert told["complete"] is True
    assert told["transfers"][0] == {
        "command_key": "k1", "state": "waiting", "download": True, "file_type": "1 Firmware Upgrade Image", "size": 100, "file_name": "f.bin",
    }  # fmt: skip
    assert [t["state"] for t in told["transfers"]] == ["waiting", "running", "7"]


@pytest.mark.cwmp("C-130")
def test_a_device_that_does_not_know_that_is_asked_for_the_old_list():
    d = Device(
        answers={
            m.GetAllQueuedTransfers: CwmpFault(9000),
            m.GetQueuedTransfers: m.GetQueuedTransfersResponse((m.QueuedTransferStruct("k1", 3),)),
        }
    )
    assert play(scheduling.queued_transfers(context()), d).result == {
        "transfers": [{"command_key": "k1", "state": "ended"}],
        "complete": False,
    }


@pytest.mark.cwmp("C-132")
@pytest.mark.parametrize("code", [9001, 9002])
def test_a_device_that_does_not_tell_its_queue_fails_without_asking_twice(code):
    d = Device(answers={m.GetAllQueuedTransfers: CwmpFault(code)})
    assert play(scheduling.queued_transfers(context()), d).fault == CwmpFault(code)
    assert len(d.asked) == 1


@pytest.mark.cwmp("C-133")
def test_a_transfer_is_called_off_by_its_key_and_its_operation_ends_with_it():
    d = Device()
    outcome = play(scheduling.cancel_transfer(context(args={"command_key": "k9", "operation": 5})), d)
    assert d.asked == [m.CancelTransfer("k9")]
    assert outcome == Done({"command_key": "k9", "operation": 5}, cancels=5)
    assert play(scheduling.cancel_transfer(context(args={"command_key": "k9"}))).cancels == 0


@pytest.mark.cwmp("C-133", "I-19")
def test_a_transfer_that_runs_is_not_called_off_and_that_is_said():
    outcome = play(scheduling.cancel_transfer(context(args={"command_key": "k"})), Device(answers={m.CancelTransfer: CwmpFault(9021)}))
    assert outcome == Failed("The transfer was not called off: the transfer has begun and can no longer be called off.", CwmpFault(9021))
