"""What a session's steps change on operations, exchanges and the device's due mark: acs/operations/progress.py."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from acs.cwmp.faults import CwmpFault, ParameterFault
from acs.devices.models import DeviceCredential
from acs.operations import progress, service
from acs.operations.models import Operation
from acs.operations.progress import ANSWER_LIMIT, Answered, Asked, OwnWork
from acs.operations.views import OperationState
from acs.provisioning.plan import Planned
from acs.provisioning.procedure import Done, Failed, Transfer, Trigger, Wait
from acs.provisioning.runner import Ended, Told
from tests.acs.kit import add_device, head

MINUTE = timedelta(minutes=1)


def exchanges(play, epoch=1):
    return play.ask(progress.exchanges, play.device, epoch)


def row(play, operation):
    with play.database.read() as session:
        found = session.get(Operation, operation)
        session.expunge(found)
        return found


# ---- what is open --------------------------------------------------------------------------------------------------


def test_open_operations_are_loaded_with_their_briefs_in_order(play, now):
    first = play.request("download_test", {"bytes": 5000})
    second = play.request("read", {"paths": ["Device.A"]})
    closed = play.request("reboot")
    play.do(service.cancel, play.actor, closed, now)
    tasks = play.tasks()
    assert [task.id for task in tasks] == [first, second]
    assert tasks[0].brief["download_url"].startswith("http://files.example:7567/f/down/")
    assert (tasks[0].kind, tasks[0].state, tasks[0].phase, tasks[0].due_at, tasks[0].sent) == ("download_test", "queued", "", now, False)
    assert play.ask(progress.load_open, play.briefing, [play.device + 99]) == {}


def test_kind_of_a_newer_release_is_left_alone(play):
    operation = play.request()
    with play.database.write() as unit:
        unit.session.get(Operation, operation).kind = "teleport"
    assert play.tasks() == []


def test_own_operations_are_queued_once(play, now):
    def queue():
        with play.database.write() as unit:
            planned = (Planned("secure", "first contact"), Planned("discover", "first contact"))
            progress.queue_own(unit, play.briefing, [OwnWork(1, play.device, "00D09E-G240-NV1", planned, now)])

    queue()
    queue()
    assert len(play.tasks()) == 2
    assert head(play.database, play.device).due_at == now
    secure, discover = play.tasks()
    assert (secure.kind, discover.kind) == ("secure", "discover")
    assert play.view(secure.id).requested_by == "system:onboarding"
    assert secure.brief["username"] == "00D09E-G240-NV1"
    assert len(secure.brief["secret"]) == 24


def test_device_that_informed_twice_in_a_batch_gets_its_operations_once(play, now):
    work = OwnWork(1, play.device, "key", (Planned("secure", "x"), Planned("discover", "x")), now)
    play.do(progress.queue_own, play.briefing, [work, work])
    assert len(play.tasks()) == 2


# ---- asked and answered --------------------------------------------------------------------------------------------


def test_first_question_begins_the_operation(play, now):
    operation = play.request("read", {"paths": ["Device.A"]})
    task = play.task(operation)
    task.attempts, task.phase = 1, "read"
    play.step(after_s=1, began=task, asked=Asked(0, operation, "GetParameterValues", irreversible=False))
    view = play.view(operation)
    assert (view.state, view.station, view.attempts, view.phase) == (OperationState.RUNNING, "session", 1, "read")
    assert view.stations["session"] == now + timedelta(seconds=1)
    assert exchanges(play) == [(0, operation, "GetParameterValues", None, False)]
    assert not row(play, operation).sent


def test_what_cannot_be_taken_back_is_marked_as_sent_before_it_leaves(play):
    operation = play.request("reboot")
    play.step(began=play.task(operation), asked=Asked(0, operation, "Reboot", irreversible=True))
    assert row(play, operation).sent
    assert play.task(operation).sent


def test_answers_are_kept_for_another_worker_to_replay(play):
    operation = play.request("read", {"paths": ["Device.A"]})
    play.step(began=play.task(operation), asked=Asked(0, operation, "GetParameterNames", False))
    play.step(answered=Answered(0, b"<answer/>"), asked=Asked(1, operation, "GetParameterValues", False))
    assert exchanges(play) == [(0, operation, "GetParameterNames", b"<answer/>", True), (1, operation, "GetParameterValues", None, False)]
    assert exchanges(play, epoch=2) == []


def test_answer_too_long_to_keep_is_known_to_have_come(play):
    operation = play.request("read", {"paths": ["Device.A"]})
    play.step(began=play.task(operation), asked=Asked(0, operation, "GetParameterValues", False))
    play.step(answered=Answered(0, b"x" * (ANSWER_LIMIT + 1)))
    assert exchanges(play) == [(0, operation, "GetParameterValues", None, True)]


# ---- ends ----------------------------------------------------------------------------------------------------------


def test_done_operation_has_its_result_and_progress_is_over(play, now):
    operation = play.request("read", {"paths": ["Device.A"]})
    play.step(began=play.task(operation), asked=Asked(0, operation, "GetParameterValues", False))
    play.step(after_s=2, answered=Answered(0, b"x"), changes=[Told(play.task(operation), "halfway"), Ended(play.task(operation), Done({"n": 1}))])
    view = play.view(operation)
    assert (view.state, view.result, view.progress, view.station) == (OperationState.DONE, {"n": 1}, "", "done")
    assert (view.finished_at, view.stations["done"]) == (now + timedelta(seconds=2), now + timedelta(seconds=2))


def test_failed_operation_says_why_with_the_fault_of_the_device(play):
    operation = play.request("write", {"values": [["Device.A", "1", "string"]]})
    fault = CwmpFault(9003, "Invalid arguments", (ParameterFault("Device.A", 9007, "Invalid value"),))
    play.step(changes=[Ended(play.task(operation), Failed("The device refused it.", fault, {"changed": []}))])
    view = play.view(operation)
    assert (view.state, view.error, view.result) == (OperationState.FAILED, "The device refused it.", {"changed": []})
    parameter = {"name": "Device.A", "code": 9007, "text": "Invalid value"}
    assert view.fault == {"code": 9003, "text": "Invalid arguments", "transient": False, "parameters": [parameter]}


def test_operation_that_ended_because_it_was_cancelled_is_cancelled(play, now):
    operation = play.request("read", {"paths": ["Device.A"]})
    play.step(began=play.task(operation), asked=Asked(0, operation, "GetParameterValues", False))
    play.do(service.cancel, play.actor, operation, now)
    play.step(changes=[Ended(play.task(operation), Failed("Cancelled before anything was changed."))])
    assert play.view(operation).state == OperationState.CANCELLED


def test_waiting_operation_remembers_what_wakes_it_over_sessions(play, now):
    operation = play.request("reboot")
    play.step(began=play.task(operation), asked=Asked(0, operation, "Reboot", True))
    wait = Wait("verify", frozenset({Trigger.BOOT, Trigger.INFORM}), now + 10 * MINUTE, "Waits for the restart")
    begun = play.task(operation)
    begun.memo = {"before": "1.0"}  # as the runner leaves it
    play.step(after_s=1, changes=[Ended(begun, wait)])
    task, view = play.task(operation), play.view(operation)
    assert (view.state, view.phase, view.progress, view.station) == (OperationState.WAITING, "verify", "Waits for the restart", "device")
    assert (task.memo, task.triggers, task.due_at, task.sent) == ({"before": "1.0"}, {Trigger.BOOT, Trigger.INFORM}, now + 10 * MINUTE, False)
    assert exchanges(play) == [], "its next phase begins anew"


def test_progress_is_told_and_hinted(play):
    operation = play.request("discover")
    with play.database.write() as unit:
        step = progress.StepIn(1, play.device, 1, play.now, changes=[Told(play.task(operation), "x" * 300)])
        progress.apply_steps(unit, [step])
        assert unit.hints == [{"kind": "progress", "device": play.device, "operation": operation}]
    assert play.view(operation).progress == "x" * 200


def test_change_of_an_operation_that_is_gone_is_passed_over(play):
    operation = play.request("discover")
    task = play.task(operation)
    with play.database.write() as unit:
        unit.session.delete(unit.session.get(Operation, operation))
    play.step(changes=[Ended(task, Done())])


# ---- transfers -----------------------------------------------------------------------------------------------------


@pytest.mark.cwmp("C-125", "L-62")
def test_transfer_complete_is_noted_once_by_its_command_key(play, now):
    operation = play.request("backup")
    key = play.view(operation).command_key
    play.step(transfers={key: Transfer(0, "", "s", "e")})
    play.step(transfers={key: Transfer(9010, "twice", "", "")})
    assert play.task(operation).memo["transfer"] == {"fault_code": 0, "fault_text": "", "start_time": "s", "complete_time": "e"}


def test_transfer_of_another_device_or_a_closed_operation_changes_nothing(play, now):
    operation = play.request("backup")
    key = play.view(operation).command_key
    other = add_device(play.database, "NV2")
    play.do(progress.apply_steps, [progress.StepIn(1, other, 1, now, transfers={key: Transfer(0)})])
    assert "transfer" not in play.task(operation).memo
    play.do(service.cancel, play.actor, operation, now)
    play.step(transfers={key: Transfer(0)})
    assert "transfer" not in (row(play, operation).memo or {})


# ---- the end of a session ------------------------------------------------------------------------------------------


def test_device_learns_at_the_end_of_a_session_when_something_is_due_again(play, now):
    first = play.request("read", {"paths": ["Device.A"]})
    play.request("read", {"paths": ["Device.B"]}, not_before=now + 5 * MINUTE)
    play.step(changes=[Ended(play.task(first), Done())])
    assert head(play.database, play.device).due_at == now, "only at the end"
    play.step(ended=True, had_exchanges=True)
    assert head(play.database, play.device).due_at == now + 5 * MINUTE


def test_nothing_is_due_after_the_last_operation(play):
    operation = play.request("read", {"paths": ["Device.A"]})
    play.step(changes=[Ended(play.task(operation), Done())], ended=True)
    assert head(play.database, play.device).due_at is None


def test_exchanges_go_with_the_end_of_the_session_and_so_do_those_of_older_ones(play):
    operation = play.request("read", {"paths": ["Device.A"]})
    play.step(epoch=1, began=play.task(operation), asked=Asked(0, operation, "GetParameterNames", False))
    play.step(epoch=2, began=play.task(operation), asked=Asked(0, operation, "GetParameterNames", False))
    assert len(exchanges(play, 1)) == len(exchanges(play, 2)) == 1
    play.step(epoch=2, ended=True, had_exchanges=True)
    assert exchanges(play, 1) == exchanges(play, 2) == []


# ---- whom to wake --------------------------------------------------------------------------------------------------


def test_devices_that_somebody_waits_for_are_woken(play, now):
    assert play.ask(progress.to_wake, now) == []
    play.request("read", {"paths": ["Device.A"]}, urgent=False)
    assert play.ask(progress.to_wake, now) == []
    operation = play.request("ping", {"host": "a"}, urgent=True, expires_in_s=60)
    assert play.ask(progress.to_wake, now) == [play.device]
    assert play.ask(progress.is_wanted, play.device, now)
    assert not play.ask(progress.is_wanted, play.device, now + MINUTE), "it has expired"
    play.step(began=play.task(operation), asked=Asked(0, operation, "X", False))
    assert play.ask(progress.to_wake, now) == [], "it is talking to us"


def test_device_that_let_a_deadline_pass_is_asked_by_us(play, now):
    operation = play.request("ping", {"host": "a"}, urgent=False)
    play.step(changes=[Ended(play.task(operation), Wait("collect", frozenset({Trigger.DIAGNOSTICS}), now + MINUTE, "waits"))])
    assert play.ask(progress.to_wake, now) == []
    assert play.ask(progress.to_wake, now + MINUTE) == [play.device]


def test_secrets_of_a_device_are_durable_before_they_are_handed_out(play, now, vault):
    with play.database.write() as unit:
        progress.queue_own(unit, play.briefing, [OwnWork(1, play.device, "key", (Planned("secure", "x"),), now)])
    with play.database.read() as session:
        stored = session.scalar(select(DeviceCredential.next_secret))
    assert vault.open(stored) == play.tasks()[0].brief["secret"]


# ---- what devices tell of operations -------------------------------------------------------------------------------


def waits(play, now, kind, args, phase, trigger):
    operation = play.request(kind, args)
    play.step(changes=[Ended(play.task(operation), Wait(phase, frozenset({trigger}), now + 10 * MINUTE, "waits"))])
    return operation


@pytest.mark.cwmp("C-125", "C-161")
def test_report_of_modules_is_kept_by_its_key_and_told_again_changes_nothing(play, now):
    uuid = "1b4e28ba-2fa1-11d2-883f-0016d3cca427"
    operation = waits(play, now, "uninstall_module", {"uuid": uuid}, "report", Trigger.MODULES)
    key = play.view(operation).command_key
    play.step(modules={key: [{"uuid": uuid, "fault": 0}], "unknown": [{"uuid": "x", "fault": 0}]})
    play.step(modules={key: [{"uuid": uuid, "fault": 9001}]})
    assert play.task(operation).memo["modules"] == [{"uuid": uuid, "fault": 0}]


@pytest.mark.cwmp("C-137", "D-36")
def test_appointment_is_noted_by_device_and_key_and_for_no_other(play, now):
    mine, other = [waits(play, now, "schedule_inform", {"delay_s": delay}, "verify", Trigger.SCHEDULED) for delay in (5, 6)]
    with play.database.write() as unit:
        progress.note_scheduled(unit.session, {play.device: (play.view(mine).command_key, "unknown")}, now)
    assert "scheduled" in play.task(mine).memo
    assert "scheduled" not in play.task(other).memo


@pytest.mark.cwmp("C-5")
def test_methods_are_kept_with_the_firmware_that_told_them(play):
    operation = play.request("rpc_methods")
    play.step(changes=[Ended(play.task(operation), Done({"methods": ["A", "B"]}, methods=("A", "B")))])
    assert head(play.database, play.device).rpc_methods.endswith("\nA B")


@pytest.mark.cwmp("C-133")
def test_operation_whose_transfer_was_dropped_ends_as_cancelled(play, now):
    loading = waits(play, now, "backup", {}, "verify", Trigger.TRANSFER)
    off = play.request("cancel_transfer", {"operation": loading})
    play.step(after_s=5, changes=[Ended(play.task(off), Done({}, cancels=loading))])
    view = play.view(loading)
    assert (view.state, view.finished_at, view.station) == (OperationState.CANCELLED, now + timedelta(seconds=5), "done")
    again = play.request("reboot")
    play.step(changes=[Ended(play.task(again), Done({}, cancels=loading))])
    assert play.view(loading).finished_at == now + timedelta(seconds=5)


def test_operation_of_another_device_is_not_dropped(play, now):
    loading = waits(play, now, "backup", {}, "verify", Trigger.TRANSFER)
    ask = play.request("reboot", device=add_device(play.database, "NV2"))
    row = play.ask(progress.load_open, play.briefing, [play.device + 1])
    (task,) = row[play.device + 1]
    with play.database.write() as unit:
        progress.apply_steps(unit, [progress.StepIn(1, play.device + 1, 1, now, changes=[Ended(task, Done({}, cancels=loading))])])
    assert (play.view(loading).state, play.view(ask).state) == (OperationState.WAITING, OperationState.DONE)


@pytest.mark.cwmp("E-50")
@pytest.mark.parametrize(("code", "transient"), [(9015, True), (9027, True), (9001, False), (9018, False)])
def test_fault_says_whether_it_may_pass(play, code, transient):
    operation = play.request("reboot")
    play.step(changes=[Ended(play.task(operation), Failed("no", CwmpFault(code)))])
    assert play.view(operation).fault["transient"] is transient


def test_answer_to_a_vendors_call_is_kept_masked(play):
    operation = play.request("raw_rpc", {"xml": "<X_A_B/>"})
    play.step(changes=[Ended(play.task(operation), Done({"xml": "<a><Password>hush</Password></a>"}))])
    assert "hush" not in str(play.view(operation).result)
