"""Two devices become one and are taken apart again: nothing of their history is lost, and what is lost is said before."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from acs import audit
from acs.cwmp.messages import DeviceIdStruct
from acs.db.tenancy import DEFAULT_TENANT
from acs.devices import merging, service
from acs.devices.models import Device, DeviceAlias, DeviceCredential, DeviceEvent
from acs.errors import Conflict, Invalid, NotFound, UnknownDevice
from acs.operations import service as operations
from acs.operations.models import Operation
from acs.recorder.models import SessionRecord
from tests.acs.kit import add_device, head, inform, inform_in, informed, store_values, value

OLD = DeviceIdStruct("Norvik", "00D09E", "G240", "OLD1")
NEW = DeviceIdStruct("Norvik", "00D09E", "G240", "NEW1")
OLD_KEY, NEW_KEY = "00D09E-G240-OLD1", "00D09E-G240-NEW1"
HOUR = timedelta(hours=1)


@pytest.fixture
def pair(any_database, vault, actor, now):
    """A customer's device with a history, and the board it was replaced with, which spoke last."""
    old, new = (
        informed(any_database, vault, inform_in(inform("1 BOOT", device=device, version=version), at, login="none"), admit_all=True)[
            0
        ].device_id
        for device, version, at in ((OLD, "1.0.0", now - HOUR), (NEW, "2.0.0", now))
    )
    with any_database.write() as unit:
        for device, secret in ((old, "old secret"), (new, "new secret")):
            unit.session.add(
                DeviceCredential(device_id=device, tenant_id=1, username=f"u{device}", secret=vault.seal(secret), next_secret="")
            )
        store_values(unit.connection, vault, 1, old, [value("Device.X", "old")], now, "session")
        store_values(unit.connection, vault, 1, new, [value("Device.X", "new")], now, "session")
        service.set_tags(unit, actor, old, ["vip"], now)
        service.set_tags(unit, actor, new, ["spare"], now)
        for device in (old, new):
            unit.session.add(_record(device, 0, now))
        unit.session.add(_record(new, 5, now))
        operations.request(unit, actor, new, "reboot", {}, now)
    with any_database.write() as unit:
        for device in (old, new):
            unit.session.get(Device, device).session_token = None
    return old, new


def _record(device, slot, now):
    return SessionRecord(
        tenant_id=1,
        device_id=device,
        slot=slot,
        epoch=1,
        started_at=now,
        duration_ms=1,
        outcome="ok",
        events="",
        messages=0,
        size=0,
        body=b"",
    )


def merged(database, actor, now, survivor, absorbed):
    with database.write() as unit:
        return merging.merge(unit, actor, survivor, absorbed, "board replaced", now)


def rows_of(database, model, device):
    with database.read() as session:
        return session.scalar(select(func.count()).select_from(model).where(model.device_id == device))


def test_preview_says_what_goes_along_what_is_lost_and_changes_nothing(any_database, pair, now):
    old, new = pair
    with any_database.read() as session:
        preview = merging.preview(session, DEFAULT_TENANT, old, new, now)
    assert (preview.survivor.key, preview.absorbed.key, preview.survivor_speaks) == (OLD_KEY, NEW_KEY, False)
    assert preview.moved["operation"] == 1
    assert preview.moved["session_record"] == 1
    assert preview.lost["session_record"] == 1  # the slot is taken
    assert preview.lost["param_delta"] == 1
    assert preview.lost["device_credential"] == 1
    assert preview.cancelled == 1
    assert rows_of(any_database, Operation, new) == 1


def test_history_goes_along_and_the_state_is_that_of_who_spoke_last(any_database, vault, pair, actor, now):
    old, new = pair
    events = sum(rows_of(any_database, DeviceEvent, device) for device in pair)
    merged(any_database, actor, now, old, new)
    kept = head(any_database, old)
    assert (kept.key, kept.software_version, kept.inform_count, kept.first_seen_at) == (OLD_KEY, "2.0.0", 2, now - HOUR)
    assert rows_of(any_database, DeviceEvent, old) == events + 1
    assert rows_of(any_database, SessionRecord, old) == 2
    with any_database.read() as session:
        assert session.get(Device, new) is None
        assert vault.open(session.get(DeviceCredential, old).secret) == "new secret"
        assert service.tree(session, DEFAULT_TENANT, old).values["Device.X"].value == "new"
        assert service.get(session, DEFAULT_TENANT, old, now).tags == ("vip",)
        (operation,) = session.scalars(select(Operation))
        assert (operation.device_id, operation.state) == (old, "cancelled")
        assert session.get(DeviceAlias, NEW_KEY).device_id == old
        assert {line.subject for line in audit.lines(session, DEFAULT_TENANT) if line.action == "device.merge"} == {
            f"device:{old}",
            f"device:{new}",
        }


@pytest.mark.cwmp("A-102")
def test_both_identities_lead_to_the_one_device_from_then_on(any_database, vault, pair, actor, now):
    old, new = pair
    merged(any_database, actor, now, old, new)
    outs = [informed(any_database, vault, inform_in(inform(device=device), now + HOUR, login="none"))[0] for device in (OLD, NEW)]
    assert {out.device_id for out in outs} == {old}
    assert not any(out.is_new for out in outs)


def test_survivor_that_spoke_last_keeps_its_own_state(any_database, vault, pair, actor, now):
    old, new = pair
    merged(any_database, actor, now, new, old)
    assert head(any_database, new).software_version == "2.0.0"
    with any_database.read() as session:
        assert vault.open(session.get(DeviceCredential, new).secret) == "new secret"
        assert service.tree(session, DEFAULT_TENANT, new).values["Device.X"].value == "new"


@pytest.mark.parametrize("survivor_is_old", [True, False])
def test_undone_merge_gives_back_identity_login_tags_and_history(any_database, vault, pair, actor, now, survivor_is_old):
    survivor, absorbed = pair if survivor_is_old else pair[::-1]
    keys = {device: head(any_database, device).key for device in pair}
    before = {device: rows_of(any_database, DeviceEvent, device) for device in pair}
    number = merged(any_database, actor, now, survivor, absorbed)
    with any_database.write() as unit:
        assert merging.undo(unit, actor, number, now + HOUR) == absorbed
    assert {device: head(any_database, device).key for device in pair} == keys
    assert rows_of(any_database, DeviceEvent, absorbed) == before[absorbed]
    with any_database.read() as session:
        opened = {device: vault.open(session.get(DeviceCredential, device).secret) for device in pair}
        assert opened == {pair[0]: "old secret", pair[1]: "new secret"}
        assert service.get(session, DEFAULT_TENANT, pair[1], now).tags == ("spare",)
        assert session.get(DeviceAlias, keys[absorbed]) is None
        (view,) = merging.identity(session, DEFAULT_TENANT, survivor).merges
    assert view.undone_by == actor.name
    outs = [informed(any_database, vault, inform_in(inform(device=device), now + 2 * HOUR, login="none"))[0] for device in (OLD, NEW)]
    assert [out.device_id for out in outs] == list(pair)


def test_what_came_in_after_the_merge_stays_with_the_survivor(any_database, vault, pair, actor, now):
    old, new = pair
    number = merged(any_database, actor, now, old, new)
    informed(any_database, vault, inform_in(inform("1 BOOT", device=NEW), now + HOUR, login="none"))
    late = rows_of(any_database, DeviceEvent, old)
    with any_database.write() as unit:
        unit.session.get(Device, old).session_token = None
        merging.undo(unit, actor, number, now + 2 * HOUR)
    assert rows_of(any_database, DeviceEvent, old) + rows_of(any_database, DeviceEvent, new) == late + 1
    with any_database.read() as session:
        codes = session.execute(
            select(DeviceEvent.device_id, DeviceEvent.at).where(DeviceEvent.code == "1 BOOT", DeviceEvent.at == now + HOUR)
        ).all()
    assert [row.device_id for row in codes] == [old]


def test_merge_is_undone_once_and_not_over_a_device_that_came_back(any_database, vault, pair, actor, now):
    old, new = pair
    number = merged(any_database, actor, now, old, new)
    with any_database.write() as unit:
        merging.split(unit, actor, old, NEW_KEY, now)
    informed(any_database, vault, inform_in(inform(device=NEW), now + HOUR, login="none"))
    with pytest.raises(Conflict, match="again"), any_database.write() as unit:
        merging.undo(unit, actor, number, now)


def test_device_in_a_session_is_not_merged(any_database, vault, pair, actor, now):
    old, new = pair
    informed(any_database, vault, inform_in(inform(device=NEW), now, login="none"))
    with pytest.raises(Conflict, match="in a session"):
        merged(any_database, actor, now, old, new)


@pytest.mark.parametrize("reason", ["", "  "])
def test_merge_needs_a_reason_and_two_devices(any_database, pair, actor, now, reason):
    old, new = pair
    with pytest.raises(Invalid), any_database.write() as unit:
        merging.merge(unit, actor, old, new, reason, now)
    with pytest.raises(Invalid), any_database.write() as unit:
        merging.merge(unit, actor, old, old, "why", now)


def test_other_tenants_devices_are_neither_merged_nor_named(any_database, pair, other_actor, now):
    with pytest.raises(UnknownDevice), any_database.write() as unit:
        merging.merge(unit, other_actor, *pair, "mine", now)
    with pytest.raises(UnknownDevice), any_database.write() as unit:
        merging.add_alias(unit, other_actor, pair[0], "00D09E-G240-X", "mine", now)


# ---- aliases and splitting -------------------------------------------------------------------------------------


def test_split_makes_the_alias_a_device_of_its_own_at_its_next_contact(any_database, vault, actor, now):
    device = add_device(any_database, serial="OLD1")
    with any_database.write() as unit:
        merging.add_alias(unit, actor, device, NEW_KEY, "new board", now)
        merging.split(unit, actor, device, NEW_KEY, now)
    (out,) = informed(any_database, vault, inform_in(inform(device=NEW), now))
    assert out.is_new
    assert out.device_id != device


@pytest.mark.parametrize(
    ("key", "error"),
    [(OLD_KEY, Conflict), ("nonsense", Invalid), ("00D09E-A-B-C", Invalid), ("", Invalid), ("00D09E-G240-TWICE", Conflict)],
)
def test_alias_must_be_free_and_spelled_as_a_device_is(any_database, actor, now, key, error):
    device = add_device(any_database, serial="OLD1")
    with any_database.write() as unit:
        merging.add_alias(unit, actor, device, "00D09E-G240-TWICE", "twin", now)
    with pytest.raises(error), any_database.write() as unit:
        merging.add_alias(unit, actor, device, key, "why", now)


def test_only_an_alias_of_this_device_is_split_off(any_database, actor, now):
    device, other = add_device(any_database, serial="OLD1"), add_device(any_database, serial="OTHER")
    with any_database.write() as unit:
        merging.add_alias(unit, actor, device, NEW_KEY, "new board", now)
    with pytest.raises(NotFound), any_database.write() as unit:
        merging.split(unit, actor, other, NEW_KEY, now)
