"""Logins are durable before an operation hands them out."""

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from acs.cwmp.identity import Identity
from acs.devices import service as devices
from acs.devices.models import Device, DeviceCredential, DeviceReach
from acs.errors import Invalid
from acs.operations.preparing import prepare

NOW = datetime(2026, 11, 21, tzinfo=UTC)


@pytest.fixture
def device(database, actor, now):
    with database.write() as unit:
        number = devices.preregister(unit, actor, Identity("0011AA", "X", "S1"), now)
    return number


def prepared(database, vault, number, kind, **args):
    with database.write() as unit:
        prepare(unit.session, vault, unit.session.get(Device, number), kind, args, NOW)
    with database.read() as session:
        rows = [session.get(DeviceCredential, number), session.get(DeviceReach, number)]
        return tuple(row and SimpleNamespace(**{c.name: getattr(row, c.name) for c in row.__table__.columns}) for row in rows)


def test_stun_gets_a_login_of_its_own_and_keeps_it(database, vault, device):
    login, row = prepared(database, vault, device, "enable_stun")
    assert (len(row.stun_username), len(vault.open(row.stun_secret)), len(vault.open(login.request_secret))) == (12, 24, 24)
    again, same = prepared(database, vault, device, "enable_stun")
    assert (same.stun_username, same.stun_secret, again.request_secret) == (row.stun_username, row.stun_secret, login.request_secret)


def test_xmpp_account_is_made_or_given(database, vault, device):
    _, row = prepared(database, vault, device, "enable_xmpp")
    assert row.xmpp_username.startswith("cpe-") and row.xmpp_account_at is None
    _, row = prepared(database, vault, device, "enable_xmpp", username="cpe1", password="of the cpe")
    assert (row.xmpp_username, vault.open(row.xmpp_secret), row.xmpp_account_at) == ("cpe1", "of the cpe", NOW)
    with pytest.raises(Invalid):
        prepared(database, vault, device, "enable_xmpp", username="cpe1", password="")


def test_request_login_is_kept_where_there_is_one(database, vault, device):
    first, _ = prepared(database, vault, device, "request_login")
    again, _ = prepared(database, vault, device, "request_login")
    assert first.request_secret == again.request_secret


def test_other_kinds_need_nothing_and_no_vault(database, device):
    assert prepared(database, None, device, "reboot") == (None, None)
    with pytest.raises(ValueError, match="vault"):
        prepared(database, None, device, "enable_stun")
