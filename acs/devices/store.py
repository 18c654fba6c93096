"""The parameter store: reading merges, writing keeps only what changed. Works on a connection; service.py and the CWMP side call it.

Three layers, the newest value wins: `param_base` (the whole tree, packed in the order of its kind's names), `param_delta` (what was read or
written since, packed with names), and the values of the last Inform (one document on the head row). A device is three rows however many
parameters it has. Secrets are sealed before they are stored. What lists look into is in canonicals.py.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache
from json.encoder import encode_basestring
from operator import attrgetter
from typing import Any

from sqlalchemy import Connection, event, select

from acs.cwmp.messages import ParameterValueStruct
from acs.cwmp.paths import ROOTS
from acs.db.bulk import RawJson, delete_rows, fetch_rows, upsert_rows
from acs.devices.heads import HeadWrites, gathered
from acs.devices.models import Device, ParamBase, ParamDelta, ParamName, PathSet
from acs.devices.packing import (
    EMPTY,
    Named,
    Names,
    Stored,
    Tree,
    Values,
    digest,
    from_tree,
    instant,
    is_name,
    known_type,
    names_of,
    pack,
    pack_names,
    tick_of,
    to_tree,
    unpack,
    unpack_names,
)
from acs.provisioning.procedure import Snapshot
from acs.secrets import Vault, is_secret_name
from datamodels.canonical import Resolver

SEALED = "\x01"
"""First character of a value that is sealed; it cannot occur in XML."""
FOLD_AT = 150
"""From so many values on, what lies beside the base is folded into it."""

REWRITE_FOR = 8
"""The base is written anew when it has at most so many names for each value that arrived."""
UNLIKE_MOST = 40
"""So many names a device may have beside those of its kind, or a quarter of what it has; else its names are a set of their own."""
LACKS_MOST = 4000
"""What a device lacks of its kind's names costs a bit each: of larger kinds it must have a good part."""


def seal_value(vault: Vault, path: str, value: str) -> str:
    """The value as it is stored: sealed if its parameter's name says that it is a secret."""
    return SEALED + vault.seal(value) if value and is_secret_name(path) else value


def reveal(vault: Vault, stored: str) -> str:
    return vault.open(stored[1:]) if stored.startswith(SEALED) else stored


# ---- path sets -----------------------------------------------------------------------------------------------


class PathSets:
    """Path sets in memory, as far as `most` names go: what is stored of a kind's names is read and unpacked once per process. They never change."""

    def __init__(self, most: int = 60_000) -> None:
        self._most, self._held = most, 0
        self._by_id: dict[int, Names] = {}
        self._by_order: dict[tuple[Named, ...], Names] = {}

    def get(self, connection: Connection, path_set_id: int) -> Names:
        """KeyError where there is none: a lost path set is lost data."""
        found = self._by_id.get(path_set_id)
        if found is None:
            rows = fetch_rows(connection, PathSet, ("packed",), "id", (path_set_id,))
            if not rows:
                raise KeyError(f"no path set {path_set_id}")
            found = self._keep(Names(path_set_id, unpack_names(rows[0][0])))
        return found

    def intern(self, connection: Connection, order: tuple[Named, ...]) -> Names:
        """The set of just these names, made where it is missing."""
        found = self._by_order.get(order)
        if found is None:
            event.listen(connection, "rollback", self.forget)
            found = self._keep(Names(_intern(connection, pack_names(order)), order))
        return found

    def forget(self, _connection: Connection | None = None) -> None:
        """The transaction that made a set was rolled back: its number may be another set's by now."""
        self._by_id.clear()
        self._by_order.clear()
        self._held = 0

    def _keep(self, names: Names) -> Names:
        if self._held + len(names.order) > self._most:
            self.forget()
        self._by_id[names.id] = self._by_order[names.order] = names
        self._held += len(names.order)
        return names


def _intern(connection: Connection, packed: bytes) -> int:
    mark = digest(packed)
    found = connection.scalar(select(PathSet.id).where(PathSet.digest == mark))
    if found is None:
        row = {"digest": mark, "count": len(unpack_names(packed)), "packed": packed}
        upsert_rows(connection, PathSet, ("digest",), ("count", "packed"), [row], update_all=False)
        found = connection.scalar(select(PathSet.id).where(PathSet.digest == mark))
    assert found is not None
    return found


# ---- reading -----------------------------------------------------------------------------------------------


def load_tree(connection: Connection, device_id: int, prefix: str = "", sets: PathSets | None = None) -> Tree:
    """All that is known below `prefix`, secrets still sealed."""
    tree = _tree_of(connection, sets or PathSets(), _whole(connection, device_id))
    values = dict(tree.values)
    head = connection.execute(select(Device.inform_values, Device.last_inform_at).where(Device.id == device_id)).first()
    if head is not None and head[0] and head[1]:
        for path, value, kind in head[0]:
            known = values.get(path)
            if known is None or head[1] >= known.at:
                values[path] = Stored(value, kind, head[1], "inform", known.writable if known else None)
    objects = tree.objects
    if prefix:
        values = {path: each for path, each in values.items() if path.startswith(prefix)}
        objects = {path: flag for path, flag in objects.items() if path.startswith(prefix)}
    return Tree(values, objects)


@dataclass(frozen=True, slots=True)
class _Packed:
    """What is stored of a device's tree. `base` None: there is one, and it was not read."""

    path_set_id: int | None = None
    base: bytes | None = b""
    delta: bytes = b""


_NOTHING = _Packed()


def _stored(connection: Connection, device_ids: Collection[int]) -> dict[int, _Packed]:
    """By device, bases not read."""
    found = {id_: _Packed(path_set, None) for id_, path_set in fetch_rows(connection, ParamBase, ("device_id", "path_set_id"), "device_id", device_ids)}
    for device_id, delta in fetch_rows(connection, ParamDelta, ("device_id", "packed"), "device_id", device_ids):
        found[device_id] = replace(found.get(device_id, _NOTHING), delta=delta)
    return found


def _with_bases(connection: Connection, stored: dict[int, _Packed], device_ids: Collection[int]) -> None:
    for device_id, packed in fetch_rows(connection, ParamBase, ("device_id", "packed"), "device_id", device_ids):
        stored[device_id] = replace(stored[device_id], base=packed)


def _whole(connection: Connection, device_id: int) -> _Packed:
    base = fetch_rows(connection, ParamBase, ("path_set_id", "packed"), "device_id", (device_id,))
    delta = fetch_rows(connection, ParamDelta, ("packed",), "device_id", (device_id,))
    return replace(_Packed(*base[0]) if base else _NOTHING, delta=delta[0][0] if delta else b"")


def _tree_of(connection: Connection, sets: PathSets, stored: _Packed) -> Tree:
    tree = to_tree(sets.get(connection, stored.path_set_id), unpack(stored.base)) if stored.path_set_id is not None and stored.base else EMPTY
    if not stored.delta:
        return tree
    values = dict(tree.values)
    for path, (kind, _, text, (tick, origin)) in unpack(stored.delta).extras.items():
        known, at = values.get(path), instant(tick)
        if known is None or at >= known.at:
            values[path] = Stored(text, kind, at, origin, known.writable if known else None)
    return Tree(values, tree.objects)


# ---- writing -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Arrived:
    """Values of a device that were read or written."""

    tenant: int
    device_id: int
    values: Sequence[ParameterValueStruct]
    at: datetime
    origin: str
    like: int | None = None
    """The path set of its kind."""
    known: bool = False
    """With these values the device is known: they are its base, however few they are."""


def store_arrived(connection: Connection, vault: Vault, sets: PathSets, arrived: Sequence[Arrived], heads: HeadWrites | None = None) -> None:
    """Keep values of many devices; of two of one parameter the later in the list counts.

    Where they are a good part of what is known of the device, its base is written anew; else they go beside it, to be folded in when they
    have become many. What it costs depends on what arrived, not on what is stored. `heads`: where changes of head rows go, for the caller to write.
    """
    wanted = [{v.name: v for v in each.values if v.name and not v.name.endswith(".") and is_name(v.name)} for each in arrived]
    stored = _stored(connection, {each.device_id for each in arrived})
    stored_before = {device_id: packed.path_set_id for device_id, packed in stored.items()}
    anew = {
        each.device_id for each, values in zip(arrived, wanted, strict=True) if _is_large_part(connection, sets, stored.get(each.device_id), len(values))
    }
    _with_bases(connection, stored, anew)
    rows: dict[int, dict[str, Any]] = {}
    deltas: dict[int, bytes] = {}
    with gathered(connection, heads) as writes:
        for each, values in zip(arrived, wanted, strict=True):
            if not values:
                continue
            writes.set(each.device_id, _learned(values, each.at))
            packed = _merged(connection, vault, sets, stored.get(each.device_id, _NOTHING), each, values)
            stored[each.device_id] = packed
            rows[each.device_id], deltas[each.device_id] = _base_row(each, packed), packed.delta
        _write(connection, rows, deltas, writes, stored_before)


def _is_large_part(connection: Connection, sets: PathSets, stored: _Packed | None, arrived: int) -> bool:
    if stored is None or stored.path_set_id is None or stored.delta:
        return False
    return len(sets.get(connection, stored.path_set_id).leaves) <= REWRITE_FOR * arrived


def _merged(
    connection: Connection, vault: Vault, sets: PathSets, stored: _Packed, each: Arrived, wanted: Mapping[str, ParameterValueStruct]
) -> _Packed:
    """What is stored of a device with the new values in it."""
    age = (tick_of(each.at), each.origin)
    if stored.path_set_id is None and not stored.delta and (each.known or len(wanted) >= FOLD_AT // 4):
        if each.like is not None and _is_worth(names := sets.get(connection, each.like), len(wanted)):
            tree = Tree({path: Stored(seal_value(vault, path, v.value), v.type, each.at, each.origin) for path, v in wanted.items()}, {})
            return _Packed(names.id, pack(from_tree(tree, names)))
        ordered = sorted(wanted.values(), key=attrgetter("name"))
        names = sets.intern(connection, tuple((v.name, known_type(v.type), None) for v in ordered))
        return _Packed(names.id, pack(Values([seal_value(vault, v.name, v.value) for v in ordered], [age] * len(ordered), {})))
    if stored.path_set_id is not None and stored.base and not stored.delta:
        names, values = sets.get(connection, stored.path_set_id), unpack(stored.base)
        places = [names.place.get(path) for path in wanted]
        if None not in places:
            for place, v in zip(places, wanted.values(), strict=True):
                assert place is not None
                values.texts[place], values.ages[place] = seal_value(vault, v.name, v.value), age
            return _Packed(names.id, pack(values))
    beside = unpack(stored.delta).extras if stored.delta else {}
    for path, v in wanted.items():
        beside[path] = known_type(v.type), None, seal_value(vault, path, v.value), age
    merged = replace(stored, delta=pack(Values([], [], beside)))
    if len(beside) < FOLD_AT and not (each.known and stored.path_set_id is None):
        return merged
    if merged.path_set_id is not None and merged.base is None:
        merged = replace(merged, base=_whole(connection, each.device_id).base)
    return packed_tree(connection, sets, _tree_of(connection, sets, merged), each.like if merged.path_set_id is None else merged.path_set_id)


def _is_worth(names: Names, count: int) -> bool:
    """Whether so few values of a kind with so many names should be stored in its order."""
    return len(names.leaves) <= max(LACKS_MOST, REWRITE_FOR * count)


def packed_tree(connection: Connection, sets: PathSets, tree: Tree, path_set_id: int | None) -> _Packed:
    """A whole tree as it is stored: in the order of the names it had, or its kind has, as long as most of them fit."""
    if path_set_id is not None:
        names = sets.get(connection, path_set_id)
        values = from_tree(tree, names)
        if len(values.extras) <= max(UNLIKE_MOST, len(tree.values) // 4) and _is_worth(names, len(tree.values)):
            return _Packed(names.id, pack(values))
    names = sets.intern(connection, names_of(tree))
    return _Packed(names.id, pack(from_tree(tree, names)))


def _base_row(each: Arrived, packed: _Packed) -> dict[str, Any]:
    return {
        "device_id": each.device_id, "tenant_id": each.tenant, "path_set_id": packed.path_set_id, "read_at": each.at, "origin": each.origin,
        "packed": packed.base,
    }  # fmt: skip


def _write(
    connection: Connection, rows: Mapping[int, dict[str, Any]], deltas: Mapping[int, bytes], heads: HeadWrites, before: Mapping[int, int | None]
) -> None:
    """Bases that were written anew, whose deltas are gone with that, and deltas beside bases that stay. `before`: their path sets until now."""
    whole = [row for device_id, row in rows.items() if not deltas[device_id]]
    upsert_rows(connection, ParamBase, ("device_id",), ("tenant_id", "path_set_id", "read_at", "origin", "packed"), whole)
    for row in whole:
        if row["path_set_id"] != before.get(row["device_id"]):
            heads.set(row["device_id"], {"path_set_id": row["path_set_id"]})
    delete_rows(connection, ParamDelta, "device_id", [row["device_id"] for row in whole])
    beside = [{"device_id": device_id, "tenant_id": rows[device_id]["tenant_id"], "packed": delta} for device_id, delta in deltas.items() if delta]
    upsert_rows(connection, ParamDelta, ("device_id",), ("tenant_id", "packed"), beside)


def store_snapshot(
    connection: Connection, vault: Vault, tenant: int, device_id: int, snapshot: Snapshot, at: datetime, origin: str, sets: PathSets | None = None,
    like: int | None = None, heads: HeadWrites | None = None,
) -> int:  # fmt: skip
    """Replace a subtree by how it was found; what is not in it any more is gone. The rest keeps its values and ages. `like`: the path set of its
    kind. The path set it is stored by."""
    sets = sets or PathSets()
    stored = _whole(connection, device_id)
    tree = _tree_of(connection, sets, stored)
    kept = {p: s for p, s in tree.values.items() if not p.startswith(snapshot.prefix)} if snapshot.prefix else {}
    objects = {p: w for p, w in tree.objects.items() if not p.startswith(snapshot.prefix)} if snapshot.prefix else {}
    writable = {name: flag for name, flag in snapshot.names if not name.endswith(".")}
    objects.update({name: flag for name, flag in snapshot.names if name.endswith(".")})
    known_secrets = {path: s.value for path, s in tree.values.items() if s.value.startswith(SEALED) and path.startswith(snapshot.prefix)}
    for v in snapshot.values:
        value = seal_value(vault, v.name, v.value)
        if not v.value.strip("*•") and v.name in known_secrets:  # hidden reads back empty: keep what we wrote (conformance B-69)
            value = known_secrets[v.name]
        kept[v.name] = Stored(value, v.type, at, origin, writable.get(v.name))
    packed = packed_tree(connection, sets, Tree(kept, objects), stored.path_set_id if stored.path_set_id is not None else like)
    row = _base_row(Arrived(tenant, device_id, (), at, origin), packed)
    with gathered(connection, heads) as writes:
        writes.set(device_id, {**_learned({v.name: v for v in snapshot.values}, at), **_address(kept)})
        _write(connection, {device_id: row}, {device_id: b""}, writes, {device_id: stored.path_set_id})
    assert packed.path_set_id is not None
    return packed.path_set_id


def intern_names(connection: Connection, paths: Iterable[str]) -> dict[str, int]:
    """Ids of names, made where they are missing."""
    wanted = sorted(paths)
    ids = dict(fetch_rows(connection, ParamName, ("path", "id"), "path", wanted))
    fresh = [path for path in wanted if path not in ids]
    if fresh:
        upsert_rows(connection, ParamName, ("path",), (), [{"path": path} for path in fresh], update_all=False)
        ids.update(dict(fetch_rows(connection, ParamName, ("path", "id"), "path", fresh)))
    return ids


# ---- what the head row learns from values --------------------------------------------------------------------

_HEAD = {
    "DeviceInfo.ModelName": "model", "DeviceInfo.Manufacturer": "manufacturer", "DeviceInfo.HardwareVersion": "hardware_version",
    "DeviceInfo.SoftwareVersion": "software_version", "ManagementServer.ConnectionRequestURL": "connection_request_url",
    "ManagementServer.ParameterKey": "parameter_key",
}  # fmt: skip
_LIMITS = {"connection_request_url": 256, "parameter_key": 32}


def _learned(values: Mapping[str, ParameterValueStruct], at: datetime) -> dict[str, Any]:
    """Columns of the head row by what was read or written."""
    learned: dict[str, Any] = {}
    for root in ROOTS:
        for below, column in _HEAD.items():
            v = values.get(f"{root}.{below}")
            if v is not None and v.value.strip():
                learned[column] = v.value.strip()[: _LIMITS.get(column, 64)]
        v = values.get(root + ".ManagementServer.PeriodicInformInterval")
        if v is not None and v.value.isdigit():
            learned["inform_interval_s"] = min(int(v.value), 2**31 - 1)
            learned["silent_at"] = silent_after(at, learned["inform_interval_s"])
    return learned


def _address(values: Mapping[str, Stored]) -> dict[str, Any]:
    """Columns for the root of the tree, and the device's own WAN address, so that it can be found by it; TR-181 devices do not inform it."""
    root = next(iter(values), "").partition(".")[0]
    if root not in ROOTS:
        return {}
    found = Resolver({path: stored.value for path, stored in values.items()}, root).get("wan.ip_address")
    return {"root": root} if found is None or not found.raw else {"root": root, "wan_address": found.raw[:64]}


def silent_after(last_inform: datetime, interval_s: int) -> datetime:
    """When a device counts as silent: one and a half of its own intervals and a minute after it last spoke; unknown intervals count as a day."""
    interval = interval_s or 86_400
    return last_inform + timedelta(seconds=min(interval * 1.5, 400 * 86_400) + 60)


def inform_document(values: Iterable[ParameterValueStruct], vault: Vault) -> RawJson:
    """The values of an Inform as the head row keeps them: [name, value, type] of each."""
    return RawJson("[" + ",".join([informed_item(v.name, seal_value(vault, v.name, v.value), v.type) for v in values if v.name]) + "]")


def informed_item(name: str, value: str, kind: str) -> str:
    """One value as it stands in the document of an Inform."""
    begin, end = _around(name, kind)
    return begin + encode_basestring(value) + end


@lru_cache(maxsize=8192)
def _around(name: str, kind: str) -> tuple[str, str]:
    """Names and types are the same in each Inform: only values are written anew."""
    return f"[{encode_basestring(name)},", f",{encode_basestring(kind)}]"
