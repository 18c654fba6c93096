"""Download, Upload, ScheduleDownload and what asks about them: which transfers a CPE accepts, lists, cancels, and when one may begin.

No I/O: transfers.py moves the files, device.py sets the timers. Follows TR-069 A.3.2.8, A.4.1 (conformance C.7, C.8, C.10).
Tests: tests/simulators/test_transfer_queue.py.
"""

from __future__ import annotations

import zlib
from typing import Any
from urllib.parse import urlsplit

from acs.cwmp.faults import CPE_FAULTS, CwmpFault
from acs.cwmp.messages import (
    AllQueuedTransferStruct,
    CancelTransfer,
    CancelTransferResponse,
    Download,
    DownloadResponse,
    GetAllQueuedTransfersResponse,
    GetQueuedTransfersResponse,
    QueuedTransferStruct,
    ScheduleDownload,
    ScheduleDownloadResponse,
    TimeWindowStruct,
    Upload,
    UploadResponse,
)
from acs.cwmp.times import UNKNOWN_TIME
from simulators.cpe import Cpe, Transfer, Window, instant

MAX_TRANSFERS = 5
DOWNLOADS = ("1 ", "2 ", "3 ", "4 ", "5 ", "6 ", "X ")
UPLOADS = ("1 ", "2 ", "3 ", "4 ", "X ")
MODES = ("1 At Any Time", "2 Immediately", "3 When Idle", "4 Confirmation Needed")
OWN_RETRIES = 2
"""How often a device that may choose (MaxRetries -1) tries again within a window."""
STATES = {"waiting": 1, "running": 2, "done": 3}


def fault(code: int, text: str = "") -> CwmpFault:
    return CwmpFault(code, text or CPE_FAULTS[code])


def download(cpe: Cpe, message: Download) -> DownloadResponse | CwmpFault:
    """Always status 1: fetched after the session, reported by TransferComplete (C-91 to C-101)."""
    refused = _refusal(cpe, message, DOWNLOADS)
    if refused is not None:
        return refused
    _accept(cpe, message, "download", message.delay_seconds, message.file_size, message.target_file_name)
    if "status-0" in cpe.quirks.files:
        return DownloadResponse(0, instant(cpe.facts.now()), instant(cpe.facts.now()))
    return DownloadResponse(1, UNKNOWN_TIME, UNKNOWN_TIME)


def upload(cpe: Cpe, message: Upload) -> UploadResponse | CwmpFault:
    refused = _refusal(cpe, message, UPLOADS) or _no_such_file(cpe, message.file_type)
    if refused is not None:
        return refused
    _accept(cpe, message, "upload", message.delay_seconds)
    return UploadResponse(1, UNKNOWN_TIME, UNKNOWN_TIME)


def schedule_download(cpe: Cpe, message: ScheduleDownload) -> ScheduleDownloadResponse | CwmpFault:
    """One or two windows, in order and not overlapping (C-134, C-135)."""
    refused = _refusal(cpe, message, DOWNLOADS) or _bad_windows(message.time_window_list)
    if refused is not None:
        return refused
    now, first = cpe.facts.now(), message.time_window_list[0]
    delay_s = float(first.window_start)
    if first.window_mode == MODES[0]:  # a time of its own choice, in the first half
        delay_s += zlib.crc32(f"{cpe.serial}/{message.command_key}".encode()) / 2**33 * (first.window_end - first.window_start)
    transfer = _accept(cpe, message, "download", delay_s, message.file_size, message.target_file_name)
    transfer.windows = [
        Window(now + w.window_start, now + w.window_end, w.window_mode, OWN_RETRIES if w.max_retries < 0 else w.max_retries)
        for w in message.time_window_list
    ]
    return ScheduleDownloadResponse()


def _accept(cpe: Cpe, message: Any, kind: str, delay_s: float, file_size: int = 0, target: str = "") -> Transfer:
    transfer = Transfer(
        kind, message.command_key, message.file_type, message.url, message.username, message.password, file_size, target,
        cpe.facts.now() + delay_s, method=type(message).__name__,
    )  # fmt: skip
    cpe.transfers.append(transfer)
    cpe.touched = True
    return transfer


def _refusal(cpe: Cpe, message: Any, known: tuple[str, ...]) -> CwmpFault | None:
    if len(message.command_key) > 32 or not message.file_type.startswith(known) or len(message.file_type.split()) < 2:
        return fault(9003, f"FileType {message.file_type[:64]!r} is not known")
    parts = urlsplit(message.url)
    if not parts.hostname:
        return fault(9003, "URL has no host")
    if parts.scheme.lower() not in ("http", "https"):
        return fault(9013)
    if parts.username or parts.password:
        return fault(9003, "URL holds a user name")
    refused = _odd_refusal(cpe.quirks.files, message, parts.scheme.lower(), parts.hostname) if cpe.quirks.files else None
    if refused is not None:
        return refused
    if len([t for t in cpe.transfers if t.state != "done"]) >= MAX_TRANSFERS:
        return fault(9004, "the transfer queue is full")
    return None


def _odd_refusal(words: tuple[str, ...], message: Any, scheme: str, host: str) -> CwmpFault | None:
    """What only some devices refuse (quirk K-65)."""
    is_address = host.replace(".", "").isdigit() or ":" in host
    if "no-https" in words and scheme == "https":
        return fault(9013)
    if ("host-name" in words and is_address) or ("address" in words and not is_address):
        return fault(9003, "the host of the URL is not of the right kind")
    return fault(9004, "FileSize is needed") if "exact-size" in words and not getattr(message, "file_size", 1) else None


def _no_such_file(cpe: Cpe, file_type: str) -> CwmpFault | None:
    """`3 Vendor Configuration File <i>` and `4 Vendor Log File <i>` name a row of DeviceInfo (C-111)."""
    last = file_type.rsplit(maxsplit=1)[-1]
    if file_type[:2] in ("3 ", "4 ") and last.isdigit():
        table = "VendorConfigFile" if file_type[0] == "3" else "VendorLogFile"
        if not cpe.tree.is_object(f"{cpe.tree.root}DeviceInfo.{table}.{last}."):
            return fault(9003, f"there is no {table} {last}")
    return None


def _bad_windows(windows: tuple[TimeWindowStruct, ...]) -> CwmpFault | None:
    if not 1 <= len(windows) <= 2:
        return fault(9003, f"there must be one or two time windows, not {len(windows)}")
    last_end = 0
    for window in windows:
        if window.window_end <= window.window_start or window.window_start < last_end:
            return fault(9003, "time windows must end after they start and not overlap")
        if window.window_mode not in MODES:
            return fault(9003, f"WindowMode {window.window_mode[:64]!r} is not known")
        last_end = window.window_end
    return None


# ---- the queue ---------------------------------------------------------------------------------------------------


def cancel_transfer(cpe: Cpe, message: CancelTransfer) -> CancelTransferResponse | CwmpFault:
    """All with this key that have not begun; an unknown key is no error, one that runs or ran is 9021 (C-133)."""
    found = [transfer for transfer in cpe.transfers if transfer.command_key == message.command_key and transfer.method]
    if any(transfer.state != "waiting" for transfer in found):
        return fault(9021)
    cpe.transfers = [transfer for transfer in cpe.transfers if transfer not in found]
    cpe.touched = True
    return CancelTransferResponse()


def get_queued_transfers(cpe: Cpe, _message: Any) -> GetQueuedTransfersResponse:
    asked = [transfer for transfer in cpe.transfers if transfer.method]
    return GetQueuedTransfersResponse(tuple(QueuedTransferStruct(t.command_key, STATES[t.state]) for t in asked[:16]))


def get_all_queued_transfers(cpe: Cpe, _message: Any) -> GetAllQueuedTransfersResponse:
    """With those the device began itself, which have no key (C-131)."""
    rows = [
        AllQueuedTransferStruct(t.command_key, STATES[t.state], t.kind == "download", t.file_type, t.file_size, t.target)
        for t in cpe.transfers[:16]
    ]
    return GetAllQueuedTransfersResponse(tuple(rows))


# ---- time windows ------------------------------------------------------------------------------------------------


def next_look(transfer: Transfer) -> float:
    """The instant at which a waiting transfer is to be looked at: when it may begin, or when its window ends without it."""
    if not transfer.windows:
        return transfer.due
    window = transfer.windows[0]
    return max(window.start, transfer.due) if window.may_begin() else window.end


def is_missed(transfer: Transfer, now: float) -> bool:
    """Whether the last window of a scheduled transfer is over; it is then failed with 9020 (C-136)."""
    if transfer.method != "ScheduleDownload":
        return False
    while transfer.windows and now >= transfer.windows[0].end:
        transfer.windows.pop(0)
    if not transfer.windows:
        transfer.fault_code, transfer.fault_string = 9020, CPE_FAULTS[9020]
    return not transfer.windows


def may_try_again(transfer: Transfer, now: float, pause_s: float) -> bool:
    """After a failure: whether its windows allow another attempt, which is then waiting; 9020 with the last reason if not."""
    if not transfer.windows or not transfer.fault_code:
        return False
    window = transfer.windows[0]
    if window.retries > 0 and now + pause_s < window.end:
        window.retries -= 1
        transfer.due = now + pause_s
    else:
        transfer.windows.pop(0)
    if transfer.windows:
        transfer.state, transfer.fault_code, transfer.fault_string = "waiting", 0, ""
        return True
    transfer.fault_string = f"not within its time windows; last: {transfer.fault_code} {transfer.fault_string}"[:256]
    transfer.fault_code = 9020
    return False
