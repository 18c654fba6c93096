"""Identity alarms: stored with their evidence, shown on the device's page and in a list, settled by a person (conformance J-4)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select, update
from sqlalchemy.orm import Session

from acs import audit
from acs.audit import Actor
from acs.db.engine import Unit
from acs.db.tenancy import TenantId
from acs.devices.models import Device, IdentityAlarm
from acs.devices.sightings import AlarmKind
from acs.devices.views import AlarmState, AlarmView, DeviceId
from acs.errors import Invalid, NotFound

EVIDENCE_KEPT = 10


@dataclass(frozen=True, slots=True)
class Raised:
    """Something suspicious, seen at an Inform."""

    tenant: int
    device_id: int
    kind: AlarmKind
    evidence: dict[str, Any]
    at: datetime


def raise_alarms(connection: Connection, raised: Sequence[Raised]) -> list[Raised]:
    """Store them: one row per device and kind, with the newest evidence. Those that are news; an accepted kind is not told again."""
    news = []
    for each in raised:
        found = connection.execute(
            select(IdentityAlarm.id, IdentityAlarm.state, IdentityAlarm.count.label("times"), IdentityAlarm.evidence).where(
                IdentityAlarm.device_id == each.device_id, IdentityAlarm.kind == each.kind.value
            )
        ).first()
        if found is None:
            connection.execute(
                insert(IdentityAlarm).values(
                    tenant_id=each.tenant, device_id=each.device_id, kind=each.kind.value, state=AlarmState.OPEN.value, count=1, first_at=each.at,
                    last_at=each.at, evidence=[each.evidence], settled_by="", note="",
                )
            )  # fmt: skip
            news.append(each)
            continue
        state = found.state if found.state == AlarmState.ACCEPTED else AlarmState.OPEN.value
        kept = [*found.evidence, each.evidence][-EVIDENCE_KEPT:]
        connection.execute(
            update(IdentityAlarm)
            .where(IdentityAlarm.id == found.id)
            .values(state=state, count=found.times + 1, last_at=each.at, evidence=kept)
        )
        if found.state == AlarmState.SETTLED:
            news.append(each)
    return news


def listed(
    session: Session, tenant: TenantId, open_only: bool = True, device_id: int | None = None, before: int | None = None, limit: int = 50
) -> tuple[AlarmView, ...]:
    """The newest row first."""
    query = select(IdentityAlarm, Device.key, Device.serial_number).join(Device, Device.id == IdentityAlarm.device_id)
    query = query.where(IdentityAlarm.tenant_id == tenant)
    if open_only:
        query = query.where(IdentityAlarm.state == AlarmState.OPEN.value)
    if device_id is not None:
        query = query.where(IdentityAlarm.device_id == device_id)
    if before is not None:
        query = query.where(IdentityAlarm.id < before)
    return tuple(_view(a, key, serial) for a, key, serial in session.execute(query.order_by(IdentityAlarm.id.desc()).limit(limit)))


def _view(a: IdentityAlarm, key: str, serial: str) -> AlarmView:
    return AlarmView(
        a.id, DeviceId(a.device_id), key, serial, a.kind, AlarmState(a.state), a.count, a.first_at, a.last_at, tuple(a.evidence), a.settled_at,
        a.settled_by, a.note,
    )  # fmt: skip


def settle(unit: Unit, actor: Actor, alarm_id: int, state: AlarmState, note: str, now: datetime) -> DeviceId:
    """SETTLED: looked at, tell again if it goes on. ACCEPTED: this device is like that, do not tell again. OPEN takes it back."""
    row = unit.session.get(IdentityAlarm, alarm_id)
    if row is None or row.tenant_id != actor.tenant:
        raise NotFound(f"There is no identity alarm {alarm_id}.")
    note = note.strip()[:300]
    if state is AlarmState.ACCEPTED and not note:
        raise Invalid("Say why this is as it should be: the alarm will stay silent.", "note")
    before = {"state": row.state, "note": row.note}
    row.state, row.note, row.settled_by, row.settled_at = state.value, note, actor.name, now
    after = {"kind": row.kind, "state": state.value, "note": note}
    audit.record(unit, actor, "device.settle_alarm", f"device:{row.device_id}", now, before=before, after=after)
    unit.hint("device", id=row.device_id)
    return DeviceId(row.device_id)
