"""What tests of the device store and of operations share: devices, Informs and values, made in a line."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, select
from sqlalchemy.orm import Session

from acs.cwmp.identity import Identity, identity_of
from acs.cwmp.messages import DeviceIdStruct, EventStruct, Inform, ParameterValueStruct
from acs.db.engine import Database
from acs.db.tenancy import DEFAULT_TENANT
from acs.devices.informs import InformIn, InformOut, apply_informs
from acs.devices.models import Device
from acs.devices.store import Arrived, PathSets, store_arrived
from acs.devices.views import DeviceId
from acs.recorder import service as recorder
from acs.recorder.models import SessionRecord
from acs.recorder.views import RecordView
from acs.secrets import Vault

NORVIK = DeviceIdStruct("Norvik", "00D09E", "G240", "NV1000001")


def value(name: str, text: str, kind: str = "string") -> ParameterValueStruct:
    return ParameterValueStruct(name, text, kind)


def inform(
    *events: str, device: DeviceIdStruct = NORVIK, version: str = "1.0.0", key: str = "", root: str = "Device", more: Iterable[ParameterValueStruct] = ()
) -> Inform:
    values = (
        value(f"{root}.DeviceInfo.SoftwareVersion", version),
        value(f"{root}.DeviceInfo.HardwareVersion", "A1"),
        value(f"{root}.ManagementServer.ConnectionRequestURL", "http://192.0.2.20:7547/cr"),
        value(f"{root}.ManagementServer.ParameterKey", key),
        *more,
    )
    return Inform(device, tuple(EventStruct(code, "") for code in events or ("2 PERIODIC",)), 1, "2026-11-21T20:52:00Z", 0, values)


def inform_in(message: Inform, at: datetime, login: str = "onboarding", address: str = "192.0.2.20", **given: Any) -> InformIn:
    facts: dict[str, Any] = {
        "identity": identity_of(message.device_id), "inform": message, "at": at, "address": address, "token": "t1", "session_state": {"n": 1},
        "session_until": at + timedelta(seconds=30), "login": login, "tenant": int(DEFAULT_TENANT), **given,
    }  # fmt: skip
    return InformIn(**facts)


def informed(database: Database, vault: Vault, *works: InformIn, admit_all: bool = False) -> list[InformOut]:
    with database.write() as unit:
        return apply_informs(unit.connection, vault, works, admit_all)


def head(database: Database, device_id: int) -> Device:
    """The head row itself, detached: tests of the store may look below the door."""
    with database.read() as session:
        device = session.scalar(select(Device).where(Device.id == device_id))
        assert device is not None
        session.expunge(device)
        return device


def store_values(
    connection: Connection, vault: Vault, tenant: int, device_id: int, values: Sequence[ParameterValueStruct], at: datetime, origin: str
) -> None:
    """Keep values of one device, as a session that read them does."""
    store_arrived(connection, vault, PathSets(), [Arrived(tenant, device_id, values, at, origin)])


def add_device(database: Database, serial: str = "NV1000001", trust: str = "admitted", **columns: Any) -> DeviceId:
    identity = Identity("00D09E", columns.pop("product_class", "G240"), serial)
    facts = {"model": identity.product_class, "tenant_id": int(DEFAULT_TENANT), **columns}
    with database.write() as unit:
        device = Device(
            key=identity.key, oui=identity.oui, product_class=identity.product_class, serial_number=serial, trust=trust, **facts
        )
        unit.session.add(device)
        unit.session.flush()
        return DeviceId(device.id)


def recorded(session: Session, device_id: int | None = None) -> list[RecordView]:
    """Recorded sessions, plain contacts too, the newest first. Tests of the store may look below the door."""
    query = select(SessionRecord.id).order_by(SessionRecord.started_at.desc(), SessionRecord.id.desc())
    if device_id is not None:
        query = query.where(SessionRecord.device_id == device_id)
    return [recorder.get(session, DEFAULT_TENANT, number) for number in session.scalars(query)]
