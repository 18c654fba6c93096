"""Icons and words of presences, areas and events: what templates look up instead of deciding."""

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from acs.cwmp import events
from acs.devices.views import Presence
from care.devices.verdict import Area
from care.operations.words import kind_words

PRESENCE: Mapping[Presence, tuple[str, Any]] = {
    Presence.ONLINE: ("ok", _l("Online")),
    Presence.SILENT: ("idle", _l("Silent")),
    Presence.NEVER: ("idle", _l("Never seen")),
    Presence.QUARANTINE: ("warn", _l("In quarantine")),
    Presence.BLOCKED: ("bad", _l("Blocked")),
}
AREAS: Mapping[Area, tuple[str, Any]] = {
    Area.ACCOUNT: ("person", _l("Account")),
    Area.CIRCUIT: ("hdd-network", _l("Circuit")),
    Area.ROUTER: ("router", _l("Router")),
    Area.HOME: ("house", _l("Home")),
}
EVENTS: Mapping[str, tuple[str, Any]] = {
    events.BOOTSTRAP: ("plug", _l("First contact")),
    events.BOOT: ("power", _l("Restarted")),
    events.PERIODIC: ("clock-history", _l("Periodic contact")),
    events.CONNECTION_REQUEST: ("broadcast", _l("Answered our call")),
    events.SCHEDULED: ("clock-history", _l("Scheduled contact")),
    events.VALUE_CHANGE: ("pencil", _l("A value changed")),
    events.KICKED: ("person", _l("Kicked by a local page")),
    events.TRANSFER_COMPLETE: ("arrow-left-right", _l("File transfer ended")),
    events.DIAGNOSTICS_COMPLETE: ("activity", _l("Diagnosis ended")),
    events.AUTONOMOUS_TRANSFER_COMPLETE: ("arrow-left-right", _l("Transferred a file by itself")),
    events.M_REBOOT: ("power", _l("Restarted on our request")),
    events.M_DOWNLOAD: ("cloud-arrow-down", _l("Our download ended")),
    events.M_UPLOAD: ("cloud-arrow-up", _l("Our upload ended")),
    events.REQUEST_DOWNLOAD: ("download", _l("Asked for a file")),
    events.DU_STATE_CHANGE_COMPLETE: ("box-seam", _l("Software modules changed")),
    events.AUTONOMOUS_DU_STATE_CHANGE_COMPLETE: ("box-seam", _l("Software modules changed by themselves")),
    events.M_SCHEDULE_INFORM: ("calendar3", _l("Came at the appointed time")),
    events.M_SCHEDULE_DOWNLOAD: ("cloud-arrow-down", _l("Our appointed download ended")),
    events.M_CHANGE_DU_STATE: ("box-seam", _l("Our change of software modules ended")),
    "modules": ("box-seam", _l("Told what became of its software modules")),
    "autonomous_modules": ("box-seam", _l("Told that its software modules changed by themselves")),
    "autonomous_transfer": ("arrow-left-right", _l("Told of a transfer of its own")),
    "request_download": ("download", _l("Wants a file")),
    "kicked": ("person", _l("A local page asked for")),
    "configured": ("sliders", _l("Brought to its profiles")),
    "quarantined": ("shield-exclamation", _l("Put in quarantine")),
    "admitted": ("shield-check", _l("Admitted")),
    "blocked": ("shield-lock", _l("Blocked")),
    "quarantine": ("shield-exclamation", _l("Put back in quarantine")),
    "silent": ("moon", _l("Fell silent")),
    "firmware_undone": ("arrow-counterclockwise", _l("Went back to its old firmware")),
    "learned": ("bug", _l("Taught us something")),
    "missing_forced": ("bug", _l("Left out what every contact has to tell")),
    "merged": ("people", _l("Merged with another device")),
    "split": ("signpost-split", _l("Taken apart again")),
    "identity_address": ("shield-exclamation", _l("Two addresses take turns")),
    "identity_hardware": ("shield-exclamation", _l("Reports other hardware")),
    "identity_mac": ("shield-exclamation", _l("Reports another MAC address")),
    "identity_serial": ("shield-exclamation", _l("Another device has this serial number")),
    "identity_placeholder": ("shield-exclamation", _l("Its serial number is none")),
}
ACTIONS: Mapping[str, Any] = {
    "device.preregister": _l("Registered"),
    "device.trust": _l("Admitted or blocked"),
    "device.tags": _l("Tags changed"),
    "device.note": _l("Note changed"),
    "device.reveal": _l("Looked at a secret"),
    "device.file_download": _l("Took a backup or log away"),
    "device.credentials": _l("Logins changed"),
    "operation.cancel": _l("Cancelled an operation"),
    "device.merge": _l("Merged with another device"),
    "device.undo_merge": _l("Took a merge apart"),
    "device.add_alias": _l("Entered another identity"),
    "device.split": _l("Took an identity away"),
    "device.settle_alarm": _l("Settled an identity alarm"),
}
DETAILS: Mapping[str, Any] = {"by rule": _l("by rule")}


def action_words(action: str) -> str:
    """What an audit line about a device says: "Asked for: Restart" for operations."""
    if action in ACTIONS:
        return str(ACTIONS[action])
    area, _dot, kind = action.partition(".")
    return _("Asked for: %(what)s", what=kind_words(kind)) if area == "operation" else action


def event_words(code: str) -> tuple[str, str]:
    """Icon and words of an event; one we have no words for keeps its own."""
    icon, words = EVENTS.get(code, ("record-circle-fill", events.WORDS.get(code, code)))
    return icon, str(words)


def detail_words(detail: str) -> str:
    """What an event says besides; what we have no words for stays as it was told."""
    return str(DETAILS.get(detail, detail))
