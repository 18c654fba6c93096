"""What takes a walk through many devices: deeds for many, counts of groups, the tallies that lists show."""

from acs.bulk import service as bulk
from acs.desired import service as desired
from acs.finding import service as finding
from acs.jobs import JobView
from acs.secrets import Vault
from tasks.app import House, work

EVERY_S: dict[str, float] = {"finding.tally": 300}
STINT_S = 60.0
"""How long one job goes on before it makes room for others."""


@work("bulk.run")
def run(house: House, job: JobView) -> str:
    """A deed, piece by piece; after a minute the rest is another job's."""
    action, vault = int(job.args["action"]), Vault.of(house.settings.home)
    until, pieces = house.now().timestamp() + STINT_S, 0
    while bulk.step(house.database, vault, action, house.now(), desired.reconsider):
        pieces += 1
        if house.now().timestamp() > until:
            with house.database.write() as unit:
                bulk.go_on_later(unit, action, house.now())
            return f"{pieces} pieces, to be gone on with"
    return f"{pieces + 1} pieces"


@work("finding.count_group")
def count_group(house: House, job: JobView) -> str:
    """How many devices a group has, to the last one. A group that is gone meanwhile needs no count."""
    with house.database.read() as session:
        tenant = finding.tenant_of_group(session, int(job.args["group"]))
        if tenant is None:
            return "it is gone"
        group = finding.group(session, tenant, int(job.args["group"]))
        number = finding.exact_count(session, tenant, finding.parse(f"group:{finding.quoted(group.name)}"), house.now())
    with house.database.write() as unit:
        finding.keep_size(unit, tenant, group.id, number, house.now())
    return f"{number} devices"


@work("finding.tally")
def tally(house: House, job: JobView) -> str:
    """Devices by presence, model and version of every tenant, counted without a write lock and put down in one short unit."""
    with house.database.read() as session:
        counted = {tenant: finding.count_all(session, tenant, house.now()) for tenant in finding.tenants(session)}
    for tenant, facets in counted.items():
        with house.database.write() as unit:
            finding.keep_tallies(unit, tenant, facets, house.now())
    return ", ".join(f"{sum(facets['presence'].values())} of tenant {tenant}" for tenant, facets in counted.items())
