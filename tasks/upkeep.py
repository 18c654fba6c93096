"""Upkeep: silence, expiry, retention. Each piece of work is done in small transactions, so that no Inform waits for it."""

from datetime import timedelta

from acs import jobs
from acs.access import service as access
from acs.devices import service as devices
from acs.jobs import JobView
from acs.log import announce
from acs.monitoring import absence
from acs.operations import rotation
from acs.operations import service as operations
from acs.quirks import service as quirks
from acs.reach import service as reach
from acs.recorder import service as recorder
from acs.secrets import Vault
from tasks.app import House, work

EVERY_S: dict[str, float] = {
    "upkeep.silence": 20,
    "upkeep.expire_operations": 30,
    "upkeep.close_sessions": 60,
    "upkeep.watches": 20,
    "upkeep.retention": 3600,
    "upkeep.rotate_secrets": 3600,
}
KEEP_EVENTS = timedelta(days=90)
KEEP_OPERATIONS = timedelta(days=180)
KEEP_JOBS = timedelta(days=7)
KEEP_BLOCKS = timedelta(days=90)
KEEP_BEATS = timedelta(hours=2)


@work("upkeep.silence")
def silence(house: House, job: JobView) -> str:
    """Devices that did not speak in one and a half of their own intervals: noted once, told at the console.

    A large fleet is gone round in slices, each looked at without a write lock: a million devices every few minutes.
    """
    turn, total = int(house.now().timestamp() // EVERY_S["upkeep.silence"]), 0
    with house.database.read() as session:
        slice_ = devices.slice_of_fleet(session, turn)
    while True:
        with house.database.read() as session:
            fallen = devices.silent_within(session, house.now(), *slice_)
        for part in (fallen[i : i + 100] for i in range(0, len(fallen), 100)):
            with house.database.write() as unit:
                found = devices.newly_silent(unit, house.now(), among=part)
                absence.fell_silent(unit, [device_id for device_id, _serial in found])
            for _id, serial in found[:5]:
                announce(f"device {serial} has fallen silent")
            if len(found) > 5:
                announce(f"… and {len(found) - 5} more devices")
            total += len(found)
        if len(fallen) < 5000:
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


@work("upkeep.rotate_secrets")
def rotate_secrets(house: House, job: JobView) -> str:
    """Logins of devices that are older than they should be: new ones are queued for their next contacts, a share of the fleet each hour."""
    settings = house.settings
    if settings.cpe_auth != "device" or not settings.secret_rotation_days:
        return "no rotation"
    age, every = timedelta(days=settings.secret_rotation_days), timedelta(seconds=EVERY_S["upkeep.rotate_secrets"])
    vault, total = Vault.of(settings.home), 0
    with house.database.read() as session:
        left = rotation.share(session, age, every)
    while left > 0:
        with house.database.write() as unit:
            count = rotation.rotate(unit, vault, house.now(), age, min(left, 50))
        total, left = total + count, left - count
        if count == 0:
            break
    return f"{total} logins renewed"


@work("upkeep.watches")
def watches(house: House, job: JobView) -> str:
    """Devices that spoke often because somebody looked at them: nobody does any more, so their own interval is put back."""
    with house.database.write() as unit:
        return f"{reach.end_watches(unit, Vault.of(house.settings.home), house.now())} put back"


@work("upkeep.retention")
def retention(house: House, job: JobView) -> str:
    now = house.now()
    told = []
    for name, step in (
        ("events", lambda unit: devices.delete_old_events(unit, now - KEEP_EVENTS)),
        ("operations", lambda unit: operations.delete_old(unit, now - KEEP_OPERATIONS)),
        ("failed sessions", lambda unit: recorder.delete_old_failed(unit, now - timedelta(days=house.settings.recorder_failed_keep_days))),
        ("calls", lambda unit: reach.delete_old(unit, now - timedelta(days=house.settings.reach_keep_days))),
        ("quirks", lambda unit: quirks.expire(unit, now)),
        ("jobs", lambda unit: jobs.delete_old(unit, now - KEEP_JOBS, now - KEEP_BEATS)),
        ("strangers", lambda unit: devices.forget_strangers(unit, now - timedelta(days=house.settings.stranger_days or 10**5), now)),
        ("block rules", lambda unit: access.delete_expired_blocks(unit, now - KEEP_BLOCKS)),
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
