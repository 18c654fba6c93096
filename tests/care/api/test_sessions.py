"""/api/v1/sessions."""

from datetime import timedelta

from tests.care import samples


def test_sessions_page_by_start_and_one_has_its_messages(program, db, services, clock):
    device_id = samples.home(db, services.vault, clock(), read=False)
    for epoch in (1, 2, 3):
        samples.record(db, device_id, clock() + timedelta(minutes=epoch), "failed" if epoch == 2 else "ok", epoch)
    first = program("GET", "/sessions?limit=2").json
    assert [row["outcome"] for row in first["items"]] == ["ok", "failed"]
    rest = program("GET", "/sessions", query_string={"limit": 2, "before": first["next"]}).json
    assert len(rest["items"]) == 1
    assert [row["outcome"] for row in program("GET", "/sessions?outcome=failed").json["items"]] == ["failed"]
    said = program("GET", f"/sessions/{first['items'][0]['id']}").json["said"]
    assert [m["from_cpe"] for m in said] == [True, False, True, False]
    assert program("GET", "/sessions/999").status_code == 404
