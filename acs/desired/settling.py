"""What came of `configure`, kept in the group commit that ends it: the key the device should carry, how it stands, what did not stick.

A change of a profile that came while the session ran leaves its mark: then the device stays to be worked out anew. A device that fails is not
asked again at every contact: a person, the next change of a profile, a reset or the daily look tries it again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import delete, select, update

from acs import jobs
from acs.audit import Actor
from acs.db.bulk import insert_rows
from acs.db.engine import Unit
from acs.db.tenancy import TenantId
from acs.desired.models import DesiredDevice
from acs.desired.views import Standing
from acs.devices.models import Device, DeviceEvent
from acs.devices.views import DeviceId
from acs.errors import HearthlineError
from acs.firmware import service as firmware
from acs.operations import personal
from acs.operations import service as operations
from acs.provisioning.procedure import Done, Outcome


@dataclass(frozen=True, slots=True)
class Configured:
    """A `configure` that came to its end."""

    tenant: int
    device_id: int
    at: datetime
    outcome: Outcome


def settle(unit: Unit, ended: Sequence[Configured]) -> None:
    for one in ended:
        result: Mapping[str, Any] = getattr(one.outcome, "result", {})
        device = unit.session.get(Device, one.device_id)
        if device is None:
            continue
        row = unit.session.get(DesiredDevice, one.device_id)
        if isinstance(one.outcome, Done) and not result.get("profiles"):
            _nothing_wanted(unit, device, row, result)
        elif "profiles" in result:
            _keep(unit, one, device, row, result, isinstance(one.outcome, Done))
        else:  # it could not even be put together
            _keep(unit, one, device, row, {"profiles": [], "wanted_key": "", **result}, False)
        unit.hint("device", id=one.device_id)


def _marked_since(row: DesiredDevice | None, result: Mapping[str, Any]) -> bool:
    briefed = result.get("briefed_at")
    return row is not None and row.marked_at is not None and bool(briefed) and row.marked_at > datetime.fromisoformat(str(briefed))


def _nothing_wanted(unit: Unit, device: Device, row: DesiredDevice | None, result: Mapping[str, Any]) -> None:
    if _marked_since(row, result):
        return
    device.desired_key = ""
    if row is not None:
        unit.session.delete(row)


def _keep(unit: Unit, one: Configured, device: Device, row: DesiredDevice | None, result: Mapping[str, Any], well: bool) -> None:
    if row is None:
        row = DesiredDevice(device_id=device.id, tenant_id=device.tenant_id, state=Standing.PENDING.value)
        unit.session.add(row)
    wanted, carried = str(result["wanted_key"]), result.get("key")
    again = bool(result.get("touched")) and row.key == wanted != ""
    row.key_lost = (row.key_lost or 0) + 1 if again else 0
    row.profiles = "".join(f",{number}" for number, _version in result["profiles"])[:299] + ("," if result["profiles"] else "")
    marks = {path: told for path, told in (row.marks or {}).items() if path not in set(result.get("written", ()))}
    row.marks = {**marks, **result.get("marks", {})} or None
    row.error = "" if well else str(getattr(one.outcome, "text", ""))[:300]
    row.configured_at = one.at if well else row.configured_at
    row.checked_at = one.at
    if _marked_since(row, result):
        row.state = Standing.PENDING.value
        return
    row.state = (Standing.FAILED if not well else Standing.PARTIAL if row.marks else Standing.IN_STEP).value
    row.drift = 0 if well else row.drift or 0
    if well and wanted and carried == wanted:
        row.key = device.desired_key = device.parameter_key = wanted
    else:  # it does not carry the key: there is nothing to compare, looks at its values find drift
        row.key, device.desired_key = wanted if well else row.key or "", ""
    if well:
        personal.written_again(unit.session, device.id, result.get("written", ()), one.at)
        _tell(unit, one, device, result)
        _want_firmware(unit, one, device, row, str(result.get("firmware", "")))


def _tell(unit: Unit, one: Configured, device: Device, result: Mapping[str, Any]) -> None:
    """A line of the device's history where something was changed."""
    counts = {"written": len(result.get("written", ())), "rows added": len(result.get("added", ())), "rows deleted": len(result.get("deleted", ()))}
    told = ", ".join(f"{number} {what}" for what, number in counts.items() if number)
    if not told or result.get("touched"):
        return
    refused = f", {len(result['refused'])} did not stick" if result.get("refused") else ""
    event = {"tenant_id": device.tenant_id, "device_id": device.id, "at": one.at, "code": "configured", "detail": (told + refused)[:300]}
    insert_rows(unit.connection, DeviceEvent, [event])


def _want_firmware(unit: Unit, one: Configured, device: Device, row: DesiredDevice, version: str) -> None:
    """The firmware a profile wants, once per change of what is wanted: it does not loop where an upgrade fails."""
    if not version or device.software_version == version:
        return
    tenant, why = TenantId(device.tenant_id), f"there is no image of it for {device.model}"
    for image in firmware.listed(unit.session, tenant):
        if image.version != version:
            continue
        try:
            args = {"image": image.id}
            actor = Actor.system("profiles", tenant)
            operations.request(unit, actor, DeviceId(device.id), "firmware", args, one.at, "wanted by a profile", urgent=False)
        except HearthlineError as error:
            why = str(error)
        else:
            return
    row.error = f"Firmware {version}: {why}"[:300]


# ---- drift is found where values are read ---------------------------------------------------------------------


def note_read(unit: Unit, devices: Sequence[tuple[int, int]], now: datetime) -> None:
    """(tenant, device) of which values were read: those of which something is wanted are compared by a job at the end of the minute, once for all
    that was read in it."""
    ids = [device_id for _, device_id in devices]
    wanted = set(unit.session.scalars(select(Device.id).where(Device.id.in_(ids), Device.desired_key != "")))
    slot = int(now.timestamp() // 60)
    after = datetime.fromtimestamp((slot + 1) * 60, UTC)
    for tenant, device_id in devices:
        if device_id in wanted:
            key = f"desired.check:{device_id}:{slot}"
            jobs.enqueue(unit, TenantId(tenant), "desired.check", {"device": device_id}, now, by="system:profiles", key=key, run_after=after)


# ---- marking -------------------------------------------------------------------------------------------------


def mark(unit: Unit, tenant: int, ids: Sequence[int], now: datetime) -> None:
    """What should hold on these devices is to be worked out anew, at their next contact."""
    if not ids:
        return
    unit.session.execute(update(Device).where(Device.id.in_(list(ids)), Device.tenant_id == tenant).values(desired_key=None))
    known = set(unit.session.scalars(select(DesiredDevice.device_id).where(DesiredDevice.device_id.in_(list(ids)))))
    if known:
        values = {"state": Standing.PENDING.value, "marked_at": now}
        unit.session.execute(update(DesiredDevice).where(DesiredDevice.device_id.in_(known)).values(**values))
    fresh = [
        {"device_id": i, "tenant_id": tenant, "state": Standing.PENDING.value, "key": "", "profiles": "", "drift": 0, "key_lost": 0, "error": "",
         "marked_at": now}
        for i in ids
        if i not in known
    ]  # fmt: skip
    insert_rows(unit.connection, DesiredDevice, fresh)


def unmark_all(unit: Unit, tenant: int, limit: int = 500) -> int:
    """No profile is in force any more: nothing is wanted of anybody. How many devices were let go; call again until 0."""
    ids = list(unit.session.scalars(select(DesiredDevice.device_id).where(DesiredDevice.tenant_id == tenant).limit(limit)))
    unit.session.execute(update(Device).where(Device.id.in_(ids)).values(desired_key=""))
    unit.session.execute(delete(DesiredDevice).where(DesiredDevice.device_id.in_(ids)))
    return len(ids)
