"""Moving a group of devices to another ACS: an operation for each, in small transactions. Run twice, it leaves out who was asked and has not come yet."""

from acs.audit import Actor
from acs.db.tenancy import TenantId
from acs.devices.views import DeviceId
from acs.errors import Conflict
from acs.jobs import JobView
from acs.operations import service as operations
from acs.redirects import service as redirects
from tasks.app import House, work

PER_UNIT = 50


@work("moves.group")
def move_group(house: House, job: JobView) -> str:
    """args: tenant, tag, model, url, reason, by. A device that has a move open already, or may not be asked anything, is left out."""
    given = job.args
    asked = left = after = 0
    actor = Actor(given["by"], TenantId(given["tenant"]))
    while True:
        with house.database.write() as unit:
            ids = redirects.fitting(unit.session, actor.tenant, given["tag"], given["model"], after, PER_UNIT)
            for device_id in ids:
                try:
                    operations.request(
                        unit, actor, DeviceId(device_id), "move_acs", {"url": given["url"]}, house.now(), given["reason"], urgent=False
                    )
                    asked += 1
                except Conflict:
                    left += 1
        if len(ids) < PER_UNIT:
            return f"{asked} asked to move, {left} left out"
        after = ids[-1]
