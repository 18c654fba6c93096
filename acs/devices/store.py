"""The parameter store: reading merges, writing keeps only what changed. Works on a connection; service.py and the CWMP side call it.

Three layers, the newest value wins: `param_base` (the whole tree, packed), `param_live` (rows for what was read or written since), and the
values of the last Inform (one document on the head row, so that an Inform costs no row per value). Secrets are sealed before they are stored.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from json.encoder import encode_basestring
from typing import Any

from sqlalchemy import Connection, delete, func, select, update

from acs.cwmp.messages import ParameterValueStruct
from acs.cwmp.paths import ROOTS
from acs.db.bulk import RawJson, upsert_rows
from acs.devices.models import Device, ParamBase, ParamLive, ParamName, PathSet
from acs.devices.packing import EMPTY, Stored, Tree, digest, from_tree, to_tree, unpack_names
from acs.provisioning.procedure import Snapshot
from acs.secrets import Vault, is_secret_name
from datamodels.canonical import Resolver

SEALED = "\x01"
"""First character of a value that is sealed; it cannot occur in XML."""
FOLD_AT = 150
"""More live rows than this are folded into the base with the next write."""

_NUMBERS = frozenset({"int", "unsignedInt", "long", "unsignedLong", "decimal"})


def seal_value(vault: Vault, path: str, value: str) -> str:
    """The value as it is stored: sealed if its parameter's name says that it is a secret."""
    return SEALED + vault.seal(value) if value and is_secret_name(path) else value


def reveal(vault: Vault, stored: str) -> str:
    return vault.open(stored[1:]) if stored.startswith(SEALED) else stored


# ---- reading -----------------------------------------------------------------------------------------------


def load_tree(connection: Connection, device_id: int, prefix: str = "") -> Tree:
    """All that is known below `prefix`, secrets still sealed."""
    base = connection.execute(
        select(PathSet.packed, ParamBase.packed).join(PathSet, PathSet.id == ParamBase.path_set_id).where(ParamBase.device_id == device_id)
    ).first()
    tree = to_tree(base[0], base[1]) if base else EMPTY
    values, objects = dict(tree.values), dict(tree.objects)
    live = connection.execute(
        select(ParamName.path, ParamLive.value, ParamLive.type, ParamLive.at, ParamLive.origin)
        .join(ParamName, ParamName.id == ParamLive.name_id)
        .where(ParamLive.device_id == device_id)
    )
    for path, value, kind, at, origin in live:
        known = values.get(path)
        if known is None or at >= known.at:
            values[path] = Stored(value, kind, at, origin, known.writable if known else None)
    head = connection.execute(select(Device.inform_values, Device.last_inform_at).where(Device.id == device_id)).first()
    if head is not None and head[0] and head[1]:
        for path, value, kind in head[0]:
            known = values.get(path)
            if known is None or head[1] >= known.at:
                values[path] = Stored(value, kind, head[1], "inform", known.writable if known else None)
    if prefix:
        values = {path: stored for path, stored in values.items() if path.startswith(prefix)}
        objects = {path: flag for path, flag in objects.items() if path.startswith(prefix)}
    return Tree(values, objects)


# ---- writing -----------------------------------------------------------------------------------------------


def store_values(
    connection: Connection, vault: Vault, tenant: int, device_id: int, values: Sequence[ParameterValueStruct], at: datetime, origin: str
) -> None:
    """Keep values that were read or written. Many at once go into the base, few become live rows."""
    wanted = {v.name: v for v in values if v.name and not v.name.endswith(".")}
    if not wanted:
        return
    _learn_head(connection, device_id, wanted, at)
    if len(wanted) >= FOLD_AT or _live_count(connection, device_id) + len(wanted) > FOLD_AT:
        tree = load_tree(connection, device_id)
        merged = dict(tree.values)
        for path, v in wanted.items():
            known = merged.get(path)
            merged[path] = Stored(seal_value(vault, path, v.value), v.type, at, origin, known.writable if known else None)
        _store_base(connection, tenant, device_id, Tree(merged, tree.objects), at, origin)
        return
    ids = intern_names(connection, wanted)
    rows = [
        {
            "device_id": device_id, "name_id": ids[path], "tenant_id": tenant, "value": seal_value(vault, path, v.value), "type": v.type[:20],
            "number": _number(v), "at": at, "origin": origin,
        }
        for path, v in wanted.items()
    ]  # fmt: skip
    upsert_rows(
        connection,
        ParamLive,
        ("device_id", "name_id"),
        ("tenant_id", "value", "type", "number", "at", "origin"),
        rows,
    )


def _live_count(connection: Connection, device_id: int) -> int:
    return int(connection.scalar(select(func.count()).select_from(ParamLive).where(ParamLive.device_id == device_id)) or 0)


def _number(v: ParameterValueStruct) -> float | None:
    if v.type not in _NUMBERS:
        return None
    try:
        return float(v.value)
    except ValueError:
        return None


def store_snapshot(
    connection: Connection, vault: Vault, tenant: int, device_id: int, snapshot: Snapshot, at: datetime, origin: str
) -> None:
    """Replace a subtree by how it was found; what is not in it any more is gone. The rest keeps its values and ages."""
    tree = load_tree(connection, device_id) if snapshot.prefix else EMPTY
    kept = {p: s for p, s in tree.values.items() if not p.startswith(snapshot.prefix)} if snapshot.prefix else {}
    objects = {p: w for p, w in tree.objects.items() if not p.startswith(snapshot.prefix)} if snapshot.prefix else {}
    writable = {name: flag for name, flag in snapshot.names if not name.endswith(".")}
    objects.update({name: flag for name, flag in snapshot.names if name.endswith(".")})
    known_secrets = _sealed_secrets(connection, device_id, snapshot.prefix)
    for v in snapshot.values:
        value = seal_value(vault, v.name, v.value)
        if not v.value.strip("*•") and v.name in known_secrets:  # hidden reads back empty: keep what we wrote (conformance B-69)
            value = known_secrets[v.name]
        kept[v.name] = Stored(value, v.type, at, origin, writable.get(v.name))
    _learn_head(connection, device_id, {v.name: v for v in snapshot.values}, at)
    _learn_address(connection, device_id, kept)
    _store_base(connection, tenant, device_id, Tree(kept, objects), at, origin)


def _sealed_secrets(connection: Connection, device_id: int, prefix: str) -> dict[str, str]:
    tree = load_tree(connection, device_id, prefix)
    return {path: stored.value for path, stored in tree.values.items() if stored.value.startswith(SEALED)}


def _store_base(connection: Connection, tenant: int, device_id: int, tree: Tree, at: datetime, origin: str) -> None:
    names, values = from_tree(tree)
    path_set = _intern(connection, names)
    upsert_rows(
        connection, ParamBase, ("device_id",), ("tenant_id", "path_set_id", "read_at", "origin", "packed"),
        [{"device_id": device_id, "tenant_id": tenant, "path_set_id": path_set, "read_at": at, "origin": origin, "packed": values}],
    )  # fmt: skip
    connection.execute(delete(ParamLive).where(ParamLive.device_id == device_id))
    connection.execute(update(Device).where(Device.id == device_id).values(path_set_id=path_set))


def _intern(connection: Connection, packed: bytes) -> int:
    mark = digest(packed)
    found = connection.scalar(select(PathSet.id).where(PathSet.digest == mark))
    if found is None:
        row = {"digest": mark, "count": len(unpack_names(packed)), "packed": packed}
        upsert_rows(connection, PathSet, ("digest",), ("count", "packed"), [row], update_all=False)
        found = connection.scalar(select(PathSet.id).where(PathSet.digest == mark))
    assert found is not None
    return found


def intern_names(connection: Connection, paths: Iterable[str]) -> dict[str, int]:
    """Ids of names, made where they are missing."""
    wanted = sorted(paths)
    ids = {row.path: row.id for row in connection.execute(select(ParamName.path, ParamName.id).where(ParamName.path.in_(wanted)))}
    fresh = [path for path in wanted if path not in ids]
    if fresh:
        upsert_rows(connection, ParamName, ("path",), (), [{"path": path} for path in fresh], update_all=False)
        ids.update({row.path: row.id for row in connection.execute(select(ParamName.path, ParamName.id).where(ParamName.path.in_(fresh)))})
    return ids


# ---- what the head row learns from values --------------------------------------------------------------------

_HEAD = {
    "DeviceInfo.ModelName": "model", "DeviceInfo.Manufacturer": "manufacturer", "DeviceInfo.HardwareVersion": "hardware_version",
    "DeviceInfo.SoftwareVersion": "software_version", "ManagementServer.ConnectionRequestURL": "connection_request_url",
    "ManagementServer.ParameterKey": "parameter_key",
}  # fmt: skip
_LIMITS = {"connection_request_url": 256, "parameter_key": 32}


def _learn_head(connection: Connection, device_id: int, values: Mapping[str, ParameterValueStruct], at: datetime) -> None:
    learned: dict[str, Any] = {}
    for path, v in values.items():
        below = path.partition(".")[2]
        if below in _HEAD and v.value.strip():
            column = _HEAD[below]
            learned[column] = v.value.strip()[: _LIMITS.get(column, 64)]
        elif below == "ManagementServer.PeriodicInformInterval" and v.value.isdigit():
            learned["inform_interval_s"] = min(int(v.value), 2**31 - 1)
    if not learned:
        return
    if "inform_interval_s" in learned:
        learned["silent_at"] = silent_after(at, learned["inform_interval_s"])
    connection.execute(update(Device).where(Device.id == device_id).values(**learned))


def _learn_address(connection: Connection, device_id: int, values: Mapping[str, Stored]) -> None:
    """The device's own WAN address, so that it can be found by it; TR-181 devices do not inform it."""
    root = next(iter(values), "").partition(".")[0]
    if root in ROOTS:
        connection.execute(update(Device).where(Device.id == device_id, Device.root == "").values(root=root))  # quirk K-36
        found = Resolver({path: stored.value for path, stored in values.items()}, root).get("wan.ip_address")
        if found is not None and found.raw:
            connection.execute(update(Device).where(Device.id == device_id).values(wan_address=found.raw[:64]))


def silent_after(last_inform: datetime, interval_s: int) -> datetime:
    """When a device counts as silent: one and a half of its own intervals and a minute after it last spoke; unknown intervals count as a day."""
    interval = interval_s or 86_400
    return last_inform + timedelta(seconds=min(interval * 1.5, 400 * 86_400) + 60)


def inform_document(values: Iterable[ParameterValueStruct], vault: Vault) -> RawJson:
    """The values of an Inform as the head row keeps them: [name, value, type] of each."""
    return RawJson("[" + ",".join([_informed(v.name, seal_value(vault, v.name, v.value), v.type) for v in values if v.name]) + "]")


def _informed(name: str, value: str, kind: str) -> str:
    begin, end = _around(name, kind)
    return begin + encode_basestring(value) + end


@lru_cache(maxsize=65536)
def _around(name: str, kind: str) -> tuple[str, str]:
    """Names and types are the same in each Inform: only values are written anew."""
    return f"[{encode_basestring(name)},", f",{encode_basestring(kind)}]"
