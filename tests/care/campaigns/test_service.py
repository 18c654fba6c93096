"""Permissions of what a campaign would ask."""

import pytest

from acs.errors import Invalid
from care.security.permissions import Permission
from tests.care.conftest import ADMIN


def test_a_campaign_needs_what_one_device_would_need(services):
    given = {"action": "operation", "args": {"kind": "factory_reset"}}
    assert services.campaigns.permissions(ADMIN.tenant, given) == (Permission.FACTORY_RESET,)


def test_devices_are_sent_only_to_an_acs_that_the_settings_name(services):
    with pytest.raises(Invalid):
        services.campaigns.permissions(ADMIN.tenant, {"action": "operation", "args": {"kind": "move_acs", "args": {"url": "http://elsewhere.example/"}}})
