"""One session's operations: which is due, one question at a time, and the same questions again when replayed."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acs.cwmp import messages as m
from acs.cwmp.codec import RawRpc
from acs.cwmp.faults import CwmpFault
from acs.cwmp.messages import (
    AddObject,
    DeleteObject,
    Download,
    FactoryReset,
    GetParameterNames,
    GetParameterValues,
    Reboot,
    SetParameterValues,
    Upload,
)
from acs.provisioning import runner as runner_module
from acs.provisioning.kinds import KINDS
from acs.provisioning.procedure import DeviceFacts, Done, Failed, Kind, Refused, Transfer, Trigger, Wait
from acs.provisioning.runner import MAX_ATTEMPTS, Ended, Runner, Task, Told
from tests.acs.provisioning.scripted import NOW, Device

FACTS = DeviceFacts("Device", "1.2", "Router", "1", "1.0", "key")
TREE = {"Device.DeviceInfo.SoftwareVersion": "1.0", "Device.A.X": "1", "Device.A.Y": "2"}
IMAGE = {"url": "https://files/x", "size": 1024, "version": "2.0", "file_name": "x.bin"}


def task(kind: str, number: int = 1, **given: Any) -> Task:
    args = given.pop("args", {"paths": ["Device.A.X"]} if kind == "read" else {})
    values = {
        "state": "queued",
        "phase": "",
        "memo": {},
        "command_key": f"k{number}",
        "priority": KINDS[kind].priority,
        "due_at": NOW,
        "brief": {},
    }
    return Task(number, kind, args, **{**values, **given})


def runner(*tasks: Task, events: tuple[str, ...] = ("2 PERIODIC",), **given: Any) -> Runner:
    return Runner(FACTS, list(tasks), events, NOW, **given)


def finish(r: Runner, device: Device | None = None, now: Any = NOW) -> list[Any]:
    """Answer every question until nothing is due; the questions."""
    device = device or Device(dict(TREE))
    ask = r.next(now)
    asked = []
    while ask is not None:
        asked.append(ask)
        ask = r.next(now, device.answer(ask.request))
    return asked


def outcomes(r: Runner) -> dict[int, Any]:
    return {change.task.id: change.outcome for change in r.changes if isinstance(change, Ended)}


# ---- order -----------------------------------------------------------------------------------------------------


def test_with_nothing_to_do_nothing_is_asked():
    assert runner().next(NOW) is None


def test_operations_come_in_order_of_priority_then_of_age():
    r = runner(task("read", 1, priority=50), task("read", 2, priority=10), task("read", 3, priority=10))
    assert [ask.task.id for ask in finish(r)] == [2, 3, 1]


@pytest.mark.cwmp("A-49")
def test_one_operation_is_finished_before_the_next_begins():
    write = task("write", 1, args={"values": [["Device.A.X", "9", "string"]]}, priority=1)
    asked = finish(runner(task("read", 2), write))
    assert [(ask.task.id, type(ask.request)) for ask in asked] == [
        (1, SetParameterValues),
        (1, GetParameterValues),
        (2, GetParameterValues),
    ]
    assert [ask.begins for ask in asked] == [True, False, True]


def test_an_operation_due_later_is_left_for_later():
    r = runner(task("read", due_at=NOW + timedelta(seconds=1)))
    assert r.next(NOW) is None
    assert r.next(NOW + timedelta(seconds=1)) is not None


def test_what_is_queued_while_the_session_runs_is_taken_up_once():
    r = runner()
    assert r.next(NOW) is None
    r.add([task("read", 5)])
    r.add([task("read", 5)])
    assert len(finish(r)) == 1
    r.add([task("read", 5)])
    assert r.next(NOW) is None


@pytest.mark.parametrize(
    ("request_kind", "operation"),
    [
        (Reboot, task("reboot")),
        (FactoryReset, task("factory_reset")),
        (Download, task("firmware", brief=IMAGE)),
        (Upload, task("backup", brief={"url": "u"})),
        (AddObject, task("add_object", args={"table": "Device.T."})),
        (DeleteObject, task("delete_object", args={"path": "Device.A."})),
    ],
)
def test_what_cannot_be_taken_back_is_marked_before_it_leaves(request_kind, operation):
    asked = finish(runner(operation))
    assert [ask.irreversible for ask in asked] == [isinstance(ask.request, request_kind) for ask in asked]
    assert any(ask.irreversible for ask in asked)


# ---- what comes of it ------------------------------------------------------------------------------------------


def test_values_that_were_read_are_kept_and_drained_once():
    r = runner(task("read"))
    finish(r)
    changes, values, snapshots = r.drain()
    assert [(type(change), change.task.id) for change in changes] == [(Ended, 1)]
    assert [(v.name, v.value) for v in values] == [("Device.A.X", "1")]
    assert snapshots == []
    assert r.drain() == ([], [], [])


def test_discovery_keeps_its_snapshot_and_not_its_reads():
    r = runner(task("discover"))
    finish(r)
    _, values, (snapshot,) = r.drain()
    assert values == []
    assert len(snapshot.values) == len(TREE)


def test_progress_is_told_in_its_place():
    r = runner(task("discover"))
    finish(r)
    assert [type(change) for change in r.changes] == [Told, Ended]
    assert r.changes[0].text == "3 parameters found"


def test_a_secret_that_was_written_is_among_the_values():
    d = Device({"Device.U.Password": ""}, hidden={"Device.U.Password": ""})
    r = runner(task("write", args={"values": [["Device.U.Password", "s", "string"]]}))
    finish(r, d)
    assert m.ParameterValueStruct("Device.U.Password", "s", "string") in r.values


def test_one_failed_operation_does_not_stop_the_next():
    r = runner(task("read", 1, args={"paths": ["Device.Nothing"]}), task("read", 2))
    finish(r)
    ended = outcomes(r)
    assert (type(ended[1]), type(ended[2])) == (Failed, Done)


@pytest.mark.quirk("R-3")
def test_a_missing_answer_is_a_fault_to_the_procedure_and_the_rest_goes_on():
    r = runner(task("set_notification", 1, args={"paths": ["Device.A.X"], "notification": 1}, priority=1), task("read", 2))
    assert r.next(NOW) is not None
    ask = r.next(NOW, CwmpFault(9002, "the device answered with an empty POST"))
    assert ask.task.id == 2
    assert isinstance(outcomes(r)[1], Failed)


def test_a_procedure_that_refuses_ends_its_operation_with_the_fault(monkeypatch):
    def refuses(ctx):
        yield Reboot("x")
        raise Refused("no", CwmpFault(9001))

    monkeypatch.setattr(runner_module, "KINDS", {"read": Kind("read", "Read", {"read": refuses}, "read_device")})
    r = runner(task("read"))
    finish(r)
    assert outcomes(r)[1] == Failed("no", CwmpFault(9001))


def test_an_operation_ended_from_outside_fails_and_makes_room():
    r = runner(task("read", 1), task("read", 2))
    r.next(NOW)
    r.fail_current("We made an error.")
    assert outcomes(r)[1] == Failed("We made an error.")
    assert r.next(NOW).task.id == 2
    r.fail_current("Again.")
    r.fail_current("Nothing runs.")
    assert len(outcomes(r)) == 2


# ---- cancelled, given up, maybe sent ---------------------------------------------------------------------------


def test_an_operation_that_is_to_be_cancelled_asks_nothing():
    r = runner(task("reboot", cancel_wanted=True))
    assert r.next(NOW) is None
    assert "Cancelled" in outcomes(r)[1].text


def test_an_operation_that_may_have_been_sent_is_settled_even_if_it_is_to_be_cancelled():
    r = runner(task("reboot", cancel_wanted=True, state="running", sent=True, phase="reboot", attempts=1))
    assert r.next(NOW) is None
    assert isinstance(outcomes(r)[1], Wait)


@pytest.mark.parametrize("broken", range(MAX_ATTEMPTS + 1))
def test_an_operation_is_given_up_after_five_broken_sessions(broken):
    r = runner(task("read", state="running", phase="read", attempts=broken))
    asked = finish(r)
    if broken < MAX_ATTEMPTS:
        assert len(asked) == 1
    else:
        assert asked == []
        assert "Given up" in outcomes(r)[1].text


def test_giving_up_one_operation_lets_the_next_begin():
    r = runner(task("read", 1, state="running", phase="read", attempts=MAX_ATTEMPTS), task("read", 2))
    assert [ask.task.id for ask in finish(r)] == [2]


@pytest.mark.cwmp("A-70")
@pytest.mark.parametrize(
    ("kind", "brief"),
    [
        ("firmware", IMAGE),
        ("restore", {"url": "u", "size": 1}),
        ("backup", {"url": "u"}),
        ("log_upload", {"url": "u"}),
        ("reboot", {}),
        ("factory_reset", {}),
    ],
)
def test_what_may_have_been_sent_is_never_sent_twice(kind, brief):
    r = runner(task(kind, state="running", sent=True, phase=KINDS[kind].first_phase, attempts=1, brief=brief))
    assert not [ask for ask in finish(r) if ask.irreversible]  # it may look, but not send
    assert isinstance(outcomes(r)[1], Wait)


def test_an_added_row_that_may_have_been_sent_fails_instead():
    r = runner(task("add_object", state="running", sent=True, phase="add", args={"table": "Device.T."}))
    assert finish(r) == []
    assert isinstance(outcomes(r)[1], Failed)


def test_a_phase_that_broke_before_anything_was_sent_is_begun_again():
    assert len(finish(runner(task("reboot", state="running", phase="reboot", attempts=1)))) == 1


# ---- waiting ---------------------------------------------------------------------------------------------------


def waiting(kind: str, *on: Trigger, phase: str, **given: Any) -> Task:
    return task(kind, state="waiting", phase=phase, triggers=frozenset(on), due_at=NOW + timedelta(hours=1), **given)


def test_a_restart_waits_over_its_session_and_ends_with_the_boot_of_the_next():
    operation = task("reboot", 7)
    first = runner(operation)
    assert [ask.request for ask in finish(first)] == [Reboot("k7")]
    assert (operation.state, operation.phase, operation.sent, operation.triggers) == ("waiting", "verify", False, {Trigger.BOOT})
    assert first.next(NOW) is None
    second = runner(operation, events=("1 BOOT", "M Reboot"))
    assert finish(second) == []
    assert outcomes(second)[7] == Done({"reported": True})


@pytest.mark.parametrize(
    ("trigger", "events", "due"),
    [
        (Trigger.BOOT, ("1 BOOT",), True),
        (Trigger.BOOT, ("0 BOOTSTRAP",), True),
        (Trigger.BOOT, ("2 PERIODIC",), False),
        (Trigger.DIAGNOSTICS, ("8 DIAGNOSTICS COMPLETE",), True),
        (Trigger.DIAGNOSTICS, ("1 BOOT",), False),
        (Trigger.INFORM, ("2 PERIODIC",), True),
        (Trigger.TRANSFER, ("7 TRANSFER COMPLETE",), False),
    ],
)
def test_what_waits_is_woken_by_its_trigger_alone(trigger, events, due):
    operation = waiting("reboot", trigger, phase="verify")
    assert runner(operation, events=events).is_due(operation) is due


def test_what_waits_is_woken_by_its_time():
    operation = waiting("reboot", Trigger.BOOT, phase="verify")
    r = runner(operation)
    assert finish(r, now=NOW + timedelta(hours=1)) == []
    assert isinstance(outcomes(r)[1], Failed)


def test_what_begins_to_wait_is_not_woken_again_in_the_same_session():
    r = runner(task("reboot"), events=("1 BOOT",))
    finish(r)
    assert r.next(NOW + timedelta(hours=1)) is None
    assert isinstance(outcomes(r)[1], Wait)


def test_waiting_costs_no_attempt():
    operation = waiting(
        "firmware", Trigger.BOOT, phase="verify", attempts=1, brief=IMAGE, memo={"before": "1.0", "asked_at": NOW.isoformat()}
    )
    finish(runner(operation, events=("1 BOOT",)))
    assert operation.attempts == 1


@pytest.mark.quirk("R-4")
def test_a_transfer_reported_before_the_first_empty_post_wakes_its_operation():
    memo = {"before": "1.0", "asked_at": NOW.isoformat()}
    operation = waiting("firmware", Trigger.TRANSFER, phase="verify", brief=IMAGE, memo=memo)
    r = runner(operation, events=("2 PERIODIC",))
    assert r.transfer("k1", Transfer(0)) is operation
    finish(r, Device({"Device.DeviceInfo.SoftwareVersion": "2.0"}))
    assert outcomes(r)[1].result["reported"] is True


@pytest.mark.quirk("K-64")
@pytest.mark.parametrize("key", ["", "somebody else's"])
def test_a_transfer_of_an_unknown_key_belongs_to_nobody(key):
    operation = waiting("firmware", Trigger.TRANSFER, phase="verify", brief=IMAGE)
    r = runner(operation)
    assert r.transfer(key, Transfer(0)) is None
    assert not r.is_due(operation)


def test_a_transfer_reported_in_the_session_that_asked_for_it_is_taken_up_there():
    operation = task("restore", args={"file": 9}, brief={"url": "u", "size": 1})
    r = runner(operation)
    finish(r)
    assert isinstance(outcomes(r)[1], Wait)
    r.transfer("k1", Transfer(9018))
    finish(r)
    assert outcomes(r)[1].fault.code == 9018


def test_a_report_is_kept_while_the_operation_waits_for_the_version():
    memo = {"before": "1.0", "asked_at": NOW.isoformat()}
    operation = waiting("firmware", Trigger.TRANSFER, phase="verify", brief=IMAGE, memo=memo)
    r = runner(operation)
    r.transfer("k1", Transfer(0, "", "a", "b"))
    finish(r)
    assert isinstance(outcomes(r)[1], Wait)
    assert operation.memo["transfer"] == {"fault_code": 0, "fault_text": "", "start_time": "a", "complete_time": "b"}
    finish(runner(operation, events=("2 PERIODIC",)))
    later = runner(operation, events=("1 BOOT",))
    finish(later, Device({"Device.DeviceInfo.SoftwareVersion": "2.0"}))
    assert outcomes(later)[1].result["reported"] is True


# ---- replay ----------------------------------------------------------------------------------------------------

SCRIPTS = {
    "write": task("write", args={"values": [["Device.A.X", "9", "string"], ["Device.ManagementServer.Password", "p", "string"]]}),
    "discover": task("discover"),
    "read": task("read", args={"paths": ["Device.A.", "Device.A.X", "Device.Nothing"]}),
    "refresh": task("refresh", args={"prefixes": ["Device.A.", "Device.Nothing."]}),
    "add_object": task("add_object", args={"table": "Device.T.", "values": [["Enable", "1", "boolean"]]}),
    "firmware": task("firmware", brief=IMAGE),
    "backup": task("backup", brief={"url": "u"}),
    "ping": task("ping", args={"host": "h", "count": 1, "timeout_ms": 1000, "size": 1}),
    "secure": task("secure", brief={"request_username": "a", "request_secret": "b", "username": "c", "secret": "d"}),
}


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_replayed_operation_asks_the_same_question_at_every_step(name):
    device = Device(dict(TREE))
    r = runner(replace(SCRIPTS[name]))
    ask, answers = r.next(NOW), []
    while ask is not None:
        other = runner(replace(SCRIPTS[name], state="running", phase=KINDS[SCRIPTS[name].kind].first_phase, attempts=1))
        assert other.resume(1, answers, NOW) == ask.request
        answers.append(device.answer(ask.request))
        ask = r.next(NOW, answers[-1])
    assert answers


def test_a_replayed_operation_goes_on_to_its_end():
    other = runner(task("read", state="running", phase="read", attempts=1, args={"paths": ["Device.A.", "Device.A.X"]}))
    device = Device(dict(TREE))
    assert other.resume(1, [device.answer(GetParameterValues(("Device.A.",)))], NOW) == GetParameterValues(("Device.A.X",))
    assert other.next(NOW, device.answer(GetParameterValues(("Device.A.X",)))) is None
    assert outcomes(other)[1].result["count"] == 3


def test_an_operation_that_is_not_there_or_has_too_many_answers_cannot_be_replayed():
    assert runner().resume(1, [], NOW) is None
    answer = m.GetParameterValuesResponse()
    assert runner(task("read", state="running", phase="read")).resume(1, [answer, answer, answer], NOW) is None


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from([None, 9001, 9002, 9004, 9005]), max_size=12), st.sampled_from(sorted(SCRIPTS)))
def test_the_same_answers_always_lead_to_the_same_questions(faults, name):
    def run() -> list[Any]:
        device, given = Device(dict(TREE)), iter(faults)
        r = runner(replace(SCRIPTS[name]))
        ask, asked = r.next(NOW), []
        while ask is not None:
            asked.append(ask.request)
            fault = next(given, None)
            answer = device.answer(ask.request)
            ask = r.next(NOW, answer if fault is None else CwmpFault(fault))
        return [asked, r.changes[-1].outcome]

    assert run() == run()


@pytest.mark.quirk("K-46", "K-49")
def test_a_device_that_faults_everything_is_asked_a_bounded_number_of_times():
    faulty = Device(answers={GetParameterValues: CwmpFault(9002), GetParameterNames: CwmpFault(9002)})
    paths = [f"Device.A.{i}" for i in range(100)]
    assert len(finish(runner(task("read", args={"paths": paths}), task("discover", 2)), faulty)) < 250


# ---- what the device cannot know, and what it tells of itself ------------------------------------------------------


@pytest.mark.cwmp("B-27")
@pytest.mark.parametrize(
    ("kind", "args", "version"),
    [
        ("schedule_download", {"image": 1, "windows": [{"start_s": 0, "end_s": 9, "mode": "any", "message": "", "retries": 0}]}, "1.1"),
        ("cancel_transfer", {"command_key": "k"}, "1.1"),
        ("uninstall_module", {"uuid": "u", "version": "", "environment": ""}, "1.0"),
    ],
)
def test_what_the_protocol_of_the_session_does_not_have_is_not_sent_and_that_is_said(kind, args, version):
    r = runner(task(kind, args=args, brief={"url": "u", "size": 1}))
    r.facts = replace(r.facts, version=version)
    assert finish(r) == []
    fault = outcomes(r)[1].fault
    assert fault.code == 9000
    assert f"this device speaks {version}" in fault.text


@pytest.mark.cwmp("B-27", "C-130")
def test_a_device_of_1_0_is_asked_for_its_queue_the_old_way():
    r = runner(task("queued_transfers"))
    r.facts = replace(r.facts, version="1.0")
    d = Device(answers={m.GetQueuedTransfers: m.GetQueuedTransfersResponse()})
    assert [type(ask.request) for ask in finish(r, d)] == [m.GetQueuedTransfers]


@pytest.mark.cwmp("C-5")
def test_an_optional_method_that_the_device_does_not_list_is_not_asked_in_vain():
    r = runner(task("schedule_inform", args={"delay_s": 5}), task("read", 2))
    r.facts = replace(r.facts, methods=frozenset({"Reboot"}))
    assert [type(ask.request) for ask in finish(r)] == [GetParameterValues], "what every device must know is asked all the same"
    assert "does not list ScheduleInform" in outcomes(r)[1].fault.text
    r = runner(task("schedule_inform", args={"delay_s": 5}))
    r.facts = replace(r.facts, methods=frozenset({"ScheduleInform"}))
    assert len(finish(r)) == 1


def patient(kind, trigger, phase, **given):
    return task(kind, state="waiting", phase=phase, triggers=frozenset({trigger}), due_at=NOW + timedelta(days=1), **given)


@pytest.mark.cwmp("C-161")
def test_the_report_of_software_modules_lets_its_operation_go_on_once():
    wait = patient("uninstall_module", Trigger.MODULES, "report", command_key="k1", args={"uuid": "u", "version": "", "environment": ""})
    r = runner(wait)
    assert r.next(NOW) is None
    r.modules("other", [])
    assert r.next(NOW) is None
    unit = {"uuid": "u", "fault": 0, "fault_text": ""}
    r.modules("k1", [unit])
    finish(r)
    assert outcomes(r)[1].result["units"] == [{**unit, "text": ""}]


def test_an_appointment_is_kept_by_what_was_stored_with_the_inform():
    assert runner(patient("schedule_inform", Trigger.SCHEDULED, "verify")).next(NOW) is None
    r = runner(patient("schedule_inform", Trigger.SCHEDULED, "verify", memo={"scheduled": True}))
    finish(r)
    assert isinstance(outcomes(r)[1], Done)


def test_the_operation_whose_transfer_was_called_off_is_not_gone_on_with():
    r = runner(task("cancel_transfer", 1, args={"command_key": "k", "operation": 2}, priority=1), task("read", 2, priority=9))
    assert [ask.task.id for ask in finish(r)] == [1]


@pytest.mark.parametrize(
    ("request_kind", "operation"),
    [
        (m.ScheduleInform, task("schedule_inform", args={"delay_s": 5})),
        (m.ChangeDUState, task("uninstall_module", args={"uuid": "u", "version": "", "environment": ""})),
        (m.SetVouchers, task("vouchers", args={"vouchers": ["Zm9v"]})),
        (RawRpc, task("raw_rpc", args={"xml": "<X_A_B/>"})),
    ],
)
def test_what_a_device_may_not_be_asked_twice_is_marked_too(request_kind, operation):
    asked = finish(runner(operation))
    assert [ask.irreversible for ask in asked if isinstance(ask.request, request_kind)] == [True]


# ---- briefed when its turn comes -----------------------------------------------------------------------------------


def test_an_operation_that_is_briefed_late_waits_for_its_brief_and_for_those_before_it():
    late, read = task("configure", 2), task("read", 1, args={"paths": ["Device.A.X"]})
    r = runner(late, read)
    assert isinstance(r.next(NOW).request, m.GetParameterValues)
    assert r.unbriefed is None
    assert r.next(NOW, m.GetParameterValuesResponse(())) is None
    assert r.unbriefed is late
    r.brief({"error": "nothing is known"})
    assert (r.unbriefed, r.next(NOW)) == (None, None)
    assert r.changes[-1].outcome.text == "nothing is known"


def test_an_operation_without_its_brief_is_not_rebuilt():
    late = task("configure", 2)
    assert runner(late).resume(2, [], NOW) is None


def test_device_that_was_told_to_reset_itself_is_asked_nothing_more_in_that_session():
    """It would forget a download begun after that, and never report it."""
    r = runner(task("factory_reset", 1), task("read", 2, priority=90))
    asked = r.next(NOW)
    assert asked is not None and isinstance(asked.request, FactoryReset)
    assert r.next(NOW, m.FactoryResetResponse()) is None
    assert [each.kind for each in r.tasks] == ["factory_reset", "read"]
