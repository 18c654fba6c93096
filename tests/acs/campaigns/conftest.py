"""A fleet whose devices answer by writing the rows of their operations, as the CWMP side does, and a clock that moves when told."""

import random
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from acs.audit import Actor
from acs.campaigns import service
from acs.db.engine import Database
from acs.db.tenancy import DEFAULT_TENANT
from acs.devices.models import Device, DeviceEvent
from acs.operations.models import Operation
from acs.secrets import Vault

ANNA, BORIS = Actor("user:anna", DEFAULT_TENANT), Actor("user:boris", DEFAULT_TENANT)


class Field:
    """Devices and the campaigns over them."""

    def __init__(self, database: Database, vault: Vault, now: datetime) -> None:
        self.database, self.vault, self.now = database, vault, now
        self.rng = random.Random(7)
        self.sent: list[tuple[int, str]] = []
        self.most_open = 0

    def clock(self) -> datetime:
        return self.now

    def add(self, count: int, model: str = "G240", offline: int = 0) -> list[int]:
        with self.database.write() as unit:
            first = (unit.session.query(Device).count()) + 1
            rows = [
                Device(
                    tenant_id=DEFAULT_TENANT, key=f"0000AA-X-{model}{first + n}", oui="0000AA", product_class=model, model=model,
                    serial_number=f"{model}{first + n:05}",
                    trust="admitted", software_version="1.0", manufacturer="Norvik", root="Device.", last_inform_at=self.now, inform_interval_s=300,
                    silent_at=self.now + (timedelta(days=365) if n >= offline else timedelta(days=-1)),
                )
                for n in range(count)
            ]  # fmt: skip
            unit.session.add_all(rows)
            unit.session.flush()
            return [row.id for row in rows]

    def create(self, start: bool = True, args=None, **plan) -> int:
        given = {"name": "Restart all", "selection": "", "action": "operation", "args": args or {"kind": "reboot"}, "plan": {"watch_s": 0, **plan}}
        with self.database.write() as unit:
            campaign = service.create(unit, ANNA, self.vault, given, self.now)
            if start:
                service.start(unit, ANNA, campaign, self.now)
        return campaign

    def call(self, function, *args, actor=ANNA, **more):
        with self.database.write() as unit:
            return function(unit, actor, *args, self.now, **more)

    def tick(self, seconds: float = 3) -> None:
        self.now += timedelta(seconds=seconds)
        service.tick(self.database, self.vault, self.clock, budget_s=20)

    def operations(self, *states: str) -> list[Operation]:
        with self.database.read() as session:
            found = list(session.scalars(select(Operation).where(Operation.state.in_(states or ("queued", "running", "waiting"))).order_by(Operation.id)))
            session.expunge_all()
            return found

    def answer(self, state: str = "done", error: str = "", only=None, many: int = 10_000, boots: int = 0, begin: bool = False) -> int:
        """Devices come and end what is open for them; how many."""
        with self.database.write() as unit:
            rows = list(unit.session.scalars(select(Operation).where(Operation.state.in_(["queued", "running"])).order_by(Operation.id).limit(many)))
            rows = [row for row in rows if only is None or row.device_id in only]
            for row in rows:
                row.attempts, row.stations = 1, {**row.stations, "session": self.now.isoformat()}
                if (row.device_id, row.kind) not in self.sent or row.state == "queued":
                    self.sent.append((row.device_id, row.kind))
                if begin:
                    row.state = "running"
                    continue
                row.state, row.error, row.finished_at = state, error, self.now
            for row in rows:
                unit.session.add_all(
                    DeviceEvent(tenant_id=row.tenant_id, device_id=row.device_id, at=self.now + timedelta(seconds=1 + n), code="1 BOOT") for n in range(boots)
                )
        return len(rows)

    def view(self, campaign: int) -> service.CampaignView:
        with self.database.read() as session:
            return service.get(session, DEFAULT_TENANT, campaign)

    def members(self, campaign: int, state=None):
        with self.database.read() as session:
            return service.members(session, DEFAULT_TENANT, campaign, state, limit=500)


@pytest.fixture
def field(database: Database, vault: Vault, now: datetime) -> Field:
    return Field(database, vault, now)


@pytest.fixture
def any_field(any_database: Database, vault: Vault, now: datetime) -> Field:
    return Field(any_database, vault, now)
