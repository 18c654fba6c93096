"""What pages and REST do with monitoring, over acs.monitoring. One read per page, one unit per change."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from acs.audit import Actor
from acs.db.engine import Database
from acs.db.tenancy import TenantId
from acs.devices import alarms as identity_alarms
from acs.devices import service as devices
from acs.devices.views import EventView
from acs.monitoring import alarms, fleet, reports, series
from acs.monitoring import service as monitoring
from acs.monitoring.views import CONTACT, AlarmView, FleetPoint, FleetView, MonitorView, Report, Series, Severity, SpreadView
from care.security.service import Clock
from datamodels import canonical

RANGES: Mapping[str, timedelta] = {"24h": timedelta(days=1), "7d": timedelta(days=7), "90d": timedelta(days=90), "2y": timedelta(days=730)}
MARKED = ("0 BOOTSTRAP", "1 BOOT", "7 TRANSFER COMPLETE", "M Download", "M Reboot", "silent", "admitted", "quarantined")
"""Events of a device that stand on the time axis of its charts."""
STARTER: tuple[dict[str, Any], ...] = (
    {"name": "Silent devices", "parameter": CONTACT, "thresholds": [
        {"severity": "major", "direction": "silent", "for_s": 900, "alarm_type": "communications", "probable_cause": "communicationsSubsystemFailure",
         "repair": "Look whether neighbours are silent too; else call the customer about power and cable."}]},
    {"name": "Light received", "parameter": "optical.rx_power_dbm", "thresholds": [
        {"severity": "warning", "direction": "below", "limit": -25, "clear": -24.5, "samples": 2, "repair": "Clean and check the connector."},
        {"severity": "critical", "direction": "below", "limit": -27, "clear": -26.5, "samples": 2, "repair": "Send a crew to the fibre."}]},
    {"name": "DSL noise margin", "parameter": "dsl.down_margin_db", "thresholds": [
        {"severity": "warning", "direction": "below", "limit": 6, "clear": 7, "samples": 2, "repair": "Test the line; lower the rate."},
        {"severity": "major", "direction": "below", "limit": 3, "clear": 5, "samples": 2, "repair": "Test the line; send a crew."}]},
    {"name": "Processor load", "parameter": "system.cpu_percent", "thresholds": [
        {"severity": "minor", "direction": "above", "limit": 95, "clear": 80, "samples": 3, "alarm_type": "processing",
         "probable_cause": "cpuCyclesLimitExceeded", "repair": "Restart the device; look for newer firmware."}]},
    {"name": "WiFi 2.4 GHz clients", "parameter": "wifi.2g.clients", "thresholds": [
        {"severity": "warning", "direction": "above", "limit": 40, "clear": 30, "samples": 2, "probable_cause": "congestion",
         "repair": "Ask whether neighbours may be connected; check the security of the WiFi."}]},
    {"name": "DSL rate down", "parameter": "dsl.down_rate_kbps", "thresholds": []},
    {"name": "Ethernet rate of the line", "parameter": "ethernet.wan.rate_mbps", "thresholds": []},
)  # fmt: skip
"""What a new house begins with, at one press: as many of them as the catalogue of parameters has."""


@dataclass(frozen=True, slots=True)
class Trend:
    """A parameter of a device over time with what else happened, and the limits of its monitors."""

    series: Series
    events: tuple[EventView, ...]
    monitors: tuple[MonitorView, ...]


@dataclass(frozen=True, slots=True)
class AlarmList:
    rows: tuple[AlarmView, ...]
    counts: Mapping[Severity, int]
    identity: int
    """Open identity alarms, at most 100: they have their own page."""


class Monitoring:
    """Of one tenant at a time."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    # ---- the fleet -----------------------------------------------------------------------------------------------

    def fleet(self, tenant: TenantId) -> FleetView | None:
        with self._db.read() as session:
            return fleet.now_of(session, tenant, self._clock())

    def fleet_history(self, tenant: TenantId, span: timedelta) -> tuple[FleetPoint, ...]:
        now = self._clock()
        with self._db.read() as session:
            return fleet.history(session, tenant, now - span, now + timedelta(seconds=1))

    def worst(self, tenant: TenantId, limit: int = 6) -> tuple[AlarmView, ...]:
        """The newest open alarms that are at least major and not suppressed."""
        with self._db.read() as session:
            return alarms.listed(session, tenant, Severity.MAJOR, suppressed=False, limit=limit)

    # ---- series --------------------------------------------------------------------------------------------------

    def names_of(self, tenant: TenantId, device_id: int) -> tuple[str, ...]:
        """Parameters that are kept of a device, in the order of screens."""
        with self._db.read() as session:
            return series.names_of(session, tenant, device_id)

    def trend(self, tenant: TenantId, device_id: int, name: str, span: timedelta) -> Trend:
        """UnknownDevice for one of another tenant."""
        now = self._clock()
        with self._db.read() as session:
            devices.get(session, tenant, device_id, now)
            found = series.of_device(session, tenant, device_id, name, now - span, now + timedelta(seconds=1))
            events = devices.events(session, tenant, device_id, None, 100, MARKED)
            watching = tuple(view for view in monitoring.of_device(session, tenant, device_id) if view.parameter == name)
        return Trend(found, tuple(event for event in events if event.at >= found.since), watching)

    # ---- alarms --------------------------------------------------------------------------------------------------

    def alarms(
        self, tenant: TenantId, severity: Severity | None = None, open_only: bool = True, unacked: bool = False, suppressed: bool | None = None,
        device_id: int | None = None, monitor_id: int | None = None, before: int | None = None, limit: int = 50,
    ) -> AlarmList:  # fmt: skip
        with self._db.read() as session:
            rows = alarms.listed(session, tenant, severity, open_only, unacked, device_id, monitor_id, suppressed, before, limit)
            identity = len(identity_alarms.listed(session, tenant, limit=100))
            return AlarmList(rows, alarms.counts(session, tenant), identity)

    def alarm(self, tenant: TenantId, alarm_id: int) -> AlarmView:
        with self._db.read() as session:
            return alarms.get(session, tenant, alarm_id)

    def open_of(self, tenant: TenantId, device_id: int) -> tuple[AlarmView, ...]:
        """The worst first."""
        with self._db.read() as session:
            return tuple(sorted(alarms.listed(session, tenant, device_id=device_id, limit=10), key=lambda alarm: -alarm.severity))

    def act(self, by: Actor, alarm_id: int, deed: str, note: str = "") -> AlarmView:
        with self._db.write() as unit:
            return alarms.act(unit, by, alarm_id, deed, note, self._clock())

    # ---- monitors ------------------------------------------------------------------------------------------------

    def monitors(self, tenant: TenantId) -> tuple[MonitorView, ...]:
        with self._db.read() as session:
            return monitoring.listed(session, tenant)

    def monitor(self, tenant: TenantId, monitor_id: int) -> MonitorView:
        with self._db.read() as session:
            return monitoring.get(session, tenant, monitor_id)

    def save(self, by: Actor, given: Mapping[str, Any], monitor_id: int | None = None) -> MonitorView:
        with self._db.write() as unit:
            return monitoring.save(unit, by, given, self._clock(), monitor_id)

    def remove(self, by: Actor, monitor_id: int) -> None:
        with self._db.write() as unit:
            monitoring.remove(unit, by, monitor_id, self._clock())

    def starter(self, by: Actor) -> int:
        """Make the monitors a new house begins with; how many."""
        known = {view.name for view in self.monitors(by.tenant)}
        wanted = [each for each in STARTER if each["name"] not in known and (each["parameter"] == CONTACT or monitoring.can_watch(each["parameter"]))]
        with self._db.write() as unit:
            for each in wanted:
                monitoring.save(unit, by, each, self._clock())
        return len(wanted)

    def spreads(self, tenant: TenantId, monitor_id: int, span: timedelta) -> tuple[SpreadView, ...]:
        now = self._clock()
        with self._db.read() as session:
            monitoring.get(session, tenant, monitor_id)
            return reports.history(session, tenant, monitor_id, now - span, now + timedelta(seconds=1))

    # ---- reports -------------------------------------------------------------------------------------------------

    def parameters(self) -> tuple[str, ...]:
        """Canonical names that can be watched and reported."""
        return reports.parameters()

    def report(self, tenant: TenantId, selection: str, parameters: Sequence[str], span: timedelta) -> Report:
        now = self._clock()
        with self._db.read() as session:
            return reports.report(session, tenant, selection, parameters, now - span, now + timedelta(seconds=1), now)

    def now(self) -> datetime:
        return self._clock()


def unit_of(parameter: str) -> str:
    return "" if parameter == CONTACT else canonical.describe(parameter).unit
