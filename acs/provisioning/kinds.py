"""Every kind of operation by name: phases, permission, and what people are told. To add one, write its procedure and list it here."""

from types import MappingProxyType

from acs.provisioning.procedure import Kind
from acs.provisioning.procedures import (
    configuring,
    diagnostics,
    files,
    images,
    lifecycle,
    modules,
    moving,
    parameters,
    provisioning,
    raw,
    reach,
    scheduling,
    writing,
)


def _diagnosis(name: str, label: str, usual_s: int, briefing: frozenset[str] = frozenset()) -> Kind:
    phases = {"start": diagnostics.start(name), "collect": diagnostics.collect(name)}
    return Kind(name, label, phases, "diagnose", briefing=briefing, expiry_s=3600, priority=20, usual_s=usual_s)


def _module(verb: str, label: str) -> Kind:
    phases = {"change": modules.change(verb), "report": modules.report}
    return Kind(
        f"{verb}_module", label, phases, "manage_modules", irreversible=True, settle="change", priority=45, expiry_s=2 * 86400, usual_s=60, keeps_reads=False
    )  # fmt: skip


_ALL = (
    Kind("read", "Read values", {"read": parameters.read}, "read_device", priority=15, usual_s=3),
    Kind("write", "Change settings", {"write": writing.write}, "write_parameters", priority=10, usual_s=4),
    Kind(
        "add_object", "Add a row", {"add": parameters.add_object}, "add_delete_objects", irreversible=True, settle="add", priority=10, usual_s=4,
        keeps_reads=False,
    ),
    Kind(
        "delete_object", "Delete a row", {"delete": parameters.delete_object}, "add_delete_objects", irreversible=True, settle="delete",
        priority=10, usual_s=4,
    ),
    Kind("set_notification", "Watch values", {"set": parameters.set_notification}, "write_parameters", priority=30, usual_s=4),
    Kind("discover", "Read everything", {"discover": parameters.discover}, "read_device", priority=60, expiry_s=7 * 86400, usual_s=15, keeps_reads=False),
    Kind("refresh", "Read anew", {"refresh": parameters.refresh}, "read_device", priority=15, usual_s=5, keeps_reads=False),
    Kind(
        "reboot", "Restart", {"reboot": lifecycle.reboot, "verify": lifecycle.reboot_verify}, "reboot", irreversible=True, settle="reboot",
        priority=40, usual_s=90,
    ),
    Kind(
        "factory_reset", "Factory reset", {"reset": lifecycle.factory_reset, "verify": lifecycle.factory_reset_verify}, "factory_reset",
        irreversible=True, settle="reset", priority=45, usual_s=180,
    ),
    Kind(
        "firmware", "Update firmware", {"download": lifecycle.firmware, "verify": lifecycle.firmware_verify, "watch": lifecycle.firmware_watch},
        "upgrade_firmware",
        irreversible=True, settle="download", briefing=frozenset({"image"}), priority=50, usual_s=240, expiry_s=7 * 86400,
    ),
    Kind(
        "backup", "Back up settings", {"upload": files.backup, "verify": files.upload_verify}, "backup_restore", irreversible=True,
        settle="upload", briefing=frozenset({"upload"}), usual_s=20,
    ),
    Kind(
        "log_upload", "Fetch the log", {"upload": files.log_upload, "verify": files.upload_verify}, "diagnose", irreversible=True,
        settle="upload", briefing=frozenset({"upload"}), usual_s=20,
    ),
    Kind(
        "restore", "Restore settings", {"download": files.restore, "verify": files.restore_verify}, "backup_restore", irreversible=True,
        settle="download", briefing=frozenset({"file"}), usual_s=60,
    ),
    _diagnosis("ping", "Ping", 10),
    _diagnosis("traceroute", "Trace the route", 20),
    _diagnosis("download_test", "Download test", 20, frozenset({"speed"})),
    _diagnosis("upload_test", "Upload test", 20, frozenset({"speed"})),
    _diagnosis("nslookup", "Look a name up", 6),
    _diagnosis("wifi_scan", "Scan WiFi neighbours", 30),
    _diagnosis("udp_echo", "Echo by UDP", 10),
    _diagnosis("server_selection", "Find the fastest server", 15),
    _diagnosis("line_test", "Test the DSL line", 180),
    _diagnosis("atm_loopback", "ATM loopback", 10),
    _diagnosis("self_test", "Self test", 60),
    Kind(
        "stored_image", "Store firmware", {"store": images.store, "stored": images.stored, "started": images.started}, "upgrade_firmware",
        irreversible=True, settle="stored", briefing=frozenset({"image"}), priority=50, usual_s=240, expiry_s=7 * 86400,
    ),
    Kind(
        "schedule_inform", "Appoint a contact", {"schedule": scheduling.schedule_inform, "verify": scheduling.schedule_inform_verify}, "read_device",
        irreversible=True, settle="schedule", priority=20, usual_s=5, expiry_s=7 * 86400,
    ),
    Kind(
        "schedule_download", "Appoint a download", {"schedule": scheduling.schedule_download, "verify": scheduling.schedule_download_verify},
        "upgrade_firmware", irreversible=True, settle="schedule", briefing=frozenset({"scheduled"}), usual_s=3600, expiry_s=7 * 86400,
    ),
    Kind("queued_transfers", "List transfers", {"list": scheduling.queued_transfers}, "read_device", priority=15, usual_s=3),
    Kind("cancel_transfer", "Call a transfer off", {"cancel": scheduling.cancel_transfer}, "cancel_operation", priority=5, usual_s=3),
    Kind("rpc_methods", "Ask what it can do", {"ask": raw.rpc_methods}, "read_device", priority=15, usual_s=3),
    Kind("options", "Read options", {"ask": raw.options}, "read_device", priority=15, usual_s=3),
    Kind("vouchers", "Hand in vouchers", {"set": raw.vouchers}, "manage_modules", irreversible=True, settle="set", usual_s=3),
    Kind("attributes", "Read how values are watched", {"ask": raw.attributes}, "read_device", priority=15, usual_s=3),
    Kind("raw_rpc", "Send a vendor's call", {"send": raw.raw_rpc}, "send_raw_rpc", irreversible=True, settle="send", priority=20, usual_s=5),
    Kind("move_acs", "Move to another ACS", {"move": moving.move_acs}, "move_devices", priority=70, usual_s=3, expiry_s=30 * 86400),
    _module("install", "Install a module"),
    _module("update", "Update a module"),
    _module("uninstall", "Uninstall a module"),
    Kind("wake", "Wake the device", {"contact": reach.contact}, "read_device", priority=1, usual_s=5, expiry_s=3600),
    Kind("request_login", "Rewrite request login", {"write": reach.request_login}, "manage_devices", briefing=frozenset({"reach"}), priority=5, usual_s=3,
         expiry_s=30 * 86400),
    Kind("enable_stun", "Turn on STUN", {"write": reach.enable_stun}, "manage_devices", briefing=frozenset({"reach"}), priority=30, usual_s=5,
         expiry_s=7 * 86400),
    Kind("enable_xmpp", "Set up XMPP", {"setup": reach.enable_xmpp}, "manage_devices", irreversible=True, settle="setup", briefing=frozenset({"reach"}),
         priority=30, usual_s=8, expiry_s=7 * 86400, keeps_reads=False),
    Kind("inform_interval", "Change how often it speaks", {"write": reach.inform_interval}, "write_parameters", priority=5, usual_s=3),
    Kind("configure", "Bring to its profiles", {"configure": configuring.configure}, "write_parameters", irreversible=True, settle="configure", priority=65,
         usual_s=5, expiry_s=7 * 86400, briefing=frozenset({"desired"}), late=True),
    Kind("provision", "Set up", {"provision": provisioning.provision}, "manage_devices", briefing=frozenset({"credentials", "kind"}), priority=5,
         usual_s=5, expiry_s=30 * 86400),
    Kind("secure", "Hand out logins", {"secure": lifecycle.secure}, "manage_devices", briefing=frozenset({"credentials"}), priority=5, expiry_s=30 * 86400),
)  # fmt: skip

KINDS: MappingProxyType[str, Kind] = MappingProxyType({kind.name: kind for kind in _ALL})
