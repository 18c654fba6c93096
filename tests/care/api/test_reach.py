"""How a device is reached, over REST."""

from acs.reach import service as reach
from acs.reach.views import Method
from tests.care import samples


def test_diagnosis_ways_and_tries_are_told(program, services, db, clock):
    device_id = samples.home(db, services.vault, clock())
    with db.write() as unit:
        reach.note_attempt(unit, services.vault, device_id, clock(), Method.HTTP, "timeout", "no answer", 10_000, clock())
    told = program("GET", f"/devices/{device_id}/reach").get_json()
    assert (told["wakes"], told["can_stun"], told["watch"]) == (False, True, None)
    assert "Reachable only at its next contact" in told["sentence"]
    assert [(one["method"], one["result"], one["latency_ms"], one["came_at"]) for one in told["tries"]] == [
        ("http", "timeout", 10_000, None)
    ]


def test_somebody_who_looks_begins_a_lease(program, services, db, clock):
    device_id = samples.home(db, services.vault, clock())
    lease = program("POST", f"/devices/{device_id}/watch").get_json()
    assert lease["applied"] is False and lease["until"]
    assert program("GET", "/devices/NOBODY/reach").status_code == 404
