"""What people set by hand is kept with the end of the operation that wrote it, sealed where it is a secret; what machines write is not."""

from datetime import UTC, datetime

from acs.operations import personal
from acs.operations.models import Operation
from acs.operations.sealing import seal_args
from tests.acs.kit import add_device

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
SSID, KEY = "Device.WiFi.SSID.1.SSID", "Device.WiFi.AccessPoint.1.Security.KeyPassphrase"


def done(database, vault, device, kind="write", by="user:anna", result=None, **args):
    row = Operation(id=1, device_id=device, tenant_id=1, kind=kind, args=seal_args(vault, args), requested_by=by)
    with database.write() as unit:
        personal.note(unit, row, result or {}, NOW)


def kept(database, device):
    with database.read() as session:
        return {one.path: one.value for one in personal.of_device(session, device)}


def test_what_was_written_and_holds_is_kept(database, vault):
    device = add_device(database)
    result = {"written": [SSID, KEY, "Device.B"], "not_held": [{"path": "Device.B"}]}
    values = [[SSID, "Anna's", "string"], [KEY, "correct horse", "string"], ["Device.B", "1", "string"], ["Device.C", "1", "string"]]
    done(database, vault, device, values=values, result=result)
    found = kept(database, device)
    assert found[SSID] == "Anna's"
    assert set(found) == {SSID, KEY}
    assert "horse" not in found[KEY]


def test_what_the_system_or_a_campaign_writes_is_nobodys_own(database, vault):
    device = add_device(database)
    for by in ("system:profiles", "campaign:7"):
        done(database, vault, device, by=by, values=[[SSID, "x", "string"]], result={"written": [SSID]})
    assert kept(database, device) == {}


def test_a_row_is_kept_with_its_number_and_forgotten_with_it(database, vault):
    device, row = add_device(database), "Device.NAT.PortMapping.3."
    done(database, vault, device, "add_object", table="Device.NAT.PortMapping.", values=[["ExternalPort", "80", "string"]], result={"path": row})
    assert kept(database, device) == {row + "ExternalPort": "80"}
    done(database, vault, device, "delete_object", path=row)
    assert kept(database, device) == {}


def test_values_are_let_go_one_by_one(database, vault):
    device = add_device(database)
    done(database, vault, device, values=[[SSID, "x", "string"]], result={"written": [SSID]})
    with database.write() as unit:
        assert personal.forget(unit.session, device, [SSID, "Device.B"]) == 1
    assert kept(database, device) == {}
