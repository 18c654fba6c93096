"""From one device's showing to its model's entry: the rule, and what a person's word does to it. On both databases."""

from datetime import timedelta

import pytest
from sqlalchemy import event, select

from acs import audit
from acs.audit import Actor
from acs.db.tenancy import DEFAULT_TENANT
from acs.devices.models import DeviceEvent
from acs.provisioning.procedure import Learned
from acs.quirks import learning, service
from acs.quirks.models import QuirkSeen
from tests.acs.quirks.conftest import NOW

ANNA = Actor("user:anna", DEFAULT_TENANT)


def test_one_device_is_believed_at_once_and_its_model_from_the_third_on(models):
    models.device("D")
    assert models.shows("A", "read_batch", 40) == []
    assert (models.quirks("A").read_batch, models.quirks("D").read_batch) == (40, 100)
    (entry,) = models.entries()
    assert (entry.state, entry.origin, entry.devices, entry.scope) == ("proposed", "learned", 1, ("02A5C1", "Box", "1.2"))
    models.shows("B", "read_batch", 32)
    assert models.quirks("D").read_batch == 100
    assert models.shows("C", "read_batch", 50) == ["quirks"]
    (entry,) = models.entries()
    assert (entry.state, entry.devices, entry.value) == ("active", 3, 32)
    assert (models.quirks("D").read_batch, models.quirks("A").read_batch) == (32, 40)
    with models.database.read() as session:
        (line,) = audit.lines(session, DEFAULT_TENANT, "quirk:02A5C1 Box 1.2")
    assert (line.actor, line.action, line.before, line.after) == ("system:learning", "quirk.learned", {"read_batch": None}, {"read_batch": 32})


def test_the_same_device_three_times_is_one_device(models):
    for epoch in (1, 2, 3):
        models.shows("A", "deep_names_refused", True, epoch=epoch, at=NOW + timedelta(hours=epoch))
    (entry,) = models.entries()
    assert (entry.state, entry.devices) == ("proposed", 1)
    with models.database.read() as session:
        (seen,) = session.execute(select(QuirkSeen.count.label("times"), QuirkSeen.epoch, QuirkSeen.first_at, QuirkSeen.last_at))
    assert tuple(seen) == (3, 3, NOW + timedelta(hours=1), NOW + timedelta(hours=3))


def test_names_are_learned_one_by_one(models):
    for name in "ABC":
        models.shows(name, "refused_names", 9005, "Device.X.Y")
    models.shows("A", "refused_names", 9002, "Device.X.Z")
    assert [(e.item, e.state) for e in models.entries()] == [("Device.X.Y", "active"), ("Device.X.Z", "proposed")]
    assert models.quirks("B").of("refused_names", "Device.X.Y") == 9005
    assert models.quirks("B").of("refused_names", "Device.X.Z") is None


def test_what_a_device_takes_back_is_gone_and_its_entry_with_it(models):
    models.shows("A", "refused_names", 9005, "Device.X.Y")
    models.shows("A", "refused_names", None, "Device.X.Y")
    assert models.entries() == ()
    assert not models.is_odd("A")


def test_another_firmware_begins_anew(models):
    for name in "ABC":
        models.shows(name, "read_batch", 32)
    models.upgrade("A", "1.3")
    assert not models.is_odd("A")
    models.shows("A", "boot_s", 200)
    assert (models.quirks("A").boot_s, models.quirks("A").read_batch) == (200, 100)
    with models.database.write() as unit:
        assert service.expire(unit, NOW) == 1, "A's word about 1.2: B and C still run it"
    assert [(e.firmware, e.devices) for e in models.entries(knob="read_batch")] == [("1.2", 3)]


def test_what_nobody_runs_any_more_is_forgotten_but_not_what_a_person_decided(models):
    models.shows("A", "read_batch", 32)
    models.shows("A", "boot_s", 300)
    models.shows("A", "second_boot", True)
    by_knob = {e.knob: e.id for e in models.entries()}
    with models.database.write() as unit:
        service.change(unit, ANNA, by_knob["boot_s"], {"pinned": True}, NOW)
        service.change(unit, ANNA, by_knob["second_boot"], {"state": "off"}, NOW)
    models.upgrade("A", "9")
    with models.database.write() as unit:
        service.expire(unit, NOW)
    assert [e.knob for e in models.entries()] == ["boot_s", "second_boot"]


@pytest.mark.parametrize("change", [{"state": "off"}, {"pinned": True, "state": "active"}, {"value": 20}])
def test_learning_does_not_overrule_a_person(models, change):
    models.shows("A", "read_batch", 40)
    (entry,) = models.entries()
    with models.database.write() as unit:
        told = service.change(unit, ANNA, entry.id, change, NOW)
    for name in "BCD":
        models.shows(name, "read_batch", 30)
    (after,) = models.entries()
    assert (after.value, after.state, after.pinned, after.devices) == (told.value, told.state, told.pinned, 4)


def test_what_a_person_turned_off_is_off_for_the_device_that_showed_it_too(models):
    models.shows("A", "partial_reads_refused", True)
    (entry,) = models.entries()
    with models.database.write() as unit:
        service.change(unit, ANNA, entry.id, {"state": "off"}, NOW)
    assert not models.is_odd("A")


def test_a_device_that_names_no_firmware_or_model_speaks_for_itself_alone(models):
    models.shows("A", "boot_s", 60, version="")
    models.shows("B", "boot_s", 60, oui="", product_class="")
    assert models.entries() == ()
    assert models.quirks("A").boot_s == 60


def test_learning_many_things_at_once_is_one_line_of_history_and_few_statements(models):
    device_id = models.device("A")
    names = [Learned("refused_names", 9005, f"Device.X.{i}") for i in range(40)]
    count = []
    listener = lambda *_: count.append(1)  # noqa: E731
    event.listen(models.database.engine, "before_cursor_execute", listener)
    with models.database.write() as unit:
        learning.learn(unit, [(device_id, 1, NOW, names)])
    event.remove(models.database.engine, "before_cursor_execute", listener)
    assert len(count) <= 10
    assert len(models.entries()) == 40
    with models.database.read() as session:
        (line,) = session.execute(select(DeviceEvent.code, DeviceEvent.detail))
    assert (line.code, line.detail[:24]) == ("learned", "refused_names Device.X.0")


def test_nothing_learned_costs_nothing_and_a_device_that_is_gone_is_no_error(models):
    with models.database.write() as unit:
        learning.learn(unit, [])
        learning.learn(unit, [(4711, 1, NOW, [Learned("boot_s", 60)])])
    assert models.entries() == ()
