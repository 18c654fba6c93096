"""What devices call us with, message by message: stored before it is answered, once, and shown. Conformance C-3, C.9, C.13, C.14."""

import pytest

from acs.cwmp import messages as m
from acs.cwmp.faults import CwmpFault
from acs.db.tenancy import DEFAULT_TENANT
from acs.devices import service as devices
from acs.server.conversation import REPORTS_MAX
from tests.acs.devices.test_reports import MESSAGES, UUID
from tests.acs.server.kit import Bench, envelope, inform, post

ANSWERS = {
    "transfer": m.AutonomousTransferCompleteResponse(), "modules": m.DUStateChangeCompleteResponse(),
    "autonomous": m.AutonomousDUStateChangeCompleteResponse(), "request": m.RequestDownloadResponse(), "kicked": m.KickedResponse(""),
}  # fmt: skip
CODES = ("modules", "autonomous_modules", "autonomous_transfer", "request_download", "kicked")


def events(bench: Bench):
    with bench.database.read() as session:
        return devices.events(session, DEFAULT_TENANT, bench.device().id, codes=CODES)


@pytest.mark.cwmp("C-3", "C-126", "C-160", "C-162", "C-170", "C-171", "A-43", "A-47", "D-25", "D-29", "D-30", "D-31", "D-32")
@pytest.mark.parametrize("name", MESSAGES)
def test_what_a_device_tells_is_answered_kept_and_told_again_changes_nothing(bench: Bench, name: str):
    line, cookie = bench.known()
    for _ in range(2):
        assert line.ask(post(envelope(MESSAGES[name], "c1"), cookie)).message == ANSWERS[name]
    (event,) = events(bench)
    assert event.data
    assert line.ask(post(cookie=cookie)).status == 204
    assert bench.records()[0].row.outcome == "ok"


@pytest.mark.cwmp("A-43")
@pytest.mark.parametrize("name", MESSAGES)
def test_nothing_is_acknowledged_before_it_is_stored(bench: Bench, name: str):
    line, cookie = bench.known()
    bench.commit.held = True
    assert line.send(post(envelope(MESSAGES[name], "c1"), cookie)) == []
    assert events(bench) == ()
    bench.commit.release()
    assert [answer.message for answer in line.read()] == [ANSWERS[name]]
    assert len(events(bench)) == 1


def test_a_report_that_was_acknowledged_to_nobody_is_kept_once(bench: Bench):
    line, cookie = bench.known()
    line.ask(post(envelope(MESSAGES["transfer"]), cookie))
    again = bench.line()  # our answer was lost: it tells it in its next session
    cookie = again.ask(post(envelope(inform("S1", "10 AUTONOMOUS TRANSFER COMPLETE")))).cookie
    assert again.ask(post(envelope(MESSAGES["transfer"]), cookie)).message == ANSWERS["transfer"]
    assert len(events(bench)) == 1


@pytest.mark.cwmp("C-172")
def test_more_reports_than_anybody_reads_are_refused(bench: Bench):
    line, cookie = bench.known()
    for number in range(REPORTS_MAX):
        assert line.ask(post(envelope(m.Kicked(str(number)), "1"), cookie)).message == m.KickedResponse("")
    assert line.ask(post(envelope(m.Kicked("once too often"), "1"), cookie)).message == CwmpFault(8004, "too many reports in one session")
    assert len(events(bench)) == 50  # a page of them
    assert line.ask(post(cookie=cookie)).status == 204


@pytest.mark.cwmp("C-170")
def test_a_local_page_goes_on_where_the_settings_say(bench: Bench):
    object.__setattr__(bench.handler.policy, "kicked_url", "https://portal.example/thanks")
    line, cookie = bench.known()
    assert line.ask(post(envelope(MESSAGES["kicked"]), cookie)).message == m.KickedResponse("https://portal.example/thanks")


def started(bench: Bench, kind: str, args, answer):
    """An operation the device has taken on: its view."""
    line, cookie = bench.known()
    operation = bench.request(kind, args)
    question = line.ask(post(cookie=cookie))
    assert line.ask(post(envelope(answer, question.envelope.id), cookie)).status == 204
    assert bench.operation(operation).state == "waiting"
    bench.clock.advance(5)
    return bench.operation(operation)


@pytest.mark.cwmp("C-155", "C-161", "D-40")
def test_the_result_of_a_change_of_modules_ends_it_in_the_session_that_tells_it(bench: Bench):
    op = started(bench, "uninstall_module", {"uuid": UUID}, m.ChangeDUStateResponse())
    line = bench.line()
    cookie = line.ask(post(envelope(inform("S1", "11 DU STATE CHANGE COMPLETE", f"M ChangeDUState|{op.command_key}")))).cookie
    told = m.DUStateChangeComplete(MESSAGES["modules"].results, op.command_key)
    for _ in range(2):
        assert line.ask(post(envelope(told), cookie)).message == m.DUStateChangeCompleteResponse()
    asked = bench.play(line, cookie, {"Device.SoftwareModules.DeploymentUnit.1.UUID": UUID})
    assert "GetParameterNames" in asked
    assert (bench.operation(op.id).state, bench.operation(op.id).result["units"][0]["uuid"]) == ("done", UUID)


@pytest.mark.cwmp("C-161")
def test_a_result_for_nothing_we_asked_is_answered_and_kept(bench: Bench):
    op = started(bench, "uninstall_module", {"uuid": UUID}, m.ChangeDUStateResponse())
    line, cookie = bench.begin("S1")
    assert line.ask(post(envelope(MESSAGES["modules"]), cookie)).message == m.DUStateChangeCompleteResponse()
    bench.play(line, cookie)
    assert bench.operation(op.id).state == "waiting"
    assert len(events(bench)) == 1


@pytest.mark.cwmp("C-137", "D-23", "D-36")
def test_an_appointment_is_kept_even_if_the_session_that_kept_it_breaks_off(bench: Bench):
    op = started(bench, "schedule_inform", {"delay_s": 60}, m.ScheduleInformResponse())
    bench.line().ask(post(envelope(inform("S1", "3 SCHEDULED", "M ScheduleInform|another key"))))
    line, cookie = bench.begin("S1")
    bench.play(line, cookie)
    assert bench.operation(op.id).state == "waiting"
    bench.line().ask(post(envelope(inform("S1", "3 SCHEDULED", f"M ScheduleInform|{op.command_key}", "M ScheduleInform|x"))))
    line, cookie = bench.begin("S1")  # the event was acknowledged with InformResponse and does not come again
    bench.play(line, cookie)
    assert bench.operation(op.id).state == "done"


@pytest.mark.cwmp("B-27")
def test_an_old_device_is_not_sent_what_its_protocol_does_not_have(bench: Bench):
    line = bench.line()
    old = "urn:dslforum-org:cwmp-1-0"
    bench.play(line, line.ask(post(envelope(inform("S1", "0 BOOTSTRAP"), namespace=old))).cookie)
    operation = bench.request("uninstall_module", {"uuid": UUID})
    cookie = line.ask(post(envelope(inform("S1"), namespace=old))).cookie
    assert line.ask(post(cookie=cookie)).status == 204
    assert "came with CWMP 1.2; this device speaks 1.0" in bench.operation(operation).fault["text"].replace(", this", "; this")


@pytest.mark.cwmp("C-5", "C-10")
def test_what_a_device_lists_is_kept_and_minded_until_its_firmware_changes(bench: Bench):
    line, cookie = bench.known()
    ask = bench.request("rpc_methods")
    question = line.ask(post(cookie=cookie))
    line.ask(post(envelope(m.GetRPCMethodsResponse(("Reboot",)), question.envelope.id), cookie))
    assert bench.operation(ask).result == {"methods": ["Reboot"]}
    operation = bench.request("schedule_inform", {"delay_s": 5})
    _, cookie = bench.begin("S1", line)
    assert line.ask(post(cookie=cookie)).status == 204
    assert "does not list ScheduleInform" in bench.operation(operation).fault["text"]
    bench.request("schedule_inform", {"delay_s": 6})
    newer = {"Device.DeviceInfo.SoftwareVersion": "2.0"}
    cookie = line.ask(post(envelope(inform("S1", values=newer)))).cookie
    assert isinstance(line.ask(post(cookie=cookie)).message, m.ScheduleInform)


@pytest.mark.cwmp("C-6")
def test_a_vendors_call_goes_out_as_it_is_and_its_answer_comes_back(bench: Bench):
    line, cookie = bench.known()
    operation = bench.request("raw_rpc", {"xml": "<X_02A5C1_Blink><Times>3</Times></X_02A5C1_Blink>"})
    question = line.ask(post(cookie=cookie))
    assert b"<X_02A5C1_Blink><Times>3</Times></X_02A5C1_Blink>" in question.body
    answer = envelope(m.RebootResponse(), question.envelope.id).replace(b"cwmp:RebootResponse", b"X_02A5C1_BlinkResponse")
    assert line.ask(post(answer, cookie)).status == 204
    view = bench.operation(operation)
    assert (view.state, view.result["method"], "X_02A5C1_BlinkResponse" in view.result["xml"]) == ("done", "X_02A5C1_Blink", True)


# ---- sent on to another ACS ------------------------------------------------------------------------------------


@pytest.mark.cwmp("A-30", "A-33")
def test_a_device_that_a_rule_names_is_sent_on_at_its_inform_and_stays_when_the_rule_is_gone(bench: Bench):
    bench.known()
    count = bench.device().inform_count
    bench.handler.redirects.replace({"02A5C1-Box-S1": "https://other.example/acs"})
    answer = bench.line().ask(post(envelope(inform("S1"))))
    assert (answer.status, answer.one("location"), answer.body) == (307, "https://other.example/acs", b"")
    assert bench.device().inform_count == count, "the session is the other ACS's"
    assert bench.line().ask(post(envelope(inform("S2")))).status == 200
    bench.handler.redirects.replace({})
    assert bench.line().ask(post(envelope(inform("S1")))).status == 200
    assert bench.device().inform_count == count + 1


@pytest.mark.cwmp("A-30")
def test_nobody_is_told_where_to_go_who_is_not_logged_in(guarded: Bench):
    guarded.handler.redirects.replace({"02A5C1-Box-S1": "https://other.example/acs"})
    assert guarded.line().ask(post(envelope(inform("S1")))).status == 401
