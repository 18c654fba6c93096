"""A fleet of a few hundred devices for tests of finding: every column, reading, tag and group varies, some are missing."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

from acs.db.bulk import insert_rows
from acs.db.engine import Database
from acs.db.tenancy import DEFAULT_TENANT
from acs.devices.canonicals import Reading, keep
from acs.devices.models import Device, DeviceTag
from tests.conftest import OTHER_TENANT

MODELS, VERSIONS = ("HG8245", "hg8245", "Speedport W724V", "EG8145V5", ""), ("1.2.9", "1.2.10", "1.2", "2.0-rc1", "2.0", "V5R020")
TAGS = ("vip", "lab", "beta")


@dataclass
class Fleet:
    """Facts as heads.py reads them, by id; the number of devices of another tenant that must never be found."""

    facts: dict[int, dict[str, Any]] = field(default_factory=dict)


def seed(database: Database, now: datetime, count: int = 400) -> Fleet:
    """The same fleet each time."""
    random, fleet = Random(5), Fleet()
    with database.write() as unit:
        rows = [_device(random, number, now) for number in range(1, count + 1)]
        insert_rows(unit.connection, Device, rows)
        tags, readings = [], []
        for row in rows:
            mine = [tag for tag in TAGS if random.random() < 0.2]
            tags += [{"device_id": row["id"], "tag": tag, "tenant_id": row["tenant_id"]} for tag in mine]
            told = _readings(random, row, now)
            readings += told
            if row["tenant_id"] == DEFAULT_TENANT:
                known = {each.name: each.text if each.number is None else bool(each.number) if "enabled" in each.name else each.number for each in told}
                fleet.facts[row["id"]] = {**row, "tags": mine, "readings": known, "now": now}
        insert_rows(unit.connection, DeviceTag, tags)
        keep(unit.connection, readings)
    return fleet


def _device(random: Random, number: int, now: datetime) -> dict[str, Any]:
    never, interval = random.random() < 0.05, random.choice((900, 3600, 86400))
    last = None if never else now - timedelta(seconds=random.choice((60, 600, 3000, 90_000, 400_000)))
    silent = None if last is None else last + timedelta(seconds=1.5 * interval + 60)
    model = random.choice(MODELS)
    trust = "quarantine" if random.random() < 0.03 else "blocked" if random.random() < 0.03 else "admitted"
    home = random.choice((f"10.{number % 4}.{number % 33}.9", f"2001:db8:{number % 3:x}::{number:x}"))
    return {
        "id": number, "tenant_id": OTHER_TENANT if number % 10 == 0 else DEFAULT_TENANT,
        "key": f"00E0FC-{model}-SN{number:05}", "oui": random.choice(("00E0FC", "001A2B")),
        "product_class": model or "none", "serial_number": f"{random.choice(('ABC', 'HW', 'zte'))}{number:05}",
        "manufacturer": random.choice(("Huawei", "ZTE")),
        "model": model, "hardware_version": random.choice(("A", "B")), "software_version": random.choice(VERSIONS),
        "root": random.choice(("Device", "InternetGatewayDevice")),
        "trust": trust, "preregistered": never, "address": f"192.0.2.{number % 250}", "wan_address": home,
        "connection_request_url": "", "parameter_key": "", "inform_interval_s": interval, "first_seen_at": None if never else now - timedelta(days=number),
        "last_inform_at": last, "last_boot_at": last, "last_bootstrap_at": None, "silent_at": silent,
        "alarm_severity": random.choice((0, 0, 0, 2, 5)), "silent_told": silent is not None and silent <= now and trust == "admitted",
        "inform_count": number, "epoch": 0, "wake_result": "", "wake_detail": "", "note": "spare part" if number % 50 == 0 else "", "rpc_methods": "",
    }  # fmt: skip


def _readings(random: Random, row: dict[str, Any], now: datetime) -> list[Reading]:
    found: list[tuple[str, str, float | None]] = []
    if random.random() < 0.7:
        power = round(random.uniform(-30, -10), 1)
        found.append(("optical.rx_power_dbm", str(power), power))
    if random.random() < 0.8:
        found.append(("wan.status", random.choice(("up", "down")), None))
        found.append(("wifi.5g.ssid", random.choice(("Home", "home", "Café")), None))
        on = random.random() < 0.5
        found.append(("wifi.2g.enabled", "yes" if on else "no", float(on)))
    return [Reading(row["tenant_id"], row["id"], name, text, number, now) for name, text, number in found]
