"""What a batch writes to head rows, gathered: one statement for all devices of which the same columns change, however many parts had a say.

A head row is written once per Inform and once per end of a session; each further write would be another version of it, in all its indexes.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any

from sqlalchemy import Connection

from acs.db.bulk import update_rows
from acs.devices.models import Device


class HeadWrites:
    """Columns by device. Of a device in `epochs` they are written only while its session is that one."""

    def __init__(self, epochs: Mapping[int, int] = MappingProxyType({})) -> None:
        self._epochs = epochs
        self._rows: dict[int, dict[str, Any]] = {}

    def set(self, device_id: int, columns: Mapping[str, Any]) -> None:
        """The later of two values of a column counts."""
        if columns:
            self._rows.setdefault(device_id, {}).update(columns)

    def write(self, connection: Connection) -> None:
        alike: dict[tuple[bool, tuple[str, ...]], list[dict[str, Any]]] = {}
        for device_id, columns in self._rows.items():
            epoch = self._epochs.get(device_id)
            row = {"id": device_id, **columns} if epoch is None else {"id": device_id, "epoch": epoch, **columns}
            alike.setdefault((epoch is not None, tuple(sorted(columns))), []).append(row)
        self._rows = {}
        for (is_held, names), rows in alike.items():
            update_rows(connection, Device, ("id", "epoch") if is_held else ("id",), names, rows)


@contextmanager
def gathered(connection: Connection, heads: HeadWrites | None) -> Iterator[HeadWrites]:
    """`heads`, which its owner will write, or ones that are written at the end of this."""
    writes = HeadWrites() if heads is None else heads
    yield writes
    if heads is None:
        writes.write(connection)
