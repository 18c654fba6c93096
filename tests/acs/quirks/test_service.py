"""The registry as people and programs use it: set, change, remove, who sees what, files in and out."""

import tomllib

import pytest

from acs import audit
from acs.audit import Actor
from acs.db.tenancy import DEFAULT_TENANT
from acs.errors import Conflict, Invalid, NotFound, UnknownDevice
from acs.provisioning.quirks import KNOBS, DeviceQuirks, Shape
from acs.quirks import service
from tests.acs.quirks.conftest import NOW, Models
from tests.conftest import OTHER_TENANT

ANNA, BORIS = Actor("user:anna", DEFAULT_TENANT), Actor("user:boris", OTHER_TENANT)
BOX = {"oui": "02a5c1", "product_class": "Box", "knob": "read_batch", "value": 20}


@pytest.fixture
def models(database):
    return Models(database)


def add(models, actor=ANNA, **given):
    with models.database.write() as unit:
        return service.add(unit, actor, {**BOX, **given}, NOW), unit.hints


def lines(models):
    with models.database.read() as session:
        return [(line.action, line.before, line.after) for line in audit.lines(session, DEFAULT_TENANT)]


def test_what_is_set_by_hand_holds_for_every_device_that_fits_and_is_audited(models):
    models.device("A", "2.1")
    view, hints = add(models, firmware=">=2.0 <3", note="as the maker says")
    assert (view.oui, view.origin, view.author, view.state) == ("02A5C1", "hand", "user:anna", "active")
    assert hints == [{"kind": "quirks"}]
    assert models.quirks("A") == DeviceQuirks(read_batch=20)
    ((action, before, after),) = lines(models)
    assert (action, before, after["value"], after["note"]) == ("quirk.add", None, 20, "as the maker says")


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"oui": "02a5c"}, "oui"),
        ({"oui": "zzzzzz"}, "oui"), ({"oui": "", "product_class": "*"}, "product_class"), ({"product_class": "x" * 65}, "product_class"),
        ({"firmware": ">1 or so"}, "firmware"), ({"knob": "nothing"}, "knob"), ({"value": "many"}, "value"), ({"item": "Device.X"}, "item"),
        ({"knob": "refused_names", "value": 9005}, "item"), ({"state": "maybe"}, "state"), ({"note": "x" * 301}, "note"), ({"color": "red"}, "color"),
        ({"oui": 7}, "oui"),
    ],
)  # fmt: skip
def test_what_is_no_entry_is_refused_at_its_field(models, given, field):
    with pytest.raises(Invalid) as refused:
        add(models, **given)
    assert refused.value.field == field
    assert models.entries() == ()


def test_the_same_knob_for_the_same_devices_twice_is_a_conflict(models):
    add(models)
    with pytest.raises(Conflict, match="read_batch"):
        add(models, value=30)


def test_a_change_is_audited_with_before_and_after_and_no_change_leaves_no_line(models):
    view, _ = add(models)
    with models.database.write() as unit:
        service.change(unit, ANNA, view.id, {"value": 20}, NOW)
    with models.database.write() as unit:
        service.change(unit, ANNA, view.id, {"state": "off", "note": "no longer"}, NOW)
    (_, before, after), _added = lines(models)
    assert (before["state"], after["state"], after["note"]) == ("active", "off", "no longer")
    with models.database.write() as unit, pytest.raises(Invalid):
        service.change(unit, ANNA, view.id, {"oui": "000000"}, NOW)


def test_a_learned_value_that_a_person_changes_is_theirs(models):
    models.shows("A", "read_batch", 40)
    (entry,) = models.entries()
    with models.database.write() as unit:
        view = service.change(unit, ANNA, entry.id, {"value": 10, "pinned": True, "state": "active"}, NOW)
    assert (view.origin, view.author) == ("hand", "user:anna")
    assert models.quirks("A").read_batch == 10, "pinned counts before what the device taught us"


def test_removing_takes_the_evidence_along_so_that_it_may_be_learned_again(models):
    models.shows("A", "read_batch", 40)
    models.shows("A", "boot_s", 300)
    entry = next(e for e in models.entries() if e.knob == "read_batch")
    with models.database.write() as unit:
        service.remove(unit, ANNA, entry.id, NOW)
    assert models.quirks("A") == DeviceQuirks(boot_s=300)
    models.shows("A", "read_batch", 40)
    assert [e.knob for e in models.entries()] == ["boot_s", "read_batch"]


def test_evidence_is_of_the_devices_that_fit_the_latest_first(models):
    from datetime import timedelta

    for hours, name in enumerate("ABC"):
        models.shows(name, "read_batch", 40, at=NOW + timedelta(hours=hours), epoch=hours)
    models.shows("D", "read_batch", 40, product_class="Other")
    models.shows("E", "read_batch", 40, version="9")
    entry = next(e for e in models.entries() if e.product_class == "Box" and e.firmware == "1.2")
    with models.database.read() as session:
        seen = service.evidence(session, DEFAULT_TENANT, entry.id)
    assert [(one.serial_number, one.epoch) for one in seen] == [("C", 2), ("B", 1), ("A", 0)]


def test_a_device_knows_its_entries_and_what_it_taught_us(models):
    add(models, knob="needs_restart", value=True)
    add(models, oui="000000", knob="boot_s", value=60)
    models.shows("A", "read_batch", 40)
    with models.database.read() as session:
        knows = service.of_device(session, DEFAULT_TENANT, models.ids["A"])
    assert knows.quirks == DeviceQuirks(read_batch=40, needs_restart=True)
    assert sorted((e.knob, e.state) for e in knows.entries) == [("needs_restart", "active"), ("read_batch", "proposed")]
    assert [(one.knob, one.value) for one in knows.own] == [("read_batch", 40)]


def test_another_tenant_sees_and_changes_nothing(models):
    view, _ = add(models)
    models.device("A")
    with models.database.read() as session:
        assert service.listed(session, OTHER_TENANT) == ()
        with pytest.raises(NotFound):
            service.get(session, OTHER_TENANT, view.id)
        with pytest.raises(UnknownDevice):
            service.of_device(session, OTHER_TENANT, models.ids["A"])
    with models.database.write() as unit, pytest.raises(NotFound):
        service.change(unit, BORIS, view.id, {"state": "off"}, NOW)


def test_the_list_is_found_by_model_knob_and_state(models):
    add(models)
    add(models, product_class="Other_1", oui="", knob="boot_s", value=9, state="off")
    assert [e.knob for e in models.entries(q="oth")] == ["boot_s"]
    assert [e.knob for e in models.entries(q="02A5")] == ["read_batch"]
    assert models.entries(q="%") == ()
    assert [e.knob for e in models.entries(state="off")] == ["boot_s"]
    assert [e.knob for e in models.entries(knob="read_batch")] == ["read_batch"]


# ---- files -----------------------------------------------------------------------------------------------------


def value_of(knob):
    match knob.shape:
        case Shape.FLAG:
            return True
        case Shape.COUNT:
            return max(knob.low, 7)
        case Shape.CHOICE:
            return knob.choices[0]
    return knob.choices[0] if knob.choices else {"wrote": 'a "quoted" \\ text\n', "shows": "ü\x7f"} if knob.name == "not_kept" else 9005


def test_what_the_registry_says_of_a_model_is_read_knob_by_knob(models):
    add(models, knob="request_basic", value=True, firmware="1.*")
    add(models, knob="read_batch", value=7)
    models.shows("A", "boot_s", 90)
    with models.database.read() as session:

        def of(version, *knobs):
            return service.of_model(session, DEFAULT_TENANT, "02A5C1", "Box", version, knobs)

        assert of("1.2", "request_basic", "udp_sorted") == DeviceQuirks(request_basic=True)
        assert of("2.0", "request_basic") == DeviceQuirks()
        assert service.of_model(session, DEFAULT_TENANT + 1, "02A5C1", "Box", "1.2", ["request_basic"]) == DeviceQuirks()


def export(models):
    with models.database.read() as session:
        return service.export(session, DEFAULT_TENANT, NOW)


def import_(models, text, actor=ANNA, **given):
    with models.database.write() as unit:
        return [one.what for one in service.import_(unit, actor, text, NOW, **given)]


def test_every_knob_comes_back_from_its_file_as_it_was(models):
    for knob in KNOBS.values():
        item = {"scales": "optical.voltage_v", "inverted": "wifi.2g.enabled"}.get(
            knob.name, "Device.X.*.Y" if knob.shape is Shape.NAMES else ""
        )
        add(models, knob=knob.name, item=item, value=value_of(knob), firmware=">=1 <2", pinned=True, note='Ünder "quotes"\tand tabs')
    text = export(models)
    before = {(e.knob, e.item): e.value for e in models.entries()}
    assert import_(models, text) == ["same"] * len(KNOBS)
    with models.database.write() as unit:
        for entry in models.entries():
            service.remove(unit, ANNA, entry.id, NOW)
    assert import_(models, text) == ["new"] * len(KNOBS)
    assert {(e.knob, e.item): e.value for e in models.entries()} == before
    assert {(e.origin, e.pinned, e.firmware, e.note) for e in models.entries()} == {("import", True, ">=1 <2", 'Ünder "quotes"\tand tabs')}


def test_a_conflict_is_named_and_ours_stays_unless_the_file_is_to_count(models):
    add(models)
    text = export(models).replace("value = 20", "value = 33")
    with models.database.read() as session:
        (change,) = service.preview(session, DEFAULT_TENANT, text)
    assert (change.what, change.before.value, change.entry["value"]) == ("differs", 20, 33)
    assert import_(models, text) == ["differs"]
    assert models.entries()[0].value == 20
    import_(models, text, overwrite=True)
    assert models.entries()[0].value == 33


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("format = [", "no TOML"), ("format = 2", "format = 1"),
        ("format = 1\nquirk = 3", "tables"),
        ('format = 1\n[[quirk]]\nproduct_class = "Box"\nknob = "boot_s"\nvalue = 5\n[[quirk]]\nproduct_class = "Box"\nknob = "odd"\nvalue = 1', "Entry 2"),
        ('format = 1\n[[quirk]]\nproduct_class = "Box"\nknob = "boot_s"\nvalue = 5\n[[quirk]]\nproduct_class = "Box"\nknob = "boot_s"\nvalue = 6',
         "as entry 1"),
        ("#" + "x" * 2_100_000, "larger than 2 MiB"),
    ],
)  # fmt: skip
def test_a_file_that_is_wrong_anywhere_is_not_taken_in_at_all(models, text, told):
    with pytest.raises(Invalid, match=told):
        import_(models, text)
    assert models.entries() == ()


def test_what_is_known_of_the_field_can_be_taken_in_and_cites_its_evidence(models):
    text = service.field_text()
    done = import_(models, text, origin="seed")
    assert set(done) == {"new"}
    assert len(done) == len(tomllib.loads(text)["quirk"])
    assert all(e.note.startswith("K-") and e.origin == "seed" for e in models.entries())


def test_a_person_turns_a_seed_off_and_taking_it_in_again_does_not_turn_it_on(models):
    import_(models, service.field_text(), origin="seed")
    entry = models.entries()[0]
    with models.database.write() as unit:
        service.change(unit, ANNA, entry.id, {"state": "off"}, NOW)
    import_(models, service.field_text(), origin="seed")
    assert next(e for e in models.entries() if e.id == entry.id).state == "off"
