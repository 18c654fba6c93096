"""What pages and REST do with monitoring: care/monitoring/service.py."""

from datetime import timedelta

import pytest

from acs.db.tenancy import DEFAULT_TENANT
from acs.errors import NotFound, UnknownDevice
from care.monitoring.service import STARTER, unit_of
from tests.acs.monitoring.kit import RX
from tests.care.conftest import ADMIN, OTHER_TENANT


def test_trend_has_readings_events_and_the_monitors_of_its_limits(services, device):
    found = services.monitoring.trend(DEFAULT_TENANT, device, RX, timedelta(days=1))
    assert len(found.series.points) == 12
    assert "1 BOOT" in {event.code for event in found.events}
    assert [m.name for m in found.monitors] == ["light"]
    assert services.monitoring.names_of(DEFAULT_TENANT, device) == (RX,)


def test_others_have_no_trend(services, device):
    with pytest.raises(UnknownDevice):
        services.monitoring.trend(OTHER_TENANT, device, RX, timedelta(days=1))
    assert services.monitoring.names_of(OTHER_TENANT, device) == ()


def test_starter_makes_only_what_is_missing(services):
    made = services.monitoring.starter(ADMIN)
    assert made == len(STARTER)
    assert services.monitoring.starter(ADMIN) == 0


def test_spreads_of_a_monitor_of_others_are_not_found(services, device, light):
    with pytest.raises(NotFound):
        services.monitoring.spreads(OTHER_TENANT, light, timedelta(days=1))


def test_list_counts_identity_alarms_beside(services, device):
    assert services.monitoring.alarms(DEFAULT_TENANT).identity == 0


def test_units():
    assert (unit_of(RX), unit_of("contact")) == ("dBm", "")
