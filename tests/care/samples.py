"""Devices as they stand in the database after a first day: simulated homes that informed and were read, without a network.

`home(...)` gives a device; `finished(...)` an operation that is over; `record(...)` a recorded session.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from acs.cwmp.identity import identity_of
from acs.cwmp.messages import EventStruct, Inform
from acs.db.engine import Database
from acs.db.tenancy import DEFAULT_TENANT, TenantId
from acs.devices import store
from acs.devices.informs import InformIn, apply_informs, end_sessions
from acs.operations.keys import new_command_key
from acs.operations.models import Operation
from acs.provisioning.procedure import Snapshot
from acs.recorder.service import Message, RecordIn, apply_records
from acs.secrets import Vault
from simulators import planting
from simulators.cpe import Cpe
from simulators.facts import make_facts

NORVIK, ONT, ROUTER_098, GATEWAY_098 = "Norvik G240", "Halden ONT-4", "Norvik R110", "Halden G8"


def cpe(model: str, number: int, now: datetime, faults: Sequence[str] = (), ssid: str = "Sunflower") -> Cpe:
    facts = make_facts(
        planting.model(model), number, 7, now.timestamp, flags=planting.flags_of(faults), home=ssid, acs_url="http://acs.example:7547/",
        username="device", password="secret-1", inform_interval_s=300, **planting.facts_of(faults),
    )  # fmt: skip
    facts.booted = now.timestamp() - 3 * 86400
    made = Cpe(facts)
    planting.plant(made, faults)
    return made


def inform(db: Database, vault: Vault, sent: Inform, at: datetime, tenant: TenantId = DEFAULT_TENANT, admit: bool = True) -> int:
    """An Inform that was stored, its session over; the device's id."""
    work = InformIn(identity_of(sent.device_id), sent, at, "203.0.113.7", "token", None, at + timedelta(seconds=30), "own", tenant)
    with db.write() as unit:
        out = apply_informs(unit.connection, vault, [work], admit_all=admit)[0]
        end_sessions(unit.connection, [(out.device_id, out.epoch)])
    return out.device_id


def home(
    db: Database, vault: Vault, now: datetime, model: str = NORVIK, number: int = 1, faults: Sequence[str] = (), ssid: str = "Sunflower",
    tenant: TenantId = DEFAULT_TENANT, admit: bool = True, read: bool = True, ago_s: float = 38,
) -> int:  # fmt: skip
    """A device that spoke `ago_s` ago and, if `read`, was read completely then."""
    at = now - timedelta(seconds=ago_s)
    made = cpe(model, number, at, faults, ssid)
    sent = made.inform()
    device_id = inform(db, vault, Inform(sent.device_id, (EventStruct("1 BOOT"),), 1, sent.current_time, 0, sent.parameter_list), at, tenant, admit)
    if read:
        tree = made.tree
        values = tuple(made.value_struct(path) for path in tree.under(tree.root))
        leaves = [(path, leaf.entry.writable) for path in tree.under(tree.root) if (leaf := tree.leaf(path)) is not None]
        names = [*leaves, *((path, tree.may_add_or_delete(path)) for path in tree.objects_under(tree.root))]
        with db.write() as unit:
            store.store_snapshot(unit.connection, vault, tenant, device_id, Snapshot("", tuple(names), values), at, "session")
    return device_id


def finished(
    db: Database, device_id: int, kind: str, result: dict[str, Any], now: datetime, args: dict[str, Any] | None = None, state: str = "done",
    error: str = "", fault: dict[str, Any] | None = None, tenant: TenantId = DEFAULT_TENANT,
) -> int:  # fmt: skip
    """An operation that is over, asked two minutes before."""
    began = now - timedelta(minutes=2)
    stations = {
        "queued": began.isoformat(), "waking": (began + timedelta(seconds=1)).isoformat(), "session": (began + timedelta(seconds=3)).isoformat(),
        "done": now.isoformat(),
    }  # fmt: skip
    with db.write() as unit:
        row = Operation(
            tenant_id=tenant, device_id=device_id, kind=kind, args=args or {}, state=state, stations=stations, due_at=began,
            expires_at=now + timedelta(days=1), command_key=new_command_key(), result=result, error=error, fault=fault, requested_by="user:anna",
            created_at=began, updated_at=now, finished_at=now, memo={}, attempts=1,
        )  # fmt: skip
        unit.session.add(row)
        unit.session.flush()
        return row.id


PING = {"received": 19, "lost": 1, "average_ms": 11, "minimum_ms": 9, "maximum_ms": 19, "address": "192.0.2.1", "target": "192.0.2.1"}
TRACE = {
    "total_ms": 64,
    "target": "192.0.2.9",
    "hops": [
        {"host": "gateway.lan", "address": "192.168.1.1", "error": 0, "times_ms": [1, 1, 2]},
        {"host": "bng-1.example", "address": "198.51.100.1", "error": 0, "times_ms": [5, 6, 5]},
        {"host": "", "address": "", "error": 11, "times_ms": []},
        {"host": "far.example", "address": "203.0.113.9", "error": 0, "times_ms": [58, 60, 62]},
        {"host": "192.0.2.9", "address": "192.0.2.9", "error": 0, "times_ms": [61, 63, 64]},
    ],
}
DOWNLOAD = {"bytes": 10_000_000, "seconds": 0.9, "mbps": 88.9, "connect_ms": 4.0}
UPLOAD = {"bytes": 10_000_000, "seconds": 2.1, "mbps": 38.1, "connect_ms": 4.0}
LOOKUP = {
    "answered": 1,
    "answers": [{"status": "Success", "answer": "Authoritative", "name": "example.com", "addresses": ["192.0.2.80"], "server": "192.0.2.53", "time_ms": 12}],
}
SCAN = {
    "neighbours": [
        {"ssid": name, "bssid": f"02:00:00:00:00:{i:02X}", "channel": channel, "signal_dbm": dbm, "security": "WPA2", "band": "", "bandwidth": width}
        for i, (name, channel, dbm, width) in enumerate(
            [("Attic", 1, -74, "20MHz"), ("Casa", 6, -48, "20MHz"), ("Fox", 6, -58, "20MHz"), ("Mill", 5, -62, "20MHz"), ("Quay", 7, -66, "20MHz"),
             ("Barn", 11, -81, "20MHz"), ("Loft", 52, -55, "80MHz"), ("Nest", 100, -70, "40MHz"), ("Pier", 116, -78, "20MHz")]
        )
    ]
}  # fmt: skip


def diagnosed(db: Database, device_id: int, now: datetime, tenant: TenantId = DEFAULT_TENANT) -> None:
    """One result of every diagnosis."""
    for kind, result, args in (
        ("ping", PING, {"host": "192.0.2.1", "count": 20}), ("traceroute", TRACE, {"host": "192.0.2.9"}), ("download_test", DOWNLOAD, {}),
        ("upload_test", UPLOAD, {}), ("nslookup", LOOKUP, {"host": "example.com"}), ("wifi_scan", SCAN, {}),
    ):  # fmt: skip
        finished(db, device_id, kind, result, now - timedelta(minutes=6), args, tenant=tenant)


ENVELOPE = (
    b'<SOAP-ENV:Envelope xmlns:SOAP-ENV="http://schemas.xmlsoap.org/soap/envelope/" xmlns:cwmp="urn:dslforum-org:cwmp-1-2"><SOAP-ENV:Body>'
    b"<cwmp:GetParameterValues><ParameterNames><string>Device.DeviceInfo.</string></ParameterNames></cwmp:GetParameterValues>"
    b"</SOAP-ENV:Body></SOAP-ENV:Envelope>"
)


def record(
    db: Database, device_id: int, at: datetime, outcome: str = "ok", epoch: int = 1, tenant: TenantId = DEFAULT_TENANT, **more: Any
) -> None:
    """`more`: events, faults, rpcs."""
    messages = (Message(True, 0, 0, ENVELOPE), Message(False, 14, 200, ENVELOPE), Message(True, 120, 0, b"not <xml"), Message(False, 130, 204, b""))
    said = "The device sent something that is no envelope." if outcome == "failed" else "Read values"
    with db.write() as unit:
        events = more.pop("events", "1 BOOT")
        apply_records(unit.connection, [RecordIn(tenant, device_id, epoch, at, 642, outcome, events, said, messages, **more)], 20, 262144)
