"""Upkeep: silence, expiry, retention. Each piece of work is done in small transactions, so that no Inform waits for it."""

from datetime import timedelta

from acs import jobs
from acs.devices import service as devices
from acs.jobs import JobView
from acs.log import announce
from acs.operations import service as operations
from acs.recorder import service as recorder
from tasks.app import House, work

EVERY_S: dict[str, float] = {
    "upkeep.silence": 20,
    "upkeep.expire_operations": 30,
    "upkeep.close_sessions": 60,
    "upkeep.retention": 3600,
}
KEEP_EVENTS = timedelta(days=90)
KEEP_OPERATIONS = timedelta(days=180)
KEEP_JOBS = timedelta(days=7)
KEEP_BEATS = timedelta(hours=2)


@work("upkeep.silence")
def silence(house: House, job: JobView) -> str:
    """Devices that did not speak in one and a half of their own intervals: noted once, told at the console."""
    total = 0
    while True:
        with house.database.write() as unit:
            found = devices.newly_silent(unit, house.now())
        for _id, serial in found[:5]:
            announce(f"device {serial} has fallen silent")
        if len(found) > 5:
            announce(f"… and {len(found) - 5} more devices")
        total += len(found)
        if len(found) < 200:
            return f"{total} fell silent"


@work("upkeep.expire_operations")
def expire_operations(house: House, job: JobView) -> str:
    with house.database.write() as unit:
        return f"{operations.expire(unit, house.now())} expired"


@work("upkeep.close_sessions")
def close_sessions(house: House, job: JobView) -> str:
    """Sessions whose worker died: their devices are free again, what ran in them waits for the next contact."""
    with house.database.write() as unit:
        return f"{operations.close_lost_sessions(unit, house.now())} closed"


@work("upkeep.retention")
def retention(house: House, job: JobView) -> str:
    now = house.now()
    told = []
    for name, step in (
        ("events", lambda unit: devices.delete_old_events(unit, now - KEEP_EVENTS)),
        ("operations", lambda unit: operations.delete_old(unit, now - KEEP_OPERATIONS)),
        ("failed sessions", lambda unit: recorder.delete_old_failed(unit, now - timedelta(days=house.settings.recorder_failed_keep_days))),
        ("jobs", lambda unit: jobs.delete_old(unit, now - KEEP_JOBS, now - KEEP_BEATS)),
    ):
        total = 0
        while True:
            with house.database.write() as unit:
                count = step(unit)
            total += count
            if count < 500:
                break
        told.append(f"{total} {name}")
    return "deleted " + ", ".join(told)
