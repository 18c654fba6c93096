"""Keeps what sessions found out: as evidence, on the device that showed it, and, from three devices on, for their model.

The rule: what one device shows is used for that device from its next operation on, as long as it runs that firmware. When `PROMOTE_AT` devices of
one OUI, product class and firmware have shown the same, it is used for all of them; until then it is a proposal that a person may confirm. What a
person set, pinned or turned off is never changed from here: only the count of devices goes on.

Called in the group commit, with everything a batch learned: a fixed number of statements per model, none when nothing is new.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, select, tuple_

from acs import audit
from acs.audit import Actor
from acs.db.bulk import insert_rows, update_rows, upsert_rows
from acs.db.engine import Unit
from acs.db.tenancy import TenantId
from acs.devices.models import Device, DeviceEvent
from acs.provisioning.procedure import Learned
from acs.provisioning.quirks import KNOBS, MAX_NAMES, State, agreed, exactly
from acs.quirks.book import document_of, own_of
from acs.quirks.models import Quirk, QuirkSeen

ENOUGH = 1000
"""Devices looked at for one model: this runs within a group commit."""
PROMOTE_AT = 3
"""Devices of a model and firmware that must show a thing before it counts for all of them."""

Model = tuple[int, str, str, str]
_SEEN = ("tenant_id", "oui", "product_class", "firmware", "value", "count", "epoch", "asked", "answered", "first_at", "last_at")


def learn(unit: Unit, found: Sequence[tuple[int, int, datetime, Sequence[Learned]]]) -> None:
    """(device id, epoch of its session, when, what). Several sessions of a device in one batch count in their order."""
    if not found:
        return
    connection = unit.connection
    devices = _devices(connection, sorted({device_id for device_id, *_ in found}))
    known = {device_id: own_of(row.quirks, row.software_version) for device_id, row in devices.items()}
    rows: dict[tuple[int, str, str], dict[str, Any]] = {}
    gone: set[tuple[int, str, str]] = set()
    for device_id, epoch, at, learned in found:
        if device_id not in devices:
            continue
        for one in _last_of_each(learned):
            key = (device_id, one.knob, one.item[:256])
            known[device_id] = _with(known[device_id], one)
            if one.value is None:
                rows.pop(key, None)
                gone.add(key)
            else:
                gone.discard(key)
                rows[key] = _row(devices[device_id], epoch, at, one)
    _keep_seen(connection, rows, gone)
    documents = [{"id": d, "quirks": document_of(own, devices[d].software_version)} for d, own in known.items()]
    update_rows(connection, Device, ("id",), ("quirks",), documents)
    touched: dict[Model, set[tuple[str, str]]] = defaultdict(set)
    for device_id, knob, item in (*rows, *gone):
        d = devices[device_id]
        if d.software_version and (d.oui or d.product_class):
            touched[(d.tenant_id, d.oui, d.product_class, d.software_version)].add((knob, item))
    at = max(at for _, _, at, _ in found)
    for model, keys in sorted(touched.items()):
        if counts := _promote(connection, model, keys, at):
            actor, subject = Actor("system:learning", TenantId(model[0])), f"quirk:{' '.join(filter(None, model[1:]))}"
            audit.record(unit, actor, "quirk.learned", subject[:200], at, *({n: pair[i] for n, pair in counts.items()} for i in (0, 1)))
            unit.hint("quirks")
    told: dict[int, list[str]] = defaultdict(list)
    for device_id, knob, item in rows:
        told[device_id].append(f"{knob} {item}".strip())
    insert_rows(connection, DeviceEvent, [_event(devices[d], words, at) for d, words in told.items()])


def _devices(connection: Connection, ids: Sequence[int]) -> dict[int, Any]:
    columns = (Device.id, Device.tenant_id, Device.oui, Device.product_class, Device.software_version, Device.quirks)
    return {row.id: row for row in connection.execute(select(*columns).where(Device.id.in_(ids)))}


def _last_of_each(learned: Iterable[Learned]) -> Iterable[Learned]:
    return {(one.knob, one.item): one for one in learned if one.knob in KNOBS}.values()


def _with(known: list[tuple[str, str, Any]], one: Learned) -> list[tuple[str, str, Any]]:
    kept = [fact for fact in known if fact[:2] != (one.knob, one.item)]
    full = len(kept) >= 2 * MAX_NAMES
    return kept if one.value is None or full else [*kept, (one.knob, one.item, one.value)]


def _row(device: Any, epoch: int, at: datetime, one: Learned) -> dict[str, Any]:
    return {
        "device_id": device.id, "knob": one.knob, "item": one.item[:256], "tenant_id": device.tenant_id, "oui": device.oui,
        "product_class": device.product_class, "firmware": device.software_version, "value": one.value, "count": 1, "epoch": epoch,
        "asked": one.asked[:300], "answered": one.answered[:300], "first_at": at, "last_at": at,
    }  # fmt: skip


def _event(device: Any, words: list[str], at: datetime) -> dict[str, Any]:
    """A line of the device's history."""
    return {"tenant_id": device.tenant_id, "device_id": device.id, "at": at, "code": "learned", "detail": ", ".join(words)[:300]}


def _keep_seen(connection: Connection, rows: dict[tuple[int, str, str], dict[str, Any]], gone: set[tuple[int, str, str]]) -> None:
    """Evidence, counted on where the same was seen before. What a device showed under another firmware makes room."""
    keys = tuple_(QuirkSeen.device_id, QuirkSeen.knob, QuirkSeen.item)
    if gone:
        connection.execute(delete(QuirkSeen).where(keys.in_(sorted(gone))))
    if not rows:
        return
    before = connection.execute(
        select(
            QuirkSeen.device_id, QuirkSeen.knob, QuirkSeen.item, QuirkSeen.firmware, QuirkSeen.count.label("times"), QuirkSeen.first_at
        ).where(keys.in_(sorted(rows)))
    )
    for old in before:
        row = rows[(old.device_id, old.knob, old.item)]
        if old.firmware == row["firmware"]:
            row["count"], row["first_at"] = old.times + 1, old.first_at
    upsert_rows(connection, QuirkSeen, ("device_id", "knob", "item"), _SEEN, rows.values())


def _promote(connection: Connection, model: Model, keys: set[tuple[str, str]], at: datetime) -> dict[str, tuple[Any, Any]]:
    """Bring the model's entries up to what its devices showed. What counts for all of them from now on, by knob: before and after."""
    tenant, oui, product_class, version = model
    shown: dict[tuple[str, str], list[Any]] = defaultdict(list)
    seen = select(QuirkSeen.knob, QuirkSeen.item, QuirkSeen.value).where(
        QuirkSeen.tenant_id == tenant, QuirkSeen.oui == oui, QuirkSeen.product_class == product_class, QuirkSeen.firmware == version,
        tuple_(QuirkSeen.knob, QuirkSeen.item).in_(sorted(keys)),
    )  # fmt: skip
    for row in reversed(connection.execute(seen.order_by(QuirkSeen.last_at.desc()).limit(ENOUGH)).all()):
        shown[(row.knob, row.item)].append(row.value)
    firmware = exactly(version)
    there = select(Quirk.id, Quirk.knob, Quirk.item, Quirk.value, Quirk.state, Quirk.origin, Quirk.pinned).where(
        Quirk.tenant_id == tenant, Quirk.oui == oui, Quirk.product_class == product_class, Quirk.firmware == firmware,
        Quirk.knob.in_(sorted({knob for knob, _ in keys})),
    )  # fmt: skip
    entries = {(row.knob, row.item): row for row in connection.execute(there)}
    fresh, counted, changed, dead = [], [], [], []
    counts: dict[str, tuple[Any, Any]] = {}
    for key in sorted(keys):
        values, entry, name = shown[key], entries.get(key), " ".join(filter(None, key))
        state = State.ACTIVE if len(values) >= PROMOTE_AT else State.PROPOSED
        if entry is None:
            if values:
                value = agreed(key[0], values)
                fresh.append(_entry(model, firmware, key, value, state, len(values), at))
                if state is State.ACTIVE:
                    counts[name] = (None, value)
        elif entry.origin != "learned" or entry.pinned or entry.state == State.OFF:
            counted.append({"id": entry.id, "devices": len(values)})
        elif not values:
            dead.append(entry.id)
            if entry.state == State.ACTIVE:
                counts[name] = (entry.value, None)
        else:
            value = agreed(key[0], values)
            new = State.ACTIVE if entry.state == State.ACTIVE else state
            if new is State.ACTIVE and (value, new) != (entry.value, entry.state):
                counts[name] = (entry.value if entry.state == State.ACTIVE else None, value)
            changed.append({"id": entry.id, "value": value, "state": new.value, "devices": len(values), "updated_at": at})
    unique = ("tenant_id", "oui", "product_class", "firmware", "knob", "item")
    upsert_rows(connection, Quirk, unique, tuple(name for name in fresh[0] if name not in unique) if fresh else (), fresh, update_all=False)
    update_rows(connection, Quirk, ("id",), ("devices",), counted)
    update_rows(connection, Quirk, ("id",), ("value", "state", "devices", "updated_at"), changed)
    if dead:
        connection.execute(delete(Quirk).where(Quirk.id.in_(dead)))
    return counts


def _entry(model: Model, firmware: str, key: tuple[str, str], value: Any, state: State, devices: int, at: datetime) -> dict[str, Any]:
    return {
        "tenant_id": model[0], "oui": model[1], "product_class": model[2], "firmware": firmware, "knob": key[0], "item": key[1],
        "value": value, "state": state.value, "origin": "learned", "pinned": False, "author": "", "note": "", "devices": devices,
        "created_at": at, "updated_at": at,
    }  # fmt: skip
