"""Event codes of an Inform, as devices spell them and as we compare them (conformance D-20 to D-45, quirk K-33)."""

import re

BOOTSTRAP = "0 BOOTSTRAP"
BOOT = "1 BOOT"
PERIODIC = "2 PERIODIC"
SCHEDULED = "3 SCHEDULED"
VALUE_CHANGE = "4 VALUE CHANGE"
KICKED = "5 KICKED"
CONNECTION_REQUEST = "6 CONNECTION REQUEST"
TRANSFER_COMPLETE = "7 TRANSFER COMPLETE"
DIAGNOSTICS_COMPLETE = "8 DIAGNOSTICS COMPLETE"
REQUEST_DOWNLOAD = "9 REQUEST DOWNLOAD"
AUTONOMOUS_TRANSFER_COMPLETE = "10 AUTONOMOUS TRANSFER COMPLETE"
DU_STATE_CHANGE_COMPLETE = "11 DU STATE CHANGE COMPLETE"
AUTONOMOUS_DU_STATE_CHANGE_COMPLETE = "12 AUTONOMOUS DU STATE CHANGE COMPLETE"
WAKEUP = "13 WAKEUP"
HEARTBEAT = "14 HEARTBEAT"
M_REBOOT = "M Reboot"
M_DOWNLOAD = "M Download"
M_UPLOAD = "M Upload"
M_SCHEDULE_INFORM = "M ScheduleInform"
M_SCHEDULE_DOWNLOAD = "M ScheduleDownload"
M_CHANGE_DU_STATE = "M ChangeDUState"

_STANDARD = {code.split(" ", 1)[0]: code for code in (
    BOOTSTRAP, BOOT, PERIODIC, SCHEDULED, VALUE_CHANGE, KICKED, CONNECTION_REQUEST, TRANSFER_COMPLETE, DIAGNOSTICS_COMPLETE,
    REQUEST_DOWNLOAD, AUTONOMOUS_TRANSFER_COMPLETE, DU_STATE_CHANGE_COMPLETE, AUTONOMOUS_DU_STATE_CHANGE_COMPLETE, WAKEUP, HEARTBEAT,
)}  # fmt: skip
_EXACT = frozenset(_STANDARD.values())
_METHOD = re.compile(r"M[ _]+(\S.*)")

WORDS = {
    BOOTSTRAP: "First contact",
    BOOT: "Restarted",
    PERIODIC: "Periodic contact",
    SCHEDULED: "Scheduled contact",
    VALUE_CHANGE: "A value changed",
    KICKED: "Kicked by a local page",
    CONNECTION_REQUEST: "Answered our call",
    TRANSFER_COMPLETE: "File transfer ended",
    DIAGNOSTICS_COMPLETE: "Diagnosis ended",
    REQUEST_DOWNLOAD: "Asked for a file",
    AUTONOMOUS_TRANSFER_COMPLETE: "Transferred a file by itself",
    DU_STATE_CHANGE_COMPLETE: "Software module changed",
    AUTONOMOUS_DU_STATE_CHANGE_COMPLETE: "Software module changed by itself",
    WAKEUP: "Woke from standby",
    HEARTBEAT: "Heartbeat",
    M_REBOOT: "Restarted on our request",
    M_DOWNLOAD: "Our download ended",
    M_UPLOAD: "Our upload ended",
    M_SCHEDULE_INFORM: "Came at the appointed time",
    M_SCHEDULE_DOWNLOAD: "Our appointed download ended",
    M_CHANGE_DU_STATE: "Our change of software modules ended",
}
"""What an event means to a person."""


def normalised(code: str) -> str:
    """The standard spelling of an event code: `1`, `1_BOOT`, `1  boot` are `1 BOOT`, `M_Download` is `M Download`. Others are kept, trimmed."""
    if code in _EXACT:
        return code
    code = " ".join(code.split())
    number = code.replace("_", " ").split(" ", 1)[0]
    if number in _STANDARD:
        return _STANDARD[number]
    method = _METHOD.fullmatch(code)
    return f"M {method[1]}" if method else code
