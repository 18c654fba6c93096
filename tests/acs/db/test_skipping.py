"""Different values by an index."""

from datetime import datetime

from acs.db.engine import Database
from acs.db.skipping import different
from acs.db.tenancy import DEFAULT_TENANT
from acs.devices.models import Device
from tests.acs.finding.fleet import seed


def test_each_value_once_in_order_and_no_more_than_asked_for(any_database: Database, now: datetime) -> None:
    fleet = seed(any_database, now, 60)
    models = sorted({facts["model"] for facts in fleet.facts.values()})
    with any_database.read() as session:
        assert different(session, Device.model, Device.tenant_id == DEFAULT_TENANT, 100) == models
        assert different(session, Device.model, Device.tenant_id == DEFAULT_TENANT, 2) == models[:2]
        assert different(session, Device.model, Device.tenant_id == 99, 100) == []
