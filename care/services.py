"""What pages and REST work with: one frozen container, built once per process, reached through `services()`.

A feature adds its service as a field here and builds it in `build_services`; routes then say `services().devices.…`. Nothing here knows
Flask's request, and no service is a module global.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import cast

from flask import current_app

from acs.db.engine import Database, Hint
from acs.hooks.service import Running
from acs.secrets import Vault
from acs.settings import Settings
from care.access_control.service import AccessControl
from care.audit.service import AuditTrail
from care.bulk.service import Bulk
from care.campaigns.service import Campaigns
from care.devices.service import Devices
from care.firmware.service import Firmware
from care.groups.service import Finding
from care.hooks.service import Hooks
from care.jobs.service import Jobs
from care.monitoring.service import Monitoring
from care.operations.service import Operations
from care.profiles.service import Profiles
from care.quirks.service import Quirks
from care.reach.service import Reach
from care.redirects.service import Redirects
from care.security.service import Clock, Security
from care.sessions.service import Sessions
from datamodels import library

EXTENSION = "hearthline"


@dataclass(frozen=True, slots=True)
class Services:
    """Everything a route may call. Fields of features come at the end, in the order of the navigation."""

    db: Database
    vault: Vault
    settings: Settings
    clock: Clock
    security: Security
    jobs: Jobs
    audit: AuditTrail
    devices: Devices
    finding: Finding
    bulk: Bulk
    campaigns: Campaigns
    access: AccessControl
    operations: Operations
    firmware: Firmware
    sessions: Sessions
    redirects: Redirects
    quirks: Quirks
    hooks: Hooks
    reach: Reach
    monitoring: Monitoring
    profiles: Profiles


def utc_now() -> datetime:
    return datetime.now(UTC)


def build_services(
    settings: Settings, db: Database | None = None, clock: Clock = utc_now, publish: Callable[[list[Hint]], None] | None = None
) -> Services:
    """Open the database and the vault of the data directory. `publish` carries hints of SQLite units to the other processes."""
    db = db or Database(settings.database, publish)
    vault = Vault.of(settings.home)
    running = Running(db, clock)
    library.use(settings.home / "datamodels")
    return Services(
        db=db,
        vault=vault,
        settings=settings,
        clock=clock,
        security=Security(db, clock),
        jobs=Jobs(db, clock),
        audit=AuditTrail(db),
        devices=Devices(db, vault, clock, settings.files_dir),
        finding=Finding(db, clock),
        bulk=Bulk(db, vault, clock),
        campaigns=Campaigns(db, vault, clock, settings.move_hosts),
        access=AccessControl(db, clock, settings),
        operations=Operations(db, vault, clock, settings.move_hosts),
        firmware=Firmware(db, clock, settings.files_dir, settings.firmware_max),
        sessions=Sessions(db, clock),
        redirects=Redirects(db, clock, settings.move_hosts),
        quirks=Quirks(db, clock),
        hooks=Hooks(db, vault, clock, running),
        reach=Reach(db, vault, clock, settings),
        monitoring=Monitoring(db, clock),
        profiles=Profiles(db, vault, clock),
    )


def services() -> Services:
    """The container of the application that answers the current request."""
    return cast(Services, current_app.extensions[EXTENSION])
