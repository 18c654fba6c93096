"""Kinds of devices: what one firmware of one model has, learned from the first device of it that was read whole.

The second one needs no discovery: its names are those of its kind, and what people care about of it is read by name. A kind is a row with
the path set of the device it was learned from and the values that decided where canonical parameters lie (datamodels/canonical/reading.py);
each process builds its plan from these when it needs it.
"""

from collections import OrderedDict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, event, select

from acs.cwmp.paths import ROOTS
from acs.db.bulk import upsert_rows
from acs.devices.canonicals import Reading
from acs.devices.models import DeviceKind
from acs.devices.store import PathSets, load_tree
from acs.secrets import is_secret_name
from datamodels.canonical import Value
from datamodels.canonical.reading import ReadingPlan, plan_of

KINDS_MOST, VARIANTS_MOST, DEVICES_MOST = 200, 32, 50_000
"""Kinds in memory, plans of one kind by what decided them, devices whose plan is remembered."""
LOOK_AGAIN = timedelta(seconds=30)
"""How long a process believes that a kind is not known: another worker may have learned it."""


@dataclass(frozen=True, slots=True)
class KindKey:
    """What makes devices alike: they run the same firmware of the same model."""

    tenant: int
    oui: str
    product_class: str
    software_version: str


@dataclass(slots=True)
class Kind:
    """A kind in memory. `plan`: how the device it was learned from is read; others may have their radios the other way round."""

    root: str
    path_set_id: int
    plan: ReadingPlan
    _variants: list[ReadingPlan] = field(default_factory=list)

    def plan_for(self, tree: Mapping[str, str]) -> ReadingPlan:
        """The plan that holds for a device with these values. `tree` has at least the values of `plan.paths` that the device has."""
        if self.plan.fits(tree):
            return self.plan
        for variant in self._variants:
            if variant.fits(tree):
                return variant
        found = plan_of(tree, self.root)
        if len(self._variants) < VARIANTS_MOST:
            self._variants.append(found)
        return found


def readings_by(plan: ReadingPlan, tenant: int, device_id: int, tree: Mapping[str, str], names: Collection[str], at: datetime) -> list[Reading]:
    """Readings of those of `names` that have a value in `tree`."""
    return [Reading(tenant, device_id, parameter.name, *_text_and_number(value), at) for parameter, value in plan.read(tree, names)]


def _text_and_number(value: Value) -> tuple[str, float | None]:
    if isinstance(value, bool):
        return ("true" if value else "false"), float(value)
    if isinstance(value, int | float):
        return f"{value:g}" if isinstance(value, float) else str(value), float(value)
    return (", ".join(value) if isinstance(value, tuple) else str(value)), None


class KindBook:
    """The kinds that one process has met. Its threads share it: entries are whole, and one that is lost is read again."""

    def __init__(self, sets: PathSets | None = None) -> None:
        self.sets = sets or PathSets()
        self._kinds: OrderedDict[KindKey, tuple[Kind | None, datetime]] = OrderedDict()
        self._plans: OrderedDict[int, ReadingPlan] = OrderedDict()

    def plan_of(self, connection: Connection, kind: Kind, device_id: int, some: Mapping[str, str]) -> ReadingPlan:
        """How a device is read, by `some` of its values, and what is stored where these do not tell. Remembered while nothing speaks against it."""
        held = self._plans.get(device_id)
        if held is not None and all(held.deciding.get(path, text) == text for path, text in some.items()):
            return held
        tree: Mapping[str, str] = some
        if not kind.plan.decides_by(some):
            tree = {path: stored.value for path, stored in load_tree(connection, device_id, sets=self.sets).values.items()}
        plan = kind.plan_for(tree)
        self._plans[device_id] = plan
        while len(self._plans) > DEVICES_MOST:
            self._plans.popitem(last=False)
        return plan

    def of(self, connection: Connection, key: KindKey, now: datetime) -> Kind | None:
        """The kind of a device, None where none of it was read whole yet."""
        held = self._kinds.get(key)
        if held is not None and (held[0] is not None or now - held[1] < LOOK_AGAIN):
            return held[0]
        return self._hold(key, self._load(connection, key), now)

    def learn(self, connection: Connection, key: KindKey, device_id: int, path_set_id: int, tree: Mapping[str, str], at: datetime) -> Kind | None:
        """A device was read whole: its kind is known from now on. None where the tree has no root we know."""
        root = next(iter(tree), "").partition(".")[0]
        if root not in ROOTS or not key.software_version:
            return None
        plan = plan_of(tree, root)
        if any(is_secret_name(path) for path in plan.deciding):
            return None
        row: dict[str, Any] = {
            "tenant_id": key.tenant, "oui": key.oui, "product_class": key.product_class, "software_version": key.software_version, "root": root,
            "path_set_id": path_set_id, "deciding": plan.deciding, "learned_at": at, "learned_from": device_id,
        }  # fmt: skip
        upsert_rows(connection, DeviceKind, _KEY, _COLUMNS, [row])
        event.listen(connection, "rollback", lambda _connection: self._kinds.pop(key, None))
        return self._hold(key, Kind(root, path_set_id, plan), at)

    def _load(self, connection: Connection, key: KindKey) -> Kind | None:
        row = connection.execute(
            select(DeviceKind.root, DeviceKind.path_set_id, DeviceKind.deciding).where(
                DeviceKind.tenant_id == key.tenant, DeviceKind.oui == key.oui, DeviceKind.product_class == key.product_class,
                DeviceKind.software_version == key.software_version,
            )
        ).first()  # fmt: skip
        if row is None:
            return None
        names = self.sets.get(connection, row.path_set_id)
        tree = {path: row.deciding.get(path) or "" for path, _, _ in names.leaves}
        return Kind(row.root, row.path_set_id, plan_of(tree, row.root))

    def _hold(self, key: KindKey, kind: Kind | None, now: datetime) -> Kind | None:
        self._kinds.pop(key, None)  # the newest stand last
        self._kinds[key] = kind, now
        while len(self._kinds) > KINDS_MOST:
            self._kinds.popitem(last=False)
        return kind


_KEY = ("tenant_id", "oui", "product_class", "software_version")
_COLUMNS: Sequence[str] = ("root", "path_set_id", "deciding", "learned_at", "learned_from")
