"""Devices of one model that teach us things."""

from datetime import UTC, datetime

import pytest

from acs.db.tenancy import DEFAULT_TENANT
from acs.devices.models import Device
from acs.provisioning.procedure import Learned
from acs.provisioning.quirks import STANDARD
from acs.quirks import learning, service
from acs.quirks.book import QuirkBook

NOW = datetime(2026, 11, 21, 20, 52, tzinfo=UTC)


class Models:
    """Devices "A", "B", … of product class Box; what they show, and what holds for them then."""

    def __init__(self, database):
        self.database = database
        self.ids = {}

    def device(self, name, version="1.2", oui="02A5C1", product_class="Box", tenant=DEFAULT_TENANT):
        if name not in self.ids:
            with self.database.write() as unit:
                row = Device(
                    tenant_id=tenant, key=f"{oui}-{product_class}-{name}", oui=oui, product_class=product_class, serial_number=name, model=product_class,
                    software_version=version, trust="admitted",
                )  # fmt: skip
                unit.session.add(row)
                unit.session.flush()
                self.ids[name] = row.id
        return self.ids[name]

    def upgrade(self, name, version):
        with self.database.write() as unit:
            unit.session.get(Device, self.ids[name]).software_version = version

    def shows(self, name, knob, value, item="", epoch=1, at=NOW, **given):
        device_id = self.device(name, **given)
        with self.database.write() as unit:
            learning.learn(unit, [(device_id, epoch, at, [Learned(knob, value, item, "asked", "answered")])])
            return [hint["kind"] for hint in unit.hints]

    def entries(self, **given):
        with self.database.read() as session:
            return service.listed(session, DEFAULT_TENANT, **given)

    def quirks(self, name):
        """As a worker finds them that reads the registry now."""
        book = QuirkBook()
        book.replace(service.load(self.database))
        with self.database.read() as session:
            row = session.get(Device, self.device(name))
            return book.of(row.tenant_id, row.oui, row.product_class, row.software_version, row.quirks)

    def is_odd(self, name):
        return self.quirks(name) != STANDARD


@pytest.fixture
def models(any_database):
    return Models(any_database)
