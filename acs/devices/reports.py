"""What a device tells by calling us (conformance C.9, C.13, C.14), as rows of its history: kept before it is answered, once however often it is told.

`of` makes a report of a message and knows no table; `store` writes reports within the group commit. TransferComplete is not here: it belongs
to an operation (acs/operations/progress.py).
"""

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from acs.cwmp.messages import AutonomousDUStateChangeComplete, AutonomousTransferComplete, DUStateChangeComplete, Kicked, RequestDownload
from acs.db.bulk import insert_rows
from acs.devices.models import DeviceEvent
from acs.secrets import mask_value

MODULES, AUTONOMOUS_MODULES, AUTONOMOUS_TRANSFER = "modules", "autonomous_modules", "autonomous_transfer"
REQUEST_DOWNLOAD, KICKED = "request_download", "kicked"
"""Codes of the events; care has the words."""
CODES = (MODULES, AUTONOMOUS_MODULES, AUTONOMOUS_TRANSFER, REQUEST_DOWNLOAD, KICKED)

UNITS_MAX = 64
TEXT_MAX = 300
_URL_LOGIN = re.compile(r"(?<=://)[^/@\s]+@")


@dataclass(frozen=True, slots=True)
class Report:
    """One call of a device's. `digest` is the same when it is told again; of what may happen twice it holds the session as well."""

    code: str
    detail: str
    data: dict[str, Any]
    digest: str


def of(request: Any, session: int) -> Report | None:
    """The report in a message of the device's; None for messages that report nothing. `session` is the session's epoch."""
    data: dict[str, Any]
    match request:
        case AutonomousTransferComplete():
            fault = request.fault_struct.fault_code
            data = {
                "download": request.is_download, "file_type": _text(request.file_type), "size": request.file_size,
                "file_name": _text(request.target_file_name), "url": _url(request.transfer_url), "announced": _url(request.announce_url),
                "fault": fault, "fault_text": _text(request.fault_struct.fault_string), "start": _text(request.start_time),
                "end": _text(request.complete_time),
            }  # fmt: skip
            return _report(AUTONOMOUS_TRANSFER, data["file_type"] or data["url"], data)
        case DUStateChangeComplete():
            data = {"command_key": _text(request.command_key), "units": units(request)}
            return _report(MODULES, _changes(data["units"]), data)
        case AutonomousDUStateChangeComplete():
            data = {"units": units(request)}
            return _report(AUTONOMOUS_MODULES, _changes(data["units"]), data)
        case RequestDownload():
            args = {_text(a.name): mask_value(a.name, _text(a.value)) for a in request.file_type_arg[:16]}
            return _report(REQUEST_DOWNLOAD, _text(request.file_type), {"file_type": _text(request.file_type), "args": args}, session)
        case Kicked():
            data = {
                "command": _text(request.command),
                "referer": _url(request.referer),
                "arg": _text(request.arg),
                "next": _url(request.next),
            }
            return _report(KICKED, data["command"], data, session)
    return None


def units(request: DUStateChangeComplete | AutonomousDUStateChangeComplete) -> list[dict[str, Any]]:
    """What became of each deployment unit; an update of all tells of several (conformance C-161)."""
    return [
        {
            "uuid": _text(r.uuid), "unit": _text(r.deployment_unit_ref), "version": _text(r.version), "state": _text(r.current_state),
            "resolved": r.resolved, "runs": _text(r.execution_unit_ref_list), "fault": r.fault.fault_code, "fault_text": _text(r.fault.fault_string),
            **({"did": _text(r.operation_performed)} if hasattr(r, "operation_performed") else {}),
        }
        for r in request.results[:UNITS_MAX]
    ]  # fmt: skip


def _changes(told: Sequence[dict[str, Any]]) -> str:
    return ", ".join(f"{u['unit'] or u['uuid']} {u['version']} {u['did'] if 'did' in u else u['state']}".strip() for u in told)


def _report(code: str, detail: str, data: dict[str, Any], session: int | None = None) -> Report:
    told = json.dumps([code, session, data], sort_keys=True)
    return Report(code, detail[:TEXT_MAX], data, hashlib.sha256(told.encode()).hexdigest())


def _text(text: str) -> str:
    return text.strip()[:TEXT_MAX]


def _url(text: str) -> str:
    """Without a login in it, and without what follows `?`: both may be secrets."""
    return _URL_LOGIN.sub("", text.strip()).partition("?")[0][:TEXT_MAX]


def store(connection: Connection, tenant: int, device_id: int, at: datetime, reports: Sequence[Report]) -> int:
    """Keep what is new; how many were."""
    wanted = {report.digest: report for report in reports}
    known = set(
        connection.scalars(select(DeviceEvent.digest).where(DeviceEvent.device_id == device_id, DeviceEvent.digest.in_(list(wanted))))
    )
    fresh = [report for digest, report in wanted.items() if digest not in known]
    insert_rows(
        connection,
        DeviceEvent,
        [
            {"tenant_id": tenant, "device_id": device_id, "at": at, "code": r.code, "detail": r.detail, "data": r.data, "digest": r.digest}
            for r in fresh
        ],
    )
    return len(fresh)
