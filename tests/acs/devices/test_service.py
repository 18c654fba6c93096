"""The door to devices: found by every field, paged both ways, kept apart by tenant: acs/devices/service.py."""

from datetime import timedelta

import pytest
from sqlalchemy import event, select, text

from acs import audit
from acs.cwmp.identity import Identity
from acs.db.tenancy import DEFAULT_TENANT, TenantId
from acs.devices import service
from acs.devices.models import Device, DeviceEvent, DeviceTag, ParamBase, ParamDelta
from acs.devices.packing import Stored, Tree
from acs.devices.store import store_snapshot
from acs.devices.views import Presence
from acs.errors import Conflict, Invalid, NotFound, UnknownDevice
from acs.provisioning.plan import Trust
from acs.provisioning.procedure import Snapshot
from acs.secrets import MASK
from tests.acs.kit import add_device, store_values, value

HOUR = timedelta(hours=1)
PASSPHRASE = "Device.WiFi.AccessPoint.1.Security.KeyPassphrase"


def ask(database, call, *args, **given):
    with database.read() as session:
        return call(session, *args, **given)


def do(database, call, *args, **given):
    with database.write() as unit:
        return call(unit, *args, **given)


def serials(rows):
    return [row.serial_number for row in rows]


@pytest.fixture
def fleet(any_database, actor, now):
    """Five devices that differ in everything one can look for."""
    ids = {
        "NV-A1": add_device(any_database, "NV-A1", model="G240", software_version="1.0", address="192.0.2.1", last_inform_at=now, silent_at=now + HOUR),
        "NV-A2": add_device(any_database, "NV-A2", model="G240", software_version="1.1", address="192.0.2.2", last_inform_at=now, silent_at=now - HOUR),
        "NV-B1": add_device(any_database, "NV-B1", model="R110", software_version="1.1", wan_address="198.51.100.3"),
        "nv-b2": add_device(any_database, "nv-b2", model="R110", trust="quarantine", last_inform_at=now, silent_at=now + HOUR),
        "XX-1": add_device(any_database, "XX-1", product_class="ONT-4", trust="blocked", last_inform_at=now, silent_at=now + HOUR),
    }
    do(any_database, service.set_tags, actor, ids["NV-A1"], ["vip", "pilot"], now)
    do(any_database, service.set_tags, actor, ids["NV-B1"], ["pilot"], now)
    return ids


@pytest.fixture
def search(any_database, now):
    def find(tenant=1, **given):
        return ask(any_database, service.search, tenant, now, **given)

    return find


# ---- finding -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("q", "found"),
    [
        ("NV-A", ["NV-A1", "NV-A2"]), ("nv-a", ["NV-A1", "NV-A2"]), (" NV-A1 ", ["NV-A1"]), ("nv-b", ["NV-B1", "nv-b2"]), ("192.0.2.2", ["NV-A2"]),
        ("198.51.100.3", ["NV-B1"]), ("R110", ["NV-B1", "nv-b2"]), ("1.1", ["NV-A2", "NV-B1"]), ("pilot", ["NV-A1", "NV-B1"]), ("VIP", ["NV-A1"]),
        ("00D09E-G240-NV%2DA1", ["NV-A1"]), ("", ["NV-A1", "NV-A2", "NV-B1", "nv-b2", "XX-1"]), ("nothing", []), ("%", []), ("' OR 1=1", []),
    ],
)  # fmt: skip
def test_one_field_finds_by_everything_a_caller_may_name(fleet, search, q, found):
    assert serials(search(q=q)) == found


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({"tag": "pilot"}, ["NV-A1", "NV-B1"]), ({"model": "R110"}, ["NV-B1", "nv-b2"]), ({"version": "1.1"}, ["NV-A2", "NV-B1"]),
        ({"presence": "online"}, ["NV-A1"]), ({"presence": "silent"}, ["NV-A2"]), ({"presence": "never"}, ["NV-B1"]),
        ({"presence": "quarantine"}, ["nv-b2"]), ({"presence": "blocked"}, ["XX-1"]), ({"tag": "pilot", "model": "R110", "q": "NV"}, ["NV-B1"]),
    ],
)  # fmt: skip
def test_filters_narrow_together(fleet, search, given, found):
    assert serials(search(**given)) == found


def test_unknown_presence_is_refused_by_name(search):
    with pytest.raises(Invalid, match="'odd'") as caught:
        search(presence="odd")
    assert caught.value.field == "presence"


def test_lists_are_paged_by_key_both_ways(any_database, search):
    ids = [add_device(any_database, f"S{n}") for n in range(7)]

    def page(**given):
        return [row.id for row in search(limit=3, **given)]

    assert page() == ids[:3]
    assert page(after_id=ids[2]) == ids[3:6]
    assert page(after_id=ids[5]) == ids[6:]
    assert page(before_id=ids[6]) == ids[3:6]
    assert page(before_id=ids[1]) == ids[:1]


def test_row_of_a_list_has_what_the_list_shows(fleet, search, now):
    (row,) = search(q="NV-A1")
    assert (row.model, row.software_version, row.address, row.presence, row.tags) == ("G240", "1.0", "192.0.2.1", Presence.ONLINE, ("pilot", "vip"))
    assert not row.in_session
    assert search(q="NV-B1")[0].address == "198.51.100.3", "its own address before the one it came from"


def test_list_costs_two_queries_and_loads_no_tree(fleet, any_database, search):
    said = []
    event.listen(any_database.engine, "before_cursor_execute", lambda *given: said.append(given[2]))
    search()
    assert len([statement for statement in said if "FROM device" in statement]) == 2
    assert not [statement for statement in said if "packed" in statement or "FROM param_" in statement]


@pytest.mark.parametrize(
    "given",
    [
        {"q": "NV-A1"}, {"q": "192.0.2.1"}, {"tag": "pilot"}, {"model": "G240"}, {"version": "1.0"}, {"presence": "quarantine"}, {},
    ],
)  # fmt: skip
def test_search_goes_by_an_index(database, actor, now, given):
    """EXPLAIN on SQLite: no scan of the whole table, whatever is looked for."""
    with database.write() as unit:
        unit.session.add_all(
            Device(
                tenant_id=1, key=f"k{n}", oui="0", product_class="p", serial_number=f"S{n}", model=f"m{n % 20}", software_version=f"v{n % 9}",
                trust="admitted", address=f"10.0.{n}",
            )
            for n in range(400)
        )  # fmt: skip
        unit.session.execute(text("ANALYZE"))
    said = []
    event.listen(database.engine, "before_cursor_execute", lambda *call: said.append((call[2], call[3])))
    ask(database, service.search, 1, now, **given)
    plan = explained(database, *said[0])
    assert not [step for step in plan if step.startswith("SCAN device") and "INDEX" not in step], plan


def explained(database, statement, parameters):
    with database.engine.connect() as connection:
        return [row.detail for row in connection.exec_driver_sql("EXPLAIN QUERY PLAN " + statement, parameters)]


def test_devices_are_counted_by_presence(fleet, any_database, now):
    assert ask(any_database, service.counts, 1, now) == {
        Presence.ONLINE: 1, Presence.SILENT: 1, Presence.NEVER: 1, Presence.QUARANTINE: 1, Presence.BLOCKED: 1,
    }  # fmt: skip
    assert ask(any_database, service.models, 1) == ("G240", "ONT-4", "R110")


def test_device_is_found_by_id_key_or_serial(fleet, any_database):
    wanted = fleet["NV-A1"]
    for name in (str(wanted), "NV-A1", "00D09E-G240-NV%2DA1"):
        assert ask(any_database, service.find, 1, name) == wanted
    with pytest.raises(UnknownDevice, match="'NV-A'"):
        ask(any_database, service.find, 1, "NV-A")
    with pytest.raises(UnknownDevice):
        ask(any_database, service.find, 1, "9" * 40)


def test_odd_digits_are_no_number(database):
    with pytest.raises(UnknownDevice):
        ask(database, service.find, 1, "²")


def test_serial_that_several_have_is_not_guessed(any_database):
    add_device(any_database, "SAME", product_class="A")
    add_device(any_database, "SAME", product_class="B")
    with pytest.raises(Conflict, match="OUI-ProductClass-SerialNumber"):
        ask(any_database, service.find, 1, "SAME")


@pytest.mark.parametrize(
    ("columns", "presence"),
    [
        ({"trust": "quarantine"}, "never"), ({"trust": "quarantine", "heard": 0}, "quarantine"), ({"trust": "blocked"}, "blocked"), ({}, "never"),
        ({"heard": 0, "silent": 1}, "online"), ({"heard": 0, "silent": 0}, "silent"),
    ],
)  # fmt: skip
def test_presence_follows_from_trust_and_the_device_own_interval(any_database, now, columns, presence):
    known = {}
    if "heard" in columns:
        known["last_inform_at"] = now
    if "silent" in columns:
        known["silent_at"] = now + columns["silent"] * HOUR
    device_id = add_device(any_database, trust=columns.get("trust", "admitted"), **known)
    assert ask(any_database, service.get, 1, device_id, now).presence == presence


def test_session_that_outlived_its_time_is_none(any_database, now):
    device_id = add_device(any_database, session_token="t", session_until=now + HOUR)
    assert ask(any_database, service.get, 1, device_id, now).in_session
    assert not ask(any_database, service.get, 1, device_id, now + HOUR).in_session


# ---- parameters ----------------------------------------------------------------------------------------------------


@pytest.fixture
def known(any_database, vault, now):
    device_id = add_device(any_database)
    told = {"Device.WiFi.SSID.1.SSID": "home", "Device.WiFi.SSID.10.SSID": "guest", PASSPHRASE: "correct horse", "Device.DeviceInfo.UpTime": "7"}
    names = (("Device.WiFi.", False), ("Device.WiFi.SSID.", True), ("Device.WiFi.SSID.1.", True), ("Device.WiFi.SSID.1.SSID", True))
    values = tuple(value(name, text) for name, text in told.items())
    with any_database.write() as unit:
        store_snapshot(unit.connection, vault, 1, device_id, Snapshot("", names, values), now, "discover")
    return device_id


def test_secrets_are_masked_in_every_view(known, any_database):
    tree = ask(any_database, service.tree, 1, known)
    assert tree.values[PASSPHRASE].value == MASK
    (parameter,) = ask(any_database, service.parameters, 1, known, prefix="Device.WiFi.AccessPoint.")
    assert (parameter.value, parameter.secret) == (MASK, True)
    assert ask(any_database, service.parameters, 1, known, q="horse") == (), "a secret is not found by its value either"


def test_secret_is_revealed_to_whoever_asks_for_it_by_path(known, any_database, vault):
    assert ask(any_database, service.secret, vault, 1, known, PASSPHRASE) == "correct horse"
    with pytest.raises(NotFound):
        ask(any_database, service.secret, vault, 1, known, "Device.Users.User.1.Password")


def test_parameters_are_found_by_path_or_value_and_paged(known, any_database):
    def paths(**given):
        return [p.path for p in ask(any_database, service.parameters, 1, known, **given)]

    assert paths(q="SSID.1") == ["Device.WiFi.SSID.1.SSID", "Device.WiFi.SSID.10.SSID"]
    assert paths(q="HOME") == ["Device.WiFi.SSID.1.SSID"]
    everything = paths()
    assert paths(limit=2) == everything[:2]
    assert paths(limit=2, after=everything[1]) == everything[2:4]


def test_branch_shows_rows_by_number_then_objects_then_parameters():
    at = None
    stored = {f"Device.X.{n}.A": Stored("1", "int", at, "", True) for n in (1, 2, 10)} | {"Device.X.B": Stored("2", "int", at, "", True)}
    tree = Tree(stored, {"Device.X.": True, "Device.X.1.": True, "Device.X.2.": False, "Device.X.Empty.": True})
    rows = service.branch(tree, "Device.X.")
    assert [(r.name, r.is_object, r.count, r.can_add, r.can_delete) for r in rows] == [
        ("1", True, 1, False, True), ("2", True, 1, False, False), ("10", True, 1, False, False), ("Empty", True, 0, True, False),
        ("B", False, 0, False, False),
    ]  # fmt: skip
    assert [r.name for r in service.branch(tree, "")] == ["Device"]
    assert service.branch(tree, "")[0].count == 4


# ---- changing ------------------------------------------------------------------------------------------------------


def test_device_is_preregistered_with_its_tags_and_an_audit_line(any_database, actor, now):
    identity = Identity("00D09E", "G240", "NEW1")
    device_id = do(any_database, service.preregister, actor, identity, now, tags=["Pilot"])
    view = ask(any_database, service.get, 1, device_id, now)
    assert (view.key, view.trust, view.presence, view.tags, view.model) == ("00D09E-G240-NEW1", "admitted", "never", ("pilot",), "G240")
    assert [line.action for line in ask(any_database, audit.lines, 1, subject=f"device:{device_id}")] == ["device.preregister", "device.tags"]
    with pytest.raises(Conflict, match="known already"):
        do(any_database, service.preregister, actor, identity, now)


@pytest.mark.parametrize(("oui", "serial", "field"), [("00D09", "S", "oui"), ("00d09e", "S", "oui"), ("00D09E", "", "serial_number")])
def test_impossible_identity_is_refused_by_field(any_database, actor, now, oui, serial, field):
    with pytest.raises(Invalid) as caught:
        do(any_database, service.preregister, actor, Identity(oui, "P", serial), now)
    assert caught.value.field == field


def test_trust_is_changed_with_event_and_audit_and_wakes_who_was_admitted(database, actor, now):
    device_id = add_device(database, trust="quarantine")
    with database.write() as unit:
        service.set_trust(unit, actor, device_id, Trust.ADMITTED, now)
        assert unit.hints == [{"kind": "operation", "device": device_id, "urgent": True}]
    with database.write() as unit:
        service.set_trust(unit, actor, device_id, Trust.ADMITTED, now)
        assert unit.hints == [], "nothing changed"
    do(database, service.set_trust, actor, device_id, Trust.BLOCKED, now)
    assert [(e.code, e.detail) for e in ask(database, service.events, 1, device_id)] == [("blocked", "by user:anna"), ("admitted", "by user:anna")]
    lines = ask(database, audit.lines, 1, subject=f"device:{device_id}")
    assert [(line.before["trust"], line.after["trust"]) for line in lines] == [("admitted", "blocked"), ("quarantine", "admitted")]


def test_tags_are_replaced_trimmed_and_sorted(any_database, actor, now):
    device_id = add_device(any_database)
    assert do(any_database, service.set_tags, actor, device_id, [" VIP ", "a.b:c-d_1", "vip", ""], now) == ("a.b:c-d_1", "vip")
    assert do(any_database, service.set_tags, actor, device_id, ["vip", "new"], now) == ("new", "vip")
    assert do(any_database, service.set_tags, actor, device_id, ["new", "vip"], now) == ("new", "vip")
    assert len(ask(any_database, audit.lines, 1)) == 2, "what changes nothing leaves no line"
    assert do(any_database, service.set_tags, actor, device_id, [], now) == ()


@pytest.mark.parametrize("tag", ["with space", "ümlaut", "-dash", "x" * 40, "a,b"])
def test_word_that_cannot_be_a_tag_is_refused(database, actor, now, tag):
    with pytest.raises(Invalid) as caught:
        do(database, service.set_tags, actor, add_device(database), [tag], now)
    assert caught.value.field == "tags"


def test_note_is_kept_and_audited(any_database, actor, now):
    device_id = add_device(any_database)
    do(any_database, service.set_note, actor, device_id, "  moved to the attic " + "x" * 3000, now)
    assert ask(any_database, service.get, 1, device_id, now).note.startswith("moved to the attic")
    assert len(ask(any_database, service.get, 1, device_id, now).note) == 2000


def test_removed_device_leaves_nothing_but_its_audit_line(any_database, actor, vault, now, known):
    do(any_database, service.set_tags, actor, known, ["x"], now)
    do(any_database, service.set_trust, actor, known, Trust.BLOCKED, now)
    with any_database.write() as unit:
        store_values(unit.connection, vault, 1, known, [value("Device.A", "1")], now, "x")
    do(any_database, service.remove, actor, known, now)
    with pytest.raises(UnknownDevice):
        ask(any_database, service.get, 1, known, now)
    with any_database.read() as session:
        for model in (DeviceTag, DeviceEvent, ParamBase, ParamDelta):
            assert session.scalars(select(model)).all() == []
    assert ask(any_database, audit.lines, 1)[0].before == {"key": "00D09E-G240-NV1000001", "serial_number": "NV1000001"}


def test_rules_are_added_listed_and_removed(any_database, actor, now):
    rule_id = do(any_database, service.add_rule, actor, " Norvik ", "00d09e", " G240 ", "NV", now)
    (rule,) = ask(any_database, service.rules, 1)
    assert (rule.id, rule.name, rule.oui, rule.product_class, rule.serial_prefix) == (rule_id, "Norvik", "00D09E", "G240", "NV")
    with pytest.raises(Conflict):
        do(any_database, service.add_rule, actor, "Norvik", "", "X", "", now)
    do(any_database, service.remove_rule, actor, rule_id, now)
    assert ask(any_database, service.rules, 1) == ()
    assert [line.action for line in ask(any_database, audit.lines, 1)] == ["onboarding.remove_rule", "onboarding.add_rule"]


@pytest.mark.parametrize(("name", "oui", "field"), [("", "00D09E", "name"), ("x", "xyz", "oui"), ("x", "", "name")])
def test_rule_that_lets_everybody_in_must_say_so(database, actor, now, name, oui, field):
    with pytest.raises(Invalid) as caught:
        do(database, service.add_rule, actor, name, oui, "", "", now)
    assert caught.value.field == field
    do(database, service.add_rule, actor, "everything", "", "", "", now)


# ---- tenants -------------------------------------------------------------------------------------------------------


def test_devices_of_another_tenant_do_not_exist(any_database, other_actor, actor, vault, now, known):
    do(any_database, service.set_tags, actor, known, ["pilot"], now)
    rule_id = do(any_database, service.add_rule, actor, "everything", "", "", "", now)
    for call in (
        lambda s: service.get(s, 2, known, now), lambda s: service.find(s, 2, str(known)), lambda s: service.find(s, 2, "NV1000001"),
        lambda s: service.tree(s, 2, known), lambda s: service.parameters(s, 2, known), lambda s: service.secret(s, vault, 2, known, PASSPHRASE),
    ):  # fmt: skip
        with pytest.raises(NotFound), any_database.read() as session:
            call(session)
    for change in (
        lambda u: service.set_trust(u, other_actor, known, Trust.BLOCKED, now), lambda u: service.set_tags(u, other_actor, known, [], now),
        lambda u: service.set_note(u, other_actor, known, "x", now), lambda u: service.remove(u, other_actor, known, now),
        lambda u: service.remove_rule(u, other_actor, rule_id, now),
    ):  # fmt: skip
        with pytest.raises(NotFound):
            do(any_database, change)
    assert ask(any_database, service.search, 2, now) == ask(any_database, service.search, 2, now, q="pilot") == ()
    assert ask(any_database, service.models, 2) == ask(any_database, service.rules, 2) == ask(any_database, service.events, 2, known) == ()


def test_devices_of_another_tenant_are_not_counted(any_database, now):
    add_device(any_database)
    assert ask(any_database, service.counts, 2, now) == {}


# ---- upkeep --------------------------------------------------------------------------------------------------------


def test_silence_is_told_once_and_for_admitted_devices_only(any_database, now):
    silent = add_device(any_database, "S1", last_inform_at=now - HOUR, silent_at=now)
    add_device(any_database, "S2", last_inform_at=now, silent_at=now + HOUR)
    add_device(any_database, "S3", trust="quarantine", last_inform_at=now - HOUR, silent_at=now)
    assert do(any_database, service.newly_silent, now) == ((silent, "S1"),)
    assert do(any_database, service.newly_silent, now) == ()
    assert [e.code for e in ask(any_database, service.events, 1, silent)] == ["silent"]


def test_old_events_go_in_parts_and_young_ones_stay(any_database, now):
    device_id = add_device(any_database)
    with any_database.write() as unit:
        unit.session.add_all(DeviceEvent(tenant_id=1, device_id=device_id, at=now + n * HOUR, code="x", detail=str(n)) for n in range(6))
    assert do(any_database, service.delete_old_events, now + 4 * HOUR, limit=3) == 3
    assert do(any_database, service.delete_old_events, now + 4 * HOUR, limit=3) == 1
    assert [e.detail for e in ask(any_database, service.events, 1, device_id)] == ["5", "4"]
    assert [e.detail for e in ask(any_database, service.events, 1, device_id, limit=1)] == ["5"]


def test_a_large_fleet_is_looked_at_slice_by_slice(any_database, now):
    ids = [add_device(any_database, f"S{n}", last_inform_at=now, silent_at=now) for n in range(5)]
    with any_database.read() as session:
        found = [service.silent_within(session, now, *service.slice_of_fleet(session, turn, size=2)) for turn in range(3)]
        assert [len(each) for each in found] == [2, 2, 1]
        assert sorted(each for part in found for each in part) == ids
        assert service.slice_of_fleet(session, 3, size=2) == service.slice_of_fleet(session, 0, size=2)
        assert service.silent_within(session, now, *service.slice_of_fleet(session, 7)) == tuple(ids)


def test_heads_and_rows_come_in_the_order_asked_for(any_database, now):
    ids = [add_device(any_database, f"S{n}") for n in range(3)]
    wanted = [ids[2], 999, ids[0]]
    with any_database.read() as session:
        assert [row.id for row in service.rows(session, DEFAULT_TENANT, wanted, now)] == [ids[2], ids[0]]
        assert [head.id for head in service.heads(session, DEFAULT_TENANT, wanted, now)] == [ids[2], ids[0]]
        assert service.heads(session, TenantId(2), wanted, now) == ()
