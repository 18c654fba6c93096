"""What pages and REST do with hooks: care/hooks/service.py."""

import pytest

from acs.audit import Actor
from acs.db.tenancy import DEFAULT_TENANT
from acs.errors import Invalid, UnknownDevice
from tests.care import samples

ANNA = Actor("user:anna", DEFAULT_TENANT)
CODE = "function hook(d) { return { 'wifi.2g.channel': d.parameters['Device.WiFi.Radio.1.Channel'] ? 11 : 6 }; }"


@pytest.fixture
def hook(services):
    yield services.hooks.create(ANNA, "quiet", "values", code=CODE)
    services.hooks._running.close()


def test_editor_begins_from_the_draft_then_from_what_is_published(services, hook):
    assert services.hooks.shown(DEFAULT_TENANT, hook).code == CODE
    services.hooks.publish(ANNA, hook, 1)
    assert services.hooks.shown(DEFAULT_TENANT, hook).code == CODE
    services.hooks.save(ANNA, hook, "// two")
    assert services.hooks.shown(DEFAULT_TENANT, hook).code == "// two"


def test_device_is_found_by_number_serial_and_key(services, hook, home):
    device = home(samples.NORVIK, 1)
    head = services.devices.head(DEFAULT_TENANT, device)
    for name in (str(device), head.serial_number, head.key):
        tried = services.hooks.attempt(DEFAULT_TENANT, hook, CODE, name)
        assert [(each.name, each.problem) for each in tried.values] == [("wifi.2g.channel", "")]
        assert tried.facts["device"]["serial_number"] == head.serial_number
    with pytest.raises(UnknownDevice):
        services.hooks.attempt(DEFAULT_TENANT, hook, CODE, "nobody")
    with pytest.raises(Invalid) as caught:
        services.hooks.attempt(DEFAULT_TENANT, hook, CODE, " ")
    assert caught.value.field == "device"


def test_code_that_cannot_be_read_is_not_published(services, hook):
    services.hooks.save(ANNA, hook, "function hook(d) {")
    with pytest.raises(Invalid, match="Line 1: SyntaxError") as caught:
        services.hooks.publish(ANNA, hook, 1)
    assert caught.value.field == "code"
    assert services.hooks.get(DEFAULT_TENANT, hook).published is None
