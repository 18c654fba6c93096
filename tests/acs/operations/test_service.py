"""Operations as people see them: asked for, watched, cancelled, ended in time: acs/operations/service.py."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from acs import audit
from acs.errors import Conflict, Invalid, NotFound, UnknownDevice
from acs.operations import service
from acs.operations.keys import new_command_key
from acs.operations.progress import Asked
from acs.operations.service import MAX_OPEN
from acs.operations.views import OPEN, STATIONS, OperationState
from acs.provisioning.kinds import KINDS
from acs.provisioning.procedure import Done, Failed, Transfer, Trigger, Wait
from acs.provisioning.runner import Ended
from acs.secrets import MASK
from tests.acs.kit import add_device, head, store_values, value

MINUTE = timedelta(minutes=1)
PASSPHRASE = "Device.WiFi.AccessPoint.1.Security.KeyPassphrase"


def ended(play, operation, outcome, after_s=2.0):
    play.step(after_s=after_s, changes=[Ended(play.task(operation), outcome)])


# ---- asking --------------------------------------------------------------------------------------------------------


def test_asked_operation_is_queued_with_all_it_needs(play, now):
    operation = play.request("ping", {"host": "example.org"}, reason="customer calls", urgent=True)
    view = play.view(operation)
    assert (view.kind, view.label, view.state, view.station, view.is_open) == ("ping", "Ping", OperationState.QUEUED, "queued", True)
    assert (view.args["host"], view.requested_by, view.reason, view.priority) == ("example.org", "user:anna", "customer calls", KINDS["ping"].priority)
    assert (view.due_at, view.expires_at, view.created_at) == (now, now + timedelta(seconds=KINDS["ping"].expiry_s), now)
    assert view.stations == {"queued": now}
    assert len(view.command_key) <= 32
    assert head(play.database, play.device).due_at == now


def test_asking_is_audited_and_hints_at_the_device_and_the_watchers(play, now):
    with play.database.write() as unit:
        args = {"values": [[PASSPHRASE, "hush-hush", "string"]]}
        operation = service.request(unit, play.actor, play.device, "write", args, now, urgent=False, vault=play.briefing.vault)
        assert unit.hints == [
            {"kind": "operation", "device": play.device, "operation": operation, "urgent": False, "key": head(play.database, play.device).key},
            {"kind": "progress", "device": play.device, "operation": operation},
        ]
    (line,) = play.ask(audit.lines, 1)
    assert (line.action, line.subject, line.after["operation"]) == ("operation.write", f"device:{play.device}", operation)
    assert line.after["values"] == {PASSPHRASE: MASK}


def test_secrets_to_be_written_are_masked_in_the_view(play):
    view = play.view(play.request("write", {"values": [[PASSPHRASE, "hush-hush", "string"], ["Device.A", "seen", "string"]]}))
    assert view.args["values"] == [[PASSPHRASE, MASK, "string"], ["Device.A", "seen", "string"]]


def test_secrets_to_be_written_are_sealed_in_the_row_and_open_for_the_session(play):
    args = {"values": [[PASSPHRASE, "hush-hush", "string"]]}
    operation = play.request("write", args)
    with play.database.read() as session:
        assert "hush-hush" not in session.execute(text("SELECT args FROM operation")).scalar_one()
    assert play.task(operation).args["values"] == args["values"]
    assert play.request("write", args) == operation


def test_secret_is_not_taken_without_a_vault_to_keep_it_in(play, now):
    with pytest.raises(ValueError, match="vault"):
        play.do(service.request, play.actor, play.device, "write", {"values": [[PASSPHRASE, "hush-hush", "string"]]}, now)


@pytest.mark.cwmp("H-76")
@pytest.mark.parametrize(("most", "taken"), [("2", False), ("3", True), ("0", True), (None, True)])
def test_port_mapping_beyond_what_the_device_takes_is_not_asked_for(play, now, most, taken):
    known = [value(f"Device.NAT.PortMapping.{row}.{leaf}", "1") for row in (1, 4) for leaf in ("Enable", "ExternalPort")]
    known += [value("Device.NAT.MaxNumberOfPortMappings", most)] if most is not None else []
    with play.database.write() as unit:
        store_values(unit.connection, play.briefing.vault, 1, play.device, known, now, "session")
    wanted = {"table": "Device.NAT.PortMapping.", "values": [["ExternalPort", 81, "unsignedInt"]]}
    if taken:
        assert play.view(play.request("add_object", wanted)).state is OperationState.QUEUED
    else:
        with pytest.raises(Conflict, match="takes 2 port mappings and has 2"):
            play.request("add_object", wanted)


def test_same_thing_asked_twice_is_one_operation_while_queued(play):
    first = play.request("read", {"paths": ["Device.A"]})
    assert play.request("read", {"paths": ["Device.A"]}) == first
    assert play.request("read", {"paths": ["Device.B"]}) != first
    ended(play, first, Done())
    assert play.request("read", {"paths": ["Device.A"]}) != first


def test_operation_that_is_to_be_cancelled_is_not_shared(play):
    first = play.request("read", {"paths": ["Device.A"]})
    play.step(began=play.task(first), asked=Asked(0, first, "GetParameterValues", False))
    assert play.request("read", {"paths": ["Device.A"]}) != first


@pytest.mark.parametrize("kind", ["reboot", "factory_reset", "wifi_scan", "ping"])
def test_exclusive_kind_is_open_once(play, kind):
    args = {"host": "a"} if kind == "ping" else {}
    first = play.request(kind, args)
    play.step(began=play.task(first), asked=Asked(0, first, "X", True))
    with pytest.raises(Conflict, match=f"number {first}"):
        play.request(kind, args)


@pytest.mark.cwmp("J-22")
def test_open_operations_of_a_device_are_bounded(play):
    for n in range(MAX_OPEN):
        play.request("read", {"paths": [f"Device.P{n}"]})
    with pytest.raises(Conflict, match="cancel some first"):
        play.request("read", {"paths": ["Device.Last"]})
    assert play.ask(service.open_count, 1, play.device) == play.ask(service.open_count, 1) == MAX_OPEN


@pytest.mark.parametrize(
    ("kind", "given", "field"),
    [
        ("dance", {}, "kind"), ("ping", {"args": {"host": ""}}, "host"), ("reboot", {"expires_in_s": 9}, "expires_in_s"),
        ("reboot", {"expires_in_s": 91 * 86400}, "expires_in_s"),
    ],
)  # fmt: skip
def test_bad_wish_is_refused_by_field_and_leaves_nothing(play, kind, given, field):
    with pytest.raises(Invalid) as caught:
        play.request(kind, **given)
    assert caught.value.field == field
    assert play.ask(service.open_count, 1) == 0
    assert play.ask(audit.lines, 1) == ()


@pytest.mark.parametrize("trust", ["quarantine", "blocked"])
def test_device_that_is_not_admitted_is_asked_nothing(play, trust):
    with pytest.raises(Conflict, match=trust):
        play.request(device=add_device(play.database, "Q1", trust=trust))


def test_later_operation_does_not_delay_one_that_is_due(play, now):
    play.request("read", {"paths": ["Device.A"]}, not_before=now + 10 * MINUTE)
    assert head(play.database, play.device).due_at == now + 10 * MINUTE
    play.request("read", {"paths": ["Device.B"]})
    play.request("read", {"paths": ["Device.C"]}, not_before=now + 5 * MINUTE)
    assert head(play.database, play.device).due_at == now


def test_command_keys_are_never_the_same():
    keys = {new_command_key() for _ in range(100)}
    assert len(keys) == 100
    assert all(len(key) <= 32 for key in keys)


# ---- cancelling ----------------------------------------------------------------------------------------------------


def test_queued_operation_is_cancelled_at_once(play, now):
    operation = play.request()
    assert play.do(service.cancel, play.actor, operation, now) == OperationState.CANCELLED
    view = play.view(operation)
    assert (view.finished_at, view.error, view.is_open) == (now, "Cancelled before anything was sent.", False)
    with pytest.raises(Conflict, match="already cancelled"):
        play.do(service.cancel, play.actor, operation, now)
    assert play.ask(audit.lines, 1)[0].action == "operation.cancel"


def test_what_has_left_cannot_be_called_back_but_the_wish_is_kept(play, now):
    operation = play.request()
    play.step(began=play.task(operation), asked=Asked(0, operation, "Reboot", True))
    assert play.do(service.cancel, play.actor, operation, now) == OperationState.RUNNING
    assert play.view(operation).cancel_wanted


@pytest.mark.parametrize(("kind", "state"), [("ping", OperationState.CANCELLED), ("reboot", OperationState.WAITING)])
def test_waiting_operation_is_cancelled_unless_it_cannot_be_undone(play, now, kind, state):
    operation = play.request(kind, {"host": "a"} if kind == "ping" else {})
    ended(play, operation, Wait("verify", frozenset({Trigger.BOOT}), now + MINUTE, "waits"))
    assert play.do(service.cancel, play.actor, operation, now) == state


# ---- reading -------------------------------------------------------------------------------------------------------


def test_operations_are_listed_by_device_state_kind_and_page(play, now):
    other = add_device(play.database, "NV2")
    ids = [play.request("read", {"paths": [f"Device.P{n}"]}) for n in range(3)] + [play.request(device=other)]
    ended(play, ids[0], Done())

    def listed(**given):
        return [view.id for view in play.ask(service.listed, 1, now, **given)]

    assert listed() == ids[::-1]
    assert listed(device_id=play.device) == ids[2::-1]
    assert listed(states=[OperationState.DONE]) == [ids[0]]
    assert listed(kinds=["reboot"]) == [ids[3]]
    assert listed(before_id=ids[2], limit=1) == [ids[1]]


def test_operations_of_our_own_can_be_left_out(play, now):
    from acs.audit import Actor

    mine = play.request("read", {"paths": ["Device.A"]})
    play.request("discover", actor=Actor.system("onboarding", 1))
    assert [view.id for view in play.ask(service.listed, 1, now, internal=False)] == [mine]


def test_newest_result_of_each_diagnosis_is_shown(play, now):
    for n in range(2):
        ping = play.request("ping", {"host": f"h{n}"})
        ended(play, ping, Done({"n": n}))
    scan = play.request("wifi_scan")
    ended(play, scan, Failed("The radio is off."))
    play.request("ping", {"host": "open"})
    found = play.ask(service.latest_results, 1, play.device, now)
    assert {kind: view.id for kind, view in found.items()} == {"ping": ping, "wifi_scan": scan}
    assert found["ping"].result == {"n": 1}


def test_view_says_when_the_device_is_expected_and_how_waking_went(play, now):
    with play.database.write() as unit:
        from acs.devices.models import Device

        device = unit.session.get(Device, play.device)
        device.last_inform_at, device.inform_interval_s = now - MINUTE, 300
    operation = play.request()
    play.do(service.note_waking, play.device, now, "refused", "connection refused")
    view = play.view(operation)
    assert view.next_contact_at == now + 4 * MINUTE
    assert (view.station, view.wake_result, view.wake_detail, view.stations["waking"]) == ("waking", "refused", "connection refused", now)
    play.do(service.note_waking, play.device, now + MINUTE, "ok", "")
    assert play.view(operation).stations["waking"] == now, "the first try counts"


def test_stations_are_those_a_person_sees():
    assert STATIONS == ("queued", "waking", "session", "device", "done")
    assert {state for state in OperationState if state not in OPEN} == {
        OperationState.DONE, OperationState.FAILED, OperationState.EXPIRED, OperationState.CANCELLED,
    }  # fmt: skip


def test_operations_of_another_tenant_do_not_exist(play, other_actor, now):
    operation = play.request()
    with pytest.raises(UnknownDevice):
        play.request(actor=other_actor)
    with pytest.raises(NotFound):
        play.do(service.cancel, other_actor, operation, now)
    with pytest.raises(NotFound):
        play.ask(service.get, 2, operation, now)
    assert play.ask(service.listed, 2, now) == ()
    assert play.ask(service.latest_results, 2, play.device, now) == {}
    assert play.ask(service.open_count, 2) == 0


# ---- upkeep --------------------------------------------------------------------------------------------------------


def test_operation_past_its_time_expires_and_says_why(play, now):
    never_sent = play.request("read", {"paths": ["Device.A"]}, expires_in_s=60)
    sent = play.request("reboot", expires_in_s=60)
    young = play.request("read", {"paths": ["Device.B"]}, expires_in_s=61)
    play.step(began=play.task(sent), asked=Asked(0, sent, "Reboot", True))
    assert play.do(service.expire, now + MINUTE - timedelta(seconds=1)) == 0
    assert play.do(service.expire, now + MINUTE) == 2
    assert [play.view(n).state for n in (never_sent, sent, young)] == ["expired", "expired", "queued"]
    assert [play.view(n).error for n in (never_sent, sent)] == ["The device did not come in time.", "The device never told how it ended."]


def test_operation_in_a_live_session_does_not_expire(play, now):
    operation = play.request("read", {"paths": ["Device.A"]}, expires_in_s=60)
    play.step(began=play.task(operation), asked=Asked(0, operation, "GetParameterValues", False))
    with play.database.write() as unit:
        from acs.devices.models import Device

        device = unit.session.get(Device, play.device)
        device.session_token, device.session_until = "t", now + 2 * MINUTE
    assert play.do(service.expire, now + MINUTE) == 0


def test_session_whose_worker_died_frees_its_device(play, now):
    operation = play.request()
    play.step(began=play.task(operation), asked=Asked(0, operation, "Reboot", True))
    with play.database.write() as unit:
        from acs.devices.models import Device

        device = unit.session.get(Device, play.device)
        device.session_token, device.session_until, device.epoch = "t", now, 1
    assert play.do(service.close_lost_sessions, now + timedelta(seconds=29)) == 0
    assert play.do(service.close_lost_sessions, now + timedelta(seconds=31)) == 1
    row = head(play.database, play.device)
    assert (row.session_token, row.epoch) == (None, 2)
    assert play.view(operation).progress == "The connection broke off; it goes on at the next contact"
    assert play.view(operation).state == OperationState.RUNNING


def test_retention_takes_old_finished_operations_only(play, now):
    old, young, open_one = (play.request("read", {"paths": [f"Device.{letter}"]}) for letter in "ABC")
    ended(play, old, Done(), after_s=0)
    ended(play, young, Done(), after_s=120)
    assert play.do(service.delete_old, now + MINUTE) == 1
    assert [view.id for view in play.ask(service.listed, 1, now)] == [open_one, young]


# ---- calling transfers off -----------------------------------------------------------------------------------------


def loading(play, now, kind="backup"):
    """A transfer the device works on."""
    operation = play.request(kind)
    ended(play, operation, Wait("verify", frozenset({Trigger.TRANSFER}), now + MINUTE, "waits"))
    return operation


def calls_off(play, now):
    return [view for view in play.ask(service.listed, 1, now) if view.kind == "cancel_transfer"]


@pytest.mark.cwmp("C-133")
def test_cancelling_a_transfer_that_is_under_way_asks_the_device_to_drop_it(play, now):
    operation = loading(play, now)
    for _ in range(2):
        assert play.do(service.cancel, play.actor, operation, now) == OperationState.WAITING
    (asked,) = calls_off(play, now)
    assert asked.args == {"operation": operation, "command_key": play.view(operation).command_key}
    assert play.view(operation).cancel_wanted


@pytest.mark.cwmp("C-5")
@pytest.mark.parametrize(("methods", "asked"), [("Reboot", 0), ("Reboot CancelTransfer", 1)])
def test_a_device_that_said_it_cannot_is_not_asked_to_drop_it(play, now, methods, asked):
    operation = loading(play, now)
    with play.database.write() as unit:
        unit.session.execute(text("UPDATE device SET rpc_methods = :told"), {"told": "1.0\n" + methods})
    play.do(service.cancel, play.actor, operation, now)
    assert len(calls_off(play, now)) == asked


def test_a_transfer_is_named_by_operation_or_by_key(play, now):
    operation = loading(play, now)
    key = play.view(operation).command_key
    by_key = play.request("cancel_transfer", {"command_key": key})
    assert play.view(by_key).args == {"operation": operation, "command_key": key}
    foreign = play.request("cancel_transfer", {"command_key": "somebody else's"})
    assert play.view(foreign).args == {"command_key": "somebody else's"}


def test_what_is_no_transfer_or_not_with_the_device_is_not_called_off(play, now):
    for given in ({"operation": play.request("reboot")}, {"operation": 999_999}):
        with pytest.raises(Invalid):
            play.request("cancel_transfer", given)
    with pytest.raises(Conflict):
        play.request("cancel_transfer", {"operation": play.request("backup")})
    theirs = add_device(play.database, "NV2")
    with pytest.raises(Invalid):
        play.request("cancel_transfer", {"operation": loading(play, now)}, device=theirs)


@pytest.mark.cwmp("C-133")
def test_a_transfer_the_device_has_reported_is_not_called_off_any_more(play, now):
    """To drop a transfer it does not know any more is a success to the device: that may not undo what was done."""
    operation = loading(play, now)
    off = play.request("cancel_transfer", {"operation": operation})
    play.step(transfers={play.view(operation).command_key: Transfer(0)})
    ended(play, off, Done({}, cancels=operation))
    assert play.view(operation).state == OperationState.WAITING
    play.do(service.cancel, play.actor, operation, now)
    assert len(calls_off(play, now)) == 1
    with pytest.raises(Conflict, match="reported"):
        play.request("cancel_transfer", {"operation": operation})


# ---- what may take long --------------------------------------------------------------------------------------------


@pytest.mark.cwmp("C-136")
def test_what_the_device_has_begun_does_not_expire_before_it_may_end(play, now):
    operation = play.request(expires_in_s=60)
    ended(play, operation, Wait("verify", frozenset({Trigger.BOOT}), now + 60 * MINUTE, "waits"))
    assert play.view(operation).expires_at == now + 120 * MINUTE
    short = play.request("read", {"paths": ["Device.A"]}, expires_in_s=3600)
    ended(play, short, Wait("verify", frozenset({Trigger.BOOT}), now + MINUTE, "waits"))
    assert play.view(short).expires_at == now + 60 * MINUTE
