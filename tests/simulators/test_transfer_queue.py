"""Which transfers a device accepts, lists and cancels, and how it keeps to time windows."""

from __future__ import annotations

import pytest

from acs.cwmp.faults import CwmpFault
from acs.cwmp.messages import (
    CancelTransfer,
    CancelTransferResponse,
    Download,
    GetAllQueuedTransfers,
    GetQueuedTransfers,
    GetRPCMethods,
    ScheduleDownload,
    ScheduleDownloadResponse,
    TimeWindowStruct,
    Upload,
)
from simulators import rpc
from simulators.cpe import Transfer
from simulators.transfer_queue import is_missed, may_try_again, next_look
from tests.simulators.kit import START, clock_at, make_cpe

IMAGE = "1 Firmware Upgrade Image"


def window(start, end, mode="2 Immediately", retries=0):
    return TimeWindowStruct(start, end, mode, "", retries)


def scheduled(*windows, key="s1", url="http://h/f"):
    return ScheduleDownload(key, IMAGE, url, "", "", 0, "", windows)


def accepted(cpe, *windows):
    assert rpc.answer(cpe, scheduled(*windows)) == ScheduleDownloadResponse()
    return cpe.transfers[-1]


@pytest.mark.cwmp("C-134", "C-135")
@pytest.mark.parametrize(
    "windows",
    [(), (window(10, 10),), (window(10, 5),), (window(0, 60), window(30, 90)), (window(0, 5, "5 Whenever"),), (window(0, 1),) * 3],
)
def test_windows_that_cannot_be_kept_are_refused(windows):
    answer = rpc.answer(make_cpe(), scheduled(*windows))
    assert isinstance(answer, CwmpFault)
    assert answer.code == 9003


@pytest.mark.cwmp("C-136")
def test_other_schemes_are_9013():
    assert rpc.answer(make_cpe(), scheduled(window(0, 60), url="ftp://h/f")).code == 9013


@pytest.mark.cwmp("C-135", "I-19")
def test_a_window_is_waited_for_and_missed_when_it_is_over():
    clock = clock_at()
    transfer = accepted(make_cpe(clock=clock), window(100, 200), window(500, 600))
    assert next_look(transfer) == START + 100
    assert not is_missed(transfer, START + 150)
    assert not is_missed(transfer, START + 250)
    assert next_look(transfer) == START + 500
    assert is_missed(transfer, START + 600)
    assert transfer.fault_code == 9020


@pytest.mark.cwmp("C-135")
def test_at_any_time_is_a_time_of_the_devices_own_within_the_window():
    transfer = accepted(make_cpe(), window(100, 1100, "1 At Any Time"))
    assert START + 100 < next_look(transfer) < START + 700


@pytest.mark.cwmp("C-135")
def test_confirmation_is_waited_for():
    transfer = accepted(make_cpe(), window(100, 200, "4 Confirmation Needed"))
    assert next_look(transfer) == START + 200
    transfer.windows[0].confirmed = True
    assert next_look(transfer) == START + 100


@pytest.mark.cwmp("C-135", "C-136")
def test_failures_are_tried_again_as_often_as_allowed_then_in_the_next_window_then_9020():
    transfer = accepted(make_cpe(), window(0, 100, retries=1), window(200, 300))
    tries = []
    for at in (START + 1, START + 15, START + 201):
        transfer.fault_code, transfer.fault_string = 9015, "nobody there"
        tries.append(may_try_again(transfer, at, 10.0))
    assert tries == [True, True, False]
    assert transfer.fault_code == 9020
    assert "9015 nobody there" in transfer.fault_string


def test_a_plain_download_is_not_tried_again():
    transfer = Transfer("download", "k", IMAGE, "http://h/f", "", "", 0, "", START, fault_code=9015)
    assert not may_try_again(transfer, START, 10.0)


@pytest.mark.cwmp("C-130", "C-131", "L-55")
def test_the_queue_is_listed_with_states_and_kinds():
    cpe = make_cpe()
    rpc.answer(cpe, Download("d1", IMAGE, "http://h/f", "", "", 100, "file.bin", 60, "", ""))
    rpc.answer(cpe, Upload("u1", "2 Vendor Log File", "http://h/f", "", "", 60))
    cpe.transfers.append(Transfer("download", "", IMAGE, "http://h/own", "", "", 0, "", START, "running", method=""))
    assert [(t.command_key, t.state) for t in rpc.answer(cpe, GetQueuedTransfers()).transfer_list] == [("d1", 1), ("u1", 1)]
    listed = rpc.answer(cpe, GetAllQueuedTransfers()).transfer_list
    assert [(t.command_key, t.state, t.is_download, t.file_size) for t in listed] == [
        ("d1", 1, True, 100),
        ("u1", 1, False, 0),
        ("", 2, True, 0),
    ]


@pytest.mark.cwmp("C-133", "L-55", "E-22")
def test_cancelling_takes_all_with_the_key_out_unless_one_has_begun():
    cpe = make_cpe()
    for _ in range(2):
        rpc.answer(cpe, Download("d1", IMAGE, "http://h/f", "", "", 0, "", 60, "", ""))
    assert rpc.answer(cpe, CancelTransfer("nobody")) == CancelTransferResponse()
    assert len(cpe.transfers) == 2
    cpe.transfers[1].state = "running"
    assert rpc.answer(cpe, CancelTransfer("d1")).code == 9021
    cpe.transfers[1].state = "waiting"
    assert rpc.answer(cpe, CancelTransfer("d1")) == CancelTransferResponse()
    assert cpe.transfers == []


@pytest.mark.cwmp("B-27")
def test_an_old_device_does_not_know_what_came_later():
    old = make_cpe("R110")
    assert rpc.answer(old, scheduled(window(0, 60))).code == 9000
    assert rpc.answer(old, GetAllQueuedTransfers()).code == 9000
    listed = rpc.answer(old, GetRPCMethods()).method_list
    assert "ScheduleInform" in listed
    assert not {"ScheduleDownload", "CancelTransfer", "ChangeDUState", "GetAllQueuedTransfers"} & set(listed)


@pytest.mark.cwmp("C-95")
def test_windows_survive_a_power_cut():
    cpe, later = make_cpe(), make_cpe()
    accepted(cpe, window(100, 200, "4 Confirmation Needed", 3))
    later.from_json(cpe.to_json())
    assert later.transfers == cpe.transfers
