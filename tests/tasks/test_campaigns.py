"""The job that moves campaigns on."""

from acs.audit import Actor
from acs.campaigns import service
from acs.secrets import Vault
from tasks import campaigns
from tasks.app import run_job


def test_a_tick_begins_a_campaign_that_was_started(house):
    actor = Actor("user:anna", 1)
    with house.database.write() as unit:
        given = {"name": "none", "action": "operation", "args": {"kind": "reboot"}}
        campaign = service.create(unit, actor, Vault.of(house.settings.home), given, house.now())
        service.start(unit, actor, campaign, house.now())
    job = house.enqueue("campaigns.tick")
    assert run_job(house, job) == "done" and campaigns.EVERY_S["campaigns.tick"] <= 5
    with house.database.read() as session:
        assert service.get(session, 1, campaign).reason.sentence == "No device fits the selection."
