"""Devices, monitors and readings for the tests of monitoring."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from acs.audit import Actor
from acs.db.engine import Database
from acs.db.tenancy import DEFAULT_TENANT, TenantId
from acs.devices import canonicals
from acs.devices.canonicals import Reading
from acs.devices.models import Device
from acs.monitoring import service
from acs.monitoring.book import MonitorBook
from acs.monitoring.views import CONTACT, MonitorView

RX, CHANNEL, MARGIN, ETHERNET = "optical.rx_power_dbm", "wifi.2g.channel", "dsl.down_margin_db", "system.cpu_percent"
ANNA = Actor("user:anna", DEFAULT_TENANT)


def devices(db: Database, count: int, now: datetime, tenant: TenantId = DEFAULT_TENANT, model: str = "Norvik G240", **more: Any) -> list[int]:
    """Admitted devices that speak every 300 s and did so just now."""
    with db.write() as unit:
        rows = [
            Device(
                tenant_id=tenant, key=f"00AA-{model}-{tenant}{i}", oui="00AA", product_class="P", serial_number=f"S{tenant}{i}", model=model, trust="admitted",
                software_version="1.0", root="Device", inform_interval_s=300, first_seen_at=now - timedelta(days=400), last_inform_at=now,
                silent_at=now + timedelta(seconds=510), **more,
            )
            for i in range(count)
        ]  # fmt: skip
        unit.session.add_all(rows)
        unit.session.flush()
        return [row.id for row in rows]


def threshold(severity: str = "critical", direction: str = "below", limit: float | None = -27.0, **more: Any) -> dict[str, Any]:
    return {"severity": severity, "direction": direction, "limit": limit, **more}


SILENCE = {"severity": "major", "direction": "silent", "alarm_type": "communications"}


def monitor(db: Database, now: datetime, parameter: str = RX, thresholds: Sequence[dict[str, Any]] = (), actor: Actor = ANNA, **more: Any) -> MonitorView:
    given = {"name": more.pop("name", parameter), "parameter": parameter, "thresholds": thresholds, **more}
    with db.write() as unit:
        return service.save(unit, actor, given, now)


def silence(db: Database, now: datetime, **more: Any) -> MonitorView:
    return monitor(db, now, CONTACT, [{**SILENCE, **more.pop("threshold", {})}], name="silent devices", **more)


def book_of(db: Database) -> MonitorBook:
    book = MonitorBook()
    book.replace(service.load(db))
    return book


def reading(device_id: int, value: float | str, at: datetime, name: str = RX, tenant: TenantId = DEFAULT_TENANT) -> Reading:
    number = float(value) if isinstance(value, int | float) else None
    return Reading(tenant, device_id, name, f"{value:g}" if number is not None else str(value), number, at)


def collect(db: Database, readings: Sequence[Reading], book: MonitorBook | None = None) -> int:
    """Readings as the group commit has them: kept as the newest, then collected."""
    with db.write() as unit:
        canonicals.keep(unit.connection, readings)
        return service.collect(unit, readings, book or book_of(db))
