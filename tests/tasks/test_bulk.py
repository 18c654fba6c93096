"""Jobs that walk through many devices: tasks/bulk.py."""

from sqlalchemy import select, update

from acs import jobs
from acs.audit import Actor
from acs.bulk import service as bulk
from acs.bulk.views import BulkState, Deed, Selection, Wanted
from acs.db.tenancy import DEFAULT_TENANT
from acs.desired import service as desired
from acs.devices.models import Device, DeviceTag
from acs.finding import groups
from acs.finding import service as finding
from acs.jobs import Job
from acs.secrets import Vault
from tasks import bulk as work
from tasks import desired as _  # noqa: F401 - its jobs run here too
from tasks.app import run_job
from tests.acs.finding.fleet import seed

ANNA = Actor("user:anna", DEFAULT_TENANT)


def due(house) -> list[int]:
    with house.database.read() as session:
        return list(session.scalars(select(Job.id).where(Job.state == "due").order_by(Job.id)))


def test_a_deed_is_gone_on_with_by_another_job_until_all_is_done(house, monkeypatch) -> None:
    monkeypatch.setattr(work, "STINT_S", -1)
    monkeypatch.setattr(bulk, "CHUNK", 20)
    seed(house.database, house.now(), 100)
    with house.database.write() as unit:
        action = bulk.begin(unit, ANNA, Wanted(Deed.TAG, "new"), Selection(""), house.now(), Vault.of(house.settings.home))
    ran = 0
    while found := due(house):
        assert run_job(house, found[0]) == "done"
        ran += 1
    assert ran == 5
    with house.database.read() as session:
        view = bulk.get(session, DEFAULT_TENANT, action)
    assert (view.state, view.done) == (BulkState.DONE, 90)


def test_a_group_is_counted_to_the_last_device(house) -> None:
    fleet = seed(house.database, house.now(), 100)
    with house.database.write() as unit:
        group = groups.create(unit, ANNA, "weak light", house.now(), "rx < -20")
        first = jobs.enqueue(unit, DEFAULT_TENANT, "finding.count_group", {"group": group}, house.now(), "user:anna")
        second = jobs.enqueue(unit, DEFAULT_TENANT, "finding.count_group", {"group": 999}, house.now(), "user:anna")
    assert first is not None
    assert second is not None
    assert [run_job(house, each) for each in (first, second)] == ["done", "done"]
    query = finding.parse("rx < -20")
    with house.database.read() as session:
        assert finding.group(session, DEFAULT_TENANT, group).size == sum(1 for facts in fleet.facts.values() if query.on_head(facts))


def test_tallies_are_of_every_tenant(house) -> None:
    seed(house.database, house.now(), 100)
    with house.database.write() as unit:
        job = jobs.enqueue(unit, DEFAULT_TENANT, "finding.tally", {}, house.now(), "system:beat")
    assert job is not None
    assert run_job(house, job) == "done"
    with house.database.read() as session:
        assert [finding.tally(session, tenant, "presence").total for tenant in finding.tenants(session)] == [90, 10]


def test_devices_that_come_to_wear_a_tag_are_looked_at_by_the_profiles_again(house) -> None:
    """Their profile may be for that tag: at their next contact what should hold is worked out anew."""
    seed(house.database, house.now(), 30)
    vault = Vault.of(house.settings.home)
    with house.database.write() as unit:
        document = {"settings": [{"name": "wifi.2g.channel", "value": 6}]}
        desired.add(unit, ANNA, vault, {"name": "VIP", "selection": "tag:new", "enabled": True, "document": document}, house.now())
        unit.session.execute(update(Device).values(desired_key=""))
        bulk.begin(unit, ANNA, Wanted(Deed.TAG, "new"), Selection('model = "none such" or presence:online'), house.now(), vault)
    while found := due(house):
        assert run_job(house, found[0]) == "done"
    with house.database.read() as session:
        tagged = set(session.scalars(select(DeviceTag.device_id).where(DeviceTag.tag == "new")))
        marked = set(session.scalars(select(Device.id).where(Device.desired_key.is_(None))))
    assert tagged and tagged == marked
