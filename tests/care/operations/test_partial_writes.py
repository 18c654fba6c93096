"""A write that was not taken as a whole: each value with what became of it, and the second try for what the device takes."""

import pytest

from acs.audit import Actor
from acs.db.tenancy import DEFAULT_TENANT
from acs.operations.models import Operation
from acs.provisioning.procedure import Learned
from acs.quirks import learning
from care.security.permissions import Role

ANNA = Actor("user:anna", DEFAULT_TENANT)
SSID, PASS = "Device.WiFi.SSID.1.SSID", "Device.WiFi.AccessPoint.1.Security.KeyPassphrase"
EACH = [{"path": SSID, "state": "refused", "fault": "9007 Invalid parameter value"}, {"path": PASS, "state": "not_tried"}]


@pytest.fixture
def device_id(home):
    return home()


@pytest.fixture
def ended(services, db, device_id, clock):
    """A write that ended so, with its number."""

    def end(state, each, partial=False):
        args = {"values": [[SSID, "Anna", "string"], [PASS, "correct horse", "string"]], **({"partial": True} if partial else {})}
        number = services.operations.ask(ANNA, device_id, "write", args)
        with db.write() as unit:
            row = unit.session.get(Operation, number)
            written = [one["path"] for one in each if one["state"] == "written"]
            row.state, row.finished_at, row.updated_at, row.result = state, clock(), clock(), {"written": written, "each": each}
        return number

    return end


def test_a_refused_write_shows_each_value_and_offers_what_the_device_takes(signed_in, ended):
    page = signed_in(Role.ENGINEER).get(f"/operations/{ended('failed', EACH)}").get_data(as_text=True)
    assert "Each value" in page
    assert "9007 Invalid parameter value" in page
    assert "Not tried" in page
    assert "Write what the device takes" in page
    assert "correct horse" not in page


def test_the_second_try_writes_the_same_values_in_part_and_its_secret_stays_sealed(signed_in, services, db, ended, device_id):
    number = ended("failed", EACH)
    answer = signed_in(Role.ENGINEER).post(f"/operations/{number}/take-part")
    again = services.operations.get(DEFAULT_TENANT, int(answer.location.rpartition("/")[2]))
    assert (again.kind, again.args["partial"], again.args["values"][0]) == ("write", True, [SSID, "Anna", "string"])
    with db.read() as session:
        assert "correct horse" not in str(session.get(Operation, again.id).args)
    lines = services.audit.lines(DEFAULT_TENANT, f"device:{device_id}")
    assert (lines[0].actor, lines[0].after["partial"]) == ("user:engineer", True)
    assert "correct horse" not in str(lines)


def test_only_a_write_that_failed_as_a_whole_is_tried_in_part(signed_in, services, ended, device_id):
    browser = signed_in()
    assert browser.post(f"/operations/{ended('failed', EACH, partial=True)}/take-part").status_code == 409
    other = services.operations.ask(ANNA, device_id, "read", {"paths": [SSID]})
    assert browser.post(f"/operations/{other}/take-part").status_code == 409
    assert signed_in(Role.VIEWER).post(f"/operations/{ended('failed', EACH)}/take-part").status_code == 403


def test_a_write_that_was_taken_in_part_says_so_and_is_not_shown_as_done(signed_in, ended):
    each = [{"path": SSID, "state": "written"}, {"path": PASS, "state": "refused", "fault": "9007 Invalid parameter value"}]
    page = signed_in().get(f"/operations/{ended('done', each, partial=True)}").get_data(as_text=True)
    assert "Done in part" in page
    assert f"1 of 2 values written and read back. Refused: {PASS}." in page
    assert "Write what the device takes</button>" not in page


def test_a_parameter_that_was_not_kept_is_warned_of_before_it_is_written_again(signed_in, services, db, device_id, clock):
    path = next(path for path in services.devices.known(DEFAULT_TENANT, device_id)[1].values if path.endswith("ProvisioningCode"))
    with db.write() as unit:
        found = [Learned("not_kept", {"wrote": "a", "shows": "b"}, path, "", ""), Learned("needs_restart", True)]
        learning.learn(unit, [(device_id, 1, clock(), found)])
    page = signed_in().post(f"/devices/{device_id}/parameters/set", {"path": path, "value": "x1"}).get_data(as_text=True)
    assert f"This device did not keep {path} before: “a” was written twice, it showed “b”." in page
    assert "count after a restart" in page


def test_whoever_confirms_may_let_the_device_have_what_it_takes(signed_in, services, device_id):
    browser = signed_in(Role.ENGINEER)
    page = browser.post(
        f"/devices/{device_id}/settings/wifi-2g", {"wifi.2g.ssid": "Berger", "wifi.2g.channel": "11", "wifi.2g.enabled": "1"}
    ).get_data(as_text=True)
    assert 'name="partial"' in page
    sealed = page.partition('name="proposal" value="')[2].partition('"')[0]
    browser.post(f"/devices/{device_id}/apply", {"proposal": sealed, "partial": "yes", "tab": "wifi"})
    (op,) = services.operations.listed(DEFAULT_TENANT, device_id, kinds=["write"])
    assert op.args["partial"] is True
