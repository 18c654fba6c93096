"""/api/v1: the fleet, alarms, monitors, series, reports."""

from care.security.permissions import Role
from tests.acs.monitoring.kit import RX
from tests.care.api.conftest import Program
from tests.care.conftest import ADMIN, PASSWORD
from tests.care.monitoring.conftest import device, light
from tests.care.monitoring.test_fleet import census

__all__ = ["device", "light"]
MONITOR = {"name": "hot", "parameter": "system.temperature_c", "thresholds": [{"severity": "major", "direction": "above", "limit": 85, "clear": 80}]}


def test_alarms_are_told_in_the_words_of_tmf642(program, device):
    (alarm,) = program("GET", "/alarms").json["items"]
    assert (alarm["perceivedSeverity"], alarm["state"], alarm["ackState"], alarm["alarmType"]) == ("critical", "raised", "unacknowledged", "qualityOfService")
    assert alarm["crossedThresholdInformation"]["limit"] == -27
    path = f"/alarms/{alarm['id']}"
    assert program("POST", path, json={"deed": "clear"}).json["field"] == "note"
    assert program("POST", path, json={"deed": "acknowledge", "note": "seen"}).json["ackState"] == "acknowledged"
    cleared = program("POST", path, json={"deed": "clear", "note": "repaired"}).json
    assert (cleared["perceivedSeverity"], cleared["raisedSeverity"], cleared["clearSystemId"]) == ("cleared", "critical", "token:anna/noc")
    assert [note["text"] for note in cleared["comment"]] == ["seen", "repaired"]
    assert program("GET", "/alarms").json["items"] == []
    assert len(program("GET", "/alarms?all=true&severity=major").json["items"]) == 1
    assert program("GET", "/alarms/99").status_code == 404


def test_monitors_are_made_changed_and_removed(program):
    made = program("POST", "/monitors", json=MONITOR)
    assert (made.status_code, made.json["thresholds"][0]["severity"]) == (201, "major")
    path = f"/monitors/{made.json['id']}"
    assert program("PUT", path, json={**MONITOR, "every_s": 900}).json["every_s"] == 900
    assert program("PUT", path, json={**MONITOR, "parameter": RX}).json["field"] == "parameter"
    assert program("POST", "/monitors", json=MONITOR).status_code == 409
    assert [m["name"] for m in program("GET", "/monitors").json["items"]] == ["hot"]
    assert program("GET", f"{path}/spread").json["items"] == []
    assert program("DELETE", path).status_code == 204
    assert program("GET", path).status_code == 404


def test_series_and_reports(program, device):
    told = program("GET", f"/devices/{device}/series?name={RX}&range=24h").json
    assert (len(told["points"]), told["unit"], told["points"][-1]["last"]) == (12, "dBm", -28.0)
    assert program("GET", f"/devices/{device}/series?name=nothing").json["field"] == "name"
    report = program("GET", f"/reports?parameters={RX}&q=").json
    assert (report["members"], report["lines"][0]["samples"]) == (1, 12)
    assert program("GET", "/reports?parameters=").json["field"] == "parameters"


def test_the_fleet_as_it_was_counted(program, db, clock, device):
    assert program("GET", "/fleet").status_code == 404
    census(db, clock())
    told = program("GET", "/fleet").json
    assert (told["total"], told["presence"], told["alarms"]) == (1, {"online": 1}, {"critical": 1})
    assert told["cwmp"]["workers"] == 0


def test_an_agent_handles_alarms_and_no_more(app, security, device):
    user, _ = security.create_user(ADMIN, "bo", "Bo", Role.AGENT, PASSWORD)
    agent = Program(app, security.issue_token(ADMIN, user.id, "tool").secret)
    assert agent("GET", "/alarms").status_code == 200
    assert agent("GET", "/fleet").status_code == 403
