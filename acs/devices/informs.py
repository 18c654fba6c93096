"""What a batch of Informs does to the device store: identify, admit or quarantine, note what changed, take the session.

Called by the one commit of the last 20 ms with everything that came in; statements are per batch, not per device. The head row alone is
read: the cost of an Inform does not depend on how much is stored (architecture: rule 2).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from types import SimpleNamespace
from typing import Any

from sqlalchemy import Connection, insert, select, update

from acs.cwmp.events import BOOT, BOOTSTRAP, PERIODIC, VALUE_CHANGE, normalised
from acs.cwmp.identity import Identity
from acs.cwmp.messages import Inform
from acs.db.bulk import insert_rows, update_rows
from acs.devices.models import Device, DeviceCredential, DeviceEvent, OnboardingRule
from acs.devices.store import inform_document, silent_after
from acs.provisioning.plan import Trust
from acs.secrets import Vault


@dataclass(frozen=True, slots=True)
class InformIn:
    """One Inform as it reached a worker. `login`: what the device proved itself with."""

    identity: Identity
    inform: Inform
    at: datetime
    address: str
    token: str
    session_state: Any
    session_until: datetime
    login: str
    """"own", "next", "onboarding", "shared" or "none"."""
    tenant: int


@dataclass(frozen=True, slots=True)
class InformOut:
    """What the store made of it."""

    device_id: int
    key: str
    tenant: int
    epoch: int
    trust: Trust
    is_new: bool
    admitted_now: bool
    has_tree: bool
    due: bool
    root: str
    software_version: str
    hardware_version: str
    product_class: str
    parameter_key: str
    events: tuple[str, ...]
    inform_count: int
    was_in_session: bool
    quarantined_now: bool


_COLUMNS = (
    "software_version", "hardware_version", "manufacturer", "root", "trust", "address", "wan_address", "connection_request_url", "parameter_key",
    "last_inform_at", "silent_at", "silent_told", "inform_count", "inform_values", "epoch", "session_token", "session_state", "session_until",
    "last_boot_at", "last_bootstrap_at", "first_seen_at",
)  # fmt: skip
_READ = (
    Device.id, Device.tenant_id, Device.key, Device.trust, Device.epoch, Device.path_set_id, Device.due_at, Device.root, Device.software_version,
    Device.hardware_version, Device.manufacturer, Device.wan_address, Device.connection_request_url, Device.parameter_key, Device.inform_interval_s,
    Device.inform_count, Device.last_boot_at, Device.last_bootstrap_at, Device.first_seen_at, Device.session_token, Device.preregistered,
)  # fmt: skip


def apply_informs(connection: Connection, vault: Vault, works: Sequence[InformIn], admit_all: bool) -> list[InformOut]:
    """Store the Informs; results in the same order. Of one device's two Informs in a batch the later wins, both get an answer."""
    keys = sorted({work.identity.key for work in works})
    heads = {row.key: SimpleNamespace(**row._mapping) for row in connection.execute(select(*_READ).where(Device.key.in_(keys)))}
    results: list[InformOut] = []
    rows: dict[int, dict[str, Any]] = {}
    events: list[dict[str, Any]] = []
    for work in works:
        head = heads.get(work.identity.key)
        is_new = head is None
        if head is None:
            head = _create(connection, work)
            heads[work.identity.key] = head
        out, row = _one(connection, vault, work, head, is_new, admit_all)
        results.append(out)
        rows[head.id] = row
        vars(head).update(row)  # a second Inform of this device in the batch starts from what the first one told
        events += _events(work, out)
    update_rows(connection, Device, ("id",), _COLUMNS, rows.values())
    insert_rows(connection, DeviceEvent, events)
    return results


def _create(connection: Connection, work: InformIn) -> SimpleNamespace:
    identity = work.identity
    device_id = connection.execute(
        insert(Device)
        .values(
            tenant_id=work.tenant, key=identity.key, oui=identity.oui[:16], product_class=identity.product_class[:64],
            serial_number=identity.serial_number[:64], model=identity.product_class[:64], trust=Trust.QUARANTINE.value, preregistered=False, epoch=0,
            inform_count=0, inform_interval_s=0, silent_told=False, first_seen_at=work.at,
        )
        .returning(Device.id)
    ).scalar_one()  # fmt: skip
    return SimpleNamespace(**connection.execute(select(*_READ).where(Device.id == device_id)).one()._mapping)


def _one(
    connection: Connection, vault: Vault, work: InformIn, head: SimpleNamespace, is_new: bool, admit_all: bool
) -> tuple[InformOut, dict[str, Any]]:
    inform = work.inform
    codes = tuple(dict.fromkeys(normalised(event.event_code) for event in inform.event))
    values = {v.name.partition(".")[2]: v.value for v in inform.parameter_list}
    trust, admitted_now = Trust(head.trust), False
    if trust is Trust.QUARANTINE and (admit_all or (work.login == "onboarding" and _rule_admits(connection, work))):
        trust, admitted_now = Trust.ADMITTED, True
    elif trust is Trust.ADMITTED and work.login == "onboarding" and not _may_enrol_again(connection, work, head):
        trust = Trust.QUARANTINE
    epoch, count = head.epoch + 1, head.inform_count + 1
    root = inform.parameter_list[0].name.partition(".")[0] if inform.parameter_list else ""
    row = {
        "id": head.id,
        "software_version": values.get("DeviceInfo.SoftwareVersion", head.software_version)[:64],
        "hardware_version": values.get("DeviceInfo.HardwareVersion", head.hardware_version)[:64],
        "manufacturer": (inform.device_id.manufacturer.strip() or head.manufacturer)[:64],
        "root": root if root in ("Device", "InternetGatewayDevice") else head.root,
        "trust": trust.value,
        "address": work.address[:64],
        "wan_address": _wan_address(inform, head.wan_address)[:64],
        "connection_request_url": values.get("ManagementServer.ConnectionRequestURL", head.connection_request_url)[:256],
        "parameter_key": values.get("ManagementServer.ParameterKey", head.parameter_key)[:32],
        "last_inform_at": work.at,
        "silent_at": silent_after(work.at, head.inform_interval_s),
        "silent_told": False,
        "inform_count": count,
        "inform_values": inform_document(inform.parameter_list, vault),
        "epoch": epoch,
        "session_token": work.token,
        "session_state": work.session_state,
        "session_until": work.session_until,
        "last_boot_at": work.at if BOOT in codes else head.last_boot_at,
        "last_bootstrap_at": work.at if BOOTSTRAP in codes else head.last_bootstrap_at,
        "first_seen_at": head.first_seen_at or work.at,
    }
    out = InformOut(
        head.id, head.key, head.tenant_id, epoch, trust, is_new, admitted_now, head.path_set_id is not None, head.due_at is not None, row["root"],
        row["software_version"], row["hardware_version"], work.identity.product_class, row["parameter_key"], codes, count,
        head.session_token is not None, trust is Trust.QUARANTINE and (is_new or head.trust != Trust.QUARANTINE),
    )  # fmt: skip
    return out, row


def _wan_address(inform: Inform, known: str) -> str:
    for v in inform.parameter_list:
        if v.name.endswith(".ExternalIPAddress") or v.name.endswith(".IPv4Address.1.IPAddress"):
            return v.value
    return known


def _rule_admits(connection: Connection, work: InformIn) -> bool:
    """Whether a rule of the tenant fits. Beginnings are compared letter by letter: LIKE knows wildcards, and no capitals on SQLite."""
    identity = work.identity
    rules = select(OnboardingRule.oui, OnboardingRule.product_class, OnboardingRule.serial_prefix).where(
        OnboardingRule.tenant_id == work.tenant
    )
    return any(
        rule.oui in ("", identity.oui)
        and rule.product_class in ("", identity.product_class)
        and identity.serial_number.startswith(rule.serial_prefix)
        for rule in connection.execute(rules)
    )


def _may_enrol_again(connection: Connection, work: InformIn, head: Any) -> bool:
    """A device that has its own login but comes with the onboarding secret was reset, or is somebody else: the enrolling rule decides again."""
    own = connection.scalar(select(DeviceCredential.secret).where(DeviceCredential.device_id == head.id))
    return not own or head.preregistered or _rule_admits(connection, work)


def _events(work: InformIn, out: InformOut) -> list[dict[str, Any]]:
    """Rows for the history: every event but a plain periodic contact and our own call."""
    told = []
    for event in work.inform.event:
        code = normalised(event.event_code)
        if code == PERIODIC or code.startswith("6 "):
            continue
        detail = event.command_key
        if code == VALUE_CHANGE:
            detail = ", ".join(v.name for v in work.inform.parameter_list[-3:])
        told.append(_event(work, out, code, detail))
    if out.quarantined_now:
        told.append(_event(work, out, "quarantined", f"with the onboarding secret, from {work.address}"))
    if out.admitted_now:
        told.append(_event(work, out, "admitted", "by rule"))
    return told


def _event(work: InformIn, out: InformOut, code: str, detail: str) -> dict[str, Any]:
    return {"tenant_id": out.tenant, "device_id": out.device_id, "at": work.at, "code": code[:64], "detail": detail[:300]}


def end_sessions(connection: Connection, ended: Sequence[tuple[int, int]]) -> None:
    """(device id, epoch) of sessions that are over: the row is free unless a newer session has taken it."""
    rows = [{"id": device_id, "epoch": epoch, "session_token": None, "session_state": None} for device_id, epoch in ended]
    update_rows(connection, Device, ("id", "epoch"), ("session_token", "session_state"), rows)


def keep_sessions(connection: Connection, held: Sequence[tuple[int, int, datetime]]) -> None:
    """(device id, epoch, until) of sessions that last longer than their Inform could know."""
    rows = [{"id": device_id, "epoch": epoch, "session_until": until} for device_id, epoch, until in held]
    update_rows(connection, Device, ("id", "epoch"), ("session_until",), rows)


def fenced(connection: Connection, holders: Sequence[tuple[int, int]]) -> set[int]:
    """Devices of (device id, epoch) pairs whose epoch has moved on: another worker or a newer Inform owns them (rule 4)."""
    if not holders:
        return set()
    current = {
        row.id: row.epoch for row in connection.execute(select(Device.id, Device.epoch).where(Device.id.in_([d for d, _ in holders])))
    }
    return {device_id for device_id, epoch in holders if current.get(device_id) != epoch}


def use_next_secret(connection: Connection, device_ids: Sequence[int], now: datetime) -> None:
    """The devices logged in with their new secrets: the old ones are void from now on."""
    connection.execute(
        update(DeviceCredential)
        .where(DeviceCredential.device_id.in_(list(device_ids)), DeviceCredential.next_secret != "")
        .values(secret=DeviceCredential.next_secret, next_secret="", changed_at=now)
    )
