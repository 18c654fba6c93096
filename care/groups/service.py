"""What pages, REST and the command line do with queries and saved groups, over acs.finding. One read per page, one unit per change."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from acs import audit, jobs
from acs.audit import Actor
from acs.db.engine import Database, Unit
from acs.db.tenancy import TenantId
from acs.desired import service as desired
from acs.devices import service as devices
from acs.devices.views import DeviceRow
from acs.errors import Invalid
from acs.finding import service as finding
from acs.finding.views import Count, Found, GroupView, Proposal, Query, Tally
from care.security.service import Clock

EXPORT_STEP = 500
COLUMNS: Mapping[str, str] = {
    "serial": "serial_number", "key": "key", "manufacturer": "manufacturer", "model": "model", "product_class": "product_class",
    "version": "software_version", "hardware_version": "hardware_version", "root": "root", "address": "address", "wan_address": "wan_address",
    "presence": "presence", "trust": "trust", "first_seen": "first_seen_at", "last_inform": "last_inform_at", "last_boot": "last_boot_at",
    "inform_interval": "inform_interval_s", "tags": "tags", "note": "note",
}  # fmt: skip
"""Columns of an export that come from the head row, by the name of their field."""
USUAL_COLUMNS = ("serial", "manufacturer", "model", "version", "address", "presence", "last_inform", "tags")


@dataclass(frozen=True, slots=True)
class Listed:
    """A page of devices with what stands beside it. `presences`: how many by presence, None before anybody counted."""

    rows: tuple[DeviceRow, ...]
    found: Found
    count: Count
    fleet: Count
    presences: Tally
    groups: tuple[GroupView, ...]


class Finding:
    """Queries and groups of one tenant at a time."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    # ---- finding -------------------------------------------------------------------------------------------------

    def listed(self, tenant: TenantId, query: Query, sort: str, after: str | None, before: str | None, limit: int) -> Listed:
        """QueryError and Invalid as acs.finding says."""
        now = self._clock()
        with self._db.read() as session:
            found = finding.page(session, tenant, query, now, sort or "id", after, before, limit)
            rows = devices.rows(session, tenant, found.ids, now)
            fleet = finding.size(session, tenant, now)
            whole = found.earlier is None and found.later is None and after is None and before is None
            count = Count(len(rows), True) if whole else fleet if query.node is None else finding.count(session, tenant, query, now)
            return Listed(rows, found, count, fleet, finding.presences(session, tenant, now), finding.groups(session, tenant))

    def page(self, tenant: TenantId, query: Query, sort: str, after: str | None, limit: int) -> tuple[tuple[DeviceRow, ...], str | None]:
        """For programs: rows, and the cursor of the next page."""
        now = self._clock()
        with self._db.read() as session:
            found = finding.page(session, tenant, query, now, sort or "id", after, None, limit)
            return devices.rows(session, tenant, found.ids, now), found.later

    def count(self, tenant: TenantId, query: Query) -> Count:
        with self._db.read() as session:
            return finding.count(session, tenant, query, self._clock())

    def complete(self, tenant: TenantId, text: str, at: int) -> tuple[Proposal, ...]:
        with self._db.read() as session:
            return finding.complete(session, tenant, text, at, self._clock())

    # ---- export --------------------------------------------------------------------------------------------------

    def export(self, by: Actor, query: Query, columns: Iterable[str]) -> Iterator[str]:
        """Lines of CSV, read in pieces as they are sent: no list of devices is ever held. Who exported what is audited first.

        Columns are names of COLUMNS and of readings kept for lists; Invalid for another. Cells that a spreadsheet would take for a formula
        begin with an apostrophe.
        """
        names = tuple(dict.fromkeys(columns)) or USUAL_COLUMNS
        readings = {name: reading for name in names if name not in COLUMNS and (reading := finding.reading_named(name)) is not None}
        unknown = [name for name in names if name not in COLUMNS and name not in readings]
        if unknown:
            raise Invalid(f"There is no column {unknown[0]!r}.", "columns")
        now = self._clock()
        with self._db.write() as unit:
            finding.select_ids(unit.session, by.tenant, query, now)  # a group that is not there is refused before the first line
            audit.record(unit, by, "device.export", "devices", now, after={"query": query.text, "columns": list(names)})
        return self._lines(by.tenant, query, names, readings, now)

    def _lines(self, tenant: TenantId, query: Query, names: tuple[str, ...], readings: Mapping[str, str], now: datetime) -> Iterator[str]:
        yield _csv(("id", *names))
        after: int | None = 0
        while after is not None:
            with self._db.read() as session:
                ids, after = finding.walk(session, tenant, query, now, after, EXPORT_STEP)
                heads = devices.heads(session, tenant, ids, now)
                known = finding.readings_of(session, ids, readings.values())
            for head in heads:
                cells = (str(known.get((head.id, readings[name]), "")) if name in readings else _cell(getattr(head, COLUMNS[name])) for name in names)
                yield _csv((str(head.id), *cells))

    # ---- groups --------------------------------------------------------------------------------------------------

    def groups(self, tenant: TenantId) -> tuple[GroupView, ...]:
        with self._db.read() as session:
            return finding.groups(session, tenant)

    def group(self, tenant: TenantId, group_id: int) -> GroupView:
        with self._db.read() as session:
            return finding.group(session, tenant, group_id)

    def create(self, by: Actor, name: str, query: str | None, note: str) -> int:
        """A group of a query, or an empty list of devices where there is none."""
        with self._db.write() as unit:
            group_id = finding.create_group(unit, by, name, self._clock(), query, note)
            if query is not None:
                self._count_later(unit, by, group_id)
            return group_id

    def change(self, by: Actor, group_id: int, query: str | None, note: str | None) -> GroupView:
        with self._db.write() as unit:
            view = finding.change_group(unit, by, group_id, self._clock(), query, note)
            if view.size is None:
                self._count_later(unit, by, group_id)
            return view

    def recount(self, by: Actor, group_id: int) -> None:
        """To the last device, by a job: it looks at all of them."""
        with self._db.write() as unit:
            finding.group(unit.session, by.tenant, group_id)
            self._count_later(unit, by, group_id)

    def remove(self, by: Actor, group_id: int) -> None:
        with self._db.write() as unit:
            finding.remove_group(unit, by, group_id, self._clock())

    def add(self, by: Actor, group_id: int, device_ids: Iterable[int]) -> int:
        ids = list(device_ids)
        with self._db.write() as unit:
            desired.reconsider(unit, by.tenant, ids, self._clock())
            return finding.add_members(unit, by, group_id, ids, self._clock())

    def take(self, by: Actor, group_id: int, device_ids: Iterable[int]) -> int:
        ids = list(device_ids)
        with self._db.write() as unit:
            desired.reconsider(unit, by.tenant, ids, self._clock())
            return finding.remove_members(unit, by, group_id, ids, self._clock())

    def _count_later(self, unit: Unit, by: Actor, group_id: int) -> None:
        jobs.enqueue(unit, by.tenant, "finding.count_group", {"group": group_id}, self._clock(), by.name)


def _cell(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, tuple):
        return " ".join(map(str, value))
    return "" if value is None else str(value)


def _csv(cells: Iterable[str]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerow([f"'{cell}" if cell[:1] in "=+@\t\r" and cell[:1] else cell for cell in cells])
    return out.getvalue()
