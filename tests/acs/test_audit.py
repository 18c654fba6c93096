"""The audit trail: acs/audit.py."""

from datetime import timedelta

import pytest

from acs import audit
from acs.audit import Actor, masked
from acs.db.tenancy import DEFAULT_TENANT
from acs.secrets import MASK


def record(database, actor, now, action="device.note", subject="device:1", **sides):
    with database.write() as unit:
        audit.record(unit, actor, action, subject, now, **sides)


def read(database, actor, **given):
    with database.read() as session:
        return audit.lines(session, actor.tenant, **given)


def test_line_tells_who_did_what_to_what_and_from_where(any_database, actor, now):
    record(any_database, actor, now, before={"note": ""}, after={"note": "moved"})
    (line,) = read(any_database, actor)
    assert (line.at, line.actor, line.address, line.action, line.subject) == (now, "user:anna", "192.0.2.7", "device.note", "device:1")
    assert (line.before, line.after) == ({"note": ""}, {"note": "moved"})


def test_line_goes_with_the_change_that_was_rolled_back(any_database, actor, now):
    def broken():
        with any_database.write() as unit:
            audit.record(unit, actor, "device.note", "device:1", now)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        broken()
    assert read(any_database, actor) == ()


def test_newest_first_by_subject_and_paged(any_database, actor, now):
    for n in range(5):
        record(any_database, actor, now + timedelta(seconds=n), subject=f"device:{n % 2}", after={"n": n})
    assert [line.after["n"] for line in read(any_database, actor)] == [4, 3, 2, 1, 0]
    assert [line.after["n"] for line in read(any_database, actor, subject="device:1")] == [3, 1]
    first = read(any_database, actor, limit=2)
    assert [line.after["n"] for line in read(any_database, actor, limit=2, before_id=first[-1].id)] == [2, 1]


def test_lines_of_another_tenant_are_not_seen(any_database, actor, other_actor, now):
    record(any_database, actor, now)
    assert read(any_database, other_actor) == ()


def test_secrets_are_struck_out_however_deep():
    path = "Device.WiFi.AccessPoint.1.Security.KeyPassphrase"
    given = {"login": "anna", "password": "hush", "values": {path: "hush", "Device.X": "seen"}, "list": [{"token": "hush"}, "seen"], "secret": ""}
    told = masked(given)
    assert "hush" not in str(told)
    assert told["values"] == {path: MASK, "Device.X": "seen"}
    assert told["list"] == [{"token": MASK}, "seen"]
    assert told["secret"] == "", "that there is none is no secret"


def test_secrets_are_struck_out_before_they_reach_a_row(any_database, actor, now):
    record(any_database, actor, now, before={"password": "old"}, after={"password": "new"})
    (line,) = read(any_database, actor)
    assert (line.before, line.after) == ({"password": MASK}, {"password": MASK})


def test_part_of_the_system_is_an_actor_too():
    assert Actor.system("onboarding", DEFAULT_TENANT) == Actor("system:onboarding", DEFAULT_TENANT, "")


def test_nothing_changes_or_removes_lines():
    """Lines are only ever added: there is no function that does anything else."""
    public = {name for name, thing in vars(audit).items() if callable(thing) and getattr(thing, "__module__", "") == "acs.audit" and name[0] != "_"}
    assert public == {"Actor", "AuditLine", "AuditView", "lines", "masked", "record"}
