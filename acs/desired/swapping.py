"""A device is replaced: what people set on the old one, by canonical name, restored on its successor, of whatever make.

Given are the settings a home would miss (networks and their keys, the home's addresses, telephone) as the old device last had them, and its port
mappings; the successor's own paths, words and units are found by the catalogue. What it cannot take is told before anything is asked. Logins of
management and what the network assigns are never carried over.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from acs import audit
from acs.audit import Actor
from acs.db.engine import Unit
from acs.db.tenancy import TenantId
from acs.desired.examining import device_of, known_tree
from acs.desired.views import SwapLine, SwapPreview
from acs.devices import service as devices
from acs.devices import store
from acs.devices.models import Device, DeviceTag
from acs.devices.views import DeviceId
from acs.errors import Conflict, HearthlineError, Invalid
from acs.operations import personal
from acs.operations import service as operations
from acs.operations.views import OperationId
from acs.provisioning.desired import KnownTree, checked_path, raw_text, table_of
from acs.provisioning.differences import holds
from acs.quirks import service as quirks
from acs.secrets import MASK, Vault
from datamodels import canonical
from datamodels.canonical import Resolver, Row
from datamodels.canonical.cells import to_cell, writable_columns
from datamodels.tree import ROOTS

HOME = frozenset(
    {
        "enabled", "ssid", "ssid_advertised", "security_mode", "passphrase", "isolation", "guest_enabled", "guest_ssid", "guest_passphrase",
        "guest_security_mode", "mac_filter_enabled", "mac_filter_list",
    }
)  # fmt: skip
"""Of a network what the home sees of it. Channels and powers belong to the box and to its place in the air."""
GROUPS = ("lan", "dhcp", "voip", "time")
"""Groups that go along whole; of others what a person set by hand on the old device."""
NEVER = ("management.", "dhcp.reserved_addresses", "dhcp.allowed_devices")
TABLES = {"nat.port_mappings": ("external_port", "protocol", "remote_host"), "dhcp.static_leases": ("mac",)}
"""Tables whose rows go along, and the columns that tell their rows apart."""
MOST_ROWS = 40


class _Side:
    """One of the two devices: its row, its tree in clear, and the canonical view of it."""

    def __init__(self, session: Session, vault: Vault, tenant: TenantId, device_id: int) -> None:
        self.device: Device = device_of(session, tenant, device_id)
        tree = store.load_tree(session.connection(), device_id)
        self.known: KnownTree = known_tree(vault, self.device.root, tree)
        if self.device.root not in ROOTS or not tree.values:
            raise Conflict(f"Nothing is known of device {self.device.serial_number} yet: it has to be read first.")
        self.resolver = Resolver(self.known.values, self.device.root)

    @property
    def name(self) -> str:
        return f"{self.device.model or self.device.product_class} {self.device.serial_number}"


Step = tuple[SwapLine, list[list[str]], tuple[str, list[list[str]]] | None]
"""A line, the values to write for it, and the row to add for it."""


def _steps(session: Session, vault: Vault, tenant: TenantId, old_id: int, new_id: int) -> tuple[_Side, _Side, list[Step]]:
    if old_id == new_id:
        raise Invalid("A device cannot succeed itself.", "successor")
    old, new = _Side(session, vault, tenant, old_id), _Side(session, vault, tenant, new_id)
    by = {one.path: one.by for one in personal.of_device(session, old_id)}
    known_quirks = quirks.of_device(session, tenant, new_id).quirks
    steps = [*_values(old, new, by, known_quirks), *_rows(old, new)]
    return old, new, sorted(steps, key=lambda step: (step[0].same, bool(step[0].why)))


def _values(old: _Side, new: _Side, by: dict[str, str], known_quirks: Any) -> Iterator[Step]:
    for name in canonical.names():
        parameter = canonical.describe(name)
        if not parameter.writable or name.startswith(NEVER):
            continue
        here = old.resolver.get(name)
        if here is not None and not _is_of_the_home(name, parameter.group) and here.path not in by:
            continue
        if here is None or here.value in (None, "", ()) or (parameter.secret and not here.raw.strip("*•")):
            continue
        there = new.resolver.get(name)
        shown = MASK if parameter.secret else raw_text(here.value)
        now_there = "" if there is None else MASK if parameter.secret and there.raw else raw_text(there.value)
        author = by.get(here.path, "").partition(":")[2]
        try:
            writes = canonical.to_raw(new.resolver, name, here.value)
        except ValueError as error:
            yield SwapLine(name, parameter.label, shown, now_there, str(error).replace(str(here.value), shown), by=author), [], None
            continue
        texts = [[path, text, kind.removeprefix("xsd:")] for path, text, kind in writes]
        same = all(
            (value := new.known.values.get(path)) is not None and holds(path, text, value, kind, known_quirks) for path, text, kind in texts
        )
        yield SwapLine(name, parameter.label, shown, now_there, same=same, by=author), [] if same else texts, None


def _is_of_the_home(name: str, group: str) -> bool:
    return group in GROUPS or (group == "wifi" and name.rpartition(".")[2] in HOME)


def _rows(old: _Side, new: _Side) -> Iterator[Step]:
    for table, keys in TABLES.items():
        if table not in canonical.tables():
            continue
        label, target = canonical.describe_table(table).label, table_of(table, new.known, new.resolver)
        there = {_key(row, keys) for row in new.resolver.rows(table)}
        for row in old.resolver.rows(table)[:MOST_ROWS]:
            told = ", ".join(f"{column} {raw_text(value)}" for column, value in row.values.items() if value not in (None, "", ()))
            if _key(row, keys) in there:
                yield SwapLine(table, label, told, told, same=True), [], None
                continue
            if target is None:
                yield SwapLine(table, label, told, "", f"{new.name} has no such table."), [], None
                continue
            try:
                cells = _cells(table, row, new.device.root)
            except ValueError as error:
                yield SwapLine(table, label, told, "", str(error)), [], None
                continue
            yield SwapLine(table, label, told, ""), [], (target, cells)


def _key(row: Row, columns: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(raw_text(row.values.get(column)) for column in columns)


def _cells(table: str, row: Row, root: str) -> list[list[str]]:
    """[leaf, text, type] of a new row; what the other root has no leaf for is left out."""
    cells = []
    for column in writable_columns(table, root):
        value = row.values.get(column)
        if value in (None, "", ()):
            continue
        leaf, text = to_cell(table, column, value, root)
        template = canonical.describe_table(table).rows[root][0].replace("{i}", "1")
        problem, kind = checked_path(template + leaf, text)
        if problem:
            raise ValueError(problem)
        cells.append([leaf, text, kind or "string"])
    return cells


def preview(session: Session, vault: Vault, tenant: TenantId, old_id: int, new_id: int) -> SwapPreview:
    """What would be given to the successor, and what cannot be. Conflict where one of the two was never read; UnknownDevice."""
    old, new, steps = _steps(session, vault, tenant, old_id, new_id)
    return SwapPreview(old_id, new_id, old.name, new.name, tuple(line for line, _, _ in steps), tags_of(session, old_id))


def tags_of(session: Session, device_id: int) -> tuple[str, ...]:
    return tuple(session.scalars(select(DeviceTag.tag).where(DeviceTag.device_id == device_id).order_by(DeviceTag.tag)))


def swap(
    unit: Unit, actor: Actor, vault: Vault, old_id: int, new_id: int, now: datetime, leave_out: tuple[str, ...] = (), reason: str = "",
    with_tags: bool = True,
) -> tuple[OperationId, ...]:  # fmt: skip
    """Give the old device's own settings to its successor: the operations that do it. `leave_out` are names that are not to go along.

    Its tags and note go along; what is written counts as set by `actor` from then on, so that no profile undoes it blindly.
    """
    session = unit.session
    old, new, steps = _steps(session, vault, actor.tenant, old_id, new_id)
    wanted = [(line, writes, row) for line, writes, row in steps if line.name not in leave_out]
    writes = {write[0]: write for _, texts, _ in wanted for write in texts}
    rows = [row for _, _, row in wanted if row is not None]
    if not writes and not rows and not with_tags:
        raise Conflict(f"{new.name} has everything already.")
    why = reason.strip() or f"replaces {old.name}"
    asked: list[OperationId] = []
    if writes:
        args: dict[str, Any] = {"values": list(writes.values())[:200], "partial": True}
        asked.append(operations.request(unit, actor, DeviceId(new_id), "write", args, now, why, vault=vault))
    refused = []
    for table, cells in rows:
        try:
            asked.append(operations.request(unit, actor, DeviceId(new_id), "add_object", {"table": table, "values": cells}, now, why, vault=vault))
        except HearthlineError as error:
            refused.append(str(error))
    if with_tags:
        tags = {*tags_of(session, old_id), *tags_of(session, new_id)}
        devices.set_tags(unit, actor, new_id, tags, now)
        if old.device.note and not new.device.note:
            devices.set_note(unit, actor, new_id, old.device.note, now)
    told = {
        "successor": new_id, "settings": sorted({line.name for line, texts, _ in wanted if texts}), "rows": len(rows), "refused": refused,
        "cannot": sorted({line.name for line, _, _ in wanted if line.why}), "operations": list(asked), "reason": why,
    }  # fmt: skip
    audit.record(unit, actor, "device.replace", f"device:{old_id}", now, after=told)
    audit.record(unit, actor, "device.succeed", f"device:{new_id}", now, after={**told, "predecessor": old_id})
    return tuple(asked)
