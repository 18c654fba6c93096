"""What a batch of Informs does to the store: identity, admission, enrolment, epochs, events: acs/devices/informs.py."""

import threading
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import event, func, select

from acs.cwmp.identity import identity_of
from acs.cwmp.messages import DeviceIdStruct, EventStruct, Inform
from acs.devices import service
from acs.devices.informs import apply_informs, end_sessions, fenced, use_next_secret
from acs.devices.models import Device, DeviceCredential, DeviceEvent
from acs.devices.store import silent_after
from acs.provisioning.plan import Trust
from tests.acs.kit import NORVIK, add_device, head, inform, inform_in, informed, value

OTHER = DeviceIdStruct("Halden", "0019CB", "ONT-4", "H77")
SECOND = timedelta(seconds=1)


def events_of(database, device_id):
    with database.read() as session:
        return [(row.code, row.detail) for row in session.scalars(select(DeviceEvent).where(DeviceEvent.device_id == device_id).order_by(DeviceEvent.id))]


def give_credential(database, vault, device_id, secret="own", next_secret=""):
    with database.write() as unit:
        sealed = [vault.seal(text) if text else "" for text in (secret, next_secret)]
        unit.session.add(DeviceCredential(device_id=device_id, tenant_id=1, username="u", secret=sealed[0], next_secret=sealed[1]))


def add_rule(database, actor, now, name="all Norviks", **fits):
    with database.write() as unit:
        return service.add_rule(unit, actor, name, fits.get("oui", ""), fits.get("product_class", ""), fits.get("serial_prefix", ""), now)


# ---- first contact -------------------------------------------------------------------------------------------------


@pytest.mark.feature("U-64")
def test_unknown_device_is_recorded_in_quarantine(any_database, vault, now):
    (out,) = informed(any_database, vault, inform_in(inform("0 BOOTSTRAP", "1 BOOT"), now))
    assert (out.is_new, out.trust, out.admitted_now, out.quarantined_now, out.has_tree) == (True, Trust.QUARANTINE, False, True, False)
    row = head(any_database, out.device_id)
    assert (row.key, row.oui, row.product_class, row.serial_number, row.manufacturer) == ("00D09E-G240-NV1000001", "00D09E", "G240", "NV1000001", "Norvik")
    assert (row.software_version, row.hardware_version, row.root, row.address) == ("1.0.0", "A1", "Device", "192.0.2.20")
    assert (row.first_seen_at, row.last_inform_at, row.last_boot_at, row.last_bootstrap_at, row.inform_count) == (now, now, now, now, 1)
    assert events_of(any_database, out.device_id) == [
        ("0 BOOTSTRAP", ""), ("1 BOOT", ""), ("quarantined", "with the onboarding secret, from 192.0.2.20"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "fits", [{"oui": "00D09E"}, {"product_class": "G240"}, {"serial_prefix": "NV1"}, {"oui": "00D09E", "product_class": "G240", "serial_prefix": "NV"}]
)
def test_rule_lets_a_device_in_that_proved_the_onboarding_secret(any_database, vault, actor, now, fits):
    add_rule(any_database, actor, now, **fits)
    (out,) = informed(any_database, vault, inform_in(inform(), now))
    assert (out.trust, out.admitted_now) == (Trust.ADMITTED, True)
    assert events_of(any_database, out.device_id) == [("admitted", "by rule")]


@pytest.mark.parametrize("fits", [{"oui": "AAAAAA"}, {"product_class": "G2"}, {"serial_prefix": "NV2"}, {"oui": "00D09E", "serial_prefix": "X"}])
def test_rule_that_does_not_fit_lets_nobody_in(any_database, vault, actor, now, fits):
    add_rule(any_database, actor, now, **fits)
    assert informed(any_database, vault, inform_in(inform(), now))[0].trust is Trust.QUARANTINE


def test_rule_is_for_the_onboarding_secret_only_and_for_its_tenant(any_database, vault, actor, other_actor, now):
    add_rule(any_database, other_actor, now, oui="00D09E")
    assert informed(any_database, vault, inform_in(inform(), now))[0].trust is Trust.QUARANTINE
    add_rule(any_database, actor, now, oui="00D09E")
    assert informed(any_database, vault, inform_in(inform(device=OTHER), now, login="none"))[0].trust is Trust.QUARANTINE


@pytest.mark.parametrize("prefix", ["NV_000", "%001", "nv1"])
def test_prefix_of_a_rule_is_taken_letter_by_letter(database, vault, actor, now, prefix):
    add_rule(database, actor, now, serial_prefix=prefix)
    assert informed(database, vault, inform_in(inform(), now))[0].trust is Trust.QUARANTINE


def test_laboratory_admits_everybody(any_database, vault, now):
    (out,) = informed(any_database, vault, inform_in(inform(), now, login="none"), admit_all=True)
    assert (out.trust, out.admitted_now) == (Trust.ADMITTED, True)


@pytest.mark.feature("U-64")
def test_preregistered_device_is_let_in_at_its_first_contact(any_database, vault, actor, now):
    with any_database.write() as unit:
        device_id = service.preregister(unit, actor, identity_of(NORVIK), now)
    (out,) = informed(any_database, vault, inform_in(inform(), now))
    assert (out.device_id, out.is_new, out.trust, out.quarantined_now) == (device_id, False, Trust.ADMITTED, False)
    assert head(any_database, device_id).first_seen_at == now


def test_device_waits_in_quarantine_until_a_rule_is_made(any_database, vault, actor, now):
    informed(any_database, vault, inform_in(inform(), now))
    (again,) = informed(any_database, vault, inform_in(inform(), now + SECOND))
    assert (again.trust, again.quarantined_now, again.is_new) == (Trust.QUARANTINE, False, False)
    add_rule(any_database, actor, now, oui="00D09E")
    assert informed(any_database, vault, inform_in(inform(), now + 2 * SECOND))[0].admitted_now


def test_blocked_device_stays_blocked(any_database, vault, actor, now):
    device_id = add_device(any_database, trust="blocked")
    add_rule(any_database, actor, now, oui="00D09E")
    assert informed(any_database, vault, inform_in(inform(), now))[0].trust is Trust.BLOCKED
    assert head(any_database, device_id).trust == "blocked"


# ---- enrolling again -----------------------------------------------------------------------------------------------


def test_admitted_device_with_a_login_of_its_own_that_comes_with_the_onboarding_secret_is_quarantined(any_database, vault, now):
    """It was reset, or it is somebody else: the enrolling rule decides."""
    device_id = add_device(any_database)
    give_credential(any_database, vault, device_id)
    (out,) = informed(any_database, vault, inform_in(inform("0 BOOTSTRAP"), now))
    assert (out.trust, out.quarantined_now) == (Trust.QUARANTINE, True)
    assert [code for code, _ in events_of(any_database, device_id)] == ["0 BOOTSTRAP", "quarantined"]


@pytest.mark.parametrize("because", ["rule", "preregistered", "no secret yet"])
def test_reset_device_is_enrolled_again_by_the_same_rule(any_database, vault, actor, now, because):
    device_id = add_device(any_database, preregistered=because == "preregistered")
    give_credential(any_database, vault, device_id, secret="" if because == "no secret yet" else "own")
    if because == "rule":
        add_rule(any_database, actor, now, oui="00D09E")
    (out,) = informed(any_database, vault, inform_in(inform("0 BOOTSTRAP"), now))
    assert (out.trust, out.quarantined_now) == (Trust.ADMITTED, False)


@pytest.mark.parametrize("login", ["own", "next", "shared"])
def test_device_that_proves_itself_stays_admitted(any_database, vault, now, login):
    give_credential(any_database, vault, add_device(any_database))
    assert informed(any_database, vault, inform_in(inform("0 BOOTSTRAP"), now, login=login))[0].trust is Trust.ADMITTED


def test_new_secret_that_was_used_takes_the_place_of_the_old(any_database, vault, now):
    ids = [add_device(any_database, serial) for serial in ("NV1", "NV2")]
    give_credential(any_database, vault, ids[0], "old", "new")
    give_credential(any_database, vault, ids[1], "only", "")
    with any_database.write() as unit:
        use_next_secret(unit.connection, ids, now)
    with any_database.read() as session:
        kept = [(vault.open(row.secret), row.next_secret) for row in session.scalars(select(DeviceCredential).order_by(DeviceCredential.device_id))]
    assert kept == [("new", ""), ("only", "")]


# ---- what an Inform changes ----------------------------------------------------------------------------------------


def test_inform_keeps_what_it_does_not_say(any_database, vault, now):
    device_id = add_device(any_database, software_version="9", hardware_version="H", manufacturer="M", wan_address="198.51.100.1", root="Device")
    bare = Inform(DeviceIdStruct("", "00D09E", "G240", "NV1000001"), (EventStruct("2 PERIODIC", ""),), 1, "", 0, ())
    informed(any_database, vault, inform_in(bare, now))
    row = head(any_database, device_id)
    assert (row.software_version, row.hardware_version, row.manufacturer, row.wan_address, row.root) == ("9", "H", "M", "198.51.100.1", "Device")


@pytest.mark.parametrize(
    "path", ["InternetGatewayDevice.WANDevice.1.WANConnectionDevice.1.WANPPPConnection.1.ExternalIPAddress", "Device.IP.Interface.2.IPv4Address.1.IPAddress"]
)
def test_address_of_the_line_is_taken_from_the_inform(any_database, vault, now, path):
    (out,) = informed(any_database, vault, inform_in(inform(more=[value(path, "203.0.113.9")]), now))
    assert head(any_database, out.device_id).wan_address == "203.0.113.9"


def test_device_that_speaks_is_not_silent_any_more(any_database, vault, now):
    device_id = add_device(any_database, inform_interval_s=300, silent_told=True, silent_at=now)
    informed(any_database, vault, inform_in(inform(), now + 60 * SECOND))
    row = head(any_database, device_id)
    assert (row.silent_at, row.silent_told) == (silent_after(now + 60 * SECOND, 300), False)


def test_plain_contacts_leave_no_event_rows(any_database, vault, now):
    device_id = add_device(any_database)
    informed(any_database, vault, inform_in(inform("2 PERIODIC", "6 CONNECTION REQUEST"), now))
    assert events_of(any_database, device_id) == []


def test_events_are_told_with_what_they_are_about(any_database, vault, now):
    device_id = add_device(any_database)
    changed = inform("4 VALUE CHANGE", more=[value(f"Device.A{n}", "x") for n in range(5)])
    transfer = Inform(NORVIK, (EventStruct("7 TRANSFER COMPLETE", ""), EventStruct("M Download", "hl01")), 1, "", 0, ())
    informed(any_database, vault, inform_in(changed, now))
    informed(any_database, vault, inform_in(transfer, now + SECOND))
    assert events_of(any_database, device_id) == [("4 VALUE CHANGE", "Device.A2, Device.A3, Device.A4"), ("7 TRANSFER COMPLETE", ""), ("M Download", "hl01")]


def test_overlong_words_of_a_device_are_cut_not_refused(any_database, vault, now):
    huge = DeviceIdStruct("M" * 200, "00D09E", "P" * 100, "S" * 100)
    values = (value("Device.DeviceInfo.SoftwareVersion", "v" * 500), value("Device.ManagementServer.ParameterKey", "k" * 99))
    message = Inform(huge, (EventStruct("X" * 200, "K" * 400),), 1, "", 0, values)
    (out,) = informed(any_database, vault, inform_in(message, now))
    row = head(any_database, out.device_id)
    assert [len(text) for text in (row.manufacturer, row.product_class, row.serial_number, row.software_version, row.parameter_key)] == [64, 64, 64, 64, 32]


# ---- sessions ------------------------------------------------------------------------------------------------------


def test_every_inform_takes_the_session_by_a_higher_epoch(any_database, vault, now):
    outs = [informed(any_database, vault, inform_in(inform(), now + n * SECOND, token=f"t{n}"))[0] for n in range(3)]
    assert [out.epoch for out in outs] == [1, 2, 3]
    assert [out.was_in_session for out in outs] == [False, True, True]
    row = head(any_database, outs[0].device_id)
    assert (row.epoch, row.session_token, row.session_until) == (3, "t2", now + 32 * SECOND)


def test_two_informs_of_one_device_in_a_batch_both_count_and_the_later_holds_the_session(any_database, vault, now):
    first, second = informed(any_database, vault, inform_in(inform(), now, token="a"), inform_in(inform(version="1.1"), now + SECOND, token="b"))
    assert (first.device_id, first.epoch, second.epoch) == (second.device_id, 1, 2)
    assert (first.is_new, second.is_new) == (True, False)
    row = head(any_database, first.device_id)
    assert (row.epoch, row.session_token, row.inform_count, row.software_version) == (2, "b", 2, "1.1")


def test_what_the_first_inform_of_a_batch_told_outlives_the_second(database, vault, now):
    informed(database, vault, inform_in(inform("1 BOOT"), now), inform_in(inform("2 PERIODIC"), now + SECOND))
    with database.read() as session:
        assert session.scalar(select(Device.last_boot_at)) == now


def test_session_that_lost_its_device_cannot_end_the_newer_one(any_database, vault, now):
    (old,) = informed(any_database, vault, inform_in(inform(), now, token="old"))
    (new,) = informed(any_database, vault, inform_in(inform(), now + SECOND, token="new"))
    with any_database.write() as unit:
        assert fenced(unit.connection, [(old.device_id, old.epoch)]) == {old.device_id}
        assert fenced(unit.connection, [(new.device_id, new.epoch)]) == set()
        end_sessions(unit.connection, [(old.device_id, old.epoch)])
    assert head(any_database, old.device_id).session_token == "new"
    with any_database.write() as unit:
        end_sessions(unit.connection, [(new.device_id, new.epoch)])
        assert fenced(unit.connection, []) == set()
    assert head(any_database, old.device_id).session_token is None


def test_device_that_was_removed_has_lost_its_session(any_database):
    with any_database.write() as unit:
        assert fenced(unit.connection, [(999, 1)]) == {999}


def test_batch_costs_the_same_statements_however_many_devices_it_has(any_database, vault, now):
    """And reads the head rows alone, whatever is stored beside them."""
    works = [inform_in(inform(device=DeviceIdStruct("N", "00D09E", "G240", f"S{n}")), now, login="own") for n in range(40)]
    informed(any_database, vault, *works)
    said: list[str] = []
    event.listen(any_database.engine, "before_cursor_execute", lambda *given: said.append(given[2]))

    def cost(count):
        said.clear()
        with any_database.write() as unit:
            apply_informs(unit.connection, vault, works[:count], False)
        return len(said)

    assert cost(2) == cost(40) <= 3
    assert not [statement for statement in said if "packed" in statement or "param_" in statement]
    with any_database.read() as session:
        assert session.scalar(select(func.count()).select_from(Device)) == 40


@pytest.mark.quirk("K-36")
def test_names_without_a_root_get_that_of_the_tree_once_it_is_known(database, vault, now):
    values = (value("DeviceInfo.SoftwareVersion", "7.1"), value("ManagementServer.ParameterKey", "k"))
    short = replace(inform("2 PERIODIC"), parameter_list=values)
    (out,) = informed(database, vault, inform_in(short, now))
    assert (out.root, out.software_version, out.parameter_key) == ("", "7.1", "k")
    with database.write() as unit:
        unit.session.get(Device, out.device_id).root = "Device"
    (out,) = informed(database, vault, inform_in(short, now + SECOND))
    assert (out.root, out.software_version) == ("Device", "7.1")
    assert [name for name, *_ in head(database, out.device_id).inform_values] == [
        "Device.DeviceInfo.SoftwareVersion",
        "Device.ManagementServer.ParameterKey",
    ]


@pytest.mark.quirk("K-36")
def test_a_name_without_a_root_among_others_is_put_below_theirs(database, vault, now):
    values = (value("DeviceInfo.HardwareVersion", "B"), value("InternetGatewayDevice.DeviceInfo.SoftwareVersion", "7.1"))
    mixed = replace(inform("2 PERIODIC"), parameter_list=values)
    (out,) = informed(database, vault, inform_in(mixed, now))
    assert (out.root, out.software_version, out.hardware_version) == ("InternetGatewayDevice", "7.1", "B")


@pytest.mark.parametrize(("later", "retry", "is_new"), [(60, 1, False), (60, 0, True), (3 * 3600, 1, True)])
def test_start_that_is_told_again_is_one_start(database, vault, now, later, retry, is_new):
    """A device repeats its events until a session ends well; RetryCount says that it does."""
    first = inform("1 BOOT")
    (out,) = informed(database, vault, inform_in(first, now))
    again = replace(first, retry_count=retry)
    informed(database, vault, inform_in(again, now + timedelta(seconds=later)))
    assert (head(database, out.device_id).last_boot_at == now) is not is_new


@pytest.mark.postgres
def test_two_workers_that_store_informs_of_one_device_at_once_give_it_two_epochs(postgres_database, vault, now):
    """The second waits until the first has committed: else both would hold the device under the same epoch."""
    (first,) = informed(postgres_database, vault, inform_in(inform(), now))
    epochs = []

    def other():
        epochs.append(informed(postgres_database, vault, inform_in(inform(), now + timedelta(seconds=2)))[0].epoch)

    waiting = threading.Thread(target=other)
    with postgres_database.write() as unit:
        (mine,) = apply_informs(unit.connection, vault, [inform_in(inform(), now + timedelta(seconds=1))], False)
        waiting.start()
        waiting.join(0.3)
        assert not epochs
    waiting.join(10)
    assert [first.epoch, mine.epoch, *epochs] == [1, 2, 3]
    assert head(postgres_database, first.device_id).inform_count == 3
