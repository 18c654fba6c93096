"""The library of firmware in the background: how many devices run what, counted along an index where it is too much for a page."""

from acs.firmware import service as firmware
from acs.jobs import JobView
from tasks.app import House, work

EVERY_S: dict[str, float] = {"firmware.census": 600}


@work("firmware.census")
def census(house: House, job: JobView) -> str:
    """Counted in a reading transaction, kept in a short writing one. Tenants that a page counts by itself are left out."""
    kinds = 0
    with house.database.read() as session:
        tenants = firmware.tenants(session)
    for tenant in tenants:
        with house.database.read() as session:
            is_few = firmware.count_running(session, tenant, firmware.LIVE_MOST) is not None
            rows = [] if is_few else firmware.count_running(session, tenant) or []
        if rows:
            with house.database.write() as unit:
                kinds += firmware.keep_census(unit, tenant, rows, house.now())
    return f"{kinds} models and versions"
