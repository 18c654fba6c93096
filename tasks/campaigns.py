"""Campaigns move on every few seconds, by small steps under a budget of time: acs/campaigns/engine.py. Twice at once does no harm."""

from acs.campaigns import service as campaigns
from acs.jobs import JobView
from acs.secrets import Vault
from tasks.app import House, work

EVERY_S: dict[str, float] = {"campaigns.tick": 3}


@work("campaigns.tick")
def tick(house: House, job: JobView) -> str:
    return f"{campaigns.tick(house.database, Vault.of(house.settings.home), house.now)} steps"
