"""/api/v1/sessions."""

import gzip
import json
from datetime import timedelta

import pytest

from acs.db.tenancy import DEFAULT_TENANT
from tests.care import samples


@pytest.fixture
def device_id(db, services, clock):
    return samples.home(db, services.vault, clock(), read=False)


def test_sessions_page_by_key_and_one_has_its_messages(program, db, device_id, clock):
    for epoch in (1, 2, 3):
        samples.record(db, device_id, clock() + timedelta(minutes=epoch), "failed" if epoch == 2 else "ok", epoch)
    first = program("GET", "/sessions?limit=2").json
    assert [row["outcome"] for row in first["items"]] == ["ok", "failed"]
    rest = program("GET", "/sessions", query_string={"limit": 2, "before": first["next"]}).json
    assert len(rest["items"]) == 1
    assert rest["next"] is None
    assert [row["outcome"] for row in program("GET", "/sessions?outcome=failed").json["items"]] == ["failed"]
    said = program("GET", f"/sessions/{first['items'][0]['id']}").json["said"]
    assert [m["from_cpe"] for m in said] == [True, False, True, False]
    assert program("GET", "/sessions/999").status_code == 404
    assert program("GET", "/sessions?before=x").status_code == 422
    assert program("GET", "/sessions?fault=-1").status_code == 422


def test_sessions_are_found_by_what_is_in_them(program, db, device_id, clock):
    samples.record(db, device_id, clock(), "ok", 1, events="2 PERIODIC", rpcs=("SetParameterValues",), faults=(9003, 9007))
    samples.record(db, device_id, clock() + timedelta(minutes=1), "failed", 2)
    (row,) = program("GET", "/sessions?fault=9007&rpc=SetParameterValues&outcome=ok&model=G240&event=2 PERIODIC").json["items"]
    assert (row["faults"], row["rpcs"], row["device"].rpartition("-")[2]) == ([9003, 9007], ["SetParameterValues"], "NV240000001")
    assert program("GET", "/sessions?fault=9007&outcome=failed").json["items"] == []
    assert [row["id"] for row in program("GET", "/sessions?text=no envelope&serial=NV240000001").json["items"]] == [2]
    since = {"since": (clock() + timedelta(seconds=1)).isoformat()}
    assert [row["id"] for row in program("GET", f"/devices/{device_id}/sessions", query_string=since).json["items"]] == [2]


@pytest.mark.parametrize("packed", [False, True])
def test_recording_is_taken_away_and_audited(program, db, device_id, clock, services, packed):
    samples.record(db, device_id, clock())
    answer = program("GET", "/sessions/1/recording", headers={"Accept-Encoding": "gzip"} if packed else {})
    body = gzip.decompress(answer.data) if packed else answer.data
    assert (answer.headers.get("Content-Encoding") == "gzip") == packed
    assert json.loads(body)["device"]["serial_number"] == "NV240000001"
    assert [line.action for line in services.audit.lines(DEFAULT_TENANT, "session:1", None, 5)] == ["session.download"]
