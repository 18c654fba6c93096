"""The door to devices for pages, the REST interface and the command line. The CWMP side uses informs.py and store.py within one commit.

Every call names a tenant; what belongs to another one does not exist. Lists are paged by key and never load a tree.
"""

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, or_, select
from sqlalchemy.orm import Session

from acs import audit
from acs.audit import Actor
from acs.cwmp.identity import Identity
from acs.cwmp.paths import leaf
from acs.db.engine import Unit
from acs.db.skipping import different
from acs.db.tenancy import TenantId
from acs.devices import store
from acs.devices.models import Device, DeviceAlias, DeviceEvent, DeviceReach, DeviceTag, OnboardingRule
from acs.devices.packing import Stored, Tree
from acs.devices.rules import network_of
from acs.devices.views import BranchView, DeviceId, DeviceRow, DeviceView, EventView, ParameterView, Presence, RuleView
from acs.errors import Conflict, Invalid, NotFound, UnknownDevice
from acs.provisioning.plan import Trust
from acs.secrets import MASK, Vault, is_secret_name

_TAG = re.compile(r"[a-z0-9][a-z0-9_.:-]{0,38}")


def presence_of(device: Device, now: datetime) -> Presence:
    if device.trust == Trust.QUARANTINE:
        return Presence.QUARANTINE if device.last_inform_at else Presence.NEVER
    if device.trust == Trust.BLOCKED:
        return Presence.BLOCKED
    if device.last_inform_at is None or device.silent_at is None:
        return Presence.NEVER
    return Presence.ONLINE if device.silent_at > now else Presence.SILENT


def _in_session(device: Device, now: datetime) -> bool:
    return device.session_token is not None and device.session_until is not None and device.session_until > now


# ---- reading -----------------------------------------------------------------------------------------------


def search(
    session: Session, tenant: TenantId, now: datetime, q: str = "", tag: str = "", model: str = "", version: str = "", presence: str = "",
    after_id: int | None = None, before_id: int | None = None, limit: int = 50, only: Iterable[int] | None = None,
) -> tuple[DeviceRow, ...]:  # fmt: skip
    """Devices by id, `after_id` or `before_id` paging on; `only` these, where given.

    `q` finds the beginning of a serial number, or a whole address, model, version, tag or key: each by an index.
    """
    query = select(Device).where(Device.tenant_id == tenant)
    q = q.strip()
    if q:
        query = query.where(
            or_(
                Device.serial_number.between(q, q + "\U0010ffff"), Device.serial_number.between(q.upper(), q.upper() + "\U0010ffff"), Device.key == q,
                Device.address == q, Device.wan_address == q, Device.model == q, Device.software_version == q,
                Device.id.in_(select(DeviceTag.device_id).where(DeviceTag.tenant_id == tenant, DeviceTag.tag == q.lower())),
            )
        )  # fmt: skip
    if tag:
        query = query.where(Device.id.in_(select(DeviceTag.device_id).where(DeviceTag.tenant_id == tenant, DeviceTag.tag == tag)))
    if model:
        query = query.where(Device.model == model)
    if version:
        query = query.where(Device.software_version == version)
    if only is not None:
        query = query.where(Device.id.in_(sorted(only)))
    query = _by_presence(query, presence, now)
    if before_id is not None:
        rows = list(session.scalars(query.where(Device.id < before_id).order_by(Device.id.desc()).limit(limit)))[::-1]
    else:
        if after_id is not None:
            query = query.where(Device.id > after_id)
        rows = list(session.scalars(query.order_by(Device.id).limit(limit)))
    tags = _tags(session, [row.id for row in rows])
    return tuple(_row(row, now, tags.get(row.id, ())) for row in rows)


def rows(session: Session, tenant: TenantId, ids: Iterable[int], now: datetime) -> tuple[DeviceRow, ...]:
    """Devices of a list that was found elsewhere, in its order; what is gone meanwhile is left out."""
    wanted = list(ids)
    heads = {d.id: d for d in session.scalars(select(Device).where(Device.id.in_(wanted), Device.tenant_id == tenant))}
    tags = _tags(session, wanted)
    return tuple(_row(heads[each], now, tags.get(each, ())) for each in wanted if each in heads)


def _by_presence(query: Any, presence: str, now: datetime) -> Any:
    match presence:
        case "":
            return query
        case Presence.ONLINE:
            return query.where(Device.trust == Trust.ADMITTED, Device.silent_at > now)
        case Presence.SILENT:
            return query.where(Device.trust == Trust.ADMITTED, Device.silent_at <= now)
        case Presence.NEVER:
            return query.where(Device.last_inform_at.is_(None))
        case Presence.QUARANTINE | Presence.BLOCKED:
            return query.where(Device.trust == presence)
    raise Invalid(f"presence is one of {', '.join(Presence)}, not {presence!r}.", "presence")


def _row(d: Device, now: datetime, tags: tuple[str, ...]) -> DeviceRow:
    return DeviceRow(
        DeviceId(d.id), d.key, d.serial_number, d.manufacturer, d.model, d.product_class, d.software_version, d.wan_address or d.address,
        presence_of(d, now), _in_session(d, now), d.last_inform_at, tags,
    )  # fmt: skip


def _tags(session: Session, ids: list[int]) -> dict[int, tuple[str, ...]]:
    found: dict[int, tuple[str, ...]] = {}
    for device_id, tag in session.execute(
        select(DeviceTag.device_id, DeviceTag.tag).where(DeviceTag.device_id.in_(ids)).order_by(DeviceTag.tag)
    ):
        found[device_id] = (*found.get(device_id, ()), tag)
    return found


def counts(session: Session, tenant: TenantId, now: datetime) -> dict[Presence, int]:
    """Devices by presence, counted in one pass over the head rows: for small fleets and the upkeep; lists show what it counted."""
    awake, never = (Device.silent_at > now).label("awake"), Device.last_inform_at.is_(None).label("never")
    # Grouped by the labels: an expression with a bound value, said twice, is two expressions to PostgreSQL.
    query = select(Device.trust, awake, never, func.count()).where(Device.tenant_id == tenant).group_by(Device.trust, "awake", "never")
    rows = session.execute(query)
    found: dict[Presence, int] = {}
    for trust, is_awake, is_never, count in rows:
        if is_never:
            presence = Presence.NEVER
        elif trust != Trust.ADMITTED:
            presence = Presence(trust)
        else:
            presence = Presence.ONLINE if is_awake else Presence.SILENT
        found[presence] = found.get(presence, 0) + count
    return found


def models(session: Session, tenant: TenantId) -> tuple[str, ...]:
    """Models that devices of this tenant have, for a filter."""
    return tuple(model for model in different(session, Device.model, Device.tenant_id == tenant, 200) if model)


def find(session: Session, tenant: TenantId, name: str) -> DeviceId:
    """The device with this id, key or serial number. UnknownDevice; Conflict if several have the serial number."""
    condition = or_(Device.key == name, Device.serial_number == name)
    if name.isdecimal() and len(name) < 18:
        condition = or_(Device.id == int(name), condition)
    ids = list(session.scalars(select(Device.id).where(Device.tenant_id == tenant, condition).limit(3)))
    if not ids:
        raise UnknownDevice(f"There is no device {name!r}.")
    if len(ids) > 1:
        raise Conflict(f"Several devices answer to {name!r}: name one by OUI-ProductClass-SerialNumber.")
    return DeviceId(ids[0])


def by_keys(session: Session, tenant: TenantId, keys: Iterable[str]) -> dict[str, DeviceId]:
    """The devices that have these identities, by themselves or as an alias."""
    wanted = sorted(keys)
    if not wanted:
        return {}
    own = select(Device.key, Device.id).where(Device.tenant_id == tenant, Device.key.in_(wanted))
    led = select(DeviceAlias.key, DeviceAlias.device_id).where(DeviceAlias.tenant_id == tenant, DeviceAlias.key.in_(wanted))
    return {key: DeviceId(device_id) for key, device_id in session.execute(own.union_all(led))}


def get(session: Session, tenant: TenantId, device_id: int, now: datetime) -> DeviceView:
    d = _device(session, tenant, device_id)
    return _head(d, now, _tags(session, [d.id]).get(d.id, ()))


def heads(session: Session, tenant: TenantId, ids: Iterable[int], now: datetime) -> tuple[DeviceView, ...]:
    """Heads of many devices by two queries, in the order given; what is gone meanwhile is left out."""
    wanted = list(ids)
    found = {d.id: d for d in session.scalars(select(Device).where(Device.id.in_(wanted), Device.tenant_id == tenant))}
    tags = _tags(session, wanted)
    return tuple(_head(found[each], now, tags.get(each, ())) for each in wanted if each in found)


def _head(d: Device, now: datetime, tags: tuple[str, ...]) -> DeviceView:
    return DeviceView(
        DeviceId(d.id), TenantId(d.tenant_id), d.key, d.oui, d.product_class, d.serial_number, d.manufacturer, d.model, d.hardware_version,
        d.software_version, d.root, d.trust, presence_of(d, now), _in_session(d, now), d.address, d.wan_address, d.connection_request_url,
        d.parameter_key, d.inform_interval_s, d.first_seen_at, d.last_inform_at, d.last_boot_at, d.silent_at, d.inform_count, d.wake_at,
        d.wake_result, d.wake_detail, d.path_set_id is not None, tags, d.note,
    )  # fmt: skip


def _device(session: Session, tenant: TenantId, device_id: int) -> Device:
    device = session.get(Device, device_id)
    if device is None or device.tenant_id != tenant:
        raise UnknownDevice(f"There is no device {device_id}.")
    return device


def events(
    session: Session, tenant: TenantId, device_id: int, before_id: int | None = None, limit: int = 50, codes: Iterable[str] = ()
) -> tuple[EventView, ...]:
    """The newest first; of these codes, or of all."""
    query = select(DeviceEvent).where(DeviceEvent.tenant_id == tenant, DeviceEvent.device_id == device_id)
    if before_id is not None:
        query = query.where(DeviceEvent.id < before_id)
    if wanted := list(codes):
        query = query.where(DeviceEvent.code.in_(wanted))
    return tuple(EventView(e.id, e.at, e.code, e.detail, e.data) for e in session.scalars(query.order_by(DeviceEvent.id.desc()).limit(limit)))


# ---- parameters --------------------------------------------------------------------------------------------


def tree(session: Session, tenant: TenantId, device_id: int) -> Tree:
    """Everything known of the device's parameters; secrets are masked."""
    _device(session, tenant, device_id)
    loaded = store.load_tree(session.connection(), device_id)
    values = {path: _masked(path, s) for path, s in loaded.values.items()}
    return Tree(values, loaded.objects)


def _masked(path: str, s: Stored) -> Stored:
    if s.value and (s.value.startswith(store.SEALED) or is_secret_name(path)):
        return Stored(MASK, s.type, s.at, s.origin, s.writable)
    return s


def secret(session: Session, vault: Vault, tenant: TenantId, device_id: int, path: str) -> str:
    """A secret's value in clear, for whoever may see it; the caller audits. NotFound where none is known."""
    _device(session, tenant, device_id)
    stored = store.load_tree(session.connection(), device_id, path).values.get(path)
    if stored is None or not stored.value:
        raise NotFound(f"No value of {path} is known.")
    return store.reveal(vault, stored.value)


def parameters(
    session: Session, tenant: TenantId, device_id: int, prefix: str = "", q: str = "", after: str = "", limit: int = 200
) -> tuple[ParameterView, ...]:
    """Parameters by path, below `prefix`, with `q` in path or value (any case); `after` pages on."""
    known = tree(session, tenant, device_id).values
    needle = q.strip().lower()
    paths = sorted(
        path for path, s in known.items()
        if path.startswith(prefix) and path > after and (not needle or needle in path.lower() or needle in s.value.lower())
    )[:limit]  # fmt: skip
    return tuple(_parameter(path, known[path]) for path in paths)


def _parameter(path: str, s: Stored) -> ParameterView:
    return ParameterView(path, s.value, s.type, s.at, s.origin, s.writable, is_secret_name(path))


def branch(known: Tree, path: str) -> tuple[BranchView, ...]:
    """The rows directly below an object, objects first; "" lists the root. From a tree already loaded: pages open several."""
    below: dict[str, int] = {}
    leaves: list[str] = []
    for name in known.values:
        if name.startswith(path):
            rest = name[len(path) :]
            head, dot, _ = rest.partition(".")
            if dot:
                below[head] = below.get(head, 0) + 1
            else:
                leaves.append(name)
    for name in known.objects:
        if name.startswith(path) and name != path:
            below.setdefault(name[len(path) :].partition(".")[0], 0)
    rows = [
        BranchView(
            f"{path}{head}.", head, True, count, can_add=known.objects.get(f"{path}{head}.", False) and not head.isdigit(),
            can_delete=head.isdigit() and known.objects.get(f"{path}{head}.", False), parameter=None,
        )
        for head, count in sorted(below.items(), key=lambda item: (not item[0].isdigit(), int(item[0]) if item[0].isdigit() else 0, item[0]))
    ]  # fmt: skip
    rows += [BranchView(name, leaf(name), False, 0, False, False, _parameter(name, known.values[name])) for name in sorted(leaves)]
    return tuple(rows)


# ---- writing -----------------------------------------------------------------------------------------------


def preregister(unit: Unit, actor: Actor, identity: Identity, now: datetime, tags: Iterable[str] = ()) -> DeviceId:
    """Enter a device before it is seen: it is let in at its first contact. Conflict if it is known."""
    if not re.fullmatch(r"[0-9A-F]{6}", identity.oui):
        raise Invalid(f"{identity.oui!r} is not an OUI of six hex digits.", "oui")
    if not identity.serial_number:
        raise Invalid("A serial number is needed.", "serial_number")
    if unit.session.scalar(select(Device.id).where(Device.key == identity.key)) is not None:
        raise Conflict(f"Device {identity.key} is known already.")
    device = Device(
        tenant_id=actor.tenant, key=identity.key, oui=identity.oui, product_class=identity.product_class, serial_number=identity.serial_number,
        model=identity.product_class, trust=Trust.ADMITTED.value, preregistered=True,
    )  # fmt: skip
    unit.session.add(device)
    unit.session.flush()
    set_tags(unit, actor, device.id, tags, now)
    audit.record(unit, actor, "device.preregister", f"device:{device.id}", now, after={"key": identity.key})
    return DeviceId(device.id)


def set_trust(unit: Unit, actor: Actor, device_id: int, trust: Trust, now: datetime) -> None:
    """Admit a device from quarantine, or block it."""
    device = _device(unit.session, actor.tenant, device_id)
    before = device.trust
    if before == trust:
        return
    device.trust = trust.value
    unit.session.add(DeviceEvent(tenant_id=device.tenant_id, device_id=device_id, at=now, code=trust.value, detail=f"by {actor.name}"))
    audit.record(unit, actor, "device.trust", f"device:{device_id}", now, before={"trust": before}, after={"trust": trust.value})
    if trust is Trust.ADMITTED:
        unit.hint("operation", device=device_id, urgent=True)


def checked_tag(text: str) -> str:
    """A tag as it is stored. Invalid for what cannot be one."""
    tag = text.strip().lower()
    if not _TAG.fullmatch(tag):
        raise Invalid(f"{tag!r} cannot be a tag: small letters, digits, dot, colon, dash and underscore, at most 39.", "tags")
    return tag


def set_tags(unit: Unit, actor: Actor, device_id: int, tags: Iterable[str], now: datetime) -> tuple[str, ...]:
    """Replace the tags of a device."""
    device = _device(unit.session, actor.tenant, device_id)
    wanted = sorted({tag.strip().lower() for tag in tags if tag.strip()})
    for tag in wanted:
        checked_tag(tag)
    before = _tags(unit.session, [device.id]).get(device.id, ())
    if tuple(wanted) == before:
        return before
    unit.session.execute(delete(DeviceTag).where(DeviceTag.device_id == device_id))
    unit.session.add_all(DeviceTag(device_id=device_id, tag=tag, tenant_id=device.tenant_id) for tag in wanted)
    audit.record(unit, actor, "device.tags", f"device:{device_id}", now, before={"tags": before}, after={"tags": wanted})
    return tuple(wanted)


def set_note(unit: Unit, actor: Actor, device_id: int, note: str, now: datetime) -> None:
    device = _device(unit.session, actor.tenant, device_id)
    before, device.note = device.note, note.strip()[:2000]
    audit.record(unit, actor, "device.note", f"device:{device_id}", now, before={"note": before}, after={"note": device.note})


def remove(unit: Unit, actor: Actor, device_id: int, now: datetime) -> None:
    """Forget a device with all that is known of it. It comes back as unknown if it still informs."""
    device = _device(unit.session, actor.tenant, device_id)
    audit.record(
        unit, actor, "device.remove", f"device:{device_id}", now, before={"key": device.key, "serial_number": device.serial_number}
    )
    reach = unit.session.get(DeviceReach, device_id)
    if reach is not None and reach.stun_username:
        unit.hint("stun", username=reach.stun_username)
    unit.session.delete(device)


# ---- onboarding rules ---------------------------------------------------------------------------------------


def rules(session: Session, tenant: TenantId) -> tuple[RuleView, ...]:
    query = select(OnboardingRule).where(OnboardingRule.tenant_id == tenant).order_by(OnboardingRule.id)
    return tuple(RuleView(r.id, r.name, r.oui, r.product_class, r.serial_prefix, r.network) for r in session.scalars(query))


def add_rule(
    unit: Unit, actor: Actor, name: str, oui: str, product_class: str, serial_prefix: str, now: datetime, network: str = ""
) -> int:
    """Let devices in that prove the onboarding secret and fit. A rule that fits everything must say so by name "everything"."""
    name, oui = name.strip(), oui.strip().upper()
    if not name:
        raise Invalid("A rule needs a name.", "name")
    if oui and not re.fullmatch(r"[0-9A-F]{6}", oui):
        raise Invalid(f"{oui!r} is not an OUI of six hex digits.", "oui")
    network = network.strip()
    if network:
        try:
            network = str(network_of(network))
        except ValueError:
            raise Invalid(f"{network!r} is neither an address nor a network such as 192.0.2.0/24.", "network") from None
    if not (oui or product_class or serial_prefix.strip("* ") or network) and name != "everything":
        raise Invalid("A rule that fits every device must be named “everything”.", "name")
    if (
        unit.session.scalar(select(OnboardingRule.id).where(OnboardingRule.tenant_id == actor.tenant, OnboardingRule.name == name))
        is not None
    ):
        raise Conflict(f"There is a rule named {name!r} already.")
    rule = OnboardingRule(
        tenant_id=actor.tenant,
        name=name[:80],
        oui=oui,
        product_class=product_class.strip(),
        serial_prefix=serial_prefix.strip(),
        network=network,
        created_at=now,
    )
    unit.session.add(rule)
    unit.session.flush()
    audit.record(
        unit,
        actor,
        "onboarding.add_rule",
        f"rule:{rule.id}",
        now,
        after={"name": name, "oui": oui, "product_class": product_class, "serial_prefix": serial_prefix, "network": network},
    )
    return rule.id


def remove_rule(unit: Unit, actor: Actor, rule_id: int, now: datetime) -> None:
    rule = unit.session.get(OnboardingRule, rule_id)
    if rule is None or rule.tenant_id != actor.tenant:
        raise NotFound(f"There is no onboarding rule {rule_id}.")
    audit.record(unit, actor, "onboarding.remove_rule", f"rule:{rule_id}", now, before={"name": rule.name})
    unit.session.delete(rule)


# ---- upkeep ------------------------------------------------------------------------------------------------


def slice_of_fleet(session: Session, turn: int, size: int = 100_000) -> tuple[int, int]:
    """The ids, first and last, that this turn looks at: turn after turn goes round the fleet, a small one is looked at each time."""
    first = session.scalar(select(func.min(Device.id))) or 0
    last = session.scalar(select(func.max(Device.id))) or 0
    slices = (last - first) // size + 1
    begin = first + turn % slices * size
    return begin, begin + size - 1


def silent_within(session: Session, now: datetime, first: int, last: int, limit: int = 5000) -> tuple[int, ...]:
    """Devices between two ids that fell silent and were not told. No index has the instant: each Inform changes it."""
    fallen = (Device.trust == Trust.ADMITTED, Device.silent_at <= now, Device.silent_told.is_(False))
    return tuple(session.scalars(select(Device.id).where(Device.id.between(first, last), *fallen).limit(limit)))


def newly_silent(unit: Unit, now: datetime, limit: int = 200, among: Iterable[int] | None = None) -> tuple[tuple[int, str], ...]:
    """Devices that fell silent since the last look, told once each: an event row, and (id, serial number) for whoever announces.

    `among` these, where given: without it all head rows are looked at.
    """
    query = select(Device).where(Device.trust == Trust.ADMITTED, Device.silent_at <= now, Device.silent_told.is_(False)).limit(limit)
    rows = list(unit.session.scalars(query if among is None else query.where(Device.id.in_(list(among)))))
    for device in rows:
        device.silent_told = True
        unit.session.add(
            DeviceEvent(tenant_id=device.tenant_id, device_id=device.id, at=now, code="silent", detail="no contact in its time")
        )
        unit.hint("device", id=device.id)
    return tuple((device.id, device.serial_number) for device in rows)


def forget_strangers(unit: Unit, before: datetime, now: datetime, limit: int = 500) -> int:
    """Devices in quarantine that nobody let in and that have not spoken since: gone, with an audit line each. Registered ones stay."""
    rows = list(
        unit.session.scalars(
            select(Device)
            .where(Device.trust == Trust.QUARANTINE, Device.preregistered.is_(False), Device.last_inform_at < before)
            .order_by(Device.id)
            .limit(limit)
        )
    )
    for device in rows:
        actor = Actor.system("strangers", TenantId(device.tenant_id))
        told = {"key": device.key, "last_inform_at": device.last_inform_at.isoformat() if device.last_inform_at else None}
        audit.record(unit, actor, "device.remove", f"device:{device.id}", now, before=told)
        unit.session.delete(device)
    return len(rows)


def delete_old_events(unit: Unit, before: datetime, limit: int = 2000) -> int:
    ids = list(unit.session.scalars(select(DeviceEvent.id).where(DeviceEvent.at < before).order_by(DeviceEvent.id).limit(limit)))
    for part in (ids[i : i + 500] for i in range(0, len(ids), 500)):
        unit.session.execute(delete(DeviceEvent).where(DeviceEvent.id.in_(part)))
    return len(ids)
