"""What kinds, states and stations of operations are called, and why waking failed, in plain words."""

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from acs.operations.views import OperationState

KIND_WORDS: Mapping[str, Any] = {
    "read": _l("Read values"),
    "write": _l("Change settings"),
    "add_object": _l("Add a row"),
    "delete_object": _l("Delete a row"),
    "set_notification": _l("Watch values"),
    "discover": _l("Read everything"),
    "refresh": _l("Read anew"),
    "reboot": _l("Restart"),
    "factory_reset": _l("Factory reset"),
    "firmware": _l("Update firmware"),
    "backup": _l("Back up settings"),
    "log_upload": _l("Fetch the log"),
    "restore": _l("Restore settings"),
    "ping": _l("Ping"),
    "traceroute": _l("Trace the route"),
    "download_test": _l("Download test"),
    "upload_test": _l("Upload test"),
    "nslookup": _l("Look a name up"),
    "wifi_scan": _l("Scan WiFi neighbours"),
    "udp_echo": _l("Echo by UDP"),
    "server_selection": _l("Find the fastest server"),
    "line_test": _l("Test the DSL line"),
    "atm_loopback": _l("ATM loopback"),
    "self_test": _l("Self test"),
    "stored_image": _l("Store firmware"),
    "schedule_inform": _l("Appoint a contact"),
    "schedule_download": _l("Appoint a download"),
    "queued_transfers": _l("List transfers"),
    "cancel_transfer": _l("Call a transfer off"),
    "rpc_methods": _l("Ask what it can do"),
    "options": _l("Read options"),
    "vouchers": _l("Hand in vouchers"),
    "attributes": _l("Read how values are watched"),
    "raw_rpc": _l("Send a vendor's call"),
    "move_acs": _l("Move to another ACS"),
    "install_module": _l("Install a module"),
    "update_module": _l("Update a module"),
    "uninstall_module": _l("Uninstall a module"),
    "secure": _l("Hand out logins"),
    "provision": _l("Set up"),
    "wake": _l("Wake the device"),
    "request_login": _l("Rewrite request login"),
    "enable_stun": _l("Turn on STUN"),
    "enable_xmpp": _l("Set up XMPP"),
    "inform_interval": _l("Change how often it speaks"),
    "configure": _l("Bring to its profiles"),
}
STATE_WORDS: Mapping[OperationState, tuple[str, Any]] = {
    OperationState.QUEUED: ("live", _l("Queued")),
    OperationState.RUNNING: ("live", _l("In session")),
    OperationState.WAITING: ("live", _l("Waiting for device")),
    OperationState.DONE: ("ok", _l("Done")),
    OperationState.FAILED: ("bad", _l("Failed")),
    OperationState.EXPIRED: ("warn", _l("Expired")),
    OperationState.CANCELLED: ("idle", _l("Cancelled")),
}
STATION_WORDS: Mapping[str, Any] = {
    "queued": _l("Queued"),
    "waking": _l("Waking device"),
    "session": _l("In session"),
    "device": _l("Waiting for device"),
    "done": _l("Result"),
}
VALUE_WORDS: Mapping[str, tuple[str, Any]] = {
    "written": ("ok", _l("Written")),
    "refused": ("bad", _l("Refused")),
    "not_tried": ("idle", _l("Not tried")),
}
"""What became of one value of a write."""
_FIELD_WORDS: Mapping[str, Any] = {
    "transfers": _l("Transfers"), "complete": _l("Complete"), "command_key": "CommandKey", "methods": _l("Methods"), "options": _l("Options"),
    "attributes": _l("Watched values"), "units": _l("Modules"), "values": _l("Values"), "missing": _l("Could not be read"),
    "path": _l("Parameter"), "paths": _l("Parameters"), "parameters": _l("Parameters"), "fault": _l("Fault"), "count": _l("Number of them"),
    "state": _l("State"), "version": _l("Version"), "name": _l("Name"), "notification": _l("Notification"), "access": _l("Who may write"),
    "vouchers": _l("Vouchers"), "written": _l("Written"), "each": _l("Each value"), "set": _l("Set"), "text": _l("In words"),
    "needs_restart": _l("Counts after a restart"), "method": _l("Method"), "xml": "XML", "url": "URL", "size": _l("Size"), "file": _l("File"),
}  # fmt: skip
_WAKE_FAILURES: Mapping[str, Any] = {
    "refused": _l("The device refused our call: nothing listens at its address. It may sit behind another router."),
    "timeout": _l("The device did not answer our call in time. It may be behind a router that lets no call through, or be switched off."),
    "unauthorized": _l("The device does not accept our login for calls. New logins are handed out at its next contact."),
    "not_found": _l("The device knows no such call address any more. It tells the new one at its next contact."),
    "busy": _l("The device is busy and put our call off. It comes when it is done."),
    "forbidden_address": _l("The device names an address we may not call. Allowed networks are in the settings of this server."),
    "no_url": _l("The device never told us where to call it."),
    "unavailable": _l("The device is not connected to the XMPP server now, or is busy."),
    "link_down": _l("Our own side is not connected for this way of calling."),
    "no_inform": _l("The device was called and did not come. It is called again."),
    "unreachable": _l("There is no way to the device's address from here."),
}


def field_words(name: str) -> str:
    """A field of a result or an argument; paths stay as they are, what has no words yet is read aloud."""
    known = _FIELD_WORDS.get(name)
    return str(known) if known is not None else name if "." in name else name.replace("_", " ").capitalize()


def kind_words(kind: str, label: str = "") -> str:
    known = KIND_WORDS.get(kind)
    return str(known) if known is not None else label or kind


def wake_failure(result: str, detail: str = "") -> str:
    """Why our call did not reach the device; "" if it did, or was not tried. `detail` is shown only where we have no words."""
    if result in ("", "ok"):
        return ""
    known = _WAKE_FAILURES.get(result)
    return str(known) if known is not None else _("The device could not be called (%(why)s).", why=detail or result)
