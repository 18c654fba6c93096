"""What the page asks of the service: previews without secrets, and accounts by what the settings allow."""

from dataclasses import dataclass

import pytest

from acs.db.tenancy import DEFAULT_TENANT
from acs.secrets import MASK
from care.reach.service import Reach


@dataclass
class _Own:
    stun_port: int = 3478
    xmpp_jid: str = "acs@xmpp.example"
    xmpp_accounts: bool = False
    watch_interval_s: int = 45
    host: str = "192.0.2.9"

    @property
    def reach_brief(self):
        return {
            "stun_host": "stun.example", "stun_port": 3478, "xmpp_jid": self.xmpp_jid, "xmpp_domain": "xmpp.example", "xmpp_host": self.host,
            "xmpp_port": 5222,
        }  # fmt: skip


@pytest.fixture
def reach(db, services, clock):
    return Reach(db, services.vault, clock, _Own())


@pytest.mark.parametrize("kind", ["enable_stun", "enable_xmpp"])
def test_preview_names_every_parameter_and_masks_every_secret(reach, home, kind):
    writes = dict(reach.preview(DEFAULT_TENANT, home(), kind).writes)
    assert {value for path, value in writes.items() if path.endswith("Password")} == {MASK}
    assert any(path.endswith("ConnectionRequestUsername") for path in writes)
    told = "STUNServerAddress" if kind == "enable_stun" else "Server.{i}.ServerAddress"
    assert any(path.endswith(told) for path in writes)


def test_xmpp_is_offered_to_a_device_that_knows_it_where_we_have_an_account(reach, services, home):
    device_id = home()
    assert reach.look(DEFAULT_TENANT, device_id).can_xmpp
    assert not services.reach.look(DEFAULT_TENANT, device_id).can_xmpp
    assert not reach.makes_accounts
