"""Block rules, certificate entries and refusals in the database: checked, audited, kept apart by tenant, and hinted to workers."""

from datetime import timedelta

import pytest

from acs import audit
from acs.access import service
from acs.access.views import BlockAction, CertificateKind, Reason, Refused
from acs.db.tenancy import DEFAULT_TENANT
from acs.errors import Conflict, Invalid, NotFound
from tests.acs.kit import add_device

GIVEN = {"oui": "00d09e", "serial_pattern": "NV1*", "action": "later", "reason": "stolen pallet"}


def add(database, actor, now, expires_at=None, **given):
    with database.write() as unit:
        number = service.add_block(unit, actor, {**GIVEN, **given}, now, expires_at)
        return number, unit.hints


def blocks(database, tenant=DEFAULT_TENANT):
    with database.read() as session:
        return service.blocks(session, tenant)


# ---- block rules -----------------------------------------------------------------------------------------------


def test_rule_is_stored_audited_and_hinted(any_database, actor, now):
    number, hints = add(any_database, actor, now, now + timedelta(days=1))
    (view,) = blocks(any_database)
    assert (view.id, view.oui, view.serial_pattern, view.action, view.created_by) == (
        number,
        "00D09E",
        "NV1*",
        BlockAction.LATER,
        actor.name,
    )
    assert view.expires_at == now + timedelta(days=1)
    assert {"kind": "access"} in hints
    with any_database.read() as session:
        (line,) = audit.lines(session, DEFAULT_TENANT, f"block:{number}")
    assert (line.action, line.after["oui"], line.after["reason"]) == ("access.add_block", "00D09E", "stolen pallet")


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"network": "nonsense"}, "network"), ({"oui": "XYZ"}, "oui"), ({"oui": "", "serial_pattern": "*"}, "network"),
        ({"oui": "", "serial_pattern": ""}, "network"), ({"oui": "", "serial_pattern": "", "network": "0.0.0.0/0"}, "network"),
        ({"action": "shout"}, "action"), ({"reason": " "}, "reason"),
    ],
)  # fmt: skip
def test_rule_that_makes_no_sense_or_hits_everybody_is_refused(database, actor, now, given, field):
    with pytest.raises(Invalid) as refused:
        add(database, actor, now, **given)
    assert refused.value.field == field
    assert blocks(database) == ()


def test_rule_cannot_end_before_it_begins(database, actor, now):
    with pytest.raises(Invalid):
        add(database, actor, now, now)


def test_removed_rule_is_gone_and_told_with_its_hits(any_database, actor, now):
    number, _ = add(any_database, actor, now)
    with any_database.write() as unit:
        service.count_hits(unit, {number: (3, now)})
        service.count_hits(unit, {number: (2, now + timedelta(seconds=9))})
    (view,) = blocks(any_database)
    assert (view.hits, view.last_hit_at) == (5, now + timedelta(seconds=9))
    with any_database.write() as unit:
        service.remove_block(unit, actor, number, now)
    assert blocks(any_database) == ()
    with any_database.read() as session:
        assert audit.lines(session, DEFAULT_TENANT, f"block:{number}")[0].before["hits"] == 5


def test_preview_counts_known_devices_that_a_rule_would_hit(any_database, now):
    ids = [add_device(any_database, f"NV{n}", address=f"192.0.2.{n}", software_version="1.0") for n in (1, 2, 33)]
    add_device(any_database, "NV4", product_class="Other", address="192.0.2.4", software_version="1.0")
    given = {"product_class": "G240", "serial_pattern": "NV?", "network": "192.0.2.0/28", "firmware": "1.*", "reason": "r"}
    with any_database.read() as session:
        found = service.fitting(session, DEFAULT_TENANT, service.draft(given, now))
    assert (found.count, found.examples) == (2, ((ids[0], "NV1"), (ids[1], "NV2")))


def test_rules_of_another_tenant_do_not_exist(any_database, actor, other_actor, now):
    number, _ = add(any_database, actor, now)
    assert blocks(any_database, other_actor.tenant) == ()
    with pytest.raises(NotFound), any_database.write() as unit:
        service.remove_block(unit, other_actor, number, now)


def test_rules_that_ended_long_ago_are_cleared_away(any_database, actor, now):
    add(any_database, actor, now, now + timedelta(hours=1))
    forever, _ = add(any_database, actor, now)
    with any_database.write() as unit:
        assert service.delete_expired_blocks(unit, now + timedelta(days=1)) == 1
    assert [view.id for view in blocks(any_database)] == [forever]


# ---- certificates ----------------------------------------------------------------------------------------------


def register(database, actor, now, **given):
    with database.write() as unit:
        return service.add_certificate(unit, actor, {"kind": "device", "device_key": "00D09E-G240-NV1", **given}, now)


def test_certificate_is_registered_by_fingerprint_in_any_spelling(any_database, actor, now):
    number = register(any_database, actor, now, fingerprint=":".join(["AB"] * 32))
    with any_database.read() as session:
        (view,) = service.certificates(session, DEFAULT_TENANT)
        (line,) = audit.lines(session, DEFAULT_TENANT, f"certificate:{number}")
    assert (view.kind, view.fingerprint, view.device_key) == (CertificateKind.DEVICE, "ab" * 32, "00D09E-G240-NV1")
    assert line.action == "access.add_certificate"
    with any_database.write() as unit:
        service.remove_certificate(unit, actor, number, now)
        assert {"kind": "access"} in unit.hints
    with any_database.read() as session:
        assert service.certificates(session, DEFAULT_TENANT) == ()


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({}, "fingerprint"), ({"fingerprint": "ab" * 32, "subject": "CN=x"}, "fingerprint"), ({"fingerprint": "ab"}, "fingerprint"),
        ({"subject": "CN=x", "kind": "friend"}, "kind"), ({"subject": "CN=x", "device_key": ""}, "device_key"), ({"subject": "CN=x", "kind": "model"}, "oui"),
        ({"subject": "CN=x", "kind": "model", "oui": "nope"}, "oui"),
    ],
)  # fmt: skip
def test_entry_that_makes_no_sense_is_refused(database, actor, now, given, field):
    with pytest.raises(Invalid) as refused:
        register(database, actor, now, **given)
    assert refused.value.field == field


def test_certificate_is_registered_once(database, actor, now):
    register(database, actor, now, subject="CN=x")
    with pytest.raises(Conflict):
        register(database, actor, now, subject="CN=x", kind="revoked")


# ---- refusals --------------------------------------------------------------------------------------------------


def note(database, *refused):
    with database.write() as unit:
        service.note_refusals(unit, DEFAULT_TENANT, refused)
        return unit.hints


def refused(address, now, reason=Reason.LOGIN, claimed="00D09E-G240-NV1", count=1):
    return Refused(address, claimed, reason, "as 'x'", count, now, now)


def test_same_refusal_again_raises_its_count(any_database, now):
    later = now + timedelta(seconds=9)
    assert {"kind": "refusal"} in note(any_database, refused("192.0.2.1", now, count=2))
    note(any_database, refused("192.0.2.1", later, count=3), refused("192.0.2.1", later, Reason.BLOCKED))
    with any_database.read() as session:
        rows = service.refusals(session, DEFAULT_TENANT)
        assert {(row.reason, row.count, row.first_at, row.last_at) for row in rows} == {
            ("login", 5, now, later),
            ("blocked", 1, later, later),
        }
        assert service.refusals_by_reason(session, DEFAULT_TENANT, now) == {"login": 5, "blocked": 1}


def test_refusals_are_found_by_address_identity_and_reason(any_database, now):
    note(any_database, refused("192.0.2.1", now), refused("198.51.100.1", now, Reason.TLS, ""))
    with any_database.read() as session:
        for given, addresses in (
            ({"q": "192."}, ["192.0.2.1"]),
            ({"q": "NV1"}, ["192.0.2.1"]),
            ({"reason": "tls"}, ["198.51.100.1"]),
            ({"q": "%"}, []),
        ):
            assert [row.address for row in service.refusals(session, DEFAULT_TENANT, **given)] == addresses


def test_only_the_newest_refusals_are_kept(any_database, now, monkeypatch):
    monkeypatch.setattr(service, "REFUSALS_KEPT", 5)
    for n in range(9):
        note(any_database, refused(f"192.0.2.{n}", now + timedelta(seconds=n)))
    with any_database.read() as session:
        assert [row.address for row in service.refusals(session, DEFAULT_TENANT)] == [f"192.0.2.{n}" for n in (8, 7, 6, 5, 4)]


def test_snapshot_is_all_a_worker_needs(any_database, actor, now):
    add(any_database, actor, now)
    register(any_database, actor, now, subject="CN=x")
    with any_database.read() as session:
        access = service.snapshot(session, DEFAULT_TENANT)
    assert (len(access.blocks), len(access.certificates)) == (1, 1)
