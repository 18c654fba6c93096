"""Moves and counts of one campaign under its lock."""

import pytest

from acs.campaigns.ledger import Ledger
from acs.campaigns.models import CampaignMember
from acs.campaigns.states import Member
from acs.errors import NotFound
from tests.acs.campaigns.conftest import ANNA


def test_a_move_the_table_does_not_have_is_a_mistake_and_counts_follow_the_others(field):
    (device,) = field.add(1)
    campaign = field.create()
    field.tick()
    with field.database.write() as unit:
        ledger = Ledger(unit, campaign, field.now)
        member = unit.session.get(CampaignMember, (campaign, device))
        with pytest.raises(ValueError, match="cannot go from issued to done"):
            ledger.move(member, Member.DONE)
        ledger.move(member, Member.FAILED, reason="x" * 300)
        ledger.close()
    view = field.view(campaign)
    assert view.count(Member.FAILED) == 1 and view.count(Member.ISSUED) == 0 and view.reasons == {"x" * 200: 1}


def test_what_is_not_there_is_not_found(field):
    with field.database.write() as unit, pytest.raises(NotFound):
        Ledger(unit, 99, field.now, ANNA)
