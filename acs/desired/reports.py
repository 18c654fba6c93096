"""Dry runs and drift reports over a selection: a row with progress, a line for each device at which something does not hold.

The job (tasks/desired.py) takes them by slices, each slice of devices read without a lock and kept in one short transaction, from where the
last one ended: a report survives the death of its worker. A line is packed: differences, what cannot be, and the messages as XML, secrets
struck out. Repair asks for `configure` of each device listed.
"""

import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from acs import audit, jobs
from acs.audit import Actor
from acs.db.bulk import upsert_rows
from acs.db.engine import Database, Unit
from acs.db.tenancy import TenantId
from acs.desired import examining
from acs.desired.examining import HookValues
from acs.desired.fitting import candidates
from acs.desired.models import DesiredDevice, DesiredLine, DesiredProfile, DesiredReport
from acs.desired.views import LineView, ReportState, ReportView, Standing
from acs.devices.models import Device
from acs.devices.views import DeviceId
from acs.errors import Conflict, HearthlineError, NotFound
from acs.finding import service as finding
from acs.operations import service as operations
from acs.provisioning.differences import Difference
from acs.quirks.book import QuirkBook
from acs.secrets import Vault

SLICE = 50
"""Devices looked at between two commits of a report."""
MOST_LINES = 20_000
"""Lines a report keeps; what is beyond is counted."""


def start(unit: Unit, actor: Actor, selection: str, with_profile: int | None, now: datetime) -> int:
    """Ask for a report. Invalid for a selection that is none; NotFound for a profile that is not there."""
    finding.parse(selection)
    if with_profile is not None:
        profile = unit.session.get(DesiredProfile, with_profile)
        if profile is None or profile.tenant_id != actor.tenant:
            raise NotFound(f"There is no profile {with_profile}.")
    row = DesiredReport(
        tenant_id=actor.tenant, selection=selection.strip(), with_profile=with_profile, state=ReportState.RUNNING.value, counts={},
        created_at=now, created_by=actor.name,
    )  # fmt: skip
    unit.session.add(row)
    unit.session.flush()
    jobs.enqueue(unit, actor.tenant, "desired.report", {"report": row.id}, now, by=actor.name, key=f"desired.report:{row.id}:0")
    audit.record(unit, actor, "desired.report", f"report:{row.id}", now, after={"selection": row.selection, "with_profile": with_profile})
    return row.id


def go_on(
    database: Database, vault: Vault, report_id: int, now: datetime, book: QuirkBook | None = None, hooks: HookValues | None = None
) -> bool:
    """One slice of a report; False when it is at its end."""
    with database.read() as session:
        row = session.get(DesiredReport, report_id)
        if row is None or row.state != ReportState.RUNNING:
            return False
        tenant, after = TenantId(row.tenant_id), row.after_id
        try:
            query = finding.parse(row.selection)
            total = finding.count(session, tenant, query, now).number if row.total is None else row.total
            ids, following = finding.walk(session, tenant, query, now, after, SLICE)
        except HearthlineError as error:
            return _fail(database, report_id, str(error), now)
        found = candidates(session, vault, tenant, row.with_profile)
        looked = [
            examining.look(session, vault, device, now, among=found, book=book, hooks=hooks)
            for device in session.scalars(select(Device).where(Device.id.in_(list(ids))).order_by(Device.id))
        ]
        seen = [_seen(each, now) for each in looked]
    with database.write() as unit:
        current = unit.session.get(DesiredReport, report_id, with_for_update=True)
        if current is None or current.after_id != after or current.state != ReportState.RUNNING:
            return False  # another worker has it
        counts = dict(current.counts or {})
        for each in seen:
            counts[each.state] = counts.get(each.state, 0) + 1
        room = MOST_LINES - counts.get("lines", 0)
        rows = [
            {"report_id": report_id, "device_id": e.device_id, "tenant_id": int(tenant), "state": e.state.value, "changes": e.changes, "packed": e.packed}
            for e in seen
            if e.packed
        ][: max(room, 0)]
        upsert_rows(unit.connection, DesiredLine, ("report_id", "device_id"), ("tenant_id", "state", "changes", "packed"), rows)
        counts["lines"] = counts.get("lines", 0) + len(rows)
        current.counts, current.total, current.checked = counts, total, current.checked + len(seen)
        current.after_id = following if following is not None else current.after_id
        if current.with_profile is None:  # what it saw is how they stand now
            _note_checked(unit, seen, now)
        if following is None:
            current.state, current.finished_at, current.total = ReportState.DONE.value, now, current.checked
        unit.hint("job", id=report_id)
    return following is not None


@dataclass(frozen=True, slots=True)
class _Seen:
    """What a report keeps of one device; `packed` empty where it is worth no line."""

    device_id: int
    state: Standing
    changes: int
    is_kept: bool
    packed: bytes


def _seen(each: examining.Look, now: datetime) -> _Seen:
    changes = len(each.plan.differences)
    told = each.state not in (Standing.NONE, Standing.IN_STEP) and bool(changes or each.desired.cannot or each.plan.gave_up)
    return _Seen(each.device.id, each.state, changes, each.standing is not None, _packed(each, now) if told else b"")


def _note_checked(unit: Unit, seen: Sequence[_Seen], now: datetime) -> None:
    ids = [each.device_id for each in seen if each.is_kept]
    rows = {row.device_id: row for row in unit.session.scalars(select(DesiredDevice).where(DesiredDevice.device_id.in_(ids)))}
    for each in seen:
        keep_look(rows.get(each.device_id), each.changes, now)


def keep_look(row: DesiredDevice | None, changes: int, now: datetime) -> None:
    """How a device stands by a look at what is known of it; a mark that came meanwhile stays."""
    if row is None or row.state in (Standing.PENDING, Standing.FAILED):
        return
    row.checked_at, row.drift = now, changes
    row.state = (Standing.DRIFT if row.drift else Standing.PARTIAL if row.marks else Standing.IN_STEP).value


def _fail(database: Database, report_id: int, why: str, now: datetime) -> bool:
    with database.write() as unit:
        row = unit.session.get(DesiredReport, report_id)
        if row is not None:
            row.state, row.error, row.finished_at = ReportState.FAILED.value, why[:300], now
    return False


# ---- packing -------------------------------------------------------------------------------------------------


def difference_of(one: Difference) -> dict[str, Any]:
    return {
        "path": one.path, "name": one.name, "wanted": one.wanted, "shown": one.shown, "kind": one.kind, "winner": one.claim.title,
        "profile": one.claim.profile, "version": one.claim.version, "over": [claim.title for claim in one.over],
    }  # fmt: skip


def _packed(each: examining.Look, now: datetime) -> bytes:
    document = {
        "differences": [difference_of(one) for one in each.plan.differences],
        "gave_up": [{**difference_of(one), "why": why} for one, why in each.plan.gave_up],
        "cannot": [{"name": one.name, "why": one.why, "profile": one.claim.title} for one in each.desired.cannot],
        "messages": examining.messages(each, now),
    }
    return zlib.compress(json.dumps(document, ensure_ascii=False).encode(), 6)


# ---- reading -------------------------------------------------------------------------------------------------


def _row(session: Session, tenant: TenantId, report_id: int) -> DesiredReport:
    row = session.get(DesiredReport, report_id)
    if row is None or row.tenant_id != tenant:
        raise NotFound(f"There is no report {report_id}.")
    return row


def get(session: Session, tenant: TenantId, report_id: int) -> ReportView:
    return _view(_row(session, tenant, report_id))


def listed(session: Session, tenant: TenantId, before_id: int | None = None, limit: int = 20) -> tuple[ReportView, ...]:
    query = select(DesiredReport).where(DesiredReport.tenant_id == tenant)
    if before_id is not None:
        query = query.where(DesiredReport.id < before_id)
    return tuple(map(_view, session.scalars(query.order_by(DesiredReport.id.desc()).limit(limit))))


def _view(r: DesiredReport) -> ReportView:
    return ReportView(
        r.id, r.selection, r.with_profile, ReportState(r.state), r.total, r.checked, r.counts or {}, r.error, r.created_at, r.created_by, r.finished_at,
        r.repaired_at, r.repaired_by,
    )  # fmt: skip


def lines(session: Session, tenant: TenantId, report_id: int, after: int = 0, limit: int = 50) -> tuple[LineView, ...]:
    """Devices of a report by id; `after` pages on."""
    _row(session, tenant, report_id)
    query = (
        select(DesiredLine, Device.serial_number, Device.model)
        .join(Device, Device.id == DesiredLine.device_id)
        .where(DesiredLine.report_id == report_id, DesiredLine.device_id > after)
        .order_by(DesiredLine.device_id)
        .limit(limit)
    )
    return tuple(_line(line, serial, model) for line, serial, model in session.execute(query))


def line(session: Session, tenant: TenantId, report_id: int, device_id: int) -> LineView:
    found = lines(session, tenant, report_id, device_id - 1, 1)
    if not found or found[0].device_id != device_id:
        raise NotFound(f"Report {report_id} has no line of device {device_id}.")
    return found[0]


def _line(row: DesiredLine, serial: str, model: str) -> LineView:
    told: Mapping[str, Any] = json.loads(zlib.decompress(row.packed))
    return LineView(
        row.device_id, serial, model, Standing(row.state), row.changes, tuple(told["differences"]), tuple(told["gave_up"]), tuple(told["cannot"]),
        tuple((name, xml) for name, xml in told["messages"]),
    )  # fmt: skip


# ---- repairing -----------------------------------------------------------------------------------------------


def ask_repair(unit: Unit, actor: Actor, report_id: int, now: datetime) -> int:
    """Have every device of the report brought to its profiles; how many there are. Conflict before it is done, and a second time."""
    row = _row(unit.session, actor.tenant, report_id)
    if row.state != ReportState.DONE:
        raise Conflict(f"Report {report_id} is {row.state}: repair it when it is done.")
    if row.with_profile is not None:
        raise Conflict(f"Report {report_id} looked at a profile that is not in force: put it in force instead.")
    if row.repaired_at is not None:
        raise Conflict(f"Report {report_id} was repaired already: make a new one.")
    row.repaired_at, row.repaired_by = now, actor.name
    count = int(unit.session.scalar(select(func.count()).select_from(DesiredLine).where(DesiredLine.report_id == report_id)) or 0)
    args = {"report": report_id, "after": 0, "by": actor.name, "tenant": int(actor.tenant)}
    jobs.enqueue(unit, actor.tenant, "desired.repair", args, now, by=actor.name, key=f"desired.repair:{report_id}")
    audit.record(unit, actor, "desired.repair", f"report:{report_id}", now, after={"devices": count})
    return count


def repair_some(unit: Unit, actor: Actor, report_id: int, after: int, now: datetime, limit: int = 10) -> tuple[int, int | None]:
    """Ask for the next devices of a report: how many were asked, and after which id to go on (None at the end)."""
    query = select(DesiredLine.device_id).where(
        DesiredLine.report_id == report_id, DesiredLine.device_id > after, DesiredLine.tenant_id == actor.tenant, DesiredLine.changes > 0
    )
    ids = list(unit.session.scalars(query.order_by(DesiredLine.device_id).limit(limit)))
    asked = 0
    for device_id in ids:
        try:
            operations.request(unit, actor, DeviceId(device_id), "configure", {}, now, f"repair of report {report_id}", urgent=False)
            asked += 1
        except HearthlineError:
            continue  # in quarantine, or gone meanwhile
    return asked, ids[-1] if len(ids) == limit else None


def delete_old(unit: Unit, before: datetime, limit: int = 20) -> int:
    """Retention: reports older than `before`, with their lines; how many."""
    ids = list(unit.session.scalars(select(DesiredReport.id).where(DesiredReport.created_at < before).order_by(DesiredReport.id).limit(limit)))
    unit.session.execute(delete(DesiredLine).where(DesiredLine.report_id.in_(ids)))
    unit.session.execute(delete(DesiredReport).where(DesiredReport.id.in_(ids)))
    return len(ids)
