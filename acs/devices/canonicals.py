"""Readings of canonical parameters by device: the newest of each indexed one, for lists, groups, thresholds and series.

Written in the group commit that stores the values they come from. What is derived can be derived again: nothing is lost with a row.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from acs.db.bulk import upsert_rows
from acs.devices.models import CanonicalValue, ParamName
from acs.devices.store import intern_names

TEXT_MAX = 64


@dataclass(frozen=True, slots=True)
class Reading:
    """One canonical value as a device told it. `number` for numbers and booleans (0, 1); `text` always, as people read it."""

    tenant: int
    device_id: int
    name: str
    text: str
    number: float | None
    at: datetime


def keep(connection: Connection, readings: Sequence[Reading]) -> None:
    """Make these the newest readings of their devices; of two of one parameter the later counts. One that says the same as before changes
    nothing: `at` is since when it holds."""
    if not readings:
        return
    ids = name_ids(connection, {reading.name for reading in readings})
    rows = [
        {"device_id": r.device_id, "name_id": ids[r.name], "tenant_id": r.tenant, "text": r.text[:TEXT_MAX], "number": r.number, "at": r.at}
        for r in readings
    ]
    upsert_rows(connection, CanonicalValue, ("device_id", "name_id"), ("tenant_id", "text", "number", "at"), rows, if_changed=("text", "number"))


def of_device(connection: Connection, device_id: int) -> dict[str, Reading]:
    """The newest readings of a device by canonical name."""
    rows = connection.execute(
        select(CanonicalValue.tenant_id, ParamName.path, CanonicalValue.text, CanonicalValue.number, CanonicalValue.at)
        .join(ParamName, ParamName.id == CanonicalValue.name_id)
        .where(CanonicalValue.device_id == device_id)
    )
    return {row.path: Reading(row.tenant_id, device_id, row.path, row.text, row.number, row.at) for row in rows}


def name_ids(connection: Connection, names: Iterable[str]) -> dict[str, int]:
    """Interned names, made where they are missing. Canonical names share the table of paths: no path looks like one."""
    return intern_names(connection, names)
