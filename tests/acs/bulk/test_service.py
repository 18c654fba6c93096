"""One thing done to many: every device once, refusals kept, and never for more than it was said."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select

from acs import audit
from acs.audit import Actor
from acs.bulk import service as bulk
from acs.bulk.models import BulkAction
from acs.bulk.views import BulkState, Deed, Selection, Wanted
from acs.db.engine import Database
from acs.db.tenancy import DEFAULT_TENANT
from acs.devices import service as devices
from acs.devices.models import DeviceTag
from acs.errors import Conflict, Invalid, NotFound
from acs.finding import groups
from acs.finding import service as finding
from acs.jobs import Job
from acs.operations import service as operations
from acs.operations.models import Operation
from acs.secrets import Vault
from tests.acs.finding.fleet import seed
from tests.conftest import OTHER_TENANT


def begun(database: Database, actor: Actor, vault: Vault, now: datetime, wanted: Wanted, selection: Selection) -> int:
    with database.write() as unit:
        return bulk.begin(unit, actor, wanted, selection, now, vault, "tidy up")


def run(database: Database, vault: Vault, action: int, now: datetime) -> int:
    steps = 1
    while bulk.step(database, vault, action, now):
        steps += 1
    return steps


def tagged(database: Database, tag: str) -> set[int]:
    with database.read() as session:
        return set(session.scalars(select(DeviceTag.device_id).where(DeviceTag.tag == tag, DeviceTag.tenant_id == DEFAULT_TENANT)))


def test_a_tag_comes_to_all_that_fit_and_goes_again(
    any_database: Database, actor: Actor, vault: Vault, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "CHUNK", 20)
    fleet = seed(any_database, now, 200)
    weak = {each for each, facts in fleet.facts.items() if finding.parse("rx < -20").on_head(facts)}
    before = tagged(any_database, "vip")
    action = begun(any_database, actor, vault, now, Wanted(Deed.TAG, "VIP"), Selection("rx < -20"))
    assert run(any_database, vault, action, now) >= len(weak) // 20
    assert tagged(any_database, "vip") == before | weak
    with any_database.read() as session:
        view = bulk.get(session, DEFAULT_TENANT, action)
        assert (view.state, view.done, view.unchanged) == (BulkState.DONE, len(weak - before), len(weak & before))
        one = min(weak - before)
        assert audit.lines(session, DEFAULT_TENANT, f"device:{one}")[0].action == "device.tag"
    # what fits changes as it goes: each is met once all the same
    action = begun(any_database, actor, vault, now, Wanted(Deed.UNTAG, "vip"), Selection("tag:vip"))
    run(any_database, vault, action, now)
    assert tagged(any_database, "vip") == set()


def test_devices_are_put_into_a_group_and_taken_out(database: Database, actor: Actor, vault: Vault, now: datetime) -> None:
    seed(database, now, 50)
    with database.write() as unit:
        group = groups.create(unit, actor, "canaries", now)
    run(database, vault, begun(database, actor, vault, now, Wanted(Deed.JOIN, str(group)), Selection(device_ids=(3, 4, 10, 99))), now)
    with database.read() as session:
        assert finding.page(session, DEFAULT_TENANT, finding.parse("group:canaries"), now).ids == (3, 4)
    run(database, vault, begun(database, actor, vault, now, Wanted(Deed.LEAVE, str(group)), Selection("group:canaries")), now)
    with database.read() as session:
        assert groups.get(session, DEFAULT_TENANT, group).size == 0


@pytest.mark.feature("U-57")
def test_the_same_operation_is_asked_of_one_device_and_of_a_saved_group(database: Database, actor: Actor, vault: Vault, now: datetime) -> None:
    fleet = seed(database, now, 60)
    members = list(fleet.facts)[:20]
    with database.write() as unit:
        group = groups.create(unit, actor, "canaries", now)
        groups.add_members(unit, actor, group, members, now)
        admitted = [each for each in members if fleet.facts[each]["trust"] == "admitted"]
        alone = operations.request(unit, actor, devices.DeviceId(admitted[0]), "reboot", {}, now)
    action = begun(database, actor, vault, now, Wanted(Deed.OPERATION, "reboot"), Selection("group:canaries"))
    run(database, vault, action, now)
    with database.read() as session:
        view = bulk.get(session, DEFAULT_TENANT, action)
        rows = session.execute(select(Operation.id, Operation.device_id, Operation.kind, Operation.state).order_by(Operation.id)).all()
    assert {row.device_id for row in rows} == set(admitted)
    assert {(row.kind, row.state) for row in rows} == {("reboot", "queued")}
    assert rows[0].id == alone
    assert view.operations == {"queued": len(admitted)}
    assert view.done == len(admitted)
    assert {device for device, _why in view.refusals} == set(members) - set(admitted)
    assert all("admit it first" in why for _device, why in view.refusals)


def test_a_secret_that_is_written_to_many_lies_sealed(database: Database, actor: Actor, vault: Vault, now: datetime) -> None:
    seed(database, now, 30)
    values = [["Device.Users.User.1.Password", "open sesame", "string"]]
    action = begun(database, actor, vault, now, Wanted(Deed.OPERATION, "write", {"values": values}), Selection("presence:online"))
    run(database, vault, action, now)
    with database.read() as session:
        row = session.get(BulkAction, action)
        assert row is not None
        assert "open sesame" not in str(row.args)
        assert "open sesame" not in str(list(session.scalars(select(Operation.args))))
        assert row.done > 0


def test_what_is_run_twice_is_done_once(database: Database, actor: Actor, vault: Vault, now: datetime) -> None:
    seed(database, now, 30)
    action = begun(database, actor, vault, now, Wanted(Deed.OPERATION, "discover"), Selection("trust = admitted"))
    for _ in range(3):
        bulk.step(database, vault, action, now)
    run(database, vault, action, now)
    assert not bulk.step(database, vault, action, now)
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(Operation)) == bulk.get(session, DEFAULT_TENANT, action).done


def test_an_operation_for_very_many_is_sent_to_campaigns(
    database: Database, actor: Actor, vault: Vault, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    seed(database, now, 60)
    monkeypatch.setattr(bulk, "OPERATIONS_MAX", 20)
    with database.write() as unit:
        told = bulk.preview(unit.session, DEFAULT_TENANT, Wanted(Deed.OPERATION, "reboot"), Selection(""), now)
        assert "make it a campaign" in told.refused
        assert len(told.sample) == 10
        with pytest.raises(Conflict, match="make it a campaign"):
            bulk.begin(unit, actor, Wanted(Deed.OPERATION, "reboot"), Selection(""), now, vault)
        assert bulk.preview(unit.session, DEFAULT_TENANT, Wanted(Deed.TAG, "all"), Selection(""), now).refused == ""


def test_what_makes_no_sense_is_refused_and_leaves_nothing(database: Database, actor: Actor, vault: Vault, now: datetime) -> None:
    seed(database, now, 20)
    with database.write() as unit:
        rule = groups.create(unit, actor, "rule", now, "tag:x")
        cases = (
            (Wanted(Deed.TAG, "no blanks"), Selection("tag:vip"), Invalid, "cannot be a tag"),
            (Wanted(Deed.OPERATION, "ping"), Selection("tag:vip"), Invalid, "not asked of many"),
            (Wanted(Deed.OPERATION, "inform_interval", {"interval_s": 1}), Selection("tag:vip"), Invalid, "interval_s"),
            (Wanted(Deed.JOIN, "x"), Selection("tag:vip"), Invalid, "not the number"),
            (Wanted(Deed.JOIN, "77"), Selection("tag:vip"), NotFound, "no group 77"),
            (Wanted(Deed.JOIN, str(rule)), Selection("tag:vip"), Conflict, "by its query"),
            (Wanted(Deed.TAG, "x"), Selection("tag:nobody"), Conflict, "No device fits"),
            (Wanted(Deed.TAG, "x"), Selection("modle = x"), Invalid, "no field"),
            (Wanted(Deed.TAG, "x"), Selection(device_ids=tuple(range(1, 1002))), Invalid, "At most 1000"),
        )
        for wanted, selection, error, said in cases:
            with pytest.raises(error, match=said):
                bulk.begin(unit, actor, wanted, selection, now, vault)
        assert bulk.listed(unit.session, DEFAULT_TENANT) == ()
        assert unit.session.scalar(select(func.count()).select_from(Job)) == 0


def test_who_goes_no_further_leaves_the_rest(
    database: Database, actor: Actor, other_actor: Actor, vault: Vault, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "CHUNK", 5)
    seed(database, now, 60)
    action = begun(database, actor, vault, now, Wanted(Deed.TAG, "new"), Selection(""))
    bulk.step(database, vault, action, now)
    with database.write() as unit:
        with pytest.raises(NotFound):
            bulk.cancel(unit, other_actor, action, now)
        bulk.cancel(unit, actor, action, now + timedelta(seconds=1))
    assert not bulk.step(database, vault, action, now)
    assert len(tagged(database, "new")) == 5
    with database.read() as session:
        assert bulk.get(session, DEFAULT_TENANT, action).state is BulkState.CANCELLED
        assert bulk.listed(session, OTHER_TENANT) == ()


def test_a_deed_whose_group_is_gone_fails_and_says_so(database: Database, actor: Actor, vault: Vault, now: datetime) -> None:
    seed(database, now, 30)
    with database.write() as unit:
        group = groups.create(unit, actor, "rule", now, "trust = admitted")
    action = begun(database, actor, vault, now, Wanted(Deed.TAG, "x"), Selection("group:rule"))
    with database.write() as unit:
        groups.remove(unit, actor, group, now)
    run(database, vault, action, now)
    with database.read() as session:
        view = bulk.get(session, DEFAULT_TENANT, action)
    assert view.state is BulkState.FAILED
    assert "no group “rule”" in view.error
