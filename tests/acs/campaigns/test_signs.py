"""Signs of health, read for a chunk."""

from datetime import timedelta

from acs.campaigns import signs
from acs.devices.canonicals import Reading, keep
from acs.devices.models import DeviceEvent
from datamodels import canonical


def test_starts_silence_readings_and_zones_are_read_together(field):
    ids = field.add(3, offline=1)
    with field.database.write() as unit:
        unit.session.add_all(DeviceEvent(tenant_id=1, device_id=ids[0], at=field.now, code=code) for code in ("1 BOOT", "1 BOOT", "4 VALUE CHANGE"))
        light = Reading(1, ids[1], "optical.rx_power_dbm", "-21.5", -21.5, field.now)
        keep(unit.connection, [light, Reading(1, ids[1], "time.zone", "CET-1", None, field.now)])
    with field.database.read() as session:
        assert {one: len(times) for one, times in signs.boot_times(session, ids, 0).items()} == {ids[0]: 2}
        assert signs.newest_event(session) >= 3 and signs.boot_times(session, ids, signs.newest_event(session)) == {}
        assert [signs.heads(session, ids, field.now)[one].is_offline for one in ids] == [True, False, False]
        assert signs.readings(session, ids, ["optical.rx_power_dbm"]) == {ids[1]: {"optical.rx_power_dbm": -21.5}}
        assert signs.readings(session, ids, ["optical.rx_power_dbm"], field.now + timedelta(seconds=1)) == {}
        assert signs.zones(session, ids) == {ids[1]: "CET-1"}


def test_the_zone_that_a_device_tells_is_kept():
    assert canonical.describe(signs.ZONE).indexed
