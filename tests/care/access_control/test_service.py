"""What the pages stand on: bounds, tenants, and what is read at once."""

import pytest

from acs.audit import Actor
from acs.db.tenancy import DEFAULT_TENANT
from acs.devices import service as devices
from acs.errors import Invalid, UnknownDevice
from acs.provisioning.plan import Trust
from care.access_control.service import BULK_MOST
from tests.care.conftest import ADMIN, OTHER_TENANT

RULE = {"oui": "00D09E", "reason": "stolen"}


def test_refusals_know_the_devices_they_name(services, scene):
    found = services.access.lately(DEFAULT_TENANT)
    assert found.known == {scene.key: scene.home}
    assert found.by_reason == {"login": 3, "tls": 1}
    services.access.add_alias(ADMIN, scene.home, "00D09E-G240-OTHER", "board")
    with services.db.read() as session:
        assert devices.by_keys(session, DEFAULT_TENANT, {"00D09E-G240-OTHER", "nobody"}) == {"00D09E-G240-OTHER": scene.home}


@pytest.mark.parametrize(("days", "ends"), [(0, False), (7, True)])
def test_rule_ends_after_its_days(services, days, ends):
    services.access.add_block(ADMIN, RULE, days)
    (rule,) = services.access.blocks(DEFAULT_TENANT)
    assert (rule.expires_at is not None) is ends


@pytest.mark.parametrize("days", [-1, 4000])
def test_days_have_bounds(services, days):
    with pytest.raises(Invalid):
        services.access.add_block(ADMIN, RULE, days)


def test_bulk_has_a_bound_and_is_all_or_nothing(services, scene):
    with pytest.raises(Invalid):
        services.access.set_trust(ADMIN, range(BULK_MOST + 1), Trust.ADMITTED)
    with pytest.raises(UnknownDevice):
        services.access.set_trust(ADMIN, [*scene.strangers, 999], Trust.ADMITTED)
    assert services.devices.head(DEFAULT_TENANT, scene.strangers[0]).trust == Trust.QUARANTINE
    assert services.access.set_trust(ADMIN, scene.strangers, Trust.ADMITTED) == 2


def test_another_tenant_decides_on_nobody(services, scene):
    stranger = Actor("user:eve", OTHER_TENANT)
    assert services.access.chosen(OTHER_TENANT, scene.strangers) == ()
    with pytest.raises(UnknownDevice):
        services.access.set_trust(stranger, scene.strangers, Trust.ADMITTED)
