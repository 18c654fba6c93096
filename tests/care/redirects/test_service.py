"""Where devices may be sent, and what moving a group asks for."""

import pytest

from acs import audit
from acs.audit import Actor
from acs.db.tenancy import DEFAULT_TENANT
from acs.errors import Invalid
from care.redirects.service import Redirects
from tests.care import samples

BY = Actor("user:anna", DEFAULT_TENANT)


@pytest.fixture
def service(db, clock):
    return Redirects(db, clock, ("acs2.example", "acs3.example:7547"))


@pytest.mark.cwmp("J-17")
@pytest.mark.parametrize(
    ("url", "fits"),
    [
        ("https://acs2.example/x", True), ("http://ACS2.example:9000/", True), ("http://acs3.example:7547/", True), ("http://acs3.example/", False),
        ("http://acs2.example.evil/", False), ("http://evil/?acs2.example", False), ("http://acs2.example@evil/", False),
    ],
)  # fmt: skip
def test_only_the_hosts_of_the_settings_are_targets(service, url, fits):
    if fits:
        assert service.add(BY, "pilot", "", url)
    else:
        with pytest.raises(Invalid):
            service.add(BY, "pilot", "", url)


def test_moving_a_group_is_a_job_with_an_audit_line(service, services, db, clock):
    samples.home(db, services.vault, clock(), samples.NORVIK, 1)
    assert service.weigh(BY, "", samples.NORVIK, "http://acs2.example/") == 1
    number = service.move(BY, "", samples.NORVIK, "http://acs2.example/", "new owner")
    with db.read() as session:
        line = audit.lines(session, DEFAULT_TENANT)[0]
    assert (line.action, line.subject, line.after["devices"], line.after["reason"]) == (
        "redirect.move_group",
        f"job:{number}",
        1,
        "new owner",
    )
