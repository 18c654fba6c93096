"""Every kind of operation by name: phases, permission, and what people are told. To add one, write its procedure and list it here."""

from types import MappingProxyType

from acs.provisioning.procedure import Kind
from acs.provisioning.procedures import diagnostics, files, lifecycle, parameters


def _diagnosis(name: str, label: str, usual_s: int, briefing: frozenset[str] = frozenset()) -> Kind:
    phases = {"start": diagnostics.start(name), "collect": diagnostics.collect(name)}
    return Kind(name, label, phases, "diagnose", briefing=briefing, expiry_s=3600, priority=20, usual_s=usual_s)


_ALL = (
    Kind("read", "Read values", {"read": parameters.read}, "read_device", priority=15, usual_s=3),
    Kind("write", "Change settings", {"write": parameters.write}, "write_parameters", priority=10, usual_s=4),
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
        priority=40, disturbs=True, usual_s=90,
    ),
    Kind(
        "factory_reset", "Factory reset", {"reset": lifecycle.factory_reset, "verify": lifecycle.factory_reset_verify}, "factory_reset",
        irreversible=True, settle="reset", priority=45, disturbs=True, usual_s=180,
    ),
    Kind(
        "firmware", "Update firmware", {"download": lifecycle.firmware, "verify": lifecycle.firmware_verify}, "upgrade_firmware",
        irreversible=True, settle="download", briefing=frozenset({"image"}), priority=50, disturbs=True, usual_s=240, expiry_s=7 * 86400,
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
        settle="download", briefing=frozenset({"file"}), disturbs=True, usual_s=60,
    ),
    _diagnosis("ping", "Ping", 10),
    _diagnosis("traceroute", "Trace the route", 20),
    _diagnosis("download_test", "Download test", 20, frozenset({"speed"})),
    _diagnosis("upload_test", "Upload test", 20, frozenset({"speed"})),
    _diagnosis("nslookup", "Look a name up", 6),
    _diagnosis("wifi_scan", "Scan WiFi neighbours", 30),
    Kind("secure", "Hand out logins", {"secure": lifecycle.secure}, "manage_devices", briefing=frozenset({"credentials"}), priority=5, expiry_s=30 * 86400),
)  # fmt: skip

KINDS: MappingProxyType[str, Kind] = MappingProxyType({kind.name: kind for kind in _ALL})
