"""How long a page of the device list takes with a million head rows: `python -m tests.bench.finding URL [--devices N] [--keep]`.

URL is an empty SQLite file or PostgreSQL database; it is filled first, unless it holds a fleet already. Every kind of query of the list is
asked five times by the service a page calls, first page and deep pages, sorts, groups, counts; the median of each is told in milliseconds.
"""

import json
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from importlib import import_module
from random import Random
from statistics import median
from typing import Any

from sqlalchemy import insert, select, text

from acs.db.bulk import insert_rows
from acs.db.engine import Database
from acs.db.tenancy import DEFAULT_TENANT
from acs.db.upgrade import upgrade
from acs.devices import service as devices
from acs.devices.canonicals import name_ids
from acs.devices.models import CanonicalValue, Device, DeviceTag
from acs.finding import service as finding
from acs.finding import tallies
from acs.finding.models import DeviceGroup, DeviceGroupMember
from acs.settings import MODEL_MODULES

NOW = datetime(2026, 11, 22, 6, 0, tzinfo=UTC)
CHUNK = 5000
GOAL_MS = 100
MODELS = tuple(f"HG{8000 + n}" for n in range(1, 41))
VERSIONS = tuple(f"V{major}.{minor}.{patch}" for major in (1, 2, 3) for minor in range(6) for patch in range(12))
READINGS = ("optical.rx_power_dbm", "wan.status", "wifi.5g.channel")

# ---- the fleet -------------------------------------------------------------------------------------------------


def fill(database: Database, count: int) -> None:
    """Devices with readings and tags. Indexes are made when the rows are there: a quarter of the time."""
    indexes = _without_indexes(database)
    random, began = Random(1), time.monotonic()
    with database.write() as unit:
        names = name_ids(unit.connection, READINGS)
    for first in range(1, count + 1, CHUNK):
        rows = [_device(random, number) for number in range(first, min(first + CHUNK, count + 1))]
        with database.write() as unit:
            insert_rows(unit.connection, Device, rows)
            insert_rows(unit.connection, DeviceTag, list(_tags(random, rows)))
            insert_rows(unit.connection, CanonicalValue, list(_readings(random, rows, names)))
        if first % 100_000 == 1:
            print(f"{first - 1:>10} rows, {time.monotonic() - began:.0f} s", flush=True)
    with database.write() as unit:
        for statement in indexes:
            unit.session.execute(text(statement))
    _groups(database, count)
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)" if database.is_sqlite else "VACUUM ANALYZE")
    print(f"{count:>10} rows, {time.monotonic() - began:.0f} s", flush=True)


def _without_indexes(database: Database) -> list[str]:
    listing = (
        "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL AND tbl_name IN ('device','device_tag','canonical_value')"
        if database.is_sqlite
        else "SELECT indexname, indexdef FROM pg_indexes WHERE tablename IN ('device','device_tag','canonical_value') AND indexname LIKE 'ix%'"
    )
    with database.write() as unit:
        found = list(unit.session.execute(text(listing)))
        for name, _sql in found:
            unit.session.execute(text(f'DROP INDEX "{name}"'))
    return [sql for _name, sql in found]


def _device(random: Random, number: int) -> dict[str, Any]:
    model = MODELS[min(int(random.expovariate(0.12)), len(MODELS) - 1)]
    never, interval = number % 200 == 0, 3600 if number % 3 else 900
    is_silent = random.random() < 0.03
    last = None if never else NOW - timedelta(seconds=random.uniform(3 * interval, 90 * 86400) if is_silent else random.uniform(0, interval))
    silent_at = None if last is None else last + timedelta(seconds=1.5 * interval + 60)
    values = [[f"Device.DeviceInfo.Value{n}", f"value {n} of {number}", "string"] for n in range(8)]
    return {
        "id": number, "tenant_id": DEFAULT_TENANT, "key": f"00E0FC-{model}-SN{number:08}", "oui": "00E0FC" if number % 4 else "48575A", "product_class": model,
        "serial_number": f"SN{number * 7919 % 100_000_007:09}", "manufacturer": ("Huawei", "ZTE", "AVM")[number % 3], "model": model,
        "hardware_version": f"H{number % 5}", "software_version": random.choice(VERSIONS), "root": "Device",
        "trust": "quarantine" if number % 2000 == 7 else "admitted", "preregistered": never,
        "address": f"100.{64 + number % 60}.{number // 251 % 251}.{number % 251}",
        "wan_address": f"10.{number // 62500 % 250}.{number // 250 % 250}.{number % 250}", "connection_request_url": f"http://10.0.0.1:7547/{number}",
        "parameter_key": "", "inform_interval_s": interval, "first_seen_at": None if never else NOW - timedelta(minutes=(1_000_000 - number) * 1.5),
        "last_inform_at": last, "last_boot_at": None if last is None else NOW - timedelta(seconds=random.uniform(0, 60 * 86400)), "silent_at": silent_at,
        "silent_told": silent_at is not None and silent_at <= NOW, "inform_count": number % 5000, "inform_values": values, "epoch": 1, "wake_result": "",
        "wake_detail": "", "note": "swap it" if number % 100_000 == 99 else "", "rpc_methods": "",
    }  # fmt: skip


def _tags(random: Random, rows: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for row in rows:
        dice = random.random()
        tags = [tag for tag, share in (("vip", 0.01), ("north", 0.25), ("lab", 0.0001)) if dice < share]
        yield from ({"device_id": row["id"], "tag": tag, "tenant_id": DEFAULT_TENANT} for tag in tags)


def _readings(random: Random, rows: list[dict[str, Any]], names: dict[str, int]) -> Iterator[dict[str, Any]]:
    rx, status, channel = (names[name] for name in READINGS)
    for row in rows:
        base = {"device_id": row["id"], "tenant_id": DEFAULT_TENANT, "at": NOW}
        if row["id"] % 5 < 3:
            power = round(random.gauss(-20, 3), 2)
            yield {**base, "name_id": rx, "text": str(power), "number": power}
        up = "up" if random.random() < 0.995 else "error"
        yield {**base, "name_id": status, "text": up, "number": None}
        five = random.choice((36, 40, 44, 48, 52, 100))
        yield {**base, "name_id": channel, "text": str(five), "number": float(five)}


def _groups(database: Database, count: int) -> None:
    some = {"tenant_id": DEFAULT_TENANT, "note": "", "created_at": NOW, "created_by": "user:bench", "updated_at": NOW}
    with database.write() as unit:
        unit.session.execute(
            insert(DeviceGroup),
            [
                {"id": 1, "name": "canaries", "is_static": True, "query": "", "size": 1000, **some},
                {"id": 2, "name": "tenth", "is_static": True, "query": "", "size": count // 10, **some},
                {"id": 3, "name": "weak light", "is_static": False, "query": "rx_power < -27", "size": None, **some},
            ],
        )
    for first in range(1, count + 1, 50_000):
        with database.write() as unit:
            every = [n for n in range(first, min(first + 50_000, count + 1)) if n % 10 == 3]
            rows = [{"group_id": 2, "device_id": n, "tenant_id": DEFAULT_TENANT} for n in every]
            insert_rows(unit.connection, DeviceGroupMember, rows + [{**row, "group_id": 1} for row in rows if row["device_id"] % 1000 == 3])


# ---- the questions ---------------------------------------------------------------------------------------------

QUERIES = (
    "",
    'model = "HG8001"',
    'model = "HG8040"',
    "model = hg8012 and version < V1.2.10",
    "model ~ 800",
    "version = V2.3.4",
    "version >= V3.5.11",
    "manufacturer = ZTE and hw = H3",
    "oui = 48575A",
    "serial = SN0123*",
    "sn:SN012345678",
    "SN00",
    "wan in 10.7.16.0/20",
    "wan = 10.3.200.17",
    "trust = quarantine",
    "presence:online",
    "presence:silent",
    "presence:never",
    "last_inform < 1h ago",
    "last_inform < 60 days ago",
    "last_inform > 5m ago",
    "first_seen > 2 days ago",
    "interval = 15m",
    "tag:vip",
    "tag:lab",
    "tag:north",
    "-tag:north",
    "rx_power < -27",
    "rx_power < -31",
    "rx_power > -20",
    "wan.status = error",
    "wan.status = up",
    "wifi.5g.channel = 36",
    'group:"canaries"',
    "group:tenth",
    'group:"weak light"',
    'group:"weak light" and group:tenth and tag:north',
    'model = "HG8001" and rx_power < -27 and tag:vip and last_inform < 1h ago',
    'model = "HG8001" and rx_power < -27 and tag:north',
    "tag:vip and wan.status = error",
    "rx_power < -26 and wan.status = error",
    "wifi.5g.channel = 36 and model = HG8030",
    "tag:lab or rx_power < -31 or serial = SN01234*",
    "tag:north or model = HG8001",
    "not presence:online and tag:vip",
)
SLOW = ("note ~ swap", "last_boot > 10m ago", "serial ~ 4567", "rx_power < -30 and rx_power > -20")
"""What no index helps with, or what fits nobody: a page is filled over several searches, each within its time."""
SORTS = ("serial", "-model", "version", "-first_seen", "rx_power", "-rx_power")


def measure(database: Database) -> int:
    """All figures; how many are over the goal."""
    over = 0

    def told(name: str, call: Callable[[], str]) -> None:
        nonlocal over
        times, cpu, said = [], [], ""
        for _ in range(5):
            began, used = time.perf_counter(), time.process_time()
            said = call()
            times.append((time.perf_counter() - began) * 1000)
            cpu.append((time.process_time() - used) * 1000)
        over += median(times) > GOAL_MS
        print(f"{median(times):7.1f} ms {min(times):7.1f} best {max(times):7.1f} worst {median(cpu):7.1f} CPU here  {name:<72} {said}", flush=True)

    def page(query: str, **more: Any) -> str:
        with database.read() as session:
            found = finding.page(session, DEFAULT_TENANT, finding.parse(query), NOW, **more)
            devices.rows(session, DEFAULT_TENANT, found.ids, NOW)
            return f"{len(found.ids)} rows, {found.looked_at} looked at{'' if found.is_whole else ', goes on'}"

    for query in QUERIES + SLOW:
        told(f"first page: {query or '(all)'}", lambda q=query: page(q))  # type: ignore[misc]
    for query in ("", 'model = "HG8001"', "tag:north", "rx_power < -27", "presence:silent", "rx_power > -20 and tag:north"):
        told(f"page at 900,000: {query or '(all)'}", lambda q=query: page(q, after="900000"))  # type: ignore[misc]
        told(f"page before 900,000: {query or '(all)'}", lambda q=query: page(q, before="900000"))  # type: ignore[misc]
    for sort in SORTS:
        for query in ("", "tag:vip", 'model = "HG8001" and wan.status = up', "presence:silent"):
            told(f"sorted by {sort}: {query or '(all)'}", lambda q=query, s=sort: page(q, sort=s))  # type: ignore[misc]
    with database.read() as session:
        deep = finding.page(session, DEFAULT_TENANT, finding.parse(""), NOW, sort="serial", limit=50).later
    told("second page sorted by serial", lambda: page("", sort="serial", after=deep))

    def count(query: str) -> str:
        with database.read() as session:
            found = finding.count(session, DEFAULT_TENANT, finding.parse(query), NOW)
            return f"{'' if found.is_exact else 'about '}{found.number}"

    for query in ("", 'model = "HG8001"', "rx_power < -27", "rx_power < -31", "tag:vip and wan.status = error", "presence:online", "note ~ swap"):
        told(f"count: {query or '(all)'}", lambda q=query: count(q))  # type: ignore[misc]
    return over


def main(url: str, count: int) -> int:
    for name in MODEL_MODULES:
        import_module(name)
    upgrade(url)
    database = Database(url)
    with database.read() as session:
        filled = session.scalar(select(Device.id).limit(1)) is not None
    if not filled:
        fill(database, count)
    with database.write() as unit:
        tallies.recount(unit, DEFAULT_TENANT, NOW)
    print(json.dumps({"database": database.safe_url, "devices": count, "goal_ms": GOAL_MS}))
    over = measure(database)
    print(f"{over} over {GOAL_MS} ms")
    database.close()
    return over


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[sys.argv.index("--devices") + 1]) if "--devices" in sys.argv else 1_000_000) > 0)
