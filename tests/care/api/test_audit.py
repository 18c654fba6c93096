"""/api/v1/audit."""


def test_audit_by_subject(program):
    lines = program("GET", "/audit?subject=user:1&limit=1").json
    assert lines["items"][0]["action"] == "token.issue"
    assert program("GET", f"/audit?subject=user:1&before={lines['next']}").json["items"][0]["action"] == "user.create"
