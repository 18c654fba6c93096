"""The door: drafts, looking ahead, names, pace, other tenants."""

import pytest

from acs.audit import lines
from acs.campaigns import service
from acs.db.tenancy import DEFAULT_TENANT, TenantId
from acs.errors import Conflict, Invalid, NotFound
from tests.acs.campaigns.conftest import ANNA

GIVEN = {"name": "Slow down", "action": "operation", "args": {"kind": "inform_interval", "args": {"interval_s": 900}}}


def test_a_preview_asks_nothing_and_says_who_is_left_out(field):
    ids = field.add(3, offline=1)
    with field.database.read() as session:
        told = service.preview(session, field.vault, DEFAULT_TENANT, {**GIVEN, "spared_devices": [str(ids[2])], "plan": {"canary": 2}}, field.now)
    assert (told.number, told.would, told.offline, told.canaries) == (3, 2, 1, 2)
    assert told.exclusions == {"It is on the exclusion list.": 1} and told.inverse and not field.operations()


@pytest.mark.parametrize(
    ("change", "name"),
    [({"name": ""}, "name"), ({"selection": "model ="}, "selection"), ({"spared_devices": ["nobody"]}, "spared_devices")],
)
def test_what_is_wrong_with_a_draft_names_its_field(field, change, name):
    with field.database.write() as unit, pytest.raises(Invalid) as refused:
        service.create(unit, ANNA, field.vault, {**GIVEN, **change}, field.now)
    assert refused.value.field == name


def test_a_draft_is_changed_and_removed_a_begun_one_is_neither(field):
    campaign = field.create(start=False)
    with pytest.raises(Conflict, match="named"):
        field.create(start=False)
    field.call(service.start, campaign)
    with pytest.raises(Conflict, match="record"):
        field.call(service.remove, campaign)


def test_every_change_leaves_an_audit_line_and_no_other_tenant_sees_it(field):
    field.add(1)
    campaign = field.create()
    field.tick()
    field.call(service.pause, campaign)
    with field.database.read() as session:
        told = [line.action for line in lines(session, DEFAULT_TENANT, f"campaign:{campaign}")]
        assert {"campaign.create", "campaign.start", "campaign.freeze", "campaign.begin_without_canary", "campaign.wave", "campaign.pause"} <= set(told)
        with pytest.raises(NotFound):
            service.get(session, TenantId(2), campaign)


def test_the_pace_can_change_under_way_the_canaries_cannot(field):
    field.add(1)
    campaign = field.create()
    with field.database.write() as unit:
        service.change_pace(unit, ANNA, campaign, {"rate": 9}, field.now)
        with pytest.raises(Invalid):
            service.change_pace(unit, ANNA, campaign, {"waves": [100]}, field.now)
    assert field.view(campaign).plan.rate == 9
