"""A fleet in the store: devices with a tree, profiles, and what a session of `configure` would come to."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from acs import audit
from acs.audit import Actor
from acs.cwmp.messages import ParameterValueStruct
from acs.db.tenancy import DEFAULT_TENANT
from acs.desired import service
from acs.desired.models import DesiredDevice
from acs.desired.settling import Configured
from acs.devices import store
from acs.devices.models import Device
from acs.operations.models import Operation
from acs.operations.personal import PersonalValue
from acs.provisioning.procedure import Snapshot
from acs.provisioning.procedures.configuring import configure
from tests.acs.kit import add_device, store_values
from tests.acs.provisioning import scripted
from tests.acs.provisioning.test_desired import OBJECTS, TREE

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
ANNA = Actor("user:anna", DEFAULT_TENANT)
CHANNEL = "Device.WiFi.Radio.1.Channel"
SSID = "Device.WiFi.SSID.1.SSID"
DOCUMENT = {"settings": [{"name": "wifi.2g.channel", "value": 6}, {"name": "Device.Time.NTPServer1", "value": "ntp.isp.example"}]}


def names_of(values, objects=OBJECTS):
    return (*((path, True) for path in values), *((path, True) for path in objects))


class Homes:
    """Devices by serial number, and what is done with them."""

    def __init__(self, database, vault):
        self.database, self.vault, self.now = database, vault, NOW

    def device(self, serial="A1", values=None, **columns):
        columns = {"root": "Device", "software_version": "1.0", "last_inform_at": self.now, **columns}
        number = add_device(self.database, serial, **columns)
        self.shows(number, {**TREE, **(values or {})})
        return number

    def shows(self, number, values, prefix="", objects=OBJECTS):
        with self.database.write() as unit:
            told = tuple(ParameterValueStruct(path, text, "string") for path, text in values.items())
            store.store_snapshot(unit.connection, self.vault, 1, number, Snapshot(prefix, names_of(values, objects), told), self.now, "session")

    def reads(self, number, **values):
        """Single values as they are read: SSID="x"."""
        paths = {"channel": CHANNEL, "ssid": SSID}
        with self.database.write() as unit:
            told = [ParameterValueStruct(paths.get(name, name), text, "string") for name, text in values.items()]
            store_values(unit.connection, self.vault, 1, number, told, self.now, "session")

    def profile(self, name="Basic", document=None, **given):
        with self.database.write() as unit:
            return service.add(unit, ANNA, self.vault, {"name": name, "enabled": True, "document": document or DOCUMENT, **given}, self.now)

    def change(self, profile, **given):
        with self.database.write() as unit:
            return service.change(unit, ANNA, self.vault, profile.id, given, self.now)

    def examine(self, number, **given):
        with self.database.read() as session:
            return service.examine(session, self.vault, DEFAULT_TENANT, number, self.now, **given)

    def mark(self, *numbers):
        with self.database.write() as unit:
            service.mark(unit, DEFAULT_TENANT, numbers, self.now)

    def brief(self, number, **args):
        with self.database.read() as session:
            return service.brief(session, self.vault, number, args, self.now)

    def configured(self, number, device=None, **args):
        """The device comes and is brought to its profiles; what it was asked."""
        told = self.brief(number, **args)
        tree = {path: stored.value for path, stored in self.tree(number).values.items()}
        device = device or scripted.Device(tree, tables=frozenset(OBJECTS))
        ctx = scripted.context(brief=told, software=self.head(number).software_version)
        ctx = replace(ctx, facts=replace(ctx.facts, parameter_key=self.head(number).parameter_key))
        outcome = scripted.play(configure(ctx), device)
        self.now += timedelta(seconds=2)
        with self.database.write() as unit:
            read = [ParameterValueStruct(path, text, "string") for path, text in device.values.items()]
            store_values(unit.connection, self.vault, 1, number, read, self.now, "session")
            service.settle(unit, [Configured(1, number, self.now, outcome)])
        self.now += timedelta(seconds=2)
        return device.asked

    def tree(self, number):
        with self.database.read() as session:
            return store.load_tree(session.connection(), number)

    def head(self, number):
        with self.database.read() as session:
            return self._detached(session, session.get(Device, number))

    def row(self, number):
        with self.database.read() as session:
            return self._detached(session, session.get(DesiredDevice, number))

    @staticmethod
    def _detached(session, row):
        if row is not None:
            session.refresh(row)
            session.expunge(row)
        return row

    def wrote(self, number, path, text, by="user:anna"):
        """A person's write that is done."""
        with self.database.write() as unit:
            row = PersonalValue(
                device_id=number, path=path, tenant_id=1, value=store.seal_value(self.vault, path, text), type="string", by=by, at=self.now,
                operation_id=1,
            )  # fmt: skip
            unit.session.merge(row)
        self.reads(number, **{path: text})

    def operations(self, number=None):
        with self.database.read() as session:
            query = select(Operation).order_by(Operation.id)
            return [self._detached(session, o) for o in list(session.scalars(query)) if number in (None, o.device_id)]

    def audit(self):
        with self.database.read() as session:
            return [line.action for line in audit.lines(session, DEFAULT_TENANT, limit=200)]


@pytest.fixture
def homes(database, vault):
    return Homes(database, vault)
