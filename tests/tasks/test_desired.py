"""Desired state in the background: tasks/desired.py."""

import importlib
from datetime import timedelta

from acs import jobs
from acs.audit import Actor
from acs.db.tenancy import DEFAULT_TENANT
from acs.desired import service
from acs.desired.models import DesiredDevice, DesiredProfile
from acs.devices.models import Device
from acs.operations import service as operations
from acs.secrets import Vault
from tasks import desired
from tasks.app import run_job
from tests.acs.kit import add_device

ANNA = Actor("user:anna", DEFAULT_TENANT)
DOCUMENT = {"settings": [{"name": "wifi.2g.channel", "value": 6}]}


def run(house, name, **args):
    importlib.reload(desired)  # other tests put their own works in place
    with house.database.write() as unit:
        job = jobs.enqueue(unit, DEFAULT_TENANT, name, args, house.now(), by="user:anna")
    assert run_job(house, job) == "done", house.job(job).error
    return house.job(job).progress


def profile(house, **given):
    with house.database.write() as unit:
        vault = Vault.of(house.settings.home)
        return service.add(unit, ANNA, vault, {"name": "Basic", "enabled": True, "document": DOCUMENT, **given}, house.now())


def keys(house):
    with house.database.read() as session:
        return [session.get(Device, n).desired_key for n in session.scalars(desired_ids())]


def desired_ids():
    from sqlalchemy import select

    return select(Device.id).order_by(Device.id)


def test_devices_of_a_selection_are_marked_and_let_go_when_no_profile_is_left(house):
    for n in range(3):
        add_device(house.database, f"A{n}", product_class="G240" if n else "R110")
    view = profile(house)
    assert run(house, "desired.mark", tenant=1, selection='model = "G240"', after=0) == "2 devices marked"
    assert keys(house) == ["", None, None]
    with house.database.write() as unit:
        service.remove(unit, ANNA, view.id, house.now())
    assert run(house, "desired.mark", tenant=1, selection="", after=0) == "no profile is in force: 2 devices let go"
    assert keys(house) == ["", "", ""]


def test_what_takes_long_goes_on_in_another_job(house, monkeypatch):
    profile(house)
    for n in range(201):
        add_device(house.database, f"A{n}")
    importlib.reload(desired)
    monkeypatch.setattr(desired.time, "monotonic", iter(range(0, 10_000, 500)).__next__)
    with house.database.write() as unit:
        job = jobs.enqueue(unit, DEFAULT_TENANT, "desired.mark", {"tenant": 1, "selection": "", "after": 0}, house.now(), by="user:anna")
    begun = house.now()
    view = jobs.JobView(job, "desired.mark", {"tenant": 1, "selection": "", "after": 0}, jobs.JobState.RUNNING, begun, 1, 5, "", "", begun, None, None, "x")
    assert desired.mark(house, view) == "200 devices marked so far"
    with house.database.read() as session:
        later = [j for j in jobs.listed(session, DEFAULT_TENANT) if j.name == "desired.mark" and j.id > job]
    assert later[0].args["after"] > 0


def test_a_report_is_made_and_repaired(house):
    profile(house)
    add_device(house.database, "A1", root="Device")
    with house.database.write() as unit:
        number = service.start_report(unit, ANNA, "", None, house.now())
    assert run(house, "desired.report", report=number) == "done"
    assert run(house, "desired.repair", report=number, after=0, by="user:anna", tenant=1) == "0 devices asked"


def test_a_device_is_compared_with_what_should_hold(house):
    assert run(house, "desired.check", device=99) == "nothing is wanted of it"


def test_profiles_come_in_force_at_their_time(house):
    profile(house, valid_from=house.now() + timedelta(days=1))
    assert run(house, "desired.dates") == "0 profiles put in force"
    with house.database.write() as unit:
        unit.session.get(DesiredProfile, 1).valid_from = house.now() - timedelta(seconds=1)
    assert run(house, "desired.dates") == "1 profiles put in force"


def test_the_hourly_look_marks_strays(house):
    profile(house, selection='model = "G240"')
    device = add_device(house.database, "A1", product_class="G240")
    assert run(house, "desired.reconcile") == "1 devices marked"
    assert run(house, "desired.reconcile") == "0 devices marked"
    with house.database.read() as session:
        assert session.get(DesiredDevice, device).state == "pending"
        assert operations.listed(session, DEFAULT_TENANT, house.now()) == ()
