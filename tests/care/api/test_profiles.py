"""/api/v1/profiles, /desired, /replace."""

from acs.desired import service as desired
from tests.care import samples

DOCUMENT = {"settings": [{"name": "wifi.2g.channel", "value": 13}, {"name": "wifi.2g.passphrase", "value": "correct horse"}]}
BASIC = {"name": "Basic", "enabled": True, "document": DOCUMENT}


def test_a_profile_is_made_changed_and_removed(program):
    made = program("POST", "/profiles", json=BASIC)
    assert (made.status_code, made.json["version"], made.json["in_force"]) == (201, 1, True)
    assert "correct horse" not in made.get_data(as_text=True)
    path = f"/profiles/{made.json['id']}"
    assert program("PATCH", path, json={"precedence": 5, "reason": "more"}).json["version"] == 2
    assert program("GET", "/profiles").json["items"][0]["precedence"] == 5
    versions = program("GET", f"{path}/versions").json["items"]
    assert versions[0]["changes"] == [{"what": "precedence", "before": "0", "after": "5"}]
    assert "correct horse" not in str(versions)
    assert program("GET", f"{path}/count").json == {"devices": 0, "is_exact": True}
    assert program("DELETE", path).status_code == 204
    assert program("GET", path).status_code == 404


def test_what_is_wrong_is_told_with_its_place(program):
    wrong = {"settings": [{"name": "wifi.2g.channel", "value": "x"}]}
    assert program("POST", "/profiles", json={**BASIC, "document": wrong}).json["field"] == "settings.0.value"
    assert program("POST", "/profiles", json={**BASIC, "selection": "model ="}).json["field"] == "selection"


def test_a_device_says_what_should_hold_and_what_would_be_sent(program, services, db, clock):
    device = samples.home(db, services.vault, clock(), samples.NORVIK, 1)
    assert program("GET", f"/devices/{device}/desired").json["state"] == "none"
    program("POST", "/profiles", json=BASIC)
    told = program("GET", f"/devices/{device}/desired").json
    assert told["state"] == "pending"
    assert {one["name"] for one in told["differences"]} == {"wifi.2g.channel", "wifi.2g.passphrase"}
    assert next(m["name"] for m in told["messages"]) == "SetParameterValues"
    assert "correct horse" not in str(told)
    asked = program("POST", f"/devices/{device}/desired/repair", json={"again": True})
    assert asked.status_code == 202
    assert program("GET", f"/operations/{asked.json['operation']}").json["kind"] == "configure"
    assert program("DELETE", f"/devices/{device}/personal/Device.X").status_code == 404


def test_a_report_is_made_read_and_repaired(program, services, db, clock):
    device = samples.home(db, services.vault, clock(), samples.NORVIK, 1)
    program("POST", "/profiles", json=BASIC)
    made = program("POST", "/profiles/reports", json={"selection": ""})
    assert (made.status_code, made.json["state"]) == (202, "running")
    while desired.report_goes_on(db, services.vault, made.json["id"], clock()):
        pass
    path = f"/profiles/reports/{made.json['id']}"
    assert program("GET", path).json["counts"]["pending"] == 1
    (line,) = program("GET", f"{path}/lines").json["items"]
    assert (line["device_id"], line["messages"][0]["name"]) == (device, "SetParameterValues")
    assert program("POST", f"{path}/repair").json == {"devices": 1}
    assert program("POST", f"{path}/repair").status_code == 409
    assert len(program("GET", "/profiles/reports").json["items"]) == 1


def test_a_device_is_replaced(program, services, db, clock):
    old, new = (samples.home(db, services.vault, clock(), samples.NORVIK, n, ssid=f"Net {n}") for n in (1, 2))
    shown = program("POST", f"/devices/{old}/replace", json={"successor": new, "dry_run": True}).json
    assert shown["operations"] == []
    assert {line["name"] for line in shown["lines"] if not line["why"] and not line["same"]}
    done = program("POST", f"/devices/{old}/replace", json={"successor": new, "reason": "broken"})
    assert done.status_code == 202
    assert done.json["operations"]
