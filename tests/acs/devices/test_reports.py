"""What devices tell by calling us, as rows of their history: acs/devices/reports.py."""

import pytest

from acs.cwmp import messages as m
from acs.devices import reports, service
from tests.acs.kit import add_device

UUID = "1b4e28ba-2fa1-11d2-883f-0016d3cca427"
UNIT = m.OpResultStruct(
    UUID, "Device.SoftwareModules.DeploymentUnit.1.", "2", "Installed", True, "", "", "", m.DeploymentUnitFaultStruct(0, "")
)
AUTONOMOUS = m.AutonOpResultStruct(UUID, "DU.1.", "2", "Installed", True, "", "", "", m.DeploymentUnitFaultStruct(9018, "bad"), "Update")
MESSAGES = {
    "transfer": m.AutonomousTransferComplete(
        "http://anna:pw@maker/announce?token=x",
        "ftp://maker/f.bin",
        True,
        "1 Firmware Upgrade Image",
        100,
        "f.bin",
        m.FaultStruct(9010, "no"),
        "",
        "",
    ),
    "modules": m.DUStateChangeComplete((UNIT,), "k1"),
    "autonomous": m.AutonomousDUStateChangeComplete((AUTONOMOUS,)),
    "request": m.RequestDownload("1 Firmware Upgrade Image", (m.ArgStruct("Version", "3"), m.ArgStruct("Password", "hush"))),
    "kicked": m.Kicked("reset", "http://192.168.1.1/?session=1", "x", "http://192.168.1.1/next"),
}


@pytest.mark.cwmp("C-126")
def test_an_autonomous_transfer_is_told_without_logins_and_queries():
    report = reports.of(MESSAGES["transfer"], 1)
    assert (report.code, report.detail) == (reports.AUTONOMOUS_TRANSFER, "1 Firmware Upgrade Image")
    assert report.data["announced"] == "http://maker/announce"
    assert (report.data["url"], report.data["download"], report.data["size"], report.data["fault"]) == (
        "ftp://maker/f.bin",
        True,
        100,
        9010,
    )


@pytest.mark.cwmp("C-160", "C-162")
def test_units_are_told_one_by_one():
    assert reports.of(MESSAGES["modules"], 1).data == {
        "command_key": "k1",
        "units": [
            {
                "uuid": UUID, "unit": "Device.SoftwareModules.DeploymentUnit.1.", "version": "2", "state": "Installed", "resolved": True, "runs": "",
                "fault": 0, "fault_text": "",
            }
        ],
    }  # fmt: skip
    (unit,) = reports.of(MESSAGES["autonomous"], 1).data["units"]
    assert (unit["did"], unit["fault"], unit["fault_text"]) == ("Update", 9018, "bad")


@pytest.mark.cwmp("C-171", "C-173", "C-170")
def test_requests_and_kicks_are_told_with_their_arguments_and_no_secret():
    request = reports.of(MESSAGES["request"], 1)
    assert request.data["file_type"] == "1 Firmware Upgrade Image"
    assert request.data["args"]["Version"] == "3"
    assert "hush" not in str(request)
    assert reports.of(MESSAGES["kicked"], 1).data == {
        "command": "reset", "referer": "http://192.168.1.1/", "arg": "x", "next": "http://192.168.1.1/next",
    }  # fmt: skip


def test_what_reports_nothing_is_none_and_what_is_long_is_cut():
    assert reports.of(m.TransferComplete(), 1) is None
    assert reports.of(m.GetRPCMethods(), 1) is None
    long = reports.of(m.Kicked("x" * 5000), 1)
    assert len(long.data["command"]) == len(long.detail) == reports.TEXT_MAX
    assert len(reports.of(m.DUStateChangeComplete((UNIT,) * 500, "k"), 1).data["units"]) == reports.UNITS_MAX


@pytest.mark.cwmp("D-48")
@pytest.mark.parametrize("name", MESSAGES)
def test_told_again_it_is_kept_once(any_database, now, name):
    device = add_device(any_database)
    again = reports.of(MESSAGES[name], 1)
    for _ in range(2):
        with any_database.write() as unit:
            reports.store(unit.connection, 1, device, now, [again, again])
    with any_database.read() as session:
        (event,) = service.events(session, 1, device)
    assert (event.code, event.data) == (again.code, again.data)


@pytest.mark.parametrize(("name", "kept"), [("kicked", 2), ("request", 2), ("transfer", 1), ("modules", 1)])
def test_a_wish_in_another_session_is_another_wish_and_a_report_is_not(any_database, now, name, kept):
    device = add_device(any_database)
    with any_database.write() as unit:
        stored = [reports.store(unit.connection, 1, device, now, [reports.of(MESSAGES[name], session)]) for session in (1, 2)]
    assert sum(stored) == kept


def test_two_devices_may_tell_the_same(any_database, now):
    first, second = add_device(any_database, "A1"), add_device(any_database, "A2")
    report = reports.of(MESSAGES["transfer"], 1)
    with any_database.write() as unit:
        assert [reports.store(unit.connection, 1, device, now, [report]) for device in (first, second)] == [1, 1]
