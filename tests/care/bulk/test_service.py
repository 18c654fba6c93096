"""What was previewed is what is run, for the one who saw it."""

import pytest

from acs.audit import Actor
from acs.bulk.views import Deed, Selection, Wanted
from acs.db.tenancy import DEFAULT_TENANT
from acs.errors import Invalid
from care.bulk.service import permission_of
from care.security.permissions import Permission

ANNA = Actor("user:anna", DEFAULT_TENANT)
WANTED, WHO = Wanted(Deed.OPERATION, "write", {"values": [["Device.Users.User.1.Password", "sesame", "string"]]}), Selection("tag:vip", ())


def test_a_preview_travels_sealed_and_opens_for_its_reader_only(services) -> None:
    sealed = services.bulk.seal(ANNA, WANTED, WHO)
    assert "sesame" not in sealed
    assert services.bulk.opened(ANNA, sealed) == (WANTED, WHO)
    for by, text in ((Actor("user:ben", DEFAULT_TENANT), sealed), (ANNA, sealed[:-4] + "AAAA"), (ANNA, "")):
        with pytest.raises(Invalid, match="choose again"):
            services.bulk.opened(by, text)


def test_many_need_what_one_needs() -> None:
    assert permission_of(WANTED) is Permission.WRITE_PARAMETERS
    assert permission_of(Wanted(Deed.OPERATION, "reboot")) is Permission.REBOOT
    assert permission_of(Wanted(Deed.TAG, "x")) is Permission.MANAGE_DEVICES
