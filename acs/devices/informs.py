"""What a batch of Informs does to the device store: identify, admit or quarantine, note what changed, take the session.

Called by the one commit of the last 20 ms with everything that came in; statements are per batch, not per device. The head row alone is
read: the cost of an Inform does not depend on how much is stored (architecture: rule 2).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, select, update

from acs import log
from acs.cwmp.events import BOOT, BOOTSTRAP, PERIODIC, VALUE_CHANGE, normalised
from acs.cwmp.identity import DeviceKey, Identity
from acs.cwmp.messages import Inform, ParameterValueStruct
from acs.cwmp.paths import ROOTS, root_of
from acs.db.bulk import fetch_rows, insert_rows, update_rows
from acs.devices.alarms import Raised, raise_alarms
from acs.devices.aliases import leads_to
from acs.devices.heads import HeadWrites
from acs.devices.models import Device, DeviceCredential, DeviceEvent, OnboardingRule
from acs.devices.rules import fits_rule
from acs.devices.sightings import AlarmKind, Sighting, is_placeholder, look, mac_of
from acs.devices.store import inform_document, silent_after
from acs.provisioning.plan import Trust
from acs.secrets import Vault

_log = log.get("informs")


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
    """"own", "next", "certificate", "onboarding", "shared" or "none"."""
    tenant: int
    held: bool = False
    """A block rule holds it in quarantine for this session; its row is not changed."""
    certificate: tuple[str, str] | None = None
    """Fingerprint and subject of the TLS client certificate it showed."""


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
    rpc_methods: str = ""
    """As the head row has it: the firmware it was told by, then the names."""
    oui: str = ""
    quirks: Any = None
    """As the head row has them: acs/quirks/book.py reads them."""
    booted_at: datetime | None = None
    new_firmware: bool = False
    """It has started with another version than it had. Without a boot the two may differ for ever: some inform another word than they read."""
    informed_before: str = ""
    """The document of its Inform before this one."""
    alarms: tuple[str, ...] = ()
    """Signs of a second box with this identity that were not told before."""
    desired_key: str | None = ""
    """The ParameterKey it should come with (acs/desired)."""


@dataclass(slots=True)
class _Head:
    """What an Inform needs of its device's row, in the order it is read."""

    id: int
    tenant_id: int
    key: str
    trust: str
    epoch: int
    path_set_id: int | None
    due_at: datetime | None
    root: str
    software_version: str
    hardware_version: str
    manufacturer: str
    wan_address: str
    connection_request_url: str
    parameter_key: str
    inform_interval_s: int
    inform_count: int
    last_boot_at: datetime | None
    last_bootstrap_at: datetime | None
    first_seen_at: datetime | None
    session_token: str | None
    preregistered: bool
    session_until: datetime | None
    sightings: Any
    rpc_methods: str
    quirks: Any
    desired_key: str | None
    inform_values: str | None


_READ = tuple(_Head.__slots__)
_RAW = frozenset({"inform_values"})
FORCED = ("DeviceInfo.HardwareVersion", "DeviceInfo.SoftwareVersion", "ManagementServer.ConnectionRequestURL", "ManagementServer.ParameterKey")
"""What every Inform tells in every data model (D-60, D-61, D-62)."""
_ENROLS = frozenset({"onboarding", "certificate"})
"""Logins that prove enough for a rule to let a stranger in."""


def apply_informs(
    connection: Connection, vault: Vault, works: Sequence[InformIn], admit_all: bool, heads_out: HeadWrites | None = None
) -> list[InformOut]:
    """Store the Informs; results in the same order. Of one device's two Informs in a batch the later wins, both get an answer.

    `heads_out`: where what changes on head rows goes, for the caller to write; left out, it is written here.
    """
    writes = HeadWrites() if heads_out is None else heads_out
    keys = {work.identity.key for work in works}
    heads = {row[2]: _Head(*row) for row in fetch_rows(connection, Device, _READ, "key", keys, _RAW, lock=True)}
    fresh: set[DeviceKey] = set()
    if len(heads) < len(keys):
        _follow_aliases(connection, works, heads)
        fresh = keys - heads.keys()
    some_twice = len(keys) < len(works) or len({head.id for head in heads.values()}) < len(heads)
    suspicious = _create(connection, {w.identity.key: w for w in reversed(works) if w.identity.key in fresh}, heads, admit_all) if fresh else []
    results: list[InformOut] = []
    events: list[dict[str, Any]] = []
    for work in works:
        head = heads[work.identity.key]
        is_new = work.identity.key in fresh and head.inform_count == 0
        out, row = _one(connection, vault, work, head, is_new, admit_all)
        sighting = look(head.sightings, _sighting(work, row), out.was_in_session and head.session_until is not None and head.session_until > work.at)
        if sighting.document is not None:
            head.sightings = sighting.document
            row["sightings"] = sighting.document
            suspicious += [Raised(head.tenant_id, head.id, kind, evidence, work.at) for kind, evidence in sighting.alarms]
        if is_new or out.new_firmware:
            events += _missing_forced(work, out)
        results.append(out)
        writes.set(head.id, row)
        if some_twice:
            _carry_on(head, row)
        events += _events(work, out)
    if heads_out is None:
        writes.write(connection)
    if suspicious:
        news = raise_alarms(connection, suspicious)
        events += [_alarm_event(each) for each in news]
        results = [replace(out, alarms=tuple(each.kind for each in news if each.device_id == out.device_id)) for out in results]
    insert_rows(connection, DeviceEvent, events)
    return results


def _carry_on(head: _Head, row: dict[str, Any]) -> None:
    """A second Inform of this device in the batch starts from what the first one told."""
    for name in _READ:
        if name in row:
            setattr(head, name, row[name])


def _follow_aliases(connection: Connection, works: Sequence[InformIn], heads: dict[str, _Head]) -> None:
    """Heads for identities that no device has and that lead to one all the same: only strangers pay for this look."""
    found = leads_to(connection, [(w.identity, w.login, w.tenant, w.at) for w in works if w.identity.key not in heads])
    if not found:
        return
    by_id = {head.id: head for head in heads.values()}  # a device may come under two names in one batch
    by_id |= {row[0]: _Head(*row) for row in fetch_rows(connection, Device, _READ, "id", set(found.values()) - by_id.keys(), _RAW, lock=True)}
    heads |= {key: by_id[device_id] for key, device_id in found.items() if device_id in by_id}


def _sighting(work: InformIn, row: dict[str, Any]) -> Sighting:
    return Sighting(work.at, row["address"], work.login, work.certificate, row["hardware_version"], mac_of(work.inform))


def _create(connection: Connection, works: Mapping[str, InformIn], heads: dict[str, _Head], admit_all: bool) -> list[Raised]:
    """Rows for identities that no device has, put into `heads`; what is suspicious about them.

    What indexes look into is right from the start: on PostgreSQL the first update then leaves the indexes alone.
    """
    insert_rows(connection, Device, [_new_row(work, _is_let_in(connection, work, admit_all)) for work in works.values()])
    heads |= {row[2]: _Head(*row) for row in fetch_rows(connection, Device, _READ, "key", works.keys(), _RAW)}
    for key in works:
        heads[key].trust, heads[key].software_version = Trust.QUARANTINE.value, ""  # it was not here before this Inform
    return _strange_names(connection, [(work, heads[key]) for key, work in works.items()])


def _is_let_in(connection: Connection, work: InformIn, admit_all: bool) -> bool:
    return not work.held and (admit_all or (work.login in _ENROLS and _rule_admits(connection, work)))


def _new_row(work: InformIn, is_let_in: bool) -> dict[str, Any]:
    identity = work.identity
    version = next((v.value for v in work.inform.parameter_list if v.name.endswith("DeviceInfo.SoftwareVersion")), "")
    return {
        "tenant_id": work.tenant, "key": identity.key, "oui": identity.oui[:16], "product_class": identity.product_class[:64],
        "serial_number": identity.serial_number[:64], "model": identity.product_class[:64], "trust": (Trust.ADMITTED if is_let_in else Trust.QUARANTINE).value,
        "first_seen_at": work.at, "software_version": version[:64], "address": work.address[:64], "wan_address": _wan_address(work.inform, "")[:64],
    }  # fmt: skip


def _strange_names(connection: Connection, new: Sequence[tuple[InformIn, _Head]]) -> list[Raised]:
    """What is suspicious about new devices: a serial number that is none, or that another model has."""
    raised: list[Raised] = []
    serials: dict[str, list[tuple[int, int, str, str]]] = {}
    columns = ("serial_number", "tenant_id", "id", "key", "address")
    for serial, tenant, id_, key, address in fetch_rows(connection, Device, columns, "serial_number", {w.identity.serial_number[:64] for w, _ in new}):
        serials.setdefault(serial, []).append((tenant, id_, key, address))
    for work, head in new:
        shown = work.identity.serial_number
        if is_placeholder(shown):
            evidence: dict[str, Any] = {"at": work.at.isoformat(), "serial": shown, "address": work.address}
            raised.append(Raised(work.tenant, head.id, AlarmKind.PLACEHOLDER, evidence, work.at))
            continue
        others = [row for row in serials.get(shown[:64], ()) if row[0] == work.tenant and row[1] != head.id]
        for _, other_id, other, address in others[:3]:
            evidence = {"at": work.at.isoformat(), "other": other, "other_id": other_id, "other_address": address, "address": work.address}
            raised.append(Raised(work.tenant, head.id, AlarmKind.SERIAL, evidence, work.at))
    return raised


def _alarm_event(each: Raised) -> dict[str, Any]:
    detail = ", ".join(f"{name} {value}" for name, value in each.evidence.items() if name in ("from", "to", "other", "serial"))
    return {"tenant_id": each.tenant, "device_id": each.device_id, "at": each.at, "code": f"identity_{each.kind}", "detail": detail[:300]}


def _one(
    connection: Connection, vault: Vault, work: InformIn, head: _Head, is_new: bool, admit_all: bool
) -> tuple[InformOut, dict[str, Any]]:
    inform = work.inform
    codes = tuple(dict.fromkeys(normalised(event.event_code) for event in inform.event))
    named, root = _named(inform.parameter_list, head.root)
    values = {v.name.partition(".")[2] if root else v.name: v.value for v in named}
    trust, admitted_now = Trust(head.trust), False
    if trust is Trust.QUARANTINE and _is_let_in(connection, work, admit_all):
        trust, admitted_now = Trust.ADMITTED, True
    elif trust is Trust.ADMITTED and work.login == "onboarding" and not _may_enrol_again(connection, work, head):
        trust = Trust.QUARANTINE
    epoch, count = head.epoch + 1, head.inform_count + 1
    row = {
        "software_version": values.get("DeviceInfo.SoftwareVersion", head.software_version)[:64],
        "hardware_version": values.get("DeviceInfo.HardwareVersion", head.hardware_version)[:64],
        "manufacturer": (inform.device_id.manufacturer.strip() or head.manufacturer)[:64],
        "root": root,
        "trust": trust.value,
        "address": work.address[:64],
        "wan_address": _wan_address(inform, head.wan_address)[:64],
        "connection_request_url": values.get("ManagementServer.ConnectionRequestURL", head.connection_request_url)[:256],
        "parameter_key": values.get("ManagementServer.ParameterKey", head.parameter_key)[:32],
        "last_inform_at": work.at,
        "silent_at": silent_after(work.at, head.inform_interval_s),
        "silent_told": False,
        "inform_count": count,
        "inform_values": inform_document(named, vault),
        "epoch": epoch,
        "session_token": work.token,
        "session_state": work.session_state,
        "session_until": work.session_until,
        "last_boot_at": work.at if BOOT in codes and not _is_same_start(inform, work.at, head.last_boot_at) else head.last_boot_at,
        "last_bootstrap_at": work.at if BOOTSTRAP in codes else head.last_bootstrap_at,
        "first_seen_at": head.first_seen_at or work.at,
    }
    told = Trust.QUARANTINE if work.held and trust is Trust.ADMITTED else trust
    out = InformOut(
        head.id, head.key, head.tenant_id, epoch, told, is_new, admitted_now, head.path_set_id is not None, head.due_at is not None, row["root"],
        row["software_version"], row["hardware_version"], work.identity.product_class, row["parameter_key"], codes, count,
        head.session_token is not None, trust is Trust.QUARANTINE and (is_new or head.trust != Trust.QUARANTINE),
        head.rpc_methods, oui=work.identity.oui, quirks=head.quirks, booted_at=row["last_boot_at"],
        new_firmware=BOOT in codes and head.software_version not in ("", row["software_version"]), desired_key=head.desired_key,
        informed_before=head.inform_values or "",
    )  # fmt: skip
    return out, row


_SAME_START = timedelta(hours=2)


def _is_same_start(inform: Inform, at: datetime, known: datetime | None) -> bool:
    """Events are told again until a session ends well (conformance D-31): a retry soon after a start tells of that start."""
    return bool(inform.retry_count) and known is not None and at - known < _SAME_START


def _named(values: Sequence[ParameterValueStruct], known: str) -> tuple[Sequence[ParameterValueStruct], str]:
    """What is informed under full names, and the root of the tree. Names without one get that of the tree (quirk K-36)."""
    root = next((found for v in values if (found := root_of(v.name)) in ROOTS), known)
    if not values or root_of(values[0].name) in ROOTS:
        return values, root
    return [v if root_of(v.name) in ROOTS else replace(v, name=f"{root}.{v.name}".lstrip(".")) for v in values if v.name], root


def _wan_address(inform: Inform, known: str) -> str:
    for v in inform.parameter_list:
        if v.name.endswith(".ExternalIPAddress") or v.name.endswith(".IPv4Address.1.IPAddress"):
            return v.value
    return known


def _rule_admits(connection: Connection, work: InformIn) -> bool:
    """Whether a rule of the tenant fits. Beginnings are compared letter by letter: LIKE knows wildcards, and no capitals on SQLite."""
    identity = work.identity
    rules = select(OnboardingRule.oui, OnboardingRule.product_class, OnboardingRule.serial_prefix, OnboardingRule.network).where(
        OnboardingRule.tenant_id == work.tenant
    )
    return any(fits_rule(rule, identity, work.address) for rule in connection.execute(rules))


def _may_enrol_again(connection: Connection, work: InformIn, head: Any) -> bool:
    """A device that has its own login but comes with the onboarding secret was reset, or is somebody else: the enrolling rule decides again."""
    own = connection.execute(
        select(DeviceCredential.secret, DeviceCredential.enrol_until).where(DeviceCredential.device_id == head.id)
    ).first()
    we_reset_it = own is not None and own.enrol_until is not None and own.enrol_until > work.at
    return own is None or not own.secret or we_reset_it or head.preregistered or _rule_admits(connection, work)


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


def _missing_forced(work: InformIn, out: InformOut) -> list[dict[str, Any]]:
    """A row for a device that leaves out what every Inform has to tell (conformance D-68): looked at once per firmware."""
    told = {v.name.partition(".")[2] for v in work.inform.parameter_list}
    missing = ", ".join(name for name in FORCED if name not in told)
    if not missing:
        return []
    _log.info("forced parameters are missing", device=out.key, firmware=out.software_version, missing=missing)
    return [_event(work, out, "missing_forced", missing)]


def _event(work: InformIn, out: InformOut, code: str, detail: str) -> dict[str, Any]:
    return {"tenant_id": out.tenant, "device_id": out.device_id, "at": work.at, "code": code[:64], "detail": detail[:300]}


ENDED = {"session_token": None, "session_state": None}
"""The row of a device whose session is over: it is free, unless a newer session has taken it."""


def end_sessions(connection: Connection, ended: Sequence[tuple[int, int]]) -> int:
    """(device id, epoch) of sessions that are over: the row is free unless a newer session has taken it. How many still held theirs."""
    rows = [{"id": device_id, "epoch": epoch, **ENDED} for device_id, epoch in ended]
    return update_rows(connection, Device, ("id", "epoch"), ("session_token", "session_state"), rows)


def fenced(connection: Connection, holders: Sequence[tuple[int, int]]) -> set[int]:
    """Devices of (device id, epoch) pairs whose epoch has moved on: another worker or a newer Inform owns them (rule 4)."""
    if not holders:
        return set()
    current: dict[int, int] = dict(fetch_rows(connection, Device, ("id", "epoch"), "id", {d for d, _ in holders}))
    return {device_id for device_id, epoch in holders if current.get(device_id) != epoch}


def use_next_secret(connection: Connection, device_ids: Sequence[int], now: datetime) -> None:
    """The devices logged in with their new secrets: the old ones are void from now on."""
    connection.execute(
        update(DeviceCredential)
        .where(DeviceCredential.device_id.in_(list(device_ids)), DeviceCredential.next_secret != "")
        .values(secret=DeviceCredential.next_secret, next_secret="", changed_at=now, enrol_until=None)
    )
