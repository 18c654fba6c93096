"""What monitoring costs: samples per batch, bytes per sample, rolling a day up, the census. `python -m tests.bench.monitoring [devices]`.

On SQLite in a folder of its own and, where HEARTHLINE_BENCH_POSTGRES names an empty database, on PostgreSQL. Times are of the wall and of this process's CPU;
PostgreSQL works in processes of its own beside it.
"""

import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path

from sqlalchemy import text

from acs.audit import Actor
from acs.db.engine import Database
from acs.db.tenancy import DEFAULT_TENANT
from acs.db.upgrade import upgrade
from acs.devices import canonicals
from acs.devices.canonicals import Reading
from acs.devices.models import Device
from acs.monitoring import fleet, partitions, reports, series, service
from acs.monitoring.book import MonitorBook
from acs.settings import MODEL_MODULES

RX, TEMPERATURE = "optical.rx_power_dbm", "system.temperature_c"
DAY = datetime(2026, 11, 20, tzinfo=UTC)
BATCH = 100
SLOTS = 24
"""Readings of each device."""


def say(what: str, value: str) -> None:
    sys.stdout.write(f"  {what:<58} {value}\n")


@contextmanager
def timed(what: str, per: float = 1, unit: str = "") -> Iterator[None]:
    wall, cpu = time.perf_counter(), time.process_time()
    yield
    say(what, f"{1000 * (time.perf_counter() - wall) / per:9.2f} ms wall {1000 * (time.process_time() - cpu) / per:9.2f} ms cpu {unit}")


def measure(db: Database, devices: int, size: Callable[[], int]) -> None:
    for start in range(0, devices, 2000):
        with db.write() as unit:
            unit.session.add_all(
                Device(tenant_id=1, key=f"k{i}", oui="00AA", product_class="P", serial_number=f"s{i}", model="M", trust="admitted", software_version="1",
                       root="Device", inform_interval_s=300, last_inform_at=DAY, silent_at=DAY + timedelta(days=9), first_seen_at=DAY)
                for i in range(start, min(start + 2000, devices))
            )  # fmt: skip
    with db.write() as unit:
        partitions.ensure(unit, DAY)
    readings = [Reading(1, i + 1, RX, "-20.1", -20.0 - i % 9, DAY) for i in range(devices)]
    book = MonitorBook()
    with timed("collect, nothing watched, per 1,000 readings", devices / 1000), db.write() as unit:
        for start in range(0, devices, BATCH):
            service.collect(unit, readings[start : start + BATCH], book)
    limits = [{"severity": "warning", "direction": "below", "limit": -99, "clear": -98}]
    actor = Actor("user:bench", DEFAULT_TENANT)
    with db.write() as unit:
        service.save(unit, actor, {"name": "light", "parameter": RX}, DAY)
    book.replace(service.load(db))
    before = size()
    with timed(f"samples, batches of {BATCH}, per 1,000 (own commit each)", devices * SLOTS / 1000):
        for slot in range(SLOTS):
            at = DAY + timedelta(minutes=slot * 60)
            for start in range(0, devices, BATCH):
                with db.write() as unit:
                    service.collect(unit, [Reading(1, r.device_id, RX, r.text, r.number, at) for r in readings[start : start + BATCH]], book)
    say("bytes per sample, with its index", f"{(size() - before) / (devices * SLOTS):9.1f}")
    with db.write() as unit:
        service.save(unit, actor, {"name": "heat", "parameter": TEMPERATURE, "thresholds": limits}, DAY)
    book.replace(service.load(db))
    with timed("samples with a threshold, per 1,000", devices / 1000):
        for start in range(0, devices, BATCH):
            with db.write() as unit:
                service.collect(unit, [Reading(1, r.device_id, TEMPERATURE, r.text, r.number, DAY) for r in readings[start : start + BATCH]], book)
    with timed("rolling a day up, per 1,000 samples", devices * (SLOTS + 1) / 1000):
        more = True
        while more:
            with db.write() as unit:
                more = series.roll_up(unit, DAY + timedelta(days=1, hours=1))
    with db.write() as unit:
        canonicals.keep(unit.connection, readings)
    with db.read() as session, timed("spread of a monitor, per 1,000 devices", devices / 1000):
        reports.look(session, service.numbers(session)[0], DAY)
    with db.read() as session, timed("census, per 1,000 devices", devices / 1000):
        counts = fleet.new_counts(session)
        for part in fleet.ranges(session):
            fleet.count(session, counts, part, DAY)
    with db.read() as session, timed("chart of 24 hours of a device"):
        series.of_device(session, DEFAULT_TENANT, devices // 2, RX, DAY, DAY + timedelta(days=1))
    with db.read() as session, timed("report over 4,000 devices"):
        reports.report(session, DEFAULT_TENANT, "", [RX, TEMPERATURE], DAY, DAY + timedelta(days=1), DAY + timedelta(days=1))


def main(devices: int) -> None:
    for name in MODEL_MODULES:
        import_module(name)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bench.db"
        upgrade(f"sqlite:///{path}")
        db = Database(f"sqlite:///{path}")

        def stored() -> int:
            with db.engine.connect() as connection:
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
            return path.stat().st_size

        sys.stdout.write(f"SQLite, {devices} devices\n")
        measure(db, devices, stored)
        db.close()
    url = os.environ.get("HEARTHLINE_BENCH_POSTGRES")
    if url:  # an empty database of its own
        upgrade(url)
        db = Database(url)

        def held() -> int:
            with db.read() as session:
                found = session.scalar(text("SELECT sum(pg_total_relation_size(inhrelid)) FROM pg_inherits WHERE inhparent = 'sample'::regclass"))
                return int(found or 0)

        sys.stdout.write(f"PostgreSQL, {devices} devices\n")
        measure(db, devices, held)
        db.close()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5_000)
