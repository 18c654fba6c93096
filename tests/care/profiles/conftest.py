"""Homes that were read, and a way to write a profile as its form does."""

import pytest

from acs.desired import service as desired
from tests.care import samples
from tests.care.conftest import ADMIN

DOCUMENT = {"settings": [{"name": "wifi.2g.channel", "value": 6}, {"name": "wifi.2g.passphrase", "value": "correct horse"}]}
FORM = {
    "name": "Basic", "selection": "", "precedence": "10", "enabled": "yes", "setting-name": ["wifi.2g.channel", "", "wifi.2g.ssid"],
    "setting-value": ["6", "", "Sonnenblume"], "setting-hold": ["keep", "keep", "initial"], "row-table": "nat.port_mappings",
    "row-keys": "external_port = 8443\nprotocol = tcp", "row-values": "internal_port = 443", "row-absent": "", "row-hold": "keep",
    "watch-name": "wan.ip_address", "watch-notification": "2", "inform_interval_s": "1800",
}  # fmt: skip


@pytest.fixture
def home(services, db, clock):
    def make(model=samples.NORVIK, number=1):
        return samples.home(db, services.vault, clock(), model, number)

    return make


@pytest.fixture
def profile(services):
    def make(**given):
        return services.profiles.add(ADMIN, {"name": "Basic", "enabled": True, "document": DOCUMENT, **given})

    return make


@pytest.fixture
def finish(services, db):
    """Let the job of a report run to its end."""

    def run(report_id):
        while desired.report_goes_on(db, services.vault, report_id, services.profiles.now):
            pass

    return run


