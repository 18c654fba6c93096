"""Looking at devices, changing them, and what never leaves: over a real database, with simulated homes that were read."""

import pytest
from sqlalchemy import event

from acs import audit
from acs.audit import Actor
from acs.db.tenancy import DEFAULT_TENANT
from acs.errors import Conflict, Invalid, NotFound, UnknownDevice
from acs.operations.views import OperationState
from acs.quirks import service as registry
from acs.secrets import MASK
from care.security.permissions import Permission
from tests.acs.kit import store_values
from tests.care import samples
from tests.care.conftest import OTHER_TENANT

ANNA = Actor("user:anna", DEFAULT_TENANT)
QUERIES = 14


@pytest.mark.parametrize(
    ("model", "fault", "words"),
    [
        (samples.NORVIK, "wrong-dhcp-pool", "addresses of another network"),
        (samples.ROUTER_098, "wrong-dhcp-pool", "addresses of another network"),
        (samples.ONT, "weak-signal", "Too little light"),
        (samples.GATEWAY_098, "weak-signal", "Too little light"),
        (samples.NORVIK, "open-wifi", "has no password"),
        (samples.ROUTER_098, "open-wifi", "has no password"),
        (samples.NORVIK, "dhcp-disabled", "DHCP server is switched off"),
    ],
)
def test_planted_trouble_is_told_in_plain_words_for_both_data_models(services, home, model, fault, words):
    assert words in services.devices.look(DEFAULT_TENANT, home(model, 1, [fault])).verdict.sentence


@pytest.mark.parametrize("model", [samples.NORVIK, samples.ONT, samples.ROUTER_098, samples.GATEWAY_098])
def test_home_without_trouble_has_none(services, home, model):
    look = services.devices.look(DEFAULT_TENANT, home(model))
    assert {found.word for found in look.verdict.findings} <= {"Weak signal"}


@pytest.mark.quirk("K-44")
def test_meaning_a_model_turns_round_is_turned_back_when_shown_and_when_written(services, home):
    device_id = home(samples.NORVIK)
    name = "wifi.2g.ssid_advertised"
    plain = services.devices.known(DEFAULT_TENANT, device_id)[1].reading(name)
    with services.db.write() as unit:
        registry.add(unit, ANNA, {"product_class": "G240", "knob": "inverted", "item": name, "value": True}, services.clock())
    shown = services.devices.known(DEFAULT_TENANT, device_id)[1].reading(name)
    assert (shown.path, shown.value) == (plain.path, not plain.value)
    (write,) = services.devices.propose(ANNA, device_id, {name: plain.value}).writes
    assert write[:2] == (plain.path, "false" if plain.value else "true")


def test_firmware_older_than_the_library_is_told_and_newer_is_not(services, home):
    import io

    old = home(samples.NORVIK, 1, ["old-firmware"])
    new = home(samples.NORVIK, 2)
    services.firmware.upload(ANNA, io.BytesIO(b"image"), "norvik.bin", "3.2.4", "G240")
    assert "runs old firmware: 2.9.1, while 3.2.4" in services.devices.look(DEFAULT_TENANT, old).verdict.sentence
    assert services.devices.look(DEFAULT_TENANT, new).newer is None


def test_look_takes_few_queries_whatever_the_device_has(services, db, home, clock):
    device_id = home()
    samples.diagnosed(db, device_id, clock())
    services.operations.ask(ANNA, device_id, "read", {"paths": ["Device.DeviceInfo."]})
    seen: list[str] = []
    listener = lambda _c, _cursor, statement, *_rest: seen.append(statement)  # noqa: E731
    event.listen(db.engine, "before_cursor_execute", listener)
    try:
        services.devices.look(DEFAULT_TENANT, device_id)
    finally:
        event.remove(db.engine, "before_cursor_execute", listener)
    assert len([s for s in seen if s.startswith("SELECT")]) <= QUERIES - 3  # the page adds who reads, and its own list


def test_device_of_another_tenant_does_not_exist(services, home):
    device_id = home(tenant=OTHER_TENANT)
    for attempt in (
        lambda: services.devices.look(DEFAULT_TENANT, device_id),
        lambda: services.devices.change(ANNA, device_id, {"tags": ["mine"]}),
        lambda: services.devices.remove(ANNA, device_id),
        lambda: services.devices.propose(ANNA, device_id, {"wifi.2g.channel": 11}),
        lambda: services.devices.reveal(ANNA, device_id, "Device.WiFi.AccessPoint.1.Security.KeyPassphrase"),
        lambda: services.operations.ask(ANNA, device_id, "reboot", {}),
    ):
        with pytest.raises(UnknownDevice):
            attempt()


def test_named_operation_stays_in_view_after_it_ended(services, db, home, clock):
    device_id = home()
    over = samples.finished(db, device_id, "read", {"count": 3}, clock())
    look = services.devices.look(DEFAULT_TENANT, device_id, over)
    assert [op.id for op in look.shown] == [over]
    assert look.open_count == 0


def test_operation_of_another_device_is_not_shown(services, db, home, clock):
    other = samples.finished(db, home(number=2), "read", {}, clock())
    assert services.devices.look(DEFAULT_TENANT, home(), other).shown == ()


# ---- changes ---------------------------------------------------------------------------------------------------------


def test_proposal_says_old_and_new_and_what_people_will_notice(services, home):
    proposal = services.devices.propose(ANNA, home(), {"wifi.2g.ssid": "Birkenweg 4"})
    assert [(line.label, line.old, line.new) for line in proposal.lines] == [("2.4\xa0GHz Network name", "Sunflower", "Birkenweg 4")]
    assert "must join again" in proposal.effects[0]
    assert proposal.permission is Permission.WRITE_BASIC


@pytest.mark.cwmp("H-53")
def test_security_is_more_than_basic_and_goes_in_one_write(services, home):
    wanted = {"wifi.2g.security_mode": "wpa2", "wifi.2g.passphrase": "horse-battery"}
    proposal = services.devices.propose(ANNA, home(samples.ROUTER_098, 1, ["open-wifi"]), wanted)
    assert proposal.permission is Permission.WRITE_PARAMETERS
    assert {path.rpartition(".")[2] for path, _text, _type in proposal.writes} >= {"BeaconType", "IEEE11iEncryptionModes"}


def test_new_password_is_nowhere_in_clear_but_in_the_operation(services, db, home):
    device_id = home()
    proposal = services.devices.propose(ANNA, device_id, {"wifi.2g.passphrase": "correct-horse"})
    assert proposal.lines[0].new == MASK
    assert "correct-horse" not in services.devices.seal(proposal)
    services.devices.apply(ANNA, services.devices.opened(ANNA, device_id, services.devices.seal(proposal)))
    with db.read() as session:
        told = repr(audit.lines(session, DEFAULT_TENANT, f"device:{device_id}"))
    assert "correct-horse" not in told
    assert "correct-horse" not in repr(services.operations.listed(DEFAULT_TENANT, device_id))


@pytest.mark.parametrize(
    ("wanted", "words"),
    [({"wifi.2g.channel": 36}, "Channel"), ({"wifi.2g.passphrase": "short"}, "at least 8"), ({"dhcp.min_address": "banana"}, "IP address"),
     ({"system.model": "x"}, "can only be read")],
)  # fmt: skip
def test_value_that_breaks_a_rule_names_field_and_rule(services, home, wanted, words):
    with pytest.raises(Invalid, match=words) as refused:
        services.devices.propose(ANNA, home(), wanted)
    assert refused.value.field == next(iter(wanted))


def test_what_stays_as_it_is_is_not_written(services, home):
    with pytest.raises(Invalid, match="Nothing was changed"):
        services.devices.propose(ANNA, home(), {"wifi.2g.ssid": "Sunflower"})


def test_confirmation_of_somebody_else_or_too_old_is_refused(services, home, clock):
    device_id = home()
    sealed = services.devices.seal(services.devices.propose(ANNA, device_id, {"wifi.2g.ssid": "New"}))
    with pytest.raises(Invalid):
        services.devices.opened(Actor("user:ben", DEFAULT_TENANT), device_id, sealed)
    with pytest.raises(Invalid):
        services.devices.opened(ANNA, device_id + 1, sealed)
    with pytest.raises(Invalid):
        services.devices.opened(ANNA, device_id, sealed[:-4] + "AAAA")
    clock.advance(hours=2)
    with pytest.raises(Invalid, match="too old"):
        services.devices.opened(ANNA, device_id, sealed)


def test_values_that_changed_meanwhile_stop_the_write(services, db, home, clock):
    device_id = home()
    proposal = services.devices.propose(ANNA, device_id, {"wifi.2g.ssid": "New"})
    clock.advance(minutes=5)
    samples.home(db, services.vault, clock(), ssid="Changed by hand", ago_s=1)
    with pytest.raises(Conflict, match="changed meanwhile"):
        services.devices.apply(ANNA, proposal)
    assert services.operations.listed(DEFAULT_TENANT, device_id) == ()


def test_raw_value_is_checked_by_the_model_and_may_be_overridden_with_a_reason(services, home):
    device_id, path = home(), "Device.WiFi.Radio.1.Channel"
    with pytest.raises(Invalid, match="1 to 255"):
        services.devices.propose_path(ANNA, device_id, path, "999", "", False)
    with pytest.raises(Invalid) as refused:
        services.devices.propose_path(ANNA, device_id, path, "999", " ", True)
    assert refused.value.field == "reason"
    proposal = services.devices.propose_path(ANNA, device_id, path, "999", "laboratory", True)
    assert proposal.reason == "Rule overridden: laboratory"
    assert proposal.writes == ((path, "999", "unsignedInt"),)


def test_read_only_parameter_is_refused_before_the_device_is_asked(services, home):
    with pytest.raises(Invalid, match="read only"):
        services.devices.propose_path(ANNA, home(), "Device.DeviceInfo.UpTime", "1", "", False)


def test_double_press_makes_one_operation(services, home):
    device_id = home()
    proposal = services.devices.propose(ANNA, device_id, {"wifi.2g.channel": 11})
    assert services.devices.apply(ANNA, proposal) == services.devices.apply(ANNA, proposal)
    assert services.operations.cancel(ANNA, 1) is OperationState.CANCELLED


def test_revealed_secret_leaves_an_audit_line(services, db, home, clock):
    from acs.cwmp.messages import ParameterValueStruct

    device_id, path = home(), "Device.WiFi.AccessPoint.1.Security.KeyPassphrase"
    with db.write() as unit:
        store_values(unit.connection, services.vault, 1, device_id, [ParameterValueStruct(path, "horse-battery", "string")], clock(), "session")
    assert services.devices.known(DEFAULT_TENANT, device_id)[1].value("wifi.2g.passphrase") == MASK
    assert services.devices.reveal(ANNA, device_id, path) == "horse-battery"
    with db.read() as session:
        line = audit.lines(session, DEFAULT_TENANT, f"device:{device_id}")[0]
    assert (line.action, line.after) == ("device.reveal", {"parameter": path})


def test_backup_is_opened_for_its_device_only_and_audited(services, db, home, clock, settings):
    from acs.firmware import service as firmware

    device_id, other = home(), home(number=2)
    sha256, size = firmware.write_sealed(services.vault, settings.files_dir, b"<config secret='x'/>")
    with db.write() as unit:
        file_id = firmware.keep_file(unit, 1, device_id, 5, "backup", sha256, size, "3.2.4", clock())
    assert services.devices.file(ANNA, device_id, file_id)[1] == b"<config secret='x'/>"
    with pytest.raises(NotFound):
        services.devices.file(ANNA, other, file_id)
