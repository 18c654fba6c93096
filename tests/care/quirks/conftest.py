"""A registry with something in it: one device that taught us two things, and one entry set by hand."""

import pytest

from acs.provisioning.procedure import Learned
from acs.quirks import learning
from tests.care import samples
from tests.care.conftest import ADMIN


@pytest.fixture
def device_id(db, services, clock):
    return samples.home(db, services.vault, clock(), samples.NORVIK, 1, read=False)


@pytest.fixture
def head(services, device_id):
    return services.devices.head(ADMIN.tenant, device_id)


@pytest.fixture
def learned(db, device_id, clock):
    found = [
        Learned("read_batch", 32, "", "values of 32 names", "answered; 50 at once gave 9004 Resources exceeded"),
        Learned("refused_names", 9005, "Device.X.Odd", "the value of Device.X.Odd, which it lists", "9005 Invalid parameter name"),
    ]
    with db.write() as unit:
        learning.learn(unit, [(device_id, 3, clock(), found)])


@pytest.fixture
def by_hand(services, head):
    given = {"oui": head.oui, "product_class": head.product_class, "knob": "needs_restart", "value": True, "note": "the maker says so"}
    return services.quirks.add(ADMIN, given)
